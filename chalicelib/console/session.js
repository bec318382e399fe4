// @ts-check
// Who is signed in, and for how long: the key lives in memory and session storage only, and not longer than a session.

export const LONGEST_HOURS = 12;
export const IDLE_MINUTES = 30;
const WARNED_MINUTES = 2;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const KEY = "warmup.key";
const TIMES = "warmup.signed-in";

/** @typedef {"refused" | "idle" | "long" | "expired"} Ended why a session ended without a click on Sign out */
/**
 * Of somebody who signed in at an issuer: their name, until when their token is good (ms), and what the issuer asks for
 * when they sign out there.
 * @typedef {{ name: string, until: number, idToken: string, clientId: string, endsAt: string | null }} Issued
 */
/**
 * When the session began and when it was last used (ms).
 * @typedef {{ began: number, used: number, issued?: Issued }} Times
 */

let key = sessionStorage.getItem(KEY);
let times = stored();
/** @type {Ended | null} */
let ended = null;
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Times} */
function stored() {
  const now = Date.now();
  try {
    return { began: now, used: now, ...JSON.parse(sessionStorage.getItem(TIMES) ?? "{}") };
  } catch {
    return { began: now, used: now };
  }
}

/** The key that requests are sent with, null when nobody is signed in. */
export const held = () => key;
export const signedIn = () => key !== null;
export const who = () => times.issued?.name ?? /^wk_(.+)_[^_]+$/.exec(key ?? "")?.[1] ?? "operator";
/** What the issuer said of the user, undefined where they signed in with a key. */
export const issued = () => times.issued;
/** Why the session of this tab ended, null where it did not or its user ended it. */
export const whyEnded = () => ended;
export const endsAt = () =>
  Math.min(times.began + LONGEST_HOURS * HOUR, times.issued?.until ?? Number.POSITIVE_INFINITY);
/** When the session ends, while that is so near that its user is warned, and whether use puts it off; else null. */
export const endsSoon = () => {
  const unused = times.used + IDLE_MINUTES * MINUTE;
  const at = Math.min(unused, endsAt());
  return at - Date.now() < WARNED_MINUTES * MINUTE ? { at, idle: unused < endsAt() } : null;
};
/** @param {() => void} listener */
export const onSignedIn = (listener) => {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
};

/**
 * @param {string} next a key, or a token of the issuer
 * @param {Issued} [issued]
 */
export function begin(next, issued) {
  const now = Date.now();
  [key, ended, times] = [next, null, { began: now, used: now, issued }];
  sessionStorage.setItem(KEY, next);
  sessionStorage.setItem(TIMES, JSON.stringify(times));
  announce();
}

/** @param {Ended} [why] */
export function end(why) {
  [key, ended] = [null, why ?? null];
  if (why === "refused") {
    sessionStorage.removeItem(KEY);
    sessionStorage.removeItem(TIMES);
  } else sessionStorage.clear();
  announce();
}

/**
 * The service refused a request that was sent with `sent`; that counts while the tab still holds it.
 * @param {string | null} sent
 */
export function refuse(sent) {
  if (sent !== null && sent === key && sessionStorage.getItem(KEY) === sent) end("refused");
}

const announce = () => {
  for (const listener of listeners) listener();
};

/** Ends the session if its time is over. */
export function check() {
  if (key === null) return;
  const now = Date.now();
  if (now >= endsAt()) end(now >= (times.issued?.until ?? now + 1) ? "expired" : "long");
  else if (now - times.used >= IDLE_MINUTES * MINUTE) end("idle");
}

/** A click or a key is use; what the console asks for by itself is not. */
function use() {
  check();
  if (key === null || Date.now() - times.used < 1000) return;
  times.used = Date.now();
  sessionStorage.setItem(TIMES, JSON.stringify(times));
}
for (const event of ["pointerdown", "keydown"]) addEventListener(event, use, { capture: true, passive: true });
setInterval(check, 5000);
document.addEventListener("visibilitychange", check);
check();
