// @ts-check
// Status: which release runs, when the timers last ran, the service's clock; and the master switch.
import { find, get, patch, post } from "./api.js";
import { Ask, Field, hasReason, Reason } from "./dialogs.js";
import { clock, forgetOverview, now, overview as overviewOf, useLive, useTick } from "./live.js";
import { demandsOf, EditModel } from "./model.js";
import { html, useState } from "./preact.js";
import { Badge, Empty, Opens, State, shown, Table, Time, toast } from "./ui.js";
import { absolute, count, span } from "./words.js";

/** @typedef {Schemas["Model"]} Model */

/** @type {Record<string, [string, number]>} */
const TIMERS = {
  open_due_phases: ["Open due phases", 60],
  close_lost_sessions: ["Close lost sessions", 60],
  watch_pools: ["Watch pools", 3600],
};

export function Status() {
  const service = useLive("service", (signal) => get("operator/service", {}, { signal }), 60);
  const overview = useLive("status", overviewOf, 10);
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 30);
  const [dialog, setDialog] = useState(/** @type {"pause" | "resume" | null} */ (null));
  const [pausing, setPausing] = useState(/** @type {Model | null} */ (null));
  const [editing, setEditing] = useState(/** @type {Model | null} */ (null));
  const close = () => setDialog(null);
  return html`
    <div class="head"><h1>Status</h1></div>
    <div class="columns">
      <section class="card" aria-labelledby="switch">
        <header><h2 id="switch">Master switch</h2>${overview.data && html`<${Running} of=${overview.data} />`}</header>
        ${shown(overview, (found) => html`<${Switch} of=${found} ask=${setDialog} />`)}
      </section>
      <section class="card" aria-labelledby="runs">
        <header><h2 id="runs">Service</h2></header>
        ${shown(service, (found) => html`<${Service} of=${found} />`)}
      </section>
    </div>
    <section class="stack" aria-labelledby="timers">
      <h2 id="timers">Timers</h2>
      ${shown(overview, (found) => html`<${Timers} timers=${found.timers} />`)}
    </section>
    <section class="stack" aria-labelledby="models">
      <h2 id="models">Models</h2>
      ${shown(models, (found) => html`<${Models} models=${found.items} onPause=${setPausing} onEdit=${setEditing} />`)}
    </section>
    ${dialog && html`<${SwitchAll} move=${dialog} onClose=${close} onDone=${overview.reload} />`}
    ${pausing && html`<${PauseModel} model=${pausing} onClose=${() => setPausing(null)} onDone=${models.reload} />`}
    ${editing && html`<${EditModel} model=${editing} onClose=${() => setEditing(null)} onDone=${models.reload} />`}
  `;
}

/** @param {{ of: Schemas["Overview"] }} props */
const Running = ({ of: { pipeline_paused: paused } }) =>
  paused ? html`<${Badge} tone="warn" icon="pause">paused<//>` : html`<${Badge} tone="done" icon="play">running<//>`;

/** @param {{ of: Schemas["Overview"], ask: (move: string) => void }} props */
const Switch = ({ of, ask }) =>
  of.pipeline_paused
    ? html`
      <div class="stack">
        <p>No work is offered. Reason: <bdi class="prose">${of.reason}</bdi></p>
        <${Opens} needs="pipeline:write" kind="main" onClick=${() => ask("resume")}>Resume all<//>
      </div>
    `
    : html`
      <div class="stack">
        <p>Work is offered when it is due. A pause loses nothing: work in progress can be finished and reported.</p>
        <${Opens} needs="pipeline:write" kind="danger" icon="pause" onClick=${() => ask("pause")}>Pause all<//>
      </div>
    `;

/** @param {{ of: Schemas["Service"] }} props */
const Service = ({ of }) => html`
  <dl class="facts">
    <dt>Release</dt>
    <dd>${of.release}</dd>
    <dt>Store</dt>
    <dd><code>${of.store.endpoint}</code>, tables <code>${of.store.table_prefix}*</code></dd>
    <dt>Media</dt>
    <dd><code>${of.store.media_bucket}</code></dd>
    <dt>Clock</dt>
    <dd><${ServiceClock} /></dd>
    <dt>Lease</dt>
    <dd>${span(of.lease_seconds * 1000)}, heartbeat every ${span(of.heartbeat_seconds * 1000)}</dd>
    <dt>Session</dt>
    <dd>lost after ${span(of.session_seconds * 1000)} without a heartbeat</dd>
  </dl>
`;

function ServiceClock() {
  useTick(1);
  const { known, measured, speed } = clock();
  if (!known) return "reading …";
  const pace = speed === 1 ? "real time" : `a sandbox's: about × ${count(Number(speed.toPrecision(2)))}`;
  const time = absolute(new Date(now()).toISOString(), "utc");
  return html`<span class="mono">${time}</span>, ${measured ? pace : "measuring its speed …"}`;
}

/** @param {{ timers: Schemas["Timer"][] }} props */
const Timers = ({ timers }) => html`
  <${Table} label="Timers" columns=${["Timer", "State", "Last recorded run", "Result"]}>
    ${Object.keys(TIMERS).map((name) => {
      const timer = timers.find((one) => one.name === name);
      return html`<${TimerRow} key=${name} name=${name} timer=${timer} />`;
    })}
  <//>
`;

