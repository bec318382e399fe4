// Account: where one account stands, why, what was done with it, and every move that people can make.

import { find, get, post } from "./api.js";
import { Events } from "./audit.js";
import { link, now, useLive, useTick } from "./live.js";
import { steady } from "./pipeline.js";
import { html, useState } from "./preact.js";
import {
  Ask,
  Drawer,
  Empty,
  EvidenceFields,
  evidenceOf,
  Field,
  hasEvidence,
  hasReason,
  Icon,
  Live,
  Note,
  Reason,
  State,
  Time,
  toast,
} from "./ui.js";
import { clipped, KIND, many, PHASE, relative, span, why } from "./words.js";

export function AccountDrawer({ id }) {
  const live = useLive(
    `account:${id}`,
    (signal) => get(`operator/accounts/${encodeURIComponent(id)}`, {}, { signal }),
    4,
  );
  const events = useLive(
    `events:${id}`,
    (signal) => get("operator/audit", { account_id: id, limit: 25 }, { signal }),
    10,
  );
  const [asks, ask] = useState(null);
  const account = live.data;
  const done = () => {
    live.reload();
    events.reload();
  };
  return html`
    <${Drawer}
      title=${account?.username ?? id}
      label=${`Account ${id}`}
      names=${["account"]}
      aside=${
        account &&
        html`
          <span class="row">
            <${State} of="account" is=${account.state} />
            <small><bdi>${account.model_id}</bdi> · <code>${id}</code></small>
          </span>
        `
      }
    >
      <${Live} of=${live}>
        ${(found) => html`
          <${Standing} account=${found} />
          <${Actions} account=${found} ask=${ask} />
          <section class="card">
            <header><h3>Phases</h3><small>plan ${found.plan.name} ${found.plan.version}</small></header>
            <${Timeline} account=${found} ask=${ask} />
          </section>
          <${Facts} account=${found} ask=${ask} />
          <section class="card">
            <header><h3>Assigned content</h3></header>
            <${Assignments} account=${found} />
          </section>
          <section class="card">
            <header><h3>Audit</h3><a href=${link("audit", { account_id: id })}>all of it</a></header>
            <${Live} of=${events}>
              ${(page) =>
                page.items.length
                  ? html`<${Events} events=${page.items} moves />`
                  : html`<${Empty} kind="nothing" title="No event yet" />`}
            <//>
          </section>
          <details class="card"><summary>JSON</summary><pre>${JSON.stringify(found, null, 2)}</pre></details>
        `}
      <//>
      ${asks && account && html`<${Act} asks=${asks} account=${account} onClose=${() => ask(null)} onDone=${done} />`}
    <//>
  `;
}

function Standing({ account }) {
  useTick(1);
  const { completed, total } = account.progress;
  const waiting = account.blockers.filter((one) => one.code !== "finished");
  const next = waiting.find((one) => one.until && one.code !== "leased" && Date.parse(one.until) > now());
  return html`
    <section class="card stack">
      <div class="row spread">
        <strong>${completed} of ${total} phases completed</strong>
        ${next && html`<span>next ${relative(next.until)}</span>`}
      </div>
      <progress max=${total} value=${completed} aria-label="Phases completed"></progress>
      <div class="stack tight">
        <h3>
          ${waiting.length ? "Why it waits" : account.state === "active" ? "Finished" : "Nothing stands in its way"}
        </h3>
        ${
          waiting.length
            ? html`
              <ul class="stack tight">
                ${waiting.map(
                  (one) =>
                    html`
                      <li class="row">
                        <span class="tone-${one.code === "review" ? "bad" : "wait"}">
                          <${Icon}
                            name=${one.code === "review" ? "alert" : one.code === "leased" ? "play" : "clock"}
                          />
                        </span>
                        <bdi class="grow prose">${why(one, account.phases)}</bdi>
                      </li>
                    `,
                )}
              </ul>
            `
            : html`
              <p class="soft">
                ${account.state === "active" ? "The warm-up is completed." : "The next worker who asks is given it."}
              </p>
            `
        }
      </div>
    </section>
  `;
}

/** The phase that an operator decides on; the last one, where workers left the completion too often. */
const stuck = (account) =>
  account.phases.find(
    (phase, place) =>
      (phase.phase === account.current_phase && ["failed", "requires_review"].includes(phase.status)) ||
      (account.current_phase === null &&
        account.phase_status === "requires_review" &&
        place === account.phases.length - 1),
  );

