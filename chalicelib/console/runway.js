// @ts-check
// Runway: how far the pools of a model last.
import { get } from "./api.js";
import { useLive } from "./live.js";
import { html } from "./preact.js";
import { Account, Badge, Icon, Note, shown, Table, Time } from "./ui.js";
import { count, many } from "./words.js";

/** @typedef {Schemas["Availability"]} Availability */
/** @typedef {Schemas["PoolCategory"]} Pool */

/** @param {{ model: string }} props */
export function Runway({ model }) {
  const path = /** @type {const} */ (`operator/models/${encodeURIComponent(model)}/availability`);
  const live = useLive(`runway:${model}`, (signal) => get(path, {}, { signal }), 60);
  return shown(
    live,
    (found) => html`
      <${Verdict} found=${found} />
      <p class="soft">As of <${Time} at=${found.as_of} />: ${counted(found)}.</p>
      ${found.accounts_imported > 0 && html`<${IfAllStart} found=${found} />`}
      ${found.first_wait && html`<${FirstWait} miss=${found.first_wait} />`}
      <${Pools} pools=${found.categories} />
      ${found.has_more && html`<${Incomplete} />`}
    `,
  );
}

const Incomplete = () =>
  html`<p class="soft">The model is too large to be read whole: the counts are lower bounds.</p>`;

/** @param {Availability} found */
function counted(found) {
  const { accounts_in_review: inReview, accounts_paused: paused } = found;
  return [
    `${many(found.accounts_under_way, "account")} under way`,
    inReview && `${count(inReview)} of them in review`,
    paused && `${count(paused)} paused`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** @param {{ found: Availability }} props */
const Verdict = ({ found: { runs_dry: dry, accounts_under_way: accounts } }) =>
  dry
    ? html`
      <${Note} tone="warn">
        <${Icon} name="empty" />
        <p>
          <strong>A pool runs dry on ${dry.day}</strong>: ${dry.kind} for ${dry.phase}. The first account without
          content is${" "}<${Account} id=${dry.account_id} />.
        </p>
      <//>
    `
    : html`
      <${Note} tone="done">
        <${Icon} name="check" />
        <p><strong>The pools are enough for all ${many(accounts, "account")} under way.</strong></p>
      <//>
    `;

/** @param {{ found: Availability }} props */
function IfAllStart({ found: { if_all_start: ahead, accounts_imported: imported } }) {
  const dry = ahead.runs_dry;
  const verdict = dry
    ? `a pool runs dry on ${dry.day}, and ${many(ahead.accounts_unmet, "account")} will find no content.`
    : "the pools are enough.";
  return html`
    <${Note} tone=${dry ? "warn" : "done"}>
      <${Icon} name=${dry ? "empty" : "check"} />
      <p>
        <strong>If all ${many(ahead.accounts, "account")} start today</strong>, including the${" "}
        ${count(imported)} imported: ${verdict}
      </p>
    <//>
  `;
}

/** @param {{ miss: Schemas["Shortfall"] }} props */
const FirstWait = ({ miss }) => html`
  <${Note}>
    <p>
      On ${miss.day} <${Account} id=${miss.account_id} /> has to wait for ${miss.kind} for ${miss.phase}: all that is
      left was used recently.
    </p>
  <//>
`;

/** @type {(string | [string, string])[]} */
const COLUMNS = [
  "Pool",
  ["Items", "number"],
  ["Eligible now", "number"],
  ["Used up", "number"],
  ["Disabled", "number"],
  ["Uses left", "number"],
  ["Uses needed", "number"],
  ["If all start", "number"],
  "Result",
];

/** @param {{ pools: Pool[] }} props */
const Pools = ({ pools }) => html`
  <${Table} label="Pools by category" columns=${COLUMNS}>
    ${pools.map((pool) => html`<${PoolRow} key=${pool.kind + pool.category} pool=${pool} />`)}
  <//>
`;

/** @param {{ pool: Pool }} props */
const PoolRow = ({ pool }) => html`
  <tr>
    <th scope="row">${pool.category} <small>${pool.kind}</small></th>
    ${[
      pool.items,
      pool.eligible,
      pool.used_up,
      pool.disabled,
      pool.uses_left,
      pool.uses_needed,
      pool.uses_needed_if_all_start,
    ].map((number) => html`<td class="number">${count(number)}</td>`)}
    <td>
      <${Badge} tone=${pool.unmet ? "warn" : "done"} icon=${pool.unmet ? "alert" : "check"}>${resultOf(pool)}<//>
    </td>
  </tr>
`;

/** @param {Pool} pool */
function resultOf(pool) {
  if (pool.unmet) return `${count(pool.unmet)} unmet`;
  if (pool.from_any) return `${count(pool.from_any)} from any`;
  if (pool.uses_needed) return "enough";
  return pool.category === "any" ? "fallback" : "not needed";
}
