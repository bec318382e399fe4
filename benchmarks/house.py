"""How large and how tangled the code is: files, functions, hops of a request, escapes from checks: `make house`.

What is counted is read from the files that git tracks, the generated ones left out. A hop is counted at run time: each
request is answered once, warm, against a store in a process of its own, and every call of a function of ours is seen.
"""

import argparse
import ast
import re
import statistics
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import FrameType
from typing import Any

from benchmarks import recording
from benchmarks.recording import patched
from benchmarks.requests import silent
from warmup.sandbox.stores import ROOT, open_store

_MADE = ("async_operations", "boxes", "errors", "media_files", "models", "operations", "rows", "strict_json")
GENERATED = frozenset(f"warmup/api/{name}.py" for name in _MADE)
LONG_FILE, LONG_FUNCTION = 250, 30
_IGNORE = re.compile(r"#\s*type:\s*ignore(\[[^\]]*\])?\s*(#.*)?$")
_STORE = "ministack"


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """The nodes of these kinds."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Its functions and methods, the inner ones too."""
        return self.nodes(ast.FunctionDef, ast.AsyncFunctionDef)


def sources(*, tests: bool = False) -> list[Source]:
    """The files that people write: of the service, its tools, its client, its benchmarks; or the tests."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607  # git is where a checkout is
    paths = [path for path in listed.stdout.split() if path not in GENERATED and path.startswith("tests/") is tests]
    return [Source(path, (ROOT / path).read_text(encoding="utf-8")) for path in paths]


def is_service(source: Source) -> bool:
    """Whether the file is deployed."""
    return source.path == "app.py" or source.path.startswith("chalicelib/")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of some files: lines of files and functions as (median, 90th percentile, largest)."""

    files: int
    lines: int
    file: tuple[int, int, int]
    function: tuple[int, int, int]
    long_files: list[str]
    long_functions: list[str]
    classes: int


def sizes(found: Iterable[Source]) -> Sizes:
    """Measures the files."""
    files = list(found)
    lengths = {
        f"{one.path}:{function.name}": (function.end_lineno or function.lineno) - function.lineno + 1
        for one in files
        for function in one.functions()
    }
    every = [
        (function.end_lineno or function.lineno) - function.lineno + 1 for one in files for function in one.functions()
    ]
    return Sizes(
        len(files),
        sum(one.lines for one in files),
        _spread([one.lines for one in files]),
        _spread(every),
        [f"{one.path} {one.lines}" for one in files if one.lines > LONG_FILE],
        [f"{name} {length}" for name, length in lengths.items() if length > LONG_FUNCTION],
        sum(1 for one in files for _ in one.nodes(ast.ClassDef)),
    )


def _spread(numbers: list[int]) -> tuple[int, int, int]:
    ordered = sorted(numbers)
    return int(statistics.median(ordered)), ordered[int(len(ordered) * 0.9)], ordered[-1]


def repeated_class_names(found: Iterable[Source]) -> dict[str, list[str]]:
    """Public class names that stand in more than one module, with these modules."""
    where: defaultdict[str, set[str]] = defaultdict(set)
    for source in found:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].add(source.module)
    return {name: sorted(modules) for name, modules in sorted(where.items()) if len(modules) > 1}


def casts(found: Iterable[Source]) -> list[str]:
    """Where a value is given another type without a check."""
    return [
        f"{source.path}:{call.lineno}"
        for source in found
        for call in source.nodes(ast.Call)
        if isinstance(call.func, ast.Name) and call.func.id == "cast"
    ]


def bare_ignores(found: Iterable[Source]) -> list[str]:
    """Exceptions from the type checker that do not give their reason in the same line."""
    return [
        f"{source.path}:{number}"
        for source in found
        for number, line in enumerate(source.text.splitlines(), 1)
        if (ignored := _IGNORE.search(line)) is not None and not ignored[2]
    ]


def unannotated(found: Iterable[Source]) -> int:
    """How many functions lack the type of a parameter or of their result."""
    count = 0
    for source in found:
        for function in source.functions():
            given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            untyped = [one for one in given if one.annotation is None and one.arg not in ("self", "cls", "mcs", "_")]
            count += bool(untyped) or function.returns is None
    return count


def cycles(found: Iterable[Source]) -> list[tuple[str, ...]]:
    """Modules that import each other, directly or by way of others, when they are loaded."""
    modules = {source.module: source for source in found}
    arrows = {name: _imported(source, modules.keys()) for name, source in modules.items()}
    return [ring for ring in _rings(arrows) if len(ring) > 1]


