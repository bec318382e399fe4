// @ts-check
// What an account keeps of persons: the consent of its owner, and what can be corrected, exported and erased.
import { get } from "./api.js";
import { html } from "./preact.js";
import { Opens, save, Time } from "./ui.js";

/** @typedef {Schemas["AccountWithAssignments"]} Account */
/** @typedef {(asked: import("./moves.js").Asked) => void} Open */

/** @param {{ account: Account, ask: Open }} props */
export const Consent = ({ account, ask }) => html`
      <dt>Consent</dt>
      <dd>
        <${Agreement} account=${account} />
        ${
          account.state !== "retired" &&
          html`
            ${" "}
            <${Opens} kind="tiny" onClick=${() => ask({ move: "consent" })}>${account.consent ? "Renew" : "Record"}<//>
          `
        }
        ${
          ["given", "expired"].includes(account.consent_state) &&
          html`
            ${" "}
            <${Opens} kind="tiny danger" onClick=${() => ask({ move: "consent/withdraw" })}>Withdraw<//>
          `
        }
      </dd>
`;

/** @param {{ account: Account }} props */
const Agreement = ({ account: { consent, consent_state: state } }) =>
  consent
    ? html`
      ${state !== "given" && html`<strong>${state}</strong>: `}
      <bdi>${consent.granted_by}</bdi>, <${Time} at=${consent.granted_at} />
      ${consent.valid_until && html` until <${Time} at=${consent.valid_until} />`}
      (<bdi>${consent.reference}</bdi>)
    `
    : "not recorded";

/** @param {{ account: Account, ask: Open }} props */
export const Personal = ({ account, ask }) => html`
      ${account.external_ref && html`<dt>Reference</dt><dd><bdi>${account.external_ref}</bdi></dd>`}
      <dt>Personal data</dt>
      <dd>
        ${account.erased_at && html`erased <${Time} at=${account.erased_at} /> `}
        ${!account.erased_at && html`<${Opens} kind="tiny" onClick=${() => ask({ move: "edit" })}>Edit<//> `}
        <button type="button" class="tiny" onClick=${() => exported(account)}>Export</button>
        ${!account.erased_at && html` <${Opens} kind="tiny danger" onClick=${() => ask({ move: "erase" })}>Erase<//>`}
      </dd>
`;

/**
 * Saves all that is kept of an account.
 * @param {Account} account
 */
async function exported(account) {
  const found = await get(`operator/accounts/${encodeURIComponent(account.account_id)}/export`, {});
  save(`${account.account_id}.json`, JSON.stringify(found, null, 2), "application/json");
}
