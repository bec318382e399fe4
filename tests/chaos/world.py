"""The world that chaos breaks into: situations of an account, and all that its callers can do in one of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from chalicelib import context, schedules
from chalicelib.context import Actor, ActorKind
from chalicelib.domain.actions import AuditAction
from chalicelib.edge.serve import installed
from chalicelib.services import pipeline
from chalicelib.tables.base import Store
from tests import situations
from tests.agency import CONSENT, LEASE, Agency, Bot, Operator, Reply, Time, media, words
from tests.edge import Edge
from tests.plan_documents import OTHER_PHASES
from tests.store import Row, State

NO_TOKEN = "lt_9_" + "0" * 32
ACCOUNTS, PHASES = "test-accounts", "test-warmup_phases"


@dataclass(slots=True)
class World:
    """An agency in a situation. `first` worked on `a1` last (its token is `token`), `second` is free."""

    agency: Agency
    first: Bot
    second: Bot
    operator: Operator
    token: str
    phase: str

    def through(self, edge: Edge) -> "World":
        """The same world, with callers whose requests go another way in."""
        first, second = (replace_client(bot, edge) for bot in (self.first, self.second))
        return World(self.agency, first, second, Operator(cast(Any, edge)), self.token, self.phase)


def replace_client(bot: Bot, edge: Edge) -> Bot:
    """The same bot, whose requests go another way in."""
    return Bot(cast(Any, edge), bot.bot_id, str(bot.key), bot.session)


@dataclass(frozen=True, slots=True)
class Verb:
    """What somebody does. `actions` are what the audit calls it when it is accepted; `who` sends it."""

    name: str
    who: str
    act: Callable[[World], Any]
    actions: frozenset[AuditAction] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.who} {self.name}"


def _operate(path: str, **body: Any) -> Callable[[World], Reply]:
    return lambda world: world.operator.post(f"/api/operator/{path}", {"reason": "chaos", **body})


def _phase(move: str, **body: Any) -> Callable[[World], Reply]:
    return lambda world: world.operator.post(
        f"/api/operator/accounts/a1/phases/{world.phase}/{move}", {"reason": "chaos", **body}
    )


def _record(world: World) -> Row:
    """The phase in question: the account holds it, or it has ended and is a row."""
    tables = world.agency.wire.store.tables
    account = tables[ACCOUNTS].rows.get(("a1",), {})
    if account.get("current_phase") == {"S": world.phase}:
        held: Row = account["phase_record"]["M"]
        return held
    return tables[PHASES].rows.get(("a1", world.phase), {})


def _edit(**body: Any) -> Callable[[World], Reply]:
    def act(world: World) -> Reply:
        row = _record(world)
        kind, item = ("texts", "m1-bio-text") if world.phase == "bio" else ("content", f"m1-{world.phase}")
        held = row.get("assigned_text_id" if kind == "texts" else "assigned_content_id", {"S": item})["S"]
        return world.operator.send("PATCH", f"/api/operator/models/m1/{kind}/{held}", body)

    return act


def _create(path: str, body: Any) -> Callable[[World], Reply]:
    return lambda world: world.operator.post(f"/api/operator/{path}", body)


IMPORT = "/api/operator/accounts/import"
PLAN = "/api/operator/plans/slow/versions/1"
OTHER = "/api/operator/plans/other/versions/1"
MIGRATION = {"plan": "other", "version": 1, "reason": "chaos"}
ROWS = b"account_id,model_id,username\nnew-1,m1,u1\nnew-2,m1,u2\n"

VERBS: tuple[Verb, ...] = (
    # who worked on it last
    Verb("start", "b1", lambda w: w.first.start(), frozenset({AuditAction.ACCOUNT_START})),
    Verb("claim", "b1", lambda w: w.first.claim(limit=2), frozenset({AuditAction.LEASE_CLAIM})),
    Verb("claim-content", "b1", lambda w: w.first.claim(deliver=True), frozenset({AuditAction.PHASE_DELIVER})),
    Verb("content", "b1", lambda w: w.first.content(w.phase), frozenset({AuditAction.PHASE_DELIVER})),
    Verb("complete", "b1", lambda w: w.first.complete(w.phase, w.token), frozenset({AuditAction.PHASE_COMPLETE})),
    Verb(
        "finish",
        "b1",
        lambda w: w.first.complete(w.phase, w.token, finish=True),
        frozenset({AuditAction.PHASE_COMPLETE}),
    ),
    Verb("report-transient", "b1", lambda w: w.first.report(w.phase, w.token)),
    Verb("report-content", "b1", lambda w: w.first.report(w.phase, w.token, kind="content")),
    Verb("report-unknown", "b1", lambda w: w.first.report(w.phase, w.token, kind="unknown")),
    Verb(
        "measure",
        "b1",
        lambda w: w.first.measure("pfp", 71, w.agency.time.told()),
        frozenset({AuditAction.PHASE_MEASURE}),
    ),
    Verb("release", "b1", lambda w: w.first.release(w.token), frozenset({AuditAction.LEASE_RELEASE})),
    Verb("complete-warmup", "b1", lambda w: w.first.complete_warmup(), frozenset({AuditAction.ACCOUNT_COMPLETE})),
    Verb("heartbeat", "b1", lambda w: w.first.heartbeat(note="chaos")),
    Verb("end-session", "b1", lambda w: w.first.end(), frozenset({AuditAction.SESSION_END})),
    # another bot, and one that names no session
    Verb("start", "b2", lambda w: w.second.start(), frozenset({AuditAction.ACCOUNT_START})),
    Verb("claim", "b2", lambda w: w.second.claim(), frozenset({AuditAction.LEASE_CLAIM})),
    Verb("claim-content", "b2", lambda w: w.second.claim(deliver=True), frozenset({AuditAction.PHASE_DELIVER})),
    Verb("content", "b2", lambda w: w.second.content(w.phase), frozenset({AuditAction.PHASE_DELIVER})),
    Verb("complete-warmup", "b2", lambda w: w.second.complete_warmup(), frozenset({AuditAction.ACCOUNT_COMPLETE})),
    Verb("start-alone", "b2", lambda w: w.second.without_session().start(), frozenset({AuditAction.ACCOUNT_START})),
    Verb("content-alone", "b2", lambda w: w.second.without_session().content(w.phase)),
    Verb("open-session", "b2", lambda w: w.second.without_session().post("/api/bot/sessions", {})),
    # time
    Verb("open-due-phases", "timer", lambda _: schedules.open_due_phases()),
    Verb("close-lost-sessions", "timer", lambda _: schedules.close_lost_sessions()),
    # people
    Verb("ready", "operator", _operate("accounts/a1/ready"), frozenset({AuditAction.ACCOUNT_READY})),
    Verb("pause", "operator", _operate("accounts/a1/pause"), frozenset({AuditAction.ACCOUNT_PAUSE})),
    Verb("resume", "operator", _operate("accounts/a1/resume"), frozenset({AuditAction.ACCOUNT_RESUME})),
    Verb("reset", "operator", _operate("accounts/a1/reset"), frozenset({AuditAction.ACCOUNT_RESET})),
    Verb("retire", "operator", _operate("accounts/a1/retire"), frozenset({AuditAction.ACCOUNT_RETIRE})),
    Verb("restore", "operator", _operate("accounts/a1/restore"), frozenset({AuditAction.ACCOUNT_RESTORE})),
    Verb("retry", "operator", _phase("retry"), frozenset({AuditAction.PHASE_RETRY})),
    Verb("retry-other", "operator", _phase("retry", content="other"), frozenset({AuditAction.PHASE_RETRY})),
    Verb("resolve", "operator", _phase("resolve", evidence={"note": "seen"}), frozenset({AuditAction.PHASE_RESOLVE})),
    Verb("skip", "operator", _phase("skip"), frozenset({AuditAction.PHASE_SKIP})),
    Verb("assign", "operator", _phase("assign", text_id="spare-text"), frozenset({AuditAction.PHASE_ASSIGN})),
    Verb(
        "take-consent-back",
        "operator",
        _operate("accounts/a1/consent/withdraw"),
        frozenset({AuditAction.ACCOUNT_WITHDRAW_CONSENT}),
    ),
    Verb("migrate", "operator", _create("accounts/a1/migrate", MIGRATION), frozenset({AuditAction.ACCOUNT_MIGRATE})),
    Verb("retry-all", "operator", _operate("review/retry", filter={}), frozenset({AuditAction.PHASE_RETRY})),
    Verb("drain", "operator", lambda w: _operate(f"sessions/{w.first.session}/drain")(w)),
    Verb("stop", "operator", lambda w: _operate(f"sessions/{w.first.session}/stop")(w)),
    Verb("withdraw-item", "operator", _edit(status="withdrawn", reason="chaos")),
    Verb("edit-item", "operator", _edit(quality_score=33)),
    Verb("pause-pipeline", "operator", _operate("pipeline/pause"), frozenset({AuditAction.PIPELINE_PAUSE})),
)

"""What changes an account, or what it needs."""


def _key_of(world: World, bot_id: str) -> str:
    row = world.agency.wire.store.tables["test-bots"].rows[bot_id,]
    return str(next(iter(json.loads(row["keys"]["S"]))))


FEEDING: tuple[Verb, ...] = (
    Verb("create-account", "operator", _create("accounts", {"account_id": "new", "model_id": "m1", "username": "u"})),
    Verb("consent", "operator", _create("accounts/a1/consent", {**CONSENT, "reference": "contract 8"})),
    Verb("import", "operator", lambda w: w.operator.send("POST", IMPORT, raw=ROWS, content_type="text/csv")),
    Verb("create-model", "operator", _create("models", {"model_id": "new"})),
    Verb("create-content", "operator", _create("models/m1/content", [media("new-1", "pfp"), media("new-2", "pfp")])),
    Verb("create-text", "operator", _create("models/m1/texts", words("new", "bio"))),
    Verb("create-bot", "operator", _create("bots", {"bot_id": "new"})),
    Verb("rotate-key", "operator", _create("bots/b2/keys", None)),
    Verb("revoke-key", "operator", lambda w: w.operator.delete(f"/api/operator/bots/b1/keys/{_key_of(w, 'b1')}")),
    Verb("edit-bot", "operator", lambda w: w.operator.send("PATCH", "/api/operator/bots/b2", {"name": "chaos"})),
    Verb("pause-model", "operator", lambda w: w.operator.send("PATCH", "/api/operator/models/m1", {"paused": True})),
    Verb("create-plan", "operator", _create("plans", {"name": "new", "title": "New"})),
    Verb("edit-plan", "operator", lambda w: w.operator.send("PATCH", PLAN, {"limits": {"max_retries": 5}})),
    Verb("publish-plan", "operator", lambda w: w.operator.post(f"{PLAN}/publish", {"reason": "chaos"})),
    Verb("retire-plan", "operator", lambda w: w.operator.post(f"{PLAN}/retire", {"reason": "chaos"})),
    Verb("watch-pools", "timer", lambda _: schedules.watch_pools()),
)
"""What feeds the service; it is tried in one situation only."""


def hungry(agency: Agency) -> Bot:
    """Nothing in the pools for its first phase."""
    agency.operator.model("m2")
    agency.operator.account(model_id="m2")
    worker = agency.worker()
    worker.release(worker.start().ok()["lease"]["lease_token"]).ok()
    return worker


def two_held(agency: Agency) -> Bot:
    """A bot holds two accounts, of which one lease has run out."""
    worker = agency.warmed_to("bio")
    agency.operator.account("a2")
    worker.take("bio")
    agency.time.advance(timedelta(minutes=10))
    worker.start("a2").ok()
    agency.time.advance(timedelta(minutes=5))
    return worker


def silent(agency: Agency) -> Bot:
    """A bot was not heard of for half an hour while it held bio."""
    worker = situations.working(agency)
    agency.time.advance(timedelta(seconds=1800))
    return worker


def several_due(agency: Agency) -> Bot:
    """Three accounts are due, each otherwise."""
    agency.operator.words("spare-text-2", "bio", quality_score=9)
    worker = agency.warmed_to("bio")
    agency.warmed_to("bio", "a2", bot=worker)
    worker.report("bio", worker.take("bio", "a2"), "a2").ok()
    agency.operator.account("a3")
    agency.worker("b2").start("a3").ok()
    agency.time.advance(LEASE)
    return worker


WORDS = {"body": "The same words.", "quality_score": 50, "max_usage": 1}


def freed(agency: Agency) -> Bot:
    """A retired account and a withdrawn text that nobody was given, whose places others may take; a bot has nothing."""
    account = {"account_id": "old", "model_id": "m1", "username": "nora"}
    agency.operator.post("/api/operator/accounts", account).ok(201)
    agency.operator.post("/api/operator/accounts/old/retire", {"reason": "gone"}).ok()
    agency.operator.post(f"{TEXTS}", {**WORDS, "text_id": "old-text", "category": "bio"}).ok(201)
    agency.operator.send("PATCH", f"{TEXTS}/old-text", {"status": "withdrawn"}).ok()
    agency.operator.words("other-text", "bio", body="Other words.", quality_score=99)
    return agency.warmed_to("bio")


TEXTS = "/api/operator/models/m1/texts"
TWINS: tuple[Verb, ...] = (
    Verb("take-profile", "operator", _create("accounts", {"account_id": "n1", "model_id": "m1", "username": "@Nora"})),
    Verb("take-it-too", "operator", _create("accounts", {"account_id": "n2", "model_id": "m1", "username": "NORA"})),
    Verb("restore-old", "operator", _operate("accounts/old/restore"), frozenset({AuditAction.ACCOUNT_RESTORE})),
    Verb("add-words", "operator", _create("models/m1/texts", {**WORDS, "text_id": "w1", "category": "post"})),
    Verb("add-them-too", "operator", _create("models/m1/texts", {**WORDS, "text_id": "w2", "category": "bio"})),
    Verb("approve-old", "operator", lambda w: w.operator.send("PATCH", f"{TEXTS}/old-text", {"status": "approved"})),
    Verb(
        "change-words", "operator", lambda w: w.operator.send("PATCH", f"{TEXTS}/other-text", {"body": WORDS["body"]})
    ),
    Verb(
        "change-category", "operator", lambda w: w.operator.send("PATCH", f"{TEXTS}/other-text", {"category": "post"})
    ),
    Verb("content", "b1", lambda w: w.first.content("bio", "a1"), frozenset({AuditAction.PHASE_DELIVER})),
)
"""Who would have the same profile, or the same words."""


SCARCE: tuple[Verb, ...] = (
    Verb("content", "b1", lambda w: w.first.content("pfp", "a1"), frozenset({AuditAction.PHASE_DELIVER})),
    Verb("content-of-a2", "b2", lambda w: w.second.content("pfp", "a2"), frozenset({AuditAction.PHASE_DELIVER})),
    Verb("claim-content", "b2", lambda w: w.second.claim(deliver=True), frozenset({AuditAction.PHASE_DELIVER})),
    Verb("claim", "b2", lambda w: w.second.claim(), frozenset({AuditAction.LEASE_CLAIM})),
    Verb("withdraw-good", "operator", lambda w: _change_good(w, status="withdrawn", reason="chaos")),
    Verb("disable-good", "operator", lambda w: _change_good(w, enabled=False)),
    Verb("degrade-good", "operator", lambda w: _change_good(w, quality_score=0)),
    Verb("assign-good", "operator", _operate("accounts/a2/phases/pfp/assign", content_id="good")),
)
"""What is done where two accounts reach for one item."""


def _change_good(world: World, **body: Any) -> Reply:
    return world.operator.send("PATCH", "/api/operator/models/m2/content/good", body)


BY_NAME = {str(verb): verb for verb in (*VERBS, *FEEDING)}


def scarce(agency: Agency) -> Bot:
    """Two accounts reach for one good item that may be used once; there is a poor one beside it."""
    agency.operator.model("m2")
    agency.operator.media("good", "pfp", model_id="m2", max_usage=1)
    agency.operator.media("poor", "pfp", model_id="m2", max_usage=1, quality_score=1)
    first, second = agency.worker(), agency.worker("b2")
    for account_id, bot in (("a1", first), ("a2", second)):
        agency.operator.account(account_id, model_id="m2")
        bot.release(bot.start(account_id).ok()["lease"]["lease_token"], account_id).ok()
    return first


def bounded(agency: Agency) -> Bot:
    """A bot works on one of three accounts of a model of which two may be worked on at a time."""
    for account_id in ("a1", "a2", "a3"):
        agency.operator.account(account_id)
    agency.operator.send("PATCH", "/api/operator/models/m1", {"max_concurrent": 2}).ok()
    first = agency.worker()
    first.start("a1").ok()
    return first


SLOTS: tuple[Verb, ...] = (
    Verb("claim", "b1", lambda w: w.first.claim(limit=2, holding=["a1"]), frozenset({AuditAction.LEASE_CLAIM})),
    Verb("claim", "b2", lambda w: w.second.claim(), frozenset({AuditAction.LEASE_CLAIM})),
    Verb("start-a3", "b2", lambda w: w.second.start("a3"), frozenset({AuditAction.ACCOUNT_START})),
)
"""What takes a slot of the model."""


SITUATIONS: tuple[situations.Situation, ...] = (*situations.SITUATIONS, hungry, two_held, silent, several_due)


@dataclass(frozen=True, slots=True)
class Stage:
    """A situation as it was once brought about."""

    state: State
    now: datetime
    elapsed: float
    first: str | None
    second: str | None
    token: str
    phase: str


def _count_ahead(time: Time) -> None:
    """Counts the states as of a little later, so that the timer does not for as long as anything here lasts."""
    now = time.now
    time.now += LEASE
    pipeline.keep_count(context.begin(installed.settings, Actor(ActorKind.TIMER, "open_due_phases"), seconds=10))
    time.now = now


_STAGES: dict[str, Stage] = {}


class Stages:
    """The situations, each brought about once in a process, and restored ever after."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency
        self._base = Stage(agency.wire.save(), agency.time.now, agency.time.elapsed, None, None, "", "")

    def world(self, situation: situations.Situation) -> World:
        """The world in that situation."""
        kept = self.kept(situation)
        self._restore(kept)
        first = Bot(self.agency.client, "b1", self.agency.keys["b1"], kept.first)
        second = Bot(self.agency.client, "b2", self.agency.keys["b2"], kept.second)
        return World(self.agency, first, second, self.agency.operator, kept.token, kept.phase)

    def kept(self, situation: situations.Situation) -> Stage:
        """The situation as it was brought about."""
        name = situation.__name__
        if name not in _STAGES:
            self._restore(self._base)
            _STAGES[name] = self._brought_about(situation)
        return _STAGES[name]

    def _brought_about(self, situation: situations.Situation) -> Stage:
        agency = self.agency
        agency.operator.words("spare-text", "bio", quality_score=10)
        for name in ("slow", "other"):
            agency.operator.post("/api/operator/plans", {"name": name, "title": "Slow"}).ok(201)
        agency.operator.send("PATCH", OTHER, {"phases": OTHER_PHASES}).ok()
        agency.operator.post(f"{OTHER}/publish").ok()
        first, second = situation(agency), agency.worker("b2")
        account = agency.wire.store.tables[ACCOUNTS].rows["a1",]
        token = account.get("lease_token", {"S": NO_TOKEN})["S"]
        phase = account.get("current_phase", {"S": "pfp"})["S"]
        time = agency.time
        if situation is not several_due:  # there the timer counts the states, too, which is the same everywhere
            _count_ahead(time)
        return Stage(agency.wire.save(), time.now, time.elapsed, first.session, second.session, token, phase)

    def _restore(self, stage: Stage) -> None:
        wire, time = self.agency.wire, self.agency.time
        wire.restore(stage.state)
        wire.heal()
        wire.forget()
        time.now, time.elapsed = stage.now, stage.elapsed
        Store.cached.clear()
