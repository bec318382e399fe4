"""`make package`: the zip that every function runs, the template that deploys it, and the list of what is in it.

requirements.txt ─ pip, wheels only ─► trimmed, compiled ─┐
app.py, chalicelib ───────────────────────────────────────┴─ Chalice ─► deployment.zip, template.json ─► verified

What only Chalice's command line needs stays out; its runtime is put in by Chalice itself. The deployed folder is
read-only, so that what is not compiled here is compiled again at every cold start.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from infrastructure import pins, sbom
from infrastructure.template import STAGES, finished, merge_file

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out"
LARGEST_ZIP = 16 * 1024 * 1024
_WHEELS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
_HERE = {"aarch64": "arm64", "amd64": "x86_64"}
_TOOLS_OF_CHALICE = "chalice"
_KEPT_DATA = frozenset({"dynamodb", "s3"})
_NEVER_RUN = (
    *("bin", "boto3/examples"),
    "aws_lambda_powertools/event_handler",  # another Chalice
    *("cffi", "pycparser"),  # they make what cryptography ships made; it runs on _cffi_backend alone
)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip can tell: equal contents make equal zips
_DEPLOYED_AT = "/var/task/"
_NATIVE = re.compile(r"\.(cpython-\d+|abi3)[\w.-]*\.so$")


class PackagingFailed(Exception):
    """What cannot be deployed; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Package:
    """What `package` made: a folder with both files."""

    folder: Path

    @property
    def zip(self) -> Path:
        """The code of all functions."""
        return self.folder / "deployment.zip"

    @property
    def template(self) -> Path:
        """The CloudFormation template, with the SAM transform."""
        return self.folder / "template.json"

    @property
    def sbom(self) -> Path:
        """What is in the zip, as CycloneDX."""
        return self.folder / "sbom.cdx.json"

    def handlers(self) -> list[str]:
        """The functions' entry points, such as `app.open_due_phases`."""
        resources = json.loads(self.template.read_text())["Resources"].values()
        return sorted(one["Properties"]["Handler"] for one in resources if one["Type"] == "AWS::Serverless::Function")


def this_machine() -> str:
    """The architecture that this machine can run, in Lambda's words."""
    name = platform.machine().lower()
    return _HERE.get(name, name)


