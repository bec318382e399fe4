// Review: what failed or needs people, by error; "outcome unknown" first, since nobody else will ever touch it.

import { Act } from "./account.js";
import { find, get } from "./api.js";
import { Bulk } from "./bulk.js";
import { change, link, overview as overviewOf, useLive, useRows } from "./live.js";
import { html, useState } from "./preact.js";
import { Account, Announce, Empty, Field, Icon, Live, Note, Pager, Scroll, State, Time, toast } from "./ui.js";
import { count, KIND, many, PHASES } from "./words.js";

const keyOf = (group) => `${group.kind}|${group.code}|${group.phase}`;
const codeOf = (group, name) => (group.code === null ? { without_code: true } : { [name]: group.code });

/** The whole queue by error, added up from its pages; `early` is told the sums after each. */
async function grouped(query, signal, early) {
  const groups = new Map();
  let cursor = null,
    looked = 0,
    looks = 0;
  for (;;) {
    const page = await get("operator/review/groups", { ...query, cursor }, { signal });
    for (const group of page.items) {
      const sum = groups.get(keyOf(group));
      groups.set(keyOf(group), sum ? { ...sum, count: sum.count + group.count, last_seen: group.last_seen } : group); // the pages come oldest first
    }
    cursor = page.next_cursor;
    looked += page.looked_at;
    looks += 1;
    const found = { items: [...groups.values()], looked, looks, part: cursor !== null };
    if (!found.part) return found;
    early(found);
  }
}
const patience = (found) => (found && found.looks > 5 ? 120 : 20);

export function Review({ params }) {
  const query = { model_id: params.model_id, phase: params.only, status: params.status };
  const key = JSON.stringify(query);
  const live = useLive(`groups:${key}`, (signal, early) => grouped(query, signal, early), patience);
  const overview = useLive("counts", overviewOf, 15);
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  const [asks, ask] = useState(null);
  const put = (name) => (event) => change({ [name]: event.target.value, group: null, cursor: null }, { replace: true });
  const ordered = [...(live.data?.items ?? [])].sort(
    (a, b) => (b.kind === "unknown") - (a.kind === "unknown") || b.count - a.count,
  );
  const open = ordered.find((group) => keyOf(group) === params.group);
  const filtered = params.model_id || params.only || params.status;
  return html`
    <div class="head"><h1>Review</h1></div>
    <div class="filters">
      <${Field}
        label="Model"
        value=${params.model_id ?? ""}
        onInput=${put("model_id")}
        options=${[["", "all"], ...(models.data?.items ?? []).map((model) => [model.model_id, model.name])]}
        data-search
      />
      <${Field}
        label="Phase"
        value=${params.only ?? ""}
        onInput=${put("only")}
        options=${[["", "all"], ...PHASES.map((phase) => [phase, phase])]}
      />
      <${Field}
        label="Status"
        value=${params.status ?? ""}
        onInput=${put("status")}
        options=${[["", "all"], ["requires_review", "needs review"], ["failed", "failed, tried again by itself"]]}
      />
    </div>
    <${Live} of=${live}>
      ${(found) =>
        ordered.length === 0
          ? html`
            <${Empty}
              kind=${filtered ? "filtered" : "good"}
              title=${filtered ? "Nothing matches the filters" : "Nothing needs people"}
            >
              ${!filtered && "No phase has failed, and no outcome is unknown."}
            <//>
          `
          : html`
            ${
              (found.part || found.looks > 5) &&
              html`
                <p class="soft" role="status">
                  ${found.part ? "Looking: " : ""}looked at ${count(found.looked)}
                  ${overview.data ? ` of ${count(Math.max(found.looked, overview.data.review.total))}` : ""} cases
                  ${found.part ? " so far" : ""}.
                </p>
              `
            }
            <${Scroll} label="Groups by error">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Error</th>
                    <th scope="col">Phase</th>
                    <th scope="col" class="number">Count</th>
                    <th scope="col">First seen</th>
                    <th scope="col">Last seen</th>
                    <th scope="col">Sample</th>
                    <th scope="col">Act on all</th>
                  </tr>
                </thead>
                <tbody>
                  ${ordered.map(
                    (group) => html`
                      <tr key=${keyOf(group)} data-row class=${keyOf(group) === params.group ? "chosen" : ""}>
                        <th scope="row">
                          <a
                            href=${link("review", {
                              ...params,
                              cursor: null,
                              group: keyOf(group) === params.group ? null : keyOf(group),
                            })}
                            aria-expanded=${keyOf(group) === params.group}
                          >
                            <span class="state tone-${group.kind === "unknown" ? "bad" : "warn"}">
                              <${Icon} name=${group.kind === "unknown" ? "alert" : "retry"} />
                              ${KIND[group.kind] ?? group.kind ?? "no report"}
                            </span>
                          </a>
                          <br />
                          <code><bdi>${group.code ?? "no code"}</bdi></code>
                        </th>
                        <td>${group.phase}</td>
                        <td class="number">${count(group.count)}</td>
                        <td><${Time} at=${group.first_seen} /></td>
                        <td><${Time} at=${group.last_seen} /></td>
                        <td><bdi class="prose brief">${group.sample.message}</bdi></td>
                        <td>
                          <div class="row">
                            <button
                              type="button"
                              class="tiny"
                              data-retry-row
                              onClick=${() => ask({ group, move: "retry" })}
                            >
                              <${Icon} name="retry" />Retry all …<span class="unseen"> ${group.code}</span>
                            </button>
                            ${[
                              ["resolve", "Resolve all"],
                              ["skip", "Skip all"],
                            ].map(
                              ([move, word]) =>
                                html`
                                  <button type="button" class="tiny" onClick=${() => ask({ group, move })}>
                                    ${word} …<span class="unseen"> ${group.code}</span>
                                  </button>
                                `,
                            )}
                          </div>
                        </td>
                      </tr>
                    `,
                  )}
                </tbody>
              </table>
            <//>
            ${open && html`<${Cases} group=${open} params=${params} query=${query} onDone=${live.reload} />`}
          `}
    <//>
    ${
      asks &&
      html`
        <${Bulk}
          move=${asks.move}
          target=${{ filter: target(asks.group, params) }}
          content=${asks.group.kind === "content" ? "other" : "same"}
          onClose=${() => ask(null)}
          onDone=${live.reload}
          of=${html`those with <code><bdi>${asks.group.code ?? "no code"}</bdi></code> in ${asks.group.phase}`}
          warning=${
            asks.group.kind === "unknown" &&
            asks.move === "retry" &&
            html`
              Their outcome is unknown: whoever retries them says that it did <strong>not</strong> happen, or it may
              happen twice.
            `
          }
        />
      `
    }
  `;
}

