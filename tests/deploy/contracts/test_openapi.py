"""What breaks callers of an OpenAPI document is told with its line; what does not break them is not told."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.contracts.broken import Unreadable
from deploy.contracts.openapi.compare import compare
from deploy.contracts.openapi.json_text import NoJson, Reading

Body = dict[str, Any]

PET: Body = {
    "type": "object",
    "required": ["name", "kind"],
    "properties": {
        "id": {"type": "integer", "format": "int64", "readOnly": True},
        "name": {"type": "string", "minLength": 1, "maxLength": 50},
        "kind": {"type": "string", "enum": ["cat", "dog"]},
        "note": {"type": ["string", "null"]},
        "parent": {"$ref": "#/components/schemas/Pet"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        "secret": {"type": "string", "writeOnly": True},
        "size": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
SHOP: Body = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "security": [{"key": []}],
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}],
                "responses": {
                    "200": {
                        "description": "",
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
                    },
                    "404": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
                },
            },
            "put": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}},
                        "text/plain": {"schema": {"type": "string"}},
                    }
                },
                "responses": {"204": {"description": ""}, "202": {"description": ""}},
            },
        },
        "/v1beta2/toys": {"get": {"responses": {"200": {"description": ""}}}},
        "/trial": {"get": {"x-stability-level": "alpha", "responses": {"200": {"description": ""}}}},
    },
    "components": {
        "schemas": {"Pet": PET, "Problem": {"type": "object", "properties": {"title": {"type": "string"}}}},
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "login": {"type": "oauth2", "flows": {}},
            "bearer": {"type": "http", "scheme": "bearer"},
        },
    },
}


class Edit:
    """The document, to be changed at places that have short names."""

    def __init__(self) -> None:
        self.root = copy.deepcopy(SHOP)
        self.paths = self.root["paths"]
        self.path = self.paths["/pets/{id}"]
        self.get, self.put = self.path["get"], self.path["put"]
        self.answer = self.get["responses"]["200"]
        self.body = self.put["requestBody"]
        self.schemas = self.root["components"]["schemas"]
        self.pet = self.schemas["Pet"]
        self.fields = self.pet["properties"]
        self.limit = self.get["parameters"][0]


Change = Callable[[Edit], object]


def breaks(*changes: Change) -> list[str]:
    edit = Edit()
    for change in changes:
        change(edit)
    found = compare({"shop.json": json.dumps(SHOP, indent=1)}, {"shop.json": json.dumps(edit.root, indent=1)})
    assert all(each.file == "shop.json" and each.line and each.column for each in found)
    return [f"{each.rule}: {each.sentence}" for each in found]


MUST_BREAK: list[tuple[Change, list[str]]] = [
    (lambda e: e.paths.pop("/pets/{id}"), ["path_removed: GET /pets/{id} is gone for all", "path_removed: PUT /pets/{id} is gone for all"]),
    (lambda e: e.path.pop("put"), ["operation_removed: PUT /pets/{id} is gone for all who call it (line "]),
    (
        lambda e: e.fields.pop("tags"),
        ["response_field_removed: GET /pets/{id}: `tags` in the answer 200 is gone for callers who read it."],
    ),
    (lambda e: e.fields.update(labels_of=e.fields.pop("labels")), ["response_field_removed: GET /pets/{id}: `labels` in the answer 200"]),
    (lambda e: e.fields["note"].update(type=["string", "null", "integer"]), ["response_type: "]),
    (
        lambda e: e.fields["note"].update(type="string"),
        ["request_type: PUT /pets/{id}: `note` in the request's body was null or string and is string, and callers send what it was."],
    ),
    (lambda e: e.fields["name"].update(type="integer"), ["request_type: ", "response_type: GET /pets/{id}: `name` in the answer 200 was string"]),
    (lambda e: e.fields["tags"].update(items={"type": "integer"}), ["`tags[]` in the request's body", "`tags[]` in the answer 200"]),
    (lambda e: e.fields["labels"].update(additionalProperties={"type": "integer"}), ["`labels.*` in the request's body", "`labels.*` in"]),
    (lambda e: e.fields["name"].pop("type"), ["response_type: GET /pets/{id}: `name` in the answer 200 was string and is anything"]),
    (lambda e: e.fields["id"].update(format="int32"), []),
    (lambda e: e.fields["id"].update(format="uuid", type="string"), ["response_type"]),
    (lambda e: e.fields["name"].update(maxLength=40), ["request_narrowed: PUT /pets/{id}: `name` in the request's body has another maxLength (50 before"]),
    (lambda e: e.fields["name"].update(minLength=2), ["request_narrowed"]),
    (lambda e: e.fields["name"].update(pattern="^a"), ["request_narrowed"]),
    (lambda e: e.fields["tags"].update(minItems=1), ["request_narrowed"]),
    (lambda e: e.fields["tags"].update(uniqueItems=True), ["request_narrowed"]),
    (lambda e: e.fields["name"].update({"not": {"const": "x"}}), ["request_narrowed"]),
    (lambda e: e.fields["kind"].update(enum=["cat", "bird"]), ["request_enum: PUT /pets/{id}: `kind` in the request's body no longer takes 'dog'"]),
    (lambda e: e.fields["name"].update(enum=["a"]), ["request_enum: PUT /pets/{id}: `name` in the request's body takes only some values"]),
    (lambda e: e.pet["required"].append("tags"), ["request_field_required: PUT /pets/{id}: `tags` in the request's body has to be sent"]),
    (
        lambda e: (e.fields.update(colour={"type": "string"}), e.pet["required"].append("colour")),
        ["request_field_required: PUT /pets/{id}: `colour` in the request's body is new and has to be sent"],
    ),
    (lambda e: e.pet["required"].remove("name"), ["response_field_optional: GET /pets/{id}: `name` in the answer 200 can be missing now"]),
    (lambda e: (e.pet.update(additionalProperties=False), e.fields.pop("secret")), ["request_field_refused: PUT /pets/{id}: `secret` in"]),
    (lambda e: e.fields["labels"].update(additionalProperties=False), ["request_field_refused", "response_field_removed"]),
    (lambda e: e.fields["size"]["oneOf"].pop(), ["alternative: PUT /pets/{id}: `size` in the request's body the alternative 2 of 2 is no"]),
    (lambda e: e.fields["size"]["oneOf"].append({"type": "boolean"}), ["alternative: GET /pets/{id}: `size` in the answer 200 the alternative 3"]),
    (lambda e: e.fields["size"]["oneOf"][0].update(type="boolean"), ["request_type", "response_type"]),
    (lambda e: e.limit.update(required=True), ["parameter_required: GET /pets/{id}: the query parameter `limit` has to be sent now"]),
    (lambda e: e.limit["schema"].update(maximum=50), ["request_narrowed"]),
    (lambda e: e.limit["schema"].update(exclusiveMaximum=100), ["request_narrowed"]),
    (lambda e: e.limit["schema"].update(multipleOf=10), ["request_narrowed"]),
    (lambda e: e.limit.update(style="pipeDelimited"), ["parameter_style"]),
    (lambda e: e.limit.update({"in": "header", "required": True}), ["parameter_required: GET /pets/{id}: the header parameter `limit` is new"]),
    (
        lambda e: e.path["parameters"].append({"name": "X-Tenant", "in": "header", "required": True, "schema": {}}),
        ["parameter_required: GET", "parameter_required: PUT"],
    ),
    (lambda e: e.path["parameters"][0]["schema"].update(type="integer"), ["request_type: GET /pets/{id}: the path parameter `id` was string"]),
    (lambda e: e.body.update(required=True), ["request_body_required: PUT /pets/{id}: the request's body has to be sent now"]),
    (
        lambda e: e.get.update(requestBody={"required": True, "content": {}}),
        ["request_body_required: GET /pets/{id}: the request's body is new and has to be sent"],
    ),
    (lambda e: e.body["content"].pop("text/plain"), ["request_media_type_removed: PUT /pets/{id}: the request's body is no longer taken as text/plain"]),
    (
        lambda e: e.answer.update(content={"application/xml": {"schema": {}}}),
        ["answer_media_type_removed: GET /pets/{id}: the answer 200 no longer comes as application/json"],
    ),
    (lambda e: e.answer["content"]["application/json"].pop("schema"), ["response_type: GET /pets/{id}: the answer 200 is no longer described"]),
    (lambda e: e.answer.pop("headers"), ["answer_header_removed: GET /pets/{id}: the header `ETag` of the answer 200 is gone"]),
    (lambda e: e.answer["headers"]["ETag"]["schema"].update(type="integer"), ["response_type: GET /pets/{id}: the header `ETag`"]),
    (lambda e: e.put["responses"].pop("202"), ["answer_removed: PUT /pets/{id}: the answer 202 is gone"]),
    (lambda e: e.put["responses"].update({"201": e.put["responses"].pop("204")}), ["answer_removed"]),
    (lambda e: e.schemas["Problem"]["properties"].pop("title"), ["response_field_removed: GET /pets/{id}: `title` in the answer 404"]),
    (lambda e: e.root.update(security=[{"bearer": []}]), ["auth: GET /pets/{id}: callers who show the header key X-Key are no longer let in", "auth: PUT"]),
    (lambda e: e.get.update(security=[{"key": [], "bearer": []}]), ["auth: GET"]),
    (lambda e: e.root["components"]["securitySchemes"]["key"].update(name="X-Other"), ["auth: GET", "auth: PUT"]),
    (lambda e: e.get.update(security=[{"login": ["read"]}]), ["auth: GET"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), MUST_BREAK)
def test_what_breaks_callers_is_told(change: Change, words: list[str]) -> None:
    found = breaks(change)
    if not words:
        assert found == []
    for each in words:
        assert any(each in line for line in found), found
    assert len(found) == len(words), found


MUST_NOT_BREAK: list[Change] = [
    lambda e: e.root["info"].update(version="2", title="Other"),
    lambda e: e.paths.update({"/more": {"get": {"responses": {"200": {"description": ""}}}}}),
    lambda e: e.path.update(delete={"responses": {"204": {"description": ""}}}),
    lambda e: e.paths.pop("/v1beta2/toys"),
    lambda e: e.paths.pop("/trial"),
    lambda e: e.paths.update({"/pets/{pet}": e.paths.pop("/pets/{id}")}) or e.path["parameters"][0].update(name="pet"),
    lambda e: e.fields.update(colour={"type": "string"}),
    lambda e: e.fields.update(colour={"type": "string", "readOnly": True}) or e.pet["required"].append("colour"),
    lambda e: e.fields["kind"]["enum"].append("bird"),
    lambda e: e.fields["name"].update(maxLength=60),
    lambda e: e.fields["name"].pop("minLength"),
    lambda e: e.fields.pop("secret"),
    lambda e: e.fields["name"].update(description="What it is called", examples=["Rex"], default="Rex"),
    lambda e: e.schemas.update(Dog={"type": "object"}),
    lambda e: e.fields.update(note={"anyOf": [{"type": "null"}, {"type": "string"}]}),
    lambda e: e.fields.update(parent={"allOf": [{"$ref": "#/components/schemas/Pet"}]}),
    lambda e: e.fields["size"].update(oneOf=e.fields["size"]["oneOf"][::-1]),
    lambda e: e.fields["size"].update(anyOf=e.fields["size"].pop("oneOf")),
    lambda e: e.limit["schema"].update(type="number", maximum=1000),
    lambda e: e.limit.update(explode=True, style="form"),
    lambda e: e.get["parameters"].append({"name": "after", "in": "query", "schema": {"type": "string"}}),
    lambda e: e.body["content"].update({"application/cbor": {"schema": {"type": "string"}}}),
    lambda e: e.body["content"].update({"text/*": e.body["content"].pop("text/plain")}),
    lambda e: e.body["content"].update({"text/plain; charset=utf-8": e.body["content"].pop("text/plain")}),
    lambda e: e.put["responses"].update({"409": {"description": ""}}),
    lambda e: e.put["responses"].update({"2XX": e.put["responses"].pop("202")}),
    lambda e: e.get["responses"].pop("404"),
    lambda e: e.answer["content"].update({"application/xml": {}}),
    lambda e: e.answer["headers"].update({"etag": e.answer["headers"].pop("ETag"), "X-More": {"schema": {"type": "string"}}}),
    lambda e: e.root["security"].append({"bearer": []}),
    lambda e: e.get.update(security=[]),
    lambda e: e.root["components"]["securitySchemes"].update(other=e.root["components"]["securitySchemes"]["key"]) or e.root.update(security=[{"other": []}]),
    lambda e: e.root["components"].update(responses={"Found": e.answer}) or e.get["responses"].update({"200": {"$ref": "#/components/responses/Found"}}),
]  # fmt: skip


@pytest.mark.parametrize("change", MUST_NOT_BREAK)
def test_what_breaks_nobody_is_not_told(change: Change) -> None:
    assert breaks(change) == []


def test_the_place_is_that_of_the_new_document() -> None:
    before = """\
