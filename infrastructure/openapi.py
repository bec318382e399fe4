"""OpenAPI 3.1 of the service, made from its routes, their bodies (pydantic) and the shapes of their answers.

`python -m infrastructure.openapi` writes it to `chalicelib/docs/openapi.json`, from where the service answers it: made
here once, it costs no cold start. Beside it lies a page for each code of a problem. Tests hold both to the routes.
"""

import html
import inspect
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticOmit, core_schema

from chalicelib.domain import visibility
from chalicelib.domain.permissions import Permission, holders
from chalicelib.domain.plan_versions import REFERENCE_PATTERN
from chalicelib.domain.plans import PHASE_NAME, STANDARD
from chalicelib.edge.answers import ABSENT, JSON, Absent, Answer
from chalicelib.edge.endpoints import Endpoint
from chalicelib.edge.problems import PROBLEM, Problem
from chalicelib.edge.routing import ENDPOINTS
from chalicelib.routes import BLUEPRINTS, pages, queries
from infrastructure import examples
from infrastructure.problems import CODES, Code, codes_of, works_on_accounts

ROOT = Path(__file__).parents[1]
FILE = ROOT / "chalicelib" / "docs" / "openapi.json"
PAGES = FILE.parent / "errors"
Json = dict[str, Any]
_Mode = Literal["validation", "serialization"]

_REF = "#/components/schemas/{model}"
_GIVEN = r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}"
_ID = {"type": "string", "pattern": f"^{_GIVEN}$"}
_NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": 999_999}
_PHASE: Json = {"type": "string", "pattern": f"^{PHASE_NAME}$", "examples": [*STANDARD.order]}
_QUERY: Mapping[object, Json] = {
    queries.limit: {"type": "integer", "minimum": 1, "maximum": queries.MOST},
    queries.how_many: {"type": "integer", "minimum": 0, "maximum": queries.MOST_ADDED},
    queries.cursor: {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,8192}$"},
    queries.identifier: _ID,
    queries.identifiers: {"type": "string", "pattern": f"^{_GIVEN}(,{_GIVEN}){{0,{queries.MOST - 1}}}$"},
    queries.phase_name: _PHASE,
    queries.phase_names: {"type": "string", "pattern": f"^{PHASE_NAME}(,{PHASE_NAME}){{0,{queries.MOST - 1}}}$"},
    queries.day: {"type": "string", "format": "date", "pattern": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"},
    queries.flag: {"type": "boolean"},
    queries.line: {"type": "string", "minLength": 1, "maxLength": 200, "pattern": visibility.ONE_LINE},
    queries.plan: {"type": "string", "pattern": REFERENCE_PATTERN},
    queries.seconds: {"type": "integer", "minimum": 0, "maximum": 999_999_999},
}
_HEADERS: Mapping[str, Json] = {
    "X-Request-Id": {
        "description": "The request's id: yours (the `client_request_id` of log and audit), else one of the service.",
        "schema": {"type": "string", "examples": ["req_01KAT3Z1V6Q2W4R5T6Y7U8I9O0"]},
    },
    "ETag": {
        "description": "The item's version, for `If-Match`.",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$', "examples": ['"3"']},
    },
    "Retry-After": {
        "description": "Whole seconds after which it is worth asking again.",
        "schema": {"type": "integer", "minimum": 0, "examples": [30]},
    },
    "Next-Cursor": {
        "description": "The `cursor` of the next call; missing at the end.",
        "schema": {"type": "string", "examples": ["eyJhIjoxfQ"]},
    },
    "Allow": {"description": "The methods that the path knows.", "schema": {"type": "string", "examples": ["GET"]}},
    "WWW-Authenticate": {"description": "The scheme.", "schema": {"type": "string", "examples": ["Bearer"]}},
}
_SENT: Mapping[str, Json] = {
    "X-Request-Id": {
        "description": "An id of your own for this request; one that is not well-formed counts as none.",
        "schema": {"type": "string"},
        "example": "my-request-1",
    },
    "Bot-Session": {
        "description": "The session under which you work; its leases are yours.",
        "schema": _ID,
        "example": "ses_01KAT3Z1V6Q2W4R5T6Y7U8I9O0",
    },
    "Lease-Token": {
        "description": "The token of your lease, which proves that it is yours.",
        "schema": {"type": "string"},
        "example": examples.BY_NAME["lease_token"],
    },
    "If-Match": {
        "description": "The version (`ETag`) that you read; an item that changed since is left alone (412).",
        "schema": {"type": "string", "pattern": r'^("?[0-9]{1,9}"?|\*)$'},
        "example": '"3"',
    },
}
_TAG = {"ETag": {"description": "What the page is.", "schema": {"type": "string"}}}
_RAW: Mapping[str, str] = {
    "text/csv": "The first line names the members, separated by commas, semicolons or tabs; `tags` are separated by "
    "spaces. UTF-8, with or without a byte order mark, or UTF-16. Rows of empty cells are skipped.",
    "application/x-ndjson": "One JSON object a line.",
}


def document() -> Json:
    """The whole document."""
    assert BLUEPRINTS, "with them all routes are declared"
    schemas = _Schemas()
    paths: Json = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    for path in sorted(pages.PATHS):
        paths[path] = {"get": _page(path)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "warmup",
            "version": project["version"],
            "summary": "Takes an agency's social accounts through a staged onboarding with remote workers.",
            "description": (
                "Every request may be sent again: a repeat of an accepted change answers with `replayed` and changes "
                "nothing. Errors are problem documents (RFC 9457) with a `code`; clients ignore members that they do "
                "not know. Instants are RFC 3339 in UTC. A key's role is `bot` or `operator`."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ".", "description": "Where this document lies."}],
        "tags": _tags(),
        "paths": paths,
        "components": {
            "schemas": schemas.definitions(),
            "headers": dict(_HEADERS),
            "parameters": {name: _sent(name) for name in _SENT},
            "responses": {code: _refusal([told]) for code, told in CODES.items()},
            "examples": {
                code: {
                    "summary": told.detail,
                    "value": _problem(told),
                }
                for code, told in CODES.items()
            },
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "wk_<id>_<secret>",
                    "description": "A key of a bot, or of a user with the permission that the description names. "
                    "Under `/api/operator` a signed token of the issuer is accepted, too (`GET /api/issuer`).",
                }
            },
        },
    }


