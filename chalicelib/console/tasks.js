// @ts-check
// My tasks: what an operator takes, does on the platform, and reports.
import { find, get, post, problemOf } from "./api.js";
import { Field, filterOptions } from "./dialogs.js";
import { change, useLive } from "./live.js";
import { html, useState } from "./preact.js";
import { useRows } from "./rows.js";
import { headers, TaskCard } from "./task.js";
import { Account, Announce, Empty, Pager, shown, Table, Time, toast } from "./ui.js";

/** @typedef {Schemas["Offer"]} Offer */
/** @typedef {Schemas["OwnHolding"]} Holding */
/** @typedef {import("./task.js").Task} Task */

const SESSION = "warmup.session";
const WORDS = { start_warmup: "begin the warm-up", run_phase: "do", complete_warmup: "end the warm-up" };

/** The session of this tab: the one that it had, if it is still live, or a new one. */
async function session() {
  const known = sessionStorage.getItem(SESSION);
  if (known) {
    const found = await get(`operator/tasks/sessions/${known}`).catch((problem) => {
      if (problem.status !== 404) throw problem;
    });
    if (found?.status === "live" && found.directive === "continue") return found;
  }
  const host = navigator.platform?.slice(0, 200) || "browser";
  const made = await post("operator/tasks/sessions", { client: "console", host });
  sessionStorage.setItem(SESSION, made.session_id);
  return get(`operator/tasks/sessions/${made.session_id}`);
}

/** @type {Map<string, string>} */
const handles = new Map();
/**
 * The handle of an account, read once; its id where it cannot be read.
 * @param {string} id
 */
async function handle(id) {
  if (!handles.has(id)) {
    await get(`operator/accounts/${id}`).then(
      (account) => handles.set(id, account.username),
      () => {},
    );
  }
  return handles.get(id) ?? id;
}

/** The tasks of this tab, with what to do; each read is a heartbeat too. */
async function held() {
  const none = { session_id: "", tasks: /** @type {Task[]} */ ([]) };
  if (!sessionStorage.getItem(SESSION)) return none;
  const { session_id: id, held: holds } = await session();
  if (!holds.length) return { ...none, session_id: id };
  await post(`operator/tasks/sessions/${id}/heartbeat`);
  const tasks = await Promise.all(holds.filter((hold) => hold.phase).map((hold) => taskOf(id, hold)));
  return { session_id: id, tasks };
}

/**
 * @param {string} id the session
 * @param {Holding} hold
 * @returns {Promise<Task>}
 */
async function taskOf(id, hold) {
  const { account_id, lease } = hold;
  const phase = String(hold.phase);
  const username = await handle(account_id);
  const path = /** @type {const} */ (`operator/tasks/accounts/${account_id}/content/${phase}`);
  const task = { account_id, phase, username, lease };
  try {
    const { content, text, withdrawn, lease } = await post(path, {}, headers(id, hold.lease.lease_token));
    return { ...task, content, text, withdrawn, lease };
  } catch (error) {
    return { ...task, problem: problemOf(error) };
  }
}

/**
 * Takes what is offered with its content, or completes the warm-up where nothing else is left.
 * @param {Offer} offer
 */
async function take(offer) {
  const { session_id: id } = await session();
  const account = offer.account_id;
  if (offer.action === "complete_warmup") {
    await post(`operator/tasks/accounts/${account}/finish`, {}, headers(id));
    return `${offer.username} is active.`;
  }
  const { phase } = await post(`operator/tasks/accounts/${account}/take`, {}, headers(id));
  return `${offer.username}: ${phase} is yours.`;
}

