// @ts-check
// Moving accounts to another version of a plan: a dry run first, whose rows can be looked at.
import { find, get, problemOf } from "./api.js";
import { After, added, Progress, steps, TYPED_ABOVE } from "./bulk.js";
import { Dialog, Field, hasReason, Reason } from "./dialogs.js";
import { useLive } from "./live.js";
import { html, useRef, useState } from "./preact.js";
import { Badge, Empty, shown, Table, Trouble } from "./ui.js";
import { pathOf, versionOptions } from "./versions.js";
import { count, many } from "./words.js";

/** @typedef {Schemas["MoveAllBody"]} MoveAll */
/** @typedef {Schemas["MovedAccount"]} Moved */
/** @typedef {{ rows: Moved[], whole: boolean }} Tried what a dry run found so far */
/** @typedef {"choosing" | "trying" | "working" | "over"} Step */

const SHOWN = 200;

/** @param {Moved[]} rows */
const possible = (rows) => rows.filter((one) => one.outcome === "would_be_done").length;

/**
 * `target` says which accounts are meant, as in `Bulk`; `phases` names the phases of their plans, as far as they are
 * shown; `onClose` learns whether it is over.
 * @param {{
 *   target: Pick<MoveAll, "account_ids" | "filter">, phases: string[], onClose: (over: boolean) => void,
 *   onDone: () => void,
 * }} props
 */
export function Migrate({ target, phases, onClose, onDone }) {
  const [given, setGiven] = useState(/** @type {Given} */ ({ plan: "", mapping: {} }));
  const [step, setStep] = useState(/** @type {Step} */ ("choosing"));
  const [tried, setTried] = useState(/** @type {Tried | null} */ (null));
  const [result, setResult] = useState({ done: 0, seen: 0, others: /** @type {Moved[]} */ ([]) });
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  const stopped = useRef(false);
  const fixed = useRef(target).current;
  /** @param {{ reason: string, dry_run: boolean }} more */
  const body = (more) =>
    /** @type {MoveAll} */ ({ action: "migrate", ...fixed, plan: given.plan, mapping: given.mapping, ...more });
  /** @type {Put} */
  const put = (name) => (event) => {
    setGiven({ ...given, ...(name === "plan" && { mapping: {} }), [name]: event.target.value });
    if (name === "plan" || name === "mapping") setTried(null); // that was another migration
  };
  const attempt = async () => {
    setStep("trying");
    setProblem(null);
    /** @type {Moved[]} */
    let rows = [];
    await steps(body({ reason: "dry run", dry_run: true }), (answer) => {
      rows = [...rows, ...answer.results];
      setTried({ rows, whole: false });
      return !stopped.current;
    }).then(
      () => setTried({ rows, whole: true }),
      (error) => setProblem(problemOf(error)),
    );
    setStep("choosing");
  };
  const migrate = async () => {
    setStep("working");
    setProblem(null);
    let all = result;
    await steps(body({ reason: given.reason, dry_run: false }), (answer) => {
      all = added(all, answer);
      setResult(all);
      onDone();
      return !stopped.current;
    }).catch((error) => setProblem(problemOf(error)));
    setStep("over");
  };
  const number = possible(tried?.rows ?? []);
  const typed = number <= TYPED_ABOVE || given.typed === String(number);
  const mayMigrate = step === "choosing" && tried?.whole && number > 0 && hasReason(given) && typed;
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (mayMigrate) migrate();
  };
  const close = () => {
    stopped.current = true;
    onClose(step === "over");
  };
  const ends = step === "working" || step === "over";
  return html`
    <${Dialog} wide title="Migrate accounts" onClose=${close}>
      <form onSubmit=${submit}>
        <h2>Migrate accounts</h2>
        <p class="soft">
          Completed phases stay. No date is earlier than what was promised, and no lease is broken.
        </p>
        ${!ends && html`<${Choice} given=${given} put=${put} phases=${phases} />`}
        ${!ends && tried && html`<${Rows} tried=${tried} />`}
        ${!ends && tried?.whole && html`<${Confirm} given=${given} put=${put} number=${number} />`}
        ${
          ends &&
          html`
            <${Progress} done="migrated" matched=${number} result=${result} over=${step === "over"}
              failed=${problem !== null} stopped=${stopped.current} />
          `
        }
        ${problem && html`<${Trouble} problem=${problem} />`}
        <footer>
          ${
            ends
              ? html`<${After} over=${step === "over"} stopped=${stopped} onClose=${close} />`
              : html`
                <button type="button" onClick=${close}>Cancel</button>
                <button
                  type="button"
                  disabled=${step === "trying" || !given.plan}
                  onClick=${attempt}
                >
                  ${step === "trying" ? "Trying …" : "Dry run"}
                </button>
                <button class="main" disabled=${!mayMigrate}>Migrate ${tried?.whole ? count(number) : ""}</button>
              `
          }
        </footer>
      </form>
    <//>
  `;
}

