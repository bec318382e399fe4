// @ts-check
// What the signed-in user may do, by the permissions of the role.

/** @typedef {Schemas["Me"]} Me */

/** @type {Me | null} */
let me = null;

/** @param {Me | null} found */
export const keepMe = (found) => {
  me = found;
};

/**
 * Whether the user may do what needs this permission; before that is known, the service decides.
 * @param {string} needed
 */
export const may = (needed) => me === null || !(needed in me.lacking);

/**
 * Why a button is disabled: the permission that is missing, and the roles that have it. Undefined where none is.
 * @param {string | undefined} needed
 */
export const missing = (needed) =>
  needed === undefined || may(needed)
    ? undefined
    : `This needs ${needed}: ask a user whose role is ${me?.lacking[needed]?.join(" or ")}`;
