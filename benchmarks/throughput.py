"""Whether more bots get more done: `make bench-throughput`.

1, 10 and 50 bots work on one model in the sandbox, on DynamoDB Local, all in one run: each claims with content and
completes, as the shipped worker does, until every account has its first phase behind it. Phases a second and the
service's CPU are those of this machine; what counts is the ratio to one bot.
"""

import argparse
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.latency import KEY, environ, furnish
from warmup.sandbox.children import child_process, free_port, in_private_folder
from warmup.sandbox.stores import missing

FLEETS = (1, 10, 50)
ACCOUNTS = 150
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Round:
    """What a fleet did: phases, seconds, the seconds of CPU that the service used, HTTP requests."""

    phases: int
    seconds: float
    cpu: float
    requests: int

    @property
    def rate(self) -> float:
        """Phases a second."""
        return self.phases / self.seconds

    @property
    def cpu_ms(self) -> float:
        """The service's CPU for one phase, in milliseconds."""
        return self.cpu * 1000 / self.phases


class Bot:
    """One bot over HTTP that claims with content and completes, until nothing is left."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)
        self.phases = self.requests = 0
        self._http.headers["Bot-Session"] = self._post("/sessions", {})["session_id"]

    def work(self) -> None:
        """Does phases until a claim is empty."""
        self.requests = 0
        while items := self._post("/accounts/claim", {"deliver": True})["items"]:
            for item in items:
                path = f"/accounts/{item['account_id']}/complete-phase/{item['phase']}"
                self._post(path, {"finish": True}, **{"Lease-Token": item["lease"]["lease_token"]})
                self.phases += 1

    def _post(self, path: str, body: object, **headers: str) -> Any:
        answer = self._http.post(f"/api/bot{path}", json=body, headers=headers)
        if answer.status_code not in (200, 201):
            raise SystemExit(f"{path}: {answer.status_code} {answer.text[:300]}")
        self.requests += 1
        return answer.json()


def measure(size: int, accounts: int) -> Round:
    """What a fleet of that size does with so many accounts."""
    port = free_port()
    command = [sys.executable, "-m", "warmup", "dev", "--empty", "--store", "dynamodb-local"]
    command += ["--port", str(port), "--operator-key", KEY]
    with in_private_folder("warmup-throughput-") as folder, child_process(command, folder, environ(), port) as child:
        url = f"http://127.0.0.1:{port}"
        bots = [Bot(url, key) for key in furnish(url, size, accounts)]
        gate = threading.Barrier(size + 1)

        def work(bot: Bot) -> None:
            gate.wait(60)
            bot.work()

        with ThreadPoolExecutor(size) as pool:
            waiting = [pool.submit(work, bot) for bot in bots]
            cpu, began = _cpu_seconds(child.pid), time.perf_counter()
            gate.wait(60)
            for one in waiting:
                one.result()
            seconds = time.perf_counter() - began
        used = _cpu_seconds(child.pid) - cpu
    return Round(sum(bot.phases for bot in bots), seconds, used, sum(bot.requests for bot in bots))


def _cpu_seconds(pid: int) -> float:
    """The CPU that a process has used itself, without its children (the store is one)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bots", type=int, nargs="+", default=FLEETS)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    given = parser.parse_args()
    if reason := missing("dynamodb-local"):
        raise SystemExit(reason)
    print(f"{'bots':>5}{'phases':>8}{'a second':>10}{'÷ one':>8}{'CPU ms a phase':>16}{'÷ one':>8}{'requests':>10}")
    first: Round | None = None
    for size in given.bots:
        print(f"  {size} bots at once …", end="\r", file=sys.stderr, flush=True)
        found = measure(size, given.accounts)
        first = first or found
        rate, cpu = found.rate / first.rate, found.cpu_ms / first.cpu_ms
        print(
            f"{size:>5}{found.phases:>8}{found.rate:>10.1f}{rate:>8.2f}{found.cpu_ms:>16.1f}{cpu:>8.2f}"
            f"{found.requests / found.phases:>10.2f}"
        )


if __name__ == "__main__":
    main()