/** @param {{ given: Given, put: Put, phases: string[] }} props */
function Choice({ given, put, phases }) {
  const plans = useLive("plans", (signal) => find("operator/plans", {}, 100, { signal }), 0);
  const published = (plans.data?.items ?? []).map((plan) => ({
    ...plan,
    versions: plan.versions.filter((one) => one.state === "published"),
  }));
  return html`
    <div class="columns">
      <${Field}
        label="To the version"
        value=${given.plan}
        onInput=${put("plan")}
        options=${[["", "–"], ...versionOptions(published)]}
        autofocus
      />
      ${
        given.plan &&
        html`<${Mapping} plan=${given.plan} phases=${phases} mapping=${given.mapping} onChange=${put("mapping")} />`
      }
    </div>
    ${plans.problem && html`<${Trouble} problem=${plans.problem} onRetry=${plans.reload} />`}
  `;
}

/**
 * Which phases of the new plan those count for that it lacks; one of the same name counts for itself.
 * @param {{ plan: string, phases: string[], mapping: Record<string, string>, onChange: (event: any) => void }} props
 */
function Mapping({ plan, phases, mapping, onChange }) {
  const live = useLive(`plan:${plan}`, (signal) => get(pathOf(plan), {}, { signal }), 0);
  return shown(live, (found) => {
    const theirs = found.phases.map((one) => one.phase);
    const free = theirs.filter((name) => !phases.includes(name));
    const lacking = phases.filter((name) => !theirs.includes(name));
    /** @param {string} name */
    const choose = (name) => (/** @type {any} */ event) => {
      const { [name]: _, ...others } = mapping;
      onChange({ target: { value: event.target.value ? { ...others, [name]: event.target.value } : others } });
    };
    /** @param {string} name */
    const options = (name) =>
      free.filter((one) => one === mapping[name] || !Object.values(mapping).includes(one)).map((one) => [one, one]);
    if (lacking.length === 0) return html`<p class="soft">Each phase counts for the one of the same name.</p>`;
    return html`
      <div class="stack tight">
        ${lacking.map(
          (name) => html`
            <${Field}
              key=${name}
              label=${`${name} counts for`}
              value=${mapping[name] ?? ""}
              onInput=${choose(name)}
              options=${[["", "nothing: left out"], ...options(name)]}
            />
          `,
        )}
      </div>
    `;
  });
}

/** @param {{ tried: Tried }} props */
function Rows({ tried: { rows, whole } }) {
  const number = possible(rows);
  const others = rows.length - number;
  const refused = others ? `, ${count(others)} cannot` : "";
  return html`
    <p role="status">
      ${
        whole
          ? html`<strong>${many(number, "account")}</strong> can be migrated${refused}.`
          : `Trying … ${count(rows.length)} so far`
      }
    </p>
    ${
      rows.length === 0
        ? whole && html`<${Empty} kind="nothing" title="No account is under way" />`
        : html`
          <${Table} label="Dry run" columns=${["Account", "Result", "What it would mean"]}>
            ${rows.slice(0, SHOWN).map((one) => html`<${Row} key=${one.account_id} one=${one} />`)}
          <//>
        `
    }
    ${rows.length > SHOWN && html`<p class="soft">The first ${count(SHOWN)} are shown.</p>`}
  `;
}

/** @param {{ one: Moved }} props */
const Row = ({ one }) => html`
  <tr>
    <th scope="row"><code>${one.account_id}</code></th>
    <td>
      ${
        one.outcome === "would_be_done"
          ? html`<${Badge} tone="done" icon="check">possible<//>`
          : html`<${Badge} tone="warn" icon="alert">${one.outcome.replaceAll("_", " ")}<//>`
      }
    </td>
    <td><bdi>${one.detail ?? "–"}</bdi></td>
  </tr>
`;

/** @param {{ given: Given, put: Put, number: number }} props */
const Confirm = ({ given, put, number }) => html`
  <${Reason} given=${given} put=${put} />
  ${
    number > TYPED_ABOVE &&
    html`
      <${Field}
        label=${`Type the number ${number} to confirm`}
        inputMode="numeric"
        autocomplete="off"
        value=${given.typed ?? ""}
        onInput=${put("typed")}
      />
    `
  }
`;
