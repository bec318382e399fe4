// @ts-check
// Signing in, with a key or at the issuer: what is got goes into memory and session storage, until the session ends.
import { problemOf, signIn } from "./api.js";
import { Field } from "./dialogs.js";
import { arrive, client, isReturning, leave } from "./oidc.js";
import { html, useEffect, useState } from "./preact.js";
import { IDLE_MINUTES, LONGEST_HOURS, whyEnded } from "./session.js";
import { Icon, Note, Trouble } from "./ui.js";

/** @typedef {import("./oidc.js").Client} Client */

/** What is done one at a time, and the problem that the last one had. */
function useTries() {
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {() => Promise<void>} run */
  const attempt = async (run) => {
    setBusy(true);
    setProblem(null);
    try {
      await run();
    } catch (error) {
      setProblem(problemOf(error));
    }
    setBusy(false);
  };
  return { problem, setProblem, busy, attempt };
}

export function SignIn() {
  const [ours, setOurs] = useState(/** @type {Client | null} */ (null));
  const { problem, setProblem, busy, attempt } = useTries();
  useEffect(() => {
    if (isReturning()) attempt(arrive);
    client().then(setOurs, (error) => setProblem(problemOf(error)));
  }, []);
  return html`
    <main class="signin">
      <div class="panel">
        <div class="row"><img src="icon.svg" alt="" width="36" height="36" /><h1>warmup console</h1></div>
        <p class="soft">
          You stay signed in until you close this tab, for ${LONGEST_HOURS} hours at most, or until you have not used it
          for ${`${IDLE_MINUTES} minutes.`}
        </p>
        ${whyEnded() && !problem && html`<${SignedOut} why=${whyEnded()} />`}
        ${problem && html`<${Trouble} problem=${problem} />`}
        ${
          ours &&
          html`
            <button type="button" class="main" disabled=${busy} onClick=${() => attempt(() => leave(ours))}>
              Sign in at ${new URL(ours.issuer).host}
            </button>
          `
        }
        <${WithKey} busy=${busy} attempt=${attempt} first=${ours === null} />
      </div>
    </main>
  `;
}

/** @param {{ busy: boolean, attempt: (run: () => Promise<void>) => void, first: boolean }} props */
function WithKey({ busy, attempt, first }) {
  const [key, setKey] = useState("");
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    attempt(() => signIn(key.trim()));
  };
  return html`
    <form onSubmit=${submit}>
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
      <button class=${first ? "main" : ""} disabled=${busy || !key.trim()}>
        ${busy ? "Signing in …" : first ? "Sign in" : "Sign in with a key"}
      </button>
    </form>
  `;
}

const WHY = {
  refused: "The service no longer accepts your key. Sign in with another one to return to this view.",
  expired: "Your sign-in has expired. Sign in again to return to this view.",
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
