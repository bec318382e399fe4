"""What the service finds in a file: real pictures by Pillow, real videos by ffmpeg (tests/media), damaged ones.

The videos show ffmpeg's test picture for two seconds, 64 × 48 pixels.
"""

import io
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from chalicelib.domain import boxes, media_files
from chalicelib.domain.boxes import UnusableFile
from chalicelib.domain.media_files import BLOCK, MOST_READS, FileFacts

VIDEOS = Path(__file__).parent.parent / "media"


def examined(data: bytes) -> FileFacts:
    """What is found in a file of these bytes, within the bounds on what is read."""
    reads: list[int] = []

    def read(offset: int, count: int) -> bytes:
        reads.append(count)
        return data[offset : offset + count]

    try:
        return media_files.examine(read, len(data))
    finally:
        assert len(reads) <= MOST_READS
        assert all(count <= BLOCK for count in reads)


def refused(data: bytes) -> str:
    with pytest.raises(UnusableFile) as caught:
        examined(data)
    return caught.value.detail


def picture(
    kind: str, *, mode: str = "RGB", frames: int = 1, sides: tuple[int, int] = (40, 30), **options: Any
) -> bytes:
    """A picture of 40 × 30 pixels with something in it."""
    image = Image.radial_gradient("L").resize(sides).convert("RGB").convert(mode)
    if frames > 1:
        turned = [image.rotate(90 * turn) for turn in range(1, frames)]
        options |= {"save_all": True, "append_images": turned}
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return picture("JPEG", exif=exif)


def video(name: str) -> bytes:
    return (VIDEOS / name).read_bytes()


@pytest.mark.parametrize(
    ("orientation", "sides", "rotation"),
    [
        *((1, (40, 30), 0), (2, (40, 30), 0), (3, (40, 30), 180), (4, (40, 30), 180)),
        *((5, (30, 40), 270), (6, (30, 40), 90), (7, (30, 40), 90), (8, (30, 40), 270)),
    ],
)
def test_the_sides_of_a_photo_are_those_that_one_sees(orientation: int, sides: tuple[int, int], rotation: int) -> None:
    found = examined(turned(orientation))
    assert (found.width, found.height, found.rotation) == (*sides, rotation)


@pytest.mark.parametrize(
    ("data", "media_type", "animated", "colours"),
    [
        pytest.param(picture("JPEG"), "image/jpeg", False, "rgb", id="JPEG"),
        pytest.param(picture("JPEG", progressive=True), "image/jpeg", False, "rgb", id="progressive"),
        pytest.param(picture("JPEG", mode="CMYK"), "image/jpeg", False, "cmyk", id="CMYK"),
        pytest.param(picture("JPEG", mode="L"), "image/jpeg", False, "grey", id="grey"),
        pytest.param(picture("JPEG") + b"a phone's trailer", "image/jpeg", False, "rgb", id="trailer"),
        pytest.param(picture("PNG"), "image/png", False, "rgb", id="PNG"),
        pytest.param(picture("PNG", mode="P"), "image/png", False, "rgb", id="palette"),
        pytest.param(picture("PNG", mode="LA"), "image/png", False, "grey", id="grey with transparency"),
        pytest.param(picture("PNG", mode="I;16"), "image/png", False, "grey", id="16 bits"),
        pytest.param(picture("PNG", frames=3), "image/png", True, "rgb", id="animated PNG"),
        pytest.param(picture("WEBP"), "image/webp", False, "rgb", id="WebP"),
        pytest.param(picture("WEBP", lossless=True), "image/webp", False, "rgb", id="lossless WebP"),
        pytest.param(picture("WEBP", frames=3), "image/webp", True, "rgb", id="animated WebP"),
    ],
)
def test_a_picture_is_known_by_its_bytes(data: bytes, media_type: str, animated: bool, colours: str) -> None:
    assert examined(data) == FileFacts(media_type, 40, 30, animated=animated, colour_space=colours)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("index-first.mp4", FileFacts("video/mp4", 64, 48, duration_seconds=2.0, codec="avc1")),
        ("index-at-the-end.mp4", FileFacts("video/mp4", 64, 48, duration_seconds=2.0, codec="avc1")),
        ("turned.mp4", FileFacts("video/mp4", 48, 64, rotation=270, duration_seconds=2.0, codec="avc1")),
        ("hevc.mp4", FileFacts("video/mp4", 64, 48, duration_seconds=2.0, codec="hvc1")),
        ("clip.mov", FileFacts("video/quicktime", 64, 48, duration_seconds=2.0, codec="avc1")),
        ("fragments.mp4", FileFacts("video/mp4", 64, 48, codec="avc1")),
    ],
)
def test_a_video_tells_its_sides_duration_and_codec(name: str, found: FileFacts) -> None:
    assert examined(video(name)) == found


