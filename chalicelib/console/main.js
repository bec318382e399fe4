// @ts-check
// The frame: who is signed in, which screen is open, and the settings of this browser.
import { AccountDrawer } from "./account.js";
import { get } from "./api.js";
import { Audit } from "./audit.js";
import { Bots } from "./bots.js";
import { Content } from "./content.js";
import { Dialog } from "./dialogs.js";
import { ItemDrawer } from "./item.js";
import { useKeys } from "./keys.js";
import {
  clock,
  followLinks,
  link,
  now,
  overview as overviewOf,
  readClock,
  useLive,
  useRoute,
  useTick,
} from "./live.js";
import { Now } from "./now.js";
import { signOut } from "./oidc.js";
import { Pipeline } from "./pipeline.js";
import { PlanDrawer } from "./plan.js";
import { Plans } from "./plans.js";
import { html, render, useEffect, useState } from "./preact.js";
import { Review } from "./review.js";
import { keepMe } from "./rights.js";
import { endsAt, endsSoon, onSignedIn, signedIn, who } from "./session.js";
import { SignIn } from "./signin.js";
import { Status } from "./status.js";
import { Tasks } from "./tasks.js";
import { Empty, Icon, Note, setTheme, setZone, Toasts, theme, zone } from "./ui.js";
import { absolute, count } from "./words.js";

/** @typedef {(props: { params: Params }) => View} Screen */
/** @typedef {{ name: string, word: string, icon: string, letter: string, Screen: Screen }} Place */

/**
 * @param {string} name
 * @param {string} word
 * @param {string} icon
 * @param {Screen} Screen
 * @param {string} [letter] the key after `g`
 * @returns {Place}
 */
const place = (name, word, icon, Screen, letter = name[0]) => ({ name, word, icon, letter, Screen });
const PLACES = [
  place("now", "Now", "home", Now),
  place("pipeline", "Pipeline", "list", Pipeline),
  place("review", "Review", "eye", Review),
  place("content", "Content", "picture", Content),
  place("plans", "Plans", "plan", Plans, "l"),
  place("bots", "Bots", "bot", Bots),
  place("tasks", "My tasks", "hand", Tasks),
  place("audit", "Audit", "book", Audit),
  place("status", "Status", "gauge", Status),
];
const LETTERS = Object.fromEntries(PLACES.map(({ letter, name }) => [letter, name]));
const KEYS = [
  ["?", "this help"],
  ["/", "search or the first filter"],
  ["g then a letter", PLACES.map(({ letter, word }) => `${letter} ${word}`).join(", ")],
  ["j and k", "next and previous row"],
  ["Enter", "open the row"],
  ["x", "select the row"],
  ["r", "retry the selected rows, or the row"],
  ["Esc", "close the drawer or the dialog"],
];

function Clock() {
  useTick(1);
  const { known, speed } = clock();
  if (!known) return null;
  return html`
    <div>
      <small>${speed === 1 ? "Service time" : `Sandbox time, × ${count(Number(speed.toPrecision(2)))}`}</small>
      <br />
      <span class="mono">${absolute(new Date(now()).toISOString(), zone())}</span>
    </div>
  `;
}

/** Reads the service's clock every ten seconds, and once after two: two readings give its speed. */
function useServiceClock() {
  useLive("clock", readClock, 10);
  useEffect(() => {
    const timer = setTimeout(() => document.hidden || readClock().catch(() => {}), 2000);
    return () => clearTimeout(timer);
  }, []);
}

/** Scrolls the strips of screens and tabs to the current one, where a narrow screen hides it. */
function showCurrent() {
  for (const current of document.querySelectorAll(".side nav [aria-current], .tabs [aria-current]")) {
    const strip = current.closest("nav");
    if (!strip) continue;
    const at = current.getBoundingClientRect();
    const seen = strip.getBoundingClientRect();
    const hidden = at.left < seen.left || at.right > seen.right;
    if (hidden) strip.scrollLeft += (at.left + at.right - seen.left - seen.right) / 2;
  }
}

/**
 * The title and the focus of the page.
 * @param {string} screen
 * @param {Params} params
 * @param {string | undefined} word
 */