def render() -> str:
    """The document as it is stored."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _tags() -> list[Json]:
    modules = {_noun(endpoint): sys.modules[endpoint.view.__module__] for endpoint in ENDPOINTS}
    told = [{"name": noun, "description": inspect.getdoc(module) or ""} for noun, module in sorted(modules.items())]
    return [*told, {"name": "pages", "description": "For operators, with a browser."}]


def _noun(endpoint: Endpoint) -> str:
    return endpoint.name.partition(".")[0]


# one operation


def _operation(endpoint: Endpoint, schemas: "_Schemas") -> Json:
    told = inspect.getdoc(endpoint.view) or ""
    found: Json = {
        "operationId": endpoint.name,
        "summary": told.partition("\n")[0].rstrip("."),
        "description": f"{told}\n\n{_needs(endpoint)}",
        **({} if endpoint.needs is None else {"x-permission": str(endpoint.needs)}),
        "tags": [_noun(endpoint)],
        "security": [{} if endpoint.kind is None else {"key": []}],
        "parameters": [*_in_path(endpoint), *_in_query(endpoint), *_in_headers(endpoint)],
        "responses": {**_successes(endpoint, schemas), **_refusals(endpoint)},
    }
    body = _body(endpoint, schemas)
    return found if body is None else {**found, "requestBody": body}


def _needs(endpoint: Endpoint) -> str:
    """What the caller's key needs, in words."""
    if endpoint.needs is None:
        return "Anybody may call it." if endpoint.kind is None else "Needs the key of a bot."
    besides: dict[Permission, list[str]] = {}
    for member, needed in endpoint.members.items():
        besides.setdefault(needed, []).append(f"`{member}`")
    further = "".join(f"; {', '.join(names)}: {_permission(needed)}" for needed, names in besides.items())
    return f"Needs the permission {_permission(endpoint.needs)}{further}."


