// @ts-check
// How far a bot is trusted: its limits, and disabling it.
import { patch, post } from "./api.js";
import { Ask, Field, hasReason, Reason } from "./dialogs.js";
import { html } from "./preact.js";
import { Time, toast } from "./ui.js";
import { many } from "./words.js";

/** @typedef {Schemas["Bot"]} Bot */

/** @param {{ bot: Bot }} props */
export const Limits = ({ bot }) =>
  bot.disabled_at
    ? html`<small>disabled <${Time} at=${bot.disabled_at} /></small>`
    : html`${bot.max_leases ?? "default"} leases,<br />${bot.max_sessions ?? "default"} sessions`;

/** @param {{ bot: Bot, onClose: () => void, onDone: () => void }} props */
export function DisableBot({ bot, onClose, onDone }) {
  /** @param {Given} given */
  const act = async (given) => {
    const found = await post(`operator/bots/${bot.bot_id}/disable`, { reason: given.reason });
    const left = found.not_attempted ? ` Not reached in time: ${found.not_attempted}. Disable it again.` : "";
    toast(`${bot.bot_id} is disabled; ${many(found.revoked.length, "lease")} revoked.${left}`);
    onDone();
  };
  return html`
    <${Ask}
      title=${`Disable ${bot.bot_id}`}
      label="Disable"
      danger
      ready=${hasReason}
      lead="Its keys are revoked, its sessions are stopped and its leases are revoked. A new key enables it again."
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`<${Reason} given=${given} put=${put} />`}
    />
  `;
}

/** @param {string | undefined} text */
const limitOf = (text) => (text?.trim() ? Number(text) : null);

/** @param {{ bot: Bot, onClose: () => void, onDone: () => void }} props */
export function LimitBot({ bot, onClose, onDone }) {
  /** @param {Given} given */
  const act = async (given) => {
    const limits = { max_leases: limitOf(given.leases), max_sessions: limitOf(given.sessions) };
    await patch(`operator/bots/${bot.bot_id}`, limits, bot.version);
    toast(`The limits of ${bot.bot_id} are set.`);
    onDone();
  };
  return html`
    <${Ask}
      title=${`Limits of ${bot.bot_id}`}
      label="Set"
      values=${{ leases: String(bot.max_leases ?? ""), sessions: String(bot.max_sessions ?? "") }}
      lead="An empty field stands for the limit of this deployment."
      onClose=${onClose}
      act=${act}
      fields=${(given, put) => html`
        <${Field}
          label="Leases at a time"
          type="number"
          min="1"
          max="1000"
          value=${given.leases ?? ""}
          onInput=${put("leases")}
        />
        <${Field}
          label="Sessions at a time"
          type="number"
          min="1"
          max="100"
          value=${given.sessions ?? ""}
          onInput=${put("sessions")}
        />
      `}
    />
  `;
}
