"""Runs what the documentation shows: files are written, Python is run, commands are given, outputs are compared.

A fence is `console` (commands behind `$ `, then what they say, `…` for anything; what serves runs on until the next
that serves), `python` (run as it is, or written to the file that `title` names), `csv` (a file), or something that is
only looked at: `text`, `mermaid`.
"""

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from warmup import cli

_FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXITS = re.compile(r"  # exits (\d+)$")
ONLY_LOOKED_AT = {"text", "mermaid", ""}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    return [Block(*found.groups()) for found in _FENCE.finditer(page.read_text(encoding="utf-8"))]


@dataclass
class Reader:
    """Somebody who does what a page says, in a folder of their own; the commands `here`, or each in a process."""

    folder: Path
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    here: bool = False
    port: int | None = None
    root: Path = Path(__file__).parents[2]
    printed: str = ""
    serving: subprocess.Popen[str] | None = None

    def follow(self, page: Path) -> int:
        """Does all of it; answers how many commands and programs were run. Where the page names port 8000, it takes
        the reader's `port` if there is one."""
        try:
            return sum(self._do(block) for block in blocks(page))
        finally:
            self._end()

    def _do(self, block: Block) -> int:
        if self.port is not None:
            block = replace(block, text=block.text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}"))
        if block.title is not None:
            (self.folder / block.title).write_text(block.text, encoding="utf-8")
            return 0
        if block.language == "python":
            return self._python(block.text)
        if block.language != "console":
            assert block.language in ONLY_LOOKED_AT, f"what is a block of {block.language!r}?"
            return 0
        steps = list(_steps(block.text))
        for command, code, expected in steps:
            self._give(command, code, expected)
        return len(steps)

    def _python(self, text: str) -> int:
        calls = "".join(f"\n{name}()" for name in re.findall(r"^def (test_\w+)\(\)", text, re.MULTILINE))
        done = subprocess.run(
            [sys.executable, "-c", text + calls],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return 1

    def _give(self, command: str, code: int, expected: list[str]) -> None:
        exported = re.fullmatch(r"export (\w+)=(?:\$\((.+)\)|(.+))", command)
        if exported:
            name, inner, value = exported.groups()
            out, err = self._run(inner, 0, expected) if inner else (self._pasted(value), "")
            self.environ[name] = out.strip()
            _compare(command, err, expected)
            return
        if command.startswith("python "):
            self._bot(command, expected)
            return
        if command.startswith(("make local", "make run")):
            self._serve(command, expected)
            return
        out, err = self._run(command, code, expected)
        _compare(command, err + out, expected)

    def _run(self, command: str, code: int, expected: list[str]) -> tuple[str, str]:
        words = shlex.split(command)
        assert words[0] in ("warmup", "curl", "pytest", "cat"), f"who runs {command!r}?"
        if words[0] in ("curl", "cat"):
            ended, out, err = self._process(["bash", "-o", "pipefail", "-c", command])
        elif words[0] == "pytest":
            ended, out, err = self._process([sys.executable, "-m", "pytest", "-q", *words[1:]])
        else:
            process = [sys.executable, "-m", "warmup", *words[1:]]
            ended, out, err = self._here(words) if self.here else self._process(process)
        assert ended == code, f"{command} exits {ended}: {out}{err}"
        return out, err

    def _here(self, words: list[str]) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            for name in os.environ.keys() - self.environ.keys():
                patch.delenv(name)
            for name, value in self.environ.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", words)
            patch.setattr(sys, "stdin", io.StringIO())
            try:
                cli.main()
                ended = 0
            except SystemExit as end:
                ended = int(end.code or 0)
        return ended, out.getvalue(), err.getvalue()

    def _process(self, words: list[str]) -> tuple[int, str, str]:
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def _serve(self, command: str, expected: list[str]) -> None:
        """Starts it, and lets it run until another takes its place or the page ends."""
        self._end()
        _, target, *given = shlex.split(command)
        arguments = shlex.split(given[0].removeprefix("ARGS=")) if given else []
        module = {"local": ["warmup.sandbox.local"], "run": ["warmup", "dev"]}[target]
        at = [] if self.port is None else ["--port", str(self.port)]
        self.serving = subprocess.Popen(
            [sys.executable, "-m", *module, *arguments, *at],
            cwd=self.folder,
            env={**self.environ, "PYTHONPATH": str(self.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.serving.stdout is not None
        said = []
        for line in self.serving.stdout:
            said.append(line)
            if line.startswith("ready "):
                break
        self.printed = "".join(said)
        _compare(command, self.printed, expected)

    def _end(self) -> None:
        """Ctrl-C for what serves; it has to take it well."""
        if self.serving is not None:
            self.serving.send_signal(signal.SIGINT)
            self.serving.communicate(timeout=30)
            assert self.serving.returncode == 0
            self.serving = None

    def _pasted(self, value: str) -> str:
        """A value of which the page shows the beginning only is the one that was printed."""
        if not value.endswith("…"):
            return value
        found = re.search(re.escape(value.removesuffix("…")) + r"\S+", self.printed)
        assert found, f"{value} was not printed: {self.printed}"
        return found[0]

    def _bot(self, command: str, expected: list[str]) -> None:
        """Runs until it has said what it should say; then SIGTERM, which it has to take well."""
        process = subprocess.Popen(
            [sys.executable, *command.split()[1:]],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        late = threading.Timer(60, process.kill)
        late.start()
        said = [process.stdout.readline() for _ in expected]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=90)
        late.cancel()
        _compare(command, "".join(said), expected)
        assert process.returncode == 0, err


def _steps(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Each command, the code with which it ends, and what it says."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *expected = part.rstrip("\n").split("\n")
        found = _EXITS.search(command)
        yield _EXITS.sub("", command), int(found[1]) if found else 0, expected


def _compare(command: str, said: str, expected: list[str]) -> None:
    for line in expected:
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert re.search(f"^{pattern}", said, re.MULTILINE), f"{command} does not say {line!r}: {said}"


def environ(url: str, operator_key: str, home: Path) -> Mapping[str, str]:
    """What a reader's terminal has."""
    root = str(Path(__file__).parents[2])
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("WARMUP_")},
        "WARMUP_URL": url,
        "WARMUP_OPERATOR_KEY": operator_key,
        "XDG_CONFIG_HOME": str(home),
        "PYTHONPATH": root,
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