/** @param {{ params: Params }} props */
export function Tasks({ params }) {
  const mine = useLive("mine", held, 15);
  const key = JSON.stringify([params.model_id, params.cursor]);
  const query = { model_id: params.model_id, cursor: params.cursor, limit: 25 };
  const offers = useLive(key, (signal) => get("operator/tasks", query, { signal }), 10);
  const [taken, setTaken] = useState(0); // what one takes oneself leaves the list at once
  const rows = useRows(`${key}#${taken}`, offers.data?.items, (offer) => offer.account_id);
  const [busy, setBusy] = useState(/** @type {string | null} */ (null));
  /** @param {Offer} offer */
  const onTake = async (offer) => {
    setBusy(offer.account_id);
    try {
      toast(await take(offer));
    } catch (error) {
      const problem = problemOf(error);
      toast(problem.detail || problem.message, "bad");
    }
    setBusy(null);
    mine.reload();
    await offers.reload();
    setTaken((n) => n + 1);
  };
  const done = () => {
    mine.reload();
    offers.reload();
  };
  return html`
    <div class="head"><h1>My tasks</h1></div>
    <section class="stack" aria-labelledby="mine">
      <h2 id="mine">In progress</h2>
      ${shown(mine, (found) => html`<${Mine} tasks=${found.tasks} id=${found.session_id} onDone=${done} />`)}
    </section>
    <section class="stack" aria-labelledby="offers">
      <div class="head"><h2 id="offers">Available</h2><${ModelFilter} params=${params} /></div>
      ${shown(offers, (found) =>
        rows.rows.every((offer) => offer.gone) && found.items.length === 0
          ? html`<${Nothing} filtered=${Boolean(params.model_id)} next=${found.next_due_at} />`
          : html`
            <${Announce} rows=${rows} noun="tasks" />
            <${Table} label="Tasks" columns=${["Account", "Task", "Due since", "Actions"]}>
              ${rows.rows.map(
                (offer) => html`
                  <${OfferRow}
                    key=${offer.account_id}
                    offer=${offer}
                    busy=${busy === offer.account_id}
                    onTake=${onTake}
                  />
                `,
              )}
            <//>
            <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="tasks" />
          `,
      )}
    </section>
  `;
}

/** @param {{ params: Params }} props */
function ModelFilter({ params }) {
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  /** @param {any} event */
  const put = (event) => change({ model_id: event.target.value, cursor: null }, { replace: true });
  const known = (models.data?.items ?? []).map((model) => [model.model_id, model.name]);
  return html`
    <${Field}
      label="Model"
      value=${params.model_id ?? ""}
      onInput=${put}
      options=${filterOptions(known)}
      data-search
    />
  `;
}

/** @param {{ tasks: Task[], id: string, onDone: () => void }} props */
const Mine = ({ tasks, id, onDone }) =>
  tasks.length === 0
    ? html`<${Empty} kind="nothing" title="You hold no task">Take a task from the list below.<//>`
    : html`
      <ul class="columns">
        ${tasks.map(
          (task) => html`<li key=${task.account_id}><${TaskCard} task=${task} id=${id} onDone=${onDone} /></li>`,
        )}
      </ul>
    `;

/** @param {{ filtered: boolean, next: string | null }} props */
const Nothing = ({ filtered, next }) => html`
  <${Empty}
    kind=${filtered ? "filtered" : "good"}
    title=${filtered ? "Nothing of this model is due" : "Nothing is due now"}
  >
    ${next && html`The next task is due <${Time} at=${next} />.`}
  <//>
`;

/** @param {{ offer: Kept<Offer>, busy: boolean, onTake: (offer: Offer) => void }} props */
const OfferRow = ({ offer, busy, onTake }) => html`
  <tr data-row class=${offer.gone ? "gone" : ""}>
    <th scope="row">
      <${Account} id=${offer.account_id}>${offer.username}<//><br /><small>${offer.model_id}</small>
    </th>
    <td>${WORDS[offer.action]}${offer.action === "run_phase" ? ` ${offer.phase}` : ""}</td>
    <td><${Time} at=${offer.due_at} /></td>
    <td>
      ${
        offer.gone
          ? html`<small>taken</small>`
          : html`
            <button type="button" class="tiny" disabled=${busy} onClick=${() => onTake(offer)}>
              ${busy ? "Taking …" : offer.action === "complete_warmup" ? "Complete" : "Take"}
              <span class="unseen"> ${offer.username}</span>
            </button>
          `
      }
    </td>
  </tr>
`;
