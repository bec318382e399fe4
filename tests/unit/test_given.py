"""What an account was given before: short digests, by kind and id."""

from chalicelib.domain.given import Given, digest
from chalicelib.domain.selection import PoolKind


def test_an_item_is_known_by_its_digest() -> None:
    given = Given(PoolKind.TEXT, {digest(PoolKind.TEXT, "same")})
    assert "same" in given
    assert "other" not in given


def test_a_media_item_and_a_text_may_have_the_same_id() -> None:
    assert "same" not in Given(PoolKind.CONTENT, {digest(PoolKind.TEXT, "same")})


def test_a_digest_is_as_long_for_every_id() -> None:
    lengths = {len(digest(kind, item_id)) for kind in PoolKind for item_id in ("a", "con_01M81J18G0K8D2NCZAPP6T0VB8")}
    assert lengths == {10}
