// @ts-check
// Users: who may call the operator API, by which role, on which models; and their keys.
import { find, post, remove } from "./api.js";
import { Ask, Field, hasReason, plainOptions, Reason } from "./dialogs.js";
import { useLive } from "./live.js";
import { html, useState } from "./preact.js";
import { Empty, Opens, shown, Table, Time, toast } from "./ui.js";

/** @typedef {Schemas["User"]} User */
/** @typedef {Schemas["Key"]} Key */
/** @typedef {{ bot_id: string, key: string }} Made */
/**
 * @typedef {{ move: "new" } | { move: "key" | "disable", user: User }
 *   | { move: "revoke", user: User, key: Key }} Asked
 */
/** @typedef {{ onClose: () => void, onDone: () => void, onMade: (made: Made) => void }} Ends */

const ROLES = ["viewer", "contributor", "approver", "operator", "admin"];

/** @param {{ onMade: (made: Made) => void }} props */
export function Users({ onMade }) {
  const users = useLive("users", (signal) => find("operator/users", {}, 100, { signal }), 15);
  const [asked, setAsked] = useState(/** @type {Asked | null} */ (null));
  const ends = { onClose: () => setAsked(null), onDone: users.reload, onMade };
  return html`
    <section class="stack" aria-labelledby="users">
      <div class="head">
        <h2 id="users">Users</h2>
        <${Opens} needs="users:write" onClick=${() => setAsked({ move: "new" })}>New user<//>
      </div>
      ${shown(users, (found) => html`<${UserTable} users=${found.items} ask=${setAsked} />`)}
    </section>
    ${asked && html`<${Act} asked=${asked} ends=${ends} />`}
  `;
}

/** @param {{ users: User[], ask: (asked: Asked) => void }} props */
function UserTable({ users, ask }) {
  if (users.length === 0) return html`<${Empty} kind="nothing" title="There are no users yet" />`;
  const ordered = [...users].sort((a, b) => (a.user_id < b.user_id ? -1 : 1));
  return html`
    <${Table} label="Users" columns=${["Name", "Role", "Models", "Keys", "Actions"]}>
      ${ordered.map(
        (user) => html`
          <tr key=${user.user_id} data-row>
            <th scope="row"><bdi>${user.name}</bdi><br /><small>${user.user_id}</small></th>
            <td>
              ${user.role}
              ${user.disabled_at && html`<br /><small>disabled <${Time} at=${user.disabled_at} /></small>`}
            </td>
            <td>${user.models ? user.models.join(", ") : "all"}</td>
            <td><${Keys} user=${user} ask=${ask} /></td>
            <td><${Moves} user=${user} ask=${ask} /></td>
          </tr>
        `,
      )}
    <//>
  `;
}

/** @param {{ user: User, ask: (asked: Asked) => void }} props */
const Moves = ({ user, ask }) =>
  user.disabled_at
    ? "–"
    : html`
      <div class="row">
        <${Opens} needs="keys:write" kind="tiny" of=${user.user_id}
          onClick=${() => ask({ move: "key", user })}>New key<//>
        <${Opens}
          needs="users:write"
          kind="tiny danger"
          of=${user.user_id}
          onClick=${() => ask({ move: "disable", user })}
        >
          Disable
        <//>
      </div>
    `;

/** @param {{ user: User, ask: (asked: Asked) => void }} props */
const Keys = ({ user, ask }) => html`
  <ul class="stack tight">
    ${(user.keys ?? []).map(
      (key) => html`
        <li class="row">
          <code class="clip">${key.key_id}</code>
          ${
            key.revoked_at
              ? html`<small>revoked <${Time} at=${key.revoked_at} /></small>`
              : html`
                <small>
                  ${key.expires_at && html`expires <${Time} at=${key.expires_at} />, `}
                  ${key.last_used_at ? html`last used <${Time} at=${key.last_used_at} />` : "not used yet"}
                </small>
                <${Opens}
                  needs="keys:write"
                  kind="tiny danger"
                  of=${key.key_id}
                  onClick=${() => ask({ move: "revoke", user, key })}
                >
                  Revoke
                <//>
              `
          }
        </li>
      `,
    )}
  </ul>
`;