function usePage(screen, params, word) {
  useEffect(() => {
    document.title = `${params.account ? `${params.account} · ` : ""}${word ?? "Not found"} · warmup`;
  }, [screen, params.account]);
  useEffect(() => {
    const drawer = document.querySelector("[data-drawer]"); // a drawer in the address has the focus
    if (!drawer) document.getElementById("main")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [screen]);
}

function Frame() {
  const { screen, params } = useRoute();
  const [helping, setHelping] = useState(false);
  const overview = useLive("frame", overviewOf, 15);
  const me = useLive("me", (signal) => get("operator/me", {}, { signal }), 60);
  keepMe(me.data);
  const current = PLACES.find(({ name }) => name === screen);
  useServiceClock();
  useKeys(LETTERS, () => setHelping(true));
  usePage(screen, params, current?.word);
  useEffect(showCurrent, [params, overview.data === null]); // the counts make the tabs wider
  // on a narrow screen a drawer covers the page
  const version = screen === "plans" ? params.version : null;
  const covered = Boolean(params.account || params.item || version) && matchMedia("(max-width: 50rem)").matches;
  return html`
    <div class="frame" onClick=${followLinks}>
      <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
      <${Side}
        screen=${screen}
        overview=${overview.data}
        me=${me.data}
        covered=${covered}
        onHelp=${() => setHelping(true)}
      />
      <main id="main" tabIndex="-1" inert=${covered}>
        <${EndWarning} />
        ${overview.data?.pipeline_paused && html`<${AllPaused} />`}
        ${current ? html`<${current.Screen} params=${params} />` : html`<${NoScreen} />`}
      </main>
      ${params.account && html`<${AccountDrawer} key=${params.account} id=${params.account} />`}
      ${params.item && !params.account && html`<${ItemDrawer} key=${params.item} item=${params.item} />`}
      ${version && html`<${PlanDrawer} key=${version} reference=${version} params=${params} />`}
      ${helping && html`<${Help} onClose=${() => setHelping(false)} />`}
      <${Toasts} />
    </div>
  `;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {Schemas["Me"]} me */
const roleOf = (me) => ` (${me.role}${me.models ? `: ${me.models.join(", ")}` : ""})`;

/**
 * @typedef {{ screen: string, overview: Schemas["Overview"] | null, me: Schemas["Me"] | null, covered: boolean,
 *   onHelp: () => void }} SideProps
 */

/** @param {SideProps} props */
const Side = ({ screen, overview, me, covered, onHelp }) => html`
  <header class="side" inert=${covered}>
    <a class="brand" href=${link("now")}><img src="icon.svg" alt="" />warmup</a>
    <nav aria-label="Screens">
      <ul>
        ${PLACES.map(
          ({ name, word, icon }) => html`
            <li key=${name}>
              <a href=${link(name)} aria-current=${name === screen ? "page" : undefined}>
                <${Icon} name=${icon} />${word}${name === "review" && html`<${ReviewCount} overview=${overview} />`}
              </a>
            </li>
          `,
        )}
      </ul>
    </nav>
    <div class="foot">
      <${Clock} />
      <${Settings} />
      <div class="row">
        <button type="button" class="tiny" onClick=${onHelp}>Keys <kbd>?</kbd></button>
        <button type="button" class="tiny" onClick=${signOut}>Sign out</button>
      </div>
      <small>
        Signed in as <bdi>${me && me.name !== me.user_id ? me.name : who()}</bdi>${me && roleOf(me)}
        until <span class="mono">${minuteOf(endsAt())}</span>
      </small>
    </div>
  </header>
`;

/** @param {{ overview: Schemas["Overview"] | null }} props */
const ReviewCount = ({ overview }) =>
  overview !== null && overview.review.total > 0
    ? html`<span class="count"><span class="unseen">, </span>${count(overview.review.total)}</span>`
    : null;

const THEMES = [
  ["auto", "system"],
  ["light", "light"],
  ["dark", "dark"],
];
const ZONES = [
  ["local", "local"],
  ["utc", "UTC"],
];

function Settings() {
  const [, renderAgain] = useState(0);
  /** @param {(value: string) => void} set */
  const onChange = (set) => (/** @type {any} */ event) => {
    set(event.target.value);
    renderAgain((n) => n + 1);
  };
  return html`
    <label>Theme<${Choice} value=${theme()} options=${THEMES} onChange=${onChange(setTheme)} /></label>
    <label>Times<${Choice} value=${zone()} options=${ZONES} onChange=${onChange(setZone)} /></label>
  `;
}

/** @param {{ value: string, options: string[][], onChange: (event: Event) => void }} props */
const Choice = ({ value, options, onChange }) => html`
  <select value=${value} onChange=${onChange}>
    ${options.map(([one, word]) => html`<option value=${one} selected=${one === value}>${word}</option>`)}
  </select>
`;

const AllPaused = () => html`
  <${Note} tone="warn">
    <${Icon} name="pause" />
    <p><strong>The whole pipeline is paused.</strong> No work is offered. Work in progress can be finished.</p>
    <a class="button" href=${link("status")}>Status</a>
  <//>
`;

/** @param {number} at */
const minuteOf = (at) => absolute(new Date(at).toISOString(), zone()).slice(11, 16);

function EndWarning() {
  useTick(5);
  const soon = endsSoon();
  if (soon === null) return null;
  return html`
    <${Note} tone="warn" role="status">
      <${Icon} name="alert" />
      <p>
        <strong>You will be signed out at ${minuteOf(soon.at)}.</strong>
        ${soon.idle ? " Press a key or click to stay signed in." : " Save your work, and sign in again after that."}
      </p>
    <//>
  `;
}

const NoScreen = () => html`
  <${Empty} kind="nothing" title="This screen does not exist"><a href=${link("now")}>Go to Now</a><//>
`;

/** @param {{ onClose: () => void }} props */
const Help = ({ onClose }) => html`
  <${Dialog} title="Keys" onClose=${onClose}>
    <div>
      <h2>Keys</h2>
      <dl class="keys">${KEYS.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>
      <footer><button type="button" class="main" onClick=${onClose}>Close</button></footer>
    </div>
  <//>
`;

function App() {
  const [inside, setInside] = useState(signedIn());
  useEffect(() => onSignedIn(() => setInside(signedIn())), []);
  return inside ? html`<${Frame} />` : html`<${SignIn} />`;
}

render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
