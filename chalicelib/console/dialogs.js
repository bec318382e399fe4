// @ts-check
// Dialogs, and the fields of their forms.
import { Problem, problemOf } from "./api.js";
import { change } from "./live.js";
import { html, useEffect, useRef, useState } from "./preact.js";
import { Trouble, toast } from "./ui.js";
import { count, many, points, shownValue } from "./words.js";

/**
 * A modal dialog. Without `onClose` it stays: neither Escape nor a click beside it closes it.
 * @param {{ title: string, onClose?: (() => void) | null, wide?: boolean, children: View }} props
 */
export function Dialog({ title, onClose, wide, children }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const pressed = useRef(/** @type {EventTarget | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  /** @param {Event} event */
  const cancel = (event) => {
    event.preventDefault();
    onClose?.();
  };
  // the browser closes it at a second Escape, whatever the page says
  const closed = () => (onClose ? onClose() : box.current?.showModal());
  /** @param {Event} event */
  const press = (event) => {
    pressed.current = event.target;
  };
  /** @param {Event} event */
  const click = (event) => {
    // not where a drag out of a text ends
    const beside = event.target === box.current && pressed.current === box.current;
    if (beside) onClose?.();
  };
  return html`
    <dialog
      ref=${box}
      aria-label=${title}
      class=${wide ? "wide" : undefined}
      onCancel=${cancel}
      onClose=${closed}
      onPointerDown=${press}
      onClick=${click}
    >
      ${children}
    </dialog>
  `;
}

const UNSEEN = ["version", "revision", "digest", "updated_at", "url", "url_expires_at"];

/**
 * What differs between the version that was read and the stored one.
 * @param {{ stood: Record<string, unknown>, current: Record<string, unknown> }} props
 */
function Differences({ stood, current }) {
  const changed = Object.keys(current).filter(
    (name) => !UNSEEN.includes(name) && shownValue(stood[name]) !== shownValue(current[name]),
  );
  return html`
    <div class="stack tight">
      <strong>Changed meanwhile</strong>
      ${changed.length === 0 && html`<p>Nothing that is shown here.</p>`}
      <ul class="stack tight">
        ${changed.map(
          (name) => html`
            <li>
              <code>${name}</code> <bdi>${shownValue(stood[name])}</bdi> → <bdi>${shownValue(current[name])}</bdi>
            </li>
          `,
        )}
      </ul>
      <p class="soft">Send your change again to apply it to the stored version, or cancel.</p>
    </div>
  `;
}

/**
 * A form in a dialog that does one thing; `act` gets the values, and what it throws is shown. `stood` is what was read:
 * `act` gets its version too, and after a conflict the stored one.
 *
 * @param {{
 *   title: string, label: string, lead?: View, danger?: boolean, wide?: boolean, values?: Given,
 *   fields?: (given: Given, put: Put, problem: Problem | null) => View,
 *   ready?: (given: Given) => unknown,
 *   act: (given: Given, version: number | undefined) => Promise<void>,
 *   onClose: () => void,
 *   stood?: { version: number },
 * }} props
 */
export function Ask({
  title,
  label,
  danger,
  wide,
  values = {},
  fields,
  act,
  onClose,
  ready = () => true,
  lead,
  stood,
}) {
  const [given, setGiven] = useState(values);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const first = useRef(stood);
  const version = useRef(stood?.version);
  const open = useRef(true);
  useEffect(
    () => () => {
      open.current = false;
    },
    [],
  );
  /** @type {Put} */
  const put = (name) => (event) => {
    const { type, checked, value } = event.target;
    setGiven({ ...given, [name]: type === "checkbox" ? checked : value });
  };
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await act(given, version.current);
      if (open.current) onClose();
    } catch (error) {
      const trouble = problemOf(error);
      version.current = trouble.document.version ?? version.current;
      if (!open.current) return toast(`${title}: ${trouble.detail || trouble.message}`, "bad");
      setProblem(trouble);
      setBusy(false);
    }
  };
  const current = problem && currentOf(problem);
  return html`
    <${Dialog} title=${title} wide=${wide} onClose=${onClose}>
      <form onSubmit=${submit}>
        <h2>${title}</h2>
        ${lead && html`<p class="soft">${lead}</p>`}
        ${fields?.(given, put, problem)}
        ${problem && html`<${Trouble} problem=${problem} />`}
        ${current && html`<${Differences} stood=${first.current ?? {}} current=${current} />`}
        <footer>
          <button type="button" onClick=${onClose}>Cancel</button>
          <button class=${danger ? "danger" : "main"} disabled=${busy || !ready(given)}>
            ${busy ? "Sending …" : label}
          </button>
        </footer>
      </form>
    <//>
  `;
}

