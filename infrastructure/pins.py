"""The pinned requirements, and beside them the hashes of their files, so that nothing else is installed.

`make hashes` writes a file of hashes for each file of pins, from the index that pip is set up for. Set-up and `make
package` install from these, with `--require-hashes`. A test compares the two.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "infrastructure" / "hashes"
FILES = (
    *("requirements.txt", "requirements-dev.txt", "docs/requirements.txt"),
    *("infrastructure/lint.txt", "infrastructure/uv.txt", "warmup/sandbox/ministack.txt"),
)
"""The files of pins; those that one of them includes stand in the list, too."""
_PIN = re.compile(
    r"^([A-Za-z0-9][\w.\-]*)(\[[\w,\-]+\])?==([^\s\\;]+)((?:[ \\]*\n? *--hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE
)
_HASH = re.compile("--hash=sha256:[0-9a-f]{64}")
Pins = dict[str, tuple[str, list[str]]]


def pins(text: str) -> Pins:
    """Return version and hashes of each pin, by its canonical name."""
    return {
        canonicalize_name(name): (version, _HASH.findall(hashes)) for name, _, version, hashes in _PIN.findall(text)
    }


def hashes_of(name: str) -> Path:
    """Return the file of the hashes of a file of pins."""
    return FOLDER / name.replace("/", "-")


def written(name: str, version: str, hashes: list[str]) -> str:
    """Return a pin with its hashes, as pip reads it."""
    return " \\\n    ".join([f"{name}=={version}", *hashes])


def _ask(wanted: Pins) -> Pins:
    """Ask the index for the hashes of the pins."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "asked.txt", Path(folder) / "answered.txt"
        asked.write_text("".join(f"{name}=={version}\n" for name, (version, _) in wanted.items()))
        command = [str(ROOT / ".tools" / "uv" / "bin" / "uv"), "pip", "compile", "--quiet", "--no-deps", "--no-header"]
        command += ["--no-annotate", "--generate-hashes", str(asked), "--output-file", str(answered)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return pins(answered.read_text())


def main() -> None:
    """Write all files of hashes."""
    for name in FILES:
        found = _ask(pins((ROOT / name).read_text()))
        lines = [written(one, *pin) for one, pin in sorted(found.items())]
        hashes_of(name).write_text("\n".join(["# Written by `make hashes`: change the pins, not this.", *lines]) + "\n")
        print(f"{name}: {len(found)} pins", file=sys.stderr)


if __name__ == "__main__":
    main()
