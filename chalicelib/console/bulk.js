// @ts-check
// An action on many accounts: counted first, then done in steps while the operator watches.
import { post, problemOf } from "./api.js";
import { Dialog, EvidenceFields, evidenceOf, Field, hasEvidence, hasReason, Reason } from "./dialogs.js";
import { html, useEffect, useRef, useState } from "./preact.js";
import { Icon, Note, Trouble } from "./ui.js";
import { count, many } from "./words.js";

/** @typedef {Schemas["MoveAllBody"]} MoveAll */
/** @typedef {"retry" | "pause" | "resume" | "ready" | "resolve" | "skip"} Action */
/** @typedef {{ done: number, seen: number, others: Schemas["MovedAccount"][] }} Result */

/**
 * The verb of a button, its outcome, and which of the accounts are meant.
 * @type {Record<Action, [string, string, string]>}
 */
const WORDS = {
  retry: ["Retry", "retried", "that failed or need review"],
  pause: ["Pause", "paused", "that are ready or warming up"],
  resume: ["Resume", "resumed", "that are paused"],
  ready: ["Mark as ready:", "marked as ready", "that are imported"],
  resolve: ["Resolve", "resolved", "that failed or need review"],
  skip: ["Skip", "skipped", "that failed or need review"],
};
const STEP = 50;
const COUNTED = 100;
export const TYPED_ABOVE = 50;

/**
 * Sends every step of an action; `onStep` gets each answer, and false from it stops.
 * @param {MoveAll} body
 * @param {(answer: Schemas["BulkMove"]) => boolean} onStep
 */
export async function steps(body, onStep) {
  if (body.account_ids) {
    for (let at = 0; at < body.account_ids.length; at += STEP) {
      const some = { ...body, account_ids: body.account_ids.slice(at, at + STEP) };
      if (!onStep(await post("operator/accounts/bulk", some))) return;
    }
    return;
  }
  /** @type {string | null} */
  let cursor = null;
  do {
    const limit = body.dry_run && body.action !== "migrate" ? COUNTED : STEP;
    /** @type {Schemas["BulkMove"]} */
    const answer = await post("operator/accounts/bulk", { ...body, limit, ...(cursor ? { cursor } : {}) });
    if (!onStep(answer)) return;
    cursor = answer.next_cursor;
  } while (cursor);
}

/**
 * Counts what would be done, once, when the dialog opens. `asOf` is the instant of the first answer.
 * @param {MoveAll} body
 * @param {(problem: Trouble) => void} onProblem
 */
function useCounted(body, onProblem) {
  const [matched, setMatched] = useState({ number: 0, whole: false });
  const asOf = useRef(/** @type {string | null} */ (null));
  useEffect(() => {
    let over = false;
    let number = 0;
    steps({ ...body, reason: "count", dry_run: true }, (answer) => {
      asOf.current ??= answer.as_of;
      number += answer.counts.would_be_done ?? 0;
      if (!over) setMatched({ number, whole: false });
      return !over;
    }).then(
      () => !over && setMatched({ number, whole: true }),
      (error) => !over && onProblem(problemOf(error)),
    );
    return () => {
      over = true;
    };
  }, []);
  return { matched, asOf };
}

/**
 * What a step adds to the result so far.
 * @param {Result} all
 * @param {Schemas["BulkMove"]} answer
 */
export const added = (all, answer) => ({
  done: all.done + (answer.counts.done ?? 0) + (answer.counts.unchanged ?? 0),
  seen: all.seen + answer.matched,
  others: [...all.others, ...answer.results.filter((one) => ["refused", "not_done"].includes(one.outcome))],
});

/**
 * `of` says which accounts are meant; `warning` is shown above the reason; `onClose` learns whether it is over.
 * @param {{
 *   move: Action, target: Pick<MoveAll, "account_ids" | "filter">, of?: View, warning?: View, content?: string,
 *   onClose: (over: boolean) => void, onDone: () => void,
 * }} props
 */
