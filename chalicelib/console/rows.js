// @ts-check
// Rows that do not jump while they are read again.
import { useRef, useState } from "./preact.js";

/**
 * @template R
 * @typedef {{
 *   key: string | null, rows: Kept<R>[], part: boolean, fresh: R[] | undefined, came: number, left: number,
 * }} Shown
 */

/**
 * What is shown keeps its place and is updated in it; what came and what left is only announced, until `adopt` takes
 * the new order. What was only a `part` of a first answer is simply followed by the rest.
 * A row that has not changed stays the same object, so that nothing of it needs to be rendered again.
 *
 * @template R
 * @param {string} key
 * @param {R[] | undefined} fresh
 * @param {(row: R) => string} idOf
 * @param {boolean} [part]
 * @returns {Rows<R>}
 */
export function useRows(key, fresh, idOf, part = false) {
  const shown = useRef(/** @type {Shown<R>} */ ({ ...nothing(null), fresh: undefined }));
  const [, render] = useState(0);
  const before = shown.current;
  if (before.key !== key || before.fresh !== fresh) {
    const known = before.key === key ? before : nothing(key);
    if (fresh) shown.current = settled(known, fresh, idOf, part);
    else if (before.key !== key) shown.current = nothing(key);
  }
  const adopt = () => {
    const { fresh } = shown.current;
    if (fresh) shown.current = settled({ ...shown.current, part: true }, fresh, idOf, false);
    render((n) => n + 1);
  };
  const { rows, came, left } = shown.current;
  return { rows, came, left, adopt };
}

/** @param {string | null} key */
const nothing = (key) => ({ key, rows: [], part: false, fresh: undefined, came: 0, left: 0 });

/**
 * @template R
 * @param {Shown<R>} known
 * @param {R[]} fresh
 * @param {(row: R) => string} idOf
 * @param {boolean} part
 * @returns {Shown<R>}
 */
function settled(known, fresh, idOf, part) {
  const { key } = known;
  const old = new Map(known.rows.map((row) => [idOf(row), row]));
  /**
   * @param {R} row
   * @returns {Kept<R>}
   */
  const same = (row) => {
    const was = old.get(idOf(row));
    return was && JSON.stringify(was) === JSON.stringify(row) ? was : /** @type {Kept<R>} */ (row);
  };
  if (known.part || known.rows.length === 0) return { key, rows: fresh.map(same), part, fresh, came: 0, left: 0 };
  const byId = new Map(fresh.map((row) => [idOf(row), row]));
  const rows = known.rows.map((row) => {
    const now = byId.get(idOf(row));
    return now ? same(now) : row.gone ? row : { ...row, gone: true };
  });
  const came = fresh.filter((row) => !old.has(idOf(row))).length;
  return { key, rows, part, fresh, came, left: rows.filter((row) => row.gone).length };
}
