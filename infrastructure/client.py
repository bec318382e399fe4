"""The typed client's models and operations (`warmup/api`), written from OpenAPI, so that they agree with it.

`make openapi` writes them. What asks, waits, repeats and raises is written by hand in `warmup/transport.py` and
`warmup/async_client.py`. Everything synchronous is the asynchronous text without its `async` and `await`, so that both
clients do the same.
"""

import keyword
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infrastructure.openapi import ROOT, document
from infrastructure.problems import CODES, Code

Json = dict[str, Any]
FOLDER = ROOT / "warmup" / "api"
ASYNC_CLIENT = ROOT / "warmup" / "async_client.py"
CLIENT = ROOT / "warmup" / "client.py"
_WRITTEN = "Written by `make openapi`: change the routes, not this."
_NEW_WITHOUT: Mapping[str, str] = {"bots.create": "bot_id"}
"""Operations that make something new each time unless they are given this id."""
_PLAIN: Mapping[str, str] = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_RAW = ("text/csv", "application/x-ndjson")
_SYNCHRONOUS: Mapping[str, str] = {
    r"\basync (?=def|for|with)": "",
    r"\bawait (?=[\w`])": "",
    r"\b[Aa]sync_?(?=client|operations|wait|Client|Pages|Transport|BaseTransport|Iterator)": "",
    r"__a(?=enter__|exit__|iter__)": "__",
    r"\baclose\b": "close",
    r"\baiter_bytes\b": "iter_bytes",
    r"Awaitable\[(.+?)\]\]": r"\1]",
    r"\basynchronous\b": "synchronous",
    r"`warmup/client\.py` is written from this file by `make openapi`: change this one\.": (
        "Written from `warmup/async_client.py` by `make openapi`: change that one."
    ),
}
"""What stands in the synchronous text for a pattern of the asynchronous one."""


# models


def models(openapi: Json) -> str:
    """The module of the models."""
    schemas: Json = openapi["components"]["schemas"]
    words = {name: one for name, one in schemas.items() if "enum" in one}
    objects = {name: one for name, one in schemas.items() if "enum" not in one}
    parts = [
        f'"""What the service takes and answers, as types. {_WRITTEN}"""',
        "from __future__ import annotations",
        "from datetime import datetime\nfrom typing import Any, Literal",
        "from pydantic import Field",
        "from warmup.api_model import ApiModel, OpenEnum",
        *(_words(name, one) for name, one in words.items()),
        *(_model(name, one, schemas) for name, one in objects.items() if not _is_page(one)),
    ]
    return "\n\n".join(parts) + "\n"


def _words(name: str, schema: Json) -> str:
    members = "\n".join(f'    {_constant(word)} = "{word}"' for word in schema["enum"])
    return f'class {name}(OpenEnum):\n    """{_told(schema, name)}"""\n\n{members}\n'


def _constant(word: str) -> str:
    return re.sub(r"\W", "_", word).upper()


def _told(schema: Json, name: str) -> str:
    return str(schema.get("description") or name).replace("\\", "\\\\").strip()


def _model(name: str, schema: Json, schemas: Json) -> str:
    required = schema.get("required", [])
    members = [_member(member, one, member in required) for member, one in schema.get("properties", {}).items()]
    return f'class {name}(ApiModel):\n    """{_told(schema, name)}"""\n\n' + "\n".join(members or ["    pass"]) + "\n"


def _member(name: str, schema: Json, required: bool) -> str:
    kind = type_of(schema)
    if keyword.iskeyword(name):
        optional = "" if required else "default=None, "
        return f'    {name}_: {kind} = Field({optional}alias="{name}")'
    if required:
        return f"    {name}: {kind}"
    return f"    {name}: {kind if 'None' in kind or kind == 'Any' else f'{kind} | None'} = None"


def type_of(schema: Json, prefix: str = "") -> str:
    """The Python type of a schema."""
    if "$ref" in schema:
        return prefix + str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema and "properties" not in schema:
        kinds = [type_of(one, prefix) for one in schema["anyOf"]]
        return " | ".join(dict.fromkeys(kinds)) if "Any" not in kinds else "Any"
    match schema.get("type"):
        case "string":
            return "datetime" if schema.get("format") == "date-time" else "str"
        case "integer" | "number" | "boolean" | "null":
            return _PLAIN[schema["type"]]
        case "array":
            return f"list[{type_of(schema['items'], prefix)}]"
        case "object":
            values = schema.get("additionalProperties")
            return f"dict[str, {type_of(values, prefix) if isinstance(values, dict) else 'Any'}]"
        case _:
            return "Any"


def _is_page(schema: Json) -> bool:
    return set(schema.get("properties", {})) - {"scanned_count"} == {"items", "next_cursor"}


# errors