/**
 * What is stored, where a version conflict says so.
 * @param {Problem} problem
 */
const currentOf = (problem) => /** @type {Record<string, any> | undefined} */ (problem.document.current);

/**
 * `most`: how many code points it takes at most. A longer text is reported and not sent, and never cut.
 * `fault`: what the service says is wrong with the value.
 * @param {{
 *   label: string, value: any, onInput: (event: any) => void, type?: string, hint?: View, most?: number,
 *   fault?: string,
 *   options?: string[][], [attribute: string]: unknown,
 * }} props
 */
export function Field({ label, value, onInput, type = "text", hint, options, most, fault, ...given }) {
  const box = useRef(/** @type {HTMLInputElement | null} */ (null));
  const more = fault ? { ...given, "aria-invalid": "true" } : given;
  const length = most ? points(String(value ?? "").trim()) : 0;
  const over =
    most && length > most
      ? `${many(length, "character")}: ${count(length - most)} more than the limit of ${count(most)}`
      : "";
  useEffect(() => {
    box.current?.setCustomValidity(over);
  }, [over]);
  const control =
    type === "textarea"
      ? html`<textarea ref=${box} value=${value} onInput=${onInput} ...${more}></textarea>`
      : options
        ? html`
          <select value=${value} onChange=${onInput} ...${more}>
            <${Options} of=${options} chosen=${value} />
          </select>
        `
        : html`<input ref=${box} type=${type} value=${value} onInput=${onInput} ...${more} />`;
  return html`
    <label class="field">
      ${label}
      ${control}
      ${fault && html`<small class="over">${fault}</small>`}
      ${over ? html`<small class="over" role="status">${over}</small>` : hint && html`<small>${hint}</small>`}
    </label>
  `;
}

/** @param {{ label: string, checked: boolean, onChange: (on: boolean) => void }} props */
export const Check = ({ label, checked, onChange }) => html`
  <label class="check">
    <input
      type="checkbox"
      checked=${checked}
      onChange=${(/** @type {any} */ event) => onChange(event.target.checked)}
    />
    ${label}
  </label>
`;

/** @param {{ of: string[][], chosen: unknown }} props */
const Options = ({ of, chosen }) =>
  of.map(([key, word]) => html`<option value=${key} selected=${String(key) === String(chosen ?? "")}>${word}</option>`);

/**
 * The options of a filter: all, and each of these, as `value` or `[value, word]`.
 * @param {(string | string[])[]} values
 */
export const filterOptions = (values) => [["", "all"], ...plainOptions(values)];
/** @param {(string | string[])[]} values */
export const plainOptions = (values) => values.map((one) => (typeof one === "string" ? [one, one] : one));

/**
 * A text field that goes into the address a little after the typing stopped.
 * @param {{ name: string, label: string, value: string, [attribute: string]: unknown }} props
 */
export function Later({ name, label, value, ...more }) {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    // what was typed here before the last letters, and not what comes from elsewhere
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (typed.trim() === sent.current) return undefined;
    const timer = setTimeout(() => {
      sent.current = typed.trim();
      change({ [name]: typed.trim(), cursor: null }, { replace: true });
    }, 300);
    return () => clearTimeout(timer);
  }, [typed]);
  /** @param {any} event */
  const type = (event) => setTyped(event.target.value);
  return html`<${Field} label=${label} value=${typed} onInput=${type} most=${200} ...${more} />`;
}

/** @param {{ given: Given, put: Put }} props */
export const Reason = ({ given, put }) => html`
  <${Field}
    label="Reason (recorded in the audit)"
    type="textarea"
    value=${given.reason ?? ""}
    onInput=${put("reason")}
    most=${2000}
    required
    autofocus
  />
`;
/** @param {Given} given */
export const hasReason = (given) => (given.reason ?? "").trim().length > 0;

/** @param {{ given: Given, put: Put }} props */
export const EvidenceFields = ({ given, put }) => html`
  <${Field}
    label="Evidence: address"
    type="url"
    value=${given.url ?? ""}
    onInput=${put("url")}
    placeholder="https://…"
  />
  <${Field} label="Evidence: note" type="textarea" value=${given.note ?? ""} onInput=${put("note")} most=${2000} />
`;
/**
 * @param {Given} given
 * @returns {Schemas["Evidence"]}
 */
export const evidenceOf = (given) =>
  Object.fromEntries(["url", "note"].filter((name) => given[name]?.trim()).map((name) => [name, given[name].trim()]));
/** @param {Given} given */
export const hasEvidence = (given) => Object.keys(evidenceOf(given)).length > 0;
