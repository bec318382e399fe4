// My tasks: what a person takes, does outside, and says what came of it.

import { find, get, post } from "./api.js";
import { change, useLive, useRows } from "./live.js";
import { steady } from "./pipeline.js";
import { html, useState } from "./preact.js";
import { Account, Announce, Ask, copy, Empty, Field, Icon, Live, Note, Pager, Scroll, Time, toast } from "./ui.js";
import { bytes } from "./words.js";

const SESSION = "warmup.session";
const WORDS = { start_warmup: "begin the warm-up", run_phase: "do", complete_warmup: "end the warm-up" };
const headers = (session, token) => ({
  headers: { "Bot-Session": session, ...(token ? { "Lease-Token": token } : {}) },
});

/** The session of this tab: the one that it had, if it still lives, or a new one. */
async function session() {
  const known = sessionStorage.getItem(SESSION);
  if (known) {
    try {
      const found = await get(`operator/tasks/sessions/${known}`);
      if (found.status === "live" && found.directive === "continue") return found;
    } catch (problem) {
      if (problem.status !== 404) throw problem;
    }
  }
  const made = await post("operator/tasks/sessions", {
    client: "console",
    host: navigator.platform?.slice(0, 200) || "browser",
  });
  sessionStorage.setItem(SESSION, made.session_id);
  return get(`operator/tasks/sessions/${made.session_id}`);
}

