"""What of a string can be seen: what makes a text one, what keeps a line one line, and what a comparison leaves out."""

import re
import unicodedata

_FORMAT = r"\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
"""What shows nothing itself and may make the rest look like something else, such as overrides of the direction.

Joiners (U+200C, U+200D) and tags are not among it: emoji and some scripts need them.
"""
_LINE = rf"[^\x00-\x1f\x7f-\x9f\u2028\u2029{_FORMAT}]*"
_LINES = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*"
_SOMETHING = (
    r"[^\s\x00-\x20\x7f-\xa0\xad\u0300-\u036f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u1ab0-\u1ace"
    r"\u1dc0-\u1dff\u2000-\u200f\u2028-\u202f\u205f-\u206f\u20d0-\u20ff\u2800\u3000\u3164\ue000-\uf8ff"
    r"\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0\ufff0-\ufffb]"
)
ONE_LINE = f"^{_LINE}$"
"""The pattern of a string without control and format characters and line breaks, for any engine of JSON Schema."""
VISIBLE_LINE = f"^{_LINE}{_SOMETHING}{_LINE}$"
"""The same, with something to see; to the letter that is `has_something_visible`, which patterns cannot say."""
_PROSE = rf"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_FORMAT}]*"
VISIBLE_PROSE = f"^{_PROSE}{_SOMETHING}{_PROSE}$"
"""The same for several lines, which may hold tabs and line breaks."""
VISIBLE_LINES = f"^{_LINES}{_SOMETHING}{_LINES}$"
"""The pattern of text with something to see, and without control characters but tab and line breaks."""

_ONE_LINE = re.compile(_LINE)
_FORMATS = re.compile(f"[{_FORMAT}]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
_JOINER = "\u200d"
_TAGS = range(0xE0020, 0xE0080)
_RANGES = (
    # Unicode's Default_Ignorable_Code_Point: what a renderer shows nothing of
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
_IGNORABLE = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _RANGES) + "]")
_BLANK = "\u2800"
"""The Braille pattern without dots: a symbol by its class, and empty to the eye."""


def is_ignorable(character: str) -> bool:
    """Whether a renderer shows nothing of the character (Unicode's default-ignorable code points)."""
    return _IGNORABLE.match(character) is not None


def is_visible(character: str) -> bool:
    """Whether there is something to see: a letter, number, punctuation or symbol that is not a blank filler."""
    kind = unicodedata.category(character)
    # unassigned: an emoji that is younger than our tables; the last two of each plane are never assigned
    known = kind[0] in "LNPS" or (kind == "Cn" and ord(character) & 0xFFFE != 0xFFFE)
    return known and character != _BLANK and not is_ignorable(character)


def has_something_visible(text: str) -> bool:
    """Whether somebody who is shown the text sees anything of it."""
    return any(map(is_visible, text))


def is_one_line(text: str) -> bool:
    """Whether the text holds no control characters, format characters and line breaks."""
    return _ONE_LINE.fullmatch(text) is not None


def has_control_characters(text: str) -> bool:
    """Whether the text holds control characters other than tab, line feed and carriage return before a line feed."""
    return _CONTROL.search(text) is not None


def has_format_characters(text: str) -> bool:
    """Whether the text holds invisible characters that may make it look like another text."""
    return _FORMATS.search(text) is not None


def without_ignorable(text: str) -> str:
    """The text without what nobody sees, except where it makes another picture: joiners and tags between emoji."""
    if _IGNORABLE.search(text) is None:
        return text
    kept: list[str] = []
    for place, character in enumerate(text):
        if not is_ignorable(character) or _makes_a_picture(text, place, kept):
            kept.append(character)
    return "".join(kept)


def _makes_a_picture(text: str, place: int, kept: list[str]) -> bool:
    """Whether the ignorable character at `place` joins two emoji, or is a tag (of a flag) behind one."""
    if not kept:
        return False
    if text[place] == _JOINER:
        following = next((one for one in text[place + 1 :] if not is_ignorable(one)), "")
        return _is_pictorial(kept[-1]) and _is_pictorial(following)
    return ord(text[place]) in _TAGS and (_is_pictorial(kept[-1]) or ord(kept[-1]) in _TAGS)


def _is_pictorial(character: str) -> bool:
    return character != "" and unicodedata.category(character) in ("So", "Sk", "Cn", "Sm")


def folded(text: str) -> str:
    """The text as it is compared: NFKC, case folded, without what nobody sees, every run of white space one space."""
    # what is ignorable may stand between a letter and its accent, and NFKC makes blank fillers of other ones
    seen = without_ignorable(unicodedata.normalize("NFKC", without_ignorable(text)).casefold())
    return " ".join(unicodedata.normalize("NFKC", seen).split())
