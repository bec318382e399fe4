// Content: the pools of a model, what is in them, how far they carry; uploads and rights.

import { find, get, patch, post, send } from "./api.js";
import { change, link, useLive, useRows } from "./live.js";
import { steady } from "./pipeline.js";
import { html, useState } from "./preact.js";
import {
  Account,
  Announce,
  Ask,
  Dialog,
  Drawer,
  Empty,
  Field,
  hasReason,
  Icon,
  Live,
  Note,
  Pager,
  Reason,
  Scroll,
  State,
  Time,
  Trouble,
  toast,
} from "./ui.js";
import { bytes, clipped, count, dayIn, many, percent, points } from "./words.js";

const CATEGORIES = ["pfp", "bio", "post", "highlight", "story", "any"];
const RIGHTS = ["pending", "approved", "expired", "rejected", "withdrawn"];
const PAGE = 30;
const idOf = (item) => item.content_id ?? item.text_id;
const standing = (item) =>
  item.status !== "approved"
    ? item.status
    : !item.enabled
      ? "disabled"
      : item.usage_count >= item.max_usage
        ? "used_up"
        : "approved";
const success = (item) => percent(item.successes, item.successes + item.failures);

export function Content({ params }) {
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 60);
  const model = params.model ?? models.data?.items[0]?.model_id ?? null;
  const chosen = models.data?.items.find((one) => one.model_id === model);
  const view = params.view ?? "media";
  const put = (name) => (event) => change({ [name]: event.target.value, cursor: null }, { replace: true });
  const [asks, ask] = useState(null);
  const [fresh, renew] = useState(0);
  return html`
    <div class="head">
      <h1>Content</h1>
      ${
        chosen &&
        html`
          <span class="row">
            <button type="button" class="main" onClick=${() => ask("upload")}>
              <${Icon} name="picture" />Upload media …
            </button>
            <button type="button" onClick=${() => ask("text")}>Add a text …</button>
          </span>
        `
      }
    </div>
    <${Live} of=${models}>
      ${(found) =>
        found.items.length === 0
          ? html`
            <${Empty} kind="nothing" title="There is no model yet">
              Create one by <code>POST /api/operator/models</code>.
            <//>
          `
          : html`
            <div class="filters">
              <${Field}
                label="Model"
                value=${model}
                onInput=${put("model")}
                options=${[...(chosen ? [] : [[model, model]]), ...found.items.map((one) => [one.model_id, one.name])]}
                data-search
              />
              ${
                view !== "runway" &&
                html`
                  <${Field}
                    label="Category"
                    value=${params.category ?? ""}
                    onInput=${put("category")}
                    options=${[["", "all"], ...CATEGORIES.map((one) => [one, one])]}
                  />
                  <${Field}
                    label="Rights"
                    value=${params.rights ?? ""}
                    onInput=${put("rights")}
                    options=${[["", "all"], ...RIGHTS.map((one) => [one, one])]}
                  />
                `
              }
            </div>
            <nav class="tabs" aria-label="Views">
              ${[
                ["media", "Media"],
                ["texts", "Texts"],
                ["runway", "Runway"],
              ].map(
                ([name, word]) =>
                  html`
                    <a
                      key=${name}
                      href=${link("content", { ...params, view: name, cursor: null })}
                      aria-current=${view === name ? "page" : undefined}
                    >
                      ${word}
                    </a>
                  `,
              )}
            </nav>
            ${
              view === "runway"
                ? html`<${Runway} model=${model} />`
                : html`
                  <${Pool}
                    key=${`${model}:${view}`}
                    model=${model}
                    kind=${view === "texts" ? "texts" : "content"}
                    params=${params}
                    fresh=${fresh}
                  />
                `
            }
            ${
              asks === "upload" &&
              html`<${Upload} model=${chosen} onClose=${() => ask(null)} onDone=${() => renew((n) => n + 1)} />`
            }
            ${
              asks === "text" &&
              html`<${AddText} model=${chosen} onClose=${() => ask(null)} onDone=${() => renew((n) => n + 1)} />`
            }
          `}
    <//>
  `;
}