openapi: 3.0.3
paths:
  /a:
    get:
      responses:
        200:
          content:
            application/json:
              schema:
                type: object
                properties: {id: {type: string}, n: {type: integer, nullable: true}}
"""
    after = before.replace(
        "{id: {type: string}, n: {type: integer, nullable: true}}", "\n                  n:\n                    type: string"
    )
    [gone, other] = compare({"old.yaml": before}, {"new.yaml": after})
    assert str(gone) == "new.yaml:11:17: GET /a: `id` in the answer 200 is gone for callers who read it. (response_field_removed)"
    assert str(other) == (
        "new.yaml:13:21: GET /a: `n` in the answer 200 was integer or null and is string, and callers read what it was. (response_type)"
    )


def test_one_schema_that_breaks_in_many_operations_is_told_once() -> None:
    edit = Edit()
    edit.paths["/other"] = {"get": copy.deepcopy(edit.get)}
    before = json.dumps(edit.root)
    edit.fields.pop("tags")
    assert len(compare({"a": before}, {"a": json.dumps(edit.root)})) == 1


def test_a_document_that_is_gone_is_told() -> None:
    text = json.dumps(SHOP)
    assert [str(each) for each in compare({"a": text, "b": text}, {"a": text})] == [
        "b: The document b is gone, with all that callers did by it. (document_removed)"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "This is no OpenAPI document: it is not a mapping."),
        ("[1]", "This is no OpenAPI document: it is not a mapping."),
        ("a: [", "This is no YAML: "),
        ("swagger: '2.0'", "This is no OpenAPI document of the version 3.0 or 3.1."),
        ("openapi: 3.1.0\nopenapi: 3.0.0", "d:2:1: 'openapi' is here twice."),
        ("openapi: 3.1.0\n<<: {a: b}", "d:2:1: A key is a word here; << is not read."),
        ("a: &a [x, *a]\nopenapi: 3.1.0", "This document has more than 150 levels."),
        ("openapi: 3.1.0\nx: " + "[" * 400, "This "),
        ("openapi: 3.1.0\nx: !!python/object/apply:os.system [id]\npaths: {/a: {$ref: 'http://a.example/x'}}", "leads to another document"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: 'file:///etc/passwd'}}", "d:2:14: $ref: 'file:///etc/passwd' leads to another document"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: '../x.yaml#/a'}}", "leads to another document"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: '#/nowhere'}}", "d:2:14: $ref: '#/nowhere' leads nowhere."),
        ("openapi: 3.1.0\npaths: {/a: {$ref: '#/paths/~1a'}}", "leads from one to the next without end."),
        ("openapi: 3.1.0\nx: \x07", "This is no YAML: "),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said_with_its_place(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as error:
        compare({"d": text}, {"d": text})
    assert words in str(error.value)


def test_aliases_that_multiply_are_stopped() -> None:
    lines = ["openapi: 3.1.0", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(Unreadable, match="more than 200000 values"):
        compare({"d": "\n".join(lines)}, {"d": "\n".join(lines)})


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"$ref": "#/components/schemas/X"}]},
        {"oneOf": [{"$ref": "#/components/schemas/X"}, {"type": "string"}]},
    ],
)
def test_a_schema_that_is_made_of_itself_is_said(schema: Body) -> None:
    root = {
        "openapi": "3.1.0",
        "paths": {"/a": {"get": {"responses": {"200": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/X"}}}}}}}},
        "components": {"schemas": {"X": schema}},
    }
    with pytest.raises(Unreadable, match=r"made of itself|alternatives"):
        compare({"d": json.dumps(root)}, {"d": json.dumps(root)})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_is_read_as_it_is_meant(value: Any, indent: Any, is_ascii: bool) -> None:
    text = json.dumps({"": value}, indent=indent, ensure_ascii=is_ascii)
    table = Reading(text, 1000, 20).value()
    assert table == {"": value}
    line, column = table.at[""]
    assert text.splitlines()[line - 1][column - 1 :].startswith('""') or "\x85" in text or "\u2028" in text


@pytest.mark.parametrize(
    "text", ["{", '{"a"}', '{"a":1,}', '{"a":1 "b":2}', "[1,]", '{"a":1}x', '{"a":01}', '{"a":nul}', '{"a":1,"a":1}', '{"a":"x', ""]
)
def test_what_is_no_json_is_said(text: str) -> None:
    with pytest.raises(NoJson):
        Reading(text, 1000, 20).value()


def test_a_great_document_is_read_in_one_go() -> None:
    paths = {f"/p{number}": {"get": {"responses": {"200": {"description": "x" * 200}}}} for number in range(500)}
    text = json.dumps({"openapi": "3.1.0", "paths": paths}, indent=1)
    assert len(text) > 100_000
    assert compare({"a": text}, {"a": text}) == ()


NAMES = st.sampled_from(["a", "b", "c"])
LEAF = st.one_of(
    st.sampled_from(["string", "integer", "number", "boolean"]).map(lambda kind: {"type": kind}),
    st.lists(st.sampled_from(["x", "y", 1, True, None]), min_size=1, max_size=3, unique=True).map(lambda values: {"enum": values}),
    st.just({}),
    st.just({"$ref": "#/components/schemas/Self"}),
    st.integers(0, 5).map(lambda number: {"type": ["string", "null"], "minLength": number}),
    st.just({"type": "number", "exclusiveMinimum": 0, "nullable": True, "format": "double"}),
    st.just({"type": "string", "pattern": "a", "not": {"const": "b"}}),
)


def _object(fields: dict[str, Any], required: list[str], closed: bool) -> Body:
    return {
        "type": "object",
        "properties": fields,
        "required": [name for name in required if name in fields],
        "additionalProperties": not closed,
    }


SCHEMAS = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(_object, st.dictionaries(NAMES, inner, max_size=3), st.lists(NAMES, unique=True), st.booleans()),
        inner.map(lambda schema: {"type": "array", "items": schema}),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"anyOf": some}),
        st.lists(inner, min_size=1, max_size=2).map(lambda some: {"allOf": some}),
        inner.map(lambda schema: {"type": "object", "additionalProperties": schema}),
    ),
    max_leaves=8,
)


def document_of(sent: Any, read: Any, self: Any, *, is_new: bool = False) -> Body:
    more: Body = {"name": "more", "in": "query", "schema": {"type": "string"}}
    operation: Body = {
        "parameters": [{"name": "q", "in": "query", "schema": sent}, *([more] if is_new else [])],
        "requestBody": {"content": {"application/json": {"schema": sent}}},
        "responses": {"200": {"content": {"application/json": {"schema": read}}}},
    }
    return {
        "openapi": "3.1.0",
        "paths": {"/a": {"post": operation, **({"get": {"responses": {}}} if is_new else {})}},
        "components": {"schemas": {"Self": {"type": "object", "properties": {"self": self}}}},
    }


def optional_more(schema: Any) -> Any:
    """The same with one more optional field in each object that has fields."""
    if isinstance(schema, list):
        return [optional_more(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    grown = {key: optional_more(value) for key, value in schema.items()}
    if "properties" in grown and grown.get("type") == "object":
        grown["properties"] = {**grown["properties"], "added": {"type": "string"}}
    return grown


def comparable(before: Body, after: Body) -> list[str]:
    """Nothing for what is made of itself: that is said and not compared."""
    try:
        return [str(each) for each in compare({"d": json.dumps(before)}, {"d": json.dumps(after)})]
    except Unreadable as error:
        if "alternatives" in error.sentence or "made of itself" in error.sentence:
            return []
        raise


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(SCHEMAS, SCHEMAS, SCHEMAS)
def test_a_contract_never_breaks_itself(sent: Any, read: Any, self: Any) -> None:
    document = document_of(sent, read, self)
    assert comparable(document, document) == []


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(SCHEMAS, SCHEMAS, SCHEMAS)
def test_what_is_added_and_optional_never_breaks(sent: Any, read: Any, self: Any) -> None:
    after = document_of(optional_more(sent), optional_more(read), optional_more(self), is_new=True)
    assert comparable(document_of(sent, read, self), after) == []
