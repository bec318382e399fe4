"""What the models are made of: words that may be unknown, members that may be more."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict


class Word(StrEnum):
    """A word of the contract. One that this release does not know yet stays as it was sent."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        word = str.__new__(cls, value)
        word._name_, word._value_ = value.upper(), value
        return word


class Shape(BaseModel):
    """The base of all models: what an answer has beyond them is ignored."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore", defer_build=True)
