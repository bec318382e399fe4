// A move on many accounts: counted first, then done step by step under the eyes of who asked for it.

import { post } from "./api.js";
import { html, useEffect, useRef, useState } from "./preact.js";
import {
  Dialog,
  EvidenceFields,
  evidenceOf,
  Field,
  hasEvidence,
  hasReason,
  Icon,
  Note,
  Reason,
  Trouble,
} from "./ui.js";
import { count, many } from "./words.js";

const WORDS = {
  retry: ["Retry", "retried", "that failed or need review"],
  pause: ["Pause", "paused", "that are ready or warming up"],
  resume: ["Resume", "resumed", "that are paused"],
  ready: ["Declare ready:", "declared ready", "that are imported"],
  resolve: ["Resolve", "resolved", "that failed or need review"],
  skip: ["Skip", "skipped", "that failed or need review"],
};
const STEP = 50,
  LOOK = 100,
  TYPED_ABOVE = 50;

/** Every step of a move; `onStep` gets each answer, and false from it stops. */
async function steps(body, onStep) {
  if (body.account_ids) {
    for (let at = 0; at < body.account_ids.length; at += STEP) {
      if (
        onStep(
          await post("operator/accounts/bulk", { ...body, account_ids: body.account_ids.slice(at, at + STEP) }),
        ) === false
      )
        return;
    }
    return;
  }
  let cursor;
  do {
    const answer = await post("operator/accounts/bulk", {
      ...body,
      limit: body.dry_run ? LOOK : STEP,
      ...(cursor ? { cursor } : {}),
    });
    if (onStep(answer) === false) return;
    cursor = answer.next_cursor;
  } while (cursor);
}

/** `of` says in words which accounts are meant; `warning` is shown above the reason; `onClose` is told whether it is over. */
export function Bulk({ move, target, of, warning, content = "same", onClose, onDone }) {
  const [verb, done, which] = WORDS[move];
  const [matched, match] = useState({ number: 0, whole: false });
  const [given, set] = useState({ content });
  const [state, to] = useState("asking"); // asking → working → over
  const [result, tell] = useState({ done: 0, seen: 0, others: [] });
  const [problem, fail] = useState(null);
  const stopped = useRef(false);
  const fixed = useRef(target);
  const as_of = useRef(null);
  const put = (name) => (event) => set({ ...given, [name]: event.target.value });
  const body = { action: move, ...fixed.current, ...(move === "retry" ? { content: given.content } : {}) };
  const evidence = move === "resolve" ? { evidence: evidenceOf(given) } : {};

  useEffect(() => {
    let over = false,
      number = 0;
    steps({ ...body, reason: "count", dry_run: true }, (answer) => {
      as_of.current ??= answer.as_of;
      number += answer.counts.would_be_done ?? 0;
      if (!over) match({ number, whole: false });
      return !over;
    }).then(
      () => !over && match({ number, whole: true }),
      (error) => !over && fail(error),
    );
    return () => {
      over = true;
    };
  }, []);

  const act = async (event) => {
    event.preventDefault();
    to("working");
    fail(null);
    let all = { done: 0, seen: 0, others: [] };
    try {
      const before =
        ["retry", "resolve", "skip"].includes(move) && body.filter
          ? { filter: { ...body.filter, failed_before: as_of.current } }
          : {}; // what fails behind the walk was not counted
      await steps({ ...body, ...before, ...evidence, reason: given.reason }, (answer) => {
        all = {
          done: all.done + (answer.counts.done ?? 0) + (answer.counts.unchanged ?? 0),
          seen: all.seen + answer.matched,
          others: [...all.others, ...answer.results.filter((one) => ["refused", "not_done"].includes(one.outcome))],
        };
        tell(all);
        onDone();
        return !stopped.current;
      });
    } catch (error) {
      fail(error);
    }
    to("over");
  };
  const typed = matched.number <= TYPED_ABOVE || given.typed === String(matched.number);
  const close = () => {
    stopped.current = true;
    onClose(state === "over");
  };

  return html`
    <${Dialog} title=${`${verb} accounts`} onClose=${close}>
      <form onSubmit=${act}>
        <h2>${verb} accounts</h2>
        <p role="status">
          ${
            matched.whole
              ? html`
                <strong>${many(matched.number, "account")}</strong> of${" "}
                ${of ?? (fixed.current.filter ? "all that match the filters" : "those selected")} will be ${done}:
                those ${which}.
              `
              : `Counting … ${count(matched.number)} so far`
          }
        </p>
        ${
          state === "asking" &&
          html`
            ${warning && html`<${Note} tone="warn"><p>${warning}</p><//>`}
            ${
              move === "retry" &&
              html`
                <${Field}
                  label="With"
                  value=${given.content}
                  onInput=${put("content")}
                  options=${[["same", "the same content"], ["other", "other content"]]}
                />
              `
            }
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
          `
        }
        ${
          state !== "asking" &&
          html`
            <div class="stack" role="status">
              <progress
                max=${Math.max(matched.number, 1)}
                value=${state === "over" && !problem ? Math.max(matched.number, 1) : result.seen}
                aria-label="Progress"
              ></progress>
              <p>
                <${Icon} name=${state === "over" ? "check" : "play"} /> ${count(result.done)} of${" "}
                ${count(matched.number)} ${done}${result.others.length ? `, ${count(result.others.length)} not` : ""}
                ${state === "over" && stopped.current ? "; stopped" : ""}.
              </p>
              ${
                result.others.length > 0 &&
                html`
                  <details>
                    <summary>${many(result.others.length, "account")} not ${done}</summary>
                    <ul class="stack tight">
                      ${result.others
                        .slice(0, 200)
                        .map(
                          (one) =>
                            html`<li><code>${one.account_id}</code> <bdi>${one.detail ?? one.outcome}</bdi></li>`,
                        )}
                    </ul>
                  </details>
                `
              }
            </div>
          `
        }
        ${problem && html`<${Trouble} problem=${problem} />`}
        <footer>
          ${
            state === "asking"
              ? html`
                <button type="button" onClick=${close}>Cancel</button>
                <button
                  class="main"
                  disabled=${
                    !matched.whole ||
                    matched.number === 0 ||
                    !hasReason(given) ||
                    !typed ||
                    (move === "resolve" && !hasEvidence(given))
                  }
                >
                  ${verb} ${matched.whole ? count(matched.number) : "…"}
                </button>
              `
              : state === "working"
                ? html`
                  <button
                    type="button"
                    onClick=${() => {
                      stopped.current = true;
                    }}
                  >
                    Stop after this step
                  </button>
                `
                : html`<button type="button" class="main" onClick=${close}>Close</button>`
          }
        </footer>
      </form>
    <//>
  `;
}