function Pool({ model, kind, params, fresh }) {
  const query = {
    category: params.category,
    status: params.rights,
    cursor: params.cursor,
    ...(kind === "content" ? { with_url: true } : {}),
  };
  const key = JSON.stringify([model, kind, params.category, params.rights, params.cursor, fresh]);
  const live = useLive(
    `pool:${key}`,
    (signal) => find(`operator/models/${encodeURIComponent(model)}/${kind}`, query, PAGE, { signal }),
    15,
  );
  const rows = useRows(key, live.data?.items, idOf);
  return html`
    <${Live} of=${live}>
      ${(found) => html`
        <${Announce} rows=${rows} noun="items" />
        ${
          rows.rows.length === 0
            ? html`
              <${Empty}
                kind=${params.category || params.rights ? "filtered" : "nothing"}
                title=${
                  params.category || params.rights
                    ? "No item matches the filters"
                    : kind === "texts"
                      ? "This model has no texts yet"
                      : "This model has no media yet"
                }
              />
            `
            : html`
              <ul class="pool">
                ${rows.rows.map(
                  (item) =>
                    html`<li key=${idOf(item)} data-row><${Card} item=${item} kind=${kind} params=${params} /></li>`,
                )}
              </ul>
              <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="items" />
            `
        }
      `}
    <//>
  `;
}

const Card = ({ item, kind, params }) => html`
  <a class="item" data-opens href=${link("content", { ...params, item: `${item.model_id}/${kind}/${idOf(item)}` })}>
    ${
      kind === "texts"
        ? html`<bdi class="words">${clipped(item.body, 400)}</bdi>`
        : item.media_type.startsWith("image/") && item.url
          ? html`
            <img
              class="picture"
              loading="lazy"
              src=${steady(item.content_id, item.url)}
              alt=${`Media ${item.content_id}`}
            />
          `
          : html`<span class="words">${item.media_type}</span>`
    }
    <span class="about">
      <span class="row spread"><strong>${item.category}</strong><${State} of="rights" is=${standing(item)} /></span>
      <span class="row spread">
        <span>${item.usage_count} of ${item.max_usage} uses</span>
        <span>quality ${item.quality_score}</span>
      </span>
      <meter min="0" max=${item.max_usage} value=${item.usage_count} aria-label="Uses of cap"></meter>
      <small>
        ${
          item.last_assigned_at
            ? html`
              ${item.successes + item.failures ? `${success(item)} success` : "no outcome yet"} ·${" "}
              <span class="whole">used <${Time} still at=${item.last_assigned_at} /></span>
            `
            : "never used"
        }
      </small>
    </span>
  </a>
`;