def errors() -> str:
    """The module of the exceptions, one for each code."""
    parts = [
        f'"""What the service can refuse, an exception for each code. {_WRITTEN}"""',
        "from collections.abc import Mapping",
        "from warmup import problems",
        *(_error(code) for code in CODES.values()),
        "BY_CODE: Mapping[str, type[problems.ApiError]] = {\n"
        + "".join(f'    "{code}": {_error_name(code)},\n' for code in CODES)
        + "}",
    ]
    return "\n\n".join(parts) + "\n"


def _error_name(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))


def _error(code: Code) -> str:
    base = {401: "AuthError", 403: "AuthError", 404: "NotFound", 409: "Conflict", 412: "Conflict"}
    later = {429: "TryLater", 503: "TryLater"}
    kind = {**base, **later}.get(code.status, "ApiError")
    return f'class {_error_name(code.code)}(problems.{kind}):\n    """{code.detail}\n\n    {code.remedy}\n    """\n'


# operations


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a method: `place` is path, query, header or body; `default` None: it must be given."""

    name: str
    kind: str
    place: str
    default: str | None
    wire: str

    def declared(self) -> str:
        """As it stands in the method's head."""
        return f"{self.name}: {self.kind}" + ("" if self.default is None else f" = {self.default}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of the client."""

    name: str
    method: str
    path: str
    told: str
    parameters: tuple[Parameter, ...]
    answer: str
    how: str
    repeatable: str
    raw: bool

    @property
    def noun(self) -> str:
        """The part of the client in which it stands."""
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        """Its name there."""
        return self.name.partition(".")[2]


def operations(openapi: Json) -> list[Operation]:
    """All operations but the pages."""
    return [
        _operation(path, method, told, openapi)
        for path, methods in openapi["paths"].items()
        for method, told in methods.items()
        if told["tags"] != ["pages"]
    ]


def _operation(path: str, method: str, told: Json, openapi: Json) -> Operation:
    successes = {status: one for status, one in told["responses"].items() if status.startswith("2")}
    content = next(iter(successes.values()))["content"]
    media_type, answer = next(iter(content.items()))
    schema = answer["schema"]
    shape = openapi["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    parameters = [*_sent(told, openapi), *_body(told, openapi)]
    names = [parameter.name for parameter in parameters]
    assert len(names) == len(set(names)), f"{told['operationId']} has two parameters of one name"
    if media_type not in ("application/json",):
        kind, how = "shapes.AuditEvent", "lines"
    elif _is_page(shape) and "cursor" in names:
        kind, how = type_of(shape["properties"]["items"]["items"], "shapes."), "pages"
    else:
        kind, how = type_of(schema, "shapes."), "ask"
    new = _NEW_WITHOUT.get(told["operationId"])
    repeatable = "False" if set(successes) == {"201"} else f"{new} is not UNSET" if new else "True"
    raw = any(one in told.get("requestBody", {}).get("content", {}) for one in _RAW)
    ordered = sorted(parameters, key=lambda one: (one.place != "path", one.default is not None))
    return Operation(
        told["operationId"], method.upper(), path, told["summary"], tuple(ordered), kind, how, repeatable, raw
    )


def _sent(told: Json, openapi: Json) -> Iterator[Parameter]:
    for one in told["parameters"]:
        name = one.get("$ref", "").rpartition("/")[2]
        found = {**openapi["components"]["parameters"][name]} if name else one
        if found["name"] == "X-Request-Id":
            continue
        kind = _given(found["schema"])
        python = found["name"].lower().replace("-", "_")
        required = found["required"]
        yield Parameter(
            python, kind if required else f"{kind} | None", found["in"], None if required else "None", found["name"]
        )


def _given(schema: Json) -> str:
    """The type of a parameter."""
    return type_of(schema, "shapes.") if schema.get("format") != "date" else "str"


def _body(told: Json, openapi: Json) -> Iterator[Parameter]:
    content = told.get("requestBody", {}).get("content", {})
    if any(one in content for one in _RAW):
        yield Parameter("body", "str | bytes", "raw", None, "body")
        yield Parameter("media_type", "str", "raw", '"text/csv"', "media_type")
    elif content:
        schema = content["application/json"]["schema"]
        if "anyOf" in schema:
            one = type_of(schema["anyOf"][0], "shapes.")
            yield Parameter("body", f"{one} | Sequence[{one}]", "whole", None, "body")
            return
        shape = openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        required = shape.get("required", [])
        for name, member in shape["properties"].items():
            kind = _given(member)
            given = kind if name in required else kind if kind == "Any" else f"{kind} | Unset"
            python = f"{name}_" if keyword.iskeyword(name) else name
            yield Parameter(python, given, "body", None if name in required else "UNSET", name)


def render_operations(found: list[Operation]) -> str:
    """The module of the operations, asynchronous."""
    nouns: dict[str, list[Operation]] = {}
    for operation in found:
        nouns.setdefault(operation.noun, []).append(operation)
    parts = [
        f'"""The operations of the service, asynchronous. {_WRITTEN}"""',
        "from __future__ import annotations",
        "from collections.abc import Sequence\nfrom datetime import datetime",
        "from typing import TYPE_CHECKING, Any, Literal",
        "from warmup.api import models as shapes",
        "from warmup.transport import UNSET, Unset, quoted",
        "if TYPE_CHECKING:\n    from warmup.async_client import AsyncPages, AsyncTransport",
    ]
    for noun, several in sorted(nouns.items()):
        methods = "\n\n".join(_method(one) for one in several)
        parts.append(
            f"class {_class(noun)}:\n"
            f'    """The operations on {noun}."""\n\n'
            f"    def __init__(self, transport: AsyncTransport) -> None:\n"
            f"        self._transport = transport\n\n{methods}\n"
        )
    members = "\n".join(f"        self.{noun} = {_class(noun)}(transport)" for noun in sorted(nouns))
    parts.append(
        f'class Operations:\n    """All operations, by noun."""\n\n'
        f"    def __init__(self, transport: AsyncTransport) -> None:\n{members}\n"
    )
    return "\n\n".join(parts) + "\n"


def synchronous(text: str) -> str:
    """Return the synchronous module for an asynchronous one."""
    for pattern, replacement in _SYNCHRONOUS.items():
        text = re.sub(pattern, replacement, text)
    return text


def _class(noun: str) -> str:
    return noun.capitalize()


def _method(one: Operation) -> str:
    positional = [parameter.declared() for parameter in one.parameters if parameter.place in ("path", "whole")]
    positional += ["body: str | bytes"] if one.raw else []
    rest = [
        parameter
        for parameter in one.parameters
        if parameter.place in ("query", "header", "body") or parameter.name == "media_type"
    ]
    keywords = ["*", *(parameter.declared() for parameter in rest)] if rest else []
    head = ", ".join(["self", *positional, *keywords])
    wait = one.how == "ask"
    answer = one.answer if wait else f"AsyncPages[{one.answer}]"
    lines = [
        f"    {'async ' if wait else ''}def {one.verb}({head}) -> {answer}:",
        f'        """{one.told}."""',
        f"        {'return await' if wait else 'return'} self._transport.{one.how}(",
        f'            "{one.method}",',
        f"            {_path(one)},",
        f"            {one.answer},  # type: ignore[arg-type]  # a union, which mypy takes for no type"
        if " | " in one.answer
        else f"            {one.answer},",
    ]
    for place, name in (("query", "query"), ("header", "headers"), ("body", "body")):
        given = ", ".join(f'"{item.wire}": {item.name}' for item in one.parameters if item.place == place)
        if given:
            lines.append(f"            {name}={{{given}}},")
    if one.raw:
        lines.append("            raw=(media_type, body),")
    if any(parameter.place == "whole" for parameter in one.parameters):
        lines.append("            body=body,")
    if one.repeatable != "True":
        lines.append(f"            repeatable={one.repeatable},")
    return "\n".join([*lines, "        )"])


def _path(one: Operation) -> str:
    path = re.sub(r"{(\w+)}", r"{quoted(\1)}", one.path)
    return ("f" if "{" in path else "") + f'"{path}"'


_SHARED = ("boxes", "masking", "media_files", "rows", "strict_json")
"""Modules of the domain that the client has, too, as they are: it is a distribution without the service."""


def _shared() -> Iterator[tuple[Path, str]]:
    for name in _SHARED:
        text = (ROOT / "chalicelib" / "domain" / f"{name}.py").read_text(encoding="utf-8")
        text = text.replace("chalicelib.domain", "warmup.api")
        yield (
            FOLDER / f"{name}.py",
            f"# Copied by `make openapi`: change chalicelib/domain/{name}.py, not this.\n{text}",
        )


def files(openapi: Json | None = None) -> dict[Path, str]:
    """What is written, by file, formatted."""
    told = openapi or document()
    operations_text = render_operations(operations(told))
    texts = {
        FOLDER / "models.py": models(told),
        FOLDER / "errors.py": errors(),
        FOLDER / "async_operations.py": operations_text,
        FOLDER / "operations.py": synchronous(operations_text),
        CLIENT: synchronous(ASYNC_CLIENT.read_text(encoding="utf-8")),
    }
    return {file: _formatted(text) for file, text in (*texts.items(), *_shared())}


def _formatted(text: str) -> str:
    ruff = str(Path(sys.executable).with_name("ruff"))
    checked = [ruff, "check", "--fix", "--quiet", "--exit-zero", "--ignore", "RUF100", "--stdin-filename", "x.py", "-"]
    for command in (checked, [ruff, "format", "--quiet", "-"]):
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return text


def main() -> None:
    """Writes the files."""
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
