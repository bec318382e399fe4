// @ts-check
// A version of a plan: its phases on a time line and as a table, and what differs from another version.
import { get } from "./api.js";
import { Field } from "./dialogs.js";
import { change, useLive } from "./live.js";
import { Course, Limits, PhaseTable } from "./phases.js";
import { html } from "./preact.js";
import { Drawer, Empty, State, shown, Time } from "./ui.js";
import { many } from "./words.js";

/** @typedef {Schemas["PlanVersion"]} Version */
/** @typedef {Schemas["ListedPlan"]} Listed */

/**
 * The path of `slow/1`; without a number it is one that the service does not know.
 * @param {string} reference
 */
export const pathOf = (reference) => {
  const [name, version] = reference.split("/").map(encodeURIComponent);
  return /** @type {const} */ (`operator/plans/${name}/versions/${version ?? "0"}`);
};

/**
 * All versions as options, `slow/2 (draft)`.
 * @param {Listed[]} plans
 */
export const versionOptions = (plans) =>
  plans.flatMap((plan) =>
    plan.versions.map((one) => {
      const reference = `${plan.name}/${one.version}`;
      return [reference, one.state === "published" ? reference : `${reference} (${one.state})`];
    }),
  );

/** @param {{ reference: string, params: Params }} props */
export function PlanDrawer({ reference, params }) {
  const path = pathOf(reference);
  const live = useLive(`plan:${reference}`, (signal) => get(path, {}, { signal }), 15);
  return html`
    <${Drawer}
      title=${live.data?.title ?? reference}
      label=${`Plan ${reference}`}
      names=${["version", "against"]}
      aside=${live.data && html`<${Aside} of=${live.data} />`}
    >
      ${shown(
        live,
        (found) => html`
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
    <//>
  `;
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
