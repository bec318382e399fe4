// @ts-check
// Now: the state of the pipeline, as tiles that lead to what they count.
import { get } from "./api.js";
import { Events } from "./audit.js";
import { link, overview as overviewOf, useLive } from "./live.js";
import { html } from "./preact.js";
import { Empty, Icon, shown, Time } from "./ui.js";
import { count, many } from "./words.js";

/** @typedef {Schemas["Overview"]} Overview */

export function Now() {
  const overview = useLive("overview", overviewOf, 5);
  const done = useLive("throughput", (signal) => get("operator/pipeline/throughput", {}, { signal }), 30);
  const events = useLive("events", latest, 5);
  return html`
    <div class="head"><h1>Now</h1></div>
    ${shown(overview, (found) => html`<${Tiles} found=${found} />`)}
    <div class="columns">
      <section class="card" aria-labelledby="throughput">
        <header><h2 id="throughput">Throughput in 24 hours</h2></header>
        ${shown(
          done,
          (found) => html`
            <${Chart} hours=${found.hours} />
            ${found.counted_at && html`<p class="quiet">Counted up to <${Time} at=${found.counted_at} />.</p>`}
          `,
        )}
      </section>
      <section class="card" aria-labelledby="events">
        <header><h2 id="events">Latest events</h2><a href=${link("audit")}>Audit</a></header>
        ${shown(events, (found) =>
          found.length
            ? html`<${Events} events=${found} />`
            : html`<${Empty} kind="nothing" title="Nothing has happened yet" />`,
        )}
      </section>
    </div>
  `;
}

/**
 * The latest events of today, and of yesterday while today has few.
 * @param {AbortSignal} signal
 */
async function latest(signal) {
  const today = await get("operator/audit", { limit: 12 }, { signal });
  if (today.items.length >= 12) return today.items;
  const { now } = await get("health", {}, { signal });
  const day = new Date(Date.parse(now) - 86_400_000).toISOString().slice(0, 10);
  const before = await get("operator/audit", { day, limit: 12 - today.items.length }, { signal });
  return [...today.items, ...before.items];
}

/**
 * @param {{
 *   href: string, icon: string, word: string, number: number | null, tone: string, least?: boolean, children: View,
 * }} props
 */
const Tile = ({ href, icon, word, number, tone, least, children }) => html`
  <a class="tile tone-${tone}" href=${href}>
    <span><${Icon} name=${icon} />${word}</span>
    <b>${number === null ? "–" : `${least ? "≥ " : ""}${count(number)}`}</b>
    <small>${children}</small>
  </a>
`;

/** @param {{ found: Overview }} props */
const Tiles = ({ found }) => html`
  <div class="tiles">
    <${UnderWay} found=${found} />
    <${Tile}
      href=${link("pipeline", { queue: "due" })}
      icon="ring"
      tone="ready"
      word="Due now"
      least=${found.has_more}
      number=${found.queues.due}
    >
      ${found.oldest_waiting ? html`oldest <${Time} still at=${found.oldest_waiting} />` : "nothing waits"}
    <//>
    <${Tile}
      href=${link("pipeline", { queue: "waiting" })}
      icon="clock"
      tone="wait"
      word="Waiting"
      least=${found.has_more}
      number=${found.queues.waiting}
    >
      for an interval or a retry
    <//>
    <${InReview} review=${found.review} />
    <${Tile}
      href=${link("pipeline", { queue: "content_unavailable" })}
      icon="empty"
      tone=${found.queues.content_unavailable ? "warn" : "done"}
      word="No content"
      least=${found.has_more}
      number=${found.queues.content_unavailable}
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
    <${PoolsDry} found=${found} />
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
        Counted <${Time} at=${found.counted_at} /> by a timer: there are too many accounts to count on every refresh.
      </p>
    `
  }
  ${
    found.has_more &&
    html`
      <p class="soft">Not all accounts could be counted within one request: the counts are lower bounds.</p>
    `
  }
`;

/** @param {{ found: Overview }} props */
const UnderWay = ({ found }) => html`
  <${Tile}
    href=${link("pipeline", { state: "warming_up" })}
    icon="play"
    tone="work"
    word="Under way"
    number=${found.states.warming_up}
  >
    ${many(found.queues.working, "account")} in progress now
    ${found.longest_at_work && html`, the longest since <${Time} still at=${found.longest_at_work.since} />`}
  <//>
`;

/** @param {{ review: Schemas["ReviewCounts"] }} props */
const InReview = ({ review }) => html`
  <${Tile}
    href=${link("review")}
    icon="alert"
    tone=${review.requires_review ? "bad" : "done"}
    word="In review"
    number=${review.requires_review}
  >
    ${review.failed ? `${many(review.failed, "retry")} scheduled` : "no retries scheduled"}
  <//>
`;

/** @param {{ found: Overview }} props */
function PoolsDry({ found }) {
  const { dry_models: dry, pools_watched_at: at } = found;
  const number = found.pools_dry_within_7_days;
  const names = html`<bdi>${dry.slice(0, 3).join(", ")}</bdi>${dry.length > 3 ? " …" : ""}`;
  return html`
    <${Tile}
      href=${link("content", { view: "runway", model: dry[0] })}
      icon="picture"
      tone=${at === null ? "wait" : number ? "warn" : "done"}
      word="Pools dry"
      number=${number}
    >
      ${
        at === null
          ? "not checked yet"
          : html`
            ${dry.length ? html`within 7 days: ${names}, ` : "within 7 days, "}of ${many(found.models_watched, "model")}
            ${found.models_incomplete ? ` (${count(found.models_incomplete)} in part)` : ""}, as of${" "}
            <${Time} still at=${at} />
          `
      }
    <//>
  `;
}

/** @param {{ hours: Schemas["Hour"][] }} props */
function Chart({ hours }) {
  const completed = hours.map((hour) => hour.completed);
  const failed = hours.map((hour) => hour.failed);
  const highest = Math.max(...hours.map((hour) => hour.completed + hour.failed));
  const scale = 96 / Math.max(4, highest);
  const words = `completed: ${completed.join(", ")}; failed: ${failed.join(", ")}`;
  return html`
    <figure class="stack tight">
      <figcaption class="row spread">
        <strong>${many(sum(completed), "phase")} completed, ${count(sum(failed))} failed</strong>
        <span class="legend">
          <span class="tone-done"><i></i>completed</span><span class="tone-bad"><i></i>failed</span>
        </span>
      </figcaption>
      <svg
        class="chart"
        viewBox="0 0 480 100"
        preserveAspectRatio="none"
        role="img"
        aria-label=${`In each of 24 hours, oldest first, ${words}`}
      >
        <line class="axis" x1="0" x2="480" y1="99.500" y2="99.500" />
        ${hours.map((hour, place) => html`<${Bar} key=${hour.at} hour=${hour} x=${place * 20 + 2} scale=${scale} />`)}
      </svg>
      <div class="row spread">
        <small>24 hours ago</small><small>highest hour: ${count(highest)}</small><small>now</small>
      </div>
    </figure>
  `;
}

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

/** @param {{ hour: Schemas["Hour"], x: number, scale: number }} props */
function Bar({ hour, x, scale }) {
  const [completed, failed] = [hour.completed * scale, hour.failed * scale];
  return html`
    <g>
      <rect class="completed" x=${x} width="16" y=${99 - completed} height=${completed} />
      <rect class="failed" x=${x} width="16" y=${99 - completed - failed} height=${failed} />
    </g>
  `;
}