def _permission(needed: Permission) -> str:
    return f"`{needed}` ({', '.join(holders(needed))})"


def _in_path(endpoint: Endpoint) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": examples.TOLD[name],
            "schema": {"phase": _PHASE, "version": _NUMBER}.get(name, _ID),
            "example": examples.BY_NAME[name],
        }
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]


def _in_query(endpoint: Endpoint) -> list[Json]:
    given = inspect.signature(endpoint.view).parameters
    schemas = {name: _query_schema(reader, given.get(name)) for name, reader in endpoint.query.items()}
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": _description(name, endpoint.query[name]),
            "schema": schema,
            "example": schema["enum"][0] if "enum" in schema else _example(name, endpoint.query[name]),
        }
        for name, schema in schemas.items()
    ]


def _description(name: str, reader: object) -> str:
    several = isinstance(reader, queries.SomeOf) or reader in (queries.identifiers, queries.phase_names)
    return examples.TOLD[name] + (" Several are separated by commas." if several else "")


def _example(name: str, reader: object) -> object:
    return str(next(iter(reader.words))) if isinstance(reader, queries.SomeOf) else examples.BY_NAME[name]


def _query_schema(reader: object, parameter: inspect.Parameter | None) -> Json:
    if isinstance(reader, queries.OneOf):
        schema: Json = {"type": "string", "enum": [str(word) for word in reader.words]}
    elif isinstance(reader, queries.SomeOf):
        one = "|".join(reader.words)
        schema = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
    else:
        schema = dict(_QUERY[reader])
    default = None if parameter is None else parameter.default
    return schema if default in (None, inspect.Parameter.empty) else {**schema, "default": default}


def _in_headers(endpoint: Endpoint) -> list[Json]:
    names = ["X-Request-Id"]
    if works_on_accounts(endpoint) and not endpoint.session:
        names.append("Bot-Session")
    if works_on_accounts(endpoint) and endpoint.refuses and not endpoint.lease and not endpoint.session:
        names.append("Lease-Token")
    if endpoint.method == "PATCH":
        names.append("If-Match")
    required = ["Bot-Session"] * endpoint.session + ["Lease-Token"] * endpoint.lease
    return [
        *({"$ref": f"#/components/parameters/{name}"} for name in names),
        *({**_sent(name), "required": True} for name in required),
    ]


def _sent(name: str) -> Json:
    return {"name": name, "in": "header", "required": False, **_SENT[name]}


def _body(endpoint: Endpoint, schemas: "_Schemas") -> Json | None:
    if endpoint.raw:
        content = {
            media_type: {
                "schema": {"type": "string", "description": _RAW[media_type]},
                "example": examples.rows(endpoint.name, media_type),
            }
            for media_type in endpoint.raw
        }
        return {"required": True, "content": content}
    if endpoint.body is None:
        return None
    one = schemas.of(endpoint.body, "validation")
    example = schemas.example(one)
    if not endpoint.many:
        required = bool(endpoint.body.model_json_schema().get("required"))
        return {"required": required, "content": {JSON: {"schema": one, "example": example}}}
    several = {"type": "array", "items": one, "minItems": 1, "maxItems": 100}
    examples_told = {"one": {"value": example}, "several": {"value": [example]}}
    return {"required": True, "content": {JSON: {"schema": {"anyOf": [one, several]}, "examples": examples_told}}}


