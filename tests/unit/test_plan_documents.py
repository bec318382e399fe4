"""Plans as documents: their canonical form and digest, what is wrong with one, and what differs between two."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import plan_diffs, plan_documents
from chalicelib.domain.plan_documents import canonical, completed, digest, faults
from chalicelib.domain.plans import STANDARD
from tests.plan_documents import documents

POST = {"phase": "post", "category": "post", "interval_hours": 24}


def phase(**members: Any) -> dict[str, Any]:
    """A phase of a document."""
    return {**POST, **members}


def document(*phases: dict[str, Any], **limits: Any) -> dict[str, Any]:
    """A document of these phases."""
    return {"phases": list(phases), "limits": limits}


# the canonical form


@given(documents())
def test_a_canonical_document_stays_as_it_is(given: dict[str, Any]) -> None:
    whole = completed(given)
    assert completed(whole) == whole == json.loads(canonical(whole))
    assert digest(whole) == digest(json.loads(canonical(whole)))
    assert faults(given) == faults(whole) == []


def test_how_a_document_is_written_does_not_matter() -> None:
    one = document(phase(content={"need": "required", "media_types": ["image/png", "image/jpeg"]}), minimum_quality=50)
    other = {
        "limits": {"minimum_quality": 50.0, "max_retries": 3},
        "phases": [
            {
                "text": {"need": "none"},
                "content": {"media_types": ["image/jpeg", "image/png"], "need": "required", "min_width": None},
                "interval_hours": 24.0,
                "category": "post",
                "phase": "post",
            }
        ],
    }
    assert digest(completed(one)) == digest(completed(other))
    assert canonical(completed(one)) == canonical(completed(other))


@given(documents(), documents())
def test_documents_have_the_same_digest_exactly_where_nothing_differs(one: dict[str, Any], two: dict[str, Any]) -> None:
    before, after = completed(one), completed(two)
    found = plan_diffs.differences(before, after)
    assert (digest(before) == digest(after)) == (found == [])
    assert plan_diffs.differences(before, before) == []
    assert all(one.summary for one in found)


# plans


@given(documents())
def test_a_plan_says_what_its_document_says(given: dict[str, Any]) -> None:
    plan = plan_documents.plan_of("slow", 2, completed(given))
    assert (plan.name, plan.version) == ("slow", 2)
    assert plan_documents.document_of(plan) == completed(given)
    assert plan_documents.plan_of("slow", 2, given) == plan
    assert all(plan.phases[name].interval >= timedelta(hours=24) for name in plan.order[1:])


@given(documents(), st.integers(0, 23))
def test_no_document_makes_a_plan_with_a_shorter_interval(given: dict[str, Any], hours: int) -> None:
    short = {**given, "phases": [*given["phases"], phase(phase="one_more", interval_hours=hours)]}
    with pytest.raises(ValueError, match="the least that this service allows"):
        plan_documents.plan_of("slow", 1, short)


def test_the_standard_plan_is_its_document() -> None:
    assert plan_documents.plan_of("standard", 1, plan_documents.STANDARD_DOCUMENT) == STANDARD
    assert plan_documents.document_of(STANDARD) == plan_documents.STANDARD_DOCUMENT


def test_the_document_of_the_standard_plan_never_changes() -> None:
    """Accounts keep its digest: another one would leave them without a plan."""
    assert (
        digest(plan_documents.STANDARD_DOCUMENT) == "312204e8e57c995324239a86c97ebb4bf67103b2b14253f8bb4fdafcd82e50aa"
    )


# what is wrong


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (document(phase(interval_hours=0)), []),  # the first may begin at once
        (
            document(phase(), phase(phase="b"), phase(phase="c", interval_hours=12)),
            [("/phases/2/interval_hours", "12 is less than 24, the least that this service allows")],
        ),
        (
            document(phase(), phase(phase="b", interval_hours=23.5)),
            [("/phases/1/interval_hours", "23.5 is less than 24, the least that this service allows")],
        ),
        (document(phase(), phase()), [("/phases/1/phase", "`post` is the name of the phase at place 1 already")]),
        (document(phase(phase="any")), [("/phases/0/phase", "`any` stands for something else: choose another name")]),
        (
            document(phase(phase="start_warmup")),
            [("/phases/0/phase", "`start_warmup` stands for something else: choose another name")],
        ),
        (
            document(phase(content={"need": "required", "min_aspect_ratio": 2, "max_aspect_ratio": 1})),
            [("/phases/0/content/min_aspect_ratio", "2 is more than 1, the greatest ratio: nothing would fit")],
        ),
        (
            document(phase(), retry_base_minutes=120, retry_cap_hours=1),
            [
                (
                    "/limits/retry_base_minutes",
                    "120 minutes are more than 1 hours, the longest delay of a retry",
                )
            ],
        ),
        (  # each fault, not the first alone
            document(phase(), phase(interval_hours=1)),
            [
                ("/phases/1/phase", "`post` is the name of the phase at place 1 already"),
                ("/phases/1/interval_hours", "1 is less than 24, the least that this service allows"),
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_document_is_said_by_pointer(
    given: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert [(one["pointer"], one["detail"]) for one in faults(given)] == expected


@pytest.mark.parametrize(
    "given",
    [{}, {"phases": None}, {"phases": [None, 3, {"phase": []}], "limits": []}, document(phase(interval_hours="x"))],
)
def test_what_has_another_type_is_left_to_the_body(given: dict[str, Any]) -> None:
    assert faults(given) == []


# what differs


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            document(
                phase(phase="pfp", interval_hours=0),
                phase(phase="bio"),
                phase(text={"need": "required"}),
                phase(phase="story"),
            ),
            document(
                phase(phase="pfp", interval_hours=0),
                phase(phase="bio", interval_hours=48),
                phase(text={"need": "required", "max_length": 1000}),
            ),
            "`bio`: 24 h → 48 h; texts of `post` at most 1,000 characters; `story` left out",
        ),
        (
            document(phase()),
            document(phase(), phase(phase="second_post", interval_hours=36)),
            "`second_post` added: 36 h, from `post`, comes after `post`",
        ),
        (document(phase(), phase(phase="b")), document(phase(phase="b"), phase()), "`b` comes first"),
        (
            document(phase()),
            document(phase(text={"need": "optional", "unit": "utf16", "max_hashtags": 5})),
            "texts of `post` optional; texts of `post` with at most 5 hashtags; "
            "texts of `post` at most 2,200 UTF-16 code units",
        ),
        (
            document(phase(content={"need": "required", "min_width": 1080, "max_duration_seconds": 60})),
            document(phase(content={"need": "none", "animated": False}, fallback=False, category="story")),
            "`post` draws from `story`, not from `post`; `post` does not fall back to `any`; `post` takes no media; "
            "media of `post` of any width; videos of `post` of any length; `post` takes no animated images",
        ),
        (
            document(phase(), cooldown_hours=24),
            document(phase(), cooldown_hours=72, four_eyes=True, minimum_quality=60),
            "cooldown of an item: 24 h → 72 h; quality of an item at least 60 (before: 0); four eyes are needed",
        ),
        (document(phase()), document(phase(), max_retries=3), "nothing differs"),
    ],
)
def test_what_differs_is_said_in_words(before: dict[str, Any], after: dict[str, Any], words: str) -> None:
    assert plan_diffs.in_words(plan_diffs.differences(completed(before), completed(after))) == words


def test_a_difference_is_data_too() -> None:
    before, after = completed(document(phase())), completed(document(phase(interval_hours=48), max_retries=5))
    found = [(one.phase, one.what, one.before, one.after) for one in plan_diffs.differences(before, after)]
    assert found == [("post", "interval_hours", 24, 48), (None, "limits.max_retries", 3, 5)]


def test_every_member_has_words() -> None:
    members = {"interval_hours", "category", *plan_documents.PHASE}
    members |= {f"content.{name}" for name in plan_documents.CONTENT} | {f"text.{name}" for name in plan_documents.TEXT}
    assert members == {*plan_diffs.PHASE_WORDS, "text.max_length", "text.unit"}
    assert {*plan_documents.LIMITS} == {*plan_diffs.LIMIT_WORDS}
