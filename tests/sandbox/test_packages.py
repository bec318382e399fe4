"""What `pip install warmup` and `pip install "warmup[sandbox]"` bring, in an empty folder outside the clone.

The wheels are built here and installed into new environments, which see of this one only what the wheels declare.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.sandbox.pages import blocks
from warmup.sandbox.stores import ROOT

pytestmark = pytest.mark.engine

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "app.py", "chalicelib", "service", "warmup")


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and an empty folder to work in."""

    python: Path
    folder: Path

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Python with these arguments, in the folder, with nothing of the clone on its path."""
        clean = {name: one for name, one in os.environ.items() if not name.startswith(("PYTHON", "WARMUP_", "AWS_"))}
        command = [str(self.python), *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=clean, capture_output=True, text=True, check=False, timeout=180
        )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Both distributions, built from a copy: setuptools leaves its work where it builds."""
    copy, made = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheels")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "build"))
        else:
            shutil.copyfile(ROOT / name, copy / name)
    _pip(
        "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", str(made), ".", "./service", at=copy
    )
    return sorted(made.iterdir())


def _pip(*arguments: str, at: Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    done = subprocess.run(command, cwd=at, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def environment(folder: Path, wheels: list[Path], extras: set[str]) -> Environment:
    """A new environment with these wheels, and what they declare (with the extras) linked from this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    given = ["--no-deps", "--no-index", "--no-compile", *map(str, wheels)]
    _pip("--python", str(python), "install", *given, at=folder)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    ours = {one.name for one in map(Distribution.at, site.glob("*.dist-info"))}
    for name in declared(site, ours, extras) - ours:
        for top in {file.parts[0] for file in distribution(name).files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    (folder / "empty").mkdir()
    return Environment(python, folder / "empty")


def declared(site: Path, ours: set[str], extras: set[str]) -> set[str]:
    """The names of all that these distributions need, and what that needs in turn."""
    own = {Distribution.at(one).name: Distribution.at(one) for one in site.glob("*.dist-info")}
    todo = [(name, frozenset(extras if name == "warmup" else ())) for name in ours]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        name, wanted = todo.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        for text in (own[name] if name in own else distribution(name)).requires or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": one}) for one in (*wanted, "")):
                todo.append((re.sub(r"[-_.]+", "-", needed.name).lower(), frozenset(needed.extras)))
    return {name for name, _ in seen}


@pytest.fixture(scope="module")
def client_only(tmp_path_factory: pytest.TempPathFactory, wheels: list[Path]) -> Environment:
    own = [one for one in wheels if one.name.startswith("warmup-")]
    return environment(tmp_path_factory.mktemp("client"), own, set())


@pytest.fixture(scope="module")
def with_sandbox(tmp_path_factory: pytest.TempPathFactory, wheels: list[Path]) -> Environment:
    return environment(tmp_path_factory.mktemp("sandbox"), wheels, {"sandbox"})


def test_the_service_is_whole_in_its_wheel(wheels: list[Path]) -> None:
    (wheel,) = (one for one in wheels if one.name.startswith("warmup_service-"))
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = subprocess.run(["git", "ls-files", "chalicelib"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert names == {*there.stdout.split(), "warmup_service/app.py"}


def test_a_bots_environment_gets_the_client_alone(client_only: Environment) -> None:
    assert client_only.run("-c", "from warmup import Client, Worker; Client('http://127.0.0.1:9', 'k')").returncode == 0
    assert client_only.run("-m", "warmup", "--version").stdout == "warmup 0.1.0\n"
    for name in ("app", "chalicelib", "warmup_service", "boto3", "chalice", "moto"):
        assert "ModuleNotFoundError" in client_only.run("-c", f"import {name}").stderr, name


@pytest.mark.parametrize(
    "arguments", [("-c", "import warmup.sandbox.fake"), ("-c", "import warmup.testing"), ("-m", "warmup", "dev")]
)
def test_without_the_extra_the_sandbox_says_how_to_install_it(
    client_only: Environment, arguments: tuple[str, ...]
) -> None:
    ended = client_only.run(*arguments)
    last = " ".join(ended.stderr.split())
    assert ended.returncode in (1, 2)
    assert (
        'The sandbox is not installed (boto3, chalice, chalicelib, moto, PIL missing): pip install "warmup[sandbox]"'
        in last
    )
    assert arguments[0] == "-c" or "Traceback" not in ended.stderr


def test_the_extra_brings_the_service_on_moto(with_sandbox: Environment) -> None:
    program = "from warmup.testing import moto_service\nwith moto_service() as service: service.stock()"
    ended = with_sandbox.run("-c", program)
    assert ended.returncode == 0, ended.stderr


def test_the_guides_test_of_a_bot_passes_outside_the_clone(with_sandbox: Environment) -> None:
    guide = [one.text for one in blocks(ROOT / "docs" / "write-a-bot.md") if "def test_" in one.text]
    assert len(guide) == 1
    calls = re.findall(r"^def (test_\w+)\(\)", guide[0], re.MULTILINE)
    # the bot's project has an `app` of its own, as most have
    (with_sandbox.folder / "app.py").write_text("raise SystemExit('this is not the service')\n")
    ended = with_sandbox.run("-c", guide[0] + "".join(f"\n{name}()" for name in calls))
    assert (ended.returncode, calls) == (0, ["test_my_bot_fills_in_the_bio"]), ended.stderr[-3000:]


def test_the_sandbox_starts_outside_the_clone(with_sandbox: Environment) -> None:
    """On moto; a whole run with bots is for MiniStack, which answers many at once."""
    script = (
        "import subprocess, sys, urllib.request\n"
        "dev = subprocess.Popen([sys.executable, '-m', 'warmup', 'dev', '--empty', '--port', '0'], "
        "stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)\n"
        "url = next(line for line in dev.stdout if line.startswith('ready ')).split()[1]\n"
        "health = urllib.request.urlopen(url + '/api/health').status\n"
        "dev.terminate()\n"
        "print(health, dev.communicate()[1])"
    )
    ended = with_sandbox.run("-c", script)
    assert (ended.stdout[:3], "store: moto" in ended.stdout) == ("200", True), ended
