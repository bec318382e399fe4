// @ts-check
// Review: what failed or needs an operator, by error; "outcome unknown" first, since it is never retried by itself.
import { find, get, problemOf } from "./api.js";
import { Bulk } from "./bulk.js";
import { Field, filterOptions } from "./dialogs.js";
import { change, link, overview as overviewOf, useLive } from "./live.js";
import { Act } from "./moves.js";
import { html, useState } from "./preact.js";
import { useRows } from "./rows.js";
import { Account, Announce, Badge, Empty, Icon, Note, Pager, State, shown, Table, Time, toast } from "./ui.js";
import { count, KIND, many, phaseNames } from "./words.js";

/** @typedef {Schemas["CaseGroup"]} Group */
/** @typedef {Schemas["Case"]} Case */
/** @typedef {"retry" | "resolve" | "skip"} Decision */
/** @typedef {{ items: Group[], scanned: number, pages: number, part: boolean }} Groups */

/** @param {Group} group */
const keyOf = (group) => `${group.kind}|${group.code}|${group.phase}`;
/** @param {Group} group */
const kindOf = (group) => KIND[group.kind ?? ""] ?? group.kind ?? "no report";
/** @param {Group} group */
const codeOf = (group) => group.code ?? "no code";

/**
 * The whole queue by error, added up from its pages; `early` gets the sums after each.
 * @param {Query} query
 * @param {AbortSignal} signal
 * @param {(part: Groups) => void} early
 * @returns {Promise<Groups>}
 */
async function grouped(query, signal, early) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  /** @type {string | null} */
  let cursor = null;
  let scanned = 0;
  let pages = 0;
  for (;;) {
    /** @type {Schemas["CaseGroups"]} */
    const page = await get("operator/review/groups", { ...query, cursor }, { signal });
    for (const group of page.items) {
      const sum = groups.get(keyOf(group));
      // the pages come oldest first
      const { count, last_seen } = group;
      groups.set(keyOf(group), sum ? { ...sum, count: sum.count + count, last_seen } : group);
    }
    cursor = page.next_cursor;
    scanned += page.scanned_count;
    pages += 1;
    const found = { items: [...groups.values()], scanned, pages, part: cursor !== null };
    if (!found.part) return found;
    early(found);
  }
}
/** @param {Groups | null} found */
const pause = (found) => (found && found.pages > 5 ? 120 : 20);

/** @typedef {{ model_id?: string, phase?: string, status?: string }} Query */

/** @param {{ params: Params }} props */
export function Review({ params }) {
  const query = { model_id: params.model_id, phase: params.only, status: params.status };
  const live = useLive(
    `groups:${JSON.stringify(query)}`,
    /** @type {(signal: AbortSignal, early: (part: Groups) => void) => Promise<Groups>} */
    (signal, early) => grouped(query, signal, early),
    pause,
  );
  const overview = useLive("counts", overviewOf, 15);
  const [dialog, setDialog] = useState(/** @type {{ group: Group, move: Decision } | null} */ (null));
  const ordered = [...(live.data?.items ?? [])].sort(
    (a, b) => Number(b.kind === "unknown") - Number(a.kind === "unknown") || b.count - a.count,
  );
  const open = ordered.find((group) => keyOf(group) === params.group);
  return html`
    <div class="head"><h1>Review</h1></div>
    <${Filters}
      params=${params}
      phases=${phaseNames([...new Set(ordered.map((group) => group.phase))].sort(), overview.data, params.only)}
    />
    ${shown(live, (found) =>
      ordered.length === 0
        ? html`<${Nothing} filtered=${Boolean(params.model_id || params.only || params.status)} />`
        : html`
          ${(found.part || found.pages > 5) && html`<${Scanned} found=${found} overview=${overview.data} />`}
          <${GroupTable} groups=${ordered} params=${params} ask=${setDialog} />
          ${open && html`<${Cases} group=${open} params=${params} query=${query} onDone=${live.reload} />`}
        `,
    )}
    ${
      dialog && html`<${Decide} ...${dialog} params=${params} onClose=${() => setDialog(null)} onDone=${live.reload} />`
    }
  `;
}

