// @ts-check
// Adding to the pools: media by presigned uploads, and texts.
import { post, problemOf, send } from "./api.js";
import { Ask, Dialog, Field, plainOptions } from "./dialogs.js";
import { html, useState } from "./preact.js";
import { Trouble, toast } from "./ui.js";
import { bytes, CATEGORIES, many, points } from "./words.js";

/** @typedef {Schemas["Model"]} Model */

/** @param {string} text */
export const codePoints = (text) => `${many(points(text.trim()), "character")} (Unicode code points)`;
/** @param {string[]} themes */
const themeOptions = (themes) => [["", "none"], ...plainOptions(themes)];

/**
 * What media and texts have in common.
 * @param {{ given: Given, put: Put, model: Model }} props
 */
export const ItemFields = ({ given, put, model }) => html`
  <div class="filters">
    <${Field}
      label="Category"
      value=${given.category}
      onInput=${put("category")}
      options=${plainOptions(CATEGORIES)}
    />
    <${Field}
      label="Quality (0–100)"
      type="number"
      min="0"
      max="100"
      step="any"
      value=${given.quality}
      onInput=${put("quality")}
      required
    />
    <${Field}
      label="Usage limit"
      type="number"
      min="1"
      max="9999"
      value=${given.cap}
      onInput=${put("cap")}
      required
    />
    <${Field}
      label="Theme"
      value=${given.theme ?? ""}
      onInput=${put("theme")}
      options=${themeOptions(model.themes)}
    />
  </div>
  <div class="filters">
    <${Field} label="Tags, separated by spaces" value=${given.tags ?? ""} onInput=${put("tags")} />
    <${Field}
      label="Licensed by"
      value=${given.licensed ?? ""}
      onInput=${put("licensed")}
      most=${200}
      required=${Boolean(given.until)}
    />
    <${Field}
      label=${`Licensed until (end of the day, ${model.time_zone})`}
      type="date"
      value=${given.until ?? ""}
      onInput=${put("until")}
    />
  </div>
`;

const START = { category: "post", quality: "70", cap: "3" };

/** @param {Given} given */
const bodyOf = (given) => ({
  category: given.category,
  quality_score: Number(given.quality),
  max_usage: Number(given.cap),
  theme: given.theme || null,
  tags: (given.tags ?? "").split(/\s+/).filter(Boolean),
  ...(given.licensed?.trim()
    ? { licence: { licensed_by: given.licensed.trim(), valid_until: given.until || null } }
    : {}),
});

/**
 * The answer to one item: many get `items`.
 * @template T
 * @param {T} answer
 */
const one = (answer) => /** @type {Exclude<T, { items: unknown }>} */ (answer);

/** @param {{ model: Model, onClose: () => void, onDone: () => void }} props */
export function AddText({ model, onClose, onDone }) {
  /** @param {Given} given */
  const act = async (given) => {
    const body = { ...bodyOf(given), body: given.body.trim() };
    const made = one(await post(`operator/models/${model.model_id}/texts`, body));
    toast(made.warnings[0] ?? "The text is in the pool.", made.warnings.length ? "warn" : "done");
    onDone();
  };
  return html`
    <${Ask}
      title="Add a text"
      label="Add"
      values=${{ ...START, category: "bio" }}
      onClose=${onClose}
      ready=${(given) => given.body?.trim()}
      act=${act}
      fields=${(given, put) => html`
        <${Field}
          label="Text"
          type="textarea"
          value=${given.body ?? ""}
          onInput=${put("body")}
          most=${2200}
          required
          autofocus
          hint=${`${codePoints(given.body ?? "")}; the limit of a bio is 150, of a highlight 100`}
        />
        <${ItemFields} given=${given} put=${put} model=${model} />
      `}
    />
  `;
}

/** @param {ArrayBuffer} buffer */
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * The media type by the first bytes: a browser knows only the name. The service looks closer.
 * @param {File} file
 */
async function typeOf(file) {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("\x89PNG")) return "image/png";
  if (head.startsWith("RIFF") && head.endsWith("WEBP")) return "image/webp";
  if (head.slice(4, 8) === "ftyp") return head.endsWith("qt  ") ? "video/quicktime" : "video/mp4";
}

