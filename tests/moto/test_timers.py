"""Timers on moto: they run when the test lets time pass, and only then."""

from warmup.testing import MotoService


def test_a_phase_that_fell_due_is_opened(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-1")
    token = bot.phases.content("nora-1", "pfp").lease.lease_token
    bot.phases.complete_phase("nora-1", "pfp", lease_token=token)
    service.advance(hours=23)
    assert service.operator.accounts.get("nora-1").phases[1].status == "pending"
    service.advance(hours=2)
    assert service.operator.accounts.get("nora-1").phases[1].status == "available"


def test_a_session_that_was_not_heard_of_is_lost(service: MotoService) -> None:
    service.bot("bot-1")
    (session,) = service.operator.sessions.list_all()
    assert session.status == "live"
    assert service.advance(hours=2)["close_lost_sessions"]["lost"] == 1
    (session,) = service.operator.sessions.list_all()
    assert session.status == "lost"


def test_the_pools_are_watched(service: MotoService) -> None:
    assert service.advance(hours=1)["watch_pools"]["models"] == 1
    assert service.operator.stewardship.availability("nora").model_id == "nora"