export function Bulk({ move, target, of, warning, content = "same", onClose, onDone }) {
  const [given, setGiven] = useState(/** @type {Given} */ ({ content }));
  const [state, setState] = useState(/** @type {"asking" | "working" | "over"} */ ("asking"));
  const [result, setResult] = useState(/** @type {Result} */ ({ done: 0, seen: 0, others: [] }));
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  const stopped = useRef(false);
  const fixed = useRef(target).current;
  /** @type {Put} */
  const put = (name) => (event) => setGiven({ ...given, [name]: event.target.value });
  const base = { action: move, ...fixed, ...(move === "retry" ? { content: given.content } : {}), reason: "" };
  const { matched, asOf } = useCounted(base, setProblem);

  const act = async () => {
    /** @type {MoveAll} */
    const body = { ...base, reason: given.reason };
    if (move === "resolve") body.evidence = evidenceOf(given);
    // what fails while the steps are under way was not counted
    const bounded = ["retry", "resolve", "skip"].includes(move) && body.filter;
    if (bounded) body.filter = { ...body.filter, failed_before: asOf.current ?? undefined };
    let all = /** @type {Result} */ ({ done: 0, seen: 0, others: [] });
    await steps(body, (answer) => {
      all = added(all, answer);
      setResult(all);
      onDone();
      return !stopped.current;
    });
  };
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setState("working");
    setProblem(null);
    await act().catch((error) => setProblem(problemOf(error)));
    setState("over");
  };
  const close = () => {
    stopped.current = true;
    onClose(state === "over");
  };
  const [verb, done, which] = WORDS[move];
  const meant = of ?? (fixed.filter ? "all that match the filters" : "those selected");
  return html`
    <${Dialog} title=${`${verb} accounts`} onClose=${close}>
      <form onSubmit=${submit}>
        <h2>${verb} accounts</h2>
        <p role="status">
          ${
            matched.whole
              ? html`
                <strong>${many(matched.number, "account")}</strong> of ${meant} will be ${done}: those ${which}.
              `
              : `Counting … ${count(matched.number)} so far`
          }
        </p>
        ${
          state === "asking"
            ? html`<${Fields} move=${move} given=${given} put=${put} warning=${warning} matched=${matched} />`
            : html`
              <${Progress} done=${done} matched=${matched.number} result=${result} over=${state === "over"}
                failed=${problem !== null} stopped=${stopped.current} />
            `
        }
        ${problem && html`<${Trouble} problem=${problem} />`}
        <footer>
          ${
            state === "asking"
              ? html`
                <button type="button" onClick=${close}>Cancel</button>
                <button class="main" disabled=${!mayStart(move, given, matched)}>
                  ${verb} ${matched.whole ? count(matched.number) : "…"}
                </button>
              `
              : html`<${After} over=${state === "over"} stopped=${stopped} onClose=${close} />`
          }
        </footer>
      </form>
    <//>
  `;
}

/** @typedef {{ number: number, whole: boolean }} Matched */

/**
 * @param {Action} move
 * @param {Given} given
 * @param {Matched} matched
 */
function mayStart(move, given, matched) {
  const typed = matched.number <= TYPED_ABOVE || given.typed === String(matched.number);
  const evident = move !== "resolve" || hasEvidence(given);
  return matched.whole && matched.number > 0 && hasReason(given) && typed && evident;
}

const CONTENT = [
  ["same", "the same content"],
  ["other", "other content"],
];
/**
 * Whether a retry gets the same content or other.
 * @param {{ given: Given, put: Put }} props
 */
export const RetryContent = ({ given, put }) => html`
  <${Field} label="With" value=${given.content} onInput=${put("content")} options=${CONTENT} />
`;

/** @param {{ move: Action, given: Given, put: Put, warning?: View, matched: Matched }} props */
const Fields = ({ move, given, put, warning, matched }) => html`
  ${warning && html`<${Note} tone="warn"><p>${warning}</p><//>`}
  ${move === "retry" && html`<${RetryContent} given=${given} put=${put} />`}
  ${move === "resolve" && html`<${EvidenceFields} given=${given} put=${put} />`}
  <${Reason} given=${given} put=${put} />
  ${
    matched.number > TYPED_ABOVE &&
    matched.whole &&
    html`
      <${Field}
        label=${`Type the number ${matched.number} to confirm`}
        inputMode="numeric"
        autocomplete="off"
        value=${given.typed ?? ""}
        onInput=${put("typed")}
      />
    `
  }
`;

/**
 * @param {{
 *   done: string, matched: number, result: Result, over: boolean, failed: boolean, stopped: boolean,
 * }} props
 */
export function Progress({ done, matched, result, over, failed, stopped }) {
  const most = Math.max(matched, 1);
  const others = result.others.length;
  const words = `${count(result.done)} of ${count(matched)} ${done}${others ? `, ${count(others)} not` : ""}`;
  return html`
    <div class="stack" role="status">
      <progress max=${most} value=${over && !failed ? most : result.seen} aria-label="Progress"></progress>
      <p><${Icon} name=${over ? "check" : "play"} /> ${words}${over && stopped ? "; stopped" : ""}.</p>
      ${
        others > 0 &&
        html`
          <details>
            <summary>${many(others, "account")} not ${done}</summary>
            <ul class="stack tight">
              ${result.others
                .slice(0, 200)
                .map((one) => html`<li><code>${one.account_id}</code> <bdi>${one.detail ?? one.outcome}</bdi></li>`)}
            </ul>
          </details>
        `
      }
    </div>
  `;
}

/** @param {{ over: boolean, stopped: { current: boolean }, onClose: () => void }} props */
export function After({ over, stopped, onClose }) {
  const stop = () => {
    stopped.current = true;
  };
  return over
    ? html`<button type="button" class="main" onClick=${onClose}>Close</button>`
    : html`<button type="button" onClick=${stop}>Stop after this step</button>`;
}