def package(stage: str, architecture: str, folder: Path) -> Package:
    """Makes and verifies the package of a stage. Raises PackagingFailed, CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="warmup-package-") as made:
        built = _build(stage, architecture, Path(made))
        runnable = built
        if architecture != this_machine():
            # what cannot run here is verified by a second build, made by the same steps for this machine
            second = Path(made) / "second"
            second.mkdir()
            runnable = _build(stage, this_machine(), second)
            _check_same(built, runnable)
        verify(runnable)
        _check_size(built.zip)
        folder.mkdir(parents=True, exist_ok=True)
        for file in (built.zip, built.template):
            shutil.copyfile(file, folder / file.name)
    made_package = Package(folder)
    made_package.sbom.write_text(sbom.written(made_package.zip, _pins()))
    return made_package


def _build(stage: str, architecture: str, work: Path) -> Package:
    project = work / "project"
    project.mkdir()
    shutil.copyfile(ROOT / "app.py", project / "app.py")
    shutil.copytree(ROOT / "chalicelib", project / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".chalice", project / ".chalice", ignore=shutil.ignore_patterns("deploy*", "venv"))
    shutil.copytree(dependencies(architecture), project / "vendor")
    merge = project / "merge.json"
    merge.write_text(json.dumps(merge_file(stage, architecture)))
    command = [sys.executable, "-c", "from chalice.cli import main; main()", "--project-dir", str(project)]
    command += ["package", "--stage", stage, "--merge-template", str(merge), str(work / "chalice")]
    done = subprocess.run(
        command, env=os.environ | {"AWS_DEFAULT_REGION": "us-east-1"}, capture_output=True, text=True, check=False
    )
    told = done.stdout + done.stderr
    if done.returncode != 0 or "Could not install dependencies" in told:
        raise PackagingFailed(f"chalice package failed:\n{told}")
    built = Package(work)
    template = finished(json.loads((work / "chalice" / "sam.json").read_text()), stage)
    built.template.write_text(json.dumps(template, indent=1, sort_keys=True) + "\n")
    _write_zip(built.zip, _compiled(work / "chalice" / "deployment.zip"))
    return built


# what is in the zip


def dependencies(architecture: str) -> Path:
    """A folder with what the service needs beside itself, trimmed and compiled; made once for each set of pins."""
    wanted = _pins()
    facts = json.dumps([wanted, architecture, sys.version, Path(__file__).read_text()])
    folder = OUT / "dependencies" / f"{architecture}-{hashlib.sha256(facts.encode()).hexdigest()[:16]}"
    if folder.exists():
        return folder
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=OUT) as made:
        target = Path(made) / "dependencies"
        _install(wanted, architecture, target)
        _trim(target)
        for file in sorted(target.rglob("*.py")):
            _compile(file, str(file.relative_to(target)), file.parent / _cached_name(file.name))
        folder.parent.mkdir(exist_ok=True)
        if not folder.exists():  # somebody else may have been quicker
            target.rename(folder)
    return folder


def _pins() -> list[str]:
    """The pinned requirements that the functions need: those of requirements.txt, but for Chalice's tools."""
    text = (ROOT / "requirements.txt").read_text()
    hashed = pins.pins(pins.hashes_of("requirements.txt").read_text())
    pinned = {name: pins.written(name, version, hashed[name][1]) for name, (version, _) in pins.pins(text).items()}
    wanted = list(pins.pins(text.partition("# brought by the above")[0]))
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name == _TOOLS_OF_CHALICE or name in needed:
            continue
        if name not in pinned:
            raise PackagingFailed(f"requirements.txt does not pin {name}, which others need")
        needed.add(name)
        for text in distribution(name).requires or ():
            required = Requirement(text)
            if required.marker is None or required.marker.evaluate({"extra": ""}):
                wanted.append(required.name.lower().replace("_", "-"))
    return sorted(pinned[name] for name in needed)


def _install(wanted: Sequence[str], architecture: str, target: Path) -> None:
    print(f"package: {len(wanted)} requirements for {architecture} …", file=sys.stderr, flush=True)
    file = target.with_suffix(".txt")
    file.write_text("\n".join(wanted) + "\n")
    major, minor = sys.version_info[:2]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--no-deps"]
    command += ["--no-compile", "--only-binary=:all:", "--target", str(target)]
    command += ["--platform", _WHEELS[architecture], "--implementation", "cp", "--python-version", f"{major}.{minor}"]
    command += ["--require-hashes", "-r", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackagingFailed(f"a requirement could not be installed for {architecture}:\n{done.stdout}{done.stderr}")


def _trim(target: Path) -> None:
    """Takes out what never runs: other services' data, examples, commands, and what only pip reads."""
    for data in (target / "botocore" / "data", target / "boto3" / "data"):
        for entry in data.iterdir():
            if entry.is_dir() and entry.name not in _KEPT_DATA:
                shutil.rmtree(entry)
    for entry in (*target.glob("*.dist-info"), *(target / name for name in _NEVER_RUN)):
        shutil.rmtree(entry, ignore_errors=True)


def _compiled(made: Path) -> Iterator[tuple[str, bytes]]:
    """The entries of Chalice's zip, and the bytecode of those modules that have none yet."""
    with zipfile.ZipFile(made) as archive, tempfile.TemporaryDirectory(prefix="warmup-compiled-") as folder:
        names = set(archive.namelist())
        for name in sorted(names):
            yield name, archive.read(name)
            path = Path(name)
            cached = str(path.parent / _cached_name(path.name))
            if path.suffix == ".py" and cached not in names:
                source, bytecode = Path(folder) / "source.py", Path(folder) / "bytecode"
                source.write_bytes(archive.read(name))
                _compile(source, name, bytecode)
                yield cached, bytecode.read_bytes()


def _cached_name(name: str) -> str:
    return str(Path(importlib.util.cache_from_source(name)))


def _compile(source: Path, name: str, target: Path) -> None:
    """Bytecode that is never compared with its source, and whose traces name the deployed file."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), str(target), _DEPLOYED_AT + name, doraise=True, invalidation_mode=mode)


def _write_zip(path: Path, entries: Iterable[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


# what is refused


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > LARGEST_ZIP:
        raise PackagingFailed(f"{path.name} has {size:,} bytes, more than {LARGEST_ZIP:,}: cold starts pay for each")


def _check_same(one: Package, other: Package) -> None:
    """Both architectures must hold the same files, but for the suffix of what is native."""
    names = []
    for built in (one, other):
        with zipfile.ZipFile(built.zip) as archive:
            names.append({_NATIVE.sub(".so", name) for name in archive.namelist()})
    if different := sorted(names[0] ^ names[1]):
        raise PackagingFailed(f"the architectures differ in more than native code: {different[:5]}")


_IMPORT = """
import importlib, json, pathlib, pkgutil, sys
folder, handlers = sys.argv[1], sys.argv[2:]
sys.path.insert(0, folder)
import app, chalicelib
for handler in handlers:
    module, _, name = handler.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name)), handler
