"""The length of a text as a reader sees it: its grapheme clusters, by the rules of Unicode 15.0 (UAX #29).

Between two characters stands a boundary unless a rule joins them; each `GB…` is the rule of that name.
"""

import unicodedata

_ZWJ = "\u200d"
_PREPENDED = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd"
    "\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a\U00011d46\U00011f02"
)
_SPACING = frozenset("\u0e33\u0eb3")
"""Letters that belong to what stands before, as marks do."""
_APART = frozenset(
    map(chr, (0x102B, 0x102C, 0x1038, *range(0x1062, 0x1065), *range(0x1067, 0x106E), 0x1083, *range(0x1087, 0x108D)))
) | frozenset(map(chr, (0x108F, *range(0x109A, 0x109D), 0x1A61, 0x1A63, 0x1A64, 0xAA7B, 0xAA7D, 0x11720, 0x11721)))
"""Marks that stand for themselves."""
_HANGUL = {  # what may follow: a leading consonant, a vowel, a trailing consonant
    "L": ("L", "V", "LV", "LVT"),
    "V": ("V", "T"),
    "LV": ("V", "T"),
    "T": ("T",),
    "LVT": ("T",),
}


def count(text: str) -> int:
    """Return how many grapheme clusters the text has."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    clusters, before, flags, emoji = 0, "", 0, False
    for one in text:
        joined = bool(before) and _joins(before, one, flags=flags, emoji=emoji)
        clusters += not joined
        flags = flags + 1 if _is_flag(one) else 0
        emoji = _is_pictographic(one) or (joined and emoji and (one == _ZWJ or _extends(one)))
        before = one
    return clusters


def _joins(before: str, one: str, *, flags: int, emoji: bool) -> bool:
    """Whether there is no boundary between two characters.

    `flags` are the regional indicators in a row up to the first; `emoji`: it belongs to a pictograph.
    """
    if before == "\r" and one == "\n":  # GB3
        return True
    if _is_control(before) or _is_control(one):  # GB4, GB5
        return False
    if _hangul(one) in _HANGUL.get(_hangul(before), ()):  # GB6, GB7, GB8
        return True
    if one == _ZWJ or _extends(one) or before in _PREPENDED:  # GB9, GB9a, GB9b
        return True
    if before == _ZWJ and emoji and _is_pictographic(one):  # GB11
        return True
    return _is_flag(one) and flags % 2 == 1  # GB12, GB13


def _is_control(one: str) -> bool:
    return unicodedata.category(one) in ("Cc", "Zl", "Zp") or (
        unicodedata.category(one) == "Cf" and not _extends(one) and one != _ZWJ and one not in _PREPENDED
    )


def _extends(one: str) -> bool:
    """Whether it belongs to what stands before: a mark, the tone of an emoji, a tag, a joiner that does not join."""
    if one in _APART:
        return False
    is_tone_or_tag = "\U0001f3fb" <= one <= "\U0001f3ff" or "\U000e0020" <= one <= "\U000e007f"
    return unicodedata.category(one) in ("Mn", "Me", "Mc") or is_tone_or_tag or one == "\u200c" or one in _SPACING


def _is_flag(one: str) -> bool:
    return "\U0001f1e6" <= one <= "\U0001f1ff"


def _is_pictographic(one: str) -> bool:
    """Whether it is of the pictographs that a joiner joins: near enough, the symbols in the blocks of pictographs."""
    return one in "©®‼⁉〰〽㊗㊙" or (
        unicodedata.category(one) in ("So", "Sm", "Cn")
        and (one >= "\U0001f000" or "\u2100" <= one <= "\u2bff")
        and not _is_flag(one)
        and not "\U0001f3fb" <= one <= "\U0001f3ff"
    )


def _hangul(one: str) -> str:
    if "\uac00" <= one <= "\ud7a3":
        return "LV" if (ord(one) - 0xAC00) % 28 == 0 else "LVT"
    if "\u1100" <= one <= "\u115f" or "\ua960" <= one <= "\ua97c":
        return "L"
    if "\u1160" <= one <= "\u11a7" or "\ud7b0" <= one <= "\ud7c6":
        return "V"
    return "T" if "\u11a8" <= one <= "\u11ff" or "\ud7cb" <= one <= "\ud7fb" else ""
