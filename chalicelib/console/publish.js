// @ts-check
// What becomes of a version of a plan: a draft is made of it, it is previewed, published, retired.
import { find, post } from "./api.js";
import { Ask, Dialog, Field, hasReason, Reason } from "./dialogs.js";
import { useLive } from "./live.js";
import { html, useState } from "./preact.js";
import { Badge, Empty, Note, shown, Table, Time, toast, zone } from "./ui.js";
import { absolute, count, many } from "./words.js";

/** @typedef {Schemas["PlanVersion"]} Version */
/** @typedef {Schemas["ListedPlan"]} Listed */
/** @typedef {Schemas["PlanPreview"]} Forecast */

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

/**
 * What accounts can be given: each plan by its name, for its newest published version, and those versions.
 * @param {Listed[]} plans
 */
export const publishedOptions = (plans) =>
  plans.flatMap((plan) => {
    const published = plan.versions.filter((one) => one.state === "published");
    const versions = published.map((one) => `${plan.name}/${one.version}`);
    return (published.length ? [plan.name, ...versions] : []).map((reference) => [reference, reference]);
  });

/**
 * @param {{ from: string, onClose: () => void, onDone: (reference: string) => void }} props
 */
export function NewDraft({ from, onClose, onDone }) {
  const plans = useLive("plans", (signal) => find("operator/plans", {}, 100, { signal }), 0);
  const known = versionOptions(plans.data?.items ?? []);
  const options = known.some(([reference]) => reference === from) ? known : [[from, from], ...known];
  /** @param {Given} given */
  const act = async (given) => {
    const made = await post("operator/plans", {
      name: given.name.trim(),
      title: given.title.trim(),
      from: given.from,
    });
    const reference = `${made.name}/${made.version}`;
    toast(`${reference} is a draft.`);
    onDone(reference);
  };
  return html`
    <${Ask}
      title="New draft"
      label="Create"
      lead="A draft is a copy of another version. With the name of a plan that exists it is the plan's next version."
      values=${{ from }}
      ready=${(given) => given.name?.trim() && given.title?.trim()}
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`
        <${Field}
          label="Name"
          value=${given.name ?? ""}
          onInput=${put("name")}
          pattern="[A-Za-z0-9][A-Za-z0-9_.\\-]{0,63}"
          required
          autofocus
        />
        <${Field} label="Title" value=${given.title ?? ""} onInput=${put("title")} most=${200} required />
        <${Field} label="Copy of" value=${given.from} onInput=${put("from")} options=${options} />
      `}
    />
  `;
}

/** @param {{ plan: Version, onClose: () => void, onDone: () => void }} props */
export function Publish({ plan, onClose, onDone }) {
  const reference = `${plan.name}/${plan.version}`;
  /** @param {Given} given */
  const act = async (given) => {
    await post(`${pathOf(reference)}/publish`, { reason: given.reason });
    toast(`${reference} is published.`);
    onDone();
  };
  return html`
    <${Ask}
      wide
      title=${`Publish ${reference}`}
      label="Publish"
      lead="From then on it never changes. New accounts can get it; no account changes by it."
      ready=${hasReason}
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`
        <div class="columns">
          <div class="stack"><${Reason} given=${given} put=${put} /></div>
          <section class="stack" aria-label="Preview"><${Preview} plan=${plan} /></section>
        </div>
      `}
    />
  `;
}

/** @param {{ plan: Version, onClose: () => void, onDone: () => void }} props */
export function Retire({ plan, onClose, onDone }) {
  const reference = `${plan.name}/${plan.version}`;
  const isDraft = plan.state === "draft";
  const verb = isDraft ? "Discard" : "Retire";
  /** @param {Given} given */
  const act = async (given) => {
    await post(`${pathOf(reference)}/retire`, { reason: given.reason });
    toast(`${reference} is ${isDraft ? "discarded" : "retired"}.`);
    onDone();
  };
  return html`
    <${Ask}
      danger
      title=${`${verb} ${reference}`}
      label=${verb}
      lead=${
        isDraft
          ? "The draft cannot be published any more."
          : "New accounts no longer get it. Accounts that have it go on by it."
      }
      ready=${hasReason}
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`<${Reason} given=${given} put=${put} />`}
    />
  `;
}

/** @param {{ plan: Version, onClose: () => void }} props */
export const PreviewOnly = ({ plan, onClose }) => html`
  <${Dialog} wide title=${`Preview of ${plan.name}/${plan.version}`} onClose=${onClose}>
    <div>
      <h2>Preview of ${plan.name}/${plan.version}</h2>
      <${Preview} plan=${plan} />
      <footer><button type="button" class="main" onClick=${onClose}>Close</button></footer>
    </div>
  <//>
`;

