"""Finds what a worker's free slots can do now."""

import random
from typing import Any

from warmup.api import errors
from warmup.api.models import Claimed
from warmup.client import Client
from warmup.clocks import Mark
from warmup.transport import UNSET
from warmup.worker.handlers import Handlers
from warmup.worker.outage import UNAVAILABLE, OutageLog
from warmup.worker.session import SessionRunner
from warmup.worker.shutdown import SHORTEST_WAIT

_DEFAULT_WAIT = 30.0
"""Seconds until the next request where the service did not say when."""
_MOST_AT_ONCE = 10
_MOST_NAMED = 100


class Poller:
    """Asks the service for work."""

    def __init__(self, client: Client, handlers: Handlers, model_ids: list[str] | None, outage: OutageLog) -> None:
        self._client, self._handlers, self._models, self._outage = client, handlers, model_ids, outage

    def find(self, session: SessionRunner, count: int) -> tuple[list[Claimed], float]:
        """Return what can be done now, or for how many seconds to wait."""
        try:
            found, wait = self._claim(session, count)
            self._outage.answered()
            return found, wait
        except (errors.SessionEnded, errors.SessionNotFound):
            session.end_and_ask_why()
        except UNAVAILABLE as error:
            self._outage.failed(error)
        return [], random.uniform(1, 3)

    def _claim(self, session: SessionRunner, count: int) -> tuple[list[Claimed], float]:
        began, held = Mark.now(), session.held()
        unnamed = len(held) - len(held[:_MOST_NAMED])  # the claim answers first what it does not know that we know
        claim = self._client.leases.claim(
            bot_session=session.session_id,
            limit=min(_MOST_AT_ONCE, count + unnamed),
            model_ids=UNSET if self._models is None else self._models,
            **self._filters(),
            holding=held[:_MOST_NAMED],
            deliver=True,
        )
        fresh = [one for one in claim.items if session.is_free(one.account_id)]
        for one in fresh:
            session.keep_lease(one.account_id, one.lease.lease_token, began)
        return fresh, self.wait(claim.retry_after_seconds)

    def _filters(self) -> dict[str, list[Any]]:
        """Return what is asked for besides the models: the phases and categories that have a handler."""
        named = {"phases": self._handlers.phases, "categories": self._handlers.categories}
        return {} if self._handlers.cover_all_phases else {name: some for name, some in named.items() if some}

    def wait(self, asked: float | None) -> float:
        """Return how many seconds to wait where the service asked for so many of its own time: never fewer, and not
        the same for all bots."""
        seconds = _DEFAULT_WAIT if asked is None else asked
        return max(SHORTEST_WAIT, seconds / self._client.speed) * random.uniform(1.0, 1.1)
