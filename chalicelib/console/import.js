// @ts-check
// Importing accounts from CSV or JSON lines, after a dry run whose rows can be looked at.
import { postText, problemOf } from "./api.js";
import { Dialog } from "./dialogs.js";
import { html, useState } from "./preact.js";
import { Badge, Note, Opens, Table, Trouble, toast } from "./ui.js";
import { count, many } from "./words.js";

/** @typedef {Schemas["AccountImport"]} Imported */
/** @typedef {Schemas["ImportedAccount"]} ImportedRow */

const SHOWN = 200;
const EXAMPLE = "model_id,account_id,username,plan,granted_by,granted_at,reference";
/** @type {Record<string, Look>} */
const OUTCOMES = {
  created: ["check", "created", "done"],
  unchanged: ["check", "unchanged", "wait"],
  retired: ["alert", "retired", "warn"],
  refused: ["alert", "refused", "bad"],
  left: ["clock", "no time for it", "warn"],
};

/**
 * JSON lines begin with an object, CSV with the names of its columns.
 * @param {string} text
 */
const typeOf = (text) => (text.trimStart().startsWith("{") ? "application/x-ndjson" : "text/csv");

/** @param {{ onDone: () => void }} props */
export function ImportButton({ onDone }) {
  const [open, setOpen] = useState(false);
  return html`
    <${Opens} icon="inbox" onClick=${() => setOpen(true)}>Import<//>
    ${open && html`<${Import} onClose=${() => setOpen(false)} onDone=${onDone} />`}
  `;
}

/** @param {{ onClose: () => void, onDone: () => void }} props */
function Import({ onClose, onDone }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState(/** @type {Imported | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  /** @param {string} written */
  const write = (written) => {
    setText(written);
    setFound(null); // that was another import
  };
  /** @param {boolean} dry_run */
  const ask = async (dry_run) => {
    setBusy(true);
    setProblem(null);
    try {
      const answer = await postText("operator/accounts/import", text, typeOf(text), { dry_run });
      setFound(answer);
      if (!dry_run) {
        toast(`${many(answer.counts.created ?? 0, "account")} created.`);
        onDone();
      }
    } catch (error) {
      setProblem(problemOf(error));
    }
    setBusy(false);
  };
  const tried = found?.dry_run ? (found.counts.created ?? 0) : 0;
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (tried && !busy) ask(false);
  };
  return html`
    <${Dialog} wide title="Import accounts" onClose=${onClose}>
      <form onSubmit=${submit}>
        <h2>Import accounts</h2>
        <p class="soft">
          A bad row does not stop the others, and importing the same rows again creates nothing twice. A row without a
          plan gets that of its model.
        </p>
        <${Source} text=${text} write=${write} />
        ${problem && html`<${Trouble} problem=${problem} />`}
        ${found && html`<${Outcome} of=${found} />`}
        <footer>
          <button type="button" onClick=${onClose}>${found && !found.dry_run ? "Close" : "Cancel"}</button>
          <button type="button" disabled=${busy || !text.trim()} onClick=${() => ask(true)}>
            ${busy ? "Sending …" : "Dry run"}
          </button>
          <button class="main" disabled=${busy || !tried}>Import ${tried ? count(tried) : ""}</button>
        </footer>
      </form>
    <//>
  `;
}

/** @param {{ text: string, write: (text: string) => void }} props */
function Source({ text, write }) {
  /** @param {any} event */
  const read = async (event) => {
    const [file] = event.target.files;
    if (file) write(await file.text());
  };
  return html`
    <label class="field">
      From a file
      <input type="file" accept=".csv,.jsonl,.ndjson,text/csv" onChange=${read} />
    </label>
    <label class="field">
      CSV or JSON lines
      <textarea
        rows="6"
        spellcheck="false"
        placeholder=${EXAMPLE}
        value=${text}
        onInput=${(/** @type {any} */ event) => write(event.target.value)}
      ></textarea>
      <small>Columns: <code>${EXAMPLE}</code>, and <code>theme</code>, <code>tags</code>. At most 1,000 rows.</small>
    </label>
  `;
}

/** @param {{ of: Imported }} props */
const Outcome = ({ of }) => html`
  <div class="stack" role="status">
    <p>
      ${Object.entries(of.counts)
        .filter(([, number]) => number > 0)
        .map(
          ([outcome, number]) => `${count(number)} ${of.dry_run && outcome === "created" ? "would be " : ""}${outcome}`,
        )
        .join(", ")}.
    </p>
    ${of.warnings.map((one) => html`<${Note} tone="warn"><p>${one}</p><//>`)}
    <${Table} label="Rows" columns=${["Line", "Account", "Result", "Why"]}>
      ${of.rows.slice(0, SHOWN).map((one) => html`<${ImportedLine} key=${one.row} one=${one} />`)}
    <//>
    ${of.rows.length > SHOWN && html`<p class="soft">The first ${count(SHOWN)} are shown.</p>`}
  </div>
`;

/** @param {{ one: ImportedRow }} props */
function ImportedLine({ one }) {
  const [icon, word, tone] = OUTCOMES[one.outcome] ?? ["alert", one.outcome, "warn"];
  return html`
    <tr>
      <td class="number">${count(one.line)}</td>
      <th scope="row">${one.account_id ? html`<code>${one.account_id}</code>` : "–"}</th>
      <td><${Badge} tone=${tone} icon=${icon}>${word}<//></td>
      <td><bdi>${one.error?.detail ?? "–"}</bdi></td>
    </tr>
  `;
}
