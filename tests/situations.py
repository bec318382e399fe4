"""Every situation that an account can be in, each brought about through the API."""

from collections.abc import Callable
from datetime import timedelta

from tests.agency import LEASE, NOBODY_CAME, Agency, Bot

Situation = Callable[[Agency], Bot]
"""Brings account `a1` there; the bot that worked on it last."""


def imported(agency: Agency) -> Bot:
    """Imported, with consent."""
    agency.operator.account("a1", ready=False)
    return agency.worker()


def without_consent(agency: Agency) -> Bot:
    """Imported, without consent."""
    agency.operator.post("/api/operator/accounts", {"account_id": "a1", "model_id": "m1", "username": "u"}).ok(201)
    return agency.worker()


def ready(agency: Agency) -> Bot:
    """Ready to be started."""
    agency.operator.account("a1")
    return agency.worker()


def ready_claimed(agency: Agency) -> Bot:
    """Ready, and claimed by a bot."""
    bot = ready(agency)
    assert len(bot.claim().ok()["items"]) == 1
    return bot


def waiting(agency: Agency) -> Bot:
    """The minimum interval before bio has not passed."""
    bot = agency.warmed_to("pfp")
    bot.do("pfp")
    agency.time.advance(timedelta(hours=1))
    return bot


def due(agency: Agency) -> Bot:
    """Bio is due, no timer has run."""
    return agency.warmed_to("bio")


def overdue(agency: Agency) -> Bot:
    """Bio has been due for so long that the timer opens it."""
    bot = due(agency)
    agency.time.advance(NOBODY_CAME)
    return bot


def opened(agency: Agency) -> Bot:
    """Bio is due, and the timer has opened it."""
    bot = overdue(agency)
    agency.timer()
    return bot


def claimed(agency: Agency) -> Bot:
    """Bio is claimed, its content not yet asked for."""
    bot = due(agency)
    assert len(bot.claim().ok()["items"]) == 1
    return bot


def released(agency: Agency) -> Bot:
    """Bio was given back with its content."""
    bot = due(agency)
    bot.release(bot.take("bio")).ok()
    return bot


def working(agency: Agency) -> Bot:
    """A bot works on bio."""
    bot = due(agency)
    bot.take("bio")
    return bot


def run_out(agency: Agency) -> Bot:
    """The lease of the bot that worked on bio ran out, and nobody has noticed."""
    bot = working(agency)
    agency.time.advance(LEASE)
    return bot


def run_out_for_the_last_time(agency: Agency) -> Bot:
    """The same for the third time: whoever notices it sends the phase to review."""
    bot = due(agency)
    for _ in range(3):
        bot.take("bio")
        agency.time.advance(LEASE)
    return bot


def failed(agency: Agency) -> Bot:
    """Bio failed and is tried again later."""
    bot = due(agency)
    bot.report("bio", bot.take("bio")).ok()
    return bot


def failed_and_due(agency: Agency) -> Bot:
    """Bio failed, and its retry is due."""
    bot = failed(agency)
    agency.time.advance(timedelta(hours=1))
    return bot


def in_review(agency: Agency) -> Bot:
    """People must decide on bio."""
    bot = due(agency)
    bot.report("bio", bot.take("bio"), kind="fatal").ok()
    return bot


def done(agency: Agency) -> Bot:
    """All phases are completed."""
    return agency.warmed_up()


def paused(agency: Agency) -> Bot:
    """Paused while bio was due."""
    bot = due(agency)
    agency.operator.post("/api/operator/accounts/a1/pause", {"reason": "holidays"}).ok()
    return bot


def paused_before_the_start(agency: Agency) -> Bot:
    """Paused when it was ready."""
    bot = ready(agency)
    agency.operator.post("/api/operator/accounts/a1/pause", {"reason": "holidays"}).ok()
    return bot


def active(agency: Agency) -> Bot:
    """Active."""
    bot = done(agency)
    bot.complete_warmup().ok()
    return bot


def retired(agency: Agency) -> Bot:
    """Retired."""
    bot = due(agency)
    agency.operator.post("/api/operator/accounts/a1/retire", {"reason": "sold"}).ok()
    return bot


SITUATIONS: tuple[Situation, ...] = (
    *(imported, without_consent, ready, ready_claimed, waiting, due, overdue, opened, claimed, released, working),
    *(run_out, run_out_for_the_last_time, failed, failed_and_due, in_review, done),
    *(paused, paused_before_the_start, active, retired),
)
