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
        "# Routes\n\nThe complete contract is `/openapi.json`; a running service shows it at `/docs`. In the typed "
        "client, call an operation as `client.noun.verb(…)`.\n"
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
        "# Errors\n\nEvery error response is a problem document (RFC 9457) with a `code`. Its `type` is the address "
        "of a page of the service, `/docs/errors/CODE`. Retryable: the same request may succeed later.\n\n"
        "| code | status | retryable | means | what to do |\n|---|---|---|---|---|\n" + "".join(rows)
    )


# setting → its unit, and what it is for
SETTINGS = {
    "release": ("", "the name of the release, as `GET /api/operator/service` reports it"),
    "table_prefix": ("", "the beginning of every table's name"),
    "media_bucket": ("", "the S3 bucket that holds the media"),
    "pepper": ("", "the secret under which keys are hashed (HMAC-SHA256) and cursors signed"),
    "previous_pepper": ("", "the pepper before it, accepted while keys are rotated"),
    "operator_key_digest": ("", "the hash of an operator's key that is in no table; the sandbox and the tests set it"),
    "default_plan": ("", "the plan of new accounts that name none, and whose model names none"),
    "lease_seconds": ("seconds", "how long a lease lasts; each heartbeat extends it by this time"),
    "heartbeat_seconds": ("seconds", "how often bots are asked to send a heartbeat"),
    "session_seconds": ("seconds", "after this time without a request, a session counts as lost"),
    "open_after_seconds": (
        "seconds",
        "how long a phase whose interval has passed is left to workers, before the timer records its opening",
    ),
    "queue_shards": (
        "shards",
        "how many keys the queue index is spread over, each for 1,000 write units per second",
    ),
    "deadline_seconds": (
        "seconds",
        "how long a request may take, unless its route sets another time",
    ),
    "url_seconds": ("seconds", "how long a presigned upload or download URL is valid"),
    "verify_media": ("`true` or `false`", "whether a new item's file is checked in the bucket; `false` is for tests"),
    "key_cache_seconds": ("seconds", "how long a function remembers a valid key; a revoked key can work that long"),
    "turn_seconds": ("seconds", "how long numbers are counted up that order the bots which want the same item"),
    "gate_cache_seconds": ("seconds", "how old the list of pauses may be when ready accounts are listed"),
    "bulk_workers": ("threads", "how many accounts a bulk request or an import writes at a time"),
    "log_stream": ("", "where logs are written: `stdout` or `stderr`"),
    "metrics_namespace": ("", "the CloudWatch namespace of the metrics"),
    "max_leases": ("leases", "how many live leases a bot may hold at a time, unless it has a limit of its own"),
    "max_sessions": ("sessions", "how many live sessions a bot may have at a time, unless it has a limit of its own"),
    "audit_days": ("days", "how long audit events are kept"),
    "session_days": ("days", "how long a session is kept after it counts as lost"),
    "open_docs": ("`true` or `false`", "whether `/docs` and `/openapi.json` are there, for anybody"),
    "oidc_issuer": (
        "",
        "the issuer whose signed tokens are accepted in place of operators' keys, exactly as it names itself",
    ),
    "oidc_audience": ("", "the audience that such a token must name"),
    "oidc_client_id": (
        "",
        "the id of the console at the issuer; not set: the audience, and the console sends ID tokens",
    ),
    "oidc_scope": ("", "what the console asks the issuer for"),
    "oidc_token_origin": ("", "the origin of the issuer's token endpoint, if it differs from the issuer's own"),
    "oidc_user_claim": ("", "the claim that identifies a user, whose value must never be given to another one"),
    "oidc_roles_claim": ("", "the claim that names a user's roles; dots lead into objects"),
    "oidc_roles": (
        "",
        "which values of that claim mean which role, as `team-a=operator,team-b=viewer`; not set: the roles' names",
    ),
    "oidc_models_claim": (
        "",
        "the claim that binds a user to models (`*` means all); not set: all users see all models",
    ),
}


def settings() -> str:
    """Every setting with its default, its unit and its description."""
    rows = [
        f"| `WARMUP_{name.upper()}` | {_default(value)} | {SETTINGS[name][0]} | {SETTINGS[name][1]} |\n"
        for name, value in _defaults().items()
    ]
    return (
        "# Settings\n\nThe service reads these environment variables once, when it starts. On AWS the deployment sets "
        "them: see [Operations](../operations.md#stages) for the parameters of a stack.\n\n"
        "| variable | default | unit | description |\n|---|---|---|---|\n" + "".join(rows)
    )


def _default(value: object) -> str:
    if value == "":
        return "not set"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _defaults() -> dict[str, object]:
    return {field.name: field.default for field in dataclasses.fields(Settings)}


def tags() -> str:
    """Every audit tag with its sentence."""
    rows = "\n".join(f"| `{action}` | {_sentence(action)} |" for action in actions.AuditAction)
    return (
        "# Audit tags\n\nEvery audit event has a tag of the form `subject:verb`. The samples show how the audit words "
        f"an event; `–` stands for a detail of that event.\n\n| tag | sample |\n|---|---|\n{rows}\n"
    )


def _sentence(action: actions.AuditAction) -> str:
    told = actions.summary(action, actor="bot bot-1", subject="account:nora-1", details={})
    return told.replace("|", "\\|")


def states() -> str:
    """The transitions as diagrams."""
    return (
        "# States\n\nThe states of accounts and phases, and the transitions between them. The diagrams are generated "
        "from the tables that the service itself uses. The [glossary](../glossary.md) explains each word.\n\n"
        "## Accounts\n\n"
        f"{_diagram(_edges(accounts.TRANSITIONS))}\n## Phases\n\n{_diagram(_edges(phases.TRANSITIONS))}"
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
    parts = ["# Commands\n\n`warmup NOUN VERB --help` shows the same text.\n"]
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
    return f"# Decisions\n\nDecisions that would surprise a newcomer, half a page each.\n\n{rows}\n"


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
