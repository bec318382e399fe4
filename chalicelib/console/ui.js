// The parts that every screen is made of.

import { change, close, route, useTick } from "./live.js";
import { html, useEffect, useRef, useState } from "./preact.js";
import { absolute, count, ICONS, many, PHASE, points, RIGHTS, relative, SESSION, STATE, span } from "./words.js";

// preferences of this browser: the theme stays, the zone lasts as long as the session

const wants = { zone: sessionStorage.getItem("warmup.zone") ?? "local" };
export const theme = () => document.documentElement.dataset.theme ?? "auto";
export function setTheme(chosen) {
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("warmup.theme", chosen);
  } catch {
    /* then it lasts until the page is closed */
  }
}
export function setZone(zone) {
  wants.zone = zone;
  sessionStorage.setItem("warmup.zone", zone);
  tellTimes();
}
export const zone = () => wants.zone;

export const Icon = ({ name }) =>
  html`
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d=${ICONS[name] ?? ICONS.ring} />
    </svg>
  `;

export const State = ({ of, is }) => {
  const words = { account: STATE, phase: PHASE, rights: RIGHTS, session: SESSION }[of];
  const [icon, word, tone] = words[is] ?? ["ring", String(is), "wait"];
  return html`<span class="state tone-${tone}"><${Icon} name=${icon} />${word}</span>`;
};

/** A relative time; the absolute one on hover and focus. `still` ones are not in the tab order. */
export function Time({ at, still = false }) {
  if (!at) return html`<span class="soft">–</span>`;
  const exact = absolute(at, wants.zone);
  if (still) return html`<time dateTime=${at} title=${exact}>${relative(at)}</time>`;
  return html`
    <time class="time" tabIndex="0" dateTime=${at} data-absolute=${exact} aria-label=${`${relative(at)}, ${exact}`}>
      ${relative(at)}
    </time>
  `;
}

/** All times of the page, told anew where they stand: hundreds of them cost one walk, and no component is rendered. */
function tellTimes() {
  for (const time of document.getElementsByTagName("time")) {
    const text = relative(time.dateTime),
      exact = absolute(time.dateTime, wants.zone),
      name = time.tabIndex === 0 ? "data-absolute" : "title";
    if (time.firstChild.data === text && time.getAttribute(name) === exact) continue;
    time.firstChild.data = text;
    time.setAttribute(name, exact);
    if (time.tabIndex === 0) time.setAttribute("aria-label", `${text}, ${exact}`);
  }
}
setInterval(() => {
  if (!document.hidden) tellTimes();
}, 5000);
addEventListener("clock", tellTimes); // until the service told its time, they were by the browser's

export const Account = ({ id, children }) => {
  const { screen, params } = route();
  const url = new URLSearchParams({ ...params, account: id });
  return html`
    <a
      href=${`${screen === "now" ? "" : screen}?${url}`}
      data-opens
      onClick=${(event) => {
        if (event.button === 0 && !event.metaKey && !event.ctrlKey) {
          event.preventDefault();
          change({ account: id }, route().params.account ? { replace: true } : { opens: true });
        }
      }}
    >
      <bdi>${children ?? id}</bdi>
    </a>
  `;
};

// notes, problems, empties

export const Note = ({ tone = "info", children, role }) =>
  html`<div class="note ${tone}" role=${role}>${children}</div>`;

export const Trouble = ({ problem, onRetry }) => html`
  <div class="note bad" role="alert">
    <${Icon} name="alert" />
    <p>
      <strong>${problem.title ?? "Something went wrong"}</strong>
      ${" "}
      <bdi>${problem.detail ?? problem.message}</bdi>
      ${(problem.errors ?? []).map((fault) => html`<br /><code>${fault.pointer || "/"}</code> ${fault.detail}`)}
      ${problem.requestId && html`<br /><small>request <code>${problem.requestId}</code></small>`}
    </p>
    ${onRetry && html`<button type="button" onClick=${onRetry}><${Icon} name="retry" />Try again</button>`}
  </div>
`;

/** Three kinds of empty: `nothing` yet, `filtered` all away, and `good`: nothing is wrong. */
export const Empty = ({ kind, title, children }) => html`
  <div class="empty">
    <${Icon} name=${{ nothing: "inbox", filtered: "list", good: "check" }[kind]} />
    <strong>${title}</strong>
    ${children && html`<div>${children}</div>`}
    ${
      kind === "filtered" &&
      html`
        <button
          type="button"
          onClick=${() => change(Object.fromEntries(Object.keys(route().params).map((name) => [name, null])))}
        >
          Clear the filters
        </button>
      `
    }
  </div>
`;

