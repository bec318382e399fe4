// @ts-check
// Bots: their sessions and what they hold; and who has a key.
import { find, post, remove } from "./api.js";
import { Ask, Dialog, Field, hasReason, Reason } from "./dialogs.js";
import { link, useLive } from "./live.js";
import { html, useState } from "./preact.js";
import { useRows } from "./rows.js";
import { DisableBot, LimitBot, Limits } from "./trust.js";
import { Account, Announce, copy, Empty, Icon, Note, Opens, Pager, State, shown, Table, Time, toast } from "./ui.js";
import { Users } from "./users.js";
import { count, many, percent } from "./words.js";

/** @typedef {Schemas["Session"]} Session */
/** @typedef {Schemas["Bot"]} Bot */
/** @typedef {Schemas["Key"]} Key */
/** @typedef {{ bot_id: string, key: string }} Made */
/**
 * @typedef {{ move: "drain" | "stop", row: Session } | { move: "revoke", bot: Bot, key: Key }
 *   | { move: "key", bot: Bot } | { move: "limit", bot: Bot } | { move: "disable", bot: Bot } | { move: "new" }} Asked
 */
/** @typedef {(asked: Asked) => void} Open */

const STATUSES = ["live", "lost", "ended", "all"];

/** @param {{ params: Params }} props */
export function Bots({ params }) {
  const status = params.status ?? "live";
  const key = JSON.stringify([status, params.cursor]);
  const query = { status: status === "all" ? null : status, cursor: params.cursor };
  const sessions = useLive(`sessions:${key}`, (signal) => find("operator/sessions", query, 25, { signal }), 5);
  const bots = useLive("bots", (signal) => find("operator/bots", {}, 100, { signal }), 15);
  const rows = useRows(key, sessions.data?.items, (row) => row.session_id);
  const [dialog, setDialog] = useState(/** @type {Asked | null} */ (null));
  const [made, setMade] = useState(/** @type {Made | null} */ (null));
  const done = () => {
    sessions.reload();
    bots.reload();
  };
  return html`
    <div class="head">
      <h1>Bots</h1><${Opens} needs="bots:write" kind="main" icon="bot"
        onClick=${() => setDialog({ move: "new" })}>New bot<//>
    </div>
    <section class="stack" aria-labelledby="sessions">
      <div class="head"><h2 id="sessions">Sessions</h2><${Tabs} params=${params} status=${status} /></div>
      ${shown(
        sessions,
        (found) => html`
          <${Announce} rows=${rows} noun="sessions" />
          ${
            rows.rows.length === 0
              ? html`<${Nothing} status=${status} />`
              : html`
                <${Sessions} rows=${rows.rows} ask=${setDialog} />
                <${Pager} params=${params} next=${found.next_cursor} shown=${rows.rows.length} noun="sessions" />
              `
          }
        `,
      )}
    </section>
    <section class="stack" aria-labelledby="bots">
      <h2 id="bots">Keys</h2>
      ${shown(bots, (found) => html`<${BotTable} bots=${found.items} ask=${setDialog} />`)}
    </section>
    <${Users} onMade=${setMade} />
    ${dialog && html`<${Act} asked=${dialog} onClose=${() => setDialog(null)} onMade=${setMade} onDone=${done} />`}
    ${made && html`<${NewKey} made=${made} onClose=${() => setMade(null)} />`}
  `;
}

/** @param {{ params: Params, status: string }} props */
const Tabs = ({ params, status }) => html`
  <nav class="tabs" aria-label="Status">
    ${STATUSES.map((name) => {
      const where = link("bots", { ...params, status: name, cursor: null });
      return html`<a key=${name} href=${where} aria-current=${status === name ? "page" : undefined}>${name}</a>`;
    })}
  </nav>
`;

/** @param {{ status: string }} props */
const Nothing = ({ status }) =>
  status === "lost"
    ? html`<${Empty} kind="good" title="No bot was lost" />`
    : html`<${Empty} kind="nothing" title=${status === "all" ? "There are no sessions" : `No session is ${status}`} />`;

/** @type {(string | [string, string])[]} */
const COLUMNS = [
  "Bot",
  "State",
  "Client, host",
  "Last seen",
  "Holds",
  ["Done", "number"],
  ["Failed", "number"],
  ["Failure rate", "number"],
  "Actions",
];

/** @param {{ rows: Kept<Session>[], ask: Open }} props */
const Sessions = ({ rows, ask }) => html`
  <${Table} label="Sessions" columns=${COLUMNS}>
    ${rows.map((row) => html`<${SessionRow} key=${row.session_id} row=${row} ask=${ask} />`)}
  <//>
`;

