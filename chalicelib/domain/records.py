"""Records: frozen dataclasses that cost a cold start little.

`dataclass(frozen=True)` compiles six methods for each class when it is imported, and a request uses few of 200 classes.
A record compiles two, when the first one is made, and takes the others from here. `fields`, `replace` and patterns work
as with any dataclass. Type checkers refuse to change a record; the interpreter does not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T], *, kw_only: bool = False) -> type[T]:
    """Makes a record of a class, in place."""
    dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
    _install(cls, __init__=_first(cls), __eq__=_equal, __repr__=_represent)
    return cls


def _first(cls: Any) -> Callable[..., None]:
    """Returns an `__init__` that compiles the one by which this and all further instances are made."""

    def __init__(self: object, *given: object, **named: object) -> None:  # noqa: N807  # it stands for that method
        members = [(one.name, one.type, one) for one in fields(cls)]
        compiled: Any = make_dataclass(cls.__name__, members, eq=False, repr=False, unsafe_hash=True)
        _install(cls, __init__=compiled.__init__, __hash__=compiled.__hash__)
        cls.__init__(self, *given, **named)

    return __init__


def _install(cls: type, **methods: Callable[..., object]) -> None:
    for name, method in methods.items():
        setattr(cls, name, method)


def _equal(self: object, other: object) -> bool:
    return vars(self) == vars(other) if type(self) is type(other) else NotImplemented


def _represent(self: object) -> str:
    members = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
    return f"{type(self).__qualname__}({members})"