function Actions({ account, ask }) {
  const can = {
    imported: [
      account.consent ? ["ready", "Declare ready", "check"] : ["consent", "Record consent", "check"],
      ["retire", "Retire", "stop"],
    ],
    ready: [
      ["pause", "Pause", "pause"],
      ["retire", "Retire", "stop"],
    ],
    warming_up: [
      ["pause", "Pause", "pause"],
      ["reset", "Reset", "retry"],
      ["retire", "Retire", "stop"],
    ],
    paused: [
      ["resume", "Resume", "play"],
      ["retire", "Retire", "stop"],
    ],
    active: [["retire", "Retire", "stop"]],
    retired: [["restore", "Restore", "retry"]],
  }[account.state];
  const phase = stuck(account);
  return html`
    <div class="row" role="group" aria-label="Moves">
      ${
        phase &&
        html`
          <button
            type="button"
            class=${phase.error_kind === "unknown" ? "" : "main"}
            onClick=${() => ask({ move: "retry", phase: phase.phase })}
          >
            <${Icon} name="retry" />Retry ${phase.phase} …
          </button>
          <button type="button" onClick=${() => ask({ move: "resolve", phase: phase.phase })}>
            <${Icon} name="check" />Resolve …
          </button>
        `
      }
      ${can.map(
        ([move, word, icon]) =>
          html`
            <button
              type="button"
              class=${["retire", "reset"].includes(move) ? "danger" : ""}
              onClick=${() => ask({ move })}
            >
              <${Icon} name=${icon} />${word} …
            </button>
          `,
      )}
    </div>
  `;
}

function Timeline({ account, ask }) {
  if (account.phases.length === 0) return html`<${Empty} kind="nothing" title="The warm-up has not begun" />`;
  return html`
    <ol class="timeline">
      ${account.phases.map((phase) => {
        const [icon, , tone] = phase.skipped ? PHASE.skipped : PHASE[phase.status];
        const current = phase.phase === account.current_phase,
          open = phase.status !== "completed" && ["warming_up", "paused"].includes(account.state);
        const tried = [
          phase.attempt && many(phase.attempt, "attempt"),
          phase.retry_count && many(phase.retry_count, "retry"),
          phase.crash_count && many(phase.crash_count, "crash"),
          phase.release_count && many(phase.release_count, "release"),
          phase.swap_count && many(phase.swap_count, "swap"),
        ]
          .filter(Boolean)
          .join(", ");
        return html`
          <li key=${phase.phase}>
            <span class="dot tone-${tone}"><${Icon} name=${icon} /></span>
            <div class="stack tight">
              <div class="row">
                <strong>${phase.phase}</strong>
                <${State} of="phase" is=${phase.skipped ? "skipped" : phase.status} />
                ${current && html`<small>current</small>`}
              </div>
              <div class="row">
                <small>
                  <${When} phase=${phase} />
                  ${phase.bot_id && html` · by <bdi>${phase.bot_id}</bdi>`}
                  ${tried && ` · ${tried}`}
                  ${
                    phase.execution_time_ms !== null &&
                    phase.execution_time_ms !== undefined &&
                    ` · took ${span(phase.execution_time_ms)}`
                  }
                </small>
              </div>
              ${
                phase.error_message &&
                html`
                  <div class="note ${phase.status === "requires_review" ? "bad" : "warn"}">
                    <p>
                      <strong>${KIND[phase.error_kind] ?? phase.error_kind ?? "no report"}</strong>
                      ${" "}
                      <code>${phase.error_code}</code>
                      <br />
                      <bdi class="prose">${phase.error_message}</bdi>
                    </p>
                    ${
                      phase.error_details &&
                      html`
                        <details>
                          <summary>Details</summary>
                          <pre>${JSON.stringify(phase.error_details, null, 2)}</pre>
                        </details>
                      `
                    }
                  </div>
                `
              }
              ${
                phase.platform_response &&
                html`
                  <details>
                    <summary>What the worker told</summary>
                    <pre>${JSON.stringify(phase.platform_response, null, 2)}</pre>
                  </details>
                `
              }
              ${
                open &&
                html`
                  <div class="row">
                    ${
                      current &&
                      ["failed", "requires_review"].includes(phase.status) &&
                      html`
                        <button
                          type="button"
                          class="tiny"
                          onClick=${() => ask({ move: "retry", phase: phase.phase })}
                        >
                          Retry …
                        </button>
                        <button
                          type="button"
                          class="tiny"
                          onClick=${() => ask({ move: "resolve", phase: phase.phase })}
                        >
                          Resolve with evidence …
                        </button>
                      `
                    }
                    ${
                      current &&
                      ["available", "content_assigned"].includes(phase.status) &&
                      html`
                        <button
                          type="button"
                          class="tiny"
                          onClick=${() => ask({ move: "assign", phase: phase.phase })}
                        >
                          Assign by hand …
                        </button>
                      `
                    }
                    <button type="button" class="tiny" onClick=${() => ask({ move: "skip", phase: phase.phase })}>
                      Skip …<span class="unseen"> ${phase.phase}</span>
                    </button>
                    <${Explain} account=${account} phase=${phase.phase} />
                  </div>
                `
              }
            </div>
          </li>
        `;
      })}
    </ol>
  `;
}

