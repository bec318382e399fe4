"""A bot in a process of its own, to be killed: `python -m tests.chaos.worker KIND URL KEY SEED FILE`.

KIND is `shipped`, a bot made with `warmup.Worker`, or `plain`, one that asks by itself, now and then late or twice. It
writes down every answer that it was given to a completion or a report, one JSON document a line. Its wall clock is
wrong by hours from the start, and is set again and again.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

import warmup
from warmup import Job, RetryPolicy, StopOrdered, Transient
from warmup.problems import ApiError

PATIENCE = 30.0
"""Seconds for which it sends the same request again."""
WRONG_BY = 30.0
"""Hours by which a wall clock is wrong at most."""


def spoil_the_wall_clock(dice: random.Random) -> None:
    """Sets the clock that this process sees to another wrong time every few seconds, ahead or back by hours."""
    right, wrong_by = time.time, [0.0]

    def set_again() -> None:
        while True:
            wrong_by[0] = dice.uniform(-WRONG_BY, WRONG_BY) * 3600
            time.sleep(dice.uniform(0.5, 4))

    time.time = lambda: right() + wrong_by[0]
    threading.Thread(target=set_again, daemon=True).start()


def write_down(history: Path, use: str, account_id: str, phase: str, token: str, answered: tuple[int, Any]) -> None:
    """What a bot was answered to a completion or a report."""
    line: dict[str, Any] = {"use": use, "account_id": account_id, "phase": phase, "token": token}
    line |= {"status": answered[0], "code": answered[1].get("code"), "replayed": answered[1].get("replayed")}
    with history.open("a") as file:
        file.write(json.dumps(line) + "\n")


class Shipped(warmup.Worker):
    """The worker as it is shipped; what it publishes is nothing."""

    def __init__(self, url: str, key: str, seed: int, history: Path) -> None:
        super().__init__(url, key, slots=2, timeout=10, retry=RetryPolicy(attempts=3, timeout=3))
        self._dice, self._history = random.Random(seed), history
        self.phase()(self._publish)
        for use, verb in (("complete", "complete_phase"), ("report", "report_error")):
            setattr(self._client.phases, verb, self._noting(use, getattr(self._client.phases, verb)))
        self._client.download = lambda media: b""  # type: ignore[method-assign]  # there is no bucket here

    def _publish(self, job: Job) -> None:
        time.sleep(self._dice.uniform(0, 0.1))
        job.check()
        luck = self._dice.random()
        if luck < 0.05:
            raise StopOrdered("it gives this one back")
        if luck < 0.12:
            raise Transient("the platform was slow")

    def _noting(self, use: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def noted(account_id: str, phase: str, **given: Any) -> Any:
            token = given["lease_token"]
            try:
                answer = ask(account_id, phase=phase, **given)
            except ApiError as refused:
                if refused.status not in (429, 503):  # it is asked again
                    write_down(self._history, use, account_id, phase, token, (refused.status, refused.problem))
                raise
            write_down(self._history, use, account_id, phase, token, (200, {}))
            return answer

        return noted


class Gone(Exception):
    """Nobody answered for too long."""


class Plain:
    """Claims, works, tells; now and then it reports an error, releases, or beats late."""

    def __init__(self, url: str, key: str, seed: int, history: Path) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=15, trust_env=False)
        self._dice, self._history = random.Random(seed), history
        self._session = ""

    def run(self) -> None:
        """Works until killed."""
        while True:
            try:
                self._session = str(self._send("POST", "/api/bot/sessions", {})[1]["session_id"])
                self._shift()
            except Gone:
                continue

    def _shift(self) -> None:
        for _ in range(200):
            status, claimed = self._send("POST", "/api/bot/accounts/claim", {"limit": 2})
            if status != 200:
                return  # this session is over
            for item in claimed["items"]:
                self._work_on(item)
            if not claimed["items"]:
                time.sleep(0.2)
            self._send("POST", f"/api/bot/sessions/{self._session}/heartbeat", {})

    def _work_on(self, item: dict[str, Any]) -> None:
        path, token = f"/api/bot/accounts/{item['account_id']}", item["lease"]["lease_token"]
        if item["action"] == "complete_warmup":
            self._send("POST", f"{path}/complete-warmup")
            return
        if item["action"] == "start_warmup":
            self._send("POST", f"{path}/start-warmup")
        status, given = self._send("GET", f"{path}/content/{item['phase']}")
        if status != 200:
            return
        token = given["lease"]["lease_token"]
        time.sleep(self._dice.uniform(0, 0.1))
        luck = self._dice.random()
        if luck < 0.05:
            self._send("POST", f"{path}/release", token=token)
        elif luck < 0.12:
            report = {"phase": item["phase"], "kind": "transient", "message": "the platform was slow"}
            self._tell("report", item, token, self._send("POST", f"{path}/report-error", report, token))
        else:
            done = self._send("POST", f"{path}/complete-phase/{item['phase']}", {}, token)
            self._tell("complete", item, token, done)

    def _tell(self, use: str, item: dict[str, Any], token: str, answered: tuple[int, Any]) -> None:
        write_down(self._history, use, item["account_id"], item["phase"], token, answered)

    def _send(self, method: str, path: str, body: object = None, token: str | None = None) -> tuple[int, Any]:
        headers = {"Lease-Token": token} if token else {}
        headers |= {"Bot-Session": self._session} if self._session else {}
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                answer = self._http.request(method, path, headers=headers, json=None if method == "GET" else body or {})
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code not in (500, 503):
                return answer.status_code, answer.json()
            if answer.status_code == 500:
                raise AssertionError(answer.text)
            time.sleep(0.1)
        raise Gone


if __name__ == "__main__":
    number = int(sys.argv[4])
    spoil_the_wall_clock(random.Random(number))
    made = (sys.argv[2], sys.argv[3], number, Path(sys.argv[5]))
    bot = Shipped(*made) if sys.argv[1] == "shipped" else Plain(*made)
    bot.run()
