"""The live view of a run: accounts by phases, sessions, last events; plain lines without a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from warmup.sandbox.progress import Row, Snapshot
from warmup.terminal import cut

LOOKS = {
    "pending": ("·", "waiting", "dim"),
    "available": ("○", "due", "cyan"),
    "content_assigned": ("◔", "assigned", "blue"),
    "in_progress": ("▶", "working", "yellow"),
    "completed": ("✔", "done", "green"),
    "failed": ("↻", "retry", "magenta"),
    "requires_review": ("✖", "review", "bold red"),
}
_EVENTS, _FEW_EVENTS = 8, 3
_SIDE_BY_SIDE = 110
"""Columns of a terminal that has room for the sessions beside the events."""
_FRAME = 4
_NOW = "%Y-%m-%d %H:%M:%S"
STATES = {"active": "bold green", "warming_up": "yellow", "ready": "cyan", "paused": "dim", "retired": "dim"}


def word(status: str | None, *, short: bool = False) -> Text:
    """Return a phase's status as icon, word and colour; `short` leaves out the word of what is over or to come."""
    if status is None:
        return Text("–", style="dim")
    icon, name, style = LOOKS[status]
    return Text(icon if short and status in ("pending", "completed") else f"{icon} {name}", style=style)


class View:
    """Shows one snapshot after the other."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._last_line = ""

    def __enter__(self) -> "View":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *details: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Show the whole snapshot on a terminal, else one line when something has changed."""
        if self._live:
            self._live.update(render(snapshot, self._console.width, self._console.height))
        elif (line := summary_line(snapshot)) != self._last_line:
            self._last_line = line
            self._console.print(f"{snapshot.now:{_NOW}}  {line}", highlight=False)


def summary_line(snapshot: Snapshot) -> str:
    """Return how many accounts are in which state, in one line."""
    states = Counter("review" if row.in_review else row.state for row in snapshot.rows)
    states_text = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    phases = f"{snapshot.phases_done}/{snapshot.phases} phases"
    return f"{snapshot.active}/{len(snapshot.rows)} active · {phases} · {states_text}"


def render(snapshot: Snapshot, width: int, height: int) -> RenderableType:
    """Draw everything for a terminal of that size; in a low one settled accounts are only counted."""
    bar = ProgressBar(total=max(1, snapshot.phases), completed=snapshot.phases_done, width=40)
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(f"{snapshot.now:{_NOW}}", style="bold"),
        f"×{snapshot.speed:g}",
        bar,
        f"{snapshot.active}/{len(snapshot.rows)} active",
    )
    beside = width >= _SIDE_BY_SIDE
    count = _EVENTS if beside else _FEW_EVENTS
    sessions = Panel(_sessions(snapshot), title="sessions")
    events = Panel(_events(snapshot, count, width - _FRAME), title="last events")
    below = count + 2 + (0 if beside else len(snapshot.sessions) + 2)
    accounts = _accounts(snapshot.rows, width, max(5, height - 3 - below))  # head, column titles, a spare line
    return Group(head, accounts, Columns([sessions, events]) if beside else Group(sessions, events))


def _accounts(rows: Sequence[Row], width: int, room: int) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    plans = {row.phases for row in rows}
    columns = plans.pop() if len(plans) == 1 else None
    for column in ("account", "state", *(columns or ("phases",))):
        table.add_column(column, no_wrap=True)
    shown = rows if len(rows) <= room else sorted(rows, key=lambda row: row.settled)[: room - 1]
    cells = [list(_cells(row, columns)) for row in shown]
    if sum(max((one.cell_len for one in column), default=0) + 2 for column in zip(*cells, strict=True)) > width:
        cells = [list(_cells(row, columns, short=True)) for row in shown]
    for row_cells in cells:
        table.add_row(*row_cells)
    if len(shown) < len(rows):
        table.add_row(Text(f"… and {len(rows) - len(shown)} more", style="dim"))
    return table


def _cells(row: Row, columns: Sequence[str] | None, *, short: bool = False) -> Iterator[Text]:
    """Yield the cells of a row: one for each phase, or one for all where accounts follow plans of different phases."""
    yield Text(row.username)
    yield Text(
        "review" if row.in_review else row.state,
        style="bold red" if row.in_review else STATES.get(row.state, ""),
    )
    if columns is not None:
        yield from (word(row.status_of(phase), short=short) for phase in columns)
        return
    icons = [word(row.status_of(phase)) for phase in row.phases]
    course = Text("").join(Text(icon.plain[:1], style=icon.style) for icon in icons)
    yield course if row.current_phase is None else Text(" ").join([course, Text(row.current_phase)])


def _sessions(snapshot: Snapshot) -> Table:
    table = Table.grid(padding=(0, 1))
    for session in snapshot.sessions:
        held = ", ".join(f"{one.account_id} {one.phase}" for one in session.held)
        counts = f"{session.done} done, {session.failed} failed"
        table.add_row(
            Text(session.bot_id, style="cyan"), Text(counts), Text(held or "idle", style="" if held else "dim")
        )
    return table


def _events(snapshot: Snapshot, count: int, width: int) -> Table:
    table = Table.grid(padding=(0, 1))
    for event in snapshot.events[:count]:
        at = f"{event.at:%H:%M:%S}"
        table.add_row(Text(at, style="dim"), Text(cut(event.summary, width - len(at) - 2), no_wrap=True))
    return table
