"""A route as it was declared: what it reads of a request, and the types of its body and its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from chalicelib.context import Actor, ActorKind
from chalicelib.domain.errors import Forbidden, InvalidInput, MalformedRequest, ServiceError
from chalicelib.domain.facts import Fault
from chalicelib.domain.permissions import Permission
from chalicelib.domain.records import record
from chalicelib.edge.requests import Call

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Reader = Callable[[str], Any]
View = Callable[..., Any]
M = TypeVar("M", bound="BaseModel")
BODIES: dict[str, Sequence[str]] = {}
"""The modules of the models of bodies, relative to the package, by the module whose views read them."""
_MOST_IN_A_LIST = 100
MOST_FAULTS = 100
_A: Mapping[ActorKind | None, str] = {ActorKind.BOT: "a bot", ActorKind.OPERATOR: "a user"}


@record
class Endpoint:
    """A route as it was declared."""

    method: str
    path: str
    view: View
    by: ActorKind | None = None
    needs: Permission | None = None
    members: Mapping[str, Permission] = field(default_factory=dict)
    raw: tuple[str, ...] = ()
    query: Mapping[str, Reader] = field(default_factory=dict)
    lease: bool = False
    session: bool = False
    shows: Callable[[Any, datetime], Any] | None = None
    seconds: float | None = None
    refuses: tuple[type[ServiceError], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The route's name in logs, such as `leases.claim`."""
        return f"{self.view.__module__.rsplit('.', 1)[-1]}.{self.view.__name__}"

    @property
    def kind(self) -> ActorKind | None:
        """What may call it: who needs a permission is a user; None: anybody may."""
        return self.by if self.needs is None else ActorKind.OPERATOR

    @property
    def has_body(self) -> bool:
        """Whether it reads a JSON body."""
        return not self.raw and "body" in self.view.__annotations__

    @property
    def body(self) -> type[BaseModel] | None:
        """The model of its JSON body."""
        return _body_of(self.view)[0] if self.has_body else None

    @property
    def many(self) -> bool:
        """Whether its JSON body may be a list of such models, too."""
        return self.has_body and _body_of(self.view)[1]

    @property
    def answer_type(self) -> Any:
        """The type of its answer, such as `Created[CreatedContent]`."""
        return _hints(self.view)["return"]

    def admit(self, actor: Actor) -> None:
        """Raises Forbidden where the actor may not call the route at all."""
        if actor.kind is not self.kind:
            raise Forbidden(f"This route is for the key of {_A[self.kind]}; yours is {_A[actor.kind]}'s.")
        if self.needs is not None:
            actor.require(self.needs)

    def arguments(self, call: Call, actor: Actor) -> dict[str, Any]:
        """What the view is called with, read from the request and checked.

        Raises MalformedRequest, BodyTooLarge, UnsupportedMediaType, InvalidInput; Forbidden where a member of the body
        needs a permission that the actor lacks.
        """
        if call.repeated:
            raise MalformedRequest(
                f"The query parameter {call.repeated[0]!r} is given more than once: which one counts?"
            )
        arguments = self._query_arguments(call.query)
        if self.raw:
            arguments["body"] = call.raw(self.raw)
        elif self.has_body:
            arguments["body"] = body = self._validated(call.json())
            for name in sorted(self.members.keys() & getattr(body, "model_fields_set", set())):
                actor.require(self.members[name])
        elif call.body.strip() and call.json() != {}:
            raise InvalidInput([{"pointer": "", "detail": "this route takes no body"}])
        if self.lease:
            arguments["lease_token"] = call.headers["lease-token"]
        return arguments

    def _query_arguments(self, given: Mapping[str, str]) -> dict[str, Any]:
        unknown = sorted(set(given) - set(self.query))
        if unknown:
            known = ", ".join(sorted(self.query)) or "none"
            raise MalformedRequest(f"Unknown query parameter {unknown[0]!r}; this route knows: {known}.")
        arguments = {}
        for name, text in given.items():
            try:
                arguments[name] = self.query[name](text)
            except ValueError as error:
                raise MalformedRequest(f"The query parameter {name!r} is wrong: {error}.") from None
        return arguments

    def _validated(self, parsed: Any) -> Any:
        model, many = _body_of(self.view)
        if many and isinstance(parsed, list):
            if not 1 <= len(parsed) <= _MOST_IN_A_LIST:
                raise InvalidInput([{"pointer": "", "detail": f"a list of 1 to {_MOST_IN_A_LIST} items is expected"}])
            return [validate(model, one, f"/{place}") for place, one in enumerate(parsed)]
        if not isinstance(parsed, dict):
            raise MalformedRequest("The body is not a JSON object.")
        return validate(model, parsed)


@cache
def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Return the function's annotations, where the models of bodies are those of the modules that its routes named.

    Routes name them in annotations only, so that pydantic is imported when the first body is read, and no sooner.
    """
    package = function.__module__.rpartition(".")[0]
    models: dict[str, Any] = {}
    for name in BODIES.get(function.__module__, ()):
        models |= vars(import_module(name, package))
    return get_type_hints(function, localns=models)


@cache
def _body_of(function: Callable[..., Any]) -> tuple[type[BaseModel], bool]:
    """The model that the parameter `body` (or the only one) is annotated with, and whether a list of such may come."""
    hints = _hints(function)
    annotated = hints["body"] if "body" in hints else next(iter(hints.values()))
    first: type[BaseModel] = (get_args(annotated) or (annotated,))[0]
    return first, first is not annotated


def body_of(function: Callable[[M], Any]) -> type[M]:
    """The model that a function of one parameter takes."""
    model: type[M] = _body_of(function)[0]  # type: ignore[assignment]  # its annotation is what it takes
    return model


def validate(model: type[M], parsed: object, at: str = "") -> M:
    """Checks parsed JSON as that model. Raises InvalidInput with a JSON pointer (behind `at`) for each fault."""
    from pydantic import ValidationError  # noqa: PLC0415  # a request without a body does not pay for it

    try:
        return model.model_validate_json(json.dumps(parsed))
    except ValidationError as error:
        raise InvalidInput(faults(model, error, at)) from None


def faults(model: type[BaseModel], error: ValidationError, at: str = "") -> list[Fault]:
    """Return the first 100 faults that pydantic found, as a JSON pointer (behind `at`) and what is wrong there."""
    found = error.errors(include_url=False, include_input=False)[:MOST_FAULTS]
    return [{"pointer": at + _pointer(one["loc"]), "detail": _detail(model, one)} for one in found]


def _pointer(place: Sequence[int | str]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


def _detail(model: type[BaseModel], fault: Mapping[str, Any]) -> str:
    if fault["type"] != "extra_forbidden":
        return str(fault["msg"]).removeprefix("Value error, ")
    from difflib import get_close_matches  # noqa: PLC0415  # only who misspells a member pays for it

    *outer, name = fault["loc"]
    known = _members(model, outer)
    meant = "".join(f"; did you mean `{one}`?" for one in get_close_matches(str(name), known, 1))
    return f"unknown member `{name}`{meant or ';'} known: {', '.join(known) or 'none'}"


def _members(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The members of the object at this place of the model; of none where it lies in no model."""
    for part in place:
        if isinstance(part, str):
            inner = next(_models_in(model.model_fields[part].annotation), None) if part in model.model_fields else None
            if inner is None:
                return []
            model = inner
    return [one.alias or name for name, one in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        yield annotation
    for one in get_args(annotation):
        yield from _models_in(one)
