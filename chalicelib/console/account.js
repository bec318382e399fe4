// @ts-check
// Account: where one account stands, why, and what was done with it.
import { get } from "./api.js";
import { Events } from "./audit.js";
import { link, now, useLive, useTick } from "./live.js";
import { isImage, Picture } from "./media.js";
import { Migrate } from "./migrate.js";
import { Act } from "./moves.js";
import { Consent, Personal } from "./personal.js";
import { html, useState } from "./preact.js";
import { Parts, Timeline } from "./timeline.js";
import { Drawer, Empty, Icon, Opens, State, shown, Time } from "./ui.js";
import { many, percent, relative, why } from "./words.js";

/** @typedef {Schemas["AccountWithAssignments"]} Account */
/** @typedef {Parameters<typeof Act>[0]["asks"] | { move: "migrate", phase?: undefined }} Asked */
/** @typedef {(asked: Asked) => void} Open */

/** @param {{ id: string }} props */
export function AccountDrawer({ id }) {
  const path = /** @type {const} */ (`operator/accounts/${encodeURIComponent(id)}`);
  const live = useLive(`account:${id}`, (signal) => get(path, {}, { signal }), 4);
  const query = { account_id: id, limit: 25 };
  const events = useLive(`events:${id}`, (signal) => get("operator/audit", query, { signal }), 10);
  const [dialog, setDialog] = useState(/** @type {Asked | null} */ (null));
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
      aside=${account && html`<${Aside} account=${account} id=${id} />`}
    >
      ${shown(
        live,
        (found) => html`
          <${SessionStatus} account=${found} />
          <${Actions} account=${found} ask=${setDialog} />
          <section class="card">
            <header><h3>Phases</h3><small>plan ${found.plan.name} ${found.plan.version}</small></header>
            <${Timeline} account=${found} ask=${setDialog} />
          </section>
          <${Facts} account=${found} ask=${setDialog} />
          <section class="card">
            <header><h3>Assigned content</h3></header>
            <${Assignments} account=${found} />
          </section>
          <section class="card">
            <header><h3>Audit</h3><a href=${link("audit", { account_id: id })}>all events</a></header>
            ${shown(events, (page) =>
              page.items.length
                ? html`<${Events} events=${page.items} transitions />`
                : html`<${Empty} kind="nothing" title="There are no events yet" />`,
            )}
          </section>
          <details class="card"><summary>JSON</summary><pre>${JSON.stringify(found, null, 2)}</pre></details>
        `,
      )}
      ${
        dialog?.move === "migrate" &&
        account &&
        html`
          <${Migrate}
            target=${{ account_ids: [id] }}
            phases=${account.phases.map((one) => one.phase)}
            onClose=${() => setDialog(null)}
            onDone=${done}
          />
        `
      }
      ${
        dialog &&
        dialog.move !== "migrate" &&
        account &&
        html`<${Act} asks=${dialog} account=${account} onClose=${() => setDialog(null)} onDone=${done} />`
      }
    <//>
  `;
}

/** @param {{ account: Account, id: string }} props */
const Aside = ({ account, id }) => html`
  <span class="row">
    <${State} of="account" is=${account.state} />
    <small><bdi>${account.model_id}</bdi> · <code>${id}</code></small>
  </span>
`;

/** @param {{ account: Account }} props */
function SessionStatus({ account }) {
  useTick(1);
  const { completed, total } = account.progress;
  const waiting = account.blockers.filter((one) => one.code !== "finished");
  const next = waiting.find((one) => one.until && one.code !== "leased" && Date.parse(one.until) > now());
  return html`
    <section class="card stack">
      <div class="row spread">
        <strong>${completed} of ${total} phases completed</strong>
        ${next?.until && html`<span>next ${relative(next.until)}</span>`}
      </div>
      <progress max=${total} value=${completed} aria-label="Phases completed"></progress>
      <div class="stack tight">
        ${
          waiting.length
            ? html`<${Waiting} account=${account} blockers=${waiting} />`
            : html`<${Free} account=${account} />`
        }
      </div>
    </section>
  `;
}

/** @type {Record<string, [string, string]>} */
const BLOCKERS = { review: ["alert", "bad"], leased: ["play", "wait"] };

/** @param {{ account: Account, blockers: Schemas["Blocker"][] }} props */
const Waiting = ({ account, blockers }) => html`
  <h3>Why it waits</h3>
  <ul class="stack tight">
    ${blockers.map((one) => {
      const [icon, tone] = BLOCKERS[one.code] ?? ["clock", "wait"];
      return html`
        <li class="row">
          <span class="tone-${tone}"><${Icon} name=${icon} /></span>
          <bdi class="grow prose">${why(one, account.phases)}</bdi>
        </li>
      `;
    })}
  </ul>
`;

/** @param {{ account: Account }} props */
const Free = ({ account }) =>
  account.state === "active"
    ? html`<h3>Finished</h3><p class="soft">The warm-up is completed.</p>`
    : html`<h3>Available</h3><p class="soft">${standing(account)}</p>`;

/**
 * Where an account stands that can be taken: what comes before it, and how often it is its model's turn.
 * @param {Account} account
 */
function standing({ queue_place: place, model_id: model }) {
  if (!place) return "Workers find this account within seconds.";
  const before = `${place.more_before ? "more than " : ""}${many(place.before, "account")}`;
  const first = place.before ? `Before it: ${before} of its model.` : "It is the next account of its model.";
  if (place.models === 1) return first;
  return `${first} ${place.models} models have work, and ${model} gets ${percent(place.share, 1)} of the turns.`;
}

/**
 * The phase that an operator decides on; the last one, where workers left the completion too often.
 * @param {Account} account
 */
function stuck({ phases, current_phase, phase_status }) {
  if (current_phase === null) return phase_status === "requires_review" ? phases.at(-1) : undefined;
  return phases.find(
    (phase) => phase.phase === current_phase && (phase.status === "failed" || phase.status === "requires_review"),
  );
}

/** @type {[Asked["move"], string, string]} */
const PAUSE = ["pause", "Pause", "pause"];
/** @type {[Asked["move"], string, string]} */
const RETIRE = ["retire", "Retire", "stop"];
/** @type {Record<Account["state"], [Asked["move"], string, string][]>} */
const ACTIONS = {
  imported: [["ready", "Mark as ready", "check"], RETIRE],
  ready: [PAUSE, RETIRE],
  warming_up: [PAUSE, ["reset", "Reset", "retry"], RETIRE],
  paused: [["resume", "Resume", "play"], RETIRE],
  active: [RETIRE],
  retired: [["restore", "Restore", "retry"]],
};

/** @param {{ account: Account, ask: Open }} props */
function Actions({ account, ask }) {
  const phase = stuck(account);
  const consents = account.state === "imported" && !account.consent;
  return html`
    <div class="row" role="group" aria-label="Actions">
      ${
        phase &&
        html`
          <${Opens}
            kind=${phase.error_kind === "unknown" ? "" : "main"}
            icon="retry"
            onClick=${() => ask({ move: "retry", phase: phase.phase })}
          >
            Retry ${phase.phase}
          <//>
          <${Opens} needs="review:write" icon="check"
            onClick=${() => ask({ move: "resolve", phase: phase.phase })}>Resolve<//>
        `
      }
      ${ACTIONS[account.state].map(([move, word, icon]) =>
        move === "ready" && consents
          ? html`<${Opens} needs="consent:write" icon="check"
            onClick=${() => ask({ move: "consent" })}>Record consent<//>`
          : html`
            <${Opens}
              kind=${move === "retire" || move === "reset" ? "danger" : ""}
              icon=${icon}
              onClick=${() => ask({ move })}
            >
              ${word}
            <//>
          `,
      )}
      ${
        ["imported", "ready", "warming_up", "paused"].includes(account.state) &&
        html`<${Opens} needs="accounts:write" icon="plan" onClick=${() => ask({ move: "migrate" })}>Migrate<//>`
      }
    </div>
  `;
}

/** @param {{ account: Account, ask: Open }} props */
const Facts = ({ account, ask }) => html`
  <section class="card">
    <header><h3>Lease and consent</h3></header>
    <dl class="facts">
      <dt>Lease</dt>
      <dd>${account.lease ? html`<${Lease} account=${account} lease=${account.lease} />` : "no worker holds it"}</dd>
      ${account.lease?.live && html`<${Heartbeat} session=${account.lease.session_id} />`}
      <${Consent} account=${account} ask=${ask} />
      <dt>Theme, tags</dt>
      <dd>${account.theme ?? "no theme"}${account.tags.length ? ` · ${account.tags.join(", ")}` : ""}</dd>
      <dt>Created</dt>
      <dd><${Time} at=${account.created_at} /> · version ${account.version}</dd>
      <${Personal} account=${account} ask=${ask} />
    </dl>
  </section>
`;

/** @param {{ account: Account, lease: NonNullable<Account["lease"]> }} props */
const Lease = ({ account, lease }) => html`
  ${lease.live ? "live" : "expired"}, held by <bdi>${lease.bot_id}</bdi> in <code>${lease.session_id}</code>
  ${account.working_since && html` since <${Time} at=${account.working_since} />`}
  , ${lease.live ? "ends" : "since"} <${Time} at=${lease.expires_at} />
`;

/** @param {{ session: string }} props */
function Heartbeat({ session }) {
  const path = /** @type {const} */ (`operator/sessions/${session}`);
  const live = useLive(`holder:${session}`, (signal) => get(path, {}, { signal }), 10);
  if (!live.data) return null;
  const { last_seen_at: at, client, host } = live.data;
  return html`
    <dt>Heartbeat</dt>
    <dd>
      last seen <${Time} at=${at} />
      ${client && html` · <bdi>${client}</bdi>`}
      ${host && html` on <bdi>${host}</bdi>`}
    </dd>
  `;
}

/** @param {{ account: Account }} props */
const Assignments = ({ account }) =>
  account.assignments.length === 0
    ? html`<${Empty} kind="nothing" title="Nothing has been assigned yet" />`
    : html`
      <ul class="stack">
        ${account.assignments.map(
          (one) => html`
            <li key=${one.assignment_id} class="stack tight">
              <${Assignment} one=${one} />
              ${
                one.content_id &&
                html`<${Item} model=${one.model_id} kind="content" id=${one.content_id} scores=${one.scores.content} />`
              }
              ${
                one.text_id &&
                html`<${Item} model=${one.model_id} kind="texts" id=${one.text_id} scores=${one.scores.text} />`
              }
            </li>
          `,
        )}
      </ul>
    `;

/** @param {{ one: Schemas["Assignment"] }} props */
function Assignment({ one }) {
  const state = one.ended_at ? "ended" : one.delivered_at ? "delivered" : "assigned";
  return html`
    <div class="row spread">
      <strong>${one.phase}</strong>
      <small><${Time} at=${one.assigned_at} />, by <bdi>${one.assigned_by.replace(":", " ")}</bdi></small>
    </div>
    <div class="row">
      <span class="soft">${one.outcome?.replaceAll("_", " ") ?? state}</span>
      <small class="prose"><bdi>${one.assignment_reason}</bdi></small>
    </div>
  `;
}

/** @param {{ model: string, kind: "content" | "texts", id: string, scores?: Record<string, number | string> }} props */
function Item({ model, kind, id, scores }) {
  const path = /** @type {const} */ (`operator/models/${model}/${kind}/${id}`);
  const query = kind === "content" ? { with_url: true } : {};
  const live = useLive(`item:${kind}:${id}`, (signal) => get(path, query, { signal }), 0);
  const item = live.data;
  return html`
    <div class="row">
      ${item && "url" in item && isImage(item) && html`<${Picture} kind="thumb" id=${id} url=${item.url} />`}
      <div class="grow stack tight">
        <a href=${link("content", { model, item: `${model}/${kind}/${id}` })}><code>${id}</code></a>
        ${item && "body" in item && html`<bdi class="prose">${item.body}</bdi>`}
        ${scores ? html`<${Parts} parts=${scores} />` : html`<small>assigned by hand: no score</small>`}
      </div>
    </div>
  `;
}