function When({ phase }) {
  const [word, at] = phase.completed_at
    ? ["completed", phase.completed_at]
    : phase.status === "in_progress"
      ? ["begun", phase.started_at]
      : phase.status === "requires_review"
        ? ["stopped", phase.updated_at]
        : phase.status === "failed"
          ? ["next try due", phase.available_at]
          : ["due", phase.available_at];
  return at ? html`${word} <${Time} at=${at} />` : "after the phase before it";
}

/** What selection would choose now, on demand. */
function Explain({ account, phase }) {
  const [found, set] = useState(null);
  const [problem, fail] = useState(null);
  const look = () => {
    fail(null);
    if (found) set(null);
    else get(`operator/accounts/${account.account_id}/phases/${phase}/explain`, { limit: 5 }).then(set, fail);
  };
  return html`
    <button type="button" class="tiny" aria-expanded=${found !== null} onClick=${look}>
      What would be chosen?<span class="unseen"> ${phase}</span>
    </button>
    ${problem && html`<small class="tone-bad">${problem.detail}</small>`}
    ${found?.needs.map(
      (need) => html`
          <div class="stack tight whole-row">
            <strong>
              ${need.kind}
              ${need.need === "none" ? ": not needed" : need.leading.length ? "" : ": nothing is eligible"}
            </strong>
            ${need.leading.map(
              (one, place) =>
                html`
                  <div>
                    <small>${place + 1}. <code>${one.item_id}</code> ${one.score.toFixed(1)}</small>
                    <${Parts} parts=${one} />
                  </div>
                `,
            )}
            ${
              Object.entries(need.reasons ?? {}).length > 0 &&
              html`
                <small>
                  refused:${" "}
                  ${Object.entries(need.reasons)
                    .map(([reason, number]) => `${number} ${reason.replaceAll("_", " ")}`)
                    .join(", ")}
                </small>
              `
            }
          </div>
        `,
    )}
  `;
}

const Parts = ({ parts }) =>
  html`
    <div class="parts">
      ${[
        ["quality", "30 %"],
        ["freshness", "25 %"],
        ["success", "25 %"],
        ["relevance", "20 %"],
      ]
        .filter(([name]) => typeof parts[name] === "number")
        .map(
          ([name, weight]) => html`
            <span>${name} <small>${weight}</small></span>
            <meter min="0" max="100" value=${parts[name]} aria-label=${name}></meter>
            <span class="number">${parts[name].toFixed(1)}</span>
          `,
        )}
    </div>
  `;