def _successes(endpoint: Endpoint, schemas: "_Schemas") -> Json:
    answer = endpoint.answer_type
    kind: type[Answer[Any]] = get_origin(answer)
    shape = get_args(answer)[0]
    schema = schemas.of(shape, "serialization")
    example: object = examples.over(schemas.example(schema), examples.BY_OPERATION.get(endpoint.name, {}))
    if kind.media_type != JSON:
        schema = {"type": "string", "description": "JSON lines, each an audit event."}
        example = json.dumps(example) + "\n"
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *kind.header_names)}
    words = {200: "Done; of a creation: it was there already.", 201: "Created."} if 201 in kind.statuses else {}
    return {
        str(status): {
            "description": words.get(status, "Done."),
            "headers": headers,
            "content": {kind.media_type: {"schema": schema, "example": example}},
        }
        for status in sorted(kind.statuses)
    }


def _problem(told: Code) -> Mapping[str, Any]:
    return examples.problem(told.code, told.status, told.detail, retryable=told.retryable)


def _refusals(endpoint: Endpoint) -> Json:
    by_status: dict[int, list[Code]] = {}
    for code in codes_of(endpoint):
        by_status.setdefault(code.status, []).append(code)
    return {
        str(status): _refusal(codes) if codes[1:] else {"$ref": f"#/components/responses/{codes[0].code}"}
        for status, codes in sorted(by_status.items())
    }


def _refusal(codes: list[Code]) -> Json:
    status = codes[0].status
    names = [code.code for code in codes]
    headers = ["X-Request-Id"]
    headers += ["Retry-After"] * any(code.retry_after for code in codes) + ["WWW-Authenticate"] * (status == 401)
    narrowed = {"type": "object", "properties": {"code": {"enum": names}, "status": {"const": status}}}
    return {
        "description": "\n".join(f"* `{code.code}`: {code.detail}" for code in codes),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {
            PROBLEM: {
                "schema": {"allOf": [{"$ref": _REF.format(model="Problem")}, narrowed]},
                "examples": {name: {"$ref": f"#/components/examples/{name}"} for name in names},
            }
        },
    }


def _page(path: str) -> Json:
    name = re.sub(r"\W+", "_", path).strip("_")
    media_type = JSON if path.endswith(".json") else "text/html"
    parameters = [
        {
            "name": found,
            "in": "path",
            "required": True,
            "description": examples.TOLD[found],
            "schema": {"type": "string"},
            "example": examples.BY_NAME[found],
        }
        for found in re.findall(r"{(\w+)}", path)
    ]
    missing = {"404": {"$ref": "#/components/responses/route_not_found"}} if parameters else {}
    return {
        "operationId": f"pages.{name}",
        "summary": examples.PAGES[path],
        "tags": ["pages"],
        "security": [{}],
        "parameters": parameters,
        "responses": {
            "200": {"description": "The page.", "headers": _TAG, "content": {"*/*" if parameters else media_type: {}}},
            "304": {"description": "It is as your `If-None-Match` says.", "headers": _TAG},
            **missing,
        },
    }


# schemas


class _Generator(GenerateJsonSchema):
    """An answer has all its members, but those that are `Absent`: no other default is shown, nor this value."""

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        if schema["cls"] is Absent:
            raise PydanticOmit
        return super().enum_schema(schema)

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "validation" or field["type"] == "typed-dict-field":
            return super().field_is_required(field, total)
        inner = field["schema"]
        return not (inner["type"] == "default" and inner.get("default") is ABSENT)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if self.mode == "validation":
            return super().default_schema(schema)
        return self.generate_inner(schema["schema"])


