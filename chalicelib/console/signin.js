// @ts-check
// Signing in: the key goes into memory and session storage, and is gone with the tab.
import { problemOf, signIn, wasRefused } from "./api.js";
import { Field } from "./dialogs.js";
import { html, useState } from "./preact.js";
import { Icon, Note, Trouble } from "./ui.js";

export function SignIn() {
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await signIn(key.trim());
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return html`
    <main class="signin">
      <form onSubmit=${submit}>
        <div class="row"><img src="icon.svg" alt="" width="36" height="36" /><h1>warmup console</h1></div>
        <p class="soft">Sign in with an operator's key. The key stays in this tab and is deleted when you close it.</p>
        <${Field}
          label="Operator key"
          type="password"
          value=${key}
          onInput=${(event) => setKey(event.target.value)}
          required
          autocomplete="off"
          autofocus
          spellcheck="false"
        />
        ${wasRefused() && !problem && html`<${SignedOut} />`}
        ${problem && html`<${Trouble} problem=${problem} />`}
        <button class="main" disabled=${busy || !key.trim()}>${busy ? "Signing in …" : "Sign in"}</button>
      </form>
    </main>
  `;
}

const SignedOut = () => html`
  <${Note} tone="warn" role="status">
    <${Icon} name="alert" />
    <p>
      <strong>You were signed out.</strong> The service no longer accepts your key. Sign in with another one to return
      to this view.
    </p>
  <//>
`;
