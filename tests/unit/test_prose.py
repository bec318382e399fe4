"""No file has the words and habits that docs/writing.md asks us to leave.

`SETS` says which files are read, and how. Code, in backticks or in a fenced block, is not prose.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# pattern → what to write instead
BANNED = {
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\banew\b": "again",
    r"\bunharmed\b": "without recording an outcome",
    r"\brehears\w+": "try, or dry run",
    r"\bpeople\b": "operator, approver, user, bot",
    r"(?<!there )\b(is|was|are|were) no (?!longer\b|more\b|one\b)\w+": "is not a …",
    r"\b(make|makes|made|does|do|did) nothing twice\b": "creates no duplicate",
    r"\btold\b": "reported, shown, named",
    r"\btells?\b(?! (us|you|me)\b)": "reports, shows, says",
    r"\b(let|for|by) who\b|\bwhoever\b(?! works\b)|(?<=\. )Who\b[^?\n]*[,;]": "name who acts",
    r"\b(take|takes|taken|took) .{0,40} for (complete|done|completed|granted)\b": "mark as completed",
    r"\blooks? at by\b|\blooked at by\b": "reviewed by",
    r"\bstands? (beside|in the way|against|there)\b": "is next to, blocks",
    r"\bfloor\b": "operations",
    r"\bhungry\b|\bstarv(es|ing)\b(?!`)": "content unavailable",
    r"\btwins?\b": "duplicate",
    r"\btraveller|\bshel(f|ves)\b|\bshun(s|ned)?\b": "the field's term",
    r"\bthe state of things\b|\bcame of (it|them)\b|\bbrought about\b": "the state, the outcome",
    r"\bin (hand|care)\b": "in progress, under management",
    r"\b(shown|seen) this once\b": "shown only once",
    r"\bby hand to\b|\bsays no\b": "refuses",
    r"\bcounts? for nobody\b|\bnobody was\b|\bknows no\b|\bknow no\b": "does not …",
    r"\bfor ever\b": "forever",
    r"\bpartly\b": "partial, has more",
    r"\broster\b": "accounts",
    r"\bfor people\b|\bby people\b": "for operators",
}


def _markdown(text: str) -> str:
    """The prose of a page: no fenced blocks, no code, no addresses of links; lines stay where they were."""
    text = re.sub(r"^```.*?^```$", lambda found: "\n" * found[0].count("\n"), text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\]\([^)\n]*\)", "]", re.sub(r"`[^`\n]*`", "``", text))


def _docstrings(text: str) -> str:
    """The docstrings of a module, each on the line where it begins."""
    lines = [""] * (text.count("\n") + 2)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                for number, line in enumerate(first.value.value.splitlines()):
                    lines[first.lineno - 1 + number] = re.sub(r"`[^`]*`", "``", line)
    return "\n".join(lines)


def _strings(text: str) -> str:
    """All strings of a module (messages, prompts, help), docstrings among them, each on its line."""
    lines = [""] * (text.count("\n") + 2)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for number, line in enumerate(node.value.splitlines()):
                at = min(node.lineno - 1 + number, len(lines) - 1)
                lines[at] += " " + re.sub(r"`[^`]*`", "``", line)
    return "\n".join(lines)


_JAVASCRIPT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)


def _javascript(text: str) -> str:
    """The comments, strings and templates of a script, each on its line; no expressions inside of templates."""
    prose, at = "", 0
    for found in _JAVASCRIPT.finditer(text):
        prose += "\n" * text.count("\n", at, found.start()) + " " + re.sub(r"\$\{[^{}]*\}|<[^<>]*>", _blank, found[0])
        at = found.end()
    return prose


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


Reader = Callable[[str], str]
UNREAD = {
    *("routes.md", "errors.md", "audit-tags.md", "commands.md"),  # generated from messages, help and declarations
    "writing.md",  # shows the habits to leave, in its table
}

CONSOLE = sorted((ROOT / "chalicelib" / "console").glob("*.js"))

# name → the files, and how their prose is read
SETS: dict[str, tuple[list[Path], Reader]] = {
    "docs": ([file for file in sorted((ROOT / "docs").rglob("*.md")) if file.name not in UNREAD], _markdown),
    "root": ([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], _markdown),
    "reference": (sorted((ROOT / "docs" / "reference").glob("*.md")), _markdown),
    "service": (sorted((ROOT / "chalicelib").rglob("*.py")), _strings),
    "client": (sorted((ROOT / "warmup").rglob("*.py")), _strings),
    "infrastructure": (sorted((ROOT / "infrastructure").rglob("*.py")), _strings),
    "console": ([file for file in CONSOLE if file.name != "preact.js"], _javascript),
    "tests": (sorted((ROOT / "tests").rglob("*.py")), _docstrings),
}
READ = (
    "docs",
    "root",
    "service",
    "client",
    "infrastructure",
    "console",
)  # a set is switched on by its name, once it has been cleaned
FILES = [(file, reader) for files, reader in (SETS[name] for name in READ) for file in files]


def faults(prose: str) -> Iterator[str]:
    """Every banned habit in the prose, with its line and what to write instead."""
    for pattern, instead in BANNED.items():
        for found in re.finditer(pattern, prose, re.IGNORECASE):
            line = prose.count("\n", 0, found.start()) + 1
            yield f"line {line}: “{found[0]}”, write: {instead}"


@pytest.mark.parametrize(("file", "reader"), FILES, ids=[str(file.relative_to(ROOT)) for file, _ in FILES])
def test_no_file_has_a_habit_that_writing_bans(file: Path, reader: Reader) -> None:
    assert list(faults(reader(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "What fails is tried again, and then looked at by people.",
        "Mended: the body is no JSON.",
        "Take a phase for completed: it was done outside.",
        "The same file sent again makes nothing twice.",
        "The account was given back unharmed.",
        "The pictures are made anew.",
        "`make deploy` rehearses on an emulator.",
        "Let who loses draw among more.",
        "The answer tells what happened.",
    ],
)
def test_the_habits_are_found(sentence: str) -> None:
    assert list(faults(_markdown(sentence))) != []


@pytest.mark.parametrize(
    "sentence",
    [
        "The lease is no longer live.",
        "Failures are retried, then sent to an operator.",
        "`told` is the answer that ended the last lease.",
        "```\nwarmup tell people\n```",
    ],
)
def test_plain_sentences_and_code_pass(sentence: str) -> None:
    assert list(faults(_markdown(sentence))) == []


def test_strings_and_docstrings_are_read_where_they_are() -> None:
    module = 'def ask() -> str:\n    """Tells people."""\n    return "mend it"\n'
    assert [line.partition(":")[0] for line in faults(_docstrings(module))] == ["line 2", "line 2"]
    assert {line.partition(":")[0] for line in faults(_strings(module))} == {"line 2", "line 3"}


def test_comments_strings_and_templates_of_a_script_are_read_where_they_are() -> None:
    script = 'const told = "people";\n// mend it\nhtml`<b title=${told}>anew\n${tell(1)}</b>`;\n'
    found = [line.partition(",")[0] for line in faults(_javascript(script))]
    assert found == ["line 2: “mend”", "line 3: “anew”", "line 1: “people”"]
