// @ts-check
// The keys of the console: screens, rows, search and help.
import { close, go, link } from "./live.js";
import { useEffect } from "./preact.js";

/**
 * @param {string} selector
 * @param {ParentNode} [inside]
 */
const element = (selector, inside = document) => /** @type {HTMLElement | null} */ (inside.querySelector(selector));

/** @param {Event} event */
const isTyping = (event) =>
  event.target instanceof Element && event.target.closest("input, select, textarea, [contenteditable]") !== null;

/**
 * Listens for keys until the page is left. `letters` are the screens after `g`.
 * @param {Record<string, string>} letters
 * @param {() => void} onHelp
 */
export function useKeys(letters, onHelp) {
  useEffect(() => {
    const listener = keys(letters, onHelp);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
}

/**
 * @param {Record<string, string>} letters
 * @param {() => void} onHelp
 */
function keys(letters, onHelp) {
  const row = rowKeys();
  let waits = false;
  /** @type {Record<string, () => boolean>} */
  const actions = {
    "?": () => {
      onHelp();
      return true;
    },
    "/": () => {
      const field = element("main [data-search]") ?? element("main input, main select");
      field?.focus();
      return field !== null;
    },
    g: () => {
      waits = true;
      setTimeout(() => {
        waits = false;
      }, 1500);
      return false;
    },
    ...row,
  };
  /** @param {string} key */
  const act = (key) => {
    if (!waits) return actions[key]?.();
    waits = false;
    if (letters[key]) go(link(letters[key]));
    return Boolean(letters[key]);
  };
  /** @param {KeyboardEvent} event */
  return (event) => {
    const dialog = document.querySelector("dialog[open]");
    if (event.key === "Escape" && !dialog) {
      if (closeDrawer()) event.preventDefault();
      return;
    }
    if (isTyping(event) || dialog || event.ctrlKey || event.metaKey || event.altKey) return;
    if (act(event.key)) event.preventDefault();
  };
}

function closeDrawer() {
  const drawer = element("[data-drawer]");
  if (drawer) close(...(drawer.dataset.drawer ?? "").split(" "));
  return drawer !== null;
}

/**
 * The keys that go from row to row; each says whether the browser must not act on it too.
 * @returns {Record<string, () => boolean>}
 */
function rowKeys() {
  /** @type {Element | null} the row that the keys were at */
  let last = null;
  const where = () => {
    const rows = [...document.querySelectorAll("main [data-row]")];
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    if (here >= 0) last = rows[here];
    // a drawer that a row opened has the focus
    const at = here < 0 && last && element("[data-drawer]") ? rows.indexOf(last) : here;
    return { rows, at };
  };
  /** @param {Element | undefined} row */
  const focus = (row) => {
    if (!row) return false;
    const target = element("a", row) ?? element("button:not([hidden])", row);
    target?.focus();
    row.scrollIntoView({ block: "nearest" });
    return false;
  };
  /**
   * @param {string} selector
   * @param {Element | undefined} row
   */
  const click = (selector, row) => {
    if (row) element(selector, row)?.click();
    return false;
  };
  return {
    j: () => {
      const { rows, at } = where();
      return focus(rows[Math.min(rows.length - 1, at + 1)]);
    },
    k: () => {
      const { rows, at } = where();
      return focus(rows[Math.max(0, at - 1)]);
    },
    x: () => {
      const { rows, at } = where();
      return click("input[type=checkbox]", rows[at]);
    },
    r: () => {
      const { rows, at } = where();
      const all = element("main [data-retry]");
      if (!all) return click("[data-retry-row]", rows[at]);
      all.click();
      return false;
    },
  };
}
