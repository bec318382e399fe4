// Pipeline: one row an account, its five phases, and moves on those chosen or on all that match.

import { find, get } from "./api.js";
import { Bulk } from "./bulk.js";
import { change, extent, forgetOverview, link, overview as overviewOf, useLive, useRows } from "./live.js";
import { html, useEffect, useMemo, useRef, useState } from "./preact.js";
import { Account, Announce, Empty, Field, Icon, Later, Live, Pager, Scroll, State, Time } from "./ui.js";
import { count, many, PHASE, PHASES } from "./words.js";

const PAGE = 50;
const FILTERS = ["state", "queue", "phase_status", "model_id", "phase", "error_code", "text"];
const TABS = [
  ["All", {}, null],
  ["Due now", { queue: "due" }, (found) => found.queues.due],
  ["In progress", { queue: "working" }, (found) => found.queues.working],
  ["Waiting", { queue: "waiting" }, (found) => found.queues.waiting],
  ["Failed", { phase_status: "failed" }, (found) => found.review.failed],
  ["Needs review", { phase_status: "requires_review" }, (found) => found.review.requires_review],
  ["No content", { queue: "starved" }, (found) => found.queues.starved],
  ...[
    ["Imported", "imported"],
    ["Ready", "ready"],
    ["Warming up", "warming_up"],
    ["Paused", "paused"],
    ["Active", "active"],
    ["Retired", "retired"],
  ].map(([word, state]) => [word, { state }, (found) => found.states[state]]),
];

const SORTS = {
  account: (row) => row.username.toLowerCase(),
  due: (row) => row.due_at ?? "9999",
  work: (row) => row.working_since ?? "9999",
  retries: (row) => -row.phases.reduce((sum, phase) => sum + phase.retry_count, 0),
};

export const filterOf = (params) =>
  Object.fromEntries(FILTERS.filter((name) => params[name]).map((name) => [name, params[name]]));