const STATUSES = [
  ["requires_review", "needs review"],
  ["failed", "failed, retry scheduled"],
];
/** @param {{ params: Params, phases: string[] }} props */
function Filters({ params, phases }) {
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  /** @type {Put} */
  const put = (name) => (event) => change({ [name]: event.target.value, group: null, cursor: null }, { replace: true });
  const known = (models.data?.items ?? []).map((model) => [model.model_id, model.name]);
  return html`
    <div class="filters">
      <${Field}
        label="Model"
        value=${params.model_id ?? ""}
        onInput=${put("model_id")}
        options=${filterOptions(known)}
        data-search
      />
      <${Field} label="Phase" value=${params.only ?? ""} onInput=${put("only")} options=${filterOptions(phases)} />
      <${Field}
        label="Status"
        value=${params.status ?? ""}
        onInput=${put("status")}
        options=${filterOptions(STATUSES)}
      />
    </div>
  `;
}

/** @param {{ filtered: boolean }} props */
const Nothing = ({ filtered }) =>
  filtered
    ? html`<${Empty} kind="filtered" title="Nothing matches the filters" />`
    : html`
      <${Empty} kind="good" title="Nothing needs an operator">No phase has failed, and no outcome is unknown.<//>
    `;

/** @param {{ found: Groups, overview: Schemas["Overview"] | null }} props */
function Scanned({ found, overview }) {
  const total = overview ? ` of ${count(Math.max(found.scanned, overview.review.total))}` : "";
  const words = `canned ${count(found.scanned)}${total} cases`;
  return html`<p class="soft" role="status">${found.part ? `Searching: s${words} so far.` : `S${words}.`}</p>`;
}

/** @type {(string | [string, string])[]} */
const COLUMNS = ["Error", "Phase", ["Count", "number"], "First seen", "Last seen", "Sample", "Actions"];
/** @type {[Decision, string][]} */
const DECISIONS = [
  ["retry", "Retry"],
  ["resolve", "Resolve"],
  ["skip", "Skip"],
];

/** @param {{ groups: Group[], params: Params, ask: (asked: { group: Group, move: Decision }) => void }} props */
const GroupTable = ({ groups, params, ask }) => html`
  <${Table} label="Groups by error" columns=${COLUMNS}>
    ${groups.map((group) => html`<${GroupRow} key=${keyOf(group)} group=${group} params=${params} ask=${ask} />`)}
  <//>
`;

/** @param {{ group: Group, params: Params, ask: (asked: { group: Group, move: Decision }) => void }} props */
function GroupRow({ group, params, ask }) {
  const chosen = keyOf(group) === params.group;
  const unknown = group.kind === "unknown";
  const where = link("review", { ...params, cursor: null, group: chosen ? null : keyOf(group) });
  return html`
    <tr data-row class=${chosen ? "chosen" : ""}>
      <th scope="row">
        <a href=${where} aria-expanded=${chosen}>
          <${Badge} tone=${unknown ? "bad" : "warn"} icon=${unknown ? "alert" : "retry"}>${kindOf(group)}<//>
        </a>
        <br />
        <code><bdi>${codeOf(group)}</bdi></code>
      </th>
      <td>${group.phase}</td>
      <td class="number">${count(group.count)}</td>
      <td><${Time} at=${group.first_seen} /></td>
      <td><${Time} at=${group.last_seen} /></td>
      <td><bdi class="prose brief">${group.sample.message}</bdi></td>
      <td>
        <div class="row">
          ${DECISIONS.map(
            ([move, word]) => html`
              <button
                type="button"
                class="tiny"
                ...${move === "retry" ? { "data-retry-row": "" } : {}}
                onClick=${() => ask({ group, move })}
              >
                ${move === "retry" && html`<${Icon} name="retry" />`}${word} all …
                <span class="unseen"> ${group.code}</span>
              </button>
            `,
          )}
        </div>
      </td>
    </tr>
  `;
}

