"""What a cold start costs: instructions from the interpreter's start to the first answer: `make bench-cold`.

Counted by valgrind (cachegrind without its caches), so that the figures hold on a busy machine; beside them, in the
same run, two floors: a bare handler that makes one query with botocore, and one that signs it on the standard library.
The store is a stub that plays recorded answers back. With `--package DIR` the unpacked zip of a deployment is measured
instead of this work tree.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.recording import TIMERS, environment, record
from benchmarks.requests import play, silent, stub
from warmup.sandbox.children import in_private_folder
from warmup.sandbox.stores import ROOT, open_store

MEASURED = ("warmup-status", "ready", "content, again", "heartbeat", "complete-phase", *TIMERS)
RUNS = 3
_OURS = """
import json, sys
event, now, handler = json.load(open(sys.argv[1]))
import app
from datetime import datetime
from chalicelib.context import sources
sources.clock = lambda: datetime.fromisoformat(now)
class Invocation:
    aws_request_id = "1"; function_name = "f"; memory_limit_in_mb = 1; invoked_function_arn = "arn"
answer = getattr(app, handler)(event, Invocation())
assert handler != "app" or answer["statusCode"] == 200, answer
print(len(sys.modules), file=sys.stderr)
"""
_BOTOCORE = """
import json, sys
import botocore.session
client = botocore.session.get_session().create_client("dynamodb")
def handler(event, context):
    found = client.query(TableName="t", KeyConditionExpression="k = :k", ExpressionAttributeValues={":k": {"S": "a"}})
    return {"statusCode": 200, "body": json.dumps({"items": len(found)})}
handler({}, None)
print(len(sys.modules), file=sys.stderr)
"""
_BARE = """
import json, os, sys
from benchmarks.floor import Floor
client = Floor(os.environ["AWS_ENDPOINT_URL_DYNAMODB"])
def handler(event, context):
    asked = {"TableName": "t", "KeyConditionExpression": "k = :k", "ExpressionAttributeValues": {":k": {"S": "a"}}}
    return {"statusCode": 200, "body": json.dumps({"items": len(client.call("Query", json.dumps(asked).encode()))})}
handler({}, None)
print(len(sys.modules), file=sys.stderr)
"""
_TOLD = re.compile(r"I\s+refs:\s+([\d,]+)")


@dataclass(frozen=True, slots=True)
class Start:
    """One cold start: millions of instructions (one for each run), modules imported."""

    name: str
    instructions: list[float]
    modules: int


def counted(program: str, arguments: Sequence[str], environ: dict[str, str], folder: Path) -> tuple[float, int]:
    """The instructions (millions) and the modules of a program, from the interpreter's start to its end."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={folder / 'out'}"]
    command += [sys.executable, "-S", "-c", program, *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    told = _TOLD.search(done.stderr)
    modules = [line for line in done.stderr.splitlines() if line.isdecimal()]
    assert told is not None and modules, done.stderr[-500:]
    return int(told[1].replace(",", "")) / 1e6, int(modules[0])


def measure(package: Path | None, names: Sequence[str], runs: int) -> list[Start]:
    """The cold starts: the two floors first, then each recorded request whose name begins with one of `names`."""
    with open_store("ministack") as store, silent():
        _, recordings = record(store, cold=True)
    wanted = [one for name in names for one in recordings if one.name.startswith(name)]
    site, ours = sysconfig.get_paths()["purelib"], str(ROOT)
    with stub(wanted) as url, in_private_folder("warmup-cold-") as folder:
        environ = {
            **environment(WARMUP_KEY_CACHE_SECONDS="30", WARMUP_GATE_CACHE_SECONDS="2"),
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_DYNAMODB": url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PATH": os.environ["PATH"],
        }

        def start(name: str, program: str, where: str, number: int, *arguments: str) -> Start:
            found = []
            for run in range(runs):
                print(f"  {name}: run {run + 1} of {runs}", end="\r", file=sys.stderr, flush=True)
                play(url, number)
                found.append(counted(program, arguments, {**environ, "PYTHONPATH": where}, folder))
            return Start(name, [instructions for instructions, _ in found], found[-1][1])

        starts = [start("a bare client", _BARE, ours, 0), start("botocore alone", _BOTOCORE, site, 0)]
        for number, one in enumerate(wanted):
            event = folder / "event.json"
            event.write_text(json.dumps([one.event, one.now.isoformat(), one.handler]))
            starts.append(start(one.name, _OURS, str(package or f"{ours}{os.pathsep}{site}"), number, str(event)))
    return starts


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=MEASURED, help="which requests, by the beginning of their names")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each (default {RUNS}; 30 s a run)")
    parser.add_argument("--package", type=Path, help="the unpacked zip of a deployment")
    parser.add_argument("--json", type=Path, help="writes the figures to this file, too")
    given = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is missing: it counts the instructions (Debian: apt-get install valgrind)")
    starts = measure(given.package, given.names, given.runs)
    floors = [statistics.median(one.instructions) for one in starts[:2]]
    print(f"{'first answer of':>19} {'million instructions':>22} {'modules':>8} {'× bare':>8} {'× botocore':>11}")
    for one in starts:
        middle, least, most = statistics.median(one.instructions), min(one.instructions), max(one.instructions)
        print(
            f"{one.name:>19} {middle:>9,.0f} ({least:,.0f}–{most:,.0f}) {one.modules:>8} {middle / floors[0]:>8.1f}"
            f" {middle / floors[1]:>11.2f}"
        )
    if given.json:
        given.json.write_text(json.dumps([{name: getattr(one, name) for name in one.__slots__} for one in starts]))


if __name__ == "__main__":
    main()
