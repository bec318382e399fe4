"""Numbers of those who claim from one model at once: each stands for an account, so that they do not meet.

They are those of `domain.turns`, in a ranking of accounts: by how long they have waited.
"""

import hashlib
from collections.abc import Collection, Iterable
from datetime import timedelta

from chalicelib.context import Context
from chalicelib.dispatch.lines import Line
from chalicelib.domain.dispatch import WorkWanted
from chalicelib.domain.turns import MET_SECONDS, MOST_PLACES, Turn, window, windows_before
from chalicelib.tables.base import remember, remembers
from chalicelib.tables.settings import BEFORE, keep_turns, promised, take_turn

_ACCOUNTS = "accounts"
_BEFORE = BEFORE + _ACCOUNTS
_KEPT = timedelta(hours=1)


def digest(asked: Iterable[Collection[str] | None]) -> str:
    """What a caller asks for, in the name of a number."""
    among = repr([None if one is None else sorted(one) for one in asked])
    return hashlib.sha256(among.encode()).hexdigest()[:16]


class Numbers:
    """The numbers that one claim takes, among those who ask for the same."""

    def __init__(self, context: Context, wanted: WorkWanted) -> None:
        self._context = context
        self._asked = digest((wanted.actions, wanted.phases, wanted.categories))

    def meet(self, model: str) -> None:
        """Keep in mind that somebody else was faster: for some seconds numbers are taken at once."""
        remember(self._met(model), MET_SECONDS, True)

    def have_met(self, model: str) -> bool:
        """Whether somebody else was faster within the last seconds."""
        return remembers(self._met(model))

    def next(self, model: str, line: Line, left_out: Collection[str]) -> str | None:
        """Return the account that the next number stands for; None where all are promised to others.

        Raises TemporarilyUnavailable.
        """
        while True:
            number, listed, promised_before = self._take(model, line)
            account_id = Turn(number).of(listed)
            if account_id is None:  # so many have come that the list is over
                return line.beyond({*listed, *promised_before, *left_out}, number - len(listed) - 1)
            if account_id not in left_out:
                return account_id

    def _take(self, model: str, line: Line) -> tuple[int, list[str], list[str]]:
        ranking, since = self._ranking(model), window(self._context.by_now, self._context.settings.turn_seconds)
        number, lists = take_turn(ranking, since, self._context.now + _KEPT)
        if _ACCOUNTS not in lists:
            before = promised(ranking, windows_before(since, self._context.settings.turn_seconds))
            gone = before.get(_ACCOUNTS, set())
            longest_waiting = line.head(MOST_PLACES, gone)
            lists = keep_turns(ranking, since, {_ACCOUNTS: longest_waiting, _BEFORE: sorted(gone)})
        return number, lists[_ACCOUNTS], lists[_BEFORE]

    def _ranking(self, model: str) -> str:
        return f"accounts:{model}:{self._asked}"

    def _met(self, model: str) -> str:
        return f"met:{self._ranking(model)}"
