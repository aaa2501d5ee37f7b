"""IAM's evaluation of one request, as AWS publishes it: an explicit deny wins, then something must allow, in the boundary too.

After "Policy evaluation logic" and "IAM JSON policy elements" of AWS's IAM user guide. It knows what our policies use and refuses the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Policy = Mapping[str, Any]
Value = str | tuple[str, ...]
_PARTS = 6  # of an ARN: arn, partition, service, region, account, resource


@dataclass(frozen=True)
class Request:
    """`context` are condition keys, in any case, and their values; a tuple for a key that has several."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


def is_allowed(request: Request, *identity: Policy, boundary: Policy | None = None, scp: Policy | None = None) -> bool:
    """Whether an identity with these policies, within this boundary, may. One account, no policy of the resource's own.

    An `scp` is one that denies, beside the organisation's FullAWSAccess.
    """
    everything = [*identity, *([boundary] if boundary else []), *([scp] if scp else [])]
    if any(_applies(one, request) for policy in everything for one in _statements(policy, "Deny")):
        return False
    is_granted = any(_applies(one, request) for policy in identity for one in _statements(policy, "Allow"))
    return is_granted and (boundary is None or any(_applies(one, request) for one in _statements(boundary, "Allow")))


def _statements(policy: Policy, effect: str) -> list[Policy]:
    unknown = {key for one in policy["Statement"] for key in one} - {"Sid", "Effect", *_ELEMENTS, "Condition"}
    if unknown or any(one["Effect"] not in {"Allow", "Deny"} for one in policy["Statement"]):
        raise ValueError(f"an element that is not known here: {unknown or 'Effect'}")
    return [one for one in policy["Statement"] if one["Effect"] == effect]


_ELEMENTS = ("Action", "NotAction", "Resource", "NotResource")


def _applies(one: Policy, request: Request) -> bool:
    actions = _any(_list(one.get("Action", one.get("NotAction"))), lambda pattern: _is_like(pattern.lower(), request.action.lower()))
    resources = _any(_list(one.get("Resource", one.get("NotResource"))), lambda pattern: _is_arn_like(pattern, request))
    return actions is ("Action" in one) and resources is ("Resource" in one) and _holds(one.get("Condition", {}), request.context)


def _any(patterns: Iterable[str], is_like: Callable[[str], bool]) -> bool:
    return any(is_like(pattern) for pattern in patterns)


def _list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern), re.DOTALL)


def _is_like(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


def _is_arn_like(pattern: str, request: Request) -> bool:
    """Part by part; `*` alone is everything. A variable without a value makes a pattern that nothing is like."""
    if pattern == "*":
        return True
    filled = _filled(pattern, request.context)
    wanted, parts = (filled or "").split(":", _PARTS - 1), request.resource.split(":", _PARTS - 1)
    return filled is not None and len(wanted) == len(parts) and all(map(_is_like, wanted, parts))


def _filled(pattern: str, context: Mapping[str, Value]) -> str | None:
    known = {key.lower(): value for key, value in context.items() if isinstance(value, str)}
    names = re.findall(r"\$\{([^}]+)\}", pattern)
    if any(name.lower() not in known for name in names):
        return None
    return re.sub(r"\$\{([^}]+)\}", lambda found: known[found[1].lower()], pattern)


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: wanted.lower() == value.lower(),
    "StringLike": _is_like,
    "ArnLike": lambda wanted, value: all(map(_is_like, wanted.split(":", 5), value.split(":", 5))),
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
    "NumericGreaterThan": lambda wanted, value: float(value) > float(wanted),
}


def _holds(condition: Mapping[str, Mapping[str, object]], context: Mapping[str, Value]) -> bool:
    """All operators and all keys; of a statement's values one is enough."""
    known = {key.lower(): value for key, value in context.items()}
    return all(_holds_one(operator, wanted, known.get(key.lower())) for operator, keys in condition.items() for key, wanted in keys.items())


def _holds_one(operator: str, wanted: object, value: Value | None) -> bool:
    """A key that the request does not have holds only for negations, IfExists, ForAllValues and Null."""
    if operator == "Null":
        return [each.lower() for each in _list(wanted)] == [str(value is None).lower()]
    quantifier, _, operator = operator.rpartition(":")
    name = operator.removesuffix("IfExists")
    is_negated = "Not" in name
    compare = _OPERATORS[name.replace("Not", "")]
    if value is None:
        return is_negated or operator.endswith("IfExists") or quantifier == "ForAllValues"
    values = (value,) if isinstance(value, str) else value
    held = [any(compare(each, one) for each in _list(wanted)) is not is_negated for one in values]
    return any(held) if quantifier == "ForAnyValue" else all(held)