/** @param {{ row: Kept<Session>, ask: Open }} props */
const SessionRow = ({ row, ask }) => html`
  <tr data-row class=${row.gone ? "gone" : ""}>
    <th scope="row"><bdi>${row.bot_id}</bdi><br /><small class="mono clip">${row.session_id}</small></th>
    <td>
      <${State} of="session" is=${row.status === "live" && row.directive !== "continue" ? row.directive : row.status} />
      ${row.note && html`<br /><small><bdi class="prose">${row.note}</bdi></small>`}
    </td>
    <td><bdi>${row.client ?? "–"}</bdi><br /><small><bdi>${row.host ?? ""}</bdi></small></td>
    <td><${Time} at=${row.last_seen_at} /></td>
    <td><${Held} held=${row.held} /></td>
    <td class="number">${count(row.done)}</td>
    <td class="number">${count(row.failed)}</td>
    <td class="number">${percent(row.failed, row.done + row.failed)}</td>
    <td>${row.status === "live" && !row.gone ? html`<${Moves} row=${row} ask=${ask} />` : "–"}</td>
  </tr>
`;

/** @param {{ held: Session["held"] }} props */
const Held = ({ held }) =>
  held.length
    ? html`
      <ul>
        ${held.map((one) => html`<li><${Account} id=${one.account_id} /> <small>${one.phase}</small></li>`)}
      </ul>
    `
    : html`<span class="soft">nothing</span>`;

/** @param {{ row: Session, ask: Open }} props */
const Moves = ({ row, ask }) => html`
  <div class="row">
    ${
      row.directive === "continue" &&
      html`<${Opens} needs="sessions:write" kind="tiny" of=${row.bot_id}
        onClick=${() => ask({ move: "drain", row })}>Drain<//>`
    }
    ${
      row.directive !== "stop" &&
      html`<${Opens} needs="sessions:write" kind="tiny danger" of=${row.bot_id}
        onClick=${() => ask({ move: "stop", row })}>Stop<//>`
    }
  </div>
`;

/** @param {{ bots: Bot[], ask: Open }} props */
function BotTable({ bots, ask }) {
  if (bots.length === 0) return html`<${Empty} kind="nothing" title="There are no bots yet" />`;
  const ordered = [...bots].sort((a, b) => (a.bot_id < b.bot_id ? -1 : 1));
  return html`
    <${Table} label="Bots" columns=${["Name", "Models", "Limits", "Keys", "Actions"]}>
      ${ordered.map(
        (bot) => html`
          <tr key=${bot.bot_id} data-row>
            <th scope="row"><bdi>${bot.name}</bdi><br /><small>${bot.bot_id}</small></th>
            <td>${bot.models ? bot.models.join(", ") : "all"}</td>
            <td><${Limits} bot=${bot} /></td>
            <td><${Keys} bot=${bot} ask=${ask} /></td>
            <td><${BotMoves} bot=${bot} ask=${ask} /></td>
          </tr>
        `,
      )}
    <//>
  `;
}

/** @param {{ bot: Bot, ask: Open }} props */
const BotMoves = ({ bot, ask }) => html`
  <div class="row">
    <${Opens} needs="keys:write" kind="tiny" of=${bot.bot_id} onClick=${() => ask({ move: "key", bot })}>New key<//>
    <${Opens} needs="bots:write" kind="tiny" of=${bot.bot_id} onClick=${() => ask({ move: "limit", bot })}>Limits<//>
    ${
      !bot.disabled_at &&
      html`<${Opens} needs="bots:write" kind="tiny danger" of=${bot.bot_id}
        onClick=${() => ask({ move: "disable", bot })}>Disable<//>`
    }
  </div>
`;

/** @param {{ bot: Bot, ask: Open }} props */
const Keys = ({ bot, ask }) => html`
  <ul class="stack tight">
    ${(bot.keys ?? []).map(
      (key) => html`
        <li class="row">
          <code class="clip">${key.key_id}</code>
          ${
            key.revoked_at
              ? html`<small>revoked <${Time} at=${key.revoked_at} /></small>`
              : html`
                <small>since <${Time} at=${key.created_at} /></small>
                <${Opens} needs="keys:write" kind="tiny danger" of=${key.key_id}
                  onClick=${() => ask({ move: "revoke", bot, key })}>
                  Revoke
                <//>
              `
          }
        </li>
      `,
    )}
  </ul>