for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
    importlib.import_module(module.name)
event = {"requestContext": {"resourcePath": "/api/health", "httpMethod": "GET", "path": "/v1/api/health"},
         "headers": {}, "multiValueQueryStringParameters": None, "pathParameters": None, "path": "/api/health",
         "stageVariables": None, "body": None, "isBase64Encoded": False}
assert app.app(event, None)["statusCode"] == 200
from chalicelib.tables import media
media.download_url("bucket", "key", 60)
media.upload_form("bucket", "key", media_type="image/png", size=1, sha256="00" * 32, seconds=60)
bare = [name for name, module in sys.modules.items()
        if (getattr(module, "__file__", None) or "").startswith(folder)
        and module.__file__.endswith(".py") and not pathlib.Path(module.__cached__ or "").exists()]
assert not bare, f"without bytecode: {bare}"
"""


def verify(built: Package) -> None:
    """Imports each handler, and everything that is ours, with nothing but the standard library and the zip.

    Raises PackagingFailed.
    """
    with tempfile.TemporaryDirectory(prefix="warmup-verify-") as folder, zipfile.ZipFile(built.zip) as archive:
        names = set(archive.namelist())
        sources = [Path(name) for name in names if name.endswith(".py")]
        bare = [str(one) for one in sources if str(one.parent / _cached_name(one.name)) not in names]
        if bare:
            raise PackagingFailed(f"modules without bytecode: {sorted(bare)[:5]}")
        archive.extractall(folder)
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", _IMPORT, folder, *built.handlers()],
            env=_BARE_ENVIRON,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise PackagingFailed(f"the zip does not hold all that its handlers need:\n{done.stderr}")


_BARE_ENVIRON: Mapping[str, str] = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: python -m infrastructure.package --stage dev."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__.partition("\n")[0])
    parser.add_argument("--stage", choices=sorted(STAGES), default="dev")
    parser.add_argument("--architecture", choices=sorted(_WHEELS), default="arm64")
    asked: Any = parser.parse_args(arguments)
    try:
        made = package(asked.stage, asked.architecture, OUT / asked.stage)
    except PackagingFailed as error:
        sys.exit(f"make package: {error}")
    size = made.zip.stat().st_size / 1e6
    print(
        f"{made.zip.relative_to(ROOT)}: {size:.1f} MB, {asked.architecture}, {len(made.handlers())} handlers imported"
    )
    print(f"{made.template.relative_to(ROOT)}: {made.template.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
