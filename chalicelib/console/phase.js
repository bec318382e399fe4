// @ts-check
// A phase of a plan in a form: its interval, what it asks of media and texts, and its place.
import { Check, Field, plainOptions } from "./dialogs.js";
import { MEDIA_TYPES, UNITS } from "./phases.js";
import { html, useEffect, useRef } from "./preact.js";
import { Icon } from "./ui.js";
import { CATEGORIES } from "./words.js";

/** @typedef {Schemas["PlanPhase"] & { key: number }} Written a phase in the form: typed numbers are texts */
/** @typedef {(pointer: string) => string | undefined} FaultAt */
/** @typedef {(names: string[], value: unknown) => void} SetMember */

const NEEDS = ["none", "optional", "required"];
/** @type {[string, string][]} */
export const MEDIA = [
  ["max_bytes", "Bytes at most"],
  ["min_width", "Width in pixels, at least"],
  ["min_height", "Height in pixels, at least"],
  ["min_aspect_ratio", "Aspect ratio, at least"],
  ["max_aspect_ratio", "Aspect ratio, at most"],
  ["max_duration_seconds", "Duration in seconds, at most"],
];
/** @type {[string, string][]} */
export const TEXT = [
  ["max_length", "Length at most"],
  ["max_hashtags", "Hashtags at most"],
  ["max_mentions", "Mentions at most"],
];

/** A new phase, with what the service assumes where a document does not say. */
export const blank = () => ({
  phase: "",
  category: "post",
  interval_hours: 24,
  max_work_minutes: 240,
  fallback: true,
  content: {
    need: "required",
    media_types: ["image/jpeg", "image/png", "image/webp"],
    max_bytes: 52_428_800,
    min_width: null,
    min_height: null,
    min_aspect_ratio: null,
    max_aspect_ratio: null,
    max_duration_seconds: null,
    animated: true,
  },
  text: { need: "none", max_length: 2200, unit: "code_points", max_hashtags: null, max_mentions: null },
});

/**
 * @param {{
 *   phases: Written[], place: number, faultAt: FaultAt, hasFault: (start: string) => boolean,
 *   onChange: (phases: Written[]) => void, onReorder: (phases: Written[]) => void,
 * }} props
 */
export function PhaseFields({ phases, place, faultAt, hasFault, onChange, onReorder }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const phase = phases[place];
  const at = `/phases/${place}`;
  useEffect(() => {
    if (phase.phase === "") box.current?.querySelector("input")?.focus(); // it was just added
  }, []);
  /** @type {SetMember} */
  const set = ([name, inner], value) => {
    const part = inner ? { .../** @type {any} */ (phase)[name], [inner]: value } : value;
    onChange(phases.map((one, other) => (other === place ? { ...one, [name]: part } : one)));
  };
  /** @param {string[]} names */
  const field = (...names) => ({
    value: names.reduce((/** @type {any} */ part, name) => part[name], phase) ?? "",
    onInput: (/** @type {any} */ event) => set(names, event.target.value),
    fault: faultAt(`${at}/${names.join("/")}`),
  });
  return html`
    <fieldset class="card stack" ref=${box}>
      <legend class="unseen">Phase ${place + 1}</legend>
      <div class="row spread">
        <strong>${place + 1}. ${phase.phase}</strong>
        <${Order} phases=${phases} place=${place} onReorder=${onReorder} />
      </div>
      <div class="filters">
        <${Field} label="Name" ...${field("phase")} />
        <${Field} label="Category" options=${plainOptions(CATEGORIES)} ...${field("category")} />
        <${Field} label="Interval in hours" type="number" step="any" ...${field("interval_hours")} />
        <${Field} label="Minutes of work at most" type="number" step="any" ...${field("max_work_minutes")} />
      </div>
      <div class="filters">
        <${Field} label="Media" options=${plainOptions(NEEDS)} ...${field("content", "need")} />
        <${Field} label="Text" options=${plainOptions(NEEDS)} ...${field("text", "need")} />
        <${Check}
          label="Else from any"
          checked=${phase.fallback}
          onChange=${(/** @type {boolean} */ on) => set(["fallback"], on)}
        />
      </div>
      ${
        phase.content.need !== "none" &&
        html`
          <details open=${hasFault(`${at}/content/`)}>
            <summary>What the media must be</summary>
            <${MediaFields} phase=${phase} field=${field} set=${set} />
          </details>
        `
      }
      ${
        phase.text.need !== "none" &&
        html`
          <details open=${hasFault(`${at}/text/`)}>
            <summary>What the text must be</summary>
            <div class="filters">
              ${TEXT.map(
                ([name, label]) => html`<${Field} label=${label} type="number" step="any" ...${field("text", name)} />`,
              )}
              <${Field} label="Length counted in" options=${Object.entries(UNITS)} ...${field("text", "unit")} />
            </div>
          </details>
        `
      }
    </fieldset>
  `;
}

/** @param {{ phases: Written[], place: number, onReorder: (phases: Written[]) => void }} props */
function Order({ phases, place, onReorder }) {
  const name = phases[place].phase;
  /** @param {number} to */
  const move = (to) => (/** @type {any} */ event) => {
    const button = event.currentTarget;
    const others = phases.filter((_, other) => other !== place);
    onReorder([...others.slice(0, to), phases[place], ...others.slice(to)]);
    setTimeout(() => button.focus()); // what moves in the page loses the focus
  };
  const drop = (/** @type {any} */ event) => {
    event.currentTarget.closest("form").querySelector("[data-add]").focus();
    onReorder(phases.filter((_, other) => other !== place));
  };
  return html`
    <span class="row">
      <button type="button" class="tiny" disabled=${place === 0} onClick=${move(place - 1)}>
        Earlier<span class="unseen"> ${name}</span>
      </button>
      <button type="button" class="tiny" disabled=${place === phases.length - 1} onClick=${move(place + 1)}>
        Later<span class="unseen"> ${name}</span>
      </button>
      <button type="button" class="tiny danger" disabled=${phases.length === 1} onClick=${drop}>
        <${Icon} name="cross" />Remove<span class="unseen"> ${name}</span>
      </button>
    </span>
  `;
}

/** @param {{ phase: Written, field: (...names: string[]) => Record<string, any>, set: SetMember }} props */
function MediaFields({ phase, field, set }) {
  const types = phase.content.media_types;
  const fault = field("content", "media_types").fault;
  return html`
    <div class="stack">
      <div class="row">
        ${Object.entries(MEDIA_TYPES).map(
          ([type, word]) => html`
            <${Check}
              label=${word}
              checked=${types.includes(type)}
              onChange=${(/** @type {boolean} */ on) => {
                const chosen = on ? [...types, type].sort() : types.filter((one) => one !== type);
                set(["content", "media_types"], chosen);
              }}
            />
          `,
        )}
        <${Check}
          label="may be animated"
          checked=${phase.content.animated}
          onChange=${(/** @type {boolean} */ on) => set(["content", "animated"], on)}
        />
      </div>
      ${fault && html`<small class="over">${fault}</small>`}
      <div class="filters">
        ${MEDIA.map(
          ([name, label]) => html`<${Field} label=${label} type="number" step="any" ...${field("content", name)} />`,
        )}
      </div>
    </div>
  `;
}