function Facts({ account, ask }) {
  const lease = account.lease;
  const session = useLive(
    lease?.live ? `holder:${lease.session_id}` : null,
    (signal) => get(`operator/sessions/${lease.session_id}`, {}, { signal }),
    10,
  );
  return html`
    <section class="card">
      <header><h3>Lease and consent</h3></header>
      <dl class="facts">
        <dt>Lease</dt>
        <dd>
          ${
            lease
              ? html`
                ${lease.live ? "live" : "ran out"}, held by <bdi>${lease.bot_id}</bdi> in${" "}
                <code>${lease.session_id}</code>
                ${account.working_since && html` since <${Time} at=${account.working_since} />`},${" "}
                ${lease.live ? "ends" : "since"} <${Time} at=${lease.expires_at} />
              `
              : "nobody works on it"
          }
        </dd>
        ${
          lease?.live &&
          session.data &&
          html`
            <dt>Heartbeat</dt>
            <dd>
              last seen <${Time} at=${session.data.last_seen_at} />
              ${session.data.client && html` · <bdi>${session.data.client}</bdi>`}
              ${session.data.host && html` on <bdi>${session.data.host}</bdi>`}
            </dd>
          `
        }
        <dt>Consent</dt>
        <dd>
          ${
            account.consent
              ? html`
                <bdi>${account.consent.granted_by}</bdi>, <${Time} at=${account.consent.granted_at} /> (
                <bdi>${account.consent.reference}</bdi>)
              `
              : "not recorded"
          }
          ${
            account.state !== "retired" &&
            html`
              ${" "}
              <button type="button" class="tiny" onClick=${() => ask({ move: "consent" })}>
                ${account.consent ? "Renew …" : "Record …"}
              </button>
            `
          }
        </dd>
        <dt>Theme, tags</dt>
        <dd>${account.theme ?? "no theme"}${account.tags.length ? ` · ${account.tags.join(", ")}` : ""}</dd>
        <dt>In care since</dt>
        <dd><${Time} at=${account.created_at} /> · version ${account.version}</dd>
      </dl>
    </section>
  `;
}

function Assignments({ account }) {
  if (account.assignments.length === 0)
    return html`
    <${Empty} kind="nothing" title="Nothing has been assigned yet" />
  `;
  return html`
    <ul class="stack">
      ${account.assignments.map(
        (one) => html`
          <li key=${one.assignment_id} class="stack tight">
            <div class="row spread">
              <strong>${one.phase}</strong>
              <small><${Time} at=${one.assigned_at} />, by <bdi>${one.assigned_by.replace(":", " ")}</bdi></small>
            </div>
            <div class="row">
              <span class="soft">
                ${
                  one.outcome
                    ? one.outcome.replaceAll("_", " ")
                    : one.ended_at
                      ? "ended"
                      : one.delivered_at
                        ? "delivered"
                        : "assigned"
                }
              </span>
              <small class="prose"><bdi>${one.assignment_reason}</bdi></small>
            </div>
            ${
              one.content_id &&
              html`<${Item} account=${account} kind="content" id=${one.content_id} scores=${one.scores.content} />`
            }
            ${
              one.text_id &&
              html`<${Item} account=${account} kind="texts" id=${one.text_id} scores=${one.scores.text} />`
            }
          </li>
        `,
      )}
    </ul>
  `;
}

function Item({ account, kind, id, scores }) {
  const live = useLive(
    `item:${kind}:${id}`,
    (signal) =>
      get(`operator/models/${account.model_id}/${kind}/${id}`, kind === "content" ? { with_url: true } : {}, {
        signal,
      }),
    0,
  );
  return html`
    <div class="row">
      ${
        live.data &&
        kind === "content" &&
        live.data.media_type.startsWith("image/") &&
        html`<img class="thumb" src=${steady(id, live.data.url)} alt=${`Media ${id}`} />`
      }
      <div class="grow stack tight">
        <a href=${link("content", { model: account.model_id, item: `${account.model_id}/${kind}/${id}` })}>
          <code>${id}</code>
        </a>
        ${live.data?.body && html`<bdi class="prose">${live.data.body}</bdi>`}
        ${scores ? html`<${Parts} parts=${scores} />` : html`<small>assigned by hand: no score</small>`}
      </div>
    </div>
  `;
}

// the moves

// [title, label, what came of it, what it means]
const MOVES = {
  consent: [
    "Record the owner's consent",
    "Record",
    "consent recorded",
    "Who owns the account and agreed, when, and where that is written. Without it the account cannot become ready.",
  ],
  ready: ["Declare the account ready", "Declare ready", "declared ready", "Workers may start its warm-up."],
  pause: ["Pause the account", "Pause", "paused", "Its work is handed out no more; what is under way may be finished."],
  resume: ["Resume the account", "Resume", "resumed", "Its work is handed out again, as of when it fell due."],
  reset: ["Reset the account", "Reset", "reset", "The warm-up begins anew; history and used items stay."],
  retire: ["Retire the account", "Retire", "retired", "It leaves the service's care, until somebody restores it."],
  restore: [
    "Restore the account",
    "Restore",
    "restored",
    "It is imported again; what it has used and its audit stay, and its warm-up begins at the first phase.",
  ],
  retry: ["Retry", "Retry", "offered again", "The phase is offered again at once, with fresh limits."],
  resolve: ["Resolve as done outside", "Resolve", "resolved", "The phase counts as completed: say what shows it."],
  skip: ["Skip", "Skip", "skipped", "The phase counts as completed, and is marked as skipped."],
  assign: [
    "Assign content by hand",
    "Assign",
    "assigned by hand",
    "Rights, caps and “never twice on one account” hold; the score does not.",
  ],
};

