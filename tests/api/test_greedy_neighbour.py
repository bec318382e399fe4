"""One bot that wants everything beside twenty honest ones, counted: they finish as much as they would without it."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.edge.serve import installed
from tests.agency import Agency, Bot
from tests.api.test_rate_limits import FLOOD, READY, Caller, wrong

HONEST, ROUNDS, ACCOUNTS, JOB_SECONDS = 20, 2, 95, 60


class Greedy:
    """Opens all sessions that it gets, claims in each of them as much as it gets, and lets nothing go."""

    def __init__(self, agency: Agency, app: Any) -> None:
        self._agency, self._flood = agency, Caller(app, FLOOD)
        self._bot, self._sessions = agency.bot("b2"), list[Bot]()
        self.answers: list[int] = []

    def act(self) -> None:
        """One round of it: sessions, claims, heartbeats, wrong keys, and a body of 80,000 rows."""
        for _ in range(10):
            opened = self._bot.send("POST", "/api/bot/sessions", {})
            self.answers.append(opened.status)
            if opened.status == 201:
                self._sessions.append(
                    Bot(self._agency.client, "b2", self._agency.keys["b2"], opened.json["session_id"])
                )
        for session in self._sessions:
            session.heartbeat().ok()
            self.answers.append(session.claim(limit=10).status)
        self.answers += [self._flood.get(READY, wrong(number))[0] for number in range(60)]
        rows = self._bot.send("POST", "/api/operator/accounts/import", raw=b"{}\n" * 80_000, content_type="text/csv")
        self.answers.append(rows.status)


def finished(agency: Agency, honest: list[Bot], greedy: Greedy | None) -> int:
    """How many phases the honest bots complete, each claiming one in each round."""
    done = 0
    for _ in range(ROUNDS):
        if greedy is not None:
            greedy.act()
        claims = [(bot, one) for bot in honest for one in bot.claim(limit=1, deliver=True).ok()["items"]]
        agency.time.advance(JOB_SECONDS)
        for bot, one in claims:
            bot.complete("pfp", one["lease"]["lease_token"], one["account_id"]).ok()
            done += 1
    return done


@pytest.mark.parametrize("beside", [False, True], ids=["among themselves", "beside one that wants everything"])
def test_honest_bots_finish_as_much_as_without_the_greedy_one(
    agency: Agency, app: Any, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    monkeypatch.setattr(installed, "settings", replace(installed.settings, max_leases=50, max_sessions=20))
    for number in range(HONEST * ROUNDS):  # a file rests for a day after it was used
        agency.operator.media(f"more-{number}", "pfp")
    for number in range(ACCOUNTS):
        agency.operator.account(f"n{number}")
    honest = [agency.hire(f"honest-{number}").with_session() for number in range(HONEST)]
    greedy = Greedy(agency, app) if beside else None
    done = finished(agency, honest, greedy)
    assert done >= 0.8 * HONEST * ROUNDS
    assert done == HONEST * ROUNDS, "not one of them had to wait"
    if greedy is not None:
        held = {status: greedy.answers.count(status) for status in set(greedy.answers)}
        assert held[429] > 60 and held[201] == 20, "as many sessions as it may have, and then no more"
        assert 500 not in held
