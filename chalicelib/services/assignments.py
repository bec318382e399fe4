"""The history of assignments: what an account was given, and who was given an item."""

from chalicelib.context import Context
from chalicelib.domain.errors import MalformedRequest
from chalicelib.tables import Assignment, pages
from chalicelib.tables.assignments import with_outcomes
from chalicelib.visible import visible_subjects


def list_all(
    context: Context,
    *,
    limit: int,
    account_id: str | None = None,
    content_id: str | None = None,
    text_id: str | None = None,
    cursor: str | None = None,
) -> tuple[list[Assignment], str | None]:
    """Assignments of one account or of one item, newest first. Raises MalformedRequest."""
    if sum(one is not None for one in (account_id, content_id, text_id)) != 1:
        raise MalformedRequest("Give just one of account_id, content_id and text_id.")
    if not _is_visible(context, account_id, content_id, text_id):
        return [], None
    places = context.cursors(f"assignments:{account_id}:{content_id}:{text_id}")
    after = places.decode(cursor)
    if account_id is not None:
        found, following = pages.of_key(Assignment, account_id, limit=limit, after=after, forward=False)
    else:
        index = Assignment.content_index if content_id is not None else Assignment.text_index
        item_id = content_id or text_id or ""
        found, following = pages.by_index(Assignment, index, item_id, limit=limit, after=after, forward=False)
    return with_outcomes(found), places.encode(following)


def _is_visible(context: Context, account_id: str | None, content_id: str | None, text_id: str | None) -> bool:
    """Whether the caller sees what the assignments are asked of; what is not there has none either."""
    subject = f"account:{account_id}" if account_id else f"content:{content_id}" if content_id else f"text:{text_id}"
    return subject in visible_subjects(context, [subject])