/** @param {{ plan: Version }} props */
function Preview({ plan }) {
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 0);
  return shown(models, ({ items }) =>
    items.length === 0
      ? html`<${Empty} kind="nothing" title="There are no models to preview it on" />`
      : html`<${Tried} plan=${plan} models=${items} />`,
  );
}

const ACCOUNTS = "10";

/** @param {{ plan: Version, models: Schemas["Model"][] }} props */
function Tried({ plan, models }) {
  const [given, setGiven] = useState({ model_id: models[0].model_id, accounts: ACCOUNTS });
  const [asked, setAsked] = useState(given);
  const path = /** @type {const} */ (`${pathOf(`${plan.name}/${plan.version}`)}/preview`);
  const key = `preview:${path}:${plan.revision}:${JSON.stringify(asked)}`;
  const body = { model_id: asked.model_id, accounts: Number(asked.accounts) };
  const live = useLive(key, (signal) => post(path, body, { signal }), 0);
  /** @type {Put} */
  const put = (name) => (event) => setGiven({ ...given, [name]: event.target.value });
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it belongs to the preview, and not to the form around it
    setAsked(given);
  };
  return html`
    <div class="filters">
      <${Field}
        label="Preview on model"
        value=${given.model_id}
        onInput=${put("model_id")}
        options=${models.map((one) => [one.model_id, one.name])}
      />
      <${Field}
        label="Accounts that start now"
        type="number"
        value=${given.accounts}
        onInput=${put("accounts")}
        onKeyDown=${onKeyDown}
      />
      <button type="button" onClick=${() => setAsked(given)}>Preview</button>
    </div>
    ${shown(live, (found) => html`<${Outlook} of=${found} />`)}
  `;
}

/** @param {{ of: Forecast }} props */
const Outlook = ({ of }) => html`
  <div class="stack" role="status">
    <p class="soft">
      As of <${Time} at=${of.as_of} />: ${many(of.accounts, "account")} of <bdi>${of.model_id}</bdi>, beside
      ${" "}${count(of.accounts_under_way)} under way.
    </p>
    ${
      of.accounts_unmet > 0 &&
      html`
        <${Note} tone="warn">
          <p><strong>${many(of.accounts_unmet, "account")}</strong> would never be active.</p>
        <//>
      `
    }
    <dl class="facts">
      <dt>First active</dt>
      <dd><${Day} at=${of.first_active_at} /></dd>
      <dt>Last active</dt>
      <dd><${Day} at=${of.last_active_at} /></dd>
    </dl>
    <${Shares} shares=${of.shares} />
    <${Waits} of=${of} />
    ${of.has_more && html`<p class="soft">Not everything could be read: the counts are lower bounds.</p>`}
  </div>
`;

/** @param {{ at: string | null }} props */
const Day = ({ at }) =>
  at === null
    ? html`<span class="soft">never</span>`
    : html`<span class="mono">${absolute(at, zone()).slice(0, 16)}</span> <small><${Time} at=${at} /></small>`;

/** @type {(string | [string, string])[]} */
const COLUMNS = ["Pool", ["Eligible now", "number"], ["Needed", "number"], "Result"];

/** @param {{ shares: Schemas["PoolShare"][] }} props */
const Shares = ({ shares }) => html`
  <${Table} label="What each pool gives" columns=${COLUMNS}>
    ${shares
      .filter((one) => one.needed > 0)
      .map(
        (one) => html`
          <tr key=${one.kind + one.category}>
            <th scope="row">${one.category} <small>${one.kind}</small></th>
            ${[one.eligible, one.needed].map((number) => html`<td class="number">${count(number)}</td>`)}
            <td>
              <${Badge} tone=${one.unmet ? "warn" : "done"} icon=${one.unmet ? "alert" : "check"}>
                ${resultOf(one)}
              <//>
            </td>
          </tr>
        `,
      )}
  <//>
`;

/** @param {Schemas["PoolShare"]} share */
function resultOf(share) {
  if (share.unmet) return `${count(share.unmet)} unmet`;
  return share.from_any ? `${count(share.from_any)} from any` : "enough";
}

const SHOWN = 10;

/** @param {{ of: Forecast }} props */
const Waits = ({ of }) =>
  of.waits_count === 0
    ? html`<p class="soft">No account waits for content.</p>`
    : html`
      <p>
        <strong>${many(of.waits_count, "wait")} for content</strong>${of.waits_count > SHOWN && `, the first ${SHOWN}:`}
      </p>
      <ul class="stack tight" aria-label="Who waits">
        ${of.waits.slice(0, SHOWN).map(
          (one) => html`
            <li>
              account ${one.account}: ${one.kind} for <code>${one.phase}</code>,
              ${" "}${one.until === null ? "never found" : html`until <${Day} at=${one.until} />`}
            </li>
          `,
        )}
      </ul>
    `;
