// @ts-check
// Words, icons and times: what the API sends, as an operator reads it.
import { now } from "./live.js";

export const CATEGORIES = ["pfp", "bio", "post", "highlight", "story", "any"];

/**
 * The names of phases that a filter offers: those that are shown, in their order, those in which accounts wait, and the
 * one that is chosen.
 * @param {string[]} shown
 * @param {Schemas["Overview"] | null} overview
 * @param {string | undefined} chosen
 */
export const phaseNames = (shown, overview, chosen) => [
  ...new Set([...shown, ...Object.keys(overview?.phases ?? {}).sort(), ...(chosen ? [chosen] : [])]),
];

/** @type {Record<string, Look>} */
export const PHASE = {
  pending: ["clock", "pending", "wait"],
  available: ["ring", "available", "ready"],
  content_assigned: ["picture", "assigned", "ready"],
  in_progress: ["play", "in progress", "work"],
  completed: ["check", "completed", "done"],
  skipped: ["skip", "skipped", "done"],
  failed: ["retry", "failed", "warn"],
  requires_review: ["alert", "needs review", "bad"],
};
/** @type {Record<string, Look>} */
export const STATE = {
  imported: ["inbox", "imported", "wait"],
  ready: ["ring", "ready", "ready"],
  warming_up: ["play", "warming up", "work"],
  active: ["check", "active", "done"],
  paused: ["pause", "paused", "warn"],
  retired: ["stop", "retired", "wait"],
};
/** @type {Record<string, Look>} */
export const RIGHTS = {
  pending: ["clock", "pending", "wait"],
  approved: ["check", "approved", "done"],
  rejected: ["cross", "rejected", "warn"],
  withdrawn: ["stop", "withdrawn", "bad"],
  disabled: ["pause", "disabled", "wait"],
  used_up: ["empty", "used up", "warn"],
  expired: ["clock", "licence ended", "bad"],
};
/** @type {Record<string, Look>} */
export const SESSION = {
  live: ["play", "live", "work"],
  lost: ["alert", "lost", "bad"],
  ended: ["stop", "ended", "wait"],
  drain: ["retry", "draining", "warn"],
  stop: ["stop", "stopping", "bad"],
};
/** @type {Record<string, Look>} */
export const PLAN = {
  draft: ["ring", "draft", "ready"],
  published: ["check", "published", "done"],
  retired: ["stop", "retired", "wait"],
};
/** @type {Record<string, string>} */
export const KIND = {
  unknown: "outcome unknown",
  transient: "temporary failure",
  content: "content at fault",
  account: "account at fault",
  fatal: "permanent failure",
};

