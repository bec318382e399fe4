"""What the command line makes of files before it sends them: their type by their bytes, and rows that stay together."""

import mimetypes

import pytest

from warmup.commands.groups import grouped
from warmup.commands.media import media_type


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),  # sound
        (b"GIF89a", "image/gif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),  # the main brand is shared with HEIC
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video/mp4"),
        (b"\x1a\x45\xdf\xa3", "video/webm"),
        (b"%PDF-1.7", None),
        (b"MZ", None),
        (b"", None),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, wanted: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_: ("x/never", None))  # a machine without a table is no other
    assert media_type(data) == wanted


def test_rows_that_may_be_the_same_item_are_never_parted() -> None:
    rows = [{"body": "Sea"}, {"body": "sun"}, {"text_id": "1", "body": "sky"}, {"body": "S\u200bEA!"}, {"text_id": "1"}]
    rows += [{"body": "SUN", "text_id": "1"}]
    found = [[line for line, _ in group] for group in grouped(enumerate(rows))]
    assert found == [[0, 3], [1, 2, 4, 5]], "the last one is like two"
