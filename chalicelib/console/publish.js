// @ts-check
// What becomes of a version of a plan: a draft is made of it, it is published, retired.
import { find, post } from "./api.js";
import { Ask, Dialog, Field, hasReason, Reason } from "./dialogs.js";
import { useLive } from "./live.js";
import { html } from "./preact.js";
import { Preview } from "./preview.js";
import { toast } from "./ui.js";
import { pathOf, versionOptions } from "./versions.js";

/** @typedef {Schemas["PlanVersion"]} Version */

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