/** What a live answer shows: loading, trouble, stale data said so, or the thing itself. */
export function Live({ of, children }) {
  useTick(of.problem ? 1 : 60);
  if (of.data === null && of.problem) return html`<${Trouble} problem=${of.problem} onRetry=${of.reload} />`;
  if (of.data === null) return html`<p class="soft" role="status">Loading …</p>`;
  return html`
    ${
      of.problem &&
      html`
        <div class="note warn" role="status">
          <${Icon} name="clock" />
          <p>
            <strong>This is old.</strong> It was read ${span(Date.now() - of.at)} ago; since then:${" "}
            ${of.problem.detail || of.problem.message}
          </p>
          <button type="button" onClick=${of.reload}>Try again</button>
        </div>
      `
    }
    ${children(of.data)}
  `;
}

// what floats

let toasts = [];
const toasters = new Set();
export function toast(text, tone = "done") {
  const one = { text, tone, id: Math.random() };
  toasts = [...toasts, one];
  for (const toaster of toasters) toaster();
  setTimeout(() => {
    toasts = toasts.filter((other) => other !== one);
    for (const toaster of toasters) toaster();
  }, 6000);
}
export function Toasts() {
  const [, set] = useState(0);
  useEffect(() => {
    const one = () => set((n) => n + 1);
    toasters.add(one);
    return () => toasters.delete(one);
  }, []);
  return html`
    <div class="toasts" role="status" aria-live="polite">
      ${toasts.map((one) => html`<div key=${one.id} class="note ${one.tone}"><bdi>${one.text}</bdi></div>`)}
    </div>
  `;
}

