// @ts-check
// A draft of a plan in a form: its phases in their order, what each asks for, and the limits.
import { patch } from "./api.js";
import { Ask, Check, Field } from "./dialogs.js";
import { blank, MEDIA, PhaseFields, TEXT } from "./phase.js";
import { html, useEffect, useRef, useState } from "./preact.js";
import { toast } from "./ui.js";
import { pathOf } from "./versions.js";

/** @typedef {Schemas["PlanVersion"]} Version */
/** @typedef {import("./phase.js").Written} Written */
/** @typedef {import("./phase.js").FaultAt} FaultAt */
/** @typedef {import("./phase.js").SetMember} SetMember */

/** @type {[string, string][]} */
const LIMITS = [
  ["max_retries", "Retries at most"],
  ["retry_base_minutes", "First retry after (minutes)"],
  ["retry_cap_hours", "Longest delay of a retry (hours)"],
  ["max_crashes", "Crashes before review"],
  ["max_replacements", "Content replacements before review"],
  ["cooldown_hours", "Cooldown of an item (hours)"],
  ["minimum_quality", "Minimum quality (0 to 100)"],
];
const NUMBERS = new Set([...MEDIA, ...TEXT, ...LIMITS].map(([name]) => name));
NUMBERS.add("interval_hours").add("max_work_minutes");
const MOST_PHASES = 12;

/**
 * What was typed, as it is sent: an empty number is null.
 * @param {Record<string, any>} part
 * @returns {any}
 */
const sent = (part) =>
  Object.fromEntries(
    Object.entries(part).map(([name, value]) => {
      if (name === "content" || name === "text") return [name, sent(value)];
      return [name, NUMBERS.has(name) ? (value === "" || value === null ? null : Number(value)) : value];
    }),
  );

/**
 * The body of the change: only what differs from what was read.
 * @param {Version} plan
 * @param {Given} given
 */
function changed(plan, given) {
  const phases = given.phases.map((/** @type {Written} */ { key, ...phase }) => sent(phase));
  const limits = Object.entries(sent(given.limits)).filter(
    ([name, value]) => value !== plan.limits[/** @type {keyof Version["limits"]} */ (name)],
  );
  return {
    ...(given.title.trim() === plan.title ? {} : { title: given.title.trim() }),
    ...(JSON.stringify(phases) === JSON.stringify(plan.phases) ? {} : { phases }),
    ...(limits.length ? { limits: Object.fromEntries(limits) } : {}),
    ...(given.reason?.trim() ? { reason: given.reason } : {}),
  };
}

/** @param {{ plan: Version, onClose: () => void, onDone: () => void }} props */
export function EditDraft({ plan, onClose, onDone }) {
  const first = useRef(plan).current; // what others change meanwhile is not ours to send
  const reference = `${plan.name}/${plan.version}`;
  /**
   * @param {Given} given
   * @param {number} revision
   */
  const act = async (given, revision) => {
    await patch(pathOf(reference), changed(first, given), revision);
    toast(`${reference} is changed.`);
    onDone();
  };
  const phases = plan.phases.map((phase, key) => ({ ...phase, key }));
  return html`
    <${Ask}
      wide
      stood=${{ ...plan, version: plan.revision }}
      title=${`Edit ${reference}`}
      label="Save"
      lead="The interval is the minimum time after the phase before: at least 24 hours."
      values=${{ title: plan.title, phases, limits: plan.limits }}
      ready=${(given) => given.title.trim()}
      onClose=${onClose}
      act=${act}
      fields=${(given, put, problem) => html`<${DraftFields} given=${given} put=${put} problem=${problem} />`}
    />
  `;
}

/** @param {{ given: Given, put: Put, problem: Trouble | null }} props */
function DraftFields({ given, put, problem }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [moved, setMoved] = useState(/** @type {Trouble | null} */ (null)); // its pointers lead elsewhere by now
  const last = useRef(given.phases.length);
  useEffect(() => {
    if (problem) /** @type {HTMLElement | null} */ (box.current?.querySelector("[aria-invalid]"))?.focus();
  }, [problem]);
  const faults = problem === moved ? [] : (problem?.errors ?? []);
  /** @type {FaultAt} */
  const faultAt = (pointer) => faults.find((fault) => fault.pointer === pointer)?.detail;
  /** @param {Written[]} phases */
  const putPhases = (phases) => put("phases")({ target: { value: phases } });
  /** @param {Written[]} phases */
  const reorder = (phases) => {
    setMoved(problem);
    putPhases(phases);
  };
  const add = () => {
    last.current += 1;
    reorder([...given.phases, { ...blank(), key: last.current }]);
  };
  return html`
    <div class="stack" ref=${box}>
      <${Field}
        label="Title"
        value=${given.title}
        onInput=${put("title")}
        most=${200}
        fault=${faultAt("/title")}
        required
        autofocus
      />
      ${given.phases.map(
        (/** @type {Written} */ phase, /** @type {number} */ place) => html`
          <${PhaseFields}
            key=${phase.key}
            phases=${given.phases}
            place=${place}
            faultAt=${faultAt}
            hasFault=${(/** @type {string} */ start) => faults.some((fault) => fault.pointer.startsWith(start))}
            onChange=${putPhases}
            onReorder=${reorder}
          />
        `,
      )}
      ${faultAt("/phases") && html`<p class="over">${faultAt("/phases")}</p>`}
      <div>
        <button type="button" data-add disabled=${given.phases.length >= MOST_PHASES} onClick=${add}>
          Add a phase
        </button>
      </div>
      <${LimitFields} limits=${given.limits} put=${put} faultAt=${faultAt} />
      <${Field}
        label="Reason (recorded in the audit)"
        value=${given.reason ?? ""}
        onInput=${put("reason")}
        most=${2000}
      />
    </div>
  `;
}

/** @param {{ limits: Record<string, any>, put: Put, faultAt: FaultAt }} props */
function LimitFields({ limits, put, faultAt }) {
  /** @type {SetMember} */
  const set = ([name], value) => put("limits")({ target: { value: { ...limits, [name]: value } } });
  return html`
    <fieldset class="card stack">
      <legend class="unseen">Limits</legend>
      <strong>Limits</strong>
      <div class="filters">
        ${LIMITS.map(
          ([name, label]) => html`
            <${Field}
              label=${label}
              type="number"
              step="any"
              value=${limits[name] ?? ""}
              onInput=${(/** @type {any} */ event) => set([name], event.target.value)}
              fault=${faultAt(`/limits/${name}`)}
            />
          `,
        )}
      </div>
      <div class="row">
        ${[
          ["four_eyes", "Four eyes"],
          ["licence_required", "Recorded licence required"],
        ].map(
          ([name, label]) => html`
            <${Check}
              label=${label}
              checked=${limits[name]}
              onChange=${(/** @type {boolean} */ on) => set([name], on)}
            />
          `,
        )}
      </div>
    </fieldset>
  `;
}