export function Act({ asks, account, onClose, onDone }) {
  const { move, phase } = asks;
  const [title, label, done, lead] = MOVES[move];
  const kind = account.phases.find((one) => one.phase === phase)?.error_kind;
  const act = async (given) => {
    const path = `operator/accounts/${encodeURIComponent(account.account_id)}/${phase ? `phases/${phase}/` : ""}${move}`;
    const body =
      move === "consent"
        ? { granted_by: given.by.trim(), granted_at: given.on, reference: given.reference.trim() }
        : { reason: given.reason };
    if (move === "retry") body.content = given.content;
    if (move === "resolve") body.evidence = evidenceOf(given);
    if (move === "assign") for (const name of ["content_id", "text_id"]) if (given[name]) body[name] = given[name];
    const answer = await post(path, body);
    toast(`${account.username}: ${phase ? `${phase} ` : ""}${done}${answer.replayed ? " before" : ""}.`);
    onDone();
  };
  const ready = (given) =>
    move === "consent"
      ? given.by?.trim() && given.on && given.reference?.trim()
      : hasReason(given) &&
        (move !== "resolve" || hasEvidence(given)) &&
        (move !== "assign" || given.content_id || given.text_id);
  return html`
    <${Ask}
      title=${phase ? `${title}: ${phase}` : title}
      label=${label}
      lead=${lead}
      danger=${["reset", "retire"].includes(move)}
      values=${{ content: kind === "content" ? "other" : "same" }}
      ready=${ready}
      act=${act}
      onClose=${onClose}
      fields=${(given, put) => html`
        ${
          move === "retry" &&
          kind === "unknown" &&
          html`
            <${Note} tone="warn">
              <p>
                The outcome is unknown: whoever retries it says that it did <strong>not</strong> happen, or it may
                happen twice.
              </p>
            <//>
          `
        }
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
        ${move === "assign" && html`<${Choose} account=${account} phase=${phase} given=${given} put=${put} />`}
        ${
          move === "consent"
            ? html`
              <${Field} label="Granted by" value=${given.by ?? ""} onInput=${put("by")} most=${200} required />
              <${Field} label="Granted on" type="date" value=${given.on ?? ""} onInput=${put("on")} required />
              <${Field}
                label="Reference, such as a contract's number"
                value=${given.reference ?? ""}
                onInput=${put("reference")}
                most=${200}
                required
              />
            `
            : html`<${Reason} given=${given} put=${put} />`
        }
      `}
    />
  `;
}

/** The items of the phase's category and of `any`, to choose one by hand. */
function Choose({ account, phase, given, put }) {
  const read = (kind) => async (signal) =>
    (
      await Promise.all(
        [phase, "any"].map((category) =>
          find(`operator/models/${account.model_id}/${kind}`, { category, status: "approved" }, 50, { signal }),
        ),
      )
    ).flatMap((page) => page.items);
  const media = useLive(`choose:content:${phase}`, read("content"), 0),
    texts = useLive(`choose:texts:${phase}`, read("texts"), 0);
  const uses = (item) => `${item.usage_count} of ${item.max_usage} uses`;
  return html`
    <${Field}
      label="Media"
      value=${given.content_id ?? ""}
      onInput=${put("content_id")}
      options=${[
        ["", "–"],
        ...(media.data ?? []).map((item) => [item.content_id, `${item.content_id} (${item.category}, ${uses(item)})`]),
      ]}
    />
    <${Field}
      label="Text"
      value=${given.text_id ?? ""}
      onInput=${put("text_id")}
      options=${[
        ["", "–"],
        ...(texts.data ?? []).map((item) => [
          item.text_id,
          `${clipped(item.body, 50)} (${item.category}, ${uses(item)})`,
        ]),
      ]}
    />
  `;
}
