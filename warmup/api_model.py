"""The bases of the generated models: enumerations open to new values, models open to new members."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict


class OpenEnum(StrEnum):
    """An enumeration of the contract. A value that this release does not know stays as it was sent."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_, member._value_ = value.upper(), value
        return member


class ApiModel(BaseModel):
    """The base of all models: members of an answer that they do not have are ignored."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore", defer_build=True)