function Runway({ model }) {
  const live = useLive(
    `runway:${model}`,
    (signal) => get(`operator/models/${encodeURIComponent(model)}/availability`, {}, { signal }),
    60,
  );
  return html`
    <${Live} of=${live}>
      ${(found) => html`
        ${
          found.runs_dry
            ? html`
              <${Note} tone="warn">
                <${Icon} name="empty" />
                <p>
                  <strong>A pool runs dry on ${found.runs_dry.day}</strong>: ${found.runs_dry.kind} for${" "}
                  ${found.runs_dry.phase}, first missed by <${Account} id=${found.runs_dry.account_id} />.
                </p>
              <//>
            `
            : html`
              <${Note} tone="done">
                <${Icon} name="check" />
                <p>
                  <strong>
                    The pools carry all ${many(found.accounts_under_way, "account")} under way to the end.
                  </strong>
                </p>
              <//>
            `
        }
        <p class="soft">
          As of <${Time} at=${found.as_of} />: ${many(found.accounts_under_way, "account")} under way
          ${found.accounts_in_review ? `, ${count(found.accounts_in_review)} of them in review` : ""}
          ${found.accounts_paused ? `, ${count(found.accounts_paused)} paused` : ""}.
        </p>
        ${
          found.accounts_imported > 0 &&
          html`
            <${Note} tone=${found.if_all_start.runs_dry ? "warn" : "done"}>
              <${Icon} name=${found.if_all_start.runs_dry ? "empty" : "check"} />
              <p>
                <strong>If all ${many(found.if_all_start.accounts, "account")} start today</strong>, the${" "}
                ${count(found.accounts_imported)} imported ones included:${" "}
                ${
                  found.if_all_start.runs_dry
                    ? `a pool runs dry on ${found.if_all_start.runs_dry.day}, and ${many(found.if_all_start.accounts_unmet, "account")} will find nothing.`
                    : "the pools carry them."
                }
              </p>
            <//>
          `
        }
        ${
          found.first_wait &&
          html`
            <${Note}>
              <p>
                On ${found.first_wait.day} <${Account} id=${found.first_wait.account_id} /> has to wait for${" "}
                ${found.first_wait.kind} of ${found.first_wait.phase}, because all that is left was used lately.
              </p>
            <//>
          `
        }
        <${Scroll} label="Pools by category">
          <table>
            <thead>
              <tr>
                <th scope="col">Pool</th>
                <th scope="col" class="number">Items</th>
                <th scope="col" class="number">Eligible now</th>
                <th scope="col" class="number">Used up</th>
                <th scope="col" class="number">Disabled</th>
                <th scope="col" class="number">Uses left</th>
                <th scope="col" class="number">Uses needed</th>
                <th scope="col" class="number">If all start</th>
                <th scope="col">Carries</th>
              </tr>
            </thead>
            <tbody>
              ${found.categories.map(
                (one) => html`
                  <tr key=${one.kind + one.category}>
                    <th scope="row">${one.category} <small>${one.kind}</small></th>
                    <td class="number">${count(one.items)}</td>
                    <td class="number">${count(one.eligible)}</td>
                    <td class="number">${count(one.used_up)}</td>
                    <td class="number">${count(one.disabled)}</td>
                    <td class="number">${count(one.uses_left)}</td>
                    <td class="number">${count(one.uses_needed)}</td>
                    <td class="number">${count(one.uses_needed_if_all_start)}</td>
                    <td>
                      <span class="state tone-${one.unmet ? "warn" : "done"}">
                        <${Icon} name=${one.unmet ? "alert" : "check"} />
                        ${
                          one.unmet
                            ? `${count(one.unmet)} unmet`
                            : one.from_any
                              ? `${count(one.from_any)} from any`
                              : one.uses_needed
                                ? "enough"
                                : one.category === "any"
                                  ? "fallback"
                                  : "not needed"
                        }
                      </span>
                    </td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
        <//>
        ${
          !found.complete &&
          html`<p class="soft">The model is too large to be read whole: the counts are lower bounds.</p>`
        }
      `}
    <//>
  `;
}

// adding

const _word = (field) => field[0].toUpperCase() + field.slice(1);
const ItemFields = ({ given, put, model }) => html`
  <div class="filters">
    <${Field}
      label="Category"
      value=${given.category}
      onInput=${put("category")}
      options=${CATEGORIES.map((one) => [one, one])}
    />
    <${Field}
      label="Quality (0–100)"
      type="number"
      min="0"
      max="100"
      step="any"
      value=${given.quality}
      onInput=${put("quality")}
      required
    />
    <${Field} label="Cap (uses)" type="number" min="1" max="9999" value=${given.cap} onInput=${put("cap")} required />
    <${Field}
      label="Theme"
      value=${given.theme ?? ""}
      onInput=${put("theme")}
      options=${[["", "none"], ...(model?.themes ?? []).map((one) => [one, one])]}
    />
  </div>
  <div class="filters">
    <${Field} label="Tags, separated by spaces" value=${given.tags ?? ""} onInput=${put("tags")} />
    <${Field}
      label="Licensed by"
      value=${given.licensed ?? ""}
      onInput=${put("licensed")}
      most=${200}
      required=${Boolean(given.until)}
    />
    <${Field}
      label=${`Licensed until (end of the day, ${model?.time_zone ?? "UTC"})`}
      type="date"
      value=${given.until ?? ""}
      onInput=${put("until")}
    />
  </div>
`;
const START = { category: "post", quality: "70", cap: "3" };
const bodyOf = (given) => ({
  category: given.category,
  quality_score: Number(given.quality),
  max_usage: Number(given.cap),
  theme: given.theme || null,
  tags: (given.tags ?? "").split(/\s+/).filter(Boolean),
  ...(given.licensed?.trim()
    ? { licence: { licensed_by: given.licensed.trim(), valid_until: given.until || null } }
    : {}),
});

const AddText = ({ model, onClose, onDone }) => html`
  <${Ask}
    title="Add a text"
    label="Add"
    values=${{ ...START, category: "bio" }}
    onClose=${onClose}
    ready=${(given) => given.body?.trim()}
    act=${async (given) => {
      const made = await post(`operator/models/${model.model_id}/texts`, { ...bodyOf(given), body: given.body.trim() });
      toast(made.warnings[0] ?? "The text is in the pool.", made.warnings.length ? "warn" : "done");
      onDone();
    }}
    fields=${(given, put) =>
      html`
        <${Field}
          label="Text"
          type="textarea"
          value=${given.body ?? ""}
          onInput=${put("body")}
          most=${2200}
          required
          autofocus
          hint=${`${many(points((given.body ?? "").trim()), "character")} (Unicode code points); a bio takes 150, a highlight 100`}
        />
        <${ItemFields} given=${given} put=${put} model=${model} />
      `}
  />
`;

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
async function sizeOf(file) {
  if (!file.type.startsWith("image/")) return {};
  try {
    const image = await createImageBitmap(file);
    return { width: image.width, height: image.height };
  } catch {
    return {};
  }
}

function Upload({ model, onClose, onDone }) {
  const [files, take] = useState([]);
  const [given, set] = useState(START);
  const [busy, work] = useState(false);
  const put = (name) => (event) => set({ ...given, [name]: event.target.value });
  const tell = (place, change) =>
    take((before) => before.map((one, at) => (at === place ? { ...one, ...change } : one)));
  const act = async (event) => {
    event.preventDefault();
    work(true);
    for (const [place, { file, state }] of files.entries()) {
      if (state === "done") continue;
      tell(place, { state: "reading", part: 0, problem: null });
      try {
        const sha256 = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
        const form = await post(`operator/models/${model.model_id}/content/uploads`, {
          filename: [...file.name].slice(-200).join(""),
          media_type: file.type,
          bytes: file.size,
          sha256,
        });
        await send(form, file, (part) => tell(place, { state: "sending", part }));
        tell(place, { state: "checking", part: 1 });
        const made = await post(`operator/models/${model.model_id}/content`, {
          ...bodyOf(given),
          media_key: form.media_key,
          media_type: file.type,
          sha256,
          bytes: file.size,
          ...(await sizeOf(file)),
        });
        tell(place, { state: "done", id: made.content_id, warning: made.warnings[0] });
      } catch (problem) {
        if (!problem.title) console.error(problem);
        tell(place, { state: "failed", problem });
      }
    }
    work(false);
    onDone();
  };
  const left = files.filter((one) => one.state !== "done").length;
  return html`
    <${Dialog} title="Upload media" onClose=${busy ? null : onClose}>
      <form onSubmit=${act}>
        <h2>Upload media for ${model.name}</h2>
        <label class="field">
          Files (JPEG, PNG, WebP)
          <input
            type="file"
            multiple
            accept="image/jpeg,image/png,image/webp"
            disabled=${busy}
            onChange=${(event) => take([...event.target.files].map((file) => ({ file, state: "waiting", part: 0 })))}
          />
        </label>
        <${ItemFields} given=${given} put=${put} model=${model} />
        <ul class="stack tight" role="status">
          ${files.map(
            (one) => html`
              <li class="stack tight">
                <span class="row spread">
                  <bdi class="grow clip">${one.file.name}</bdi>
                  <small>
                    ${bytes(one.file.size)} ·${" "}
                    ${
                      one.state === "done"
                        ? html`in the pool as <code>${one.id}</code>${one.warning ? `. ${one.warning}` : ""}`
                        : one.state
                    }
                  </small>
                </span>
                ${
                  !["waiting", "failed"].includes(one.state) &&
                  html`<progress max="1" value=${one.part} aria-label=${`Progress of ${one.file.name}`}></progress>`
                }
                ${one.problem && html`<${Trouble} problem=${one.problem} />`}
              </li>
            `,
          )}
        </ul>
        <footer>
          <button type="button" disabled=${busy} onClick=${onClose}>
            ${files.length && !left ? "Close" : "Cancel"}
          </button>
          <button class="main" disabled=${busy || !left}>
            ${busy ? "Uploading …" : `Upload ${many(left, "file")}`}
          </button>
        </footer>
      </form>
    <//>
  `;
}

// one item

export function ItemDrawer({ item }) {
  const [model, kind, id] = item.split("/");
  const path = `operator/models/${encodeURIComponent(model)}/${kind === "texts" ? "texts" : "content"}/${encodeURIComponent(id ?? "")}`;
  const live = useLive(
    `one:${item}`,
    (signal) => get(path, kind === "content" ? { with_url: true } : {}, { signal }),
    15,
  );
  const history = useLive(
    `history:${item}`,
    (signal) =>
      get("operator/assignments", { [kind === "texts" ? "text_id" : "content_id"]: id, limit: 50 }, { signal }),
    15,
  );
  const themes = useLive(
    `model:${model}`,
    (signal) => get(`operator/models/${encodeURIComponent(model)}`, {}, { signal }),
    0,
  );
  const [asks, ask] = useState(null);
  const [touched, touch] = useState(null);
  const change = async (body, version) => {
    const answer = await patch(path, body, version).catch((problem) => {
      if (problem.status === 412) live.reload();
      throw problem;
    });
    if (answer.users) touch(answer);
    toast("The item is changed.");
    live.reload();
    history.reload();
  };
  return html`
    <${Drawer}
      title=${id}
      label=${`Item ${id}`}
      names=${["item"]}
      aside=${
        live.data &&
        html`
          <span class="row">
            <${State} of="rights" is=${standing(live.data)} />
            <small>${live.data.category} · ${model}</small>
          </span>
        `
      }
    >
      <${Live} of=${live}>
        ${(found) => html`
          ${
            touched &&
            html`
              <${Note} tone="warn">
                <p>
                  <strong>
                    ${
                      touched.users.length
                        ? `It touches ${many(touched.users.length, "account")}${touched.all_users ? "" : " and more"}`
                        : "It touches nobody"
                    }.
                  </strong>
                  ${" "}
                  ${touched.users.map(
                    (user) => html`<span><${Account} id=${user.account_id} /> (${user.phase}, ${user.hold}) </span>`,
                  )}
                </p>
              <//>
            `
          }
          <section class="card stack">
            ${
              found.body !== undefined
                ? html`<bdi class="prose">${found.body}</bdi>`
                : found.media_type.startsWith("image/")
                  ? html`<img src=${steady(found.content_id, found.url)} alt=${`Media ${id}`} />`
                  : html`<a href=${found.url} target="_blank" rel="noreferrer">Open the file</a>`
            }
          </section>
          <div class="row" role="group" aria-label="Moves">
            ${
              found.status === "pending" &&
              html`
                <button type="button" class="main" onClick=${() => ask(["Approve", { status: "approved" }])}>
                  <${Icon} name="check" />Approve …
                </button>
                <button type="button" onClick=${() => ask(["Reject", { status: "rejected" }])}>
                  <${Icon} name="cross" />Reject …
                </button>
              `
            }
            <button type="button" onClick=${() => ask("edit")}>Change …</button>
            ${
              ["approved", "expired", "pending"].includes(found.status) &&
              html`
                <button
                  type="button"
                  onClick=${() => ask([found.enabled ? "Disable" : "Enable", { enabled: !found.enabled }])}
                >
                  ${found.enabled ? "Disable" : "Enable"} …
                </button>
              `
            }
            ${
              ["approved", "expired"].includes(found.status) &&
              html`
                <button type="button" class="danger" onClick=${() => ask(["Withdraw", { status: "withdrawn" }])}>
                  <${Icon} name="stop" />Withdraw …
                </button>
              `
            }
          </div>
          <section class="card">
            <dl class="facts">
              <dt>Uses</dt>
              <dd>${found.usage_count} of ${found.max_usage}</dd>
              <dt>Success</dt>
              <dd>
                ${
                  found.successes + found.failures
                    ? `${success(found)} (${found.successes} done, ${found.failures} failed)`
                    : "no outcome yet"
                }
              </dd>
              <dt>Quality</dt>
              <dd>${found.quality_score}</dd>
              <dt>Theme, tags</dt>
              <dd>${found.theme ?? "no theme"}${found.tags.length ? ` · ${found.tags.join(", ")}` : ""}</dd>
              <dt>Licence</dt>
              <dd>
                ${
                  found.licence
                    ? html`
                      <bdi>${found.licence.licensed_by}</bdi>
                      ${
                        found.licence.valid_until &&
                        html`
                          , ${found.status === "expired" ? "ended" : "ends"}${" "}
                          <${Time} at=${found.licence.valid_until} />
                          ${
                            themes.data &&
                            html`
                              ${" "}
                              <small>
                                (${dayIn(found.licence.valid_until, themes.data.time_zone)}, ${themes.data.time_zone})
                              </small>
                            `
                          }
                        `
                      }
                    `
                    : "none recorded"
                }
              </dd>
              <dt>Made</dt>
              <dd>
                <${Time} at=${found.created_at} /> by <bdi>${found.created_by}</bdi>
                ${found.approved_by && html`, approved by <bdi>${found.approved_by}</bdi>`}
              </dd>
              ${
                found.sha256 &&
                html`
                  <dt>File</dt>
                  <dd>
                    ${found.media_type}, ${bytes(found.bytes)}
                    ${found.width ? `, ${found.width} × ${found.height}` : ""}
                  </dd>
                `
              }
            </dl>
          </section>
          <section class="card">
            <header><h3>Given to</h3></header>
            <${Live} of=${history}>
              ${(page) =>
                page.items.length === 0
                  ? html`<${Empty} kind="nothing" title="It was given to nobody yet" />`
                  : html`
                    <ul class="stack tight">
                      ${page.items.map(
                        (one) =>
                          html`
                            <li key=${one.assignment_id} class="row spread">
                              <span><${Account} id=${one.account_id} /> · ${one.phase}</span>
                              <small>
                                ${(one.outcome ?? "open").replaceAll("_", " ")} · <${Time} at=${one.assigned_at} />
                              </small>
                            </li>
                          `,
                      )}
                    </ul>
                  `}
            <//>
          </section>
          <details class="card">
            <summary>JSON</summary>
            <pre>${JSON.stringify({ ...found, url: undefined }, null, 2)}</pre>
          </details>
          ${
            asks === "edit" &&
            themes.data &&
            html`<${Edit} item=${found} model=${themes.data} act=${change} onClose=${() => ask(null)} />`
          }
          ${
            Array.isArray(asks) &&
            html`
              <${Ask}
                stood=${found}
                title=${`${asks[0]} ${id}`}
                label=${asks[0]}
                danger=${["Withdraw", "Reject"].includes(asks[0])}
                lead=${
                  asks[0] === "Withdraw"
                    ? "It leaves selection at once, and every phase that has not been given it yet; whoever works with it is told."
                    : null
                }
                onClose=${() => ask(null)}
                ready=${hasReason}
                act=${(given, version) => change({ ...asks[1], reason: given.reason }, version)}
                fields=${(given, put) => html`<${Reason} given=${given} put=${put} />`}
              />
            `
          }
        `}
      <//>
    <//>
  `;
}

const CHANGES = {
  category: (given) => given.category,
  body: (given) => given.body?.trim(),
  quality_score: (given) => Number(given.quality),
  max_usage: (given) => Number(given.cap),
  tags: (given) => given.tags.split(/\s+/).filter(Boolean),
  theme: (given) => given.theme || null,
  licence: (given, stood) =>
    given.licensed.trim()
      ? {
          licensed_by: given.licensed.trim(),
          valid_until: given.until === given.stoodUntil ? (stood.licence?.valid_until ?? null) : given.until || null,
        }
      : null,
};
/** What is given otherwise than it stood when the dialog was opened: all else is left as others may have changed it meanwhile. */
const changed = (stood, given) =>
  Object.fromEntries(
    Object.entries(CHANGES)
      .map(([name, read]) => [name, read(given, stood)])
      .filter(([name, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(stood[name])),
  );

function Edit({ item, model, act, onClose }) {
  const [stood] = useState(item);
  const until = stood.licence?.valid_until ? dayIn(stood.licence.valid_until, model.time_zone) : "";
  const words = stood.body !== undefined && stood.last_assigned_at === null; // until it was first assigned
  const values = {
    category: stood.category,
    quality: String(stood.quality_score),
    cap: String(stood.max_usage),
    tags: stood.tags.join(" "),
    theme: stood.theme ?? "",
    licensed: stood.licence?.licensed_by ?? "",
    until,
    stoodUntil: until,
    ...(words ? { body: stood.body } : {}),
  };
  return html`
    <${Ask}
      stood=${stood}
      title=${`Change ${idOf(stood)}`}
      label="Save"
      onClose=${onClose}
      values=${values}
      ready=${(given) => Object.keys(changed(stood, given)).length > 0}
      act=${(given, version) =>
        act({ ...changed(stood, given), ...(given.reason?.trim() ? { reason: given.reason.trim() } : {}) }, version)}
      fields=${(given, put) => html`
        ${
          words &&
          html`
            <${Field}
              label="Text"
              type="textarea"
              value=${given.body}
              onInput=${put("body")}
              most=${2200}
              required
              hint=${`${many(points(given.body.trim()), "character")} (Unicode code points); nobody was given it yet`}
            />
          `
        }
        <div class="filters">
          <${Field}
            label="Category"
            value=${given.category}
            onInput=${put("category")}
            options=${CATEGORIES.map((one) => [one, one])}
          />
          <${Field}
            label="Quality (0–100)"
            type="number"
            min="0"
            max="100"
            step="any"
            value=${given.quality}
            onInput=${put("quality")}
            required
          />
          <${Field} label="Cap (uses)" type="number" min="1" value=${given.cap} onInput=${put("cap")} required />
          <${Field}
            label="Theme"
            value=${given.theme}
            onInput=${put("theme")}
            options=${[["", "none"], ...model.themes.map((one) => [one, one])]}
          />
        </div>
        <div class="filters">
          <${Field}
            label="Licensed by"
            value=${given.licensed}
            onInput=${put("licensed")}
            most=${200}
            required=${Boolean(given.until)}
          />
          <${Field}
            label=${`Licensed until (end of the day, ${model.time_zone})`}
            type="date"
            value=${given.until}
            onInput=${put("until")}
          />
        </div>
        <${Field} label="Tags, separated by spaces" value=${given.tags} onInput=${put("tags")} />
        <${Field} label="Reason" value=${given.reason ?? ""} onInput=${put("reason")} most=${2000} />
      `}
    />
  `;
}
