// @ts-check
// Pipeline: one row an account, the phases of its plan, and actions on those selected or on all that match.
import { find } from "./api.js";
import { Bulk } from "./bulk.js";
import { Field, filterOptions, Later } from "./dialogs.js";
import { ImportButton } from "./import.js";
import { change, extent, forgetOverview, link, overview as overviewOf, useLive } from "./live.js";
import { Migrate } from "./migrate.js";
import { html, useEffect, useMemo, useRef, useState } from "./preact.js";
import { columnsOf, Row } from "./row.js";
import { useRows } from "./rows.js";
import { Announce, Empty, Icon, Opens, Pager, Scroll, shown } from "./ui.js";
import { planOptions } from "./versions.js";
import { idOf, useWalk, Walked, walks } from "./walk.js";
import { count, many, PHASE, phaseNames } from "./words.js";

/** @typedef {Schemas["ListedAccount"]} Account */
/** @typedef {Schemas["Overview"]} Overview */
/** @typedef {Parameters<typeof Bulk>[0]["move"] | "migrate"} Action */
/** @typedef {[string, Record<string, string>, ((found: Overview) => number) | null]} Tab */

const FILTERS = ["state", "queue", "phase_status", "model_id", "phase", "plan", "error_code", "text"];
const TABBED = ["state", "queue", "phase_status"];

/**
 * @param {string} word
 * @param {string} state
 * @returns {Tab}
 */
const stateTab = (word, state) => [word, { state }, (found) => found.states[state]];
/** @type {Tab[]} */
const TABS = [
  ["All", {}, null],
  ["Due now", { queue: "due" }, (found) => found.queues.due],
  ["In progress", { queue: "working" }, (found) => found.queues.working],
  ["Waiting", { queue: "waiting" }, (found) => found.queues.waiting],
  ["Failed", { phase_status: "failed" }, (found) => found.review.failed],
  ["Needs review", { phase_status: "requires_review" }, (found) => found.review.requires_review],
  ["No content", { queue: "content_unavailable" }, (found) => found.queues.content_unavailable],
  stateTab("Imported", "imported"),
  stateTab("Ready", "ready"),
  stateTab("Warming up", "warming_up"),
  stateTab("Paused", "paused"),
  stateTab("Active", "active"),
  stateTab("Retired", "retired"),
];

/** @type {Record<string, (row: Account) => string | number>} */
const SORTS = {
  account: (row) => row.username.toLowerCase(),
  due: (row) => row.due_at ?? "9999",
  work: (row) => row.working_since ?? "9999",
  retries: (row) => -(row.phases ?? []).reduce((sum, phase) => sum + phase.retry_count, 0),
};

/** @param {Params} params */
const filterOf = (params) =>
  Object.fromEntries(FILTERS.filter((name) => params[name]).map((name) => [name, params[name]]));

/** @param {{ params: Params }} props */
export function Pipeline({ params }) {
  const filter = filterOf(params);
  // of all pages, not of this one
  /** @type {Record<string, string>} */
  const ordered = params.sort === "work" && filter.queue === "working" ? { sort: "working_since" } : {};
  const key = JSON.stringify([filter, ordered, params.cursor]);
  const overview = useLive("counts", overviewOf, 15);
  const { name, live, halt, again } = useWalk(key, filter, ordered, params.cursor);
  const rows = useRows(name, live.data?.items, idOf, live.data?.part);
  const selection = useSelection(key, rows.rows);
  const [move, setMove] = useState(/** @type {Action | null} */ (null));
  /** @param {string} id */
  const retry = (id) => {
    selection.only(id);
    setMove("retry");
  };
  /** @param {boolean} over */
  const close = (over) => {
    setMove(null);
    if (over) selection.clear();
  };
  const done = () => {
    forgetOverview();
    live.reload();
    overview.reload();
  };
  return html`
    <div class="head"><h1>Pipeline</h1><${ImportButton} onDone=${done} /></div>
    <${Tabs} params=${params} overview=${overview.data} />
    <${Filters} params=${params} phases=${phaseNames(phasesOf(rows.rows), overview.data, params.phase)} />
    ${shown(live, (found) => {
      const none = rows.rows.length === 0;
      return html`
        <${Announce} rows=${rows} noun="accounts" />
        ${
          (walks(found) || found.part) &&
          html`<${Walked} found=${found} of=${extent(filter, overview.data)} halt=${halt} again=${again} />`
        }
        ${
          none &&
          !found.part &&
          !found.next_cursor &&
          html`<${Nothing} filter=${filter} later=${Boolean(params.cursor)} />`
        }
        ${
          !none &&
          html`
            <${Accounts}
              rows=${rows.rows}
              params=${params}
              part=${found.part}
              selection=${selection}
              retry=${retry}
            />
            <${Selected} selection=${selection} filter=${filter} begin=${setMove} />
          `
        }
        ${
          !found.part &&
          (!none || found.next_cursor || params.cursor) &&
          html`<${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="accounts" />`
        }
      `;
    })}
    ${
      move === "migrate" &&
      html`
        <${Migrate}
          target=${selection.target(filter)}
          phases=${phasesOf(rows.rows)}
          onClose=${close}
          onDone=${done}
        />
      `
    }
    ${
      move &&
      move !== "migrate" &&
      html`<${Bulk} move=${move} target=${selection.target(filter)} onClose=${close} onDone=${done} />`
    }
  `;
}

