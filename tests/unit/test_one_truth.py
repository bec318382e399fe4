"""No rule stands twice: outside `chalicelib/domain` nobody compares a status, or compares or changes a count.

Whoever needs to know asks a function of `domain/` that has a name. Two values may be compared with each other (did it
change, is it the one that was asked for): that says nothing of what a value means.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.blockers import BlockerCode
from chalicelib.domain.leases import Ending
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import Need
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.retries import ReportKind, ReportOutcome
from chalicelib.domain.rights import ItemStatus
from chalicelib.domain.selection import ItemRights
from chalicelib.domain.sessions import Directive, SessionStatus
from chalicelib.domain.warmup.state import LEAVINGS

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "chalicelib" / "domain"
ENUMS = (
    *(AccountState, PhaseStatus, Ending, ItemRights, ItemStatus, SessionStatus, Directive),
    *(ReportOutcome, ReportKind, BlockerCode, Refusal, Need),
)
STATUSES = frozenset(enum.__name__ for enum in ENUMS)
WORDS = frozenset(str(member) for enum in (AccountState, PhaseStatus, ItemRights, SessionStatus) for member in enum)
COLUMNS = frozenset({"state", "status", "phase_status", "paused_from", "ended_by", "live", "directive", "attention"})
"""What holds a status: no word and no constant is compared with it."""
OPEN = "ended_by"
"""What None itself means something for: a lease that nobody has ended."""
COUNTS = frozenset(
    {
        *LEAVINGS,
        *("retry_count", "replacement_count", "content_misses", "attempt", "usage_count", "penalty"),
        *("max_retries", "max_crashes", "max_releases", "max_replacements", "max_usage"),
    }
)


def sources() -> Iterator[Path]:
    """Our code beside the rules; the client, which knows only the words of the answers, has nobody to ask."""
    for path in (*ROOT.glob("chalicelib/**/*.py"), *ROOT.glob("benchmarks/**/*.py")):
        if not path.is_relative_to(DOMAIN):
            yield path


def faults(source: str) -> list[str]:
    """Each place that tells a rule, as `line: text`."""
    tree = ast.parse(source)
    imported = [alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    statuses = STATUSES | {alias.asname for alias in imported if alias.asname and alias.name in STATUSES}
    found = [node for node in ast.walk(tree) if _tells(node, statuses)]
    return [f"{getattr(node, 'lineno', 0)}: {ast.unparse(node).splitlines()[0]}" for node in found]


def _tells(node: ast.AST, statuses: frozenset[str]) -> bool:
    match node:
        case ast.Compare(left=left, comparators=others) if not _is_condition(left):
            operands = [left, *others]
            return any(map(_is_count, operands)) or _compares_status(operands, statuses)
        case ast.BinOp(left=left, right=right):
            return _is_count(left) or _is_count(right)
        case ast.AugAssign(target=target, value=value):
            return _is_count(target) or _is_count(value)
        case ast.Match(cases=cases):
            patterns = [part for case in cases for part in ast.walk(case.pattern)]
            return any(isinstance(part, ast.MatchValue) and _is_member(part.value, statuses) for part in patterns)
    return False


def _is_condition(left: ast.expr) -> bool:
    """Whether this is a condition of a write (`Account.state == …`): it protects what was read."""
    match left:
        case ast.Attribute(value=ast.Name(id=name)):
            return name[0].isupper()
        case ast.Attribute(value=ast.Call(func=ast.Name(id="type"))):
            return True
    return False


def _compares_status(operands: list[ast.expr], statuses: frozenset[str]) -> bool:
    parts = [part for one in operands for part in ast.walk(one)]
    if any(_is_member(part, statuses) for part in parts):
        return True
    held = {_name(one) for one in operands} & COLUMNS
    told = any(isinstance(part, ast.Constant) and part.value in WORDS for part in parts)
    constant = any(_name(one).isupper() for one in operands)
    nothing = any(isinstance(one, ast.Constant) and one.value is None for one in operands)
    return bool(held) and (told or constant or (nothing and OPEN in held))


def _is_member(node: ast.AST, statuses: frozenset[str]) -> bool:
    """Whether this is a member of a status, such as `AccountState.READY` or `accounts.AccountState.READY`."""
    return isinstance(node, ast.Attribute) and node.attr.isupper() and _name(node.value) in statuses


def _is_count(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return any(map(_is_count, node.values))
    return isinstance(node, ast.Attribute) and node.attr in COUNTS


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_no_rule_is_told_outside_the_domain() -> None:
    found = [f"{path.relative_to(ROOT)}:{fault}" for path in sources() for fault in faults(path.read_text())]
    assert not found, "ask a function of `chalicelib/domain` in place of\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("source", "tells"),
    [
        ("account.state is AccountState.READY", True),
        ("account.state in (AccountState.READY, None)", True),
        ("from x import Step as S, AccountState as Other\nx is Other.READY", True),
        ("phases.PhaseStatus.COMPLETED == phase.status", True),
        ("phase.status in phases.ATTENTION", True),
        ("status not in ATTENTION", True),
        ("account.state in _ENDED", True),
        ("account.state == 'retired'", True),
        ("lease.ended_by is None", True),
        ("match x:\n    case AccountState.READY | AccountState.ACTIVE:\n        pass", True),
        ("item.usage_count += 1", True),
        ("(account.crash_count or 0) >= 3", True),
        ("item.max_usage - 1", True),
        ("Account.state == AccountState.RETIRED", False),  # the condition of a write
        ("type(self).status == ItemRights.APPROVED", False),
        ("self.state in (None, account.state)", False),  # a filter
        ("before.state is not after.state", False),  # did it change?
        ("wanted.state is not None", False),
        ("states = {AccountState.IMPORTED: 3}", False),
        ("dict(retry_count=phase.retry_count, crash_count=account.crash_count or 0)", False),
    ],
)
def test_the_check_sees_what_tells_a_rule(source: str, tells: bool) -> None:
    assert bool(faults(source)) is tells
