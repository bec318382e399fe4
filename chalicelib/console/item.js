// @ts-check
// One item of a pool: its rights, its use, and its changes.
import { get, Problem, patch } from "./api.js";
import { idOf, standing, success } from "./content.js";
import { Ask, Field, hasReason, Reason } from "./dialogs.js";
import { useLive } from "./live.js";
import { isImage, steady } from "./media.js";
import { html, useState } from "./preact.js";
import { Account, Drawer, Empty, Note, Opens, State, shown, Time, toast } from "./ui.js";
import { codePoints, ItemFields } from "./upload.js";
import { bytes, dayIn, many } from "./words.js";

/** @typedef {Schemas["Model"]} Model */
/** @typedef {import("./content.js").Item} Item */
/** @typedef {Schemas["ItemEdit"] | Schemas["TextEdit"]} Change */
/** @typedef {"edit" | [string, Change]} Asked */
/** @typedef {(change: Change, version: number | undefined) => Promise<void>} Apply */

/** @param {{ item: string }} props */
export function ItemDrawer({ item }) {
  const [model, given, id = ""] = item.split("/");
  const kind = given === "texts" ? "texts" : "content";
  const path = /** @type {const} */ (`operator/models/${encodeURIComponent(model)}/${kind}/${encodeURIComponent(id)}`);
  /** @type {(signal: AbortSignal) => Promise<Item>} */
  const read = (signal) => get(path, kind === "content" ? { with_url: true } : {}, { signal });
  const live = useLive(`one:${item}`, read, 15);
  const history = useHistory(kind, id);
  const models = useModel(model);
  const [dialog, setDialog] = useState(/** @type {Asked | null} */ (null));
  const [touched, setTouched] = useState(/** @type {Touched | null} */ (null));
  const close = () => setDialog(null);
  /** @type {Apply} */
  const apply = async (change, version) => {
    const answer = await patch(path, change, version).catch((error) => {
      if (error instanceof Problem && error.status === 412) live.reload();
      throw error;
    });
    if (answer.users) setTouched({ users: answer.users, has_more: answer.has_more ?? false });
    toast("The item is changed.");
    live.reload();
    history.reload();
  };
  return html`
    <${Drawer}
      title=${id}
      label=${`Item ${id}`}
      names=${["item"]}
      aside=${live.data && html`<${Aside} item=${live.data} />`}
    >
      ${shown(
        live,
        (found) => html`
          ${touched && html`<${TouchedNote} of=${touched} />`}
          <section class="card stack"><${Body} item=${found} id=${id} /></section>
          <${Actions} item=${found} ask=${setDialog} />
          <${Facts} item=${found} model=${models.data} />
          <section class="card">
            <header><h3>Assigned to</h3></header>
            ${shown(history, (page) => html`<${History} items=${page.items} />`)}
          </section>
          <details class="card">
            <summary>JSON</summary>
            <pre>${JSON.stringify({ ...found, url: undefined }, null, 2)}</pre>
          </details>
          ${
            dialog === "edit" &&
            models.data &&
            html`<${Edit} item=${found} model=${models.data} apply=${apply} onClose=${close} />`
          }
          ${
            Array.isArray(dialog) &&
            html`<${Decide} item=${found} verb=${dialog[0]} change=${dialog[1]} apply=${apply} onClose=${close} />`
          }
        `,
      )}
    <//>
  `;
}

/**
 * @param {"content" | "texts"} kind
 * @param {string} id
 */
function useHistory(kind, id) {
  const query = { [kind === "texts" ? "text_id" : "content_id"]: id, limit: 50 };
  return useLive(`history:${kind}/${id}`, (signal) => get("operator/assignments", query, { signal }), 15);
}

/** @param {string} model */
function useModel(model) {
  const path = /** @type {const} */ (`operator/models/${encodeURIComponent(model)}`);
  return useLive(`model:${model}`, (signal) => get(path, {}, { signal }), 0);
}

/** @param {{ item: Item }} props */
const Aside = ({ item }) => html`
  <span class="row">
    <${State} of="rights" is=${standing(item)} /><small>${item.category} · ${item.model_id}</small>
  </span>
`;

/** @typedef {{ users: Schemas["ItemUser"][], has_more: boolean }} Touched */

