"""Child processes on local ports: waited for until they answer, and gone with the process that started them."""

import contextlib
import ctypes
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_START_SECONDS = 60.0
_STOP_SECONDS = 0.5  # they hold nothing that is worth a longer wait
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ChildFailed(Exception):
    """A child process ended or never answered; the message carries what it said last."""


def free_port() -> int:
    """Return a free TCP port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def in_private_folder(prefix: str) -> Iterator[Path]:
    """Make a temporary folder, and remove it with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def child_process(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command, in that folder, from its first HTTP answer on `port` until the context is left.

    It gets a process group of its own: Ctrl-C reaches us and not the child, and what it starts ends with it.
    """
    log = folder / "output.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # one system call, nothing that takes a lock
        )
    try:
        _wait_until_it_answers(child, port, log)
        yield child
    finally:
        _stop(child)


def _die_with_parent() -> None:
    """In the child: the kernel ends it when the thread that started it ends, even if that was killed."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_until_it_answers(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(port):
        if child.poll() is not None or time.monotonic() > deadline:
            raise ChildFailed(_why(child, log))
        time.sleep(0.05)


def _why(child: subprocess.Popen[bytes], log: Path) -> str:
    """Return the last line that the child wrote: of a trace that is the error."""
    said = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    name = " ".join(Path(str(word)).name for word in child.args[:3])  # type: ignore[index]  # a list, as it was given
    ended = "did not start" if child.poll() is not None else f"did not answer within {_START_SECONDS:.0f} s"
    return f"{name} {ended}: {said[-1][:300] if said else 'it said nothing'}"


def _answers(port: int) -> bool:
    """Whether an HTTP server answers there; any status will do."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Terminate the child's whole group, then kill it."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=_STOP_SECONDS)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # what the child itself had started