/** @param {{ group: Group, move: Decision, params: Params, onClose: () => void, onDone: () => void }} props */
function Decide({ group, move, params, onClose, onDone }) {
  const warning = html`
    Their outcome is unknown. Retry them only if you know that it did <strong>not</strong> happen: otherwise it may
    happen twice.
  `;
  return html`
    <${Bulk}
      move=${move}
      target=${{ filter: filterOf(group, params) }}
      content=${group.kind === "content" ? "other" : "same"}
      onClose=${onClose}
      onDone=${onDone}
      of=${html`those with <code><bdi>${codeOf(group)}</bdi></code> in ${group.phase}`}
      warning=${group.kind === "unknown" && move === "retry" && warning}
    />
  `;
}

/**
 * @param {Group} group
 * @param {Params} params
 */
const filterOf = (group, params) =>
  Object.fromEntries(
    Object.entries({
      error_kind: group.kind,
      ...(group.code === null ? { without_code: true } : { error_code: group.code }),
      phase: group.phase,
      model_id: params.model_id,
      phase_status: params.status,
    }).filter(([, value]) => value),
  );

/** @param {{ group: Group, params: Params, query: Query, onDone: () => void }} props */
function Cases({ group, params, query, onDone }) {
  const { model_id, status } = query;
  const key = JSON.stringify([keyOf(group), model_id, status, params.cursor]);
  const code = group.code === null ? { without_code: true } : { code: group.code };
  const asked = { kind: group.kind, ...code, phase: group.phase, model_id, status, cursor: params.cursor };
  const live = useLive(
    `cases:${key}`,
    /** @type {(signal: AbortSignal, early: (part: Found<Case>) => void) => Promise<Found<Case>>} */
    (signal, early) => find("operator/review", asked, 25, { signal, early, pages: Infinity }),
    (page) => (page && page.pages > 2 ? 60 : 10),
  );
  const rows = useRows(key, live.data?.items, (row) => row.account_id, live.data?.part);
  const [dialog, setDialog] = useState(/** @type {Parameters<typeof Act>[0] | null} */ (null));
  const close = () => setDialog(null);
  const done = () => {
    live.reload();
    onDone();
  };
  /**
   * @param {Case} row
   * @param {Decision} move
   */
  const begin = async (row, move) => {
    try {
      const account = await get(`operator/accounts/${row.account_id}`);
      setDialog({ account, asks: { move, phase: row.phase }, onClose: close, onDone: done });
    } catch (error) {
      const problem = problemOf(error);
      toast(problem.detail || problem.message, "bad");
    }
  };
  return html`
    <section class="stack" aria-label="Cases of the group">
      <h2>${kindOf(group)}, ${group.phase}: ${many(group.count, "case")}</h2>
      ${group.kind === "unknown" && html`<${UnknownNote} />`}
      ${shown(
        live,
        (found) => html`
          <${Announce} rows=${rows} noun="cases" />
          <${Table} label="Cases" columns=${["Account", "Status", "Since", "Message", "Actions"]}>
            ${rows.rows.map((row) => html`<${CaseRow} key=${row.account_id} row=${row} begin=${begin} />`)}
          <//>
          <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="cases" />
        `,
      )}
      ${dialog && html`<${Act} ...${dialog} />`}
    </section>
  `;
}

const UnknownNote = () => html`
  <${Note} tone="warn">
    <${Icon} name="alert" />
    <p>
      It may have happened. Check the account on the platform first:${" "}
      <strong>resolve</strong> with evidence if it is done,${" "}
      <strong>retry</strong> if it is not.
    </p>
  <//>
`;

/** @param {{ row: Kept<Case>, begin: (row: Case, move: Decision) => void }} props */
const CaseRow = ({ row, begin }) => html`
  <tr data-row class=${row.gone ? "gone" : ""}>
    <th scope="row"><${Account} id=${row.account_id}>${row.username}<//><br /><small>${row.model_id}</small></th>
    <td><${State} of="phase" is=${row.status} /></td>
    <td><${Time} at=${row.since} /></td>
    <td><bdi class="prose brief">${row.error_message}</bdi></td>
    <td>
      <div class="row">
        ${
          row.gone
            ? html`<small>decided</small>`
            : DECISIONS.map(
                ([move, word]) => html`
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
`;
