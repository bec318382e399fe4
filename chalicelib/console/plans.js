// @ts-check
// Plans: their versions, and how many accounts have each.
import { find } from "./api.js";
import { change, link, useLive } from "./live.js";
import { html, useEffect, useState } from "./preact.js";
import { NewDraft } from "./publish.js";
import { Opens, State, shown, Table } from "./ui.js";
import { count } from "./words.js";

/** @typedef {Schemas["ListedPlan"]} Listed */

/** @param {{ params: Params }} props */
export function Plans({ params }) {
  const plans = useLive("plans", (signal) => find("operator/plans", {}, 100, { signal }), 15);
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    addEventListener("plans", plans.reload); // the drawer changed one
    return () => removeEventListener("plans", plans.reload);
  }, []);
  /** @param {string} made */
  const onDone = (made) => {
    plans.reload();
    change({ version: made, against: null }, { opens: true });
  };
  return html`
    <div class="head">
      <h1>Plans</h1><${Opens} needs="plans:write" kind="main" icon="plan" onClick=${() => setAsking(true)}>New draft<//>
    </div>
    ${shown(plans, (found) => html`<${Versions} plans=${found.items} params=${params} />`)}
    ${asking && html`<${NewDraft} from="standard/1" onClose=${() => setAsking(false)} onDone=${onDone} />`}
  `;
}

/** @type {(string | [string, string])[]} */
const COLUMNS = ["Version", "Title", "State", ["Accounts", "number"]];

/** @param {{ plans: Listed[], params: Params }} props */
const Versions = ({ plans, params }) => html`
  <${Table} label="Plans" columns=${COLUMNS}>
    ${plans.flatMap((plan) =>
      [...plan.versions]
        .reverse()
        .map((one) => html`<${Row} key=${`${plan.name}/${one.version}`} plan=${plan} one=${one} params=${params} />`),
    )}
  <//>
`;

/** @param {{ plan: Listed, one: Schemas["ListedVersion"], params: Params }} props */
function Row({ plan, one, params }) {
  const reference = `${plan.name}/${one.version}`;
  const where = link("plans", { ...params, version: reference, against: null });
  return html`
    <tr data-row class=${params.version === reference ? "chosen" : ""}>
      <th scope="row"><a href=${where} data-opens>${reference}</a></th>
      <td><bdi class="prose">${one.title}</bdi></td>
      <td>
        <span class="row">
          <${State} of="plan" is=${one.state} />
          ${one.version === plan.newest_published && html`<small>given to new accounts by the name</small>`}
        </span>
      </td>
      <td class="number">${one.accounts === null ? html`<small>not counted yet</small>` : count(one.accounts)}</td>
    </tr>
  `;
}
