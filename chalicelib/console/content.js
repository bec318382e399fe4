// @ts-check
// Content: the pools of a model, and what is in them.
import { find } from "./api.js";
import { Field, filterOptions, plainOptions } from "./dialogs.js";
import { change, link, useLive } from "./live.js";
import { isImage, Picture } from "./media.js";
import { html, useState } from "./preact.js";
import { useRows } from "./rows.js";
import { Runway } from "./runway.js";
import { Announce, Empty, Opens, Pager, State, shown, Time } from "./ui.js";
import { AddText, Upload } from "./upload.js";
import { CATEGORIES, clipped, percent } from "./words.js";

/** @typedef {Schemas["Model"]} Model */
/** @typedef {Schemas["LinkedContent"] | Schemas["Text"]} Item */
/** @typedef {"content" | "texts"} Kind */

const RIGHTS = ["pending", "approved", "expired", "rejected", "withdrawn"];
const VIEWS = [
  ["media", "Media"],
  ["texts", "Texts"],
  ["runway", "Runway"],
];
const PAGE = 30;

/** @param {Item} item */
export const idOf = (item) => ("content_id" in item ? item.content_id : item.text_id);
/**
 * The rights of an item, or what else keeps it from being used.
 * @param {Item} item
 */
export function standing(item) {
  if (item.status !== "approved") return item.status;
  if (!item.enabled) return "disabled";
  return item.usage_count >= item.max_usage ? "used_up" : "approved";
}
/** @param {Item} item */
export const success = (item) => percent(item.successes, item.usage_count);

/** @param {{ params: Params }} props */
export function Content({ params }) {
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  const model = params.model ?? models.data?.items[0]?.model_id ?? null;
  const chosen = models.data?.items.find((one) => one.model_id === model);
  const [dialog, setDialog] = useState(/** @type {"upload" | "text" | null} */ (null));
  const [fresh, setFresh] = useState(0);
  const close = () => setDialog(null);
  const done = () => setFresh((n) => n + 1);
  return html`
    <div class="head">
      <h1>Content</h1>
      ${
        chosen &&
        html`
          <span class="row">
            <${Opens} needs="content:write" kind="main" icon="picture"
              onClick=${() => setDialog("upload")}>Upload media<//>
            <${Opens} needs="content:write" onClick=${() => setDialog("text")}>Add a text<//>
          </span>
        `
      }
    </div>
    ${shown(models, (found) =>
      model === null
        ? html`<${NoModel} />`
        : html`
          <${Filters} params=${params} models=${found.items} model=${model} chosen=${chosen} />
          <${Tabs} params=${params} />
          <${View} params=${params} model=${model} fresh=${fresh} />
          ${chosen && dialog === "upload" && html`<${Upload} model=${chosen} onClose=${close} onDone=${done} />`}
          ${chosen && dialog === "text" && html`<${AddText} model=${chosen} onClose=${close} onDone=${done} />`}
        `,
    )}
  `;
}

const NoModel = () => html`
  <${Empty} kind="nothing" title="There are no models yet">
    Create one with <code>POST /api/operator/models</code>.
  <//>
`;

/** @param {{ params: Params, models: Model[], model: string, chosen?: Model }} props */
function Filters({ params, models, model, chosen }) {
  /** @type {Put} */
  const put = (name) => (event) => change({ [name]: event.target.value, cursor: null }, { replace: true });
  const known = models.map((one) => [one.model_id, one.name]);
  return html`
    <div class="filters">
      <${Field}
        label="Model"
        value=${model}
        onInput=${put("model")}
        options=${plainOptions(chosen ? known : [model, ...known])}
        data-search
      />
      ${
        params.view !== "runway" &&
        html`
          <${Field}
            label="Category"
            value=${params.category ?? ""}
            onInput=${put("category")}
            options=${filterOptions(CATEGORIES)}
          />
          <${Field}
            label="Rights"
            value=${params.rights ?? ""}
            onInput=${put("rights")}
            options=${filterOptions(RIGHTS)}
          />
        `
      }
    </div>
  `;
}

