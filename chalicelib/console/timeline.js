// @ts-check
// The phases of an account in their order, and what selection would choose for one.
import { get, problemOf } from "./api.js";
import { html, useState } from "./preact.js";
import { Empty, Icon, Opens, State, Time } from "./ui.js";
import { KIND, many, PHASE, span } from "./words.js";

/** @typedef {Schemas["AccountWithAssignments"]} Account */
/** @typedef {Schemas["Phase"]} Phase */
/** @typedef {import("./account.js").Open} Open */

/** @param {{ account: Account, ask: Open }} props */
export const Timeline = ({ account, ask }) =>
  account.phases.length === 0
    ? html`<${Empty} kind="nothing" title="The warm-up has not begun" />`
    : html`
      <ol class="timeline">
        ${account.phases.map(
          (phase) => html`<${Entry} key=${phase.phase} account=${account} phase=${phase} ask=${ask} />`,
        )}
      </ol>
    `;

/** @param {{ account: Account, phase: Phase, ask: Open }} props */
function Entry({ account, phase, ask }) {
  const [icon, , tone] = phase.skipped ? PHASE.skipped : PHASE[phase.status];
  const current = phase.phase === account.current_phase;
  const open = phase.status !== "completed" && ["warming_up", "paused"].includes(account.state);
  return html`
    <li>
      <span class="dot tone-${tone}"><${Icon} name=${icon} /></span>
      <div class="stack tight">
        <div class="row">
          <strong>${phase.phase}</strong>
          <${State} of="phase" is=${phase.skipped ? "skipped" : phase.status} />
          ${current && html`<small>current</small>`}
        </div>
        <div class="row"><${History} phase=${phase} /></div>
        ${phase.error_message && html`<${Failure} phase=${phase} />`}
        ${phase.platform_response ? html`<${Json} title="Bot's report" value=${phase.platform_response} />` : null}
        ${open && html`<${Decisions} account=${account} phase=${phase} current=${current} ask=${ask} />`}
      </div>
    </li>
  `;
}

/** @param {{ title: string, value: unknown }} props */
const Json = ({ title, value }) => html`
  <details><summary>${title}</summary><pre>${JSON.stringify(value, null, 2)}</pre></details>
`;

/** @param {{ phase: Phase }} props */
function History({ phase }) {
  const counts = /** @type {[number, string][]} */ ([
    [phase.attempt, "attempt"],
    [phase.retry_count, "retry"],
    [phase.crash_count, "crash"],
    [phase.release_count, "release"],
    [phase.replacement_count, "content replacement"],
  ]);
  const tried = counts.filter(([number]) => number).map(([number, noun]) => many(number, noun));
  const took = phase.execution_time_ms;
  return html`
    <small>
      <${When} phase=${phase} />
      ${phase.bot_id && html` · by <bdi>${phase.bot_id}</bdi>`}
      ${tried.length > 0 && ` · ${tried.join(", ")}`}
      ${took !== null && ` · took ${span(took)}`}
    </small>
  `;
}

/**
 * @param {Phase} phase
 * @returns {[string, string | null]}
 */
function momentOf(phase) {
  if (phase.completed_at) return ["completed", phase.completed_at];
  if (phase.status === "in_progress") return ["started", phase.started_at];
  if (phase.status === "requires_review") return ["stopped", phase.updated_at];
  return [phase.status === "failed" ? "next retry due" : "due", phase.available_at];
}

/** @param {{ phase: Phase }} props */
function When({ phase }) {
  const [word, at] = momentOf(phase);
  return at ? html`${word} <${Time} at=${at} />` : "after the previous phase";
}

/** @param {{ phase: Phase }} props */
const Failure = ({ phase }) => html`
  <div class="note ${phase.status === "requires_review" ? "bad" : "warn"}">
    <p>
      <strong>${KIND[phase.error_kind ?? ""] ?? phase.error_kind ?? "no report"}</strong>${" "}
      <code>${phase.error_code}</code><br /><bdi class="prose">${phase.error_message}</bdi>
    </p>
    ${phase.error_details ? html`<${Json} title="Details" value=${phase.error_details} />` : null}
  </div>
`;

/** @param {{ account: Account, phase: Phase, current: boolean, ask: Open }} props */
function Decisions({ account, phase: { phase, status }, current, ask }) {
  const failed = current && (status === "failed" || status === "requires_review");
  const assignable = current && (status === "available" || status === "content_assigned");
  return html`
    <div class="row">
      ${
        failed &&
        html`
          <${Opens} needs="review:write" kind="tiny" onClick=${() => ask({ move: "retry", phase })}>Retry<//>
          <${Opens} needs="review:write" kind="tiny"
            onClick=${() => ask({ move: "resolve", phase })}>Resolve with evidence<//>
        `
      }
      ${
        assignable &&
        html`<${Opens} needs="review:write" kind="tiny"
        onClick=${() => ask({ move: "assign", phase })}>Assign by hand<//>`
      }
      <${Opens} needs="review:write" kind="tiny" of=${phase} onClick=${() => ask({ move: "skip", phase })}>Skip<//>
      <${Explain} account=${account} phase=${phase} />
    </div>
  `;
}

/**
 * What selection would choose now, on demand.
 * @param {{ account: Account, phase: Phase["phase"] }} props
 */
function Explain({ account, phase }) {
  const [found, setFound] = useState(/** @type {Schemas["Explained"] | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  const toggle = () => {
    setProblem(null);
    if (found) return setFound(null);
    get(`operator/accounts/${account.account_id}/phases/${String(phase)}/explain`, { limit: 5 }).then(
      (answer) => setFound(answer),
      (error) => setProblem(problemOf(error)),
    );
  };
  return html`
    <button type="button" class="tiny" aria-expanded=${found !== null} onClick=${toggle}>
      What would be chosen?<span class="unseen"> ${phase}</span>
    </button>
    ${problem && html`<small class="tone-bad">${problem.detail}</small>`}
    ${found?.needs.map((need) => html`<${Need} need=${need} />`)}
  `;
}

/** @param {{ need: Schemas["Explanation"] }} props */
function Need({ need }) {
  const verdict = need.need === "none" ? ": not needed" : need.leading.length ? "" : ": nothing is eligible";
  const reasons = Object.entries(need.reasons ?? {}).map(([one, number]) => `${number} ${one.replaceAll("_", " ")}`);
  return html`
    <div class="stack tight whole-row">
      <strong>${need.kind}${verdict}</strong>
      ${need.leading.map(
        (one, place) => html`
          <div>
            <small>${place + 1}. <code>${one.item_id}</code> ${one.score.toFixed(1)}</small><${Parts} parts=${one} />
          </div>
        `,
      )}
      ${reasons.length > 0 && html`<small>refused: ${reasons.join(", ")}</small>`}
    </div>
  `;
}

const WEIGHTS = [
  ["quality", "30 %"],
  ["freshness", "25 %"],
  ["success", "25 %"],
  ["relevance", "20 %"],
];

/**
 * The parts of a score and their weights.
 * @param {{ parts: Record<string, unknown> }} props
 */
export const Parts = ({ parts }) => html`
  <div class="parts">
    ${WEIGHTS.map(([name, weight]) => {
      const part = parts[name];
      if (typeof part !== "number") return null;
      return html`
        <span>${name} <small>${weight}</small></span>
        <meter min="0" max="100" value=${part} aria-label=${name}></meter>
        <span class="number">${part.toFixed(1)}</span>
      `;
    })}
  </div>
`;
