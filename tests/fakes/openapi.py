"""The official descriptions of the platforms' APIs, as judges of requests and answers; absent outside CI."""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import yaml
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ROOT = "urn:description"


def payloads() -> Path | None:
    """The folder of recorded deliveries, errors and descriptions: TRELLIS_PAYLOADS, else beside the project."""
    folder = Path(os.environ.get("TRELLIS_PAYLOADS") or Path(__file__).parents[3] / "shared" / "payloads")
    return folder if folder.is_dir() else None


@functools.cache
def describe(name: str) -> Description | None:
    """`github.json` or `gitlab.yaml`; None where the folder is not there."""
    folder = payloads()
    file = folder / "api" / name if folder else None
    return Description(file) if file and file.is_file() else None


class Description:
    """An OpenAPI 3.0 file. What does not fit is given back as sentences."""

    def __init__(self, file: Path) -> None:
        text = file.read_bytes()
        self._document: dict[str, Any] = json.loads(text) if file.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
        self._registry: Any = Registry().with_resource(_ROOT, Resource.from_contents(self._document, default_specification=DRAFT4))
        self._paths = [
            (path, re.compile(re.sub(r"\\\{([a-z_]+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))) for path in self._document["paths"]
        ]
        self._paths.sort(key=lambda pair: pair[0].count("{"))  # a word goes before a parameter in its place

    def check_request(self, method: str, path: str, query: Iterable[tuple[str, str]], body: Any) -> list[str]:
        name, found = self._find(path)
        operation = self._document["paths"].get(name, {}).get(method.lower())
        if operation is None:
            return [f"{method} {path}: not described"]
        parameters = [
            self._resolved(each) for each in (*self._document["paths"][name].get("parameters", []), *operation.get("parameters", []))
        ]
        problems = self._check_parameters(parameters, "path", found)
        problems += self._check_parameters(parameters, "query", dict(query))
        described = self._resolved(operation.get("requestBody", {}))
        if body is not None or described.get("required"):
            schema = described.get("content", {}).get("application/json", {}).get("schema")
            problems += ["a body that is not described"] if schema is None else self._against(schema, body)
        return [f"{method} {path}: {problem}" for problem in problems]

    def check_response(self, method: str, path: str, status: int, body: Any) -> list[str]:
        name, _ = self._find(path)
        operation = self._document["paths"].get(name, {}).get(method.lower(), {})
        if not operation or status >= 400:
            return []
        described = operation["responses"].get(str(status))
        if described is None:
            return [f"{method} {path}: answer {status} is not described"]
        written: list[dict[str, Any]] = list(self._resolved(described).get("content", {}).values())
        schema = written[0].get("schema") if written else None
        return [] if schema is None else [f"{method} {path} → {status}: {problem}" for problem in self._against(schema, body)]

    def _find(self, path: str) -> tuple[str, dict[str, str]]:
        # An App's record of its webhook is not in our excerpt; a repository's has the same parameters and answers.
        path = re.sub(r"^/app/hook/deliveries", "/repos/acme/shop/hooks/1/deliveries", path)
        for name, pattern in self._paths:
            if found := pattern.fullmatch(path):
                return name, {key: unquote(value) for key, value in found.groupdict().items()}
        return "", {}

    def _check_parameters(self, parameters: list[dict[str, Any]], place: str, given: Mapping[str, str]) -> list[str]:
        known = {each["name"]: each for each in parameters if each["in"] == place}
        problems = [f"{place} parameter {name!r} is not described" for name in given if name not in known]
        problems += [f"{place} parameter {name!r} is missing" for name, each in known.items() if each.get("required") and name not in given]
        for name in given.keys() & known.keys():
            problems += self._against(known[name]["schema"], _typed(given[name], self._resolved(known[name]["schema"])))
        return problems

    def _against(self, schema: dict[str, Any], value: Any) -> list[str]:
        errors = _validator(self, json.dumps(schema)).iter_errors(value)
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]

    def _resolved(self, thing: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in thing:
            return thing
        found: Any = self._document
        for part in thing["$ref"].split("/")[1:]:
            found = found[part]
        return self._resolved(found)


@functools.lru_cache(512)
def _validator(description: Description, schema: str) -> OAS30Validator:
    rooted = json.loads(schema.replace('"$ref": "#', f'"$ref": "{_ROOT}#'))
    rooted.pop("discriminator", None)  # a hint among alternatives, whose addresses would not be found from here
    return OAS30Validator(rooted, registry=description._registry)


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    """A parameter is text on the wire; read it as its schema says."""
    kinds = {schema.get("type"), *(each.get("type") for each in schema.get("oneOf", []))}
    if "integer" in kinds and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    return text
