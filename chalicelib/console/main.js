// The frame: who is signed in, where one is, what the keys do.

import { AccountDrawer } from "./account.js";
import { onSignedIn, signedIn, signOut, who } from "./api.js";
import { Audit } from "./audit.js";
import { Bots } from "./bots.js";
import { Content, ItemDrawer } from "./content.js";
import {
  clock,
  close,
  followLinks,
  go,
  link,
  now,
  overview as overviewOf,
  readClock,
  useLive,
  useRoute,
  useTick,
} from "./live.js";
import { Now } from "./now.js";
import { Pipeline } from "./pipeline.js";
import { html, render, useEffect, useState } from "./preact.js";
import { Review } from "./review.js";
import { SignIn } from "./signin.js";
import { Status } from "./status.js";
import { Tasks } from "./tasks.js";
import { Dialog, Empty, Icon, Note, setTheme, setZone, Toasts, theme, zone } from "./ui.js";
import { absolute, count } from "./words.js";

const PLACES = [
  ["now", "Now", "home", "n", Now],
  ["pipeline", "Pipeline", "list", "p", Pipeline],
  ["review", "Review", "eye", "r", Review],
  ["content", "Content", "picture", "c", Content],
  ["bots", "Bots", "bot", "b", Bots],
  ["tasks", "My tasks", "hand", "t", Tasks],
  ["audit", "Audit", "book", "a", Audit],
  ["status", "Status", "gauge", "s", Status],
];
const KEYS = [
  ["?", "this help"],
  ["/", "search or the first filter"],
  ["g then a letter", PLACES.map(([, name, , letter]) => `${letter} ${name}`).join(", ")],
  ["j and k", "next and previous row"],
  ["Enter", "open the row"],
  ["x", "select the row"],
  ["r", "retry the selected rows, or the row"],
  ["Esc", "close the drawer or the dialog"],
];

function Clock() {
  useTick(1);
  const { told, speed } = clock();
  if (!told) return null;
  return html`
    <div>
      <small>${speed === 1 ? "Service time" : `Sandbox time, × ${count(Number(speed.toPrecision(2)))}`}</small>
      <br />
      <span class="mono">${absolute(new Date(now()).toISOString(), zone())}</span>
    </div>
  `;
}

/** Scrolls the strips of screens and tabs to the current one, where a narrow screen hides it. */
function showWhere() {
  for (const current of document.querySelectorAll(".side nav [aria-current], .tabs [aria-current]")) {
    const strip = current.closest("nav"),
      [at, seen] = [current, strip].map((one) => one.getBoundingClientRect());
    if (at.left < seen.left || at.right > seen.right)
      strip.scrollLeft += (at.left + at.right - seen.left - seen.right) / 2;
  }
}

