// The operator API: one function for every call; the key lives in memory and session storage only.

export const BASE = new URL("./", document.baseURI); // …/console/
const ROOT = new URL("../", BASE);
const KEY = "warmup.key";

let key = sessionStorage.getItem(KEY);
const listeners = new Set();

let refused = false;
export const signedIn = () => key !== null;
/** Whether the service refused the key that one was signed in with: it was revoked meanwhile. */
export const wasRefused = () => refused;
export const onSignedIn = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
export const who = () => /^wk_(.+)_[^_]+$/.exec(key ?? "")?.[1] ?? "operator";

function hold(next, why = false) {
  key = next;
  refused = why;
  if (next === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, next);
  for (const listener of listeners) listener();
}

export const signOut = () => {
  sessionStorage.clear();
  hold(null);
};

export async function signIn(candidate) {
  const before = key;
  key = candidate;
  try {
    await get("operator/service");
  } catch (problem) {
    key = before;
    throw problem;
  }
  hold(candidate);
}

/** What went wrong, as the service tells it (RFC 9457), or as the network did. */
export class Problem extends Error {
  constructor(document, status = 0) {
    super(document.detail ?? document.title ?? "Something went wrong.");
    this.status = status;
    this.code = document.code ?? "unreachable";
    this.title = document.title ?? "The service did not answer";
    this.detail = document.detail ?? "";
    this.requestId = document.request_id ?? null;
    this.errors = document.errors ?? [];
    this.document = document;
  }
}

export function address(path, query = {}) {
  const url = new URL(`api/${path}`, ROOT);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url;
}

async function answered(method, path, { body, query, headers, signal } = {}) {
  const sent = { Authorization: `Bearer ${key}`, ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(address(path, query), {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({
      title: "The service did not answer",
      detail: "The network is down, or the service cannot be reached. What is shown may be old.",
    });
  }
  if (response.ok) return response;
  let document = {};
  try {
    document = await response.json();
  } catch {
    document = { title: `Status ${response.status}`, detail: "The answer is no problem document." };
  }
  const problem = new Problem(document, response.status);
  if (response.status === 401 && signedIn() && sessionStorage.getItem(KEY) === key) hold(null, true);
  throw problem;
}

const parsed = async (...request) => (await answered(...request)).json();
export const get = (path, query, more) => parsed("GET", path, { query, ...more });
export const post = (path, body = {}, more) => parsed("POST", path, { body, ...more });
export const patch = (path, body, version) => parsed("PATCH", path, { body, headers: { "If-Match": `"${version}"` } });
export const remove = (path) => parsed("DELETE", path);

/**
 * Looks until `wanted` items are found, the list ends, so many looks were made, or `stop` says so: a page of what is looked
 * through may be short. `early` is told after each look what was found so far, so that nobody waits for the last one.
 * `looked` counts the rows that were looked at.
 */
export async function find(path, query, wanted, { looks = 6, signal, early = () => {}, stop = () => false } = {}) {
  const found = { items: [], next_cursor: query.cursor ?? null, looked: 0, looks: 0, short: false, part: true };
  for (;;) {
    const page = await get(
      path,
      { ...query, cursor: found.next_cursor, limit: wanted - found.items.length },
      { signal },
    );
    found.items.push(...page.items);
    found.next_cursor = page.next_cursor;
    found.looked += page.looked_at ?? page.items.length;
    found.looks += 1;
    found.short = page.next_cursor !== null && found.items.length < wanted;
    if (!found.short || found.looks >= looks || stop()) return { ...found, part: false };
    early({ ...found, items: [...found.items] });
  }
}

/** All JSON lines of an export, call after call. */
export async function lines(path, query, onPart) {
  let cursor = null,
    text = "";
  do {
    const response = await answered("GET", path, { query: { ...query, cursor } });
    text += await response.text();
    cursor = response.headers.get("Next-Cursor");
    onPart(text.split("\n").length - 1);
  } while (cursor !== null);
  return text;
}

/** Sends a file by a presigned form. The key is not sent there. */
export function send(form, file, onProgress) {
  return new Promise((resolve, reject) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(form.fields)) data.append(name, value);
    data.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.url);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () =>
      request.status < 300
        ? resolve()
        : reject(
            new Problem(
              { title: "The upload was refused", detail: `The media bucket answered ${request.status}.` },
              request.status,
            ),
          );
    request.onerror = () =>
      reject(
        new Problem({
          title: "The upload failed",
          detail: "The media bucket could not be reached, or does not admit this page's address (CORS).",
        }),
      );
    request.send(data);
  });
}
