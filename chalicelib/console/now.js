// Now: how it stands, as tiles that lead to what they count.

import { get } from "./api.js";
import { Events } from "./audit.js";
import { link, overview as overviewOf, useLive } from "./live.js";
import { html } from "./preact.js";
import { Empty, Icon, Live, Time } from "./ui.js";
import { count, many } from "./words.js";

const Tile = ({ href, icon, word, number, tone, least, children }) =>
  html`
    <a class="tile tone-${tone}" href=${href}>
      <span><${Icon} name=${icon} />${word}</span>
      <b>${number === null ? "–" : `${least ? "≥ " : ""}${count(number)}`}</b>
      <small>${children}</small>
    </a>
  `;

export function Now() {
  const overview = useLive("overview", overviewOf, 5);
  const done = useLive("throughput", (signal) => get("operator/pipeline/throughput", {}, { signal }), 30);
  const events = useLive("events", latest, 5);
  return html`
    <div class="head"><h1>Now</h1></div>
    <${Live} of=${overview}>${(found) => html`<${Tiles} found=${found} />`}<//>
    <div class="columns">
      <section class="card" aria-labelledby="throughput">
        <header><h2 id="throughput">Throughput of 24 hours</h2></header>
        <${Live} of=${done}>${(found) => html`<${Chart} hours=${found.hours} />`}<//>
      </section>
      <section class="card" aria-labelledby="events">
        <header><h2 id="events">Last events</h2><a href=${link("audit")}>Audit</a></header>
        <${Live} of=${events}>
          ${(found) =>
            found.length
              ? html`<${Events} events=${found} />`
              : html`<${Empty} kind="nothing" title="Nothing has happened yet" />`}
        <//>
      </section>
    </div>
  `;
}

/** The last events of today, and of yesterday while today is young. */
async function latest(signal) {
  const today = await get("operator/audit", { limit: 12 }, { signal });
  if (today.items.length >= 12) return today.items;
  const { now } = await get("health", {}, { signal });
  const day = new Date(Date.parse(now) - 86_400_000).toISOString().slice(0, 10);
  const before = await get("operator/audit", { day, limit: 12 - today.items.length }, { signal });
  return [...today.items, ...before.items];
}

const Tiles = ({ found }) => html`
  <div class="tiles">
    <${Tile}
      href=${link("pipeline", { state: "warming_up" })}
      icon="play"
      tone="work"
      word="Under way"
      number=${found.states.warming_up}
    >
      ${many(found.queues.working, "account")} at work now
      ${found.longest_at_work && html`, the longest since <${Time} still at=${found.longest_at_work.since} />`}
    <//>
    <${Tile}
      href=${link("pipeline", { queue: "due" })}
      icon="ring"
      tone="ready"
      word="Due now"
      least=${found.partly}
      number=${found.queues.due}
    >
      ${found.oldest_waiting ? html`oldest <${Time} still at=${found.oldest_waiting} />` : "nothing waits"}
    <//>
    <${Tile}
      href=${link("pipeline", { queue: "waiting" })}
      icon="clock"
      tone="wait"
      word="Waiting"
      least=${found.partly}
      number=${found.queues.waiting}
    >
      for an interval or a retry
    <//>
    <${Tile}
      href=${link("review")}
      icon="alert"
      tone=${found.review.requires_review ? "bad" : "done"}
      word="In review"
      number=${found.review.requires_review}
    >
      ${
        found.review.failed
          ? `${count(found.review.failed)} failed, to be tried again`
          : "nothing waits to be tried again"
      }
    <//>
    <${Tile}
      href=${link("pipeline", { queue: "starved" })}
      icon="empty"
      tone=${found.queues.starved ? "warn" : "done"}
      word="No content"
      least=${found.partly}
      number=${found.queues.starved}
    >
      blocked by an empty pool
    <//>
    <${Tile}
      href=${link("bots", { status: found.lost_sessions ? "lost" : "live" })}
      icon="bot"
      tone=${found.lost_sessions ? "bad" : "done"}
      word="Bots lost"
      number=${found.lost_sessions}
    >
      in 24 h · ${many(found.live_sessions, "live session")}
    <//>
    <${Tile}
      href=${link("content", { view: "runway", model: found.dry_models[0] })}
      icon="picture"
      tone=${found.pools_watched_at === null ? "wait" : found.pools_dry_within_7_days ? "warn" : "done"}
      word="Pools dry"
      number=${found.pools_dry_within_7_days}
    >
      ${
        found.pools_watched_at === null
          ? "not looked at yet"
          : html`
            ${
              found.dry_models.length
                ? html`
                  within 7 days: <bdi>${found.dry_models.slice(0, 3).join(", ")}</bdi>
                  ${found.dry_models.length > 3 ? " …" : ""},${" "}
                `
                : "within 7 days, "
            }of ${many(found.models_watched, "model")}
            ${found.models_incomplete ? ` (${count(found.models_incomplete)} in part)` : ""}, as of${" "}
            <${Time} still at=${found.pools_watched_at} />
          `
      }
    <//>
    <${Tile}
      href=${link("pipeline", { state: "active" })}
      icon="check"
      tone="done"
      word="Active"
      number=${found.states.active}
    >
      warm-up completed
    <//>
  </div>
  ${
    Date.parse(found.now) - Date.parse(found.counted_at) > 1000 &&
    html`
      <p class="soft">
        Counted <${Time} at=${found.counted_at} /> by a timer: there are too many accounts to count at each look.
      </p>
    `
  }
  ${
    found.partly &&
    html`
      <p class="soft">Not all accounts could be counted in the time of one request: the counts are lower bounds.</p>
    `
  }
`;

function Chart({ hours }) {
  const most = Math.max(4, ...hours.map((hour) => hour.completed + hour.failed));
  const total = hours.reduce((sum, hour) => sum + hour.completed, 0),
    failed = hours.reduce((sum, hour) => sum + hour.failed, 0);
  const scale = 96 / most;
  return html`
    <figure class="stack tight">
      <figcaption class="row spread">
        <strong>${many(total, "phase")} completed, ${count(failed)} failed</strong>
        <span class="legend">
          <span class="tone-done"><i></i>completed</span>
          <span class="tone-bad"><i></i>failed</span>
        </span>
      </figcaption>
      <svg
        class="chart"
        viewBox="0 0 480 100"
        preserveAspectRatio="none"
        role="img"
        aria-label=${`In each of 24 hours, oldest first, completed: ${hours.map((hour) => hour.completed).join(", ")}; failed: ${hours.map((hour) => hour.failed).join(", ")}`}
      >
        <line class="axis" x1="0" x2="480" y1="99.500" y2="99.500" />
        ${hours.map(
          (hour, place) => html`
            <g key=${hour.at}>
              <rect
                class="completed"
                x=${place * 20 + 2}
                width="16"
                y=${99 - hour.completed * scale}
                height=${hour.completed * scale}
              />
              <rect
                class="failed"
                x=${place * 20 + 2}
                width="16"
                y=${99 - (hour.completed + hour.failed) * scale}
                height=${hour.failed * scale}
              />
            </g>
          `,
        )}
      </svg>
      <div class="row spread">
        <small>24 hours ago</small>
        <small>
          most in an hour:${" "}
          ${count(most === 4 ? Math.max(...hours.map((hour) => hour.completed + hour.failed)) : most)}
        </small>
        <small>now</small>
      </div>
    </figure>
  `;
}