export function Tasks({ params }) {
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  const mine = useLive("mine", held, 15);
  const key = JSON.stringify([params.model_id, params.cursor]);
  const offers = useLive(
    key,
    (signal) => get("operator/tasks", { model_id: params.model_id, cursor: params.cursor, limit: 25 }, { signal }),
    10,
  );
  const [taken, again] = useState(0); // what one takes oneself leaves the list at once
  const rows = useRows(`${key}#${taken}`, offers.data?.items, (offer) => offer.account_id);
  const [busy, work] = useState(null);
  const take = async (offer) => {
    work(offer.account_id);
    try {
      const { session_id: id } = await session();
      const path = `operator/tasks/accounts/${offer.account_id}`;
      if (offer.action === "complete_warmup") {
        await post(`${path}/finish`, {}, headers(id));
        toast(`${offer.username} is active.`);
      } else {
        if (offer.action === "start_warmup") await post(`${path}/start`, {}, headers(id));
        await post(`${path}/content/${offer.phase}`, {}, headers(id));
        toast(`${offer.username}: ${offer.phase} is yours.`);
      }
    } catch (problem) {
      if (!problem.title) console.error(problem);
      toast(problem.detail || problem.message, "bad");
    }
    work(null);
    mine.reload();
    await offers.reload();
    again((n) => n + 1);
  };
  return html`
    <div class="head"><h1>My tasks</h1></div>
    <section class="stack" aria-labelledby="mine">
      <h2 id="mine">In my hands</h2>
      <${Live} of=${mine}>
        ${(found) =>
          found.tasks.length === 0
            ? html`<${Empty} kind="nothing" title="You hold nothing">Take a task from the list below.<//>`
            : html`
              <ul class="columns">
                ${found.tasks.map(
                  (task) =>
                    html`
                      <li key=${task.account_id}>
                        <${Task}
                          task=${task}
                          id=${found.session_id}
                          onDone=${() => {
                            mine.reload();
                            offers.reload();
                          }}
                        />
                      </li>
                    `,
                )}
              </ul>
            `}
      <//>
    </section>
    <section class="stack" aria-labelledby="offers">
      <div class="head">
        <h2 id="offers">To take</h2>
        <${Field}
          label="Model"
          value=${params.model_id ?? ""}
          onInput=${(event) => change({ model_id: event.target.value, cursor: null }, { replace: true })}
          options=${[["", "all"], ...(models.data?.items ?? []).map((model) => [model.model_id, model.name])]}
          data-search
        />
      </div>
      <${Live} of=${offers}>
        ${(found) =>
          rows.rows.every((offer) => offer.gone) && found.items.length === 0
            ? html`
              <${Empty}
                kind=${params.model_id ? "filtered" : "good"}
                title=${params.model_id ? "Nothing of this model is due" : "Nothing is due now"}
              >
                ${found.next_due_at && html`The next is due <${Time} at=${found.next_due_at} />.`}
              <//>
            `
            : html`
              <${Announce} rows=${rows} noun="tasks" />
              <${Scroll} label="Tasks">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Account</th>
                      <th scope="col">Task</th>
                      <th scope="col">Due since</th>
                      <th scope="col">Act</th>
                    </tr>
                  </thead>
                  <tbody>
                    ${rows.rows.map(
                      (offer) => html`
                        <tr key=${offer.account_id} data-row class=${offer.gone ? "gone" : ""}>
                          <th scope="row">
                            <${Account} id=${offer.account_id}>${offer.username}<//>
                            <br />
                            <small>${offer.model_id}</small>
                          </th>
                          <td>${WORDS[offer.action]}${offer.action === "run_phase" ? ` ${offer.phase}` : ""}</td>
                          <td><${Time} at=${offer.due_at} /></td>
                          <td>
                            ${
                              offer.gone
                                ? html`<small>taken</small>`
                                : html`
                                  <button
                                    type="button"
                                    class="tiny"
                                    disabled=${busy === offer.account_id}
                                    onClick=${() => take(offer)}
                                  >
                                    ${
                                      busy === offer.account_id
                                        ? "Taking …"
                                        : offer.action === "complete_warmup"
                                          ? "Complete"
                                          : "Take"
                                    }
                                    <span class="unseen"> ${offer.username}</span>
                                  </button>
                                `
                            }
                          </td>
                        </tr>
                      `,
                    )}
                  </tbody>
                </table>
              <//>
              <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="tasks" />
            `}
      <//>
    </section>
  `;
}

const handles = new Map();
/** The handle of an account, asked for once; its id where it cannot be told. */
async function handle(id) {
  if (!handles.has(id))
    await get(`operator/accounts/${id}`).then(
      (account) => handles.set(id, account.username),
      () => {},
    );
  return handles.get(id) ?? id;
}

/** What this tab's person holds, with what to do; each look says to the service that they are still there. */
async function held() {
  const known = sessionStorage.getItem(SESSION);
  if (!known) return { session_id: null, tasks: [] };
  const { session_id: id, held: holds } = await session();
  if (!holds.length) return { session_id: id, tasks: [] };
  await post(`operator/tasks/sessions/${id}/heartbeat`);
  const tasks = await Promise.all(
    holds
      .filter((hold) => hold.phase)
      .map(async (hold) => {
        const username = await handle(hold.account_id);
        const task = await post(
          `operator/tasks/accounts/${hold.account_id}/content/${hold.phase}`,
          {},
          headers(id, hold.lease.lease_token),
        ).catch((problem) => ({ account_id: hold.account_id, phase: hold.phase, lease: hold.lease, problem }));
        return { ...task, username };
      }),
  );
  return { session_id: id, tasks };
}

function Task({ task, id, onDone }) {
  const [asks, ask] = useState(null);
  const path = `operator/tasks/accounts/${task.account_id}`;
  const token = task.lease.lease_token;
  const say = (word) => {
    toast(`${task.username}: ${word}`);
    onDone();
  };
  const url = task.content && steady(task.content.content_id, task.content.url);
  return html`
    <article class="card stack">
      <header class="row spread">
        <h3><${Account} id=${task.account_id}>${task.username}<//>: ${task.phase}</h3>
        <small>yours; your lease ends <${Time} at=${task.lease.expires_at} /></small>
      </header>
      ${task.problem && html`<${Note} tone="bad"><p>${task.problem.detail}</p><//>`}
      ${task.withdrawn && html`<${Note} tone="bad"><p>What you were given was withdrawn: do not use it.</p><//>`}
      ${
        task.content &&
        html`
          <div class="row">
            <img class="thumb" src=${url} alt=${`Media ${task.content.content_id}`} />
            <a class="button" href=${url} target="_blank" rel="noreferrer" download>
              <${Icon} name="down" />Download
            </a>
            <small>${task.content.media_type}, ${bytes(task.content.bytes)}</small>
          </div>
        `
      }
      ${
        task.text &&
        html`
          <div class="stack tight">
            <pre><bdi>${task.text.body}</bdi></pre>
            <div>
              <button type="button" class="tiny" onClick=${() => copy(task.text.body)}>
                <${Icon} name="copy" />Copy the text
              </button>
            </div>
          </div>
        `
      }
      <div class="row">
        <button type="button" class="main" onClick=${() => ask("done")}><${Icon} name="check" />Done …</button>
        <button type="button" onClick=${() => ask("not")}>Not done …</button>
        <button type="button" onClick=${() => ask("unknown")}>Don't know …</button>
        <button type="button" class="plain" onClick=${() => ask("back")}>Give back …</button>
      </div>
      ${
        asks === "done" &&
        html`
          <${Ask}
            title="It is done"
            label="Done"
            onClose=${() => ask(null)}
            lead="The phase is completed, and the next one's interval begins."
            act=${async (given) => {
              await post(
                `${path}/complete/${task.phase}`,
                given.note?.trim() ? { platform_response: { note: given.note.trim() } } : {},
                headers(id, token),
              );
              say(`${task.phase} is completed.`);
            }}
            fields=${(given, put) =>
              html`
                <${Field}
                  label="Note (optional)"
                  value=${given.note ?? ""}
                  onInput=${put("note")}
                  most=${2000}
                  autofocus
                />
              `}
          />
        `
      }
      ${
        ["not", "unknown"].includes(asks) &&
        html`
          <${Ask}
            title=${asks === "not" ? "It is not done" : "I don't know whether it is done"}
            label="Report"
            onClose=${() => ask(null)}
            lead=${
              asks === "not"
                ? "It is tried again later, or looked at by people."
                : "It may have happened: people decide, and nothing is tried again by itself."
            }
            values=${{ kind: "transient" }}
            ready=${(given) => given.message?.trim()}
            act=${async (given) => {
              await post(
                `${path}/report`,
                {
                  phase: task.phase,
                  kind: asks === "unknown" ? "unknown" : given.kind,
                  code: "by_hand",
                  message: given.message.trim(),
                },
                headers(id, token),
              );
              say("reported.");
            }}
            fields=${(given, put) =>
              html`
                ${
                  asks === "not" &&
                  html`
                    <${Field}
                      label="Why"
                      value=${given.kind}
                      onInput=${put("kind")}
                      options=${[
                        ["transient", "it did not work just now"],
                        ["content", "the content is at fault"],
                        ["account", "the account is at fault"],
                        ["fatal", "it will never work"],
                      ]}
                    />
                  `
                }
                <${Field}
                  label="What happened"
                  type="textarea"
                  value=${given.message ?? ""}
                  onInput=${put("message")}
                  most=${2000}
                  required
                  autofocus
                />
              `}
          />
        `
      }
      ${
        asks === "back" &&
        html`
          <${Ask}
            title="Give it back"
            label="Give back"
            onClose=${() => ask(null)}
            lead="Nothing happened: somebody else may take it, with the same content."
            act=${async () => {
              await post(`${path}/release`, {}, headers(id, token));
              say("given back.");
            }}
          />
        `
      }
    </article>
  `;
}
