// @ts-check
// The operator API: one function for every call.
import { begin, check, held, refuse } from "./session.js";

export const BASE = new URL("./", document.baseURI); // …/console/
const ROOT = new URL("../", BASE);

/**
 * Signs in with a key, or with a token of the issuer, once the service has accepted it.
 * @param {string} candidate
 * @param {import("./session.js").Issued} [issued]
 */
export async function signIn(candidate, issued) {
  await answered("GET", "operator/service", { headers: { Authorization: `Bearer ${candidate}` } });
  begin(candidate, issued);
}

/** What went wrong, as the service reports it (RFC 9457), or as the network did. */
export class Problem extends Error {
  /** @param {Partial<Schemas["Problem"]>} document */
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

/**
 * The error as a problem; what is not one is a mistake of the console, and is logged.
 * @param {unknown} error
 */
export function problemOf(error) {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem({ title: "Something went wrong", detail: error instanceof Error ? error.message : String(error) });
}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/**
 * @param {string} path
 * @param {Record<string, unknown>} query
 */
export function address(path, query = {}) {
  const url = new URL(`api/${path}`, ROOT);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url;
}

/** @typedef {{ headers?: Record<string, string>, signal?: AbortSignal }} More */

/**
 * @param {string} method
 * @param {string} path
 * @param {More & { body?: unknown, text?: string, query?: Record<string, unknown> }} [options]
 */
async function answered(method, path, { body, text, query, headers, signal } = {}) {
  check();
  const key = held();
  /** @type {Record<string, string>} */
  const sent = { Authorization: `Bearer ${key}`, ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const response = await fetch(address(path, query), {
    method,
    headers: sent,
    body: body === undefined ? text : JSON.stringify(body),
    signal,
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
  }).catch((error) => {
    if (isAbort(error)) throw error;
    throw new Problem({
      title: "The service did not answer",
      detail: "The network is down, or the service cannot be reached. The data shown may be out of date.",
    });
  });
  if (response.ok) return response;
  const problem = new Problem(await documentOf(response), response.status);
  if (response.status === 401) refuse(key);
  throw problem;
}

/**
 * @param {Response} response
 * @returns {Promise<Partial<Schemas["Problem"]>>}
 */
async function documentOf(response) {
  try {
    return await response.json();
  } catch {
    return { title: `Status ${response.status}`, detail: "The answer is not a problem document." };
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Parameters<typeof answered>[2]} options
 */
const parsed = async (method, path, options) => (await answered(method, path, options)).json();

/**
 * @template {string} P
 * @param {P} path
 * @param {QueryOf<"get", P>} [query]
 * @param {More} [more]
 * @returns {Promise<AnswerOf<"get", P>>}
 */
export const get = (path, query, more) => parsed("GET", path, { query, ...more });

/**
 * @template {string} P
 * @param {P} path
 * @param {BodyOf<"post", P>} [body]
 * @param {More} [more]
 * @returns {Promise<AnswerOf<"post", P>>}
 */
export const post = (path, body, more) => parsed("POST", path, { body: body ?? {}, ...more });

/**
 * The same with a body that is not JSON.
 * @template {string} P
 * @param {P} path
 * @param {string} text
 * @param {string} type
 * @param {Record<string, unknown>} query
 * @returns {Promise<AnswerOf<"post", P>>}
 */
export const postText = (path, text, type, query) =>
  parsed("POST", path, { text, query, headers: { "Content-Type": type } });

/**
 * @template {string} P
 * @param {P} path
 * @param {BodyOf<"patch", P>} body
 * @param {number | undefined} version
 * @returns {Promise<AnswerOf<"patch", P>>}
 */
export const patch = (path, body, version) => parsed("PATCH", path, { body, headers: { "If-Match": `"${version}"` } });

/**
 * @template {string} P
 * @param {P} path
 * @returns {Promise<AnswerOf<"delete", P>>}
 */
export const remove = (path) => parsed("DELETE", path, {});

/**
 * @template T
 * @typedef {{ pages?: number, signal?: AbortSignal, early?: (part: T) => void, stop?: () => boolean }} FindOptions
 */

/**
 * Reads page after page until `wanted` items are found, the list ends, `pages` pages were read, or `stop` says so: a
 * page of a filtered scan may be short. `early` gets what was found so far after each page, so that nobody waits for
 * the last one. `scanned` counts the rows that were read.
 *
 * @template {string} P
 * @param {P} path
 * @param {QueryOf<"get", P>} query
 * @param {number} wanted
 * @param {FindOptions<Found<RowOf<P>>>} [options]
 * @returns {Promise<Found<RowOf<P>>>}
 */
export async function find(path, query, wanted, { pages = 6, signal, early, stop } = {}) {
  const asked = /** @type {Record<string, any>} */ (query);
  /** @type {Found<RowOf<P>>} */
  const found = { items: [], next_cursor: asked.cursor ?? null, scanned: 0, pages: 0, short: false, part: true };
  for (;;) {
    const limits = { cursor: found.next_cursor, limit: wanted - found.items.length };
    const page = await parsed("GET", path, { query: { ...asked, ...limits }, signal });
    found.items.push(...page.items);
    found.next_cursor = page.next_cursor;
    found.scanned += page.scanned_count ?? page.items.length;
    found.pages += 1;
    found.short = page.next_cursor !== null && found.items.length < wanted;
    if (!found.short || found.pages >= pages || stop?.()) return { ...found, part: false };
    early?.({ ...found, items: [...found.items] });
  }
}

/**
 * All JSON lines of an export, call after call.
 *
 * @param {string} path
 * @param {Record<string, unknown>} query
 * @param {(lines: number) => void} onPart
 */
export async function lines(path, query, onPart) {
  /** @type {string | null} */
  let cursor = null;
  let text = "";
  do {
    /** @type {Response} */
    const response = await answered("GET", path, { query: { ...query, cursor } });
    text += await response.text();
    cursor = response.headers.get("Next-Cursor");
    onPart(text.split("\n").length - 1);
  } while (cursor !== null);
  return text;
}

/**
 * Sends a file by a presigned form. The key is not sent there.
 *
 * @param {Schemas["Upload"]} form
 * @param {File} file
 * @param {(part: number) => void} onProgress
 * @returns {Promise<void>}
 */
export function send(form, file, onProgress) {
  return new Promise((resolve, reject) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(form.fields)) data.append(name, String(value));
    data.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.url);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => (request.status < 300 ? resolve() : reject(refusedUpload(request.status)));
    request.onerror = () => reject(failedUpload());
    request.send(data);
  });
}

/** @param {number} status */
const refusedUpload = (status) =>
  new Problem({ title: "The upload was refused", detail: `The media bucket answered ${status}.` }, status);
const failedUpload = () =>
  new Problem({
    title: "The upload failed",
    detail: "The media bucket cannot be reached, or does not accept this page's address (CORS).",
  });