def _imported(source: Source, known: Collection[str]) -> set[str]:
    """The modules that a module imports; of `from package import module` the module, not the package."""
    found: set[str] = set()
    for node in source.tree.body:
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inner = {f"{node.module}.{one.name}" for one in node.names}
            found |= inner & set(known)
            if not inner <= set(known):
                found.add(node.module)
    return found & set(known)


def _rings(arrows: dict[str, set[str]]) -> list[tuple[str, ...]]:
    """Tarjan's strongly connected components."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    rings: list[tuple[str, ...]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in arrows[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            place = stack.index(name)
            rings.append(tuple(sorted(stack[place:])))
            del stack[place:]

    for name in arrows:
        if name not in index:
            visit(name)
    return rings


# hops


@dataclass(slots=True)
class Hops:
    """What one request enters of our own code."""

    functions: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    switches: int = 0
    _last: str = ""

    @property
    def files(self) -> set[str]:
        """The files."""
        return {path for path, _, _ in self.functions}

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return sum(self.functions.values())

    def see(self, frame: FrameType, event: str, _: object) -> None:
        """Takes note of a call."""
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(_OURS):
            return
        self.functions[code.co_filename, code.co_qualname, code.co_firstlineno] += 1
        self.switches += code.co_filename != self._last
        self._last = code.co_filename


_OURS = (str(ROOT / "chalicelib"), str(ROOT / "app.py"))


@contextmanager
def traced() -> Iterator[Hops]:
    """The hops while the context lasts."""
    hops = Hops()
    sys.setprofile(hops.see)
    try:
        yield hops
    finally:
        sys.setprofile(None)


def hops_of_requests() -> dict[str, Hops]:
    """The hops of each request of a bot's main job, warm."""
    seen: list[Hops] = []
    call = recording.Caller.call

    def traced_call(caller: recording.Caller, event: Any) -> Any:
        with traced() as hops:
            answer = call(caller, event)
        seen.append(hops)
        return answer

    with open_store(_STORE) as store, silent(), patched(recording.Caller, "call", traced_call):
        scene = recording.Scene(recording.serve(store))
        return {one.name: seen[-1] for one in scene.recordings()}


# the report


def _of_three(three: tuple[int, int, int]) -> str:
    return "{} / {} / {}".format(*three)


def report(say: Callable[[str], None], *, with_hops: bool, names: bool) -> None:
    """Prints the tables; `names` lists what is counted, too."""
    written = sources()
    service = [one for one in written if is_service(one)]
    say(f"{'':>22} {'files':>6} {'lines':>7}  file: median/p90/max   function: median/p90/max   classes a 1,000 lines")
    groups = {"service": service, "all written by hand": written, "tests": sources(tests=True)}
    for name, group in groups.items():
        size = sizes(group)
        say(
            f"{name:>22} {size.files:>6} {size.lines:>7}  {_of_three(size.file):>20} {_of_three(size.function):>26}"
            f"   {1000 * size.classes / size.lines:>22.0f}"
        )
    counted = {
        f"service files over {LONG_FILE} lines": sizes(service).long_files,
        f"service functions over {LONG_FUNCTION} lines": sizes(service).long_functions,
        "public class names in more than one module of the service": [
            f"{name}: {', '.join(modules)}" for name, modules in repeated_class_names(service).items()
        ],
        "casts in the service": casts(service),
        "exceptions from the type checker without a reason": bare_ignores([*written, *sources(tests=True)]),
        "import cycles": [" → ".join(ring) for ring in cycles(written)],
    }
    say("")
    for what, found in counted.items():
        say(f"{len(found):>6}  {what}")
        if names:
            for one in found:
                say(f"          {one}")
    say(f"{unannotated(written):>6}  functions that are not annotated")
    if with_hops:
        say(f"\n{'request':>16} {'files':>6} {'functions':>10} {'calls':>6} {'switches':>9}")
        for name, hops in hops_of_requests().items():
            say(f"{name:>16} {len(hops.files):>6} {len(hops.functions):>10} {hops.calls:>6} {hops.switches:>9}")


def main() -> None:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", action="store_true", help="list what is counted, too")
    parser.add_argument("--static", action="store_true", help="count the files only, without a request's hops")
    given = parser.parse_args()
    report(print, with_hops=not given.static, names=given.names)


if __name__ == "__main__":
    main()
