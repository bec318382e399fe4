"""What is installed is what was pinned: hashes for every requirement, integrity values for what comes from npm."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from infrastructure import pins, sbom
from infrastructure.pins import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("name", pins.FILES)
def test_every_pin_has_its_hashes(name: str) -> None:
    text, hashed = (ROOT / name).read_text(), pins.pins(pins.hashes_of(name).read_text())
    named = {
        canonicalize_name(re.split(r"[\\[=]", line)[0]) for line in text.splitlines() if re.match("[A-Za-z0-9]", line)
    }
    pinned = {one: version for one, (version, _) in pins.pins(text).items()}
    assert named == set(pinned) and pinned
    assert {one: version for one, (version, _) in hashed.items()} == pinned, "run: make hashes"
    assert [one for one, (_, hashes) in hashed.items() if not hashes] == []


def test_nothing_is_installed_without_its_hashes() -> None:
    installed = set(re.findall(r"-hashes|(?:PIP_FILE\)|HASHES\))/(\S+)", MAKEFILE)) - {""}
    assert installed == {pins.hashes_of(name).name for name in pins.FILES}
    assert "PIP_FILE := $(PIP) --require-hashes -r $(HASHES)" in MAKEFILE
    assert re.findall(r"\$\(PIP\) -r", MAKEFILE) == []


def test_what_npm_packs_is_compared_before_it_is_unpacked() -> None:
    packed = [line for line in MAKEFILE.splitlines() if "npm pack" in line]
    assert len(packed) == 2
    for line in packed:
        name = re.search(r"\$\((\w+)_PACKAGE\)", line)
        assert name is not None and f"$(SHA512) *.tgz $({name[1]}_SHA512)" in line
        assert re.search(rf"^{name[1]}_SHA512 := [0-9a-f]{{128}}$", MAKEFILE, re.MULTILINE)
    lock = json.loads((ROOT / "infrastructure" / "typescript" / "package-lock.json").read_text())
    assert all(one["integrity"].startswith("sha512-") for name, one in lock["packages"].items() if name)


def test_the_bill_of_materials_names_what_is_in_the_zip(tmp_path: Path) -> None:
    archive = tmp_path / "deployment.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("app.py", "")
    pin = pins.written("pydantic", "2.14.3", [f"--hash=sha256:{'0' * 64}"])
    document = json.loads(sbom.written(archive, [pin]))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert [one["purl"] for one in document["components"]] == [
        "pkg:pypi/pydantic@2.14.3",
        *(f"pkg:npm/{name}@{version}" for name, version, _, _ in sbom.VENDORED),
    ]
    assert json.loads(sbom.written(archive, [pin])) == document, "equal zips have equal documents"


@pytest.mark.parametrize(("name", "version", "licence", "file"), sbom.VENDORED)
def test_what_is_vendored_is_the_version_that_is_named(name: str, version: str, licence: str, file: str) -> None:
    folder = (ROOT / file).parent
    said = (ROOT / file).read_text(encoding="utf-8") + "".join(
        one.read_text(encoding="utf-8") for one in folder.glob("*licenses.txt")
    )
    assert version in said
