// @ts-check
// Signing in: the key goes into memory and session storage, and is gone with the tab or the end of the session.
import { problemOf, signIn } from "./api.js";
import { Field } from "./dialogs.js";
import { html, useState } from "./preact.js";
import { IDLE_MINUTES, LONGEST_HOURS, whyEnded } from "./session.js";
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
        <p class="soft">
          Sign in with an operator's key. The key stays in this tab and is deleted when you close it, after
          ${` ${LONGEST_HOURS} hours, or after ${IDLE_MINUTES} minutes without use.`}
        </p>
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
        ${whyEnded() && !problem && html`<${SignedOut} why=${whyEnded()} />`}
        ${problem && html`<${Trouble} problem=${problem} />`}
        <button class="main" disabled=${busy || !key.trim()}>${busy ? "Signing in …" : "Sign in"}</button>
      </form>
    </main>
  `;
}

const WHY = {
  refused: "The service no longer accepts your key. Sign in with another one to return to this view.",
  idle: `The console was not used for ${IDLE_MINUTES} minutes. Sign in again to return to this view.`,
  long: `A session ends after ${LONGEST_HOURS} hours. Sign in again to return to this view.`,
};

/** @param {{ why: keyof typeof WHY }} props */
const SignedOut = ({ why }) => html`
  <${Note} tone="warn" role="status">
    <${Icon} name="alert" />
    <p><strong>You were signed out.</strong> ${WHY[why]}</p>
  <//>
`;
