"""Every order of the calls of two requests, also with a crash after a write: what comes of it might have come of doing
one after the other, and every promise holds.

To replay an order that failed: `Duel(stages, situation, (one, other), settings).play(schedule)` with what it told.
"""

import itertools
from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest

from chalicelib.settings import Settings
from tests import situations
from tests.agency import LEASE
from tests.chaos import world
from tests.chaos.duel import Duel
from tests.chaos.lab import changes
from tests.chaos.test_faults import Recorder, essence
from tests.chaos.world import BY_NAME, SCARCE, Stages, Verb
from tests.situations import Situation

NOW = timedelta(0)
IN_STEPS = ("claim", "end-session", "stop", "drain", "withdraw", "retry-all", "heartbeat", "assign")
"""What reads or writes in several steps: what comes between them may show in the answer. Every promise holds all the
same, and answers agree with the audit."""

KEY = (
    *("b1 start", "b1 claim", "b1 content", "b1 complete", "b1 report-transient", "b1 release", "b1 heartbeat"),
    *("b1 end-session", "b1 complete-warmup", "b2 start", "b2 claim", "b2 content", "b2 complete-warmup"),
    *("timer open-due-phases", "timer close-lost-sessions"),
    *("operator pause", "operator reset", "operator skip", "operator assign", "operator stop"),
    "operator migrate",
)
"""The verbs of the short part."""


def in_steps(verb: Verb) -> bool:
    """Whether the verb is more than one decision."""
    return verb.who == "timer" or verb.name.startswith(IN_STEPS)


Pair = tuple[Verb, Verb]
_MATTERS: dict[tuple[str, str], bool] = {}


def pairs_of(verbs: Iterable[Verb]) -> Iterator[Pair]:
    """Any two, and any one sent twice at once."""
    return itertools.combinations_with_replacement(verbs, 2)


def matters(stages: Stages, situation: Situation, verb: Verb) -> bool:
    """Whether the verb changes an account or an item in that situation."""
    case = situation.__name__, str(verb)
    if case not in _MATTERS:
        world = stages.world(situation)
        verb.act(world)
        changed = changes(stages.kept(situation).state, stages.agency.wire.save())
        _MATTERS[case] = bool(changed.keys() - {"test-settings"}) or verb.name == "pause-pipeline"
    return _MATTERS[case]


def play(
    stages: Stages,
    settings: Settings,
    situation: Situation,
    pairs: Iterable[Pair],
    record: Recorder,
    *,
    later: timedelta = NOW,
    crashes: bool = False,
) -> None:
    """Plays every order of every pair."""
    for one, other in pairs:
        duel = Duel(stages, situation, (one, other), settings, later)
        row = " and ".join(sorted((one.who, other.who)))
        serial = [(essence(played.answers), played.changed) for played in duel.one_after_the_other()]
        record("table", ("interleavings", row, "pairs", 1))
        for played in duel.every_order(crashes=crashes):
            where = f"{situation.__name__}: {one} and {other} by {played.schedule}"
            assert played.problems == [], where
            crashed = any(step.endswith("!") for step in played.schedule)
            found = (essence(played.answers), played.changed)
            as_one_by_one = found in serial
            if not (in_steps(one) or in_steps(other) or crashed):
                assert as_one_by_one, f"{where}: {found} is neither {serial[0]} nor {serial[1]}"
            record("table", ("interleavings", row, "orders with a crash" if crashed else "orders", 1))
            record("table", ("interleavings", row, "as one after the other" if as_one_by_one else "in steps", 1))


def some(stages: Stages, situation: Situation, names: Iterable[str]) -> list[Verb]:
    """The verbs of these names that matter there."""
    return [verb for verb in map(BY_NAME.__getitem__, names) if matters(stages, situation, verb)]


@pytest.mark.parametrize("situation", [situations.ready, situations.run_out])
def test_two_at_a_time_do_as_if_one_came_after_the_other(
    stages: Stages, settings: Settings, situation: Situation, record_property: Recorder
) -> None:
    play(stages, settings, situation, pairs_of(some(stages, situation, KEY)), record_property)


def test_two_who_reach_for_one_item_do_too(stages: Stages, settings: Settings, record_property: Recorder) -> None:
    play(stages, settings, world.scarce, pairs_of(SCARCE), record_property)


def test_two_who_reach_for_the_last_slot_of_a_model_do_too(
    stages: Stages, settings: Settings, record_property: Recorder
) -> None:
    """Also where the one who has the other slot gives it back, and where that crashes."""
    play(stages, settings, world.bounded, pairs_of(world.SLOTS), record_property)
    enders = [BY_NAME[name] for name in ("b1 release", "b1 end-session")]
    pairs = [(taker, ender) for taker in world.SLOTS[1:] for ender in enders]
    play(stages, settings, world.bounded, pairs, record_property, crashes=True)


