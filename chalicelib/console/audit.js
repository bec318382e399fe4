// @ts-check
// Audit: what was done, by whom, when, and from what to what.
import { find, lines, problemOf } from "./api.js";
import { Field, Later } from "./dialogs.js";
import { change, useLive } from "./live.js";
import { html, useState } from "./preact.js";
import { useRows } from "./rows.js";
import { Account, Announce, Empty, Pager, save, shown, Table, Time, Trouble } from "./ui.js";
import { clipped, many, shownValue } from "./words.js";

/** @typedef {Schemas["AuditEvent"]} AuditEvent */

/** @param {unknown} value */
const clip = (value) => clipped(shownValue(value), 60);

/** @param {{ transitions: Schemas["AuditMove"][] }} props */
const Transitions = ({ transitions }) => html`
  <span class="transitions">
    ${transitions.map((one) => html`<span><code>${one.what}</code> ${clip(one.from)} → ${clip(one.to)}</span>`)}
  </span>
`;

/** @param {AuditEvent} event */
const accountOf = (event) => (event.subject.startsWith("account:") ? event.subject.slice(8) : null);
/** @param {AuditEvent} event */
const keyOf = (event) => `${event.subject}#${event.version}`;

/**
 * The sentence of an event, with a link to its account.
 * @param {{ event: AuditEvent }} props
 */
function Sentence({ event }) {
  const { summary } = event;
  const account = accountOf(event);
  const at = account === null ? -1 : summary.indexOf(account);
  if (account === null || at < 0) return html`<bdi class="prose">${summary}</bdi>`;
  return html`
    <bdi class="prose">
      ${summary.slice(0, at)}
      <${Account} id=${account} />
      ${summary.slice(at + account.length)}
    </bdi>
  `;
}

/** @param {{ events: AuditEvent[], transitions?: boolean }} props */
export const Events = ({ events, transitions = false }) => html`
  <ol class="events">
    ${events.map(
      (event) => html`
        <li key=${keyOf(event)}>
          <${Time} at=${event.at} />
          <div>
            <${Sentence} event=${event} />
            ${transitions && html`<${Transitions} transitions=${event.transitions} />`}
          </div>
        </li>
      `,
    )}
  </ol>
`;

/** @param {{ params: Params }} props */
export function Audit({ params }) {
  const query = { day: params.day, account_id: params.account_id, bot_id: params.bot_id };
  const key = JSON.stringify([query, params.cursor]);
  const live = useLive(
    key,
    (signal) => find("operator/audit", { ...query, cursor: params.cursor }, 50, { signal }),
    params.cursor ? 0 : 10,
  );
  const rows = useRows(key, live.data?.items, keyOf);
  const filtered = Boolean(query.day || query.account_id || query.bot_id);
  /** @param {any} event */
  const putDay = (event) => change({ day: event.target.value, cursor: null }, { replace: true });
  return html`
    <div class="head"><h1>Audit</h1><${Export} query=${query} /></div>
    <div class="filters">
      <${Field} label="Day (UTC; empty: today)" type="date" value=${params.day ?? ""} onInput=${putDay} data-search />
      <${Later} name="account_id" label="Account id" value=${params.account_id ?? ""} />
      <${Later} name="bot_id" label="Bot id" value=${params.bot_id ?? ""} />
    </div>
    <small>An account or a bot without a day shows the events of all days.</small>
    ${shown(
      live,
      (found) => html`
        <${Announce} rows=${rows} noun="events" />
        ${
          rows.rows.length === 0
            ? html`<${Nothing} filtered=${filtered} />`
            : html`
              <${Table} label="Audit events" columns=${["Time", "Actor", "Event", "From → to", "Request"]}>
                ${rows.rows.map((event) => html`<${Row} key=${keyOf(event)} event=${event} />`)}
              <//>
              <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="events" />
            `
        }
      `,
    )}
  `;
}

/** @param {{ filtered: boolean }} props */
const Nothing = ({ filtered }) => html`
  <${Empty}
    kind=${filtered ? "filtered" : "nothing"}
    title=${filtered ? "No event matches the filters" : "Nothing has happened today"}
  />
`;

/** @param {{ event: AuditEvent }} props */
const Row = ({ event }) => html`
  <tr data-row>
    <td><${Time} at=${event.at} /></td>
    <td class="actor"><bdi>${event.actor.kind} ${event.actor.id}</bdi></td>
    <td class="what"><${Sentence} event=${event} /></td>
    <td><${Transitions} transitions=${event.transitions} /></td>
    <td><code class="clip">${event.request_id}</code></td>
  </tr>
`;

/** @param {{ query: Record<string, string | undefined> }} props */
function Export({ query }) {
  const [part, setPart] = useState(/** @type {number | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  const write = async () => {
    setProblem(null);
    setPart(0);
    try {
      const name = `audit-${query.account_id || query.bot_id || query.day || "today"}.jsonl`;
      save(name, await lines("operator/audit/export", query, setPart), "application/x-ndjson");
    } catch (error) {
      setProblem(problemOf(error));
    }
    setPart(null);
  };
  return html`
    <button type="button" onClick=${write} disabled=${part !== null}>
      ${part === null ? "Export as JSON lines" : `${many(part, "event")} …`}
    </button>
    ${problem && html`<${Trouble} problem=${problem} />`}
  `;
}