/**
 * Whom a change of the rights touches.
 * @param {{ of: Touched }} props
 */
const TouchedNote = ({ of: { users, has_more } }) => html`
  <${Note} tone="warn">
    <p>
      <strong>
        ${users.length === 0 ? "This affects no account." : ""}
        ${users.length > 0 ? `This affects ${many(users.length, "account")}${has_more ? " and more" : ""}.` : ""}
      </strong>
      ${" "}
      ${users.map(
        (user) => html`<span><${Account} id=${user.account_id} /> (${user.phase}, ${user.hold})${" "}</span>`,
      )}
    </p>
  <//>
`;

/** @param {{ item: Item, id: string }} props */
function Body({ item, id }) {
  if ("body" in item) return html`<bdi class="prose">${item.body}</bdi>`;
  if (isImage(item)) return html`<img src=${steady(id, item.url)} alt=${`Media ${id}`} />`;
  return html`<a href=${item.url} target="_blank" rel="noreferrer">Open the file</a>`;
}

/** @param {{ item: Item, ask: (asked: Asked) => void }} props */
function Actions({ item, ask }) {
  const { status, enabled } = item;
  const live = status === "approved" || status === "expired";
  const toggle = enabled ? "Disable" : "Enable";
  return html`
    <div class="row" role="group" aria-label="Actions">
      ${
        status === "pending" &&
        html`
          <${Opens} needs="content:approve" kind="main" icon="check"
            onClick=${() => ask(["Approve", { status: "approved" }])}>Approve<//>
          <${Opens} needs="content:approve" icon="cross"
            onClick=${() => ask(["Reject", { status: "rejected" }])}>Reject<//>
        `
      }
      <${Opens} needs="content:edit" onClick=${() => ask("edit")}>Change<//>
      ${
        (live || status === "pending") &&
        html`<${Opens} needs="content:write" onClick=${() => ask([toggle, { enabled: !enabled }])}>${toggle}<//>`
      }
      ${
        live &&
        html`
          <${Opens} needs="content:approve" kind="danger" icon="stop"
            onClick=${() => ask(["Withdraw", { status: "withdrawn" }])}>Withdraw<//>
        `
      }
    </div>
  `;
}

/** @param {{ item: Item, model: Model | null }} props */
const Facts = ({ item, model }) => html`
  <section class="card">
    <dl class="facts">
      <dt>Uses</dt>
      <dd>${item.usage_count} of ${item.max_usage}</dd>
      <dt>Success</dt>
      <dd>
        ${item.usage_count ? `${success(item)} (${item.successes} of ${item.usage_count} uses)` : "no use yet"}
      </dd>
      <dt>Quality</dt>
      <dd>${item.quality_score}</dd>
      <dt>Theme, tags</dt>
      <dd>${item.theme ?? "no theme"}${item.tags.length ? ` · ${item.tags.join(", ")}` : ""}</dd>
      <dt>Licence</dt>
      <dd><${Licence} item=${item} model=${model} /></dd>
      <dt>Created</dt>
      <dd>
        <${Time} at=${item.created_at} /> by <bdi>${item.created_by}</bdi>
        ${item.approved_by && html`, approved by <bdi>${item.approved_by}</bdi>`}
      </dd>
      ${"sha256" in item && html`<${File} item=${item} />`}
    </dl>
  </section>
`;

/** @param {{ item: Schemas["LinkedContent"] }} props */
const File = ({ item }) => html`
  <dt>File</dt>
  <dd>${[
    item.media_type,
    bytes(item.bytes),
    item.width && `${item.width} × ${item.height}`,
    item.duration_seconds && `${item.duration_seconds} s`,
    item.animated && "animated",
    item.colour_space === "cmyk" && "CMYK",
  ]
    .filter(Boolean)
    .join(", ")}</dd>
