// Review: what failed or needs people, by error; "outcome unknown" first, since nobody else will ever touch it.
import { html, useEffect, useRef, useState } from "./preact.js";
import { find, get, post } from "./api.js";
import { change, link, useLive, useRows } from "./live.js";
import { Account, Announce, Ask, Dialog, Empty, Field, Icon, Live, Note, Pager, Reason, Scroll, State, Time, Trouble, hasReason, toast } from "./ui.js";
import { Act } from "./account.js";
import { KIND, PHASES, count, many } from "./words.js";

const keyOf = (group) => `${group.kind}|${group.code}|${group.phase}`;
const filterOf = (group) => Object.fromEntries(["kind", "code", "phase"].filter((name) => group[name]).map((name) => [name, group[name]]));

export function Review({ params }) {
  const query = { model_id: params.model_id, phase: params.only, status: params.status };
  const key = JSON.stringify(query);
  const live = useLive(`groups:${key}`, (signal) => get("operator/review/groups", query, { signal }), 20);
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  const [asks, ask] = useState(null);
  const put = (name) => (event) => change({ [name]: event.target.value, group: null, cursor: null }, { replace: true });
  const ordered = [...(live.data?.items ?? [])].sort((a, b) => (b.kind === "unknown") - (a.kind === "unknown") || b.count - a.count);
  const open = ordered.find((group) => keyOf(group) === params.group);
  const filtered = params.model_id || params.only || params.status;
  return html`
    <div class="head"><h1>Review</h1></div>
    <div class="filters">
      <${Field} label="Model" value=${params.model_id ?? ""} onInput=${put("model_id")} options=${[["", "all"], ...(models.data?.items ?? []).map((model) => [model.model_id, model.name])]} data-search />
      <${Field} label="Phase" value=${params.only ?? ""} onInput=${put("only")} options=${[["", "all"], ...PHASES.map((phase) => [phase, phase])]} />
      <${Field} label="Status" value=${params.status ?? ""} onInput=${put("status")} options=${[["", "all"], ["requires_review", "needs review"], ["failed", "failed, tried again by itself"]]} />
    </div>
    <${Live} of=${live}>${(found) => ordered.length === 0 ? html`<${Empty} kind=${filtered ? "filtered" : "good"} title=${filtered ? "Nothing matches the filters" : "Nothing needs people"}>${!filtered && "No phase has failed, and no outcome is unknown."}<//>` : html`
      ${found.partly && html`<${Note} tone="warn"><p>There is more than could be read at once: the counts are lower bounds.</p><//>`}
      <${Scroll} label="Groups by error"><table><thead><tr><th scope="col">Error</th><th scope="col">Phase</th><th scope="col" class="number">Count</th><th scope="col">First seen</th><th scope="col">Last seen</th><th scope="col">Sample</th><th scope="col">Act on all</th></tr></thead>
        <tbody>${ordered.map((group) => html`<tr key=${keyOf(group)} data-row class=${keyOf(group) === params.group ? "chosen" : ""}>
          <th scope="row"><a href=${link("review", { ...params, cursor: null, group: keyOf(group) === params.group ? null : keyOf(group) })} aria-expanded=${keyOf(group) === params.group}>
            <span class="state tone-${group.kind === "unknown" ? "bad" : "warn"}"><${Icon} name=${group.kind === "unknown" ? "alert" : "retry"} />${KIND[group.kind] ?? group.kind ?? "no report"}</span></a><br /><code><bdi>${group.code ?? "no code"}</bdi></code></th>
          <td>${group.phase}</td><td class="number">${count(group.count)}</td><td><${Time} at=${group.first_seen} /></td><td><${Time} at=${group.last_seen} /></td>
          <td><bdi class="prose">${group.sample.message}</bdi></td>
          <td><div class="row"><button type="button" class="tiny" data-retry-row onClick=${() => ask({ group })}><${Icon} name="retry" />Retry all …<span class="unseen"> ${group.code}</span></button></div></td></tr>`)}</tbody></table><//>
      ${open && html`<${Cases} group=${open} params=${params} query=${query} onDone=${live.reload} />`}`}<//>
    ${asks && html`<${RetryAll} group=${asks.group} model=${params.model_id} status=${params.status} onClose=${() => ask(null)} onDone=${live.reload} />`}`;
}

