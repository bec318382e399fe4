"""Records: frozen dataclasses that cost a cold start little.

`dataclass(frozen=True)` compiles six methods for each class when it is imported, and a request uses few of 200 classes.
A record compiles `__init__` when the first one is made, and `__hash__` when one is hashed, and takes the others from
here. `fields`, `replace` and patterns work as with any dataclass. Type checkers refuse to change a record; the
interpreter does not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T], *, kw_only: bool = False) -> type[T]:
    """Makes a record of a class, in place."""
    dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
    _install(cls, __init__=_late(cls, "__init__"), __hash__=_late(cls, "__hash__"), __eq__=_equal, __repr__=_represent)
    return cls


def _late(cls: Any, name: str) -> Callable[..., Any]:
    """Returns a method that compiles the one of this name, which takes its place, and calls it."""

    def method(self: object, *given: object, **named: object) -> object:
        members = [(one.name, one.type, one) for one in fields(cls)]
        documented = {"__doc__": cls.__doc__}  # for a class without, its signature would be put together
        compiled = make_dataclass(
            cls.__name__,
            members,
            namespace=documented,
            init=name == "__init__",
            unsafe_hash=name == "__hash__",
            eq=False,
            repr=False,
        )
        _install(cls, **{name: getattr(compiled, name)})
        return getattr(cls, name)(self, *given, **named)

    return method


def _install(cls: type, **methods: Callable[..., object]) -> None:
    for name, method in methods.items():
        setattr(cls, name, method)


def _equal(self: object, other: object) -> bool:
    return vars(self) == vars(other) if type(self) is type(other) else NotImplemented


def _represent(self: object) -> str:
    members = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
    return f"{type(self).__qualname__}({members})"