/** @typedef {ReturnType<typeof useSelection>} Selection */

/**
 * The selected rows: some by their ids, or all that match.
 * @param {string} key
 * @param {Account[]} rows
 */
function useSelection(key, rows) {
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const [all, setAll] = useState(false);
  /** @param {Set<string>} ids */
  const select = (ids) => {
    setChosen(ids);
    setAll(false);
  };
  const clear = () => select(new Set());
  useEffect(clear, [key]);
  const listed = useRef(/** @type {string[] | null} */ (null));
  listed.current = all ? rows.map(idOf) : null; // a row that was rendered earlier reads what is so now
  /** @param {string} id */
  const tick = (id) => {
    setChosen((before) => {
      const next = new Set(listed.current ?? before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
    setAll(false);
  };
  const whole = rows.length > 0 && (all || rows.every((row) => chosen.has(row.account_id)));
  return {
    all,
    size: chosen.size,
    whole,
    has: (/** @type {string} */ id) => all || chosen.has(id),
    only: (/** @type {string} */ id) => select(new Set([id])),
    selectAll: () => setAll(true),
    togglePage: () => select(whole ? new Set() : new Set(rows.map(idOf))),
    target: (/** @type {Record<string, string>} */ filter) => (all ? { filter } : { account_ids: [...chosen] }),
    tick,
    clear,
  };
}

/** @param {{ params: Params, overview: Overview | null }} props */
const Tabs = ({ params, overview }) => html`
  <nav class="tabs" aria-label="States" tabIndex="0">
    ${TABS.map(([word, own, counted]) => {
      const current = TABBED.every((name) => (own[name] ?? null) === (params[name] ?? null));
      const where = { ...params, state: null, queue: null, phase_status: null, cursor: null, ...own };
      return html`
        <a key=${word} href=${link("pipeline", where)} aria-current=${current ? "page" : undefined}>
          ${word}${counted && overview && html` <span class="many">${count(counted(overview))}</span>`}
        </a>
      `;
    })}
  </nav>
`;

const STATUSES = Object.entries(PHASE)
  .filter(([name]) => name !== "skipped")
  .map(([name, [, word]]) => [name, word]);

/** @param {{ params: Params, phases: string[] }} props */
function Filters({ params, phases }) {
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  /** @type {Put} */
  const put = (name) => (event) => change({ [name]: event.target.value.trim(), cursor: null }, { replace: true });
  const known = (models.data?.items ?? []).map((model) => [model.model_id, model.name]);
  const plans = useLive("plans", (signal) => find("operator/plans", {}, 100, { signal }), 60);
  const kept = planOptions(plans.data?.items ?? [], params.plan);
  // an option is written again whenever it is rendered
  return useMemo(
    () => html`
      <div class="filters" role="search" aria-label="Filter accounts">
        <${Later} name="text" label="Handle or id" value=${params.text ?? ""} type="search" data-search />
        <${Field}
          label="Model"
          value=${params.model_id ?? ""}
          onInput=${put("model_id")}
          options=${filterOptions(known)}
        />
        <${Field} label="Plan" value=${params.plan ?? ""} onInput=${put("plan")} options=${filterOptions(kept)} />
        <${Field} label="Phase" value=${params.phase ?? ""} onInput=${put("phase")} options=${filterOptions(phases)} />
        <${Field}
          label="Phase status"
          value=${params.phase_status ?? ""}
          onInput=${put("phase_status")}
          options=${filterOptions(STATUSES)}
        />
        <${Later} name="error_code" label="Error code" value=${params.error_code ?? ""} />
      </div>
    `,
    [params, models.data, plans.data, phases.join()],
  );
}

/**
 * The names of the phases of these accounts, each plan's in its order.
 * @param {Account[]} rows
 */
const phasesOf = (rows) => [...new Set(rows.flatMap((row) => row.plan_phases ?? []))];

/**
 * @param {{
 *   rows: Kept<Account>[], params: Params, part: boolean, selection: Selection, retry: (id: string) => void,
 * }} props
 */
function Accounts({ rows, params, part, selection, retry }) {
  const by = SORTS[params.sort];
  const sorted = by ? [...rows].sort((a, b) => (by(a) < by(b) ? -1 : 1)) : rows;
  const where = link("pipeline", { ...params, account: null });
  const columns = columnsOf(rows);
  return html`
    <${Scroll} label="Accounts">
      <table class="pipeline">
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Select the page"
                checked=${selection.whole}
                disabled=${part}
                onChange=${selection.togglePage}
              />
            </th>
            <${Sort} by="account" sort=${params.sort}>Account<//>
            ${(columns ?? ["Phases"]).map((phase) => html`<th scope="col">${phase}</th>`)}
            <${Sort} by="due" sort=${params.sort}>Next due<//>
            <${Sort} by="retries" sort=${params.sort}>Retries<//>
            <th scope="col">Content</th>
            <${Sort} by="work" sort=${params.sort}>Worker<//>
          </tr>
        </thead>
        <tbody>
          ${sorted.map(
            (row) => html`
              <${Row}
                key=${row.account_id}
                row=${row}
                columns=${columns}
                chosen=${selection.has(row.account_id)}
                tick=${selection.tick}
                retry=${retry}
                where=${where}
              />
            `,
          )}
        </tbody>
      </table>
    <//>
  `;
}

/** @param {{ by: string, sort: string | undefined, children: View }} props */
function Sort({ by, sort, children }) {
  const order = sort !== by ? "none" : by === "retries" ? "descending" : "ascending";
  const choose = () => change({ sort: sort === by ? null : by }, { replace: true });
  return html`
    <th scope="col" class=${by === "retries" ? "number" : ""} aria-sort=${order}>
      <button type="button" onClick=${choose}>${children}<${Icon} name="sort" /></button>
    </th>
  `;
}

/** @param {{ selection: Selection, filter: Params, begin: (move: Action) => void }} props */
function Selected({ selection, filter, begin }) {
  if (selection.size === 0 && !selection.all) return null;
  return html`
    <div class="bar" role="region" aria-label="Selection">
      <strong class="grow">
        ${selection.all ? "All that match the filters" : `${many(selection.size, "account")} selected`}
      </strong>
      ${!selection.all && html`<button type="button" onClick=${selection.selectAll}>Select all that match</button>`}
      <button type="button" data-retry onClick=${() => begin("retry")}><${Icon} name="retry" />Retry …</button>
      ${
        (filter.state ?? "imported") === "imported" &&
        html`<${Opens} needs="accounts:write" icon="check" onClick=${() => begin("ready")}>Mark as ready<//>`
      }
      <${Opens} needs="accounts:write" icon="pause" onClick=${() => begin("pause")}>Pause<//>
      <${Opens} needs="accounts:write" icon="play" onClick=${() => begin("resume")}>Resume<//>
      <${Opens} needs="accounts:write" icon="plan" onClick=${() => begin("migrate")}>Migrate<//>
      <button type="button" class="plain" onClick=${selection.clear}>Clear</button>
    </div>
  `;
}

/** @param {{ filter: Record<string, string>, later: boolean }} props */
function Nothing({ filter, later }) {
  if (later) return html`<${Empty} kind="nothing" title="No more accounts match" />`;
  const asked = Object.keys(filter);
  if (asked.length === 0) {
    return html`
      <${Empty} kind="nothing" title="There are no accounts yet">
        Import some: the button is above.
      <//>
    `;
  }
  const good = filter.queue === "content_unavailable" ? "waits for content" : GOOD[filter.phase_status];
  if (asked.length > 1 || !good) return html`<${Empty} kind="filtered" title="No account matches the filters" />`;
  return html`<${Empty} kind="good" title="Nothing is wrong here">No account ${good}.<//>`;
}
/** @type {Record<string, string>} */
const GOOD = { failed: "has failed", requires_review: "needs an operator" };
