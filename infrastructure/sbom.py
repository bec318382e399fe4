"""The software bill of materials (CycloneDX) of a package: what is in the zip, with versions and hashes."""

import hashlib
import json
import tomllib
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from infrastructure.pins import ROOT, pins

FORMAT, VERSION = "CycloneDX", "1.6"
VENDORED: tuple[tuple[str, str, str, str], ...] = (
    ("htm", "3.1.1", "Apache-2.0", "chalicelib/console/preact.js"),
    ("swagger-ui-dist", "5.35.0", "Apache-2.0", "chalicelib/docs/swagger-ui-bundle.js"),
)
"""What lies in our folders and is from npm, unchanged: its name, version, licence and file."""


def written(archive: Path, requirements: Sequence[str]) -> str:
    """Return the document of a zip whose requirements are these pins; equal zips have equal documents."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    with (ROOT / "service" / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    document = {
        "bomFormat": FORMAT,
        "specVersion": VERSION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": project["name"],
                "name": project["name"],
                "version": project["version"],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
        },
        "components": [*_installed(requirements), *_vendored()],
    }
    return json.dumps(document, indent=1) + "\n"


def _installed(requirements: Sequence[str]) -> Iterator[dict[str, Any]]:
    for name, (version, hashes) in sorted(pins("\n".join(requirements)).items()):
        purl = f"pkg:pypi/{name.lower()}@{version}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
            "properties": [{"name": "pin", "value": one.removeprefix("--hash=")} for one in hashes],
        }


def _vendored() -> Iterator[dict[str, Any]]:
    for name, version, licence, file in VENDORED:
        purl = f"pkg:npm/{name}@{version}"
        digest = hashlib.sha256((ROOT / file).read_bytes()).hexdigest()
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
            "licenses": [{"license": {"id": licence}}],
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }
