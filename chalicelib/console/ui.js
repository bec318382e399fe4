// @ts-check
// The parts that every screen is made of.
import { change, close, route, useTick } from "./live.js";
import { html, useEffect, useRef, useState } from "./preact.js";
import { missing } from "./rights.js";
import { absolute, count, ICONS, PHASE, PLAN, RIGHTS, relative, SESSION, STATE, span } from "./words.js";

// preferences of this browser: the theme stays, the zone lasts as long as the session

const preferences = { zone: sessionStorage.getItem("warmup.zone") ?? "local" };
export const theme = () => document.documentElement.dataset.theme ?? "auto";
/** @param {string} chosen */
export function setTheme(chosen) {
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("warmup.theme", chosen);
  } catch {
    /* then it lasts until the page is closed */
  }
}
/** @param {string} zone */
export function setZone(zone) {
  preferences.zone = zone;
  sessionStorage.setItem("warmup.zone", zone);
  updateTimes();
}
export const zone = () => preferences.zone;

/** @param {{ name: string }} props */
export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d=${ICONS[name] ?? ICONS.ring} />
  </svg>
`;

const WORDS = { account: STATE, phase: PHASE, plan: PLAN, rights: RIGHTS, session: SESSION };

/** @param {{ of: keyof typeof WORDS, is: string }} props */
export const State = ({ of, is }) => {
  const [icon, word, tone] = WORDS[of][is] ?? ["ring", is, "wait"];
  return html`<${Badge} icon=${icon} tone=${tone}>${word}<//>`;
};

/**
 * An icon, a word and a colour: never the colour alone.
 * @param {{ icon: string, tone: string, children: View }} props
 */
export const Badge = ({ icon, tone, children }) =>
  html`<span class="state tone-${tone}"><${Icon} name=${icon} />${children}</span>`;

/**
 * A relative time; the absolute one on hover and focus. `still` ones are not in the tab order.
 * @param {{ at: string | null | undefined, still?: boolean }} props
 */
export function Time({ at, still = false }) {
  if (!at) return html`<span class="soft">–</span>`;
  const exact = absolute(at, preferences.zone);
  if (still) return html`<time dateTime=${at} title=${exact}>${relative(at)}</time>`;
  return html`
    <time class="time" tabIndex="0" dateTime=${at} data-absolute=${exact} aria-label=${`${relative(at)}, ${exact}`}>
      ${relative(at)}
    </time>
  `;
}

/** Updates all times of the page in place: hundreds of them cost one walk, and no component is rendered. */
function updateTimes() {
  for (const time of document.getElementsByTagName("time")) {
    const text = relative(time.dateTime);
    const exact = absolute(time.dateTime, preferences.zone);
    const name = time.tabIndex === 0 ? "data-absolute" : "title";
    const shown = /** @type {Text} */ (time.firstChild);
    if (shown.data === text && time.getAttribute(name) === exact) continue;
    shown.data = text;
    time.setAttribute(name, exact);
    if (time.tabIndex === 0) time.setAttribute("aria-label", `${text}, ${exact}`);
  }
}
setInterval(() => {
  if (!document.hidden) updateTimes();
}, 5000);
addEventListener("clock", updateTimes); // until the service's time was known, they were by the browser's

/** @param {{ id: string, children?: View }} props */
export const Account = ({ id, children }) => {
  const { screen, params } = route();
  const url = new URLSearchParams({ ...params, account: id });
  /** @param {MouseEvent} event */
  const open = (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    change({ account: id }, route().params.account ? { replace: true } : { opens: true });
  };
  return html`
    <a href=${`${screen === "now" ? "" : screen}?${url}`} data-opens onClick=${open}><bdi>${children ?? id}</bdi></a>
  `;
};

// notes, problems, empties

/** @param {{ tone?: "info" | "warn" | "bad" | "done", role?: string, children: View }} props */
export const Note = ({ tone = "info", children, role }) => html`
  <div class="note ${tone}" role=${role}>${children}</div>
`;

/** @param {{ problem: Trouble, onRetry?: () => void }} props */
export const Trouble = ({ problem, onRetry }) => html`
  <div class="note bad" role="alert">
    <${Icon} name="alert" />
    <p>
      <strong>${problem.title ?? "Something went wrong"}</strong>
      ${" "}
      <bdi>${problem.detail || problem.message}</bdi>
      ${(problem.errors ?? []).map((fault) => html`<br /><code>${fault.pointer || "/"}</code> ${fault.detail}`)}
      ${problem.requestId && html`<br /><small>request <code>${problem.requestId}</code></small>`}
    </p>
    ${onRetry && html`<button type="button" onClick=${onRetry}><${Icon} name="retry" />Try again</button>`}
  </div>
`;

const EMPTY = { nothing: "inbox", filtered: "list", good: "check" };
const clearFilters = () => change(Object.fromEntries(Object.keys(route().params).map((name) => [name, null])));

/**
 * Three kinds of empty: `nothing` yet, `filtered` all away, and `good`: nothing is wrong.
 * @param {{ kind: keyof typeof EMPTY, title: string, children?: View }} props
 */
export const Empty = ({ kind, title, children }) => html`
  <div class="empty">
    <${Icon} name=${EMPTY[kind]} />
    <strong>${title}</strong>
    ${children && html`<div>${children}</div>`}
    ${kind === "filtered" && html`<button type="button" onClick=${clearFilters}>Clear the filters</button>`}
  </div>
`;

/**
 * What a live answer shows: loading, trouble, a note that the data is old, or the data itself.
 * @template T
 * @param {LiveData<T>} live
 * @param {(data: T) => View} render
 */