`;

/** @param {{ made: Made, onClose: () => void }} props */
const NewKey = ({ made, onClose }) => html`
  <${Dialog} title="The new key">
    <div>
      <h2>The key of ${made.bot_id}</h2>
      <${Note} tone="warn"><p>Copy the key now: it is shown only once. The service stores only its hash.</p><//>
      <pre>${made.key}</pre>
      <footer>
        <button type="button" onClick=${() => copy(made.key)}><${Icon} name="copy" />Copy</button>
        <button type="button" class="main" onClick=${onClose}>I have copied it</button>
      </footer>
    </div>
  <//>
`;

/** @param {{ asked: Asked, onClose: () => void, onDone: () => void, onMade: (made: Made) => void }} props */
function Act({ asked, ...more }) {
  if (asked.move === "new") return html`<${NewBot} ...${more} />`;
  if (asked.move === "limit") return html`<${LimitBot} bot=${asked.bot} ...${more} />`;
  if (asked.move === "disable") return html`<${DisableBot} bot=${asked.bot} ...${more} />`;
  if (asked.move === "key") return html`<${RotateKey} bot=${asked.bot} ...${more} />`;
  if (asked.move === "revoke") return html`<${RevokeKey} bot=${asked.bot} apiKey=${asked.key} ...${more} />`;
  return html`<${EndSession} move=${asked.move} row=${asked.row} ...${more} />`;
}

/** @param {{ move: "drain" | "stop", row: Session, onClose: () => void, onDone: () => void }} props */
function EndSession({ move, row, onClose, onDone }) {
  const drains = move === "drain";
  const holds = row.held.length;
  const revoked = holds
    ? `and ${many(holds, "lease")} ${holds === 1 ? "is" : "are"} revoked`
    : "and holds no lease now";
  /** @param {Given} given */
  const act = async (given) => {
    await post(`operator/sessions/${row.session_id}/${move}`, { reason: given.reason });
    toast(`${row.bot_id} ${drains ? "is draining" : "is stopping"}.`);
    onDone();
  };
  return html`
    <${Ask}
      title=${`${drains ? "Drain" : "Stop"} ${row.bot_id}`}
      label=${drains ? "Drain" : "Stop"}
      danger=${!drains}
      ready=${hasReason}
      lead=${drains ? "The bot finishes what it holds and takes nothing new." : `The bot is asked to stop, ${revoked}.`}
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`<${Reason} given=${given} put=${put} />`}
    />
  `;
}

/** @param {{ bot: Bot, apiKey: Key, onClose: () => void, onDone: () => void }} props */
function RevokeKey({ bot, apiKey, onClose, onDone }) {
  const act = async () => {
    await remove(`operator/bots/${bot.bot_id}/keys/${apiKey.key_id}`);
    toast("The key is revoked.");
    onDone();
  };
  return html`
    <${Ask}
      title="Revoke a key"
      label="Revoke"
      danger
      lead=${`Requests with the key ${apiKey.key_id} of ${bot.bot_id} are refused within a minute.`}
      onClose=${onClose}
      act=${act}
    />
  `;
}

/** @param {{ bot: Bot, onClose: () => void, onDone: () => void, onMade: (made: Made) => void }} props */
function RotateKey({ bot, onClose, onDone, onMade }) {
  const act = async () => {
    onMade(await post(`operator/bots/${bot.bot_id}/keys`));
    onDone();
  };
  return html`
    <${Ask}
      title=${`New key for ${bot.bot_id}`}
      label="Create the key"
      lead="The current key stays valid until you revoke it: a bot can have two."
      onClose=${onClose}
      act=${act}
    />
  `;
}

/** @param {{ onClose: () => void, onDone: () => void, onMade: (made: Made) => void }} props */
function NewBot({ onClose, onDone, onMade }) {
  /** @param {Given} given */
  const act = async (given) => {
    const models = (given.models ?? "").split(/[\s,]+/).filter(Boolean);
    const name = given.name?.trim();
    const made = await post("operator/bots", {
      bot_id: given.id.trim(),
      ...(name ? { name } : {}),
      ...(models.length ? { models } : {}),
    });
    if (made.key) onMade({ bot_id: made.bot_id, key: made.key });
    onDone();
  };
  return html`
    <${Ask}
      title="New bot"
      label="Create"
      ready=${(given) => given.id?.trim()}
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`
        <${Field}
          label="Id"
          value=${given.id ?? ""}
          onInput=${put("id")}
          pattern="[A-Za-z0-9][A-Za-z0-9_.\\-]{0,63}"
          required
          autofocus
        />
        <${Field} label="Name" value=${given.name ?? ""} onInput=${put("name")} most=${200} />
        <${Field} label="Only these models (empty: all)" value=${given.models ?? ""} onInput=${put("models")} />
      `}
    />
  `;
}
