"""The categories of the pools: for what an item is meant. A phase of a plan names the one that it draws from."""

from enum import StrEnum


class Category(StrEnum):
    """For what an item is meant; `any`: where the category of a phase has nothing eligible, and the phase allows it."""

    PFP = "pfp"
    BIO = "bio"
    POST = "post"
    HIGHLIGHT = "highlight"
    STORY = "story"
    ANY = "any"
