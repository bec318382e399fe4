// @ts-check
// What changes by itself: the address (it holds all state), the service's clock, and polling, which a hidden tab stops.
import { BASE, get, isAbort, problemOf } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./preact.js";

// the address

export const SCREENS = ["now", "pipeline", "review", "content", "plans", "bots", "tasks", "audit", "status"];

/** @typedef {Record<string, string | number | null | undefined>} Change */

/** @returns {{ screen: string, params: Params }} */
export function route() {
  const rest = location.pathname.startsWith(BASE.pathname) ? location.pathname.slice(BASE.pathname.length) : "";
  const name = rest.replace(/\/$/, "") || "now";
  return {
    screen: SCREENS.includes(name) ? name : "missing",
    params: Object.fromEntries(new URLSearchParams(location.search)),
  };
}

/**
 * The address of a screen with these parameters; null and "" leave one out.
 * @param {string} screen
 * @param {Change} params
 */
export function link(screen, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") query.append(name, String(value));
  }
  const path = screen === "now" ? BASE.pathname.replace(/\/$/, "") : BASE.pathname + screen;
  return query.size ? `${path}?${query}` : path;
}

/** @type {Set<() => void>} */
const movers = new Set();
const moved = () => {
  for (const mover of movers) mover();
};
addEventListener("popstate", moved);

/** @param {string} href */
export function go(href, { replace = false, opens = false } = {}) {
  if (replace) history.replaceState(history.state, "", href);
  else history.pushState({ opens }, "", href);
  moved();
}

/**
 * The same screen with some parameters changed.
 * @param {Change} patch
 */
export function change(patch, options = {}) {
  const { screen, params } = route();
  go(link(screen, { ...params, ...patch }), options);
}

/**
 * Closes what `names` hold open: back, if it was opened from here, so that back does not open it again.
 * @param {string[]} names
 */
export function close(...names) {
  if (history.state?.opens) history.back();
  else change(Object.fromEntries(names.map((name) => [name, null])), { replace: true });
}

export function useRoute() {
  const [found, setFound] = useState(route);
  useEffect(() => {
    const mover = () => setFound(route());
    movers.add(mover);
    return () => {
      movers.delete(mover);
    };
  }, []);
  return found;
}

/**
 * Follows links inside the console without loading the page again.
 * @param {MouseEvent} event
 */
export function followLinks(event) {
  const anchor = event.target instanceof Element ? event.target.closest("a") : null;
  if (!anchor?.hasAttribute("href") || anchor.target || anchor.hasAttribute("download")) return;
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const url = new URL(anchor.href);
  const ours = url.pathname.startsWith(BASE.pathname) || `${url.pathname}/` === BASE.pathname;
  if (url.origin !== location.origin || !ours) return;
  event.preventDefault();
  const opens = anchor.dataset.opens !== undefined;
  // one drawer follows another, and back closes it
  go(url.pathname + url.search, { opens, replace: opens && route().params.item !== undefined });
}

// the service's clock

let clockAt = { service: Date.now(), real: Date.now(), speed: 1, known: false, measured: false };

/** @param {string} now the service's time */
export function setClock(now) {
  const service = Date.parse(now);
  const real = Date.now();
  const passed = real - clockAt.real;
  if (clockAt.known && passed < 900) return;
  const measured = (service - clockAt.service) / passed;
  const speed = !clockAt.known || Math.abs(measured - 1) < 0.05 ? 1 : measured;
  clockAt = { service, real, speed, known: true, measured: clockAt.known };
  dispatchEvent(new Event("clock"));
}
export const now = () => clockAt.service + (Date.now() - clockAt.real) * clockAt.speed;
export const clock = () => ({ ...clockAt, now: now() });
export async function readClock() {
  setClock((await get("health")).now);
}

/** @type {Set<(beat: number) => void>} */
const tickers = new Set();
let beats = 0;
setInterval(() => {
  if (document.hidden) return;
  beats += 1;
  for (const ticker of tickers) ticker(beats);
}, 1000);

/**
 * Renders again every so many seconds while the page is visible.
 * @param {number} seconds
 */
export function useTick(seconds) {
  const [, setBeat] = useState(0);
  useEffect(() => {
    /** @param {number} beat */
    const ticker = (beat) => {
      if (beat % seconds === 0) setBeat(beat);
    };
    tickers.add(ticker);
    return () => {
      tickers.delete(ticker);
    };
  }, [seconds]);
}