export const shown = (live, render) => html`<${Live} of=${live}>${render}<//>`;

/** @param {{ of: LiveData<any>, children: (data: any) => View }} props */
function Live({ of, children }) {
  useTick(of.problem ? 1 : 60);
  if (of.data === null && of.problem) return html`<${Trouble} problem=${of.problem} onRetry=${of.reload} />`;
  if (of.data === null) return html`<p class="soft" role="status">Loading …</p>`;
  return html`${of.problem && html`<${Old} of=${of} problem=${of.problem} />`}${children(of.data)}`;
}

/** @param {{ of: LiveData<any>, problem: Trouble }} props */
const Old = ({ of, problem }) => html`
  <div class="note warn" role="status">
    <${Icon} name="clock" />
    <p>
      <strong>This data is out of date.</strong> It was read ${span(Date.now() - (of.at ?? 0))} ago. Since then:
      ${" "}${problem.detail || problem.message}
    </p>
    <button type="button" onClick=${of.reload}>Try again</button>
  </div>
`;

// toasts

/** @type {{ text: string, tone: string, id: number }[]} */
let toasts = [];
/** @type {Set<() => void>} */
const toasters = new Set();
const showToasts = () => {
  for (const toaster of toasters) toaster();
};

/** @param {string} text */
export function toast(text, tone = "done") {
  const one = { text, tone, id: Math.random() };
  toasts = [...toasts, one];
  showToasts();
  setTimeout(() => {
    toasts = toasts.filter((other) => other !== one);
    showToasts();
  }, 6000);
}

export function Toasts() {
  const [, render] = useState(0);
  useEffect(() => {
    const toaster = () => render((n) => n + 1);
    toasters.add(toaster);
    return () => {
      toasters.delete(toaster);
    };
  }, []);
  return html`
    <div class="toasts" role="status" aria-live="polite">
      ${toasts.map((one) => html`<div key=${one.id} class="note ${one.tone}"><bdi>${one.text}</bdi></div>`)}
    </div>
  `;
}

// around tables

/** @param {{ title?: string, label: string, names: string[], children: View, aside?: View }} props */
export function Drawer({ title, label, names, children, aside }) {
  const head = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    head.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [label]);
  return html`
    <aside class="drawer" aria-label=${label} data-drawer=${names.join(" ")}>
      <header>
        <div class="stack tight grow"><h2 tabIndex="-1" ref=${head}><bdi>${title}</bdi></h2>${aside}</div>
        <button type="button" class="plain" onClick=${() => close(...names)}>
          <${Icon} name="cross" /><span>Close</span>
        </button>
      </header>
      <div class="inside">${children}</div>
    </aside>
  `;
}

/**
 * A table that scrolls in its own box. A column is its heading, or `[heading, class]`.
 * @param {{ label: string, columns: (string | [string, string])[], children: View }} props
 */
export const Table = ({ label, columns, children }) => html`
  <${Scroll} label=${label}>
    <table>
      <thead>
        <tr>
          ${columns.map((one) => {
            const [word, kind] = typeof one === "string" ? [one, undefined] : one;
            return html`<th scope="col" class=${kind}>${word}</th>`;
          })}
        </tr>
      </thead>
      <tbody>${children}</tbody>
    </table>
  <//>
`;

/** @param {{ label: string, children: View }} props */
export const Scroll = ({ label, children }) => html`
  <div class="scroll" role="region" aria-label=${`${label}, table`} tabIndex="0">${children}</div>
`;

/**
 * Announces what came and left since the rows were read, instead of moving them.
 * @param {{ rows: Rows<any>, noun: string }} props
 */
export const Announce = ({ rows, noun }) => {
  const changes = [rows.came && `${rows.came} new`, rows.left && `${rows.left} gone`].filter(Boolean).join(", ");
  return html`
    <div role="status" class="announce">
      ${
        changes &&
        html`
          <${Note}>
            <${Icon} name="retry" />
            <p>${changes} since you opened this list of ${noun}.</p>
            <button type="button" onClick=${rows.adopt}>Show</button>
          <//>
        `
      }
    </div>
  `;
};

/** @param {{ params: Params, next: string | null, shown: number, noun: string }} props */
export const Pager = ({ params, next, shown, noun }) => html`
  <nav class="pager" aria-label="Pages">
    <small>${count(shown)} ${shown === 1 ? noun.replace(/s$/, "") : noun} on this page</small>
    <span class="row">
      ${params.cursor && html`<button type="button" onClick=${() => change({ cursor: null })}>First page</button>`}
      <button type="button" disabled=${!next} onClick=${() => change({ cursor: next })}>Next page</button>
    </span>
  </nav>
`;

/**
 * A button that opens a dialog. Those that stand once in every row name their row to screen readers (`of`); a user
 * who lacks the permission that it needs sees it disabled, with the roles that have it.
 * @param {{ icon?: string, kind?: string, of?: string, needs?: string, onClick: () => void, children: View }} props
 */
export const Opens = ({ icon, kind = "", of, needs, onClick, children }) => html`
  <button
    type="button"
    class=${kind}
    disabled=${missing(needs) !== undefined}
    title=${missing(needs)}
    onClick=${onClick}
  >
    ${icon && html`<${Icon} name=${icon} />`}${children} …${of && html`<span class="unseen"> ${of}</span>`}
  </button>
`;

// the browser

/** @param {string} text */
export function copy(text) {
  navigator.clipboard.writeText(text).then(
    () => toast("Copied."),
    () => toast("The browser did not allow copying. Select the text instead.", "warn"),
  );
}

/**
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = Object.assign(document.createElement("a"), { href: url, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
