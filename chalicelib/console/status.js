// Status: what runs, when the timers last did, whose time it is; and the master switch.

import { find, get, patch, post } from "./api.js";
import { clock, forgetOverview, now, overview as overviewOf, useLive, useTick } from "./live.js";
import { html, useState } from "./preact.js";
import { Ask, Empty, Field, hasReason, Icon, Live, Reason, Scroll, State, Time, toast } from "./ui.js";
import { absolute, count, span } from "./words.js";

const EXPECTED = {
  open_due_phases: ["Open due phases", 60],
  close_lost_sessions: ["Close lost sessions", 60],
  watch_pools: ["Watch pools", 3600],
};

/** What a run counted, in words: `lost 2`, `review oldest 2 d 16 h`. */
function did([name, number]) {
  const words = name.replace(/_seconds$/, "").replaceAll("_", " ");
  return `${words} ${name.endsWith("_seconds") && number ? span(number * 1000) : count(number)}`;
}

function ServiceClock() {
  useTick(1);
  const { told, measured, speed } = clock();
  if (!told) return "reading …";
  return html`
    <span class="mono">${absolute(new Date(now()).toISOString(), "utc")}</span>,${" "}
    ${
      !measured
        ? "measuring how fast it runs …"
        : speed === 1
          ? "real time"
          : `a sandbox's: about × ${count(Number(speed.toPrecision(2)))}`
    }
  `;
}

export function Status() {
  const service = useLive("service", (signal) => get("operator/service", {}, { signal }), 60);
  const overview = useLive("status", overviewOf, 10);
  const models = useLive("models", (signal) => find("operator/models", {}, 100, { signal }), 30);
  const [asks, ask] = useState(null);
  const paused = overview.data?.pipeline_paused;
  return html`
    <div class="head"><h1>Status</h1></div>
    <div class="columns">
      <section class="card" aria-labelledby="switch">
        <header>
          <h2 id="switch">Master switch</h2>
          ${
            overview.data &&
            html`
              <span class="state tone-${paused ? "warn" : "done"}">
                <${Icon} name=${paused ? "pause" : "play"} />
                ${paused ? "paused" : "running"}
              </span>
            `
          }
        </header>
        <${Live} of=${overview}>
          ${(found) => html`
            <div class="stack">
              ${
                paused
                  ? html`
                    <p>No work is handed out. Reason: <bdi class="prose">${found.reason}</bdi></p>
                    <button type="button" class="main" onClick=${() => ask("resume")}>Resume all …</button>
                  `
                  : html`
                    <p>
                      Work is handed out as it falls due. A pause loses nothing: what is under way may be finished and
                      reported.
                    </p>
                    <button type="button" class="danger" onClick=${() => ask("pause")}>
                      <${Icon} name="pause" />Pause all …
                    </button>
                  `
              }
            </div>
          `}
        <//>
      </section>
      <section class="card" aria-labelledby="runs">
        <header><h2 id="runs">What runs</h2></header>
        <${Live} of=${service}>
          ${(found) => html`
            <dl class="facts">
              <dt>Release</dt>
              <dd>${found.release}</dd>
              <dt>Store</dt>
              <dd><code>${found.store.endpoint}</code>, tables <code>${found.store.table_prefix}*</code></dd>
              <dt>Media</dt>
              <dd><code>${found.store.media_bucket}</code></dd>
              <dt>Clock</dt>
              <dd><${ServiceClock} /></dd>
              <dt>Lease</dt>
              <dd>${span(found.lease_seconds * 1000)}, heartbeat every ${span(found.heartbeat_seconds * 1000)}</dd>
              <dt>Session</dt>
              <dd>lost after ${span(found.session_seconds * 1000)} of silence</dd>
            </dl>
          `}
        <//>
      </section>
    </div>
    <section class="stack" aria-labelledby="timers">
      <h2 id="timers">Timers</h2>
      <${Live} of=${overview}>
        ${(found) => html`
          <${Scroll} label="Timers">
            <table>
              <thead>
                <tr>
                  <th scope="col">Timer</th>
                  <th scope="col">State</th>
                  <th scope="col">Last recorded run</th>
                  <th scope="col">What it did</th>
                </tr>
              </thead>
              <tbody>
                ${Object.entries(EXPECTED).map(([name, [word, every]]) => {
                  const timer = found.timers.find((one) => one.name === name);
                  const silent =
                    timer &&
                    clock().measured &&
                    now() - Date.parse(timer.ran_at) >
                      timer.silent_after_seconds * 1000 * Math.max(1, clock().speed / 60); // until it is known how fast time runs, nobody is late
                  return html`
                    <tr key=${name}>
                      <th scope="row">${word}<br /><small>every ${span(every * 1000)}</small></th>
                      <td>
                        <span class="state tone-${!timer ? "wait" : silent ? "warn" : "done"}">
                          <${Icon} name=${!timer ? "clock" : silent ? "alert" : "check"} />
                          ${!timer ? "not run yet" : silent ? "silent" : "on time"}
                        </span>
                      </td>
                      <td><${Time} at=${timer?.ran_at} /></td>
                      <td class="soft">
                        ${
                          timer?.did && Object.keys(timer.did).length
                            ? Object.entries(timer.did).map(did).join(", ")
                            : timer
                              ? "nothing was due"
                              : "–"
                        }
                      </td>
                    </tr>
                  `;
                })}
              </tbody>
            </table>
          <//>
        `}
      <//>
    </section>
    <section class="stack" aria-labelledby="models">
      <h2 id="models">Models</h2>
      <${Live} of=${models}>
        ${(found) =>
          found.items.length === 0
            ? html`<${Empty} kind="nothing" title="There is no model yet" />`
            : html`
              <${Scroll} label="Models">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Model</th>
                      <th scope="col">State</th>
                      <th scope="col">Themes</th>
                      <th scope="col">Days end in</th>
                      <th scope="col">Act</th>
                    </tr>
                  </thead>
                  <tbody>
                    ${found.items.map(
                      (model) => html`
                        <tr key=${model.model_id} data-row>
                          <th scope="row"><bdi>${model.name}</bdi><br /><small>${model.model_id}</small></th>
                          <td><${State} of="account" is=${model.paused ? "paused" : "active"} /></td>
                          <td class="soft">${model.themes.join(", ") || "–"}</td>
                          <td class="soft">${model.time_zone}</td>
                          <td>
                            <button type="button" class="tiny" onClick=${() => ask(model)}>
                              ${model.paused ? "Resume" : "Pause"} …<span class="unseen"> ${model.model_id}</span>
                            </button>
                          </td>
                        </tr>
                      `,
                    )}
                  </tbody>
                </table>
              <//>
            `}
      <//>
    </section>
    ${
      typeof asks === "string" &&
      html`
        <${Ask}
          title=${asks === "pause" ? "Pause the whole pipeline" : "Resume the whole pipeline"}
          label=${asks === "pause" ? "Pause all" : "Resume all"}
          danger=${asks === "pause"}
          lead=${
            asks === "pause"
              ? "Nobody is given work until it is resumed."
              : "Work is handed out again: what fell due first goes first."
          }
          ready=${(given) => hasReason(given) && given.typed === `${asks} all`}
          onClose=${() => ask(null)}
          act=${async (given) => {
            await post(`operator/pipeline/${asks}`, { reason: given.reason });
            toast(
              asks === "pause" ? "The pipeline is paused." : "The pipeline runs again.",
              asks === "pause" ? "warn" : "done",
            );
            forgetOverview();
            overview.reload();
          }}
          fields=${(given, put) =>
            html`
              <${Reason} given=${given} put=${put} />
              <${Field}
                label=${`Type “${asks} all” to confirm`}
                value=${given.typed ?? ""}
                onInput=${put("typed")}
                autocomplete="off"
              />
            `}
        />
      `
    }
    ${
      asks?.model_id &&
      html`
        <${Ask}
          stood=${asks}
          title=${`${asks.paused ? "Resume" : "Pause"} ${asks.model_id}`}
          label=${asks.paused ? "Resume" : "Pause"}
          lead=${
            asks.paused
              ? "Work on its accounts is handed out again."
              : "Work on its accounts is handed out no more; what is under way may be finished."
          }
          onClose=${() => ask(null)}
          ready=${hasReason}
          act=${async (given, version) => {
            await patch(`operator/models/${asks.model_id}`, { paused: !asks.paused, reason: given.reason }, version);
            toast(`${asks.model_id} is ${asks.paused ? "resumed" : "paused"}.`);
            models.reload();
          }}
          fields=${(given, put) => html`<${Reason} given=${given} put=${put} />`}
        />
      `
    }
  `;
}
