// @ts-check
// The actions that an operator can take on an account, each in a dialog.
import { find, patch, post } from "./api.js";
import { RetryContent } from "./bulk.js";
import { Ask, EvidenceFields, evidenceOf, Field, hasEvidence, hasReason, Reason } from "./dialogs.js";
import { useLive } from "./live.js";
import { html } from "./preact.js";
import { Note, toast } from "./ui.js";
import { clipped } from "./words.js";

/** @typedef {Schemas["AccountWithAssignments"]} Account */
/** @typedef {"retry" | "resolve" | "skip" | "assign"} PhaseMove */
/** @typedef {"consent" | "consent/withdraw" | "edit" | "erase"} ConsentMove */
/** @typedef {ConsentMove | "ready" | "pause" | "resume" | "reset" | "retire" | "restore" | PhaseMove} Move */
/** @typedef {{ move: Move, phase?: string }} Asked */

/**
 * Title, label, result, and what it means.
 * @type {Record<Move, [string, string, string, string]>}
 */
const MOVES = {
  consent: [
    "Record the owner's consent",
    "Record",
    "consent recorded",
    "Who owns the account, when the owner agreed, and where that is recorded. Nothing is handed out without it.",
  ],
  edit: ["Edit the account", "Save", "saved", "An empty field takes the value away."],
  erase: [
    "Erase the words of persons",
    "Erase",
    "erased",
    "The account is retired for good, and every word of a person is replaced, this reason included. No undo.",
  ],
  "consent/withdraw": [
    "Withdraw the owner's consent",
    "Withdraw",
    "consent withdrawn",
    "Its worker loses the account at once, and nothing is handed out until a new consent is recorded.",
  ],
  ready: ["Mark the account as ready", "Mark as ready", "marked as ready", "Workers can start its warm-up."],
  pause: ["Pause the account", "Pause", "paused", "Its work is no longer offered. Work in progress can be finished."],
  resume: ["Resume the account", "Resume", "resumed", "Its work is offered again. Due times do not change."],
  reset: [
    "Reset the account",
    "Reset",
    "reset",
    "The warm-up starts again at the first phase. The history is kept, and used items are not used again.",
  ],
  retire: ["Retire the account", "Retire", "retired", "The service stops working on it until an operator restores it."],
  restore: [
    "Restore the account",
    "Restore",
    "restored",
    "The account is imported again, with its audit and its used items. Its warm-up starts at the first phase.",
  ],
  retry: [
    "Retry",
    "Retry",
    "offered again",
    "The phase is offered again at once, and its retries are counted from zero.",
  ],
  resolve: [
    "Resolve as done",
    "Resolve",
    "resolved",
    "The phase is completed (it was done outside the service). Give the evidence.",
  ],
  skip: ["Skip", "Skip", "skipped", "The phase is completed and marked as skipped."],
  assign: [
    "Assign content by hand",
    "Assign",
    "assigned by hand",
    "Rights and usage limits apply, and no item is used twice on one account. The score does not count.",
  ],
};

/**
 * @param {Move} move
 * @param {Given} given
 */
function bodyOf(move, given) {
  if (move === "consent") {
    const end = given.until ? { valid_until: given.until } : {};
    return { granted_by: given.by.trim(), granted_at: given.on, reference: given.reference.trim(), ...end };
  }
  if (move === "edit") {
    const tags = given.tags.split(/[\s,]+/).filter(Boolean);
    return { username: given.username.trim(), theme: given.theme || null, tags, external_ref: given.external || null };
  }
  /** @type {Record<string, unknown>} */
  const body = { reason: given.reason };
  if (move === "retry") body.content = given.content;
  if (move === "resolve") body.evidence = evidenceOf(given);
  if (move === "assign") for (const name of ["content_id", "text_id"]) if (given[name]) body[name] = given[name];
  return body;
}

/**
 * @param {Move} move
 * @param {Given} given
 */
function isReady(move, given) {
  if (move === "consent") return given.by?.trim() && given.on && given.reference?.trim();
  if (move === "edit") return given.username?.trim();
  if (move === "resolve" && !hasEvidence(given)) return false;
  if (move === "assign" && !given.content_id && !given.text_id) return false;
  return hasReason(given);
}

/**
 * Sends the action. Which body belongs to which action is not known to the type of the path.
 * @param {Account} account
 * @param {Asked} asked
 * @param {any} body
 */
function send(account, { move, phase }, body) {
  const id = encodeURIComponent(account.account_id);
  if (move === "edit") return patch(`operator/accounts/${id}`, body, account.version);
  if (phase) return post(`operator/accounts/${id}/phases/${phase}/${/** @type {PhaseMove} */ (move)}`, body);
  return post(`operator/accounts/${id}/${/** @type {Exclude<Move, PhaseMove | "edit">} */ (move)}`, body);
}