/** @param {{ params: Params }} props */
const Tabs = ({ params }) => html`
  <nav class="tabs" aria-label="Views">
    ${VIEWS.map(([name, word]) => {
      const where = link("content", { ...params, view: name, cursor: null });
      const current = (params.view ?? "media") === name;
      return html`<a key=${name} href=${where} aria-current=${current ? "page" : undefined}>${word}</a>`;
    })}
  </nav>
`;

/** @param {{ params: Params, model: string, fresh: number }} props */
function View({ params, model, fresh }) {
  if (params.view === "runway") return html`<${Runway} model=${model} />`;
  const kind = params.view === "texts" ? "texts" : "content";
  return html`<${Pool} key=${`${model}:${kind}`} model=${model} kind=${kind} params=${params} fresh=${fresh} />`;
}

/** @param {{ model: string, kind: Kind, params: Params, fresh: number }} props */
function Pool({ model, kind, params, fresh }) {
  const { category, rights, cursor } = params;
  const query = { category, status: rights, cursor, ...(kind === "content" ? { with_url: true } : {}) };
  const key = JSON.stringify([model, kind, category, rights, cursor, fresh]);
  const path = /** @type {const} */ (`operator/models/${encodeURIComponent(model)}/${kind}`);
  /** @type {(signal: AbortSignal) => Promise<Found<Item>>} */
  const read = (signal) => find(path, query, PAGE, { signal });
  const live = useLive(`pool:${key}`, read, 15);
  const rows = useRows(key, live.data?.items, idOf);
  return shown(
    live,
    (found) => html`
      <${Announce} rows=${rows} noun="items" />
      ${
        rows.rows.length === 0
          ? html`<${Nothing} kind=${kind} filtered=${Boolean(category || rights)} />`
          : html`
            <ul class="pool">
              ${rows.rows.map(
                (item) => html`
                  <li key=${idOf(item)} data-row><${Card} item=${item} kind=${kind} params=${params} /></li>
                `,
              )}
            </ul>
            <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="items" />
          `
      }
    `,
  );
}

/** @param {{ kind: Kind, filtered: boolean }} props */
const Nothing = ({ kind, filtered }) =>
  filtered
    ? html`<${Empty} kind="filtered" title="No item matches the filters" />`
    : html`<${Empty} kind="nothing" title=${`This model has no ${kind === "texts" ? "texts" : "media"} yet`} />`;

/** @param {{ item: Item, kind: Kind, params: Params }} props */
function Card({ item, kind, params }) {
  const where = link("content", { ...params, item: `${item.model_id}/${kind}/${idOf(item)}` });
  return html`
    <a class="item" data-opens href=${where}>
      <${Preview} item=${item} />
      <span class="about">
        <span class="row spread"><strong>${item.category}</strong><${State} of="rights" is=${standing(item)} /></span>
        <span class="row spread">
          <span>${item.usage_count} of ${item.max_usage} uses</span><span>quality ${item.quality_score}</span>
        </span>
        <meter min="0" max=${item.max_usage} value=${item.usage_count} aria-label="Uses of the limit"></meter>
        <small><${LastUse} item=${item} /></small>
      </span>
    </a>
  `;
}

/** @param {{ item: Item }} props */
function Preview({ item }) {
  if ("body" in item) return html`<bdi class="words">${clipped(item.body, 400)}</bdi>`;
  if (!isImage(item) || !item.url) return html`<span class="words">${item.media_type}</span>`;
  return html`<${Picture} kind="picture" loading="lazy" id=${item.content_id} url=${item.url} />`;
}

/** @param {{ item: Item }} props */
function LastUse({ item }) {
  if (!item.last_assigned_at) return "never used";
  return html`${success(item)} success · <span class="whole">used <${Time} still at=${item.last_assigned_at} /></span>`;
}
