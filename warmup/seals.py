"""Seals of the audit: the hashes of a day's events, to be kept where nobody can change them and compared later."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from warmup.api.models import AuditEvent


def seal(day: str, events: Iterable[AuditEvent]) -> dict[str, Any]:
    """Return the seal of a day: the hash of each event by `subject#version`, and the hash over all of them."""
    hashes = {f"{one.subject}#{one.version}": one.hash for one in events}
    return {"day": day, "events": len(hashes), "head": head(hashes), "hashes": dict(sorted(hashes.items()))}


def head(hashes: Mapping[str, str]) -> str:
    """Return the hash over all events of a day: SHA-256 over a line `subject#version hash` for each, sorted."""
    lines = "".join(f"{name} {one}\n" for name, one in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def differences(kept: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between the seal that was kept and the audit as it is now; nothing if it is the same."""
    before, after = kept["hashes"], now["hashes"]
    found = [] if head(before) == kept["head"] else ["the seal itself was changed: its head does not match its hashes"]
    for name in sorted({*before, *after}):
        if name not in after:
            found.append(f"{name} is gone")
        elif name not in before:
            found.append(f"{name} was added after the seal")
        elif before[name] != after[name]:
            found.append(f"{name} was changed after the seal")
    return found
