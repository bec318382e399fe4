// Bots: who is at work, on what, how well; and who may be.

import { find, post, remove } from "./api.js";
import { link, useLive, useRows } from "./live.js";
import { html, useState } from "./preact.js";
import {
  Account,
  Announce,
  Ask,
  copy,
  Dialog,
  Empty,
  Field,
  hasReason,
  Icon,
  Live,
  Note,
  Pager,
  Reason,
  Scroll,
  State,
  Time,
  toast,
} from "./ui.js";
import { count, many, percent } from "./words.js";

export function Bots({ params }) {
  const status = params.status ?? "live";
  const key = JSON.stringify([status, params.cursor]);
  const sessions = useLive(
    `sessions:${key}`,
    (signal) =>
      find("operator/sessions", { status: status === "all" ? null : status, cursor: params.cursor }, 25, { signal }),
    5,
  );
  const bots = useLive("bots", (signal) => find("operator/bots", {}, 100, { signal }), 15);
  const rows = useRows(key, sessions.data?.items, (row) => row.session_id);
  const [asks, ask] = useState(null);
  const [made, show] = useState(null);
  return html`
    <div class="head">
      <h1>Bots</h1>
      <button type="button" class="main" onClick=${() => ask({ move: "new" })}>
        <${Icon} name="bot" />New bot …
      </button>
    </div>
    <section class="stack" aria-labelledby="sessions">
      <div class="head">
        <h2 id="sessions">Sessions</h2>
        <nav class="tabs" aria-label="Standing">
          ${["live", "lost", "ended", "all"].map(
            (name) =>
              html`
                <a
                  key=${name}
                  href=${link("bots", { ...params, status: name, cursor: null })}
                  aria-current=${status === name ? "page" : undefined}
                >
                  ${name}
                </a>
              `,
          )}
        </nav>
      </div>
      <${Live} of=${sessions}>
        ${(found) => html`
          <${Announce} rows=${rows} noun="sessions" />
          ${
            rows.rows.length === 0
              ? html`
                <${Empty}
                  kind=${status === "lost" ? "good" : "nothing"}
                  title=${
                    status === "lost" ? "No bot was lost" : `No session is ${status === "all" ? "known" : status}`
                  }
                />
              `
              : html`
                <${Scroll} label="Sessions">
                  <table>
                    <thead>
                      <tr>
                        <th scope="col">Bot</th>
                        <th scope="col">State</th>
                        <th scope="col">Client, host</th>
                        <th scope="col">Last seen</th>
                        <th scope="col">Holds</th>
                        <th scope="col" class="number">Done</th>
                        <th scope="col" class="number">Failed</th>
                        <th scope="col" class="number">Failure rate</th>
                        <th scope="col">Act</th>
                      </tr>
                    </thead>
                    <tbody>
                      ${rows.rows.map(
                        (row) => html`
                          <tr key=${row.session_id} data-row class=${row.gone ? "gone" : ""}>
                            <th scope="row">
                              <bdi>${row.bot_id}</bdi>
                              <br />
                              <small class="mono clip">${row.session_id}</small>
                            </th>
                            <td>
                              <${State}
                                of="session"
                                is=${row.status === "live" && row.directive !== "continue" ? row.directive : row.status}
                              />
                              ${row.note && html`<br /><small><bdi class="prose">${row.note}</bdi></small>`}
                            </td>
                            <td><bdi>${row.client ?? "–"}</bdi><br /><small><bdi>${row.host ?? ""}</bdi></small></td>
                            <td><${Time} at=${row.last_seen_at} /></td>
                            <td>
                              ${
                                row.held.length
                                  ? html`
                                    <ul>
                                      ${row.held.map(
                                        (one) =>
                                          html`
                                            <li><${Account} id=${one.account_id} /> <small>${one.phase}</small></li>
                                          `,
                                      )}
                                    </ul>
                                  `
                                  : html`<span class="soft">nothing</span>`
                              }
                            </td>
                            <td class="number">${count(row.done)}</td>
                            <td class="number">${count(row.failed)}</td>
                            <td class="number">${percent(row.failed, row.done + row.failed)}</td>
                            <td>
                              ${
                                row.status === "live" && !row.gone
                                  ? html`
                                    <div class="row">
                                      ${
                                        row.directive === "continue" &&
                                        html`
                                          <button
                                            type="button"
                                            class="tiny"
                                            onClick=${() => ask({ move: "drain", row })}
                                          >
                                            Drain …<span class="unseen"> ${row.bot_id}</span>
                                          </button>
                                        `
                                      }
                                      ${
                                        row.directive !== "stop" &&
                                        html`
                                          <button
                                            type="button"
                                            class="tiny danger"
                                            onClick=${() => ask({ move: "stop", row })}
                                          >
                                            Stop …<span class="unseen"> ${row.bot_id}</span>
                                          </button>
                                        `
                                      }
                                    </div>
                                  `
                                  : html`<span class="soft">–</span>`
                              }
                            </td>
                          </tr>
                        `,
                      )}
                    </tbody>
                  </table>
                <//>
                <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="sessions" />
              `
          }
        `}
      <//>
    </section>
    <section class="stack" aria-labelledby="bots">
      <h2 id="bots">Bots and operators</h2>
      <${Live} of=${bots}>
        ${(found) =>
          found.items.length === 0
            ? html`<${Empty} kind="nothing" title="There is no bot yet" />`
            : html`
              <${Scroll} label="Bots and operators">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Name</th>
                      <th scope="col">Role</th>
                      <th scope="col">Models</th>
                      <th scope="col">Keys</th>
                      <th scope="col">Act</th>
                    </tr>
                  </thead>
                  <tbody>
                    ${[...found.items]
                      .sort((a, b) => (a.bot_id < b.bot_id ? -1 : 1))
                      .map(
                        (bot) => html`
                          <tr key=${bot.bot_id} data-row>
                            <th scope="row"><bdi>${bot.name}</bdi><br /><small>${bot.bot_id}</small></th>
                            <td>${bot.role}</td>
                            <td>${bot.models ? bot.models.join(", ") : "all"}</td>
                            <td>
                              <ul class="stack tight">
                                ${bot.keys.map(
                                  (key) =>
                                    html`
                                      <li class="row">
                                        <code class="clip">${key.key_id}</code>
                                        ${
                                          key.revoked_at
                                            ? html`<small>revoked <${Time} at=${key.revoked_at} /></small>`
                                            : html`
                                              <small>since <${Time} at=${key.created_at} /></small>
                                              <button
                                                type="button"
                                                class="tiny danger"
                                                onClick=${() => ask({ move: "revoke", bot, key })}
                                              >
                                                Revoke …<span class="unseen"> ${key.key_id}</span>
                                              </button>
                                            `
                                        }
                                      </li>
                                    `,
                                )}
                              </ul>
                            </td>
                            <td>
                              <button type="button" class="tiny" onClick=${() => ask({ move: "key", bot })}>
                                New key …<span class="unseen"> ${bot.bot_id}</span>
                              </button>
                            </td>
                          </tr>
                        `,
                      )}
                  </tbody>
                </table>
              <//>
            `}
      <//>
    </section>
    ${
      asks &&
      html`
        <${Act}
          asks=${asks}
          onClose=${() => ask(null)}
          show=${show}
          onDone=${() => {
            sessions.reload();
            bots.reload();
          }}
        />
      `
    }
    ${
      made &&
      html`
        <${Dialog} title="The new key">
          <div>
            <h2>The key of ${made.bot_id}</h2>
            <${Note} tone="warn"><p>It is shown this once. Only its hash is stored.</p><//>
            <pre>${made.key}</pre>
            <footer>
              <button type="button" onClick=${() => copy(made.key)}><${Icon} name="copy" />Copy</button>
              <button type="button" class="main" onClick=${() => show(null)}>I have it</button>
            </footer>
          </div>
        <//>
      `
    }
  `;
}

