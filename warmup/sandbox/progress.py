"""What the operator API tells of the run: accounts, sessions, last events; for the view and the summary alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from warmup.sandbox.client import Client

PHASES = ("pfp", "bio", "post", "highlight", "story")


@dataclass(frozen=True, slots=True)
class Row:
    """One account as the list shows it."""

    account_id: str
    username: str
    state: str
    current_phase: str | None
    phase_status: str | None

    @property
    def settled(self) -> bool:
        """Whether nothing happens to it any more without people: it is active, out, or in review."""
        return self.state in {"active", "retired"} or self.in_review

    @property
    def in_review(self) -> bool:
        """Whether people must look."""
        return self.phase_status == "requires_review" and self.state != "active"

    def status_of(self, phase: str) -> str | None:
        """The status of a phase: those before the current one are completed, those after it pending."""
        if self.current_phase is None:  # before the start, or after the last phase
            return "completed" if self.state in {"active", "warming_up"} else None
        here, there = PHASES.index(self.current_phase), PHASES.index(phase)
        return "completed" if there < here else "pending" if there > here else self.phase_status


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at the whole run."""

    now: str
    speed: float
    rows: Sequence[Row]
    sessions: Sequence[dict[str, Any]]
    events: Sequence[dict[str, Any]]

    @property
    def active(self) -> int:
        """How many accounts have been warmed up."""
        return sum(row.state == "active" for row in self.rows)

    @property
    def phases_done(self) -> int:
        """How many phases of all accounts are completed."""
        return sum(row.status_of(phase) == "completed" for row in self.rows for phase in PHASES)

    @property
    def settled(self) -> bool:
        """Whether every account is active or in review."""
        return bool(self.rows) and all(row.settled for row in self.rows)


def look(api: Client, *, details: bool = True) -> Snapshot:
    """Asks the service; without details for the accounts only."""
    clock = api.get("/sandbox/clock")
    rows = [row_of(item) for item in every(api, "/api/operator/accounts")]
    sessions = api.get("/api/operator/sessions", status="live", limit=12)["items"] if details else []
    events = api.get("/api/operator/audit", day=clock["now"][:10], limit=10)["items"] if details else []
    return Snapshot(clock["now"], float(clock["speed"]), sorted(rows, key=lambda row: row.account_id), sessions, events)


def row_of(item: dict[str, Any]) -> Row:
    """An account of the list."""
    return Row(
        item["account_id"],
        item["username"],
        item["state"],
        item.get("current_phase"),
        item.get("phase_status"),
    )


def every(api: Client, path: str) -> list[dict[str, Any]]:
    """All items of a list, page after page."""
    page = api.get(path, limit=100)
    items: list[dict[str, Any]] = page["items"]
    while page["next_cursor"] is not None:
        page = api.get(path, limit=100, cursor=page["next_cursor"])
        items += page["items"]
    return items