/** @param {{ name: string, timer?: Schemas["Timer"] }} props */
function TimerRow({ name, timer }) {
  const [word, every] = TIMERS[name];
  const [icon, state, tone] = stateOf(timer);
  return html`
    <tr>
      <th scope="row">${word}<br /><small>every ${span(every * 1000)}</small></th>
      <td><${Badge} tone=${tone} icon=${icon}>${state}<//></td>
      <td><${Time} at=${timer?.ran_at} /></td>
      <td class="soft">${
        timer?.ran_at
          ? Object.entries(timer.did ?? {})
              .map(counted)
              .join(", ") || "nothing was due"
          : "–"
      }</td>
    </tr>
  `;
}

/**
 * @param {Schemas["Timer"] | undefined} timer
 * @returns {Look}
 */
function stateOf(timer) {
  if (!timer?.ran_at) return ["clock", "not run yet", "wait"];
  const { measured, speed } = clock();
  const limit = timer.silent_after_seconds * 1000 * Math.max(1, speed / 60);
  // until it is known how fast time runs, none is late
  const silent = measured && now() - Date.parse(timer.ran_at) > limit;
  return silent ? ["alert", "silent", "warn"] : ["check", "on time", "done"];
}

/**
 * What a run counted, in words: `lost 2`, `review oldest 2 d 16 h`.
 * @param {[string, number]} entry
 */
function counted([name, number]) {
  const words = name.replace(/_seconds$/, "").replaceAll("_", " ");
  return `${words} ${name.endsWith("_seconds") && number ? span(number * 1000) : count(number)}`;
}

const MODEL_COLUMNS = [
  "Model",
  "State",
  "Plan",
  "Demands",
  "Weight",
  "At most at work",
  "Themes",
  "Time zone",
  "Actions",
];

/** @param {{ models: Model[], onPause: (model: Model) => void, onEdit: (model: Model) => void }} props */
function Models({ models, onPause, onEdit }) {
  if (models.length === 0) return html`<${Empty} kind="nothing" title="There are no models yet" />`;
  return html`
    <${Table} label="Models" columns=${MODEL_COLUMNS}>
      ${models.map(
        (model) => html`
          <tr key=${model.model_id} data-row>
            <th scope="row"><bdi>${model.name}</bdi><br /><small>${model.model_id}</small></th>
            <td><${State} of="account" is=${model.paused ? "paused" : "active"} /></td>
            <td class="soft">${model.plan ?? "–"}</td>
            <td class="soft">${demandsOf(model).join(", ") || "–"}</td>
            <td class="num">${count(model.weight)}</td>
            <td class="num">${model.max_concurrent === null ? "–" : count(model.max_concurrent)}</td>
            <td class="soft">${model.themes.join(", ") || "–"}</td>
            <td class="soft">${model.time_zone}</td>
            <td>
              <div class="row">
                <${Opens} needs="models:pause" kind="tiny" of=${model.model_id} onClick=${() => onPause(model)}>
                  ${model.paused ? "Resume" : "Pause"}
                <//>
                <${Opens} needs="models:write" kind="tiny" of=${model.model_id} onClick=${() => onEdit(model)}>Edit<//>
              </div>
            </td>
          </tr>
        `,
      )}
    <//>
  `;
}

/** @param {{ move: "pause" | "resume", onClose: () => void, onDone: () => void }} props */
function SwitchAll({ move, onClose, onDone }) {
  const pauses = move === "pause";
  /** @param {Given} given */
  const act = async (given) => {
    await post(`operator/pipeline/${move}`, { reason: given.reason });
    if (pauses) toast("The pipeline is paused.", "warn");
    else toast("The pipeline is running again.");
    forgetOverview();
    onDone();
  };
  return html`
    <${Ask}
      title=${pauses ? "Pause the whole pipeline" : "Resume the whole pipeline"}
      label=${pauses ? "Pause all" : "Resume all"}
      danger=${pauses}
      lead=${pauses ? "No work is offered until you resume it." : "Work is offered again, the oldest due first."}
      ready=${(given) => hasReason(given) && given.typed === `${move} all`}
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`
        <${Reason} given=${given} put=${put} />
        <${Field}
          label=${`Type “${move} all” to confirm`}
          value=${given.typed ?? ""}
          onInput=${put("typed")}
          autocomplete="off"
        />
      `}
    />
  `;
}

/** @param {{ model: Model, onClose: () => void, onDone: () => void }} props */
function PauseModel({ model, onClose, onDone }) {
  const verb = model.paused ? "Resume" : "Pause";
  /**
   * @param {Given} given
   * @param {number} version
   */
  const act = async (given, version) => {
    await patch(`operator/models/${model.model_id}`, { paused: !model.paused, reason: given.reason }, version);
    toast(`${model.model_id} is ${model.paused ? "resumed" : "paused"}.`);
    onDone();
  };
  return html`
    <${Ask}
      stood=${model}
      title=${`${verb} ${model.model_id}`}
      label=${verb}
      lead=${
        model.paused
          ? "Work on its accounts is offered again."
          : "Work on its accounts is no longer offered. Work in progress can be finished."
      }
      onClose=${onClose}
      ready=${hasReason}
      act=${act}
      fields=${(given, put) => html`<${Reason} given=${given} put=${put} />`}
    />
  `;
}
