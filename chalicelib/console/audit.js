// Audit: what was done, by whom, when, and from what to what.

import { find, lines } from "./api.js";
import { change, useLive, useRows } from "./live.js";
import { html, useState } from "./preact.js";
import { Account, Announce, Empty, Field, Later, Live, Pager, Scroll, save, Time, Trouble } from "./ui.js";
import { clipped } from "./words.js";

const said = (value) =>
  value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
const clip = (text) => clipped(text, 60);

export const Moves = ({ moves }) =>
  html`
    <span class="moves">
      ${moves.map(
        (move) => html`<span><code>${move.what}</code> ${clip(said(move.from))} → ${clip(said(move.to))}</span>`,
      )}
    </span>
  `;

const accountOf = (event) => (event.subject.startsWith("account:") ? event.subject.slice(8) : null);

export const Events = ({ events, moves = false }) =>
  html`
    <ol class="events">
      ${events.map(
        (event) => html`
          <li key=${`${event.subject}#${event.version}`}>
            <${Time} at=${event.at} />
            <div>
              <bdi class="prose">${accountOf(event) ? sentenceWithLink(event) : event.sentence}</bdi>
              ${moves && html`<${Moves} moves=${event.moves} />`}
            </div>
          </li>
        `,
      )}
    </ol>
  `;

function sentenceWithLink(event) {
  const account = accountOf(event),
    at = event.sentence.indexOf(account);
  if (at < 0) return event.sentence;
  return html`${event.sentence.slice(0, at)}<${Account} id=${account} />${event.sentence.slice(at + account.length)}`;
}

export function Audit({ params }) {
  const query = { day: params.day, account_id: params.account_id, bot_id: params.bot_id };
  const key = JSON.stringify([query, params.cursor]);
  const live = useLive(
    key,
    (signal) => find("operator/audit", { ...query, cursor: params.cursor }, 50, { signal }),
    params.cursor ? 0 : 10,
  );
  const rows = useRows(key, live.data?.items, (event) => `${event.subject}#${event.version}`);
  const [part, tell] = useState(null);
  const [problem, fail] = useState(null);
  const take = async () => {
    fail(null);
    tell(0);
    try {
      save(
        `audit-${params.account_id || params.bot_id || params.day || "today"}.jsonl`,
        await lines("operator/audit/export", query, tell),
        "application/x-ndjson",
      );
    } catch (error) {
      fail(error);
    }
    tell(null);
  };
  return html`
    <div class="head">
      <h1>Audit</h1>
      <button type="button" onClick=${take} disabled=${part !== null}>
        ${part === null ? "Export as JSON lines" : `${part} events …`}
      </button>
    </div>
    <div class="filters">
      <${Field}
        label="Day (UTC; today if empty)"
        type="date"
        value=${params.day ?? ""}
        onInput=${(event) => change({ day: event.target.value, cursor: null }, { replace: true })}
        data-search
      />
      <${Later} name="account_id" label="Account id" value=${params.account_id ?? ""} />
      <${Later} name="bot_id" label="Bot id" value=${params.bot_id ?? ""} />
    </div>
    <small>Without a day, an account or a bot is shown over all days.</small>
    ${problem && html`<${Trouble} problem=${problem} />`}
    <${Live} of=${live}>
      ${(found) => html`
        <${Announce} rows=${rows} noun="events" />
        ${
          rows.rows.length === 0
            ? html`
              <${Empty}
                kind=${query.day || query.account_id || query.bot_id ? "filtered" : "nothing"}
                title=${
                  query.day || query.account_id || query.bot_id
                    ? "No event matches the filters"
                    : "Nothing has happened today"
                }
              />
            `
            : html`
              <${Scroll} label="Audit events">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Time</th>
                      <th scope="col">Actor</th>
                      <th scope="col">What</th>
                      <th scope="col">From → to</th>
                      <th scope="col">Request</th>
                    </tr>
                  </thead>
                  <tbody>
                    ${rows.rows.map(
                      (event) => html`
                        <tr key=${`${event.subject}#${event.version}`} data-row>
                          <td><${Time} at=${event.at} /></td>
                          <td class="actor"><bdi>${event.actor.kind} ${event.actor.id}</bdi></td>
                          <td class="what">
                            <bdi class="prose">${accountOf(event) ? sentenceWithLink(event) : event.sentence}</bdi>
                          </td>
                          <td><${Moves} moves=${event.moves} /></td>
                          <td><code class="clip">${event.request_id}</code></td>
                        </tr>
                      `,
                    )}
                  </tbody>
                </table>
              <//>
              <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="events" />
            `
        }
      `}
    <//>
  `;
}