def test_two_who_would_have_one_profile_or_the_same_words_do_too(
    stages: Stages, settings: Settings, record_property: Recorder
) -> None:
    play(stages, settings, world.freed, pairs_of(world.TWINS), record_property)


@pytest.mark.parametrize("situation", [situations.waiting, situations.released, situations.failed, situations.paused])
def test_a_migration_and_any_other_request_do_too(
    stages: Stages, settings: Settings, situation: Situation, record_property: Recorder
) -> None:
    migrate = BY_NAME["operator migrate"]
    pairs = [(migrate, verb) for verb in world.VERBS if matters(stages, situation, verb)]
    play(stages, settings, situation, pairs, record_property)


TOLD = ("b1 complete", "b1 finish", "b1 report-transient", "b1 report-content", "b1 heartbeat", "b1 release")
TAKING = ("b1 start", "b1 content", "b2 claim", "b2 claim-content", "b2 content", "b2 start", "timer open-due-phases")
OPERATING = ("operator consent", "operator migrate", "operator assign", "operator pause", "operator take-consent-back")


@pytest.mark.parametrize("situation", [situations.ready, situations.released, situations.working])
def test_a_withdrawn_consent_and_any_other_request_do_too(
    stages: Stages, settings: Settings, situation: Situation, record_property: Recorder
) -> None:
    withdraw = BY_NAME["operator take-consent-back"]
    others = TOLD + TAKING if situation is situations.working else (*TAKING, "b1 heartbeat")
    pairs = [(withdraw, verb) for verb in map(BY_NAME.__getitem__, (*others, *OPERATING))]
    play(stages, settings, situation, pairs, record_property)


HOLDERS = ("b1 complete", "b1 report-transient", "b1 release", "b1 heartbeat", "b1 content", "b1 end-session")
TAKERS = ("b2 claim", "b2 content", "timer open-due-phases", "b1 heartbeat")


def test_a_holder_who_was_held_up_until_its_lease_ran_out_does_no_harm(
    stages: Stages, settings: Settings, record_property: Recorder
) -> None:
    """The first began when its lease was live; the second begins when it has run out."""
    pairs = [(BY_NAME[one], BY_NAME[other]) for one in HOLDERS for other in TAKERS]
    play(stages, settings, situations.working, pairs, record_property, later=LEASE, crashes=True)


def test_a_heartbeat_that_was_held_up_takes_nothing_back(
    stages: Stages, settings: Settings, record_property: Recorder
) -> None:
    beat = BY_NAME["b1 heartbeat"]
    for situation in (situations.working, world.two_held):
        play(stages, settings, situation, [(beat, beat)], record_property, later=LEASE / 3)


CRASHES = ("b1 complete", "b2 content", "timer open-due-phases")


def test_one_of_two_may_crash_after_any_of_its_writes(
    stages: Stages, settings: Settings, record_property: Recorder
) -> None:
    verbs = some(stages, situations.run_out, CRASHES)
    play(stages, settings, situations.run_out, pairs_of(verbs), record_property, crashes=True)


def test_what_a_session_holds_is_known_to_it_whoever_else_writes_it(
    stages: Stages, settings: Settings, record_property: Recorder
) -> None:
    """Two leases make a set, of which the store may change the order."""
    writers = map(BY_NAME.__getitem__, ("operator drain", "operator stop", "b1 heartbeat"))
    pairs = [(BY_NAME[taker], writer) for writer in writers for taker in ("b1 claim", "b1 content")]
    play(stages, settings, world.two_held, pairs, record_property)


# the long part

PARTS = 4


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("situation", world.SITUATIONS)
def test_so_do_any_two_in_any_situation(
    stages: Stages, settings: Settings, situation: Situation, part: int, record_property: Recorder
) -> None:
    verbs = [verb for verb in world.VERBS if matters(stages, situation, verb)]
    pairs = [pair for number, pair in enumerate(pairs_of(verbs)) if number % PARTS == part]
    play(stages, settings, situation, pairs, record_property)


@pytest.mark.long
def test_so_do_they_where_one_crashes(stages: Stages, settings: Settings, record_property: Recorder) -> None:
    play(stages, settings, world.scarce, pairs_of(SCARCE), record_property, crashes=True)


@pytest.mark.long
@pytest.mark.parametrize("situation", [situations.due, situations.working, situations.run_out])
def test_any_two_may_crash(stages: Stages, settings: Settings, situation: Situation, record_property: Recorder) -> None:
    play(stages, settings, situation, pairs_of(some(stages, situation, KEY)), record_property, crashes=True)
