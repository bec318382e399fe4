// Signing in: the key goes into memory and session storage, and is gone with the tab.

import { signIn, wasRefused } from "./api.js";
import { html, useState } from "./preact.js";
import { Field, Icon, Note, Trouble } from "./ui.js";

export function SignIn() {
  const [key, set] = useState("");
  const [problem, fail] = useState(null);
  const [busy, work] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    work(true);
    fail(null);
    try {
      await signIn(key.trim());
    } catch (error) {
      fail(error);
      work(false);
    }
  };
  return html`
    <main class="signin">
      <form onSubmit=${submit}>
        <div class="row"><img src="icon.svg" alt="" width="36" height="36" /><h1>warmup console</h1></div>
        <p class="soft">Sign in with an operator's key. It stays in this tab and is forgotten with it.</p>
        <${Field}
          label="Operator key"
          type="password"
          value=${key}
          onInput=${(event) => set(event.target.value)}
          required
          autocomplete="off"
          autofocus
          spellcheck="false"
        />
        ${
          wasRefused() &&
          !problem &&
          html`
            <${Note} tone="warn" role="status">
              <${Icon} name="alert" />
              <p>
                <strong>You were signed out.</strong> The service does not accept your key any more. Sign in with
                another one, and this view opens again.
              </p>
            <//>
          `
        }
        ${problem && html`<${Trouble} problem=${problem} />`}
        <button class="main" disabled=${busy || !key.trim()}>${busy ? "Signing in …" : "Sign in"}</button>
      </form>
    </main>
  `;
}