function Cases({ group, params, query, onDone }) {
  const key = JSON.stringify([group.kind, group.code, group.phase, query.model_id, query.status, params.cursor]);
  const live = useLive(`cases:${key}`, (signal) => find("operator/review", { ...filterOf(group), model_id: query.model_id, status: query.status, cursor: params.cursor }, 25, { signal }), 10);
  const rows = useRows(key, live.data?.items, (row) => row.account_id);
  const [asks, ask] = useState(null);
  const begin = (row, move) => get(`operator/accounts/${row.account_id}`).then((account) => ask({ account, asks: { move, phase: row.phase } }), (problem) => toast(problem.detail || problem.message, "bad"));
  return html`<section class="stack" aria-label="Cases of the group"><h2>${KIND[group.kind] ?? group.kind ?? "no report"}, ${group.phase}: ${many(group.count, "case")}</h2>
    ${group.kind === "unknown" && html`<${Note} tone="warn"><${Icon} name="alert" /><p>It may have happened. Look at the account outside first: <strong>resolve</strong> with evidence if it is there, <strong>retry</strong> if it is not.</p><//>`}
    <${Live} of=${live}>${(found) => html`<${Announce} rows=${rows} noun="cases" />
      <${Scroll} label="Cases"><table><thead><tr><th scope="col">Account</th><th scope="col">Status</th><th scope="col">Since</th><th scope="col">Message</th><th scope="col">Act</th></tr></thead>
      <tbody>${rows.rows.map((row) => html`<tr key=${row.account_id} data-row class=${row.gone ? "gone" : ""}><th scope="row"><${Account} id=${row.account_id}>${row.username}<//><br /><small>${row.model_id}</small></th>
        <td><${State} of="phase" is=${row.status} /></td><td><${Time} at=${row.since} /></td><td><bdi class="prose">${row.error_message}</bdi></td>
        <td><div class="row">${row.gone ? html`<small>decided</small>` : [["retry", "Retry"], ["resolve", "Resolve"], ["skip", "Skip"]].map(([move, word]) => html`<button type="button" class="tiny" ...${move === "retry" ? { "data-retry-row": "" } : {}} onClick=${() => begin(row, move)}>${word} …<span class="unseen"> ${row.username}</span></button>`)}</div></td></tr>`)}</tbody></table><//>
      <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="cases" />`}<//>
    ${asks && html`<${Act} ...${asks} onClose=${() => ask(null)} onDone=${() => { live.reload(); onDone(); }} />`}</section>`;
}

/** Retries a whole group, step after step, as long as there are more. */
function RetryAll({ group, model, status, onClose, onDone }) {
  const filter = { ...filterOf(group), ...(model ? { model_id: model } : {}), ...(status ? { status } : {}) };
  const [matched, match] = useState(null);
  const [given, set] = useState({ content: group.kind === "content" ? "other" : "same" });
  const [state, to] = useState("asking");
  const [done, tell] = useState({ retried: 0, others: [] });
  const [problem, fail] = useState(null);
  const stopped = useRef(false);
  const put = (name) => (event) => set({ ...given, [name]: event.target.value });
  useEffect(() => { post("operator/review/retry", { filter, reason: "count", dry_run: true }).then(match, fail); }, []);
  const number = matched?.matched ?? 0;
  const act = async (event) => {
    event.preventDefault(); to("working"); fail(null);
    let all = { retried: 0, others: [] }, more = true;
    try {
      while (more && !stopped.current) {
        const answer = await post("operator/review/retry", { filter: { ...filter, failed_before: matched.as_of }, reason: given.reason, content: given.content });
        const retried = answer.counts.retried ?? 0;
        all = { retried: all.retried + retried, others: answer.items.filter((one) => one.outcome === "refused") };
        tell(all); onDone();
        more = retried > 0 && (answer.more || (answer.counts.not_done ?? 0) > 0);
      }
    } catch (error) { fail(error); }
    to("over");
  };
  const typed = number <= 50 || given.typed === String(number);
  return html`<${Dialog} title="Retry all of a group" onClose=${onClose}><form onSubmit=${act}>
    <h2>Retry all of a group</h2>
    <p role="status">${matched ? html`<strong>${many(number, "case")}${matched.more ? " and more" : ""}</strong> of <code><bdi>${group.code ?? "no code"}</bdi></code> in ${group.phase} will be retried.` : "Counting …"}</p>
    ${group.kind === "unknown" && state === "asking" && html`<${Note} tone="warn"><p>Their outcome is unknown: whoever retries them says that it did <strong>not</strong> happen, or may happen twice.</p><//>`}
    ${state === "asking" ? html`<${Field} label="With" value=${given.content} onInput=${put("content")} options=${[["same", "the same content"], ["other", "other content"]]} /><${Reason} given=${given} put=${put} />
      ${number > 50 && html`<${Field} label=${`Type the number ${number} to confirm`} inputMode="numeric" value=${given.typed ?? ""} onInput=${put("typed")} />`}`
      : html`<progress max=${Math.max(number, 1)} value=${state === "over" ? Math.max(number, 1) : done.retried} aria-label="Progress"></progress><p role="status">${count(done.retried)} retried${done.others.length ? `, ${count(done.others.length)} refused` : ""}.</p>${done.others.slice(0, 50).map((one) => html`<small><code>${one.account_id}</code> ${one.detail}</small>`)}`}
    ${problem && html`<${Trouble} problem=${problem} />`}
    <footer>${state === "asking" ? html`<button type="button" onClick=${onClose}>Cancel</button><button class="main" disabled=${!number || !hasReason(given) || !typed}>Retry ${matched ? count(number) : "…"}</button>`
      : state === "working" ? html`<button type="button" onClick=${() => { stopped.current = true; }}>Stop after this step</button>` : html`<button type="button" class="main" onClick=${onClose}>Close</button>`}</footer>
  </form><//>`;
}
