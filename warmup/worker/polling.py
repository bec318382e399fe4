"""Finds what a worker's free slots can do now."""

import random

from warmup.api import errors
from warmup.api.models import Offer, Step
from warmup.client import Client
from warmup.clocks import Mark
from warmup.transport import UNSET
from warmup.worker.handlers import PHASES, Handlers
from warmup.worker.outage import UNAVAILABLE, OutageLog
from warmup.worker.session import SessionRunner
from warmup.worker.shutdown import SHORTEST_WAIT

_DEFAULT_WAIT = 30.0
"""Seconds until the next request where the service did not say when."""
_FOREIGN_WAIT = 60.0
"""Seconds to wait for each page that held only work without a handler here."""
_MOST_PAGES, _PAGE = 5, 100
_MOST_AT_ONCE = 10


class Poller:
    """Asks the service for work."""

    def __init__(self, client: Client, handlers: Handlers, model_ids: list[str] | None, outage: OutageLog) -> None:
        self._client, self._handlers, self._models, self._outage = client, handlers, model_ids, outage

    def find(self, session: SessionRunner, count: int) -> tuple[list[Offer], float]:
        """Return what can be done now, or for how many seconds to wait.

        With a handler for each phase accounts are claimed: bots that claim at once get different ones. With handlers
        for some phases only, accounts are chosen from the list, and leased one by one.
        """
        claimable = min(_MOST_AT_ONCE, count + session.held_count())  # a claim answers first what is held
        try:
            if self._handlers.cover_all_phases and claimable > session.held_count():
                found, wait = self._claim(session, claimable)
            else:
                found, wait = self._choose(session, count)
            self._outage.answered()
            return found, wait
        except (errors.SessionEnded, errors.SessionNotFound):
            session.end_and_ask_why()
        except UNAVAILABLE as error:
            self._outage.failed(error)
        return [], random.uniform(1, 3)

    def _claim(self, session: SessionRunner, limit: int) -> tuple[list[Offer], float]:
        began = Mark.now()
        models = UNSET if self._models is None else self._models
        claim = self._client.leases.claim(bot_session=session.session_id, limit=limit, model_ids=models)
        fresh = [one for one in claim.items if session.is_free(one.account_id)]
        for one in fresh:
            session.keep_lease(one.account_id, one.lease.lease_token, began)
        return [Offer.model_validate(one.model_dump()) for one in fresh], self.wait(claim.retry_after_seconds)

    def _choose(self, session: SessionRunner, count: int) -> tuple[list[Offer], float]:
        """Choose from the list, past the work of others, a few pages at most; the more pages, the longer the wait."""
        found: list[Offer] = []
        cursor, pages = None, 0
        model = self._models[0] if self._models is not None and len(self._models) == 1 else None
        while True:
            pages += 1
            page = self._client.leases.ready(limit=_PAGE, model_id=model, cursor=cursor)
            found += [one for one in page.items if self._is_ours(one) and session.is_free(one.account_id)]
            cursor = page.next_cursor
            if len(found) >= count or cursor is None or pages == _MOST_PAGES:
                break
        if found:
            random.shuffle(found)
            return found[:count], 0.0
        asked = page.retry_after_seconds if pages == 1 else None
        return [], self.wait(_FOREIGN_WAIT * pages if asked is None else asked)

    def _is_ours(self, one: Offer) -> bool:
        phase = PHASES[0] if one.action == Step.START_WARMUP else one.phase
        ours = self._models is None or one.model_id in self._models
        return ours and (one.action == Step.COMPLETE_WARMUP or phase in self._handlers)

    def wait(self, asked: float | None) -> float:
        """Return how many seconds to wait where the service asked for so many of its own time: never fewer, and not
        the same for all bots."""
        seconds = _DEFAULT_WAIT if asked is None else asked
        return max(SHORTEST_WAIT, seconds / self._client.speed) * random.uniform(1.0, 1.1)
