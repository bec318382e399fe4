"""A bot in a process of its own, to be killed: `python -m tests.chaos.worker URL KEY SEED FILE`.

It writes down every answer that it was given to a completion or a report, one JSON document a line.
"""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 30.0
"""Seconds for which it sends the same request again."""


class Gone(Exception):
    """Nobody answered for too long."""


class Worker:
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
        line = {"use": use, "account_id": item["account_id"], "phase": item["phase"], "token": token}
        line |= {"status": answered[0], "code": answered[1].get("code"), "replayed": answered[1].get("replayed")}
        with self._history.open("a") as file:
            file.write(json.dumps(line) + "\n")

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
    Worker(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])).run()
