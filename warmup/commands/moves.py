"""Moves on accounts, one or many: counted before, confirmed, followed to the end; a repeat skips what is done."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import typer

from warmup.api.models import BulkFilter, MovedAccount
from warmup.client import Client
from warmup.commands.common import Exit, Format, confirm, exit_code, fail, prose, say
from warmup.commands.output import show
from warmup.commands.progress import counter, progress, until_stopped
from warmup.problems import Conflict, NotFound, WarmupError
from warmup.terminal import counted

_STEP, _MOST_NAMED, _FEW = 50, 100, 10
_MISSED = ("refused", "not_done")
One = Callable[[Client, str], Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for a move: as a question, when it is done, and what it moves."""

    ask: str
    done: str
    noun: str = "account"


_WORDING: Mapping[str, Wording] = {
    "ready": Wording("Mark {} as ready", "marked ready"),
    "pause": Wording("Pause {}", "paused"),
    "resume": Wording("Resume {}", "resumed"),
    "retry": Wording("Retry {}", "retried", "case"),
    "migrate": Wording("Move {}", "moved"),
}


@dataclass(slots=True)
class Moves:
    """A move (`ready`, `pause`, `resume`, `retry`, `migrate`) on accounts; a retry with the same `content` or `other`.

    `more`: what else the body of the move has.
    """

    client: Client
    verb: str
    reason: str
    output: Format
    dry_run: bool
    yes: bool
    content: str = "same"
    more: Mapping[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[WarmupError] = field(default_factory=list)

    def go(self, account_ids: list[str] | None, model: str | None, everything: bool, one: One) -> None:
        """Move the accounts that are named, each by `one`, or all that the move concerns; may end the command."""
        if bool(account_ids) == (everything or model is not None):
            asked = self._wording.ask.format("which accounts")
            raise fail(Exit.USAGE, f"{asked}? Name them, or pass --model MODEL or --all.")
        if account_ids and self.dry_run:
            self.preview(account_ids)
        elif account_ids:
            self.named(account_ids, one)
        else:
            self.matching(BulkFilter() if model is None else BulkFilter(model_id=model))

    @property
    def _wording(self) -> Wording:
        return _WORDING[self.verb]

    def _confirm(self, number: int) -> None:
        confirm(f"{self._wording.ask.format(counted(number, self._wording.noun))}?", yes=self.yes)

    def preview(self, account_ids: list[str]) -> None:
        """Show what would be done with these accounts."""
        self._summarise(list(self._by_name(account_ids, dry_run=True)))

    def named(self, account_ids: list[str], one: One) -> None:
        """Move these accounts."""
        if len(account_ids) > 1:
            self._confirm(len(account_ids))
        try:
            with until_stopped(lambda: self._stopped(account_ids)), progress(shown=len(account_ids) > _FEW) as bar:
                step = counter(bar, self.verb, len(account_ids))
                for account_id in account_ids:
                    self._do(account_id, one)
                    step(1)
        except WarmupError:
            if self.rows:
                say(self._stopped(account_ids))
            raise
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
        outcome = "unchanged" if moved.replayed else "done"
        self.rows.append({"account_id": account_id, "outcome": outcome, "state": str(moved.state), "detail": ""})

    def _stopped(self, account_ids: list[str]) -> str:
        left = " ".join(account_ids[len(self.rows) :])
        return f"Stopped after {len(self.rows)} of {len(account_ids)}. Continue with: {left}"

    def matching(self, wanted: BulkFilter) -> None:
        """Move all accounts of the filter that the move concerns: count them, ask, then walk to the end."""
        with until_stopped(lambda: "Stopped. Nothing was changed."), progress(shown=prose.is_terminal) as bar:
            step, concerned = counter(bar, "counting", None), list[MovedAccount]()
            for found in self._steps(wanted, dry_run=True):
                concerned.append(found)
                step(1)
        possible = [one for one in concerned if one.outcome not in _MISSED]
        if self.dry_run or not possible:
            self._summarise(concerned)
            return
        self._confirm(len(possible))
        done: list[MovedAccount] = []

        def stopped() -> str:
            return (
                f"Stopped after {len(done)} of {len(concerned)}. Run the same command again: what is done is skipped."
            )

        try:
            with until_stopped(stopped), progress() as bar:
                step = counter(bar, self.verb, len(concerned))
                for found in self._steps(wanted, dry_run=False):
                    done.append(found)
                    step(1)
        except WarmupError:
            say(stopped())
            raise
        self._summarise(done, {one.account_id for one in concerned} - {one.account_id for one in done})

    def _steps(self, wanted: BulkFilter, *, dry_run: bool) -> Iterator[MovedAccount]:
        """Yield all of the filter, step by step; those for which a step had no time are requested again by name."""
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            step = self._ask(filter=wanted, dry_run=dry_run, limit=_STEP, **more)
            late = [one.account_id for one in step.results if one.outcome == "not_done"]
            yield from (one for one in step.results if one.outcome != "not_done")
            if late:
                yield from self._by_name(late, dry_run=False)
            cursor = step.next_cursor
            if cursor is None:
                return

    def _by_name(self, account_ids: list[str], *, dry_run: bool) -> Iterator[MovedAccount]:
        """Yield these, as long as each step gets some of them done."""
        left = account_ids
        while left:
            part, rest = left[:_MOST_NAMED], left[_MOST_NAMED:]
            results = self._ask(account_ids=part, dry_run=dry_run).results
            late = [one for one in results if one.outcome == "not_done"]
            yield from (one for one in results if one.outcome != "not_done")
            if len(late) == len(part):  # the service has no time at all
                yield from late
                late = []
            left = [one.account_id for one in late] + rest

    def _ask(self, **what: Any) -> Any:
        return self.client.accounts.move_all(
            action=self.verb, reason=self.reason, content=self.content, **self.more, **what
        )

    def _summarise(self, found: list[MovedAccount], gone: frozenset[str] | set[str] = frozenset()) -> None:
        """Show the outcome of each, and count; `gone` are those that somebody else had moved by then."""
        show(found, self.output, ("account_id", "outcome", "detail"))
        missed = [one for one in found if one.outcome in _MISSED]
        moved = counted(len(found) - len(missed), self._wording.noun)
        summary = f"{moved} {'would be ' if self.dry_run else ''}{self._wording.done}, {len(missed)} skipped"
        if gone:
            summary += f", {len(gone)} changed meanwhile"
        say(summary if found or gone else f"Nothing to do: no {self._wording.noun} matches.")
        if missed:
            raise typer.Exit(Exit.PARTLY)
