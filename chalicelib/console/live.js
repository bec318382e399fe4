// What moves: the address (all state is in it), the service's clock, and polling that stops while nobody looks.

import { BASE, get } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./preact.js";

// the address

export const SCREENS = ["now", "pipeline", "review", "content", "bots", "tasks", "audit", "status"];

export function route() {
  const rest = location.pathname.startsWith(BASE.pathname) ? location.pathname.slice(BASE.pathname.length) : "";
  const name = rest.replace(/\/$/, "") || "now";
  return {
    screen: SCREENS.includes(name) ? name : "missing",
    params: Object.fromEntries(new URLSearchParams(location.search)),
  };
}

/** The address of a screen with these parameters; null and "" leave one out. */
export function link(screen, params = {}) {
  const kept = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const path = screen === "now" ? BASE.pathname.replace(/\/$/, "") : BASE.pathname + screen;
  const query = new URLSearchParams(kept).toString();
  return query ? `${path}?${query}` : path;
}

const movers = new Set();
const moved = () => {
  for (const mover of movers) mover();
};
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
  if (
    !anchor ||
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    anchor.target ||
    anchor.hasAttribute("download")
  )
    return;
  const url = new URL(anchor.href);
  const ours = url.pathname.startsWith(BASE.pathname) || `${url.pathname}/` === BASE.pathname;
  if (url.origin !== location.origin || !ours) return;
  event.preventDefault();
  const opens = anchor.dataset.opens !== undefined;
  go(url.pathname + url.search, { opens, replace: opens && route().params.item !== undefined }); // one drawer follows another, and back closes it
}

// the service's clock

let anchor = { service: Date.now(), real: Date.now(), speed: 1, told: false, measured: false };

export function tell(now) {
  const service = Date.parse(now),
    real = Date.now();
  if (!anchor.told) {
    anchor = { service, real, speed: 1, told: true, measured: false };
    dispatchEvent(new Event("clock"));
    return;
  }
  const passed = real - anchor.real;
  if (passed < 900) return;
  const speed = (service - anchor.service) / passed;
  const steady = Math.abs(speed - 1) < 0.05 ? 1 : speed;
  anchor = { service, real, speed: steady, told: true, measured: true };
  dispatchEvent(new Event("clock"));
}
export const now = () => anchor.service + (Date.now() - anchor.real) * anchor.speed;
export const clock = () => ({ told: anchor.told, measured: anchor.measured, speed: anchor.speed, now: now() });
export async function readClock() {
  tell((await get("health")).now);
}

const tickers = new Set();
let beats = 0;
setInterval(() => {
  if (!document.hidden) {
    beats += 1;
    for (const ticker of tickers) ticker(beats);
  }
}, 1000);

/** Renders again every so many seconds while the page is seen. */
export function useTick(seconds) {
  const [, set] = useState(0);
  useEffect(() => {
    const ticker = (beat) => {
      if (beat % seconds === 0) set(beat);
    };
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
    found.catch(() => {
      known.at = 0;
    });
  }
  return known.found;
}
export const forgetOverview = () => {
  known.at = 0;
};

/** How many rows a filter has to look through at most, as far as the overview knows it, else null. */
export function extent(filter, counts) {
  if (!counts) return null;
  if (filter.queue) return counts.queues[filter.queue];
  if (["failed", "requires_review"].includes(filter.phase_status)) return counts.review[filter.phase_status];
  if (filter.error_code) return counts.review.total;
  if (filter.model_id) return null;
  return filter.state ? counts.states[filter.state] : Object.values(counts.states).reduce((sum, one) => sum + one, 0);
}

/**
 * What `read` gives, read again every so many seconds while the page is seen, and never while it is hidden.
 * `read` may show a part early (its second argument), where nothing is shown yet.
 * After a failure the last answer stays, with `problem` beside it. `key` names what is read: another key, another read.
 * `seconds` may be a function of what was read last.
 */
export function useLive(key, read, seconds) {
  const [state, set] = useState({ key, data: null, problem: null, at: null });
  const reader = useRef(read);
  reader.current = read;
  const again = useRef(() => {});
  useEffect(() => {
    let timer = null,
      running = null,
      over = false,
      last = null;
    const look = async () => {
      clearTimeout(timer);
      if (over || document.hidden || key === null) return;
      running?.abort();
      const mine = new AbortController();
      running = mine;
      try {
        const early = (data) => {
          if (!over && running === mine)
            set((before) =>
              before.key === key && before.data && !before.data.part
                ? before
                : { key, data, problem: null, at: Date.now() },
            );
        };
        const data = await reader.current(mine.signal, early);
        if (JSON.stringify(data) !== JSON.stringify(last)) last = data; // what is as it was stays the same object: nothing of it is rendered
        if (!over && running === mine) set({ key, data: last, problem: null, at: Date.now() });
      } catch (problem) {
        if (problem.name === "AbortError") return;
        if (!over && running === mine)
          set((before) => ({ ...(before.key === key ? before : { key, data: null, at: null }), problem }));
        if (!problem.title) console.error(problem);
      }
      if (over || running !== mine) return;
      running = null;
      const wait = typeof seconds === "function" ? seconds(last) : seconds;
      if (wait) timer = setTimeout(look, wait * 1000);
    };
    const seen = () => {
      if (document.hidden) {
        clearTimeout(timer);
        running?.abort();
        running = null;
      } else look();
    };
    again.current = look;
    document.addEventListener("visibilitychange", seen);
    look();
    return () => {
      over = true;
      clearTimeout(timer);
      running?.abort();
      document.removeEventListener("visibilitychange", seen);
    };
  }, [key, seconds]);
  const reload = useCallback(() => again.current(), []);
  const current = state.key === key ? state : { key, data: null, problem: null, at: null };
  return { ...current, reload };
}

/**
 * Rows that do not jump: what is shown keeps its place and is updated in it; what came and what left is only told,
 * until `adopt` takes the new order. What was only a `part` of a first answer is simply followed by the rest.
 * A row that has not changed stays the same object, so that nothing of it needs to be rendered again.
 */
export function useRows(key, fresh, idOf, part = false) {
  const kept = useRef({ key: null, rows: [], part: false, fresh: null, came: 0, left: 0 });
  const [, set] = useState(0);
  const before = kept.current;
  if (before.key !== key || before.fresh !== fresh) {
    const known = before.key === key ? before : { key, rows: [], part: false };
    if (fresh) kept.current = settled(key, known, fresh, idOf, part);
    else if (before.key !== key) kept.current = { key, rows: [], part: false, fresh, came: 0, left: 0 };
  }
  const adopt = () => {
    kept.current = { ...settled(key, { rows: kept.current.rows, part: true }, kept.current.fresh, idOf, false) };
    set((n) => n + 1);
  };
  return { ...kept.current, adopt };
}

function settled(key, known, fresh, idOf, part) {
  const old = new Map(known.rows.map((row) => [idOf(row), row]));
  const same = (row) => {
    const was = old.get(idOf(row));
    return was && JSON.stringify(was) === JSON.stringify(row) ? was : row;
  };
  if (known.part || known.rows.length === 0) return { key, rows: fresh.map(same), part, fresh, came: 0, left: 0 };
  const byId = new Map(fresh.map((row) => [idOf(row), row]));
  const rows = known.rows.map((row) =>
    byId.has(idOf(row)) ? same(byId.get(idOf(row))) : row.gone ? row : { ...row, gone: true },
  );
  return {
    key,
    rows,
    part,
    fresh,
    came: fresh.filter((row) => !old.has(idOf(row))).length,
    left: rows.filter((row) => row.gone).length,
  };
}
