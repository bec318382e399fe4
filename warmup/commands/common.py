"""What the commands share: where the service is, messages, confirmation, how a command ends.

URL and key come from WARMUP_URL and WARMUP_OPERATOR_KEY (for `work`: WARMUP_KEY), or from a profile in
`profiles.toml` (`--profile NAME`, WARMUP_PROFILE): `[NAME]`, `url = "…"`, `key = "…"`, readable by you alone.
The option goes before the variables, these before WARMUP_PROFILE.
"""

import ipaddress
import os
import re
import stat
import sys
import time
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.text import Text

from warmup.api.errors import Unauthenticated
from warmup.client import Client
from warmup.problems import (
    ApiError,
    AuthError,
    Conflict,
    NotFound,
    TryLater,
    Unreachable,
    Unsendable,
    WarmupError,
    refused_key,
)
from warmup.retry import RetryPolicy

DEFAULT_URL = "http://127.0.0.1:8000"
STEERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
prose = Console(stderr=True, highlight=False, soft_wrap=True)


class Exit(IntEnum):
    """How a command ends."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    PARTLY = 5
    AUTH = 6
    LATER = 7
    INTERRUPTED = 130


class Format(StrEnum):
    """How data is written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


Output = Annotated[Format, typer.Option("--output", "-o", help="Format of the data on standard output.")]
Reason = Annotated[str, typer.Option("--reason", help="The reason; it is recorded in the audit.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


def config_file() -> Path:
    """Return the file of the profiles."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "warmup" / "profiles.toml"


def profile(name: str | None) -> Mapping[str, str]:
    """Return a profile's url and key; nothing where none is named. Ends the command where it cannot."""
    wanted, file = name or os.environ.get("WARMUP_PROFILE"), config_file()
    if not wanted:
        return {}
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise fail(Exit.USAGE, f"Others can read {file}, which holds keys: chmod 600 {file}")
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise fail(Exit.USAGE, f"There is no {file}: write [{wanted}] with url and key into it, mode 600.") from error
    except (OSError, ValueError) as error:
        raise fail(Exit.USAGE, f"{file} cannot be read: {error}") from error
    if wanted not in found:
        raise fail(Exit.USAGE, f"{file} has no profile [{wanted}]; it has: {', '.join(sorted(found)) or 'none'}.")
    kept = found[wanted]
    if not isinstance(kept, dict) or not all(isinstance(kept.get(one, ""), str) for one in ("url", "key")):
        raise fail(Exit.USAGE, f'{file}: a profile is [{wanted}], then url = "…", key = "…".')
    return kept


@dataclass(frozen=True, slots=True)
class Place:
    """Where the service is, with which key (empty: none), and where that key came from."""

    url: str
    key: str = field(repr=False)
    key_source: str


key_source: ContextVar[str] = ContextVar("key_source")
"""Where the key came from that this command sends."""


def where(context: typer.Context, *variables: str) -> Place:
    """Return URL and key by options, environment and profile; the key from these variables.

    A profile that is named on the command line goes before the environment, one that the environment names behind it.
    """
    given: Mapping[str, Any] = context.find_root().obj or {}
    kept = profile(given.get("profile"))
    first, then = (kept, {}) if given.get("profile") else ({}, kept)
    url = given.get("url") or first.get("url") or os.environ.get("WARMUP_URL") or then.get("url") or DEFAULT_URL
    named = f"the profile {given.get('profile') or os.environ.get('WARMUP_PROFILE')}"
    keys = [(first.get("key"), named), *((os.environ.get(one), one) for one in variables), (then.get("key"), named)]
    key, source = next(((key, source) for key, source in keys if key), ("", ""))
    if source == named and key:
        _check_owner(named, str(kept.get("url") or url), url)
    if key and not given.get("insecure"):
        _check_encrypted(url)
    key_source.set(source)
    return Place(url, key, source)


def _check_owner(named: str, own: str, url: str) -> None:
    """End the command where the key of a profile would go elsewhere than to the profile's own address."""
    if _origin(own) != _origin(url):
        raise fail(
            Exit.USAGE,
            f"The key of {named} belongs to {own}, and is not sent to {url}. Leave out the other address (--url, "
            "WARMUP_URL), or set WARMUP_OPERATOR_KEY to the key for it and name no profile.",
        )


def _check_encrypted(url: str) -> None:
    """End the command where others could read the key on its way."""
    scheme, host, _ = _origin(url)
    if scheme == "http" and not _is_local(host):
        raise fail(Exit.USAGE, f"{url} is not encrypted: use https, or pass --insecure to send the key all the same.")


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        return "", url, None  # the client says what is wrong with it
    return address.scheme, address.host, address.port


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def connect(context: typer.Context, *, bot: bool = False) -> Client:
    """Return a client by options, environment and profile; it is closed with the command."""
    variables = ("WARMUP_KEY",) if bot else ("WARMUP_OPERATOR_KEY", "WARMUP_KEY")
    place = where(context, *variables)
    if not place.key:
        raise fail(Exit.AUTH, f"There is no key: set {variables[0]}, or name a profile (--profile).")
    client = Client(place.url, place.key, retry=RetryPolicy(sleep=_wait))
    context.call_on_close(client.close)
    return client


def _wait(seconds: float) -> None:
    """Wait before a request is sent again, and say so where the wait is long."""
    if seconds >= 1:
        say(f"no answer yet; asking again in {seconds:.0f} s …")
    time.sleep(seconds)


def visible(text: str, *, kept: str = "\n\t") -> str:
    """Return text for a terminal: what would steer it (escapes, overrides of the direction) is escaped."""
    return STEERS.sub(lambda one: one[0] if one[0] in kept else one[0].encode("unicode_escape").decode(), text)


def say(message: str, *, style: str = "") -> None:
    """Write a message to standard error."""
    prose.print(Text(visible(message), style=style))


def fail(code: Exit, message: str) -> typer.Exit:
    """Write why, and return what to raise to end the command with this code."""
    say(message, style="red")
    return typer.Exit(code)


def explained(error: WarmupError) -> str:
    """Return the message of an error; for a refused key with where it came from."""
    source = key_source.get("")
    return f"{error} {refused_key(source)}" if isinstance(error, Unauthenticated) and source else str(error)


def exit_code(error: WarmupError) -> Exit:
    """Return the exit code after this error."""
    match error:
        case NotFound():
            return Exit.NOT_FOUND
        case AuthError():
            return Exit.AUTH
        case TryLater() | Unreachable():
            return Exit.LATER
        case Conflict():
            return Exit.CONFLICT
        case Unsendable() | ApiError(status=400 | 413 | 415 | 422):
            return Exit.USAGE
        case _:
            return Exit.ERROR


def confirm(question: str, *, yes: bool) -> None:
    """Ask before a bulk or destructive command; end the command without a terminal to ask in."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise fail(Exit.USAGE, f"{question} There is no terminal to confirm in: pass --yes.")
    if not typer.confirm(question, err=True):
        raise typer.Exit(Exit.OK)
