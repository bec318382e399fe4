"""Seals of the audit: whatever was changed, added or taken out since is named."""

import pytest

from warmup.api.models import AuditEvent
from warmup.seals import differences, seal


def event(version: int, digest: str = "a") -> AuditEvent:
    """An event of an account with this hash."""
    return AuditEvent.model_construct(subject="account:a1", version=version, hash=digest * 64)


SEALED = seal("2026-11-22", [event(2), event(1)])


def test_a_seal_does_not_depend_on_the_order_of_events() -> None:
    assert seal("2026-11-22", [event(1), event(2)]) == SEALED
    assert (SEALED["events"], len(SEALED["head"])) == (2, 64)


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ([event(1), event(2)], []),
        ([event(1)], ["account:a1#2 is gone"]),
        ([event(1), event(2, "b")], ["account:a1#2 was changed after the seal"]),
        ([event(1), event(2), event(3)], ["account:a1#3 was added after the seal"]),
    ],
)
def test_what_differs_from_the_seal_is_named(now: list[AuditEvent], found: list[str]) -> None:
    assert differences(SEALED, seal("2026-11-22", now)) == found


def test_a_seal_that_was_changed_itself_is_found() -> None:
    forged = {**SEALED, "hashes": {**SEALED["hashes"], "account:a1#2": "b" * 64}}
    assert "the seal itself" in differences(forged, seal("2026-11-22", [event(1), event(2, "b")]))[0]