def test_the_duration_of_fragments_is_that_of_their_header() -> None:
    data = video("fragments.mp4")
    header = struct.pack(">I4sII", 16, b"mehd", 0, 7_500)
    at = data.index(b"mvex") - 4
    longer = bytearray(data[: at + 8] + header + data[at + 8 :])
    for place in (data.index(b"moov") - 4, at):  # the boxes around it
        (size,) = struct.unpack_from(">I", longer, place)
        struct.pack_into(">I", longer, place, size + len(header))
    assert examined(bytes(longer)).duration_seconds == 7.5


def test_a_large_video_costs_a_few_reads() -> None:
    """The index lies behind 300 MB of pictures, which nobody reads."""
    data = video("index-at-the-end.mp4")
    at, index = data.index(b"mdat") - 4, data.index(b"moov") - 4
    head, tail, gap = data[:at] + struct.pack(">I4s", 300_000_000, b"mdat"), data[index:], 300_000_000 + at
    reads = []

    def read(offset: int, count: int) -> bytes:
        reads.append(offset)
        window = bytearray(count)
        for begin, part in ((0, head), (gap, tail)):
            for place in range(max(offset, begin), min(offset + count, begin + len(part))):
                window[place - offset] = part[place - begin]
        return bytes(window)

    assert media_files.examine(read, gap + len(tail)).duration_seconds == 2.0
    assert len(reads) <= 3


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
def test_a_type_is_what_the_first_bytes_say(data: bytes, wanted: str | None) -> None:
    assert media_files.media_type(data) == wanted


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b"<html><script>alert(1)</script>", "not an image or a video"),
        (b"%PDF-1.7", "not an image or a video"),
        (b"MZ\x90\x00", "not an image or a video"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "export the picture as JPEG"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "export the picture as JPEG"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1", "AVIF is not taken"),
        (b"\x1a\x45\xdf\xa3", "save the video as MP4"),
        (picture("GIF"), "GIF is not taken"),
        (video("sound.mp4"), "no picture track"),
        (b"\xff\xd8\xff", "header is damaged"),
        (b"\x89PNG\r\n\x1a\n", "header is damaged"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "header is damaged"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "index (`moov`) is missing"),
    ],
)
def test_what_nobody_can_use_is_refused_with_the_reason(data: bytes, says: str) -> None:
    assert says in refused(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_is_cut_short_is_refused(kind: str) -> None:
    data = picture(kind)
    assert "cut short" in refused(data[: len(data) * 2 // 3])


def test_a_video_that_is_cut_short_is_refused() -> None:
    for name in ("index-first.mp4", "index-at-the-end.mp4", "clip.mov"):
        data = video(name)
        assert "cut short" in refused(data[: len(data) * 2 // 3]), name


def test_a_bomb_is_refused_by_its_header() -> None:
    """60,000 × 60,000 pixels of one colour fit into some kilobytes, and into nobody's memory."""
    data = bytearray(picture("PNG", sides=(40, 30)))
    struct.pack_into(">II", data, 16, 60_000, 60_000)
    assert "3,600,000,000" not in refused(bytes(data))
    assert "60,000 × 60,000 pixels" in refused(bytes(data))


def test_a_picture_without_sides_is_refused() -> None:
    data = bytearray(picture("PNG"))
    struct.pack_into(">II", data, 16, 0, 30)
    assert "no width and height" in refused(bytes(data))


def test_headers_that_never_end_are_given_up() -> None:
    """A JPEG may hold any number of comments before the picture."""
    comment = b"\xff\xfe" + struct.pack(">H", 65_535) + bytes(65_533)
    data = picture("JPEG")
    assert "headers fill more than" in refused(data[:2] + comment * 40 + data[2:])
    assert examined(data[:2] + comment * 10 + data[2:]).width == 40


_FILES = [
    *(picture(kind) for kind in ("JPEG", "PNG", "WEBP")),
    turned(6),
    picture("PNG", frames=2),
    *(video(file.name) for file in sorted(VIDEOS.iterdir())),
]


@settings(max_examples=300)
@given(st.sampled_from(_FILES), st.integers(0, 2**32), st.integers(1, 12), st.floats(0, 1))
def test_no_damage_makes_a_defect(data: bytes, seed: int, flips: int, kept: float) -> None:
    chance, damaged = random.Random(seed), bytearray(data[: max(1, int(len(data) * (0.3 + 0.7 * kept)))])
    for _ in range(flips):
        # what decides lies at the ends
        place = min(
            chance.randrange(len(damaged)), chance.randrange(len(damaged)), key=lambda at: min(at, len(data) - at)
        )
        damaged[place] = chance.randrange(256)
    try:
        found = examined(bytes(damaged))
    except UnusableFile:
        return
    assert found.width > 0 < found.height
    assert found.duration_seconds is None or found.duration_seconds >= 0


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBP", b"....ftyp"])
)
def test_no_bytes_make_a_defect(data: bytes, begin: bytes) -> None:
    try:
        examined(begin + data)
    except UnusableFile as error:
        assert error.detail
    assert boxes.media_type(data) in (None, "image/heic", "image/avif", "video/mp4", "video/quicktime")
