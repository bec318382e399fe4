"""Simulated bots: honest clients that know nothing but the HTTP API, each in a thread of its own.

shift     a session, from its opening to its end: claim, work, claim …
task      one claimed account: start it, run its phase, or complete it
crash     what one of them does now and then: it drops everything without a word and is back later
"""

import hashlib
import logging
import random
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from warmup.sandbox.client import Client, Problem
from warmup.sandbox.platform import Platform

logger = logging.getLogger(__name__)

_CLAIMED_AT_ONCE = 2
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0  # real seconds between two looks for work
_TASKS_BETWEEN_CRASHES = (6, 14)


class Crash(Exception):
    """The bot is gone, with all that it held."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What a bot holds: an account under a lease."""

    account_id: str
    headers: dict[str, str]


class Bot(threading.Thread):
    """One bot. `crashes` makes it the unreliable one."""

    def __init__(self, bot_id: str, key: str, url: str, *, platform: Platform, seed: int, crashes: bool) -> None:
        super().__init__(name=bot_id, daemon=True)
        self.bot_id = bot_id
        self.stopped = threading.Event()
        self.url, self.key = url, key
        self._platform = platform
        self._chance = random.Random(f"{seed}:{bot_id}")
        self._crashes = crashes
        self._tasks_left = self._next_crash()

    def run(self) -> None:
        """One shift after the other, until stopped."""
        while not self.stopped.is_set():
            with Client(self.url, self.key) as api:
                try:
                    away = _Shift(self, api).work()
                except (Problem, httpx.HTTPError) as error:
                    logger.info("%s begins anew after: %s", self.bot_id, error)
                    away = _LONGEST_PAUSE
            self.stopped.wait(away)

    def publish(self, account_id: str, phase: str) -> dict[str, str] | None:
        """Does the phase's work; None when it is done, else what to report."""
        self.stopped.wait(self._chance.uniform(0.02, 0.12))
        refusal = self._platform.publish(account_id, phase)
        return asdict(refusal) if refusal else None

    def score(self) -> int:
        """How well what was published performed."""
        return self._chance.randint(40, 100)

    def may_crash(self) -> None:
        """Raises Crash when this is the moment."""
        if not self._crashes:
            return
        self._tasks_left -= 1
        if self._tasks_left <= 0:
            self._tasks_left = self._next_crash()
            raise Crash

    def _next_crash(self) -> int:
        return self._chance.randint(*_TASKS_BETWEEN_CRASHES)


