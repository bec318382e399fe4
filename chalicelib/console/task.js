// @ts-check
// One task in progress: its content, and the reports that end it.
import { post } from "./api.js";
import { Ask, Field } from "./dialogs.js";
import { steady } from "./media.js";
import { html, useState } from "./preact.js";
import { Account, copy, Icon, Note, Opens, Time, toast } from "./ui.js";
import { bytes } from "./words.js";

/**
 * @typedef {{
 *   account_id: string, phase: string, username: string, lease: Schemas["OwnLease"], problem?: Trouble,
 *   content?: Schemas["Media"] | null, text?: Schemas["Words"] | null, withdrawn?: boolean,
 * }} Task
 */

/**
 * @param {string} session
 * @param {string} [token]
 */
export const headers = (session, token) => ({
  headers: { "Bot-Session": session, ...(token ? { "Lease-Token": token } : {}) },
});

/** @typedef {"done" | "not" | "unknown" | "back"} Report */

/** @param {{ task: Task, id: string, onDone: () => void }} props */
export function TaskCard({ task, id, onDone }) {
  const [dialog, setDialog] = useState(/** @type {Report | null} */ (null));
  const more = headers(id, task.lease.lease_token);
  const Asked = dialog && DIALOGS[dialog];
  /** @param {string} word */
  const onReported = (word) => {
    toast(`${task.username}: ${word}`);
    onDone();
  };
  return html`
    <article class="card stack">
      <header class="row spread">
        <h3><${Account} id=${task.account_id}>${task.username}<//>: ${task.phase}</h3>
        <small>yours; your lease ends <${Time} at=${task.lease.expires_at} /></small>
      </header>
      ${task.problem && html`<${Note} tone="bad"><p>${task.problem.detail}</p><//>`}
      ${task.withdrawn && html`<${Note} tone="bad"><p>This content was withdrawn: do not use it.</p><//>`}
      ${task.content && html`<${Media} content=${task.content} />`}
      ${task.text && html`<${Words} text=${task.text.body} />`}
      <div class="row">
        <${Opens} kind="main" icon="check" onClick=${() => setDialog("done")}>Done<//>
        <${Opens} onClick=${() => setDialog("not")}>Not done<//>
        <${Opens} onClick=${() => setDialog("unknown")}>Don't know<//>
        <${Opens} kind="plain" onClick=${() => setDialog("back")}>Give back<//>
      </div>
      ${
        Asked &&
        html`
          <${Asked}
            task=${task}
            more=${more}
            unknown=${dialog === "unknown"}
            onReported=${onReported}
            onClose=${() => setDialog(null)}
          />
        `
      }
    </article>
  `;
}

/** @param {{ content: Schemas["Media"] }} props */
function Media({ content }) {
  const url = steady(content.content_id, content.url);
  return html`
    <div class="row">
      <img class="thumb" src=${url} alt=${`Media ${content.content_id}`} />
      <a class="button" href=${url} target="_blank" rel="noreferrer" download><${Icon} name="down" />Download</a>
      <small>${content.media_type}, ${bytes(content.bytes)}</small>
    </div>
  `;
}

/** @param {{ text: string }} props */
const Words = ({ text }) => html`
  <div class="stack tight">
    <pre><bdi>${text}</bdi></pre>
    <div>
      <button type="button" class="tiny" onClick=${() => copy(text)}><${Icon} name="copy" />Copy the text</button>
    </div>
  </div>
`;

/**
 * @typedef {{
 *   task: Task, more: ReturnType<typeof headers>, unknown: boolean, onReported: (word: string) => void,
 *   onClose: () => void,
 * }} ReportProps
 */

/** @param {ReportProps} props */
function Done({ task, more, onReported, onClose }) {
  /** @param {Given} given */
  const act = async (given) => {
    const note = given.note?.trim();
    const body = { finish: true, ...(note && { platform_response: { note } }) };
    const { next } = await post(`operator/tasks/accounts/${task.account_id}/complete/${task.phase}`, body, more);
    onReported(`${task.phase} is completed${next.action ? "" : `: ${task.username} is active`}.`);
  };
  return html`
    <${Ask}
      title="Mark as done"
      label="Done"
      onClose=${onClose}
      lead="This completes the phase and starts the interval before the next one."
      act=${act}
      fields=${(given, put) => html`
        <${Field} label="Note (optional)" value=${given.note ?? ""} onInput=${put("note")} most=${2000} autofocus />
      `}
    />
  `;
}

const CAUSES = [
  ["transient", "temporary failure"],
  ["content", "the content is at fault"],
  ["account", "the account is at fault"],
  ["fatal", "permanent failure"],
];

/** @param {ReportProps} props */
function NotDone({ task, more, unknown, onReported, onClose }) {
  /** @param {Given} given */
  const act = async (given) => {
    const kind = unknown ? "unknown" : given.kind;
    const body = { phase: task.phase, kind, code: "by_hand", message: given.message.trim() };
    await post(`operator/tasks/accounts/${task.account_id}/report`, /** @type {ReportBody} */ (body), more);
    onReported("reported.");
  };
  return html`
    <${Ask}
      title=${unknown ? "I don't know whether it is done" : "Not done"}
      label="Report"
      onClose=${onClose}
      lead=${
        unknown
          ? "It may have happened: it goes to review, and is not retried until an operator decides."
          : "It is retried later, or goes to review."
      }
      values=${{ kind: "transient" }}
      ready=${(given) => given.message?.trim()}
      act=${act}
      fields=${(given, put) => html`
        ${!unknown && html`<${Field} label="Cause" value=${given.kind} onInput=${put("kind")} options=${CAUSES} />`}
        <${Field}
          label="What happened"
          type="textarea"
          value=${given.message ?? ""}
          onInput=${put("message")}
          most=${2000}
          required
          autofocus
        />
      `}
    />
  `;
}
/** @typedef {Schemas["ReportErrorBody"]} ReportBody */

/** @param {ReportProps} props */
function GiveBack({ task, more, onReported, onClose }) {
  const act = async () => {
    await post(`operator/tasks/accounts/${task.account_id}/release`, {}, more);
    onReported("given back.");
  };
  return html`
    <${Ask}
      title="Give the task back"
      label="Give back"
      onClose=${onClose}
      lead="Use this if you have done nothing. Another worker can take the task, with the same content."
      act=${act}
    />
  `;
}

const DIALOGS = { done: Done, not: NotDone, unknown: NotDone, back: GiveBack };