/** @param {{ asked: Asked, ends: Ends }} props */
function Act({ asked, ends }) {
  if (asked.move === "new") return html`<${NewUser} ...${ends} />`;
  if (asked.move === "revoke") return html`<${RevokeKey} user=${asked.user} apiKey=${asked.key} ...${ends} />`;
  if (asked.move === "key") return html`<${RotateKey} user=${asked.user} ...${ends} />`;
  return html`<${Disable} user=${asked.user} ...${ends} />`;
}

/** @param {Ends} props */
function NewUser({ onClose, onDone, onMade }) {
  /** @param {Given} given */
  const act = async (given) => {
    const models = (given.models ?? "").split(/[\s,]+/).filter(Boolean);
    const name = given.name?.trim();
    const made = await post("operator/users", {
      user_id: given.id.trim(),
      role: /** @type {Schemas["Role"]} */ (given.role),
      ...(name ? { name } : {}),
      ...(models.length ? { models } : {}),
    });
    if (made.key) onMade({ bot_id: made.user_id, key: made.key });
    onDone();
  };
  return html`
    <${Ask}
      title="New user"
      label="Create"
      values=${{ role: "viewer" }}
      ready=${(/** @type {Given} */ given) => given.id?.trim()}
      onClose=${onClose}
      act=${act}
      fields=${(/** @type {Given} */ given, /** @type {any} */ put) => html`
        <${Field}
          label="Id"
          value=${given.id ?? ""}
          onInput=${put("id")}
          pattern="[A-Za-z0-9][A-Za-z0-9_.\\-]{0,63}"
          required
          autofocus
        />
        <${Field} label="Name" value=${given.name ?? ""} onInput=${put("name")} most=${200} />
        <${Field} label="Role" value=${given.role} onInput=${put("role")} options=${plainOptions(ROLES)} />
        <${Field}
          label="Only these models (empty: all; an admin has all)"
          value=${given.models ?? ""}
          onInput=${put("models")}
        />
      `}
    />
  `;
}

/** @param {{ user: User } & Ends} props */
function RotateKey({ user, onClose, onDone, onMade }) {
  const act = async () => {
    const made = await post(`operator/users/${user.user_id}/keys`);
    onMade({ bot_id: made.user_id, key: made.key });
    onDone();
  };
  return html`
    <${Ask}
      title=${`New key for ${user.user_id}`}
      label="Create the key"
      lead="The current key stays valid until you revoke it: a user can have two."
      onClose=${onClose}
      act=${act}
    />
  `;
}

/** @param {{ user: User, apiKey: Key } & Ends} props */
function RevokeKey({ user, apiKey, onClose, onDone }) {
  const act = async () => {
    await remove(`operator/users/${user.user_id}/keys/${apiKey.key_id}`);
    toast("The key is revoked.");
    onDone();
  };
  return html`
    <${Ask}
      title="Revoke a key"
      label="Revoke"
      danger
      lead=${`Requests with the key ${apiKey.key_id} of ${user.user_id} are refused within a minute.`}
      onClose=${onClose}
      act=${act}
    />
  `;
}

/** @param {{ user: User } & Ends} props */
function Disable({ user, onClose, onDone }) {
  /** @param {Given} given */
  const act = async (given) => {
    await post(`operator/users/${user.user_id}/disable`, { reason: given.reason });
    toast(`${user.user_id} is disabled.`);
    onDone();
  };
  return html`
    <${Ask}
      title=${`Disable ${user.user_id}`}
      label="Disable"
      danger
      ready=${hasReason}
      lead="All keys of the user are revoked, and no new one can be created."
      onClose=${onClose}
      act=${act}
      fields=${(/** @type {Given} */ given, /** @type {any} */ put) => html`<${Reason} given=${given} put=${put} />`}
    />
  `;
}