`;

/** @param {{ item: Item, model: Model | null }} props */
function Licence({ item: { licence, status }, model }) {
  if (!licence) return "not recorded";
  const { licensed_by: by, valid_until: until } = licence;
  if (!until) return html`<bdi>${by}</bdi>`;
  const zone = model?.time_zone;
  return html`
    <bdi>${by}</bdi>, ${status === "expired" ? "ended" : "ends"} <${Time} at=${until} />
    ${zone && html` <small>(${dayIn(until, zone)}, ${zone})</small>`}
  `;
}

/** @param {{ items: Schemas["Assignment"][] }} props */
const History = ({ items }) =>
  items.length === 0
    ? html`<${Empty} kind="nothing" title="Not assigned to any account yet" />`
    : html`
      <ul class="stack tight">
        ${items.map(
          (one) => html`
            <li key=${one.assignment_id} class="row spread">
              <span><${Account} id=${one.account_id} /> · ${one.phase}</span>
              <small>${(one.outcome ?? "open").replaceAll("_", " ")} · <${Time} at=${one.assigned_at} /></small>
            </li>
          `,
        )}
      </ul>
    `;

/** @param {{ item: Item, verb: string, change: Change, apply: Apply, onClose: () => void }} props */
function Decide({ item, verb, change, apply, onClose }) {
  const lead =
    "The item is no longer selected, and is removed from every phase to which it has not been delivered. " +
    "A worker that already has it is notified.";
  return html`
    <${Ask}
      stood=${item}
      title=${`${verb} ${idOf(item)}`}
      label=${verb}
      danger=${verb === "Withdraw" || verb === "Reject"}
      lead=${verb === "Withdraw" ? lead : null}
      onClose=${onClose}
      ready=${hasReason}
      act=${(given, version) => apply({ ...change, reason: given.reason }, version)}
      fields=${(given, put) => html`<${Reason} given=${given} put=${put} />`}
    />
  `;
}

/** @type {Record<string, (given: Given, stood: Record<string, any>) => unknown>} */
const CHANGES = {
  category: (given) => given.category,
  body: (given) => given.body?.trim(),
  quality_score: (given) => Number(given.quality),
  max_usage: (given) => Number(given.cap),
  tags: (given) => given.tags.split(/\s+/).filter(Boolean),
  theme: (given) => given.theme || null,
  licence: (given, stood) => {
    if (!given.licensed.trim()) return null;
    const kept = given.until === given.stoodUntil ? stood.licence?.valid_until : given.until;
    return { licensed_by: given.licensed.trim(), valid_until: kept || null };
  },
};

/**
 * What differs from what the dialog showed when it was opened: the rest stays as others may have changed it meanwhile.
 * @param {Record<string, any>} stood
 * @param {Given} given
 */
const changed = (stood, given) =>
  Object.fromEntries(
    Object.entries(CHANGES)
      .map(([name, read]) => [name, read(given, stood)])
      .filter(([name, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(stood[String(name)])),
  );

/** @param {{ item: Item, model: Model, apply: Apply, onClose: () => void }} props */
function Edit({ item, model, apply, onClose }) {
  const [stood] = useState(item);
  const until = stood.licence?.valid_until ? dayIn(stood.licence.valid_until, model.time_zone) : "";
  const words = "body" in stood && stood.last_assigned_at === null; // until it is assigned for the first time
  const values = {
    category: stood.category,
    quality: String(stood.quality_score),
    cap: String(stood.max_usage),
    tags: stood.tags.join(" "),
    theme: stood.theme ?? "",
    licensed: stood.licence?.licensed_by ?? "",
    until,
    stoodUntil: until,
    ...(words ? { body: stood.body } : {}),
  };
  /**
   * @param {Given} given
   * @param {number | undefined} version
   */
  const act = (given, version) => {
    const reason = given.reason?.trim();
    return apply({ ...changed(stood, given), ...(reason ? { reason } : {}) }, version);
  };
  return html`
    <${Ask}
      stood=${stood}
      title=${`Change ${idOf(stood)}`}
      label="Save"
      onClose=${onClose}
      values=${values}
      ready=${(given) => Object.keys(changed(stood, given)).length > 0}
      act=${act}
      fields=${(given, put) => html`
        ${
          words &&
          html`
            <${Field}
              label="Text"
              type="textarea"
              value=${given.body}
              onInput=${put("body")}
              most=${2200}
              required
              hint=${`${codePoints(given.body)}; not assigned yet`}
            />
          `
        }
        <${ItemFields} given=${given} put=${put} model=${model} />
        <${Field} label="Reason" value=${given.reason ?? ""} onInput=${put("reason")} most=${2000} />
      `}
    />
  `;
}
