"""Errors as the API server says them: objects of the kind Status."""

from __future__ import annotations

from typing import Any

from tests.fakes.kubernetes.kinds import Kind
from tests.fakes.server import HttpError

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def status(code: int, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(code, ""),
        **({"details": details} if details else {}),
        "code": code,
    }


def error(code: int, message: str, details: dict[str, Any] | None = None) -> HttpError:
    return HttpError(code, status(code, message, details))


def _details(kind: Kind, name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **({"group": kind.group} if kind.group else {}), "kind": kind.plural, **more}


def not_found(kind: Kind, name: str) -> HttpError:
    return error(404, f'{kind.resource} "{name}" not found', _details(kind, name))


def already_there(kind: Kind, name: str) -> HttpError:
    answer = error(409, f'{kind.resource} "{name}" already exists', _details(kind, name))
    answer.body["reason"] = "AlreadyExists"
    return answer


def other_uid(kind: Kind, name: str, said: str, there: str) -> HttpError:
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": Precondition failed: UID in precondition: {said}, UID in object meta: {there}'
    return error(409, message, _details(kind, name))


def no_namespace(name: str) -> HttpError:
    return error(404, f'namespaces "{name}" not found', {"name": name, "kind": "namespaces"})


def forbidden(kind: Kind, verb: str, name: str, namespace: str, who: str) -> HttpError:
    what = f'{kind.resource} "{name}"' if name else kind.resource
    message = f'{what} is forbidden: User "{who}" cannot {verb} resource "{kind.plural}" in API group "{kind.group}" in the namespace "{namespace}"'
    return error(403, message, _details(kind, name))


def invalid(kind: Kind, name: str, field: str, problem: str, reason: str = "FieldValueInvalid") -> HttpError:
    details = {"name": name, "group": kind.group, "kind": kind.kind, "causes": [{"reason": reason, "message": problem, "field": field}]}
    return error(422, f'{kind.title} "{name}" is invalid: {field}: {problem}', details)


def conflict(found: list[tuple[str, str, str]]) -> HttpError:
    """`found` are manager, API version and field."""
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{manager}" using {version}', "field": field}
        for manager, version, field in found
    ]
    if len(found) == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        message = "\n".join([f"Apply failed with {len(found)} conflicts: conflicts:", *(f"- {each['field']}" for each in causes)])
    return error(409, message, {"causes": causes})
