"""Query parameters and bodies: one strict struct each, which both checks and documents them."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.openapi.spec import (
    Example,
    OpenAPIMediaType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType

from appliance.api.problem import BadParameter, NotJson

MAX_PARAMETERS = 32


class Query(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of all parameter sets: nothing but what is documented is accepted."""


Q = TypeVar("Q", bound=Query)


def parse_query(query_string: bytes, kind: type[Q]) -> Q:
    """Return the parameters; raises BadParameter that names the first one that is wrong.

    A parameter without a value counts as left out.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MAX_PARAMETERS,
            errors="strict",
        )
    except ValueError as error:
        raise BadParameter("query", "is not a list of name=value in UTF-8") from error
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise BadParameter(_shown(name), "is given twice")
        values[name] = value
    unknown = next((name for name in values if name not in kind.__struct_fields__), None)
    if unknown is not None:
        known = ", ".join(kind.__struct_fields__)
        raise BadParameter(_shown(unknown), f"is not known here; known are {known}")
    try:
        return msgspec.convert({n: v for n, v in values.items() if v}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _explain(error, values) from error


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of all bodies: a JSON object of documented fields, all of which may be left out."""


B = TypeVar("B", bound=Body)


async def parse_body(request: Request[Any, Any, Any], kind: type[B]) -> B:
    """Return the body; no body counts as an empty object. Raises BadParameter, NotJson."""
    raw = await request.body()
    if not raw:
        return kind()
    # a form of a foreign page cannot have this type without the browser's asking first
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise NotJson
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        found = re.search(r"^(.*) - at `\$\.(\w+).*`$", str(error))
        name, expected = (found[2], found[1]) if found else ("body", str(error))
        raise BadParameter(name, expected.replace("`", "").replace(" | null", "")) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadParameter("body", "is not JSON") from error


def check_prefix(name: str, text: str) -> str:
    """Return an address or a CIDR prefix without its zone (%eth0); raises BadParameter.

    "" is returned as it is.
    """
    bare = text.partition("%")[0]
    try:
        ipaddress.ip_network(bare or "::", strict=False)
    except ValueError as error:
        raise BadParameter(name, f"{_shown(text)} is neither an address nor a prefix") from error
    return bare


def check_address(name: str, text: str) -> str:
    """Return the usual form of an address, IPv4 where it is mapped; raises BadParameter."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError as error:
        raise BadParameter(name, f"{_shown(text)} is not an address") from error
    return str(getattr(address, "ipv4_mapped", None) or address)


def operation(
    kind: type[Query] | None = None, body: type[Body] | None = None, example: Any = None
) -> type[Operation]:
    """Return an OpenAPI operation that documents these parameters, and this body."""
    parameters = _document(kind) if kind is not None else []
    content = _document_body(body, example) if body is not None else None

    @dataclass
    class DocumentedOperation(Operation):
        def __post_init__(self) -> None:
            self.parameters = [*(self.parameters or []), *parameters]
            self.request_body = content

    return DocumentedOperation


def _explain(error: msgspec.ValidationError, values: dict[str, str]) -> BadParameter:
    text = str(error)
    found = re.search(r"^(.*) - at `\$\.(\w+)`$", text)
    if found is None:
        return BadParameter("query", text)
    expected = found[1].replace("`", "").replace(" | null", "")
    return BadParameter(found[2], f"{_shown(values[found[2]])} will not do. {expected}")


def _shown(text: str) -> str:
    """Return foreign text fit for a message: printable and short."""
    return repr(text if len(text) <= 64 else text[:61] + "...")


def _document(kind: type[Query]) -> list[Parameter]:
    _, components = msgspec.json.schema_components([kind])
    return [_parameter(n, p) for n, p in components[kind.__name__]["properties"].items()]


def _parameter(name: str, described: dict[str, Any]) -> Parameter:
    kind: dict[str, Any] = next(
        (k for k in described.get("anyOf", []) if k.get("type") != "null"), described
    )
    default = described.get("default")
    return Parameter(
        name=name,
        param_in="query",
        description=kind["description"],
        example=kind["examples"][0],
        schema=Schema(
            type=OpenAPIType(kind.get("type", "string")),
            enum=[value for value in kind.get("enum", []) if value] or None,
            minimum=kind.get("minimum"),
            maximum=kind.get("maximum"),
            max_length=kind.get("maxLength"),
            multiple_of=kind.get("multipleOf"),
            pattern=kind.get("pattern"),
            default=default or None,
        ),
    )


def _document_body(kind: type[Body], example: Any) -> RequestBody:
    _, components = msgspec.json.schema_components([kind])
    described = components[kind.__name__]["properties"]
    schema = Schema(
        type=OpenAPIType.OBJECT, properties={n: _field(p) for n, p in described.items()}
    )
    media = OpenAPIMediaType(schema, examples={"body": Example(value=msgspec.to_builtins(example))})
    return RequestBody({"application/json": media}, description="Fields may be left out.")


def _field(described: dict[str, Any]) -> Schema:
    return Schema(
        type=OpenAPIType(described.get("type", "object")),
        description=described.get("description"),
        enum=[value for value in described.get("enum", []) if value] or None,
        minimum=described.get("minimum"),
        maximum=described.get("maximum"),
        max_length=described.get("maxLength"),
    )
