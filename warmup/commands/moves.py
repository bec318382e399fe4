"""Moves on accounts, one or many: told before, confirmed, counted; what is done already is left alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import typer

from warmup.api.models import MovedAccount, RosterFilter
from warmup.client import Client
from warmup.commands.common import Exit, Format, confirm, counter, exit_code, fail, progress, say, show, until_stopped
from warmup.problems import Conflict, NotFound, WarmupError

_STEP, _MOST_NAMED, _FEW = 50, 100, 10
One = Callable[[Client, str], Any]


@dataclass(slots=True)
class Moves:
    """A move (`ready`, `pause`, `resume`, `retry`) on accounts."""

    client: Client
    verb: str
    reason: str
    output: Format
    dry_run: bool
    yes: bool
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[WarmupError] = field(default_factory=list)

    def go(self, account_ids: list[str] | None, model: str | None, everything: bool, one: One) -> None:
        """Does it with the accounts that are named, each by `one`, or with all that it concerns; ends the command."""
        if bool(account_ids) == (everything or model is not None):
            raise fail(Exit.USAGE, f"{self.verb} which accounts? Name them, or say --model MODEL, or --all.")
        if account_ids and self.dry_run:
            self.rehearse(account_ids)
        elif account_ids:
            self.named(account_ids, one)
        else:
            self.matching(RosterFilter() if model is None else RosterFilter(model_id=model))

    def rehearse(self, account_ids: list[str]) -> None:
        """Says what it would do with these."""
        parts = (account_ids[start : start + _MOST_NAMED] for start in range(0, len(account_ids), _MOST_NAMED))
        self._tell([found for part in parts for found in self._ask(account_ids=part, dry_run=True).results])

    def named(self, account_ids: list[str], one: One) -> None:
        """Does it with these."""
        if len(account_ids) > 1:
            confirm(f"{self.verb} {len(account_ids)} accounts?", yes=self.yes)
        try:
            with until_stopped(lambda: self._stopped(account_ids)), progress(shown=len(account_ids) > _FEW) as bar:
                step = counter(bar, self.verb, len(account_ids))
                for account_id in account_ids:
                    self._do(account_id, one)
                    step(1)
        finally:
            show(self.rows, self.output, ("account_id", "outcome", "state", "detail"))
        if self.refused:
            raise typer.Exit(exit_code(self.refused[0]) if len(self.refused) == len(account_ids) else Exit.PARTLY)

    def _do(self, account_id: str, one: One) -> None:
        try:
            moved = one(self.client, account_id)
        except (Conflict, NotFound) as error:
            self.refused.append(error)
            self.rows.append({"account_id": account_id, "outcome": "refused", "state": "", "detail": error.detail})
            return
        outcome = "was so already" if moved.replayed else "done"
        self.rows.append({"account_id": account_id, "outcome": outcome, "state": str(moved.state), "detail": ""})

    def _stopped(self, account_ids: list[str]) -> str:
        left = " ".join(account_ids[len(self.rows) :])
        return f"Stopped after {len(self.rows)} of {len(account_ids)}. Go on with: {left}"

    def matching(self, wanted: RosterFilter) -> None:
        """Does it with all accounts of the filter that it concerns."""
        with until_stopped(lambda: "Stopped. Nothing was changed."):
            concerned = list(self._steps(wanted, dry_run=True))
        if self.dry_run or not concerned:
            self._tell(concerned)
            return
        confirm(f"{self.verb} {len(concerned)} accounts?", yes=self.yes)
        done: list[MovedAccount] = []

        def stopped() -> str:
            return f"Stopped after {len(done)} of {len(concerned)}. Say the same again: what is done is left alone."

        with until_stopped(stopped), progress() as bar:
            step = counter(bar, self.verb, len(concerned))
            for found in self._steps(wanted, dry_run=False):
                done.append(found)
                step(1)
        self._tell(done)

    def _steps(self, wanted: RosterFilter, *, dry_run: bool) -> Iterator[MovedAccount]:
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            step = self._ask(filter=wanted, dry_run=dry_run, limit=_STEP, **more)
            yield from step.results
            cursor = step.next_cursor
            if cursor is None:
                return

    def _ask(self, **what: Any) -> Any:
        return self.client.roster.move_all(action=self.verb, reason=self.reason, **what)

    def _tell(self, found: list[MovedAccount]) -> None:
        show(found, self.output, ("account_id", "outcome", "detail"))
        missed = [one for one in found if one.outcome in ("refused", "not_done")]
        what = "would be" if self.dry_run else "are"
        say(f"{self.verb}: {len(found) - len(missed)} accounts {what} moved, {len(missed)} are not")
        if missed:
            raise typer.Exit(Exit.PARTLY)