/** @typedef {"waiting" | "reading" | "sending" | "checking" | "done" | "failed"} Stage */
/**
 * @typedef {{
 *   file: File, state: Stage, part: number, id?: string, warning?: string, problem?: Trouble | null,
 * }} Sent
 */

/**
 * Uploads a file and adds it to the pool; `onChange` learns how far it is.
 * @param {Model} model
 * @param {File} file
 * @param {Given} given
 * @param {(change: Partial<Sent>) => void} onChange
 */
async function upload(model, file, given, onChange) {
  const sha256 = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const said = { media_type: (await typeOf(file)) ?? file.type, bytes: file.size, sha256 };
  const filename = [...file.name].slice(-200).join("");
  const form = await post(`operator/models/${model.model_id}/content/uploads`, { filename, ...said });
  await send(form, file, (part) => onChange({ state: "sending", part }));
  onChange({ state: "checking", part: 1 });
  const body = { ...bodyOf(given), media_key: form.media_key, ...said };
  const made = one(await post(`operator/models/${model.model_id}/content`, body));
  onChange({ state: "done", id: made.content_id, warning: made.warnings[0] });
}

/** @param {{ model: Model, onClose: () => void, onDone: () => void }} props */
export function Upload({ model, onClose, onDone }) {
  const [files, setFiles] = useState(/** @type {Sent[]} */ ([]));
  const [given, setGiven] = useState(/** @type {Given} */ (START));
  const [busy, setBusy] = useState(false);
  /** @type {Put} */
  const put = (name) => (event) => setGiven({ ...given, [name]: event.target.value });
  /** @type {(place: number) => (change: Partial<Sent>) => void} */
  const update = (place) => (change) =>
    setFiles((before) => before.map((one, at) => (at === place ? { ...one, ...change } : one)));
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    for (const [place, { file, state }] of files.entries()) {
      if (state === "done") continue;
      const onChange = update(place);
      onChange({ state: "reading", part: 0, problem: null });
      await upload(model, file, given, onChange).catch((error) =>
        onChange({ state: "failed", problem: problemOf(error) }),
      );
    }
    setBusy(false);
    onDone();
  };
  /** @param {any} event */
  const choose = (event) =>
    setFiles([...event.target.files].map((file) => ({ file, state: /** @type {const} */ ("waiting"), part: 0 })));
  const left = files.filter((one) => one.state !== "done").length;
  return html`
    <${Dialog} title="Upload media" onClose=${busy ? null : onClose}>
      <form onSubmit=${submit}>
        <h2>Upload media for ${model.name}</h2>
        <label class="field">
          Files (JPEG, PNG, WebP, MP4, QuickTime)
          <input
            type="file"
            multiple
            accept="image/jpeg,image/png,image/webp,video/mp4,video/quicktime"
            disabled=${busy}
            onChange=${choose}
          />
        </label>
        <${ItemFields} given=${given} put=${put} model=${model} />
        <ul class="stack tight" role="status">${files.map((one) => html`<${SentFile} one=${one} />`)}</ul>
        <footer>
          <button type="button" disabled=${busy} onClick=${onClose}>
            ${files.length && !left ? "Close" : "Cancel"}
          </button>
          <button class="main" disabled=${busy || !left}>
            ${busy ? "Uploading …" : `Upload ${many(left, "file")}`}
          </button>
        </footer>
      </form>
    <//>
  `;
}

/** @param {{ one: Sent }} props */
const SentFile = ({ one }) => html`
  <li class="stack tight">
    <span class="row spread">
      <bdi class="grow clip">${one.file.name}</bdi>
      <small>
        ${bytes(one.file.size)} ·${" "}
        ${
          one.state === "done"
            ? html`in the pool as <code>${one.id}</code>${one.warning ? `. ${one.warning}` : ""}`
            : one.state
        }
      </small>
    </span>
    ${
      !["waiting", "failed"].includes(one.state) &&
      html`<progress max="1" value=${one.part} aria-label=${`Progress of ${one.file.name}`}></progress>`
    }
    ${one.problem && html`<${Trouble} problem=${one.problem} />`}
  </li>
`;