export function Pipeline({ params }) {
  const filter = filterOf(params);
  const ordered = params.sort === "work" && filter.queue === "working" ? { sort: "working_since" } : {}; // of all pages, not of this one
  const key = JSON.stringify([filter, ordered, params.cursor]);
  const overview = useLive("counts", overviewOf, 15);
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  const { name, live, halt, again } = useWalk(key, filter, ordered, params.cursor);
  const rows = useRows(name, live.data?.items, idOf, live.data?.part);
  const [chosen, choose] = useState(new Set());
  const [all, everything] = useState(false);
  const [move, begin] = useState(null);
  const clear = () => {
    choose(new Set());
    everything(false);
  };
  useEffect(clear, [key]);

  const sorted =
    params.sort && SORTS[params.sort]
      ? [...rows.rows].sort((a, b) => (SORTS[params.sort](a) < SORTS[params.sort](b) ? -1 : 1))
      : rows.rows;
  const put = (name) => (event) => change({ [name]: event.target.value.trim(), cursor: null }, { replace: true });
  const shown = useRef(null);
  shown.current = all ? rows.rows.map(idOf) : null; // a row that was rendered before asks for what is so now
  const tick = (id) => {
    choose((before) => {
      const next = new Set(shown.current ?? before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
    everything(false);
  };
  const retry = (id) => {
    choose(new Set([id]));
    everything(false);
    begin("retry");
  };
  const where = link("pipeline", { ...params, account: null });
  const whole = rows.rows.length > 0 && (all || rows.rows.every((row) => chosen.has(row.account_id)));
  const target = all ? { filter } : { account_ids: [...chosen] };
  const filters = useMemo(
    () => html`
      <div class="filters" role="search" aria-label="Filter accounts">
        <${Search} value=${params.text ?? ""} />
        <${Field}
          label="Model"
          value=${params.model_id ?? ""}
          onInput=${put("model_id")}
          options=${[["", "all"], ...(models.data?.items ?? []).map((model) => [model.model_id, model.name])]}
        />
        <${Field}
          label="Phase"
          value=${params.phase ?? ""}
          onInput=${put("phase")}
          options=${[["", "all"], ...PHASES.map((phase) => [phase, phase])]}
        />
        <${Field}
          label="Status of the phase"
          value=${params.phase_status ?? ""}
          onInput=${put("phase_status")}
          options=${[
            ["", "all"],
            ...Object.entries(PHASE)
              .filter(([name]) => name !== "skipped")
              .map(([name, [, word]]) => [name, word]),
          ]}
        />
        <${Code} value=${params.error_code ?? ""} />
      </div>
    `,
    [params, models.data],
  ); // an option is written anew whenever it is rendered

  return html`
    <div class="head"><h1>Pipeline</h1></div>
    <nav class="tabs" aria-label="States" tabIndex="0">
      ${TABS.map(
        ([word, own, counted]) => html`
          <a
            key=${word}
            href=${link("pipeline", { ...params, state: null, queue: null, phase_status: null, cursor: null, ...own })}
            aria-current=${
              ["state", "queue", "phase_status"].every((name) => (own[name] ?? null) === (params[name] ?? null))
                ? "page"
                : undefined
            }
          >
            ${word}
            ${counted && overview.data && html` <span class="many">${count(counted(overview.data))}</span>`}
          </a>
        `,
      )}
    </nav>
    ${filters}
    <${Live} of=${live}>
      ${(found) => html`
        <${Announce} rows=${rows} noun="accounts" />
        ${
          (walks(found) || found.part) &&
          html`<${Walked} found=${found} of=${extent(filter, overview.data)} halt=${halt} again=${again} />`
        }
        ${
          rows.rows.length === 0 && !found.part && !found.next_cursor
            ? html`<${Nothing} filter=${filter} later=${params.cursor} />`
            : rows.rows.length > 0 &&
              html`
                <${Scroll} label="Accounts">
                  <table class="pipeline">
                    <thead>
                      <tr>
                        <th scope="col">
                          <input
                            type="checkbox"
                            aria-label="Select the page"
                            checked=${whole}
                            disabled=${Boolean(found.part)}
                            onChange=${() => {
                              choose(whole ? new Set() : new Set(rows.rows.map((row) => row.account_id)));
                              everything(false);
                            }}
                          />
                        </th>
                        <${Sort} by="account" sort=${params.sort}>Account<//>
                        ${PHASES.map((phase) => html`<th scope="col">${phase}</th>`)}
                        <${Sort} by="due" sort=${params.sort}>Next due<//>
                        <${Sort} by="retries" sort=${params.sort}>Retries<//>
                        <th scope="col">Content</th>
                        <${Sort} by="work" sort=${params.sort}>At work<//>
                      </tr>
                    </thead>
                    <tbody>
                      ${sorted.map(
                        (row) =>
                          html`
                            <${Row}
                              key=${row.account_id}
                              row=${row}
                              chosen=${all || chosen.has(row.account_id)}
                              tick=${tick}
                              retry=${retry}
                              where=${where}
                            />
                          `,
                      )}
                    </tbody>
                  </table>
                <//>
                ${
                  (chosen.size > 0 || all) &&
                  html`
                    <div class="bar" role="region" aria-label="Selection">
                      <strong class="grow">
                        ${all ? "All that match the filters" : `${many(chosen.size, "account")} selected`}
                      </strong>
                      ${
                        !all &&
                        html`<button type="button" onClick=${() => everything(true)}>Select all that match</button>`
                      }
                      <button type="button" data-retry onClick=${() => begin("retry")}>
                        <${Icon} name="retry" />Retry …
                      </button>
                      ${
                        (filter.state ?? "imported") === "imported" &&
                        html`
                          <button type="button" onClick=${() => begin("ready")}>
                            <${Icon} name="check" />Declare ready …
                          </button>
                        `
                      }
                      <button type="button" onClick=${() => begin("pause")}><${Icon} name="pause" />Pause …</button>
                      <button type="button" onClick=${() => begin("resume")}><${Icon} name="play" />Resume …</button>
                      <button type="button" class="plain" onClick=${clear}>Clear</button>
                    </div>
                  `
                }
              `
        }
        ${
          !found.part &&
          (rows.rows.length > 0 || found.next_cursor || params.cursor) &&
          html`<${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="accounts" />`
        }
      `}
    <//>
    ${
      move &&
      html`
        <${Bulk}
          move=${move}
          target=${target}
          onClose=${(over) => {
            begin(null);
            if (over) clear();
          }}
          onDone=${() => {
            forgetOverview();
            live.reload();
            overview.reload();
          }}
        />
      `
    }
  `;
}

/**
 * A page of accounts, read again every few seconds. What no index knows is looked through, a hundred accounts a request, until
 * the page is full, the list ends or somebody halts it; such a walk is not made again by itself: only what it found is read.
 */
function useWalk(key, filter, ordered, cursor) {
  const [round, next] = useState(0);
  const name = `${key}#${round}`;
  const walked = useRef({ name: null, page: null });
  const halted = useRef(null);
  const live = useLive(
    name,
    async (signal, early) => {
      const known = walked.current;
      if (known.name === name && walks(known.page)) {
        const ids = known.page.items.map(idOf).join(",");
        return ids
          ? {
              ...known.page,
              items: steadied(
                (await get("operator/accounts", { ...filter, ids, with_phases: true }, { signal })).items,
              ),
            }
          : known.page;
      }
      const page = await find("operator/accounts", { ...filter, ...ordered, with_phases: true, cursor }, PAGE, {
        signal,
        looks: Infinity,
        stop: () => halted.current === name,
        early: (part) => early({ ...part, items: steadied(part.items) }),
      });
      walked.current = { name, page };
      return { ...page, items: steadied(page.items) };
    },
    4,
  );
  return {
    name,
    live,
    halt: () => {
      halted.current = name;
    },
    again: () => next((n) => n + 1),
  };
}
const FEW = 2;
const walks = (page) => page.looks > FEW || page.short;
const idOf = (row) => row.account_id;
const steadied = (items) =>
  items.map((row) =>
    row.assigned?.content
      ? {
          ...row,
          assigned: {
            ...row.assigned,
            content: {
              ...row.assigned.content,
              url: steady(row.assigned.content.content_id, row.assigned.content.url),
            },
          },
        }
      : row,
  );

/** How far a walk has looked. */
const Walked = ({ found, of, halt, again }) => html`
  <div class="note" role="status">
    <p>
      ${found.part ? "Looking: " : ""}looked at ${count(found.looked)}
      ${of !== null && of >= found.looked ? ` of ${count(of)}` : ""} accounts, ${many(found.items.length, "match")}
      ${found.part ? " so far" : ""}.${!found.part && found.short ? " The next page looks further." : ""}
    </p>
    ${
      found.part
        ? html`<button type="button" onClick=${halt}>Stop</button>`
        : html`<button type="button" onClick=${again}>Look again</button>`
    }
  </div>
`;

const Sort = ({ by, sort, children }) =>
  html`
    <th
      scope="col"
      class=${by === "retries" ? "number" : ""}
      aria-sort=${sort !== by ? "none" : by === "retries" ? "descending" : "ascending"}
    >
      <button type="button" onClick=${() => change({ sort: sort === by ? null : by }, { replace: true })}>
        ${children}
        <${Icon} name="sort" />
      </button>
    </th>
  `;

const Search = ({ value }) =>
  html`<${Later} name="text" label="Handle or id" value=${value} type="search" data-search />`;
const Code = ({ value }) => html`<${Later} name="error_code" label="Error code" value=${value} />`;

function Nothing({ filter, later }) {
  if (later) return html`<${Empty} kind="nothing" title="No further account matches" />`;
  const asked = Object.keys(filter);
  if (asked.length === 0)
    return html`
      <${Empty} kind="nothing" title="No account is in care yet">
        Import some by <code>POST /api/operator/accounts/import</code>.
      <//>
    `;
  if (asked.length === 1 && (["failed", "requires_review"].includes(filter.phase_status) || filter.queue === "starved"))
    return html`
      <${Empty} kind="good" title="Nothing is wrong here">
        No account${" "}
        ${filter.queue ? "waits for content" : filter.phase_status === "failed" ? "has failed" : "needs people"}.
      <//>
    `;
  return html`<${Empty} kind="filtered" title="No account matches the filters" />`;
}

/** Rendered anew only when the account has changed, or what is chosen, or where its link leads. */
const Row = ({ row, chosen, tick, retry, where }) =>
  useMemo(() => rendered(row, chosen, tick, retry), [row, chosen, where]);
function rendered(row, chosen, tick, retry) {
  const retries = row.phases.reduce((sum, phase) => sum + phase.retry_count, 0);
  const held = row.lease?.live ? row.lease.bot_id : null;
  const stuck = ["failed", "requires_review"].includes(row.phase_status);
  return html`
    <tr data-row=${row.account_id} class="${chosen ? "chosen" : ""} ${row.gone ? "gone" : ""}">
      <td>
        <input
          type="checkbox"
          aria-label=${`Select ${row.username}`}
          checked=${chosen}
          onChange=${() => tick(row.account_id)}
        />
        ${
          stuck &&
          html`<button type="button" hidden data-retry-row onClick=${() => retry(row.account_id)}>Retry</button>`
        }
      </td>
      <th scope="row" class="who">
        <span class="clip"><${Account} id=${row.account_id}>${row.username}<//></span>
        <span class="under">
          <${State} of="account" is=${row.state} />
          <small class="clip"><bdi>${row.model_id}</bdi></small>
        </span>
        ${row.gone && html`<small>left this list</small>`}
      </th>
      ${PHASES.map(
        (name) => html`<td><${Cell} phase=${row.phases.find((phase) => phase.phase === name)} name=${name} /></td>`,
      )}
      <td>
        ${
          row.content_due_at
            ? html`<span class="state tone-warn"><${Icon} name="empty" />no content</span><br />`
            : null
        }
        <small><${Time} at=${row.due_at} /></small>
      </td>
      <td class="number">${retries || html`<span class="soft">0</span>`}</td>
      <td><${Given} assigned=${row.assigned} /></td>
      <td>
        ${
          held
            ? html`
              <bdi class="clip">${held}</bdi>
              ${row.working_since && html`<small>since <${Time} at=${row.working_since} /></small>`}
            `
            : html`<span class="soft">–</span>`
        }
      </td>
    </tr>
  `;
}

function Cell({ phase }) {
  if (!phase) return html`<span class="soft">–</span>`;
  const [icon, word, tone] = phase.skipped ? PHASE.skipped : PHASE[phase.status];
  const at =
    { completed: phase.completed_at, in_progress: phase.started_at, pending: phase.available_at }[phase.status] ??
    phase.updated_at;
  return html`
    <span class="cell tone-${tone}">
      <span class="word"><${Icon} name=${icon} />${word}</span>
      ${
        at &&
        (phase.status !== "pending" || phase.available_at) &&
        html`<span class="when"><${Time} still at=${at} /></span>`
      }
      ${
        phase.error_code &&
        phase.status !== "completed" &&
        html`<span class="when clip"><bdi>${phase.error_code}</bdi></span>`
      }
    </span>
  `;
}

const seen = new Map();
/** The first URL of an item stays until its time is up, so that pictures are not loaded anew with each answer. */
export function steady(id, url) {
  const known = seen.get(id);
  if (known && known.until > Date.now()) return known.url;
  seen.set(id, { url, until: Date.now() + 240_000 });
  return url;
}

const Given = ({ assigned }) => {
  const { content, text } = assigned ?? {};
  if (!content && !text) return html`<span class="soft">–</span>`;
  return html`
    <span class="given">
      ${
        content &&
        (content.media_type.startsWith("image/")
          ? html`<img class="thumb" loading="lazy" src=${content.url} alt=${`Media ${content.content_id}`} />`
          : html`<code class="clip">${content.content_id}</code>`)
      }
      ${text && html`<small class="clip grow"><bdi>${text.body.replace(/\s+/g, " ").slice(0, 60)}</bdi></small>`}
    </span>
  `;
};