/** @param {{ asks: Asked, account: Account, onClose: () => void, onDone: () => void }} props */
export function Act({ asks, account, onClose, onDone }) {
  const { move, phase } = asks;
  const [title, label, done, lead] = MOVES[move];
  const kind = account.phases.find((one) => one.phase === phase)?.error_kind;
  /** @param {Given} given */
  const act = async (given) => {
    const answer = await send(account, asks, bodyOf(move, given));
    toast(`${account.username}: ${phase ? `${phase} ` : ""}${done}${answer.replayed ? " before" : ""}.`);
    onDone();
  };
  return html`
    <${Ask}
      title=${phase ? `${title}: ${phase}` : title}
      label=${label}
      lead=${lead}
      danger=${move === "reset" || ["retire", "erase", "consent/withdraw"].includes(move)}
      values=${valuesOf(account, kind)}
      ready=${(given) => isReady(move, given)}
      act=${act}
      onClose=${onClose}
      fields=${(given, put) => html`
        ${move === "retry" && kind === "unknown" && html`<${UnknownWarning} />`}
        ${move === "retry" && html`<${RetryContent} given=${given} put=${put} />`}
        ${move === "resolve" && html`<${EvidenceFields} given=${given} put=${put} />`}
        ${phase && move === "assign" && html`<${Choose} account=${account} phase=${phase} given=${given} put=${put} />`}
        ${
          move === "consent"
            ? html`<${ConsentFields} given=${given} put=${put} />`
            : move === "edit"
              ? html`<${ProfileFields} given=${given} put=${put} />`
              : html`<${Reason} given=${given} put=${put} />`
        }
      `}
    />
  `;
}

/**
 * What the fields of a dialog hold first.
 * @param {Account} account
 * @param {string | null | undefined} kind
 */
const valuesOf = (account, kind) => ({
  content: kind === "content" ? "other" : "same",
  username: account.username,
  theme: account.theme ?? "",
  tags: account.tags.join(", "),
  external: account.external_ref ?? "",
});

/** @param {{ given: Given, put: Put }} props */
const ProfileFields = ({ given, put }) => html`
  <${Field} label="User name" value=${given.username ?? ""} onInput=${put("username")} most=${200} required />
  <${Field} label="Theme" value=${given.theme ?? ""} onInput=${put("theme")} most=${40} />
  <${Field} label="Tags, separated by commas" value=${given.tags ?? ""} onInput=${put("tags")} />
  <${Field} label="Reference in another system" value=${given.external ?? ""} onInput=${put("external")} most=${200} />
`;

const UnknownWarning = () => html`
  <${Note} tone="warn">
    <p>
      The outcome is unknown. Retry only if you know that it did <strong>not</strong> happen: otherwise it may happen
      twice.
    </p>
  <//>
`;

/** @param {{ given: Given, put: Put }} props */
const ConsentFields = ({ given, put }) => html`
  <${Field} label="Granted by" value=${given.by ?? ""} onInput=${put("by")} most=${200} required />
  <${Field} label="Granted on" type="date" value=${given.on ?? ""} onInput=${put("on")} required />
  <${Field}
    label="Reference, such as a contract number"
    value=${given.reference ?? ""}
    onInput=${put("reference")}
    most=${200}
    required
  />
  <${Field} label="Valid until (the end of that day)" type="date" value=${given.until ?? ""} onInput=${put("until")} />
`;

/**
 * The approved items of a category and of `any`.
 * @template {"content" | "texts"} K
 * @param {string} model
 * @param {K} kind
 * @param {string} phase
 */
function useItems(model, kind, phase) {
  /** @param {AbortSignal} signal */
  const read = async (signal) => {
    const pages = [phase, "any"].map((category) =>
      find(`operator/models/${model}/${kind}`, { category, status: "approved" }, 50, { signal }),
    );
    return (await Promise.all(pages)).flatMap((page) => page.items);
  };
  return useLive(`choose:${kind}:${phase}`, read, 0).data ?? [];
}

/**
 * The items of the phase's category and of `any`, to choose one by hand.
 * @param {{ account: Account, phase: string, given: Given, put: Put }} props
 */
function Choose({ account, phase, given, put }) {
  const media = useItems(account.model_id, "content", phase);
  const texts = useItems(account.model_id, "texts", phase);
  /** @param {{ category: string, usage_count: number, max_usage: number }} item */
  const about = (item) => `(${item.category}, ${item.usage_count} of ${item.max_usage} uses)`;
  const none = ["", "–"];
  return html`
    <${Field}
      label="Media"
      value=${given.content_id ?? ""}
      onInput=${put("content_id")}
      options=${[none, ...media.map((item) => [item.content_id, `${item.content_id} ${about(item)}`])]}
    />
    <${Field}
      label="Text"
      value=${given.text_id ?? ""}
      onInput=${put("text_id")}
      options=${[none, ...texts.map((item) => [item.text_id, `${clipped(item.body, 50)} ${about(item)}`])]}
    />
  `;
}