/** A modal dialog. Without `onClose` it stays: neither Escape nor a click beside it closes it. */
export function Dialog({ title, onClose, children }) {
  const box = useRef(null);
  const left = useRef(null);
  const pressed = useRef(null);
  useEffect(() => {
    left.current = document.activeElement;
    box.current.showModal();
    return () => {
      if (left.current?.isConnected) left.current.focus();
    };
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose?.();
  };
  const closed = () => (onClose ? onClose() : box.current?.showModal()); // a second Escape closes it whatever the page says
  const click = (event) => {
    if (event.target === box.current && pressed.current === box.current) onClose?.();
  }; // not where a drag out of a text ends
  return html`
    <dialog
      ref=${box}
      aria-label=${title}
      onCancel=${cancel}
      onClose=${closed}
      onPointerDown=${(event) => {
        pressed.current = event.target;
      }}
      onClick=${click}
    >
      ${children}
    </dialog>
  `;
}

/** What differs between what was read and what stands there now. */
function Differences({ stood, current }) {
  const said = (value) =>
    value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const changed = Object.keys(current).filter(
    (name) =>
      !["version", "updated_at", "url", "url_expires_at"].includes(name) && said(stood[name]) !== said(current[name]),
  );
  return html`
    <div class="stack tight">
      <strong>Changed meanwhile</strong>
      ${
        changed.length === 0
          ? html`<p>Nothing that is shown here.</p>`
          : html`
            <ul class="stack tight">
              ${changed.map(
                (name) =>
                  html`
                    <li><code>${name}</code> <bdi>${said(stood[name])}</bdi> → <bdi>${said(current[name])}</bdi></li>
                  `,
              )}
            </ul>
          `
      }
      <p class="soft">Send it again to change what stands there now, or cancel.</p>
    </div>
  `;
}

/**
 * A form in a dialog that does one thing; `act` gets the values, and what it throws is shown. `stood` is what was read: `act`
 * gets its version too, and after a conflict that of what stands there now.
 */
export function Ask({
  title,
  label,
  danger,
  values = {},
  fields = () => null,
  act,
  onClose,
  ready = () => true,
  lead,
  stood,
}) {
  const [given, set] = useState(values);
  const [problem, fail] = useState(null);
  const [busy, work] = useState(false);
  const first = useRef(stood);
  const version = useRef(stood?.version);
  const open = useRef(true);
  useEffect(
    () => () => {
      open.current = false;
    },
    [],
  );
  const put = (name) => (event) =>
    set({ ...given, [name]: event.target.type === "checkbox" ? event.target.checked : event.target.value });
  const submit = async (event) => {
    event.preventDefault();
    work(true);
    fail(null);
    try {
      await act(given, version.current);
      if (open.current) onClose();
    } catch (error) {
      if (!error.title) console.error(error);
      version.current = error.document?.current?.version ?? version.current;
      if (open.current) {
        fail(error);
        work(false);
      } else toast(`${title}: ${error.detail || error.message}`, "bad");
    }
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <form onSubmit=${submit}>
        <h2>${title}</h2>
        ${lead && html`<p class="soft">${lead}</p>`}
        ${fields(given, put, set)}
        ${problem && html`<${Trouble} problem=${problem} />`}
        ${
          problem?.document?.current &&
          html`<${Differences} stood=${first.current ?? {}} current=${problem.document.current} />`
        }
        <footer>
          <button type="button" onClick=${onClose}>Cancel</button>
          <button class=${danger ? "danger" : "main"} disabled=${busy || !ready(given)}>
            ${busy ? "One moment …" : label}
          </button>
        </footer>
      </form>
    <//>
  `;
}

/** `most`: how many code points it takes at most. What is longer is said and kept from being sent, and never cut. */
export function Field({ label, value, onInput, type = "text", hint, options, most, ...more }) {
  const box = useRef(null);
  const length = most ? points(String(value ?? "").trim()) : 0;
  const over =
    most && length > most
      ? `${many(length, "character")}: ${count(length - most)} more than the ${count(most)} that it takes`
      : "";
  useEffect(() => {
    box.current?.setCustomValidity(over);
  }, [over]);
  return html`
    <label class="field">
      ${label}
      ${
        type === "textarea"
          ? html`<textarea ref=${box} value=${value} onInput=${onInput} ...${more}></textarea>`
          : options
            ? html`
              <select value=${value} onChange=${onInput} ...${more}>
                ${options.map(
                  ([key, word]) =>
                    html`<option value=${key} selected=${String(key) === String(value ?? "")}>${word}</option>`,
                )}
              </select>
            `
            : html`<input ref=${box} type=${type} value=${value} onInput=${onInput} ...${more} />`
      }
      ${over ? html`<small class="over" role="status">${over}</small>` : hint && html`<small>${hint}</small>`}
    </label>
  `;
}

/** A text field that goes into the address a little after the typing stopped. */
export function Later({ name, label, value, ...more }) {
  const [typed, type] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      type(value);
    }
  }, [value]); // what comes from elsewhere; not what was typed here before the last letters
  useEffect(() => {
    if (typed.trim() === sent.current) return undefined;
    const timer = setTimeout(() => {
      sent.current = typed.trim();
      change({ [name]: typed.trim(), cursor: null }, { replace: true });
    }, 300);
    return () => clearTimeout(timer);
  }, [typed]);
  return html`
    <${Field} label=${label} value=${typed} onInput=${(event) => type(event.target.value)} most=${200} ...${more} />
  `;
}

export const Reason = ({ given, put }) =>
  html`
    <${Field}
      label="Reason (it stands in the audit)"
      value=${given.reason ?? ""}
      onInput=${put("reason")}
      type="textarea"
      required
      most=${2000}
      autofocus
    />
  `;
export const EvidenceFields = ({ given, put }) =>
  html`
    <${Field}
      label="Evidence: address"
      type="url"
      value=${given.url ?? ""}
      onInput=${put("url")}
      placeholder="https://…"
    />
    <${Field} label="Evidence: note" type="textarea" value=${given.note ?? ""} onInput=${put("note")} most=${2000} />
  `;
export const evidenceOf = (given) =>
  Object.fromEntries(["url", "note"].filter((name) => given[name]?.trim()).map((name) => [name, given[name].trim()]));
export const hasEvidence = (given) => Object.keys(evidenceOf(given)).length > 0;
export const hasReason = (given) => (given.reason ?? "").trim().length > 0;

export function Drawer({ title, label, names, children, aside }) {
  const head = useRef(null);
  const left = useRef(null);
  useEffect(() => {
    left.current = document.activeElement;
    head.current?.focus();
    return () => {
      if (left.current?.isConnected) left.current.focus();
    };
  }, [label]);
  return html`
    <aside class="drawer" aria-label=${label} data-drawer=${names.join(" ")}>
      <header>
        <div class="stack tight grow"><h2 tabIndex="-1" ref=${head}><bdi>${title}</bdi></h2>${aside}</div>
        <button type="button" class="plain" onClick=${() => close(...names)}>
          <${Icon} name="cross" />
          <span>Close</span>
        </button>
      </header>
      <div class="inside">${children}</div>
    </aside>
  `;
}

export const Scroll = ({ label, children }) =>
  html`<div class="scroll" role="region" aria-label=${`${label}, table`} tabIndex="0">${children}</div>`;

/** Tells what came and left since the rows were read, instead of moving them. */
export const Announce = ({ rows, noun }) =>
  html`
    <div role="status" class="announce">
      ${
        rows.came + rows.left > 0 &&
        html`
          <${Note}>
            <${Icon} name="retry" />
            <p>
              ${[rows.came && `${rows.came} new`, rows.left && `${rows.left} gone`].filter(Boolean).join(", ")} since
              you opened this list of ${noun}.
            </p>
            <button type="button" onClick=${rows.adopt}>Show</button>
          <//>
        `
      }
    </div>
  `;

export const Pager = ({ params, next, shown, noun }) => html`
  <nav class="pager" aria-label="Pages">
    <small>${shown} ${shown === 1 ? noun.replace(/s$/, "") : noun} on this page</small>
    <span class="row">
      ${params.cursor && html`<button type="button" onClick=${() => change({ cursor: null })}>First page</button>`}
      <button type="button" disabled=${!next} onClick=${() => change({ cursor: next })}>Next page</button>
    </span>
  </nav>
`;

export function copy(text) {
  navigator.clipboard.writeText(text).then(
    () => toast("Copied."),
    () => toast("The browser did not let it be copied: select the text instead.", "warn"),
  );
}
export function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = Object.assign(document.createElement("a"), { href: url, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
