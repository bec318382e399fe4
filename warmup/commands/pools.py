"""`warmup content` and `warmup texts`: what the pools hold, and putting more into them."""

import hashlib
import mimetypes
import re
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from warmup.api.errors import InvalidInput
from warmup.api.models import ContentBody, ImportedItem, TextBody
from warmup.client import Client
from warmup.commands import imports
from warmup.commands.common import (
    DryRun,
    Exit,
    Format,
    Limit,
    Output,
    connect,
    counter,
    fail,
    plain,
    progress,
    say,
    show,
    show_one,
    until_stopped,
)
from warmup.problems import Conflict
from warmup.terminal import counted

content = typer.Typer(no_args_is_help=True, help="The media of a model's pool.")
texts = typer.Typer(no_args_is_help=True, help="The texts of a model's pool.")
ModelId = Annotated[str, typer.Argument(metavar="MODEL", help="Whose pool.")]
Category = Annotated[str, typer.Option("--category", "-c", help="pfp, bio, post, highlight, story or any.")]
Quality = Annotated[float, typer.Option("--quality", min=0, max=100, help="Its quality score, 0 to 100.")]
Uses = Annotated[int, typer.Option("--max-usage", min=1, help="How often it may be used.")]
Theme = Annotated[str | None, typer.Option("--theme", help="One of the model's themes.")]
BadRows = Annotated[Path | None, typer.Option("--bad-rows", help="Where bad rows go. [default: FILE.bad.csv]")]
Rows = Annotated[Path, typer.Argument(help="CSV with names in the first line, or JSON lines (.jsonl).")]
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
COLUMNS = (
    "category",
    "status",
    "usage_count",
    "max_usage",
    "theme",
    "quality_score",
    "enabled",
    "successes",
    "failures",
)