class _Schemas:
    """The schemas of bodies and answers, each defined once under its name."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[str, _Mode], TypeAdapter[Any]] = {}
        for endpoint in ENDPOINTS:
            if endpoint.body is not None:
                self._want(endpoint.body, "validation")
            self._want(get_args(endpoint.answer_type)[0], "serialization")
        self._want(Problem, "serialization")
        inputs = [((name, mode), mode, adapter) for (name, mode), adapter in self._wanted.items()]
        found, defined = TypeAdapter.json_schemas(inputs, ref_template=_REF, schema_generator=_Generator)
        self._found = {(key, mode): _renamed(schema) for (key, mode), schema in found.items()}
        self._defined: Json = {_name(name): _renamed(one) for name, one in sorted(defined["$defs"].items())}
        for schema in self._defined.values():
            self._show(schema)

    def _want(self, shape: Any, mode: "_Mode") -> None:
        self._wanted[repr(shape), mode] = TypeAdapter(shape)

    def of(self, shape: object, mode: "_Mode") -> Json:
        """The schema of a body or an answer: a reference to its definition."""
        schema: Json = self._found[(repr(shape), mode), mode]
        return schema

    def definitions(self) -> Json:
        """All definitions, by name."""
        return self._defined

    def example(self, schema: Mapping[str, Any], name: str = "") -> Any:
        """A value that the schema admits, made of the examples of its members."""
        if "$ref" in schema:
            shape = schema["$ref"].rpartition("/")[2]
            return examples.over(self.example(self._defined[shape], name), examples.BY_SHAPE.get(shape, {}))
        if name in examples.BY_NAME and _admits(schema, examples.BY_NAME[name]):
            return examples.BY_NAME[name]
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.example(schema[several][0], name)
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        match schema.get("type"):
            case "object" if "properties" in schema:
                return {key: self.example(one, key) for key, one in schema["properties"].items() if _told(key, schema)}
            case "array":
                return [self.example(schema["items"], "" if "$ref" in schema["items"] else name)]
            case kind:
                return examples.BY_TYPE.get(str(kind))

    def _show(self, schema: Json) -> None:
        """Gives each member of a definition its example."""
        for name, one in schema.get("properties", {}).items():
            example = self.example(one, name)
            if "$ref" not in one and example is not None:
                one["examples"] = [example]


def _told(name: str, schema: Mapping[str, Any]) -> bool:
    return name in schema.get("required", []) or schema.get("additionalProperties") is False


def _admits(schema: Mapping[str, Any], value: object) -> bool:
    kinds = {schema.get("type"), *(one.get("type") for one in schema.get("anyOf", []))}
    if value is None:
        return "null" in kinds or kinds == {None}
    named = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    words = schema.get("enum")
    fits = named[type(value)] in kinds or ("number" in kinds and isinstance(value, int))
    return (kinds == {None} and words is None) or (fits and (words is None or value in words))


def _name(name: str) -> str:
    generic = re.fullmatch(r"(Page|Look|Outcomes)_(?:Accepted)?(\w+?)_", name)
    return f"{generic[2]}{generic[1]}" if generic else name


def _renamed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_renamed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    titled = isinstance(schema.get("title"), str)
    return {
        key: _REF.format(model=_name(one.rpartition("/")[2])) if key == "$ref" else _renamed(one)
        for key, one in schema.items()
        if not (key == "title" and titled)
    }


def page(code: Code) -> str:
    """The page that the `type` of a problem document opens."""
    again = "The same request, sent later, has a chance." if code.retryable else "Sent again as it is, it fails again."
    example = json.dumps(_problem(code), indent=2, ensure_ascii=False)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{code.code}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../problem.css">
</head>
<body>
<h1><code>{code.code}</code> ({code.status})</h1>
<p>{_html(code.detail)}</p>
<p><strong>What to do:</strong> {_html(code.remedy)}</p>
<p>{again}</p>
<pre>{html.escape(example)}</pre>
<p><a href="../../docs">All routes</a></p>
</body>
</html>
"""


def _html(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text))


def main() -> None:
    """Writes the document, and a page for each code."""
    FILE.write_text(render(), encoding="utf-8")
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir()
    for code in CODES.values():
        (PAGES / f"{code.code}.html").write_text(page(code), encoding="utf-8")


if __name__ == "__main__":
    main()
