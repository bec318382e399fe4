# Copied by `make openapi`: change chalicelib/domain/media_files.py, not this.
"""What a media file is by its own bytes: its headers and its end, in a few bounded reads. Nothing is decoded.

The caller gives `read(offset, count)`: of an object by ranged GETs, of a file by seeking.
"""

from collections.abc import Callable
from dataclasses import dataclass

import imagesize  # type: ignore[import-untyped]  # it has annotations, and no py.typed

from warmup.api import boxes
from warmup.api.boxes import UnusableFile

Read = Callable[[int, int], bytes]
BLOCK = 64 * 1024
MOST_READS = 24
"""The most blocks of 64 KiB that are read of one file."""
MOST_PIXELS = 200_000_000
_SHOWN_TURNED = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
"""By how many degrees clockwise a picture is turned to be shown, by its EXIF orientation (TIFF tag 274)."""
_JPEG_COLOURS = {1: "grey", 3: "rgb", 4: "cmyk"}
_PNG_GREY = (0, 4)
"""The colour types of PNG that are grey, without and with transparency."""
_UNUSABLE = {
    "image/heic": "HEIC is not taken: export the picture as JPEG",
    "image/avif": "AVIF is not taken: export the picture as JPEG, PNG or WebP",
    "image/gif": "GIF is not taken: save it as PNG, or as an MP4 video if it moves",
    "video/webm": "WebM is not taken: save the video as MP4",
}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file by its bytes: sides in pixels as it is shown, turned already by `rotation` degrees clockwise.

    `codec` is a video's, such as `avc1`; `colour_space` is an image's.
    A video that does not say its duration has none.
    """

    media_type: str
    width: int
    height: int
    rotation: int = 0
    animated: bool = False
    duration_seconds: float | None = None
    codec: str | None = None
    colour_space: str | None = None


def media_type(head: bytes) -> str | None:
    """The media type by the first bytes of a file (32 are enough), None where they are not known.

    The file's name does not count, nor does a machine's table of types, which differs between machines.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    return boxes.media_type(head)


def examine(read: Read, size: int) -> FileFacts:
    """Says what a file of `size` bytes is. Raises UnusableFile; `read` is called at most `MOST_READS` times."""
    if size == 0:
        raise UnusableFile("it is empty")
    file = _File(read, size)
    found = media_type(file.at(0, 256))
    if found is None:
        raise UnusableFile(f"it is not an image or a video that is known here, by its first bytes {file.at(0, 8)!r}")
    if found in _UNUSABLE:
        raise UnusableFile(_UNUSABLE[found])
    facts = _FACTS[found](file)
    if facts.width < 1 or facts.height < 1:
        raise UnusableFile("its header shows no width and height")
    if facts.width * facts.height > MOST_PIXELS:
        raise UnusableFile(f"it has {facts.width:,} × {facts.height:,} pixels: more than {MOST_PIXELS:,}")
    return facts


class _File:
    """A file that is read in blocks, each once, and as `imagesize` reads: at a place that moves."""

    def __init__(self, read: Read, size: int) -> None:
        self._read, self.size = read, size
        self._blocks: dict[int, bytes] = {}
        self._place = 0

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from `offset` on, fewer where the file ends. Raises UnusableFile where they lie too far apart."""
        end = min(offset + count, self.size)
        if not 0 <= offset < end:
            return b""
        first, last = offset // BLOCK, (end - 1) // BLOCK
        data = b"".join(self._block(number) for number in range(first, last + 1))
        return data[offset - first * BLOCK : end - first * BLOCK]

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            if len(self._blocks) >= MOST_READS:
                raise UnusableFile(f"its headers fill more than {MOST_READS * BLOCK:,} bytes: save it again")
            begin = number * BLOCK
            self._blocks[number] = self._read(begin, min(BLOCK, self.size - begin))
        return self._blocks[number]

    def read(self, size: int = -1) -> bytes:
        """The next bytes; not all that follow, which no header needs."""
        data = self.at(self._place, size if size >= 0 else BLOCK)
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Moves the place."""
        self._place = offset + (0, self._place, self.size)[whence]
        return self._place

    @property
    def tail(self) -> bytes:
        """Its last bytes: a block at least, where it is that long."""
        begin = max(0, (self.size - 1) // BLOCK - 1) * BLOCK
        return self.at(begin, self.size - begin)


def _sides(file: _File) -> imagesize.ImageInfo:
    """Its sides as it is shown, with orientation and channels. Raises UnusableFile."""
    try:
        return imagesize.get_info(file, dpi=False, colors=False)
    except UnusableFile:
        raise
    except Exception as error:  # it promises nothing about a header that is damaged
        raise UnusableFile("its header is damaged") from error


def _jpeg(file: _File) -> FileFacts:
    info = _sides(file)
    if b"\xff\xd9" not in file.tail:
        raise UnusableFile("the end of the picture is missing: it is cut short, or something was appended to it")
    turned = _SHOWN_TURNED.get(info.rotation, 0)
    return FileFacts(
        "image/jpeg", info.width, info.height, rotation=turned, colour_space=_JPEG_COLOURS.get(info.channels)
    )


def _png(file: _File) -> FileFacts:
    info = _sides(file)
    if b"IEND" not in file.tail:
        raise UnusableFile("the end of the picture is missing: it is cut short")
    grey = file.at(25, 1)[0] in _PNG_GREY
    return FileFacts(
        "image/png", info.width, info.height, animated=_is_apng(file), colour_space="grey" if grey else "rgb"
    )


def _is_apng(file: _File) -> bool:
    """Whether a chunk before the picture's data says that more pictures follow (`acTL`)."""
    place = 8
    while len(header := file.at(place, 8)) == 8 and header[4:] != b"IDAT":
        if header[4:] == b"acTL":
            return True
        place += 12 + int.from_bytes(header[:4], "big")
    return False


def _webp(file: _File) -> FileFacts:
    info, head = _sides(file), file.at(0, 30)
    if 8 + int.from_bytes(head[4:8], "little") > file.size:
        raise UnusableFile("the end of the picture is missing: it is cut short")
    extended = head[12:16] == b"VP8X"
    width, height = (one & 0x3FFF if head[12:16] == b"VP8 " else one for one in (info.width, info.height))
    return FileFacts("image/webp", width, height, animated=extended and bool(head[20] & 2), colour_space="rgb")


def _video(kind: str) -> Callable[[_File], FileFacts]:
    def facts(file: _File) -> FileFacts:
        movie = boxes.movie(file.at, file.size)
        sides = (movie.height, movie.width) if movie.rotation in (90, 270) else (movie.width, movie.height)
        seconds = movie.duration_seconds
        return FileFacts(kind, *sides, rotation=movie.rotation, duration_seconds=seconds, codec=movie.codec)

    return facts


_FACTS: dict[str, Callable[[_File], FileFacts]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "video/mp4": _video("video/mp4"),
    "video/quicktime": _video("video/quicktime"),
}
