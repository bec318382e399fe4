"""The table at the end of a run: what became of each account, with its audit verified by the service."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from warmup.api.models import AccountWithAssignments, ListedAccount
from warmup.client import Client
from warmup.sandbox.progress import Row, row_of
from warmup.terminal import fitted


@dataclass(frozen=True, slots=True)
class Line:
    """One account at the end. `problems` is what verifying its audit found."""

    row: Row
    completed: int
    retries: int
    crashes: int
    replaced: int
    versions: int
    problems: Sequence[str]
    remark: str


@dataclass(frozen=True, slots=True)
class Summary:
    """All accounts at the end."""

    lines: Sequence[Line]

    @property
    def good(self) -> bool:
        """Whether every account is active or in review with a reason, and every audit is whole."""
        return bool(self.lines) and all(
            line.row.settled and not line.problems and (line.remark or not line.row.in_review) for line in self.lines
        )

    def total(self, name: str) -> int:
        """Return the sum over all accounts."""
        return sum(getattr(line, name) for line in self.lines)


def summarise(operator: Client) -> Summary:
    """Ask the service about each account, and have each one's audit verified."""
    accounts = sorted(operator.accounts.list_all(limit=100, with_phases=True), key=lambda account: account.account_id)
    return Summary([_line(operator, account) for account in accounts])


def _line(operator: Client, listed: ListedAccount) -> Line:
    account = operator.accounts.get(listed.account_id)
    audit, row = operator.audit.verify(listed.account_id), row_of(listed)
    return Line(
        row=row,
        completed=sum(phase.status == "completed" for phase in account.phases if phase.phase in row.phases),
        retries=sum(phase.retry_count for phase in account.phases),
        crashes=sum(phase.crash_count for phase in account.phases),
        replaced=sum(phase.replacement_count for phase in account.phases),
        versions=audit.versions,
        problems=audit.problems or ([] if audit.ok else ["not verified"]),
        remark=_remark(account),
    )


def _remark(account: AccountWithAssignments) -> str:
    """Return why it is in review, or what keeps an unfinished account waiting."""
    reasons = [
        f"{phase.phase}: {phase.error_message}"
        for phase in account.phases
        if phase.status == "requires_review" and phase.error_message
    ]
    waits = [one.detail for one in account.blockers if one.code != "finished"]
    return "; ".join(reasons or waits)


COLUMNS = ("account", "state", "phases", "audit", "retries", "crashes", "replaced", "versions")
"""The last columns are left out first where a terminal is too narrow."""
_NUMBERS = frozenset(range(4, 8))
_STYLES = {"active": "green", "in review": "bold red", "verified": "green", "NOT whole": "bold red"}


def show(console: Console, summary: Summary, real_seconds: float) -> None:
    """Print the table, one line an account, then the remarks on some, and the totals."""
    totals = (str(summary.total(name)) for name in COLUMNS[4:])
    verified = sum(not line.problems for line in summary.lines)
    rows = [_cells(line) for line in summary.lines]
    rows.append(["all", "", str(summary.total("completed")), f"{verified}/{len(rows)} verified", *totals])
    console.print(Text("The run", style="italic"))
    for number, printed in enumerate(fitted(COLUMNS, rows, console.width, numbers=_NUMBERS).lines):
        text = Text(printed, style="" if 0 < number < len(rows) else "bold")
        for words, style in _STYLES.items():
            text.highlight_words([words], style)
        console.print(text, soft_wrap=True)
    for line in summary.lines:
        for remark in (line.remark, *line.problems):
            if remark:
                console.print(f"{line.row.username}: {remark}", highlight=False, markup=False)
    states = Counter("in review" if line.row.in_review else line.row.state for line in summary.lines)
    ended = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    console.print(
        f"{ended}; every audit gapless and replayed to its state: {'yes' if verified == len(summary.lines) else 'NO'}; "
        f"{real_seconds:.0f} s",
        highlight=False,
    )


def _cells(line: Line) -> list[str]:
    return [
        line.row.username,
        "in review" if line.row.in_review else line.row.state,
        f"{line.completed}/{len(line.row.phases)}",
        "NOT whole" if line.problems else "verified",
        *(str(number) for number in (line.retries, line.crashes, line.replaced, line.versions)),
    ]