const target = (group, params) =>
  Object.fromEntries(
    Object.entries({
      error_kind: group.kind,
      ...codeOf(group, "error_code"),
      phase: group.phase,
      model_id: params.model_id,
      phase_status: params.status,
    }).filter(([, value]) => value),
  );

function Cases({ group, params, query, onDone }) {
  const key = JSON.stringify([group.kind, group.code, group.phase, query.model_id, query.status, params.cursor]);
  const live = useLive(
    `cases:${key}`,
    (signal, early) =>
      find(
        "operator/review",
        {
          kind: group.kind,
          ...codeOf(group, "code"),
          phase: group.phase,
          model_id: query.model_id,
          status: query.status,
          cursor: params.cursor,
        },
        25,
        { signal, early, looks: Infinity },
      ),
    (page) => (page && page.looks > 2 ? 60 : 10),
  );
  const rows = useRows(key, live.data?.items, (row) => row.account_id, live.data?.part);
  const [asks, ask] = useState(null);
  const begin = (row, move) =>
    get(`operator/accounts/${row.account_id}`).then(
      (account) => ask({ account, asks: { move, phase: row.phase } }),
      (problem) => toast(problem.detail || problem.message, "bad"),
    );
  return html`
    <section class="stack" aria-label="Cases of the group">
      <h2>${KIND[group.kind] ?? group.kind ?? "no report"}, ${group.phase}: ${many(group.count, "case")}</h2>
      ${
        group.kind === "unknown" &&
        html`
          <${Note} tone="warn">
            <${Icon} name="alert" />
            <p>
              It may have happened. Look at the account outside first: <strong>resolve</strong> with evidence if it is
              there, <strong>retry</strong> if it is not.
            </p>
          <//>
        `
      }
      <${Live} of=${live}>
        ${(found) => html`
          <${Announce} rows=${rows} noun="cases" />
          <${Scroll} label="Cases">
            <table>
              <thead>
                <tr>
                  <th scope="col">Account</th>
                  <th scope="col">Status</th>
                  <th scope="col">Since</th>
                  <th scope="col">Message</th>
                  <th scope="col">Act</th>
                </tr>
              </thead>
              <tbody>
                ${rows.rows.map(
                  (row) => html`
                    <tr key=${row.account_id} data-row class=${row.gone ? "gone" : ""}>
                      <th scope="row">
                        <${Account} id=${row.account_id}>${row.username}<//>
                        <br />
                        <small>${row.model_id}</small>
                      </th>
                      <td><${State} of="phase" is=${row.status} /></td>
                      <td><${Time} at=${row.since} /></td>
                      <td><bdi class="prose brief">${row.error_message}</bdi></td>
                      <td>
                        <div class="row">
                          ${
                            row.gone
                              ? html`<small>decided</small>`
                              : [
                                  ["retry", "Retry"],
                                  ["resolve", "Resolve"],
                                  ["skip", "Skip"],
                                ].map(
                                  ([move, word]) =>
                                    html`
                                      <button
                                        type="button"
                                        class="tiny"
                                        ...${move === "retry" ? { "data-retry-row": "" } : {}}
                                        onClick=${() => begin(row, move)}
                                      >
                                        ${word} …<span class="unseen"> ${row.username}</span>
                                      </button>
                                    `,
                                )
                          }
                        </div>
                      </td>
                    </tr>
                  `,
                )}
              </tbody>
            </table>
          <//>
          <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="cases" />
        `}
      <//>
      ${
        asks &&
        html`
          <${Act}
            ...${asks}
            onClose=${() => ask(null)}
            onDone=${() => {
              live.reload();
              onDone();
            }}
          />
        `
      }
    </section>
  `;
}