function Frame() {
  const { screen, params } = useRoute();
  const [helping, help] = useState(false);
  const [, again] = useState(0);
  const overview = useLive("frame", overviewOf, 15);
  useLive("clock", readClock, 10);
  useEffect(() => {
    const timer = setTimeout(() => document.hidden || readClock().catch(() => {}), 2000);
    return () => clearTimeout(timer);
  }, []); // two looks tell the speed

  useEffect(() => {
    let waits = false,
      last = null; // the row that the keys were at
    const keys = (event) => {
      const typing = event.target.closest("input, select, textarea, [contenteditable]");
      const dialog = document.querySelector("dialog[open]");
      if (event.key === "Escape" && !dialog) {
        const drawer = document.querySelector("[data-drawer]");
        if (drawer) {
          event.preventDefault();
          close(...drawer.dataset.drawer.split(" "));
        }
        return;
      }
      if (typing || dialog || event.ctrlKey || event.metaKey || event.altKey) return;
      if (waits) {
        waits = false;
        const place = PLACES.find(([, , , letter]) => letter === event.key);
        if (place) {
          event.preventDefault();
          go(link(place[0]));
        }
        return;
      }
      const rows = [...document.querySelectorAll("main [data-row]")];
      const here = rows.findIndex((row) => row.contains(document.activeElement));
      if (here >= 0) last = rows[here];
      const at = here < 0 && document.querySelector("[data-drawer]") ? rows.indexOf(last) : here; // a drawer that a row opened has the focus
      const focus = (row) => {
        const target = row?.querySelector("a") ?? row?.querySelector("button:not([hidden])");
        target?.focus();
        row?.scrollIntoView({ block: "nearest" });
      };
      switch (event.key) {
        case "?":
          event.preventDefault();
          help(true);
          break;
        case "/": {
          const field =
            document.querySelector("main [data-search]") ?? document.querySelector("main input, main select");
          if (field) {
            event.preventDefault();
            field.focus();
          }
          break;
        }
        case "g":
          waits = true;
          setTimeout(() => {
            waits = false;
          }, 1500);
          break;
        case "j":
          focus(rows[Math.min(rows.length - 1, at + 1)]);
          break;
        case "k":
          focus(rows[Math.max(0, at - 1)]);
          break;
        case "x":
          rows[at]?.querySelector("input[type=checkbox]")?.click();
          break;
        case "r":
          (document.querySelector("main [data-retry]") ?? rows[at]?.querySelector("[data-retry-row]"))?.click();
          break;
        default:
          return;
      }
    };
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, []);

  const place = PLACES.find(([name]) => name === screen);
  useEffect(() => {
    document.title = `${params.account ? `${params.account} · ` : ""}${place?.[1] ?? "Not found"} · warmup`;
  }, [screen, params.account]);
  useEffect(() => {
    if (!document.querySelector("[data-drawer]")) document.getElementById("main")?.focus({ preventScroll: true }); // a drawer in the address has the focus
    scrollTo(0, 0);
  }, [screen]);
  useEffect(showWhere, [params, overview.data === null]); // the counts make the tabs wider
  const Screen = place?.[4];
  const covered = Boolean(params.account || params.item) && matchMedia("(max-width: 50rem)").matches; // a drawer is as wide as that

  return html`
    <div class="frame" onClick=${followLinks}>
      <a
        class="skip"
        href="#main"
        onClick=${(event) => {
          event.preventDefault();
          document.getElementById("main").focus();
        }}
      >
        Skip to the content
      </a>
      <header class="side" inert=${covered}>
        <a class="brand" href=${link("now")}><img src="icon.svg" alt="" />warmup</a>
        <nav aria-label="Screens">
          <ul>
            ${PLACES.map(
              ([name, word, icon]) =>
                html`
                  <li key=${name}>
                    <a href=${link(name)} aria-current=${name === screen ? "page" : undefined}>
                      <${Icon} name=${icon} />
                      ${word}
                      ${
                        name === "review" &&
                        overview.data?.review.total > 0 &&
                        html`
                          <span class="count">
                            <span class="unseen">, </span>
                            ${count(overview.data.review.total)}
                          </span>
                        `
                      }
                    </a>
                  </li>
                `,
            )}
          </ul>
        </nav>
        <div class="foot">
          <${Clock} />
          <label>
            Theme
            <select
              value=${theme()}
              onChange=${(event) => {
                setTheme(event.target.value);
                again((n) => n + 1);
              }}
            >
              ${["auto", "light", "dark"].map(
                (one) =>
                  html`
                    <option value=${one} selected=${one === theme()}>
                      ${one === "auto" ? "as the system" : one}
                    </option>
                  `,
              )}
            </select>
          </label>
          <label>
            Times
            <select
              value=${zone()}
              onChange=${(event) => {
                setZone(event.target.value);
                again((n) => n + 1);
              }}
            >
              ${[
                ["local", "local"],
                ["utc", "UTC"],
              ].map(([one, word]) => html`<option value=${one} selected=${one === zone()}>${word}</option>`)}
            </select>
          </label>
          <div class="row">
            <button type="button" class="tiny" onClick=${() => help(true)}>Keys <kbd>?</kbd></button>
            <button type="button" class="tiny" onClick=${signOut}>Sign out</button>
          </div>
          <small>Signed in as <bdi>${who()}</bdi></small>
        </div>
      </header>
      <main id="main" tabIndex="-1" inert=${covered}>
        ${
          overview.data?.pipeline_paused &&
          html`
            <${Note} tone="warn">
              <${Icon} name="pause" />
              <p>
                <strong>The whole pipeline is paused.</strong> No work is handed out; what is under way may be
                finished.
              </p>
              <a class="button" href=${link("status")}>Status</a>
            <//>
          `
        }
        ${
          Screen
            ? html`<${Screen} params=${params} />`
            : html`<${Empty} kind="nothing" title="There is no such screen"><a href=${link("now")}>Go to Now</a><//>`
        }
      </main>
      ${params.account && html`<${AccountDrawer} key=${params.account} id=${params.account} />`}
      ${params.item && !params.account && html`<${ItemDrawer} key=${params.item} item=${params.item} />`}
      ${
        helping &&
        html`
          <${Dialog} title="Keys" onClose=${() => help(false)}>
            <div>
              <h2>Keys</h2>
              <dl class="keys">${KEYS.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>
              <footer><button type="button" class="main" onClick=${() => help(false)}>Close</button></footer>
            </div>
          <//>
        `
      }
      <${Toasts} />
    </div>
  `;
}

function App() {
  const [inside, set] = useState(signedIn());
  useEffect(() => onSignedIn(() => set(signedIn())), []);
  return inside ? html`<${Frame} />` : html`<${SignIn} />`;
}

render(html`<${App} />`, document.getElementById("app"));