@content.command("add")
def add_content(
    context: typer.Context,
    model_id: ModelId,
    files: Annotated[list[Path], typer.Argument(help="Images or videos.")],
    category: Category,
    quality: Quality = 70,
    max_usage: Uses = 5,
    theme: Theme = None,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Upload files and put them into the pool. The same file sent again makes nothing twice.

    Example: warmup content add aurora morning.png --category post --quality 80
    """
    pool, rows = Pool(connect(context), model_id), list[dict[str, Any]]()
    own = {"category": category, "quality_score": quality, "max_usage": max_usage, "theme": theme}

    def stopped() -> str:
        left = " ".join(str(file) for file in files[len(rows) :])
        return f"Stopped after {len(rows)} of {counted(len(files), 'file')}. Go on with: {left}"

    try:
        with until_stopped(stopped), progress(shown=len(files) > 1) as bar:
            step = counter(bar, "checking" if dry_run else "uploading", len(files))
            for file in files:
                if dry_run:
                    rows.append({"file": str(file), **pool.described(file), "there": pool.find(file) is not None})
                else:
                    item = ContentBody.model_validate({**own, **pool.uploaded(file)})
                    made = pool.client.content.create(model_id, item)
                    rows.append({"file": str(file), **plain(made)})
                    _warn(str(file), made)
                step(1)
    except imports.BadRow as bad:
        raise fail(Exit.USAGE, str(bad)) from bad
    finally:
        columns = ("media_type", "bytes", "there") if dry_run else ("replayed", *COLUMNS)
        show(rows, output, ("file", "content_id", *columns))


def _warn(what: str, made: Any) -> None:
    """Says what is to be known of an item that was just made."""
    for warning in made.warnings:
        say(f"{what}: {warning}", style="yellow")


class Pool:
    """The media of a model, and files that are to be in it."""

    def __init__(self, client: Client, model_id: str) -> None:
        self.client, self._model_id = client, model_id

    @cached_property
    def _there(self) -> dict[str, Any]:
        """What is in the pool, by its SHA-256: read once."""
        return {one.sha256: one for one in self.client.content.list_all(self._model_id, limit=100)}

    def find(self, file: Path) -> Any:
        """The item that has these bytes, if there is one. Raises BadRow."""
        return self._there.get(self.described(file)["sha256"])

    def described(self, file: Path) -> dict[str, Any]:
        """The file's members of a body. Its id follows from its bytes. Raises BadRow where it cannot be read."""
        data = _bytes(file)
        sha256 = hashlib.sha256(data).hexdigest()
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        content_id = f"{_UNSAFE.sub('-', file.stem).strip('-._')[:40]}-{sha256[:12]}".lstrip("-")
        return {"content_id": content_id, "media_type": media_type, "sha256": sha256, "bytes": len(data)}

    def uploaded(self, file: Path) -> dict[str, Any]:
        """The same, with where it lies now. What is in the pool is not uploaded again. Raises BadRow."""
        known = self.described(file)
        found = self.find(file)
        if found is not None:
            return {**known, "content_id": found.content_id, "media_key": found.media_key}
        form = self.client.content.upload(
            self._model_id,
            filename=file.name,
            media_type=known["media_type"],
            bytes=known["bytes"],
            sha256=known["sha256"],
        )
        return {**known, "media_key": self.client.put(form, _bytes(file))}


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise imports.BadRow(f"{file} cannot be read: {error.strerror}") from error


@content.command("import")
def import_content(
    context: typer.Context,
    model_id: ModelId,
    file: Rows,
    bad_rows: BadRows = None,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Put many files into the pool, by a list of them: columns file, category, quality_score, max_usage, theme, tags.

    Files are named as seen from the list. Instead of `file` a row may name what lies in the bucket already: media_key,
    media_type, sha256, bytes.

    Example: warmup content import aurora media.csv --dry-run
    """
    client = connect(context)
    pool, later = Pool(client, model_id), set[str | None]()

    def prepare(row: imports.Row) -> imports.Row:
        name, own = row.get("file"), {key: value for key, value in row.items() if key != "file"}
        if not name:
            return own
        if dry_run:
            known = pool.described(file.parent / name)
            found = pool.find(file.parent / name)
            if found is None:
                later.add(known["content_id"])
                return {**known, "media_key": f"{model_id}/{known['sha256']}/{known['content_id']}", **own}
            return {**known, "content_id": found.content_id, "media_key": found.media_key, **own}
        try:
            return {**pool.uploaded(file.parent / name), **own}
        except (Conflict, InvalidInput) as refused:
            raise imports.BadRow(str(refused)) from refused

    def ask(body: str, media_type: str) -> Any:
        found = client.content.import_all(model_id, body, media_type=media_type, dry_run=dry_run)
        return found.model_copy(update={"rows": [_as_if_uploaded(one, later) for one in found.rows]})

    rows = imports.read(file)
    imports.send_all(rows, file, ask, prepare=prepare, uploads=True, bad_rows=bad_rows, output=output, dry_run=dry_run)


def _as_if_uploaded(row: ImportedItem, later: set[str | None]) -> ImportedItem:
    """What would become of a row whose file is uploaded before: all that it lacked was the file."""
    lacks = {fault.pointer for fault in row.error.errors or []} if row.error else set()
    if row.content_id in later and lacks == {"/media_key"}:
        return row.model_copy(update={"outcome": "created", "error": None})
    return row


@content.command("list")
def list_content(context: typer.Context, model_id: ModelId, limit: Limit = 1000, output: Output = Format.TABLE) -> None:
    """List the media of a model.

    Example: warmup content list aurora -o csv
    """
    show(islice(connect(context).content.list_all(model_id, limit=100), limit), output, ("content_id", *COLUMNS))


@content.command()
def availability(context: typer.Context, model_id: ModelId, output: Output = Format.TABLE) -> None:
    """Show what the pools of a model hold, and the day on which they run dry.

    Example: warmup content availability aurora
    """
    found = connect(context).stewardship.availability(model_id)
    if output in (Format.JSON, Format.JSONL):
        show_one(found, output)
        return
    dry = found.runs_dry
    told = (
        "carry all"
        if dry is None
        else f"run dry on {dry.day}: {dry.account_id} will find no {dry.kind} for {dry.phase}"
    )
    halted = f", {found.accounts_in_review} of them in review" if found.accounts_in_review else ""
    say(f"The pools of {model_id} {told} ({counted(found.accounts_under_way, 'account')} under way{halted}).")
    if found.if_all_start.accounts > found.accounts_under_way:
        later = found.if_all_start
        less = f"{later.accounts_unmet} will find nothing" if later.runs_dry else "all are carried"
        say(f"If all {later.accounts} start today, the {found.accounts_imported} imported ones included: {less}.")
    if not found.complete:
        say("The model is too large to be read whole: the counts are lower bounds.", style="yellow")
    columns = ("kind", "category", "items", "eligible", "uses_left", "uses_needed", "unmet", "used_up", "disabled")
    show(found.categories, output, columns)


@content.command()
def explain(
    context: typer.Context,
    account_id: str,
    phase: str,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many candidates.")] = 5,
    output: Output = Format.TABLE,
) -> None:
    """Show what selection would choose now for a phase of an account, and why.

    Example: warmup content explain aurora-01 post
    """
    found = connect(context).stewardship.explain(account_id, phase, limit=limit)
    if output in (Format.JSON, Format.JSONL):
        show_one(found, output)
        return
    parts = ("rank", "quality", "freshness", "success", "relevance")
    for need in found.needs:
        least = "" if need.complete else "at least "
        say(f"{need.kind} is {need.need} for {phase}; refused: {least}{_counts(need.reasons)}")
        rows = [{"kind": str(need.kind), **plain(one)} for one in need.leading]
        show(rows, output, ("kind", "item_id", "category", "theme", "score", *parts))


def _counts(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "none"


@texts.command("add")
def add_text(
    context: typer.Context,
    model_id: ModelId,
    body: Annotated[str, typer.Argument(help="The text.")],
    category: Category,
    quality: Quality = 70,
    max_usage: Uses = 5,
    theme: Theme = None,
    output: Output = Format.TABLE,
) -> None:
    """Put a text into the pool.

    Example: warmup texts add aurora "Up before the birds." --category bio
    """
    own = {"category": category, "quality_score": quality, "max_usage": max_usage, "theme": theme, "body": body}
    made = connect(context).texts.create(model_id, TextBody.model_validate({"text_id": _text_id(body), **own}))
    show([made], output, ("text_id", "replayed", "body", *COLUMNS))
    _warn("the text", made)


@texts.command("import")
def import_texts(
    context: typer.Context,
    model_id: ModelId,
    file: Rows,
    bad_rows: BadRows = None,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Put many texts into the pool: columns text_id, category, quality_score, max_usage, theme, tags, body.

    Example: warmup texts import aurora texts.csv
    """
    client = connect(context)

    def prepare(row: imports.Row) -> imports.Row:
        return {"text_id": _text_id(str(row["body"])), **row} if "body" in row else row

    def ask(body: str, media_type: str) -> Any:
        return client.texts.import_all(model_id, body, media_type=media_type, dry_run=dry_run)

    rows = imports.read(file)
    imports.send_all(rows, file, ask, prepare=prepare, bad_rows=bad_rows, output=output, dry_run=dry_run)


def _text_id(body: str) -> str:
    """An id that follows from the text, so that the same text is the same item."""
    return f"text-{hashlib.sha256(body.encode(errors='surrogateescape')).hexdigest()[:16]}"


@texts.command("list")
def list_texts(context: typer.Context, model_id: ModelId, limit: Limit = 1000, output: Output = Format.TABLE) -> None:
    """List the texts of a model.

    Example: warmup texts list aurora
    """
    show(islice(connect(context).texts.list_all(model_id, limit=100), limit), output, ("text_id", "body", *COLUMNS))
