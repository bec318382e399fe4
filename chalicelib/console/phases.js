// @ts-check
// The phases of a plan: when each can begin at the earliest, what each asks for, and the limits of the whole plan.
import { html } from "./preact.js";
import { Table } from "./ui.js";
import { bytes, count, many, span } from "./words.js";

/** @typedef {Schemas["PlanPhase"]} PlanPhase */

const HOUR = 3_600_000;
const WIDTH = 480;

/**
 * The phases on a common scale: a bar is the interval before a phase. The words beside the bars say the same.
 * @param {{ phases: PlanPhase[] }} props
 */
export function Course({ phases }) {
  const total = phases.reduce((sum, phase) => sum + phase.interval_hours, 0);
  let at = 0;
  return html`
    <figure class="stack tight">
      <figcaption class="soft">
        ${many(phases.length, "phase")} in at least ${total ? span(total * HOUR) : "0 h"}
      </figcaption>
      <ol class="course">
        ${phases.map((phase) => {
          const before = at;
          at += phase.interval_hours;
          return html`<${Leg} key=${phase.phase} phase=${phase} from=${before} to=${at} total=${total} />`;
        })}
      </ol>
    </figure>
  `;
}

/** @param {{ phase: PlanPhase, from: number, to: number, total: number }} props */
function Leg({ phase, from, to, total }) {
  const scale = (WIDTH - 6) / Math.max(1, total);
  return html`
    <li>
      <strong>${phase.phase}</strong>
      <svg viewBox=${`0 0 ${WIDTH} 12`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <line class="axis" x1="0" x2=${WIDTH} y1="6" y2="6" />
        <rect class="wait" x=${from * scale} width=${(to - from) * scale} y="4" height="4" />
        <rect class="phase" x=${to * scale} width="6" y="0" height="12" />
      </svg>
      <small>${when(phase.interval_hours, to)}</small>
    </li>
  `;
}

/**
 * @param {number} interval
 * @param {number} after
 */
const when = (interval, after) =>
  after === 0 ? "at the start" : `after ${count(interval)} h, ${span(after * HOUR)} from the start`;

/** @type {(string | [string, string])[]} */
const COLUMNS = ["Phase", "Category", ["Interval", "number"], "Media", "Text", ["Work at most", "number"]];

/** @param {{ phases: PlanPhase[] }} props */
export const PhaseTable = ({ phases }) => html`
  <${Table} label="Phases" columns=${COLUMNS}>
    ${phases.map(
      (phase) => html`
        <tr key=${phase.phase}>
          <th scope="row">${phase.phase}</th>
          <td class="whole">${phase.category}<br /><small>${phase.fallback ? "else any" : "no fallback"}</small></td>
          <td class="number whole">${count(phase.interval_hours)} h</td>
          <td class="asked"><${Asked} need=${phase.content.need} of=${mediaOf(phase.content)} /></td>
          <td class="asked"><${Asked} need=${phase.text.need} of=${textOf(phase.text)} /></td>
          <td class="number whole">${count(phase.max_work_minutes)} min</td>
        </tr>
      `,
    )}
  <//>
`;

/** @param {{ need: string, of: string }} props */
const Asked = ({ need, of }) =>
  need === "none" ? html`<span class="soft">none</span>` : html`${need}<br /><small>${of}</small>`;

/** @type {Record<string, string>} */
export const MEDIA_TYPES = {
  "image/jpeg": "JPEG",
  "image/png": "PNG",
  "image/webp": "WebP",
  "video/mp4": "MP4",
  "video/quicktime": "QuickTime",
};
/** @type {Record<string, string>} */
export const UNITS = { code_points: "code points", utf16: "UTF-16 units", graphemes: "graphemes" };

/** @param {(string | false | null)[]} parts */
const joined = (parts) => parts.filter(Boolean).join(", ");

/** @param {Schemas["PlanContent"]} content */
const mediaOf = (content) =>
  joined([
    content.media_types.map((type) => MEDIA_TYPES[type] ?? type).join(", "),
    `at most ${bytes(content.max_bytes)}`,
    content.min_width !== null && `width at least ${count(content.min_width)} px`,
    content.min_height !== null && `height at least ${count(content.min_height)} px`,
    content.min_aspect_ratio !== null && `aspect ratio at least ${content.min_aspect_ratio}`,
    content.max_aspect_ratio !== null && `aspect ratio at most ${content.max_aspect_ratio}`,
    content.max_duration_seconds !== null && `at most ${count(content.max_duration_seconds)} s`,
    !content.animated && "not animated",
  ]);

/** @param {Schemas["PlanText"]} text */
const textOf = (text) =>
  joined([
    `at most ${count(text.max_length)} ${UNITS[text.unit] ?? text.unit}`,
    text.max_hashtags !== null && `at most ${many(text.max_hashtags, "hashtag")}`,
    text.max_mentions !== null && `at most ${many(text.max_mentions, "mention")}`,
  ]);

/** @param {{ limits: Schemas["PlanLimits"] }} props */
export const Limits = ({ limits }) => html`
  <dl class="facts">
    <dt>Retries</dt>
    <dd>
      at most ${count(limits.max_retries)}, the first after ${count(limits.retry_base_minutes)} min, none later than
      ${" "}${count(limits.retry_cap_hours)} h
    </dd>
    <dt>Review</dt>
    <dd>after ${many(limits.max_crashes, "crash")} or ${many(limits.max_replacements, "content replacement")}</dd>
    <dt>Cooldown of an item</dt>
    <dd>${count(limits.cooldown_hours)} h</dd>
    <dt>Minimum quality</dt>
    <dd>${limits.minimum_quality}</dd>
    <dt>Four eyes</dt>
    <dd>${limits.four_eyes ? "required" : "not required"}</dd>
    <dt>Recorded licence</dt>
    <dd>${limits.licence_required ? "required" : "not required"}</dd>
  </dl>
`;
