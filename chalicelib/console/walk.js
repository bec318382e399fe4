// @ts-check
// A walk: a filter that no index knows, scanned a page a request.
import { find, get } from "./api.js";
import { useLive } from "./live.js";
import { steady } from "./media.js";
import { html, useRef, useState } from "./preact.js";
import { count, many } from "./words.js";

/** @typedef {Schemas["ListedAccount"]} Account */

const PAGE = 50;
/** @param {Account} row */
export const idOf = (row) => row.account_id;

/**
 * A page of accounts, read again every few seconds. A filter that no index knows scans a hundred accounts a request,
 * until the page is full, the list ends or somebody stops it; such a walk is not repeated by itself: only what it found
 * is read again.
 *
 * @param {string} key
 * @param {Record<string, string>} filter
 * @param {Record<string, string>} ordered
 * @param {string | undefined} cursor
 */
export function useWalk(key, filter, ordered, cursor) {
  const [round, setRound] = useState(0);
  const name = `${key}#${round}`;
  const walked = useRef(/** @type {{ name: string, page: Found<Account> } | null} */ (null));
  const halted = useRef(/** @type {string | null} */ (null));
  /** @type {(signal: AbortSignal, early: (part: Found<Account>) => void) => Promise<Found<Account>>} */
  const read = async (signal, early) => {
    const known = walked.current;
    if (known?.name === name && walks(known.page)) return reread(known.page, filter, signal);
    const query = { ...filter, ...ordered, with_phases: true, cursor };
    const page = await find("operator/accounts", query, PAGE, {
      signal,
      pages: Infinity,
      stop: () => halted.current === name,
      early: (part) => early({ ...part, items: steadied(part.items) }),
    });
    walked.current = { name, page };
    return { ...page, items: steadied(page.items) };
  };
  const live = useLive(name, read, 4);
  const halt = () => {
    halted.current = name;
  };
  return { name, live, halt, again: () => setRound((n) => n + 1) };
}

/**
 * What a walk found, as it is now.
 * @param {Found<Account>} page
 * @param {Record<string, string>} filter
 * @param {AbortSignal} signal
 */
async function reread(page, filter, signal) {
  const ids = page.items.map(idOf).join(",");
  if (!ids) return page;
  const { items } = await get("operator/accounts", { ...filter, ids, with_phases: true }, { signal });
  return { ...page, items: steadied(items) };
}

const FEW = 2;
/** @param {Found<Account>} page */
export const walks = (page) => page.pages > FEW || page.short;

/** @param {Account[]} items */
const steadied = (items) => items.map(steadiedRow);
/** @param {Account} row */
function steadiedRow(row) {
  const content = row.assigned?.content;
  if (!content) return row;
  const url = steady(content.content_id, content.url) ?? content.url;
  return { ...row, assigned: { content: { ...content, url }, text: row.assigned?.text ?? null } };
}

/**
 * How far a walk has come.
 * @param {{ found: Found<Account>, of: number | null, halt: () => void, again: () => void }} props
 */
export function Walked({ found, of, halt, again }) {
  const total = of !== null && of >= found.scanned ? ` of ${count(of)}` : "";
  const words = `canned ${count(found.scanned)}${total} accounts, ${many(found.items.length, "match")}`;
  return html`
    <div class="note" role="status">
      <p>
        ${found.part ? `Searching: s${words} so far.` : `S${words}.`}
        ${!found.part && found.short ? " The next page continues the search." : ""}
      </p>
      ${
        found.part
          ? html`<button type="button" onClick=${halt}>Stop</button>`
          : html`<button type="button" onClick=${again}>Search again</button>`
      }
    </div>
  `;
}
