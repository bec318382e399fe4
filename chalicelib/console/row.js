// @ts-check
// A row of the pipeline.
import { isImage } from "./media.js";
import { html, useMemo } from "./preact.js";
import { Account, Badge, Icon, State, Time } from "./ui.js";
import { PHASE } from "./words.js";

/** @typedef {Kept<Schemas["ListedAccount"]>} Listed */
/**
 * @typedef {{
 *   row: Listed, columns: string[] | null, chosen: boolean, tick: (id: string) => void, retry: (id: string) => void,
 *   where: string,
 * }} RowProps
 */

/**
 * The phases as columns, where all accounts follow plans with the same ones; else null.
 * @param {Listed[]} rows
 */
export function columnsOf(rows) {
  const plans = rows.map((row) => row.plan_phases ?? []);
  return plans.length > 0 && plans.every((names) => names.join() === plans[0].join()) ? plans[0] : null;
}

/**
 * Rendered again only when the account has changed, or the columns, or whether it is selected, or where its link leads.
 * @param {RowProps} props
 */
export const Row = (props) =>
  useMemo(() => rendered(props), [props.row, props.columns?.join(), props.chosen, props.where]);

const NONE = html`<span class="soft">–</span>`;

/** @param {RowProps} props */
function rendered({ row, columns, chosen, tick, retry }) {
  const phases = row.phases ?? [];
  const retries = phases.reduce((sum, phase) => sum + phase.retry_count, 0);
  return html`
    <tr data-row=${row.account_id} class="${chosen ? "chosen" : ""} ${row.gone ? "gone" : ""}">
      <td><${Select} row=${row} chosen=${chosen} tick=${tick} retry=${retry} /></td>
      <th scope="row" class="who">
        <span class="clip"><${Account} id=${row.account_id}>${row.username}<//></span>
        <span class="under">
          <${State} of="account" is=${row.state} /><small class="clip"><bdi>${row.model_id}</bdi></small>
        </span>
        ${row.gone && html`<small>left this list</small>`}
      </th>
      ${
        columns
          ? columns.map((name) => html`<td><${Cell} phase=${phases.find((phase) => phase.phase === name)} /></td>`)
          : html`<td><${Progress} phases=${phases} /></td>`
      }
      <td>
        ${row.content_due_at && html`<${Badge} tone="warn" icon="empty">no content<//><br />`}
        <small><${Time} at=${row.due_at} /></small>
      </td>
      <td class="number">${retries || html`<span class="soft">0</span>`}</td>
      <td><${Assigned} assigned=${row.assigned} /></td>
      <td><${Holder} row=${row} /></td>
    </tr>
  `;
}

/** @param {Omit<RowProps, "where">} props */
function Select({ row, chosen, tick, retry }) {
  const stuck = row.phase_status === "failed" || row.phase_status === "requires_review";
  const id = row.account_id;
  return html`
    <input type="checkbox" aria-label=${`Select ${row.username}`} checked=${chosen} onChange=${() => tick(id)} />
    ${stuck && html`<button type="button" hidden data-retry-row onClick=${() => retry(id)}>Retry</button>`}
  `;
}

/** @param {Schemas["Cell"]} phase */
const instantOf = (phase) => {
  if (phase.status === "completed") return phase.completed_at ?? phase.updated_at;
  if (phase.status === "in_progress") return phase.started_at ?? phase.updated_at;
  return phase.status === "pending" ? phase.available_at : phase.updated_at;
};

/** @param {{ phase?: Schemas["Cell"] }} props */
function Cell({ phase }) {
  if (!phase) return NONE;
  const [icon, word, tone] = phase.skipped ? PHASE.skipped : PHASE[phase.status];
  const at = instantOf(phase);
  return html`
    <span class="cell tone-${tone}">
      <span class="word"><${Icon} name=${icon} />${word}</span>
      ${at && html`<span class="when"><${Time} still at=${at} /></span>`}
      ${
        phase.error_code &&
        phase.status !== "completed" &&
        html`<span class="when clip"><bdi>${phase.error_code}</bdi></span>`
      }
    </span>
  `;
}

/**
 * The phases of an account whose plan is not that of its neighbours.
 * @param {{ phases: Schemas["Cell"][] }} props
 */
const Progress = ({ phases }) =>
  phases.length === 0
    ? NONE
    : html`
      <ol class="progress">
        ${phases.map((phase) => {
          const [icon, word, tone] = phase.skipped ? PHASE.skipped : PHASE[phase.status];
          return html`
            <li class="tone-${tone}" title=${`${phase.phase}: ${word}`}>
              <${Icon} name=${icon} /><span>${phase.phase}</span><span class="unseen">: ${word}</span>
            </li>
          `;
        })}
      </ol>
    `;

/** @param {{ assigned?: Schemas["Assigned"] }} props */
function Assigned({ assigned }) {
  const { content, text } = assigned ?? {};
  if (!content && !text) return NONE;
  return html`
    <span class="given">
      ${
        content &&
        (isImage(content)
          ? html`<img class="thumb" loading="lazy" src=${content.url} alt=${`Media ${content.content_id}`} />`
          : html`<code class="clip">${content.content_id}</code>`)
      }
      ${text && html`<small class="clip grow"><bdi>${text.body.replace(/\s+/g, " ").slice(0, 60)}</bdi></small>`}
    </span>
  `;
}

/** @param {{ row: Listed }} props */
const Holder = ({ row }) =>
  row.lease?.live
    ? html`
      <bdi class="clip">${row.lease.bot_id}</bdi>
      ${row.working_since && html`<small>since <${Time} at=${row.working_since} /></small>`}
    `
    : NONE;