class _Shift:
    """One session of a bot."""

    def __init__(self, bot: Bot, api: Client) -> None:
        self._bot, self._api = bot, api
        opened = api.post("/api/bot/sessions", {"client": "sandbox-bot/1", "host": bot.bot_id})
        self._session_id = str(opened["session_id"])
        self._lease_seconds = float(opened["lease_seconds"])
        self._headers = {"Bot-Session": self._session_id}
        self._draining = threading.Event()
        self._over = threading.Event()
        self._heart = threading.Thread(
            target=self._keep_beating,
            args=(float(opened["heartbeat_seconds"]),),
            name=bot.name + "-heart",
            daemon=True,
        )

    def work(self) -> float:
        """Claims and works until told to stop; answers how many real seconds to stay away."""
        self._heart.start()
        try:
            while not (self._bot.stopped.is_set() or self._draining.is_set()):
                self._claim_and_work()
            self._over.set()
            self._heart.join(timeout=2)  # a session that is being ended needs no heartbeat
            self._api.delete(f"/api/bot/sessions/{self._session_id}")
        except Crash:
            logger.info("%s crashed.", self._bot.bot_id)
            return self._real_seconds(self._lease_seconds) + 1
        finally:
            self._over.set()
        return _SHORTEST_PAUSE

    def _claim_and_work(self) -> None:
        claimed = self._api.post("/api/bot/accounts/claim", {"limit": _CLAIMED_AT_ONCE}, self._headers)
        for item in claimed["items"]:
            self._work_on(item)
        if not claimed["items"]:
            seconds = self._real_seconds(float(claimed["retry_after_seconds"]))
            self._bot.stopped.wait(min(max(seconds, _SHORTEST_PAUSE), _LONGEST_PAUSE))

    def _work_on(self, item: dict[str, Any]) -> None:
        hand = Hand(item["account_id"], self._headers | {"Lease-Token": item["lease"]["lease_token"]})
        account = f"/api/bot/accounts/{hand.account_id}"
        try:
            match item["action"]:
                case "start_warmup":
                    started = self._api.post(f"{account}/start-warmup", headers=hand.headers)
                    self._run_phase(hand, account, started["current_phase"])
                case "run_phase":
                    self._run_phase(hand, account, item["phase"])
                case "complete_warmup":
                    self._api.post(f"{account}/complete-warmup", headers=hand.headers)
        except Problem as problem:
            self._give_up(hand, account, problem)

    def _run_phase(self, hand: Hand, account: str, phase: str) -> None:
        began = time.monotonic()
        given = self._api.get(f"{account}/content/{phase}", headers=hand.headers)
        hand.headers["Lease-Token"] = given["lease"]["lease_token"]
        self._bot.may_crash()
        fault = self._check(given["content"]) or self._bot.publish(hand.account_id, phase)
        if fault:
            self._api.post(f"{account}/report-error", {"phase": phase} | fault, hand.headers)
            return
        done = {
            "execution_time_ms": int((time.monotonic() - began) * 1000),
            "platform_response": {"status": "published", "by": self._bot.bot_id},
            "performance_score": self._bot.score(),
        }
        self._api.post(f"{account}/complete-phase/{phase}", done, hand.headers)

    def _check(self, content: dict[str, Any] | None) -> dict[str, str] | None:
        """Downloads the media file; a report where it is not what its checksum says."""
        if content is None:
            return None
        try:
            data = self._api.download(content["url"])
        except httpx.HTTPError as error:
            return {"kind": "transient", "code": "download_failed", "message": type(error).__name__}
        if hashlib.sha256(data).hexdigest() == content["sha256"]:
            return None
        return {
            "kind": "content",
            "code": "checksum_mismatch",
            "message": "the file is not what its SHA-256 says",
        }

    def _give_up(self, hand: Hand, account: str, problem: Problem) -> None:
        """After a refusal: what is still ours is given back, what is not is left alone."""
        logger.info("%s leaves %s: %s", self._bot.bot_id, hand.account_id, problem)
        if problem.code in {"session_ended", "session_not_found"}:
            raise problem
        if problem.code in {"account_leased", "lease_superseded"}:
            return
        try:
            self._api.post(f"{account}/release", headers=hand.headers)
        except Problem as also:
            logger.info("%s had nothing to give back: %s", self._bot.bot_id, also)

    def _keep_beating(self, every: float) -> None:
        """Heartbeats until the shift is over; learns from them whether to take more."""
        try:
            with Client(self._bot.url, self._bot.key) as api:
                while not self._over.wait(min(max(_real_seconds(api, every), 0.2), 30)):
                    beat = api.post(f"/api/bot/sessions/{self._session_id}/heartbeat")
                    if beat["directive"] != "continue":
                        self._draining.set()
        except (Problem, httpx.HTTPError) as error:
            logger.info("%s has lost its session: %s", self._bot.bot_id, error)
            self._draining.set()

    def _real_seconds(self, sandbox_seconds: float) -> float:
        return _real_seconds(self._api, sandbox_seconds)


def _real_seconds(api: Client, sandbox_seconds: float) -> float:
    """How long that takes at the sandbox's present speed."""
    speed = float(api.get("/sandbox/clock")["speed"])
    return sandbox_seconds / speed if speed else _LONGEST_PAUSE
