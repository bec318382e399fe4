// @ts-check
// A version of a plan: its phases on a time line and as a table, and what differs from another version.
import { get } from "./api.js";
import { Field } from "./dialogs.js";
import { EditDraft } from "./draft.js";
import { change, useLive } from "./live.js";
import { Course, Limits, PhaseTable } from "./phases.js";
import { html, useState } from "./preact.js";
import { NewDraft, PreviewOnly, Publish, Retire } from "./publish.js";
import { Drawer, Empty, Opens, State, shown, Time } from "./ui.js";
import { pathOf, versionOptions } from "./versions.js";
import { many } from "./words.js";

/** @typedef {Schemas["PlanVersion"]} Version */
/** @typedef {"edit" | "publish" | "preview" | "copy" | "retire"} Asked */

/** @param {{ reference: string, params: Params }} props */
export function PlanDrawer({ reference, params }) {
  const path = pathOf(reference);
  const live = useLive(`plan:${reference}`, (signal) => get(path, {}, { signal }), 15);
  const [asked, setAsked] = useState(/** @type {Asked | null} */ (null));
  const plan = live.data;
  const done = () => {
    live.reload();
    dispatchEvent(new Event("plans"));
  };
  return html`
    <${Drawer}
      title=${plan?.title ?? reference}
      label=${`Plan ${reference}`}
      names=${["version", "against"]}
      aside=${plan && html`<${Aside} of=${plan} />`}
    >
      ${shown(
        live,
        (found) => html`
          <${Actions} of=${found} ask=${setAsked} />
          <section class="card">
            <header><h3>Phases</h3><small>the earliest times: intervals are minimum intervals</small></header>
            <div class="stack">
              <${Course} phases=${found.phases} />
              <${PhaseTable} phases=${found.phases} />
            </div>
          </section>
          <section class="card"><header><h3>Limits</h3></header><${Limits} limits=${found.limits} /></section>
          <${Differences} of=${found} against=${params.against ?? found.copied_from} />
          <${History} of=${found} />
          <details class="card"><summary>JSON</summary><pre>${JSON.stringify(found, null, 2)}</pre></details>
        `,
      )}
      ${asked && plan && html`<${Act} asked=${asked} plan=${plan} onClose=${() => setAsked(null)} onDone=${done} />`}
    <//>
  `;
}

/** @param {{ of: Version, ask: (asked: Asked) => void }} props */
const Actions = ({ of, ask }) => html`
  <div class="row">
    ${
      of.state === "draft" &&
      html`
        <${Opens} needs="plans:write" kind="main" onClick=${() => ask("edit")}>Edit<//>
        <${Opens} needs="plans:write" icon="check" onClick=${() => ask("publish")}>Publish<//>
      `
    }
    <${Opens} onClick=${() => ask("preview")}>Preview<//>
    <${Opens} needs="plans:write" icon="copy" onClick=${() => ask("copy")}>Copy to a draft<//>
    ${
      of.state !== "retired" &&
      of.created_at !== null &&
      html`<${Opens} needs="plans:write" kind="danger"
        onClick=${() => ask("retire")}>${of.state === "draft" ? "Discard" : "Retire"}<//>`
    }
  </div>
`;

/** @param {{ asked: Asked, plan: Version, onClose: () => void, onDone: () => void }} props */
function Act({ asked, plan, onClose, onDone }) {
  if (asked === "edit") return html`<${EditDraft} plan=${plan} onClose=${onClose} onDone=${onDone} />`;
  if (asked === "publish") return html`<${Publish} plan=${plan} onClose=${onClose} onDone=${onDone} />`;
  if (asked === "retire") return html`<${Retire} plan=${plan} onClose=${onClose} onDone=${onDone} />`;
  if (asked === "preview") return html`<${PreviewOnly} plan=${plan} onClose=${onClose} />`;
  return html`<${Copy} plan=${plan} onClose=${onClose} />`;
}

/** @param {{ plan: Version, onClose: () => void }} props */
function Copy({ plan, onClose }) {
  /** @param {string} made */
  const onDone = (made) => {
    dispatchEvent(new Event("plans"));
    change({ version: made, against: null }, { replace: true });
  };
  return html`<${NewDraft} from=${`${plan.name}/${plan.version}`} onClose=${onClose} onDone=${onDone} />`;
}

/** @param {{ of: Version }} props */
const Aside = ({ of }) => html`
  <span class="row"><${State} of="plan" is=${of.state} /><code>${of.name}/${of.version}</code></span>
`;

/** @param {{ of: Version, against: string | null }} props */
function Differences({ of, against }) {
  const plans = useLive("plans", (signal) => get("operator/plans", { limit: 100 }, { signal }), 0);
  const own = `${of.name}/${of.version}`;
  const others = versionOptions(plans.data?.items ?? []).filter(([reference]) => reference !== own);
  if (against && !others.some(([reference]) => reference === against)) others.unshift([against, against]);
  return html`
    <section class="card">
      <header><h3>Differences</h3></header>
      <div class="stack">
        <${Field}
          label="Compared with"
          value=${against ?? ""}
          onInput=${(/** @type {any} */ event) => change({ against: event.target.value }, { replace: true })}
          options=${against ? others : [["", "–"], ...others]}
        />
        ${against && html`<${Diff} of=${of} against=${against} />`}
      </div>
    </section>
  `;
}

/** @param {{ of: Version, against: string }} props */
function Diff({ of, against }) {
  const path = pathOf(`${of.name}/${of.version}`);
  const key = `diff:${path}:${against}:${of.revision}`;
  const live = useLive(key, (signal) => get(`${path}/diff`, { against }, { signal }), 0);
  return shown(live, (found) =>
    found.differences.length === 0
      ? html`<${Empty} kind="nothing" title=${`Nothing differs from ${found.against}`} />`
      : html`
        <p class="soft">${many(found.differences.length, "difference")} from ${found.against}:</p>
        <ul class="stack tight" aria-label=${`Differences from ${found.against}`}>
          ${found.differences.map((one) => html`<li><${Words} of=${one.summary} /></li>`)}
        </ul>
      `,
  );
}

/**
 * A sentence in which names stand between backticks.
 * @param {{ of: string }} props
 */
export const Words = ({ of }) =>
  of.split("`").map((part, place) => (place % 2 ? html`<code>${part}</code>` : html`${part}`));

/** @param {{ of: Version }} props */
const History = ({ of }) => html`
  <section class="card">
    <header><h3>History</h3></header>
    ${
      of.created_at
        ? html`
          <dl class="facts">
            <dt>Copied from</dt>
            <dd>${of.copied_from ?? "–"}</dd>
            <dt>Created</dt>
            <dd><${Time} at=${of.created_at} /> by <bdi>${of.created_by}</bdi></dd>
            <${Moment} word="Published" at=${of.published_at} by=${of.published_by} />
            <${Moment} word="Retired" at=${of.retired_at} by=${of.retired_by} />
          </dl>
        `
        : html`<p class="soft">It comes with the service.</p>`
    }
  </section>
`;

/** @param {{ word: string, at: string | null, by: string | null }} props */
const Moment = ({ word, at, by }) =>
  at ? html`<dt>${word}</dt><dd><${Time} at=${at} /> by <bdi>${by}</bdi></dd>` : null;