function Act({ asks: { move, row, bot, key }, onClose, onDone, show }) {
  const common = { onClose };
  if (move === "drain" || move === "stop")
    return html`
      <${Ask}
        ...${common}
        title=${`${move === "drain" ? "Drain" : "Stop"} ${row.bot_id}`}
        label=${move === "drain" ? "Drain" : "Stop"}
        danger=${move === "stop"}
        ready=${hasReason}
        lead=${
          move === "drain"
            ? "It finishes what it holds and takes nothing new."
            : row.held.length
              ? `It is told to stop, and ${many(row.held.length, "account")} ${row.held.length === 1 ? "is" : "are"} taken away from it.`
              : "It is told to stop; it holds nothing now."
        }
        act=${async (given) => {
          await post(`operator/sessions/${row.session_id}/${move}`, { reason: given.reason });
          toast(`${row.bot_id} is told to ${move}.`);
          onDone();
        }}
        fields=${(given, put) => html`<${Reason} given=${given} put=${put} />`}
      />
    `;
  if (move === "revoke")
    return html`
      <${Ask}
        ...${common}
        title="Revoke a key"
        label="Revoke"
        danger
        lead=${`Whoever uses ${key.key_id} of ${bot.bot_id} is refused within a minute.`}
        act=${async () => {
          await remove(`operator/bots/${bot.bot_id}/keys/${key.key_id}`);
          toast("The key is revoked.");
          onDone();
        }}
      />
    `;
  if (move === "key")
    return html`
      <${Ask}
        ...${common}
        title=${`A new key of ${bot.bot_id}`}
        label="Make it"
        lead="The one before stays valid until it is revoked: two can be live at once."
        act=${async () => {
          show(await post(`operator/bots/${bot.bot_id}/keys`));
          onDone();
        }}
      />
    `;
  return html`
    <${Ask}
      ...${common}
      title="A new bot"
      label="Create"
      values=${{ role: "bot" }}
      ready=${(given) => given.id?.trim()}
      act=${async (given) => {
        const models = (given.models ?? "").split(/[\s,]+/).filter(Boolean);
        const made = await post("operator/bots", {
          bot_id: given.id.trim(),
          role: given.role,
          ...(given.name?.trim() ? { name: given.name.trim() } : {}),
          ...(models.length ? { models } : {}),
        });
        if (made.key) show(made);
        onDone();
      }}
      fields=${(given, put) =>
        html`
          <${Field}
            label="Id"
            value=${given.id ?? ""}
            onInput=${put("id")}
            pattern="[A-Za-z0-9][A-Za-z0-9_.\\-]{0,63}"
            required
            autofocus
          />
          <${Field} label="Name" value=${given.name ?? ""} onInput=${put("name")} most=${200} />
          <${Field}
            label="Role"
            value=${given.role}
            onInput=${put("role")}
            options=${[["bot", "bot"], ["operator", "operator"]]}
          />
          <${Field} label="Only these models (all if empty)" value=${given.models ?? ""} onInput=${put("models")} />
        `}
    />
  `;
}
