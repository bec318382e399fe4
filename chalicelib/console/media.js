// @ts-check
// Media: pictures of the pools, by their signed addresses.
import { html } from "./preact.js";

/** @type {Map<string, { url: string, until: number }>} */
const seen = new Map();
/**
 * The first URL of an item stays until its time is up, so that pictures are not loaded again with each answer.
 * @param {string} id
 * @param {string | null | undefined} url
 */
export function steady(id, url) {
  const known = seen.get(id);
  if (!url || (known && known.until > Date.now())) return known?.url ?? url;
  seen.set(id, { url, until: Date.now() + 240_000 });
  return url;
}

/** @param {{ media_type: string }} item */
export const isImage = (item) => item.media_type.startsWith("image/");

/** @param {{ id: string, url?: string, kind?: string, loading?: "lazy" }} props */
export const Picture = ({ id, url, kind, loading }) => html`
  <img class=${kind} loading=${loading} src=${steady(id, url)} alt=${`Media ${id}`} />
`;
