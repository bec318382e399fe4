"""Videos of the family of MP4 and QuickTime (ISO/IEC 14496-12): a tree of boxes, of which only headers are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

At = Callable[[int, int], bytes]
"""Gives the bytes from an offset on; fewer where the file ends."""
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")
_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What a QuickTime file of before `ftyp` begins with."""
_ONE = 0x10000
_ROTATIONS = {(_ONE, 0, 0, _ONE): 0, (0, _ONE, -_ONE, 0): 90, (-_ONE, 0, 0, -_ONE): 180, (0, -_ONE, _ONE, 0): 270}
"""Degrees clockwise by the matrix of a track header, in 16.16 fixed point."""


class UnusableFile(Exception):
    """Says in `detail` why nobody can use a file: it is of no known type, cut short, damaged, or too large to show."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Movie:
    """What the headers of a video say: its sides in pixels before it is turned by `rotation` degrees clockwise."""

    width: int
    height: int
    rotation: int
    duration_seconds: float | None
    codec: str | None


@dataclass(frozen=True, slots=True)
class _Box:
    """A box: its four letters, and where its payload begins and ends."""

    kind: bytes
    begin: int
    end: int


def media_type(head: bytes) -> str | None:
    """The media type by the first bytes of a file of this family: by its main brand, then the compatible ones."""
    if head[4:8] in _QUICKTIME:
        return "video/quicktime"
    if head[4:8] != b"ftyp":
        return None
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))]
    if any(brand in _AVIF for brand in brands):
        return "image/avif"
    if brands[0] in _HEIF:
        return "image/heic"
    return "video/quicktime" if brands[0] == b"qt  " else "video/mp4"


def movie(at: At, size: int) -> Movie:
    """What a video of `size` bytes says of itself. Raises UnusableFile, also where it is cut short."""
    header = _header(at, size)
    tracks = [_Track(at, box) for box in _inside(at, header.begin, header.end) if box.kind == b"trak"]
    shown = next((track for track in tracks if track.is_video), None)
    if shown is None:
        raise UnusableFile("it has no picture track")
    width, height = shown.sides
    return Movie(width, height, shown.rotation, _duration(at, header), shown.codec)


def _header(at: At, size: int) -> _Box:
    """The box `moov`. The boxes beside it are passed, so that one which is cut short is met.

    In a file of fragments any number of them follows; then nobody looks further.
    """
    found = None
    for box in _inside(at, 0, size):
        if box.end > size:
            raise UnusableFile(f"it is cut short: it has {size:,} bytes and should have {box.end:,}")
        if box.kind == b"moov":
            found = box
        if found is not None and box.kind in (b"moof", b"sidx"):
            break
    if found is None:
        raise UnusableFile("its index (`moov`) is missing: it is cut short, or its recording never ended")
    return found


def _inside(at: At, begin: int, end: int) -> Iterator[_Box]:
    """The boxes between two places. Raises UnusableFile where something else stands."""
    while begin + 8 <= end:
        head = at(begin, 16)
        length, kind, payload = int.from_bytes(head[:4], "big"), head[4:8], begin + 8
        if length == 1:
            length, payload = int.from_bytes(head[8:16], "big"), begin + 16
        elif length == 0:
            length = end - begin
        if begin + length < payload:
            raise UnusableFile("its boxes are damaged")
        yield _Box(kind, payload, begin + length)
        begin += length


def _first(at: At, box: _Box | None, *path: bytes) -> _Box | None:
    """The first box on this path inside another."""
    for kind in path:
        box = None if box is None else next((one for one in _inside(at, box.begin, box.end) if one.kind == kind), None)
    return box


def _duration(at: At, header: _Box) -> float | None:
    """Seconds: of the movie's header, else of that of its fragments; None where neither says it."""
    clock = _first(at, header, b"mvhd")
    if clock is None:
        return None
    wide = at(clock.begin, 1) == b"\x01"  # version 1: times of 64 bits
    scale = _number(at, clock.begin + (20 if wide else 12), 4)
    length = _number(at, clock.begin + (24 if wide else 16), 8 if wide else 4)
    fragments = _first(at, header, b"mvex", b"mehd")
    if not length and fragments is not None:
        wide = at(fragments.begin, 1) == b"\x01"
        length = _number(at, fragments.begin + 4, 8 if wide else 4)
    unknown = length in (0, 2**64 - 1 if wide else 2**32 - 1)
    return None if unknown or not scale else round(length / scale, 3)


def _number(at: At, offset: int, count: int) -> int:
    return int.from_bytes(at(offset, count), "big")


class _Track:
    """A track of a movie."""

    def __init__(self, at: At, box: _Box) -> None:
        self._at = at
        self._header = _first(at, box, b"tkhd")
        self._media = _first(at, box, b"mdia")
        self._samples = _first(at, self._media, b"minf", b"stbl", b"stsd")

    @property
    def is_video(self) -> bool:
        """Whether it is what one sees."""
        handler = _first(self._at, self._media, b"hdlr")
        return handler is not None and self._at(handler.begin + 8, 4) == b"vide"

    @property
    def codec(self) -> str | None:
        """The four letters of its coding, such as `avc1`."""
        letters = b"" if self._samples is None else self._at(self._samples.begin + 12, 4)
        return (
            letters.decode("ascii").strip() or None
            if letters.isascii() and letters.decode("latin-1").isprintable()
            else None
        )

    @property
    def sides(self) -> tuple[int, int]:
        """Width and height in pixels: as the track's header says, else as its first sample does."""
        if self._header is None:
            return 0, 0
        at = self._header.begin + self._shift + 76
        shown = _number(self._at, at, 4) // _ONE, _number(self._at, at + 4, 4) // _ONE
        if all(shown) or self._samples is None:
            return shown
        coded = self._samples.begin + 8 + 32
        return _number(self._at, coded, 2), _number(self._at, coded + 2, 2)

    @property
    def rotation(self) -> int:
        """Degrees clockwise; 0 for a matrix that does something else."""
        if self._header is None:
            return 0
        begin = self._header.begin + self._shift + 40
        places = (begin, begin + 4, begin + 12, begin + 16)
        a, b, c, d = (int.from_bytes(self._at(place, 4), "big", signed=True) for place in places)
        return _ROTATIONS.get((a, b, c, d), 0)

    @property
    def _shift(self) -> int:
        """By how many bytes its header is longer than one with times of 32 bits."""
        return 12 if self._header is not None and self._at(self._header.begin, 1) == b"\x01" else 0
