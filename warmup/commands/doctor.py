"""`warmup doctor`: checks the way from here to the service."""

import stat
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import typer

from warmup.client import Client
from warmup.commands.common import Exit, Format, Output, Place, config_file, explained, where
from warmup.commands.output import show
from warmup.problems import AuthError, WarmupError


def doctor(context: typer.Context, output: Output = Format.TABLE) -> None:
    """Check the way from here to the service, and say what to fix.

    Example: warmup doctor
    """
    rows = [{"check": check, "ok": ok, "found": found} for check, ok, found in _checks(context)]
    show([{**row, "ok": "yes" if row["ok"] else "NO"} for row in rows], output, ("check", "ok", "found"), wrapped=True)
    if not all(row["ok"] for row in rows):
        raise typer.Exit(Exit.ERROR)


def _checks(context: typer.Context) -> Iterator[tuple[str, bool, str]]:
    yield "python", sys.version_info >= (3, 11), sys.version.split()[0]
    file = config_file()
    if file.exists():
        safe = not stat.S_IMODE(file.stat().st_mode) & 0o077
        yield "profiles", safe, str(file) if safe else f"others can read it: chmod 600 {file}"
    place = where(context, "WARMUP_OPERATOR_KEY", "WARMUP_KEY")
    try:
        with Client(place.url, place.key) as client:
            began = time.monotonic()
            health = client.health.health()
            yield "service", True, f"{place.url} answers in {(time.monotonic() - began) * 1000:.0f} ms"
            if client.speed == 1:
                skew = abs((datetime.now(UTC) - health.now).total_seconds())
                yield "clock", skew < 30, f"{skew:.0f} s apart" + ("" if skew < 30 else ": set this machine's clock")
            paused = client.health.ready().pipeline_paused
            yield "store", True, "the pipeline is paused" if paused else "reached"
            yield from _key(client, place)
    except WarmupError as error:
        yield "service", False, str(error)


def _key(client: Client, place: Place) -> Iterator[tuple[str, bool, str]]:
    if not place.key:
        yield "key", False, "no key: set WARMUP_OPERATOR_KEY, or use a profile"
        return
    try:
        overview = client.pipeline.overview()
    except AuthError as error:
        bot = error.code == "forbidden"
        yield "key", bot, f"a bot's, from {place.key_source}" if bot else explained(error)
        return
    yield "key", True, f"an operator's, from {place.key_source}"
    silent = [one.name for one in overview.timers if one.ran_at is None]
    yield "timers", not silent, f"never ran: {', '.join(silent)}" if silent else "have run"
