// What moves: the address (all state is in it), the service's clock, and polling that stops while nobody looks.
import { useEffect, useRef, useState, useCallback } from "./preact.js";
import { BASE, get } from "./api.js";

// the address

export const SCREENS = ["now", "pipeline", "review", "content", "bots", "tasks", "audit", "status"];

export function route() {
  const rest = location.pathname.startsWith(BASE.pathname) ? location.pathname.slice(BASE.pathname.length) : "";
  const name = decodeURIComponent(rest.replace(/\/$/, "")) || "now";
  return { screen: SCREENS.includes(name) ? name : "missing", params: Object.fromEntries(new URLSearchParams(location.search)) };
}

/** The address of a screen with these parameters; null and "" leave one out. */
export function link(screen, params = {}) {
  const kept = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const path = screen === "now" ? BASE.pathname.replace(/\/$/, "") : BASE.pathname + screen;
  const query = new URLSearchParams(kept).toString();
  return query ? `${path}?${query}` : path;
}

const movers = new Set();
const moved = () => { for (const mover of movers) mover(); };
addEventListener("popstate", moved);

export function go(href, { replace = false, opens = false } = {}) {
  if (replace) history.replaceState(history.state, "", href);
  else history.pushState({ opens }, "", href);
  moved();
}

/** The same screen with some parameters changed. */
export function change(patch, options = {}) {
  const { screen, params } = route();
  go(link(screen, { ...params, ...patch }), options);
}

/** Closes what `names` hold open: back, if it was opened from here, so that back does not open it again. */
export function close(...names) {
  if (history.state?.opens) history.back();
  else change(Object.fromEntries(names.map((name) => [name, null])), { replace: true });
}

export function useRoute() {
  const [found, set] = useState(route);
  useEffect(() => {
    const mover = () => set(route());
    movers.add(mover);
    return () => movers.delete(mover);
  }, []);
  return found;
}

/** Follows links inside the console without loading it anew. */
export function followLinks(event) {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || anchor.target || anchor.hasAttribute("download")) return;
  const url = new URL(anchor.href);
  const ours = url.pathname.startsWith(BASE.pathname) || `${url.pathname}/` === BASE.pathname;
  if (url.origin !== location.origin || !ours) return;
  event.preventDefault();
  go(url.pathname + url.search, { opens: anchor.dataset.opens !== undefined });
}

// the service's clock

let anchor = { service: Date.now(), real: Date.now(), speed: 1, told: false };

export function tell(now) {
  const service = Date.parse(now), real = Date.now();
  if (!anchor.told) { anchor = { service, real, speed: 1, told: true }; return; }
  const passed = real - anchor.real;
  if (passed < 900) return;
  const speed = (service - anchor.service) / passed;
  const steady = Math.abs(speed - 1) < 0.05 ? 1 : speed;
  anchor = { service, real, speed: steady, told: true };
}
export const now = () => anchor.service + (Date.now() - anchor.real) * anchor.speed;
export const clock = () => ({ told: anchor.told, speed: anchor.speed, now: now(), offset: anchor.service - anchor.real });
export async function readClock() { tell((await get("health")).now); }

const tickers = new Set();
let beats = 0;
setInterval(() => { if (!document.hidden) { beats += 1; for (const ticker of tickers) ticker(beats); } }, 1000);

/** Renders again every so many seconds while the page is seen. */
export function useTick(seconds) {
  const [, set] = useState(0);
  useEffect(() => {
    const ticker = (beat) => { if (beat % seconds === 0) set(beat); };
    tickers.add(ticker);
    return () => tickers.delete(ticker);
  }, [seconds]);
}

// polling

let known = { at: 0, found: null };
/** The overview, asked for once where several parts of a page want it at the same time. */
export function overview() {
  if (Date.now() - known.at > 2000) {
    const found = get("operator/pipeline");
    known = { at: Date.now(), found };
    found.catch(() => { known.at = 0; });
  }
  return known.found;
}
export const forgetOverview = () => { known.at = 0; };

/**
 * What `read` gives, read again every so many seconds while the page is seen, and never while it is hidden.
 * `read` may show a part early (its second argument), where nothing is shown yet.
 * After a failure the last answer stays, with `problem` beside it. `key` names what is read: another key, another read.
 */
export function useLive(key, read, seconds) {
  const [state, set] = useState({ key, data: null, problem: null, at: null });
  const reader = useRef(read);
  reader.current = read;
  const again = useRef(() => {});
  useEffect(() => {
    let timer = null, running = null, over = false;
    const look = async () => {
      clearTimeout(timer);
      if (over || document.hidden || key === null) return;
      running?.abort();
      const mine = running = new AbortController();
      try {
        const early = (data) => { if (!over && running === mine) set((before) => before.key === key && before.data && !before.data.part ? before : { key, data, problem: null, at: Date.now() }); };
        const data = await reader.current(mine.signal, early);
        if (!over && running === mine) set({ key, data, problem: null, at: Date.now() });
      } catch (problem) {
        if (problem.name === "AbortError") return;
        if (!over && running === mine) set((before) => ({ ...(before.key === key ? before : { key, data: null, at: null }), problem }));
        if (!problem.title) console.error(problem);
      }
      if (!over && running === mine) { running = null; if (seconds) timer = setTimeout(look, seconds * 1000); }
    };
    const seen = () => { if (document.hidden) { clearTimeout(timer); running?.abort(); running = null; } else look(); };
    again.current = look;
    document.addEventListener("visibilitychange", seen);
    look();
    return () => { over = true; clearTimeout(timer); running?.abort(); document.removeEventListener("visibilitychange", seen); };
  }, [key, seconds]);
  const reload = useCallback(() => again.current(), []);
  const current = state.key === key ? state : { key, data: null, problem: null, at: null };
  return { ...current, reload };
}

/**
 * Rows that do not jump: what is shown keeps its place and is updated in it; what came and what left is only told,
 * until `adopt` takes the new order. What was only a `part` of a first answer is simply followed by the rest.
 */
export function useRows(key, fresh, idOf, part = false) {
  const kept = useRef({ key: null, rows: [], part: false });
  const [, set] = useState(0);
  if (fresh && (kept.current.key !== key || kept.current.part || kept.current.rows.length === 0)) kept.current = { key, rows: fresh, part };
  if (kept.current.key !== key) kept.current = { key: null, rows: [], part: false };
  const byId = new Map((fresh ?? kept.current.rows).map((row) => [idOf(row), row]));
  const rows = kept.current.rows.map((row) => byId.get(idOf(row)) ?? { ...row, gone: true });
  kept.current.rows = rows;
  const shown = new Set(rows.map(idOf));
  const came = (fresh ?? []).filter((row) => !shown.has(idOf(row))).length;
  const left = rows.filter((row) => row.gone).length;
  const adopt = () => { if (fresh) { kept.current = { key, rows: fresh, part: false }; set((n) => n + 1); } };
  return { rows, came, left, adopt };
}