/** @type {Record<string, string>} */
export const ICONS = {
  check: "M3 8.5l3.200 3.200L13 4.800",
  play: "M5 3.500l7 4.500-7 4.500z",
  clock: "M8 2.500a5.500 5.500 0 1 0 .01 0M8 5v3.200l2.200 1.300",
  ring: "M8 3a5 5 0 1 0 .01 0M8 7.200a.8.8 0 1 0 .01 0",
  picture: "M2.500 3.500h11v9h-11zM3 11.500l3.200-3.500 2.300 2.300 2-1.800 2.500 2.500",
  retry: "M12.500 5.500A5 5 0 1 0 13 9M13 3v3h-3",
  alert: "M8 2.500l6 10.500H2zM8 6.500v3M8 11.300v.1",
  pause: "M5.500 3.500v9M10.500 3.500v9",
  stop: "M4 4h8v8H4z",
  skip: "M3 4l4.500 4L3 12zM8.500 4L13 8l-4.500 4z",
  inbox: "M2.500 9.500l2-6h7l2 6v3h-11zM2.500 9.500h3l1 1.500h3l1-1.500h3",
  cross: "M4 4l8 8M12 4l-8 8",
  empty: "M8 2.500a5.500 5.500 0 1 0 .01 0M4.200 4.200l7.600 7.600",
  bot: "M3.500 6h9v6.500h-9zM8 3v3M6 9v.01M10 9v.01",
  home: "M2.500 8L8 3l5.500 5M4 7v6h8V7",
  list: "M5.500 4h8M5.500 8h8M5.500 12h8M2.500 4v.01M2.500 8v.01M2.500 12v.01",
  eye: "M1.500 8S4 3.800 8 3.800 14.500 8 14.500 8 12 12.200 8 12.200 1.500 8 1.500 8zM8 6.300a1.700 1.700 0 1 0 .01 0",
  hand: "M4 8.500V5M6.500 8V3.500M9 8V3.500M11.500 8.500V5M4 8.500c0 3 1.500 4.500 3.800 4.500s3.700-1.500 3.700-4.500",
  book: "M3 3h4.500l.5.500.5-.5H13v9.500H8.500L8 13l-.5-.5H3zM8 3.500V13",
  gauge: "M2.500 11a5.500 5.500 0 1 1 11 0M8 11l2.500-4",
  plan: "M2.500 4h5M5 8h5M8.500 12h5M2.500 8v.01M2.500 12v.01",
  down: "M8 3v8M4.500 8L8 11.500 11.500 8M3 13.500h10",
  copy: "M5.500 5.500h7v7h-7zM3.500 10.500v-7h7",
  sort: "M5 6l3-3 3 3M5 10l3 3 3-3",
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A span of milliseconds, such as `11 h 20 min`.
 * @param {number} ms
 */
export function span(ms) {
  const size = Math.abs(ms);
  if (size < MINUTE) return `${Math.max(1, Math.round(size / 1000))} s`;
  if (size < HOUR) return `${Math.floor(size / MINUTE)} min`;
  const hours = Math.floor(size / HOUR);
  const minutes = Math.floor((size % HOUR) / MINUTE);
  if (size < DAY) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  const days = Math.floor(size / DAY);
  const rest = Math.floor((size % DAY) / HOUR);
  return rest && days < 10 ? `${days} d ${rest} h` : `${days} d`;
}

/** @param {string} at */
export function relative(at, from = now()) {
  const away = Date.parse(at) - from;
  if (Math.abs(away) < 5000) return "now";
  return away > 0 ? `in ${span(away)}` : `${span(away)} ago`;
}

/**
 * An instant such as `2026-12-31 23:59:59`, in UTC or in the browser's time zone.
 * @param {string} at
 * @param {string} zone
 */
export function absolute(at, zone) {
  const date = new Date(at);
  if (zone === "utc") return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const local = new Date(date.getTime() - date.getTimezoneOffset() * MINUTE);
  return local.toISOString().slice(0, 19).replace("T", " ");
}

/**
 * The day of an instant in a time zone, such as `2026-12-31`.
 * @param {string} at
 * @param {string} zone
 */
export function dayIn(at, zone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  return format.format(new Date(at));
}

/**
 * The length of a text in code points, as the service counts it; an emoji may be several.
 * @param {string} text
 */
export const points = (text) => [...text].length;
/**
 * The first code points of a text: a pair is never cut in half.
 * @param {string} text
 * @param {number} most
 */
export const clipped = (text, most) => (points(text) > most ? `${[...text].slice(0, most).join("")}…` : text);

/** @param {number | null | undefined} number */
export const count = (number) => new Intl.NumberFormat("en").format(number ?? 0);
/** @param {string} noun */
const plural = (noun) =>
  noun.endsWith("ry") ? `${noun.slice(0, -1)}ies` : `${noun}${/(s|ch|sh)$/.test(noun) ? "es" : "s"}`;
/**
 * A number with its noun: `1 account`, `2 accounts`.
 * @param {number | null | undefined} number
 * @param {string} noun
 */
export const many = (number, noun) => `${count(number)} ${number === 1 ? noun : plural(noun)}`;
/**
 * @param {number} part
 * @param {number} whole
 */
export const percent = (part, whole) => (whole ? `${Math.round((100 * part) / whole)} %` : "–");
/** @param {number} number */
export function bytes(number) {
  if (number < 1024) return `${number} B`;
  return number < 1024 ** 2 ? `${(number / 1024).toFixed(0)} KB` : `${(number / 1024 ** 2).toFixed(1)} MB`;
}

/**
 * A value of any type in one line, for lists of changes.
 * @param {unknown} value
 */
export function shownValue(value) {
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * Why an account is not offered.
 * @param {Schemas["Blocker"]} blocker
 * @param {Schemas["Phase"][]} phases
 */
export function why(blocker, phases = []) {
  const left = blocker.until ? Date.parse(blocker.until) - now() : 0;
  const waits = left > 0 ? `waiting ${span(left)}: ` : "";
  const hours = blocker.code === "interval" ? intervalHours(blocker.until, phases) : 0;
  return `${waits}${hours ? `minimum interval ${hours} h` : blocker.detail}`;
}

/**
 * The hours from the completion of a phase until the next one becomes available; 0 where they are not known.
 * @param {string | null} until
 * @param {Schemas["Phase"][]} phases
 */
function intervalHours(until, phases) {
  const at = phases.findIndex((phase) => phase.available_at === until);
  const before = at > 0 ? phases[at - 1].completed_at : null;
  return until && before ? Math.round((Date.parse(until) - Date.parse(before)) / HOUR) : 0;
}
