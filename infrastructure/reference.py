"""The reference pages of the documentation, written from routes, codes, settings, moves, commands."""

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer.main

from chalicelib.domain import accounts, actions, phases
from chalicelib.settings import Settings
from infrastructure.openapi import ROOT, document
from infrastructure.problems import CODES
from warmup.cli import app

FOLDER = ROOT / "docs" / "reference"
_WRITTEN = "<!-- written by `make openapi` -->\n\n"


def routes() -> str:
    """Every route, by noun."""
    told = document()
    descriptions = {tag["name"]: tag["description"].partition("\n")[0] for tag in told["tags"]}
    rows: dict[str, list[str]] = {}
    for path, methods in told["paths"].items():
        for method, one in methods.items():
            row = f"| `{method.upper()} {path}` | {one['summary']} | `{one['operationId']}` |"
            rows.setdefault(one["tags"][0], []).append(row)
    head = (
        "# Routes\n\nThe whole contract is `/openapi.json`; a running service shows it at `/docs`. In the typed client "
        "an operation is `client.noun.verb(…)`.\n"
    )
    table = "| route | does | operation |\n|---|---|---|\n"
    parts = [f"## {noun}\n\n{descriptions[noun]}\n\n{table}" + "\n".join(rows[noun]) for noun in sorted(rows)]
    return "\n\n".join([head.rstrip(), *parts]) + "\n"


def errors() -> str:
    """Every code, with what to do."""
    rows = [
        f'| <a id="{one.code}"></a>`{one.code}` | {one.status} | {"yes" if one.retryable else "no"} '
        f"| {one.detail} | {one.remedy} |\n"
        for one in CODES.values()
    ]
    return (
        "# Errors\n\nEvery refusal is a problem document (RFC 9457) with a `code`; its `type` opens a page of the "
        "service itself, `/docs/errors/CODE`. Retryable: the same request, sent later, has a chance.\n\n"
        "| code | status | retryable | means | what to do |\n|---|---|---|---|---|\n" + "".join(rows)
    )


def settings() -> str:
    """Every setting with its default."""
    rows = [f"| `WARMUP_{name.upper()}` | `{value if value != '' else '–'}` |\n" for name, value in _defaults().items()]
    return (
        f"# Settings\n\n{inspect.getdoc(Settings)}\n\nA deployment sets them: see [Operations](../operations.md).\n\n"
        "| variable | default |\n|---|---|\n" + "".join(rows)
    )


def _defaults() -> dict[str, object]:
    return {field.name: field.default for field in dataclasses.fields(Settings)}


def tags() -> str:
    """Every audit tag with its sentence."""
    rows = "\n".join(f"| `{action}` | {_sentence(action)} |" for action in actions.Action)
    return f"# Audit tags\n\n`subject:verb`; the verb is the one in the URL.\n\n| tag | told as |\n|---|---|\n{rows}\n"


def _sentence(action: actions.Action) -> str:
    told = actions.sentence(action, actor="bot bot-1", subject="account:nora-1", details={})
    return told.replace("|", "\\|")


def states() -> str:
    """The moves as diagrams."""
    return (
        "# States\n\nMade from the tables of moves by which the service itself decides.\n\n## Accounts\n\n"
        f"{_diagram(_edges(accounts.MOVES))}\n## Phases\n\n{_diagram(_edges(phases.MOVES))}"
    )


def _edges(moves: Mapping[Any, Mapping[Any, Any]]) -> Iterator[tuple[str, str, str]]:
    for before, after in moves.items():
        for move, to in after.items():
            for one in to if isinstance(to, tuple) else (to,):
                yield str(before), str(one), str(move)


def _diagram(edges: Iterator[tuple[str, str, str]]) -> str:
    together: dict[tuple[str, str], list[str]] = {}
    for before, after, move in edges:
        together.setdefault((before, after), []).append(move)
    lines = "\n".join(f"    {before} --> {after}: {', '.join(moves)}" for (before, after), moves in together.items())
    return f"```mermaid\nstateDiagram-v2\n{lines}\n```\n"


def commands() -> str:
    """Every command with its options."""
    parts = ["# Commands\n\n`warmup NOUN VERB --help` tells the same.\n"]
    parts += [_command(path, command) for path, command in _leaves(typer.main.get_command(app), ("warmup",))]
    return "\n".join(parts)


def _leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield path, command
    for name, child in children.items():
        yield from _leaves(child, (*path, name))


def _command(path: tuple[str, ...], command: Any) -> str:
    told = re.sub(r"Example: (.+)", r"`\1`", inspect.cleandoc(command.help or ""))
    rows = [
        f"| `{_option(one)}` | {getattr(one, 'help', None) or ''} |" for one in command.params if one.name != "help"
    ]
    table = "\n\n| option | |\n|---|---|\n" + "\n".join(rows) if rows else ""
    return f"## {' '.join(path)}\n\n{told}{table}\n"


def _option(one: Any) -> str:
    return " ".join(one.opts) if one.param_type_name == "option" else str(one.name).upper()


def decisions() -> str:
    """The index of decisions."""
    files = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    rows = "\n".join(f"* [{_title(file)}](decisions/{file.name})" for file in files)
    return f"# Decisions\n\nWhat would surprise a newcomer, half a page each.\n\n{rows}\n"


def _title(file: Path) -> str:
    return file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").strip()


def files() -> dict[Path, str]:
    """What is written, by file."""
    pages = {"routes": routes, "errors": errors, "settings": settings, "audit-tags": tags, "states": states}
    written = {FOLDER / f"{name}.md": make() for name, make in {**pages, "commands": commands}.items()}
    return {file: _WRITTEN + text for file, text in {**written, ROOT / "docs" / "decisions.md": decisions()}.items()}


def main() -> None:
    """Writes the pages."""
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
