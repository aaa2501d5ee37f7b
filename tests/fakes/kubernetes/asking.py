"""What a request asks of objects: some of them, a page of them, or a part of them changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.fakes.kubernetes.statuses import error

_TERM = re.compile(r"([\w.]+)(!=|==|=)(.*)")
_FIELDS = {"metadata.name", "metadata.namespace", "spec.nodeName", "status.phase"}


def chosen(body: Mapping[str, Any], selector: str) -> bool:
    """By `fieldSelector`: a few fields can be asked for, of which only some by kind."""
    for term in filter(None, selector.split(",")):
        found = _TERM.fullmatch(term)
        if found is None or found[1] not in _FIELDS:
            raise error(400, f'Unable to find "/v1" that match label selector "", field selector "{term}": field label not supported')
        value: Any = body
        for part in found[1].split("."):
            value = (value or {}).get(part)
        if ((value or "") == found[3]) == (found[2] == "!="):
            return False
    return True


def page(found: list[Any], asked: Mapping[str, str]) -> tuple[list[Any], dict[str, Any]]:
    """By `limit` and `continue`, and what the list then says of the rest."""
    begin, limit = int(asked.get("continue") or 0), int(asked.get("limit") or 0)
    end = begin + limit if limit else len(found)
    rest = len(found) - end
    return found[begin:end], {"continue": str(end), "remainingItemCount": rest} if rest > 0 else {}


def merged(there: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(there) if isinstance(there, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
