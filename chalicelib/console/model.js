// @ts-check
// A model: its share of the work, the plan of its new accounts, and what it demands beyond the plans.
import { find, patch } from "./api.js";
import { Ask, Check, Field } from "./dialogs.js";
import { useLive } from "./live.js";
import { html } from "./preact.js";
import { toast } from "./ui.js";
import { publishedOptions } from "./versions.js";
import { count } from "./words.js";

/** @typedef {Schemas["Model"]} Model */

/**
 * What a model demands beyond the plans of its accounts, in words.
 * @param {Model} model
 */
export const demandsOf = (model) =>
  [
    model.four_eyes && "four eyes",
    model.licence_required && "a licence",
    model.cooldown_hours && `${count(model.cooldown_hours)} h between two uses`,
    model.minimum_quality && `a quality of ${count(model.minimum_quality)}`,
  ].filter(Boolean);

/**
 * @param {Given} given
 * @param {Model} model
 */
function changeOf(given, model) {
  /** @param {"max_concurrent" | "cooldown_hours" | "minimum_quality"} name */
  const number = (name) => {
    const value = given[name] ?? model[name] ?? "";
    return value === "" ? null : Number(value);
  };
  return {
    weight: Number(given.weight ?? model.weight),
    max_concurrent: number("max_concurrent"),
    time_zone: given.time_zone?.trim() || model.time_zone,
    plan: (given.plan ?? model.plan) || null,
    cooldown_hours: number("cooldown_hours"),
    minimum_quality: number("minimum_quality"),
    four_eyes: given.four_eyes ?? model.four_eyes,
    licence_required: given.licence_required ?? model.licence_required,
  };
}

/** @param {{ model: Model, onClose: () => void, onDone: () => void }} props */
export function EditModel({ model, onClose, onDone }) {
  /**
   * @param {Given} given
   * @param {number} version
   */
  const act = async (given, version) => {
    await patch(`operator/models/${model.model_id}`, changeOf(given, model), version);
    toast(`${model.model_id} is changed.`);
    onDone();
  };
  return html`
    <${Ask}
      wide
      stood=${model}
      title=${`Edit ${model.model_id}`}
      label="Save"
      lead="While several models have work, each gets turns by its weight."
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`
        <div class="columns">
          <${Share} model=${model} given=${given} put=${put} />
          <${Demands} model=${model} given=${given} put=${put} />
        </div>
      `}
    />
  `;
}

/** @param {{ model: Model, given: Given, put: Put }} props */
const Share = ({ model, given, put }) => html`
  <div class="stack">
    <${Field}
      label="Weight"
      type="number"
      min="1"
      max="100"
      required
      value=${given.weight ?? model.weight}
      onInput=${put("weight")}
      hint="1 to 100: a model of weight 2 gets twice the turns of a model of weight 1."
    />
    <${Field}
      label="At most at work"
      type="number"
      min="1"
      max="100"
      value=${given.max_concurrent ?? model.max_concurrent ?? ""}
      onInput=${put("max_concurrent")}
      hint="How many of its accounts are worked on at the same time. Empty: no limit."
    />
    <${Field}
      label="Time zone"
      value=${given.time_zone ?? model.time_zone}
      onInput=${put("time_zone")}
      hint="Such as Europe/Berlin. It counts for days that are given from now on."
    />
  </div>
`;

/** @param {{ model: Model, given: Given, put: Put }} props */
function Demands({ model, given, put }) {
  const plans = useLive("plans", (signal) => find("operator/plans", {}, 100, { signal }), 0);
  const known = publishedOptions(plans.data?.items ?? []);
  const chosen = given.plan ?? model.plan ?? "";
  if (chosen && !known.some(([reference]) => reference === chosen)) known.unshift([chosen, chosen]);
  /** @param {string} name */
  const set = (name) => (/** @type {boolean} */ on) => put(name)({ target: { value: on } });
  return html`
    <div class="stack">
      <${Field}
        label="Plan of new accounts"
        value=${chosen}
        onInput=${put("plan")}
        options=${[["", "the deployment's"], ...known]}
        hint="Accounts that are there keep theirs. Without a number it is the newest published version."
      />
      <p class="soft">Where a plan asks for less than this, this holds for all accounts of the model.</p>
      <${Check} label="Four eyes" checked=${given.four_eyes ?? model.four_eyes} onChange=${set("four_eyes")} />
      <${Check}
        label="A licence is required"
        checked=${given.licence_required ?? model.licence_required}
        onChange=${set("licence_required")}
      />
      <${Field}
        label="Hours between two uses"
        type="number"
        min="0"
        max="2160"
        value=${given.cooldown_hours ?? model.cooldown_hours ?? ""}
        onInput=${put("cooldown_hours")}
        hint="Empty: as the plan."
      />
      <${Field}
        label="Minimum quality"
        type="number"
        min="0"
        max="100"
        step="any"
        value=${given.minimum_quality ?? model.minimum_quality ?? ""}
        onInput=${put("minimum_quality")}
        hint="Empty: as the plan."
      />
    </div>
  `;
}