// polling

/** @type {{ at: number, found: Promise<Schemas["Overview"]> | null }} */
let known = { at: 0, found: null };
/** The overview, requested once where several parts of a page need it at the same time. */
export function overview() {
  if (known.found && Date.now() - known.at <= 2000) return known.found;
  const found = get("operator/pipeline");
  known = { at: Date.now(), found };
  found.catch(forgetOverview);
  return found;
}
export const forgetOverview = () => {
  known.at = 0;
};

/**
 * How many rows a filter has to scan at most, as far as the overview knows it, else null.
 * @param {Params} filter
 * @param {Schemas["Overview"] | null} counts
 */
export function extent(filter, counts) {
  if (!counts) return null;
  if (filter.queue) return counts.queues[filter.queue];
  if (filter.phase_status === "failed" || filter.phase_status === "requires_review")
    return counts.review[filter.phase_status];
  if (filter.error_code) return counts.review.total;
  if (filter.model_id) return null;
  return filter.state ? counts.states[filter.state] : Object.values(counts.states).reduce((sum, one) => sum + one, 0);
}

/**
 * What `read` gives, read again every so many seconds while the page is visible, and never while it is hidden.
 * `read` may show a part early (its second argument), where nothing is shown yet.
 * After a failure the last answer stays, with `problem` beside it. `key` names what is read: another key, another read.
 * `seconds` may be a function of what was read last; 0 reads once.
 *
 * @template T
 * @param {string | null} key
 * @param {(signal: AbortSignal, early: (part: T) => void) => Promise<T>} read
 * @param {number | ((last: T | null) => number)} seconds
 * @returns {LiveData<T>}
 */
export function useLive(key, read, seconds) {
  const [state, setState] = useState(/** @type {LiveState<T>} */ ({ key, data: null, problem: null, at: null }));
  const reader = useRef(read);
  reader.current = read;
  const again = useRef(async () => {});
  useEffect(() => {
    if (key === null) return undefined;
    const poll = polling(key, (signal, early) => reader.current(signal, early), seconds, setState);
    again.current = poll.read;
    return poll.start();
  }, [key, seconds]);
  const reload = useCallback(() => again.current(), []);
  const current = state.key === key ? state : { data: null, problem: null, at: null };
  return { data: current.data, problem: current.problem, at: current.at, reload };
}

/**
 * @template T
 * @param {string} key
 * @param {(signal: AbortSignal, early: (part: T) => void) => Promise<T>} reader
 * @param {number | ((last: T | null) => number)} seconds
 * @param {(next: LiveState<T> | ((before: LiveState<T>) => LiveState<T>)) => void} setState
 */
function polling(key, reader, seconds, setState) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {AbortController | null} */
  let running = null;
  /** @type {T | null} */
  let last = null;
  let over = false;

  const halt = () => {
    clearTimeout(timer);
    running?.abort();
    running = null;
  };
  const read = async () => {
    halt();
    if (over || document.hidden) return;
    const mine = new AbortController();
    running = mine;
    const isCurrent = () => !over && running === mine;
    /** @param {T} data */
    const early = (data) => {
      if (isCurrent())
        setState((before) => (isWhole(before, key) ? before : { key, data, problem: null, at: Date.now() }));
    };
    try {
      const data = await reader(mine.signal, early);
      // what is equal stays the same object, and is not rendered
      if (JSON.stringify(data) !== JSON.stringify(last)) last = data;
      if (isCurrent()) setState({ key, data: last, problem: null, at: Date.now() });
    } catch (error) {
      if (isAbort(error)) return;
      const problem = problemOf(error);
      if (isCurrent())
        setState((before) => ({ ...(before.key === key ? before : { key, data: null, at: null }), problem }));
    }
    if (!isCurrent()) return;
    running = null;
    const wait = typeof seconds === "function" ? seconds(last) : seconds;
    if (wait) timer = setTimeout(read, wait * 1000);
  };
  const onVisibility = () => {
    if (document.hidden) halt();
    else read();
  };
  const start = () => {
    document.addEventListener("visibilitychange", onVisibility);
    read();
    return () => {
      over = true;
      halt();
      document.removeEventListener("visibilitychange", onVisibility);
    };
  };
  return { read, start };
}

/**
 * Whether the whole of this key is shown already, and not a part of it.
 * @param {LiveState<any>} state
 * @param {string} key
 */
const isWhole = (state, key) => state.key === key && state.data && !state.data.part;
