// @ts-check
// A plan tried on a model: when its accounts would come to each phase and be active, what the pools give, who waits.
import { find, post } from "./api.js";
import { Field } from "./dialogs.js";
import { useLive } from "./live.js";
import { html, useState } from "./preact.js";
import { Badge, Empty, Note, shown, Table, Time, zone } from "./ui.js";
import { pathOf } from "./versions.js";
import { absolute, count, many } from "./words.js";

/** @typedef {Schemas["PlanVersion"]} Version */
/** @typedef {Schemas["PlanPreview"]} Forecast */

/** @param {{ plan: Version }} props */
export function Preview({ plan }) {
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 0);
  return shown(models, ({ items }) =>
    items.length === 0
      ? html`<${Empty} kind="nothing" title="There are no models to preview it on" />`
      : html`<${Tried} plan=${plan} models=${items} />`,
  );
}

const ACCOUNTS = "10";

/** @param {{ plan: Version, models: Schemas["Model"][] }} props */
function Tried({ plan, models }) {
  const [given, setGiven] = useState({ model_id: models[0].model_id, accounts: ACCOUNTS });
  const [asked, setAsked] = useState(given);
  const path = /** @type {const} */ (`${pathOf(`${plan.name}/${plan.version}`)}/preview`);
  const key = `preview:${path}:${plan.revision}:${JSON.stringify(asked)}`;
  const body = { model_id: asked.model_id, accounts: Number(asked.accounts) };
  const live = useLive(key, (signal) => post(path, body, { signal }), 0);
  /** @type {Put} */
  const put = (name) => (event) => setGiven({ ...given, [name]: event.target.value });
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it belongs to the preview, and not to the form around it
    setAsked(given);
  };
  return html`
    <div class="filters">
      <${Field}
        label="Preview on model"
        value=${given.model_id}
        onInput=${put("model_id")}
        options=${models.map((one) => [one.model_id, one.name])}
      />
      <${Field}
        label="Accounts that start now"
        type="number"
        value=${given.accounts}
        onInput=${put("accounts")}
        onKeyDown=${onKeyDown}
      />
      <button type="button" onClick=${() => setAsked(given)}>Preview</button>
    </div>
    ${shown(live, (found) => html`<${Outlook} of=${found} />`)}
  `;
}

/** @param {{ of: Forecast }} props */
const Outlook = ({ of }) => html`
  <div class="stack" role="status">
    <p class="soft">
      As of <${Time} at=${of.as_of} />: ${many(of.accounts, "account")} of <bdi>${of.model_id}</bdi>, beside
      ${" "}${count(of.accounts_under_way)} under way.
    </p>
    ${
      of.accounts_unmet > 0 &&
      html`
        <${Note} tone="warn">
          <p><strong>${many(of.accounts_unmet, "account")}</strong> would never be active.</p>
        <//>
      `
    }
    <dl class="facts">
      <dt>First active</dt>
      <dd><${Day} at=${of.first_active_at} /></dd>
      <dt>Last active</dt>
      <dd><${Day} at=${of.last_active_at} /></dd>
    </dl>
    <${Dates} of=${of} />
    <${Shares} shares=${of.shares} />
    <${Waits} of=${of} />
    ${of.has_more && html`<p class="soft">Not everything could be read: the counts are lower bounds.</p>`}
  </div>
`;

const WIDTH = 480;

/**
 * When the first account would come to each phase, and how many accounts would be active from which day on: on one
 * scale, from now to the last. The words beside the bars say the same.
 * @param {{ of: Forecast }} props
 */
function Dates({ of }) {
  const begin = Date.parse(of.as_of);
  const ends = [...of.first_account.map((one) => one.at), of.last_active_at ?? of.as_of].map((at) => Date.parse(at));
  const scale = (WIDTH - 6) / Math.max(1, Math.max(...ends) - begin);
  const last = of.active[of.active.length - 1];
  let active = 0;
  return html`
    <figure class="stack tight">
      <figcaption class="soft">The first account, phase by phase</figcaption>
      <ol class="course" aria-label="The first account">
        ${of.first_account.map(
          (one) => html`
            <li key=${one.phase}>
              <strong>${one.phase}</strong>
              <${Bar} to=${(Date.parse(one.at) - begin) * scale} />
              <small>${absolute(one.at, zone()).slice(0, 16)}</small>
            </li>
          `,
        )}
      </ol>
    </figure>
    ${
      last &&
      html`
        <figure class="stack tight">
          <figcaption class="soft">Active by the end of the day (UTC)</figcaption>
          <ol class="course" aria-label="Active accounts">
            ${of.active.map((one) => {
              active += one.accounts;
              return html`
                <li key=${one.day}>
                  <strong>${one.day}</strong>
                  <${Bar} to=${(WIDTH - 6) * (active / of.accounts)} />
                  <small>${count(active)} of ${count(of.accounts)}</small>
                </li>
              `;
            })}
          </ol>
        </figure>
      `
    }
  `;
}

/** @param {{ to: number }} props */
const Bar = ({ to }) => html`
  <svg viewBox=${`0 0 ${WIDTH} 12`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
    <line class="axis" x1="0" x2=${WIDTH} y1="6" y2="6" />
    <rect class="wait" x="0" width=${Math.max(0, to)} y="4" height="4" />
    <rect class="phase" x=${Math.max(0, to)} width="6" y="0" height="12" />
  </svg>
`;

/** @param {{ at: string | null }} props */
const Day = ({ at }) =>
  at === null
    ? html`<span class="soft">never</span>`
    : html`<span class="mono">${absolute(at, zone()).slice(0, 16)}</span> <small><${Time} at=${at} /></small>`;

/** @type {(string | [string, string])[]} */
const COLUMNS = ["Pool", ["Eligible now", "number"], ["Needed", "number"], "Result"];

/** @param {{ shares: Schemas["PoolShare"][] }} props */
const Shares = ({ shares }) => html`
  <${Table} label="What each pool gives" columns=${COLUMNS}>
    ${shares
      .filter((one) => one.needed > 0)
      .map(
        (one) => html`
          <tr key=${one.kind + one.category}>
            <th scope="row">${one.category} <small>${one.kind}</small></th>
            ${[one.eligible, one.needed].map((number) => html`<td class="number">${count(number)}</td>`)}
            <td>
              <${Badge} tone=${one.unmet ? "warn" : "done"} icon=${one.unmet ? "alert" : "check"}>
                ${resultOf(one)}
              <//>
            </td>
          </tr>
        `,
      )}
  <//>
`;

/** @param {Schemas["PoolShare"]} share */
function resultOf(share) {
  if (share.unmet) return `${count(share.unmet)} unmet`;
  return share.from_any ? `${count(share.from_any)} from any` : "enough";
}

const SHOWN = 10;

/** @param {{ of: Forecast }} props */
const Waits = ({ of }) =>
  of.waits_count === 0
    ? html`<p class="soft">No account waits for content.</p>`
    : html`
      <p>
        <strong>${many(of.waits_count, "wait")} for content</strong>${of.waits_count > SHOWN && `, the first ${SHOWN}:`}
      </p>
      <ul class="stack tight" aria-label="Who waits">
        ${of.waits.slice(0, SHOWN).map(
          (one) => html`
            <li>
              account ${one.account}: ${one.kind} for <code>${one.phase}</code>,
              ${" "}${one.until === null ? "never found" : html`until <${Day} at=${one.until} />`}
            </li>
          `,
        )}
      </ul>
    `;
