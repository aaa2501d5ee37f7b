"""From an object of lightkube's to an item: where it lives, whose it is, and a mark of all that is wanted of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from libdeploy.canonical import digest, plain
from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.target import Target

SERVICE = "libdeploy.dev/service"
ENVIRONMENT = "libdeploy.dev/environment"
WANTED = "libdeploy.dev/wanted"
"""Annotation: the digest of all that is wanted, so that a field that is wanted no longer is a difference too."""
NAME = "app.kubernetes.io/name"

_DNS = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(m|Ki|Mi|Gi|Ti|k|M|G|T)?")
_BINARY = {"": Fraction(1), "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40)}
_DECIMAL = {
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
}


def labels_of(target: Target, name: str) -> dict[str, str]:
    """What every object of a service bears; what is there and bears it is the service's, and is taken away when it is wanted no longer."""
    return {
        NAME: name,
        "app.kubernetes.io/managed-by": "libdeploy",
        SERVICE: target.service,
        ENVIRONMENT: target.environment.name,
    }


def selector_of(target: Target, name: str) -> dict[str, str]:
    """The labels that pods are found by. They can never change for what is there."""
    return {NAME: name, SERVICE: target.service}


def key_of(body: Mapping[str, Any]) -> str:
    """`apiVersion/kind/namespace/name`; no namespace for what has none."""
    metadata = body["metadata"]
    return "/".join(each for each in (body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"]) if each)


def item_of(target: Target, name: str, wanted: Mapping[str, Any]) -> Item:
    """`wanted` as JSON of Kubernetes' own; name, namespace, labels and our mark are set here."""
    metadata = dict(wanted.get("metadata") or {})
    metadata["name"] = metadata.get("name") or name
    metadata["namespace"] = target.environment.namespace
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels_of(target, name)}
    body = plain({**wanted, "metadata": metadata})
    body["metadata"]["annotations"] = {**(metadata.get("annotations") or {}), WANTED: digest(body)}
    return Item("kubernetes", key_of(body), body)


def checked_name(name: str) -> str:
    """Raises DeployError `bad_name` for what Kubernetes takes as no name of everything."""
    if not _DNS.fullmatch(name):
        raise DeployError(
            f"{name!r} is no name in Kubernetes: small letters, digits and hyphens, at most 63, a letter or digit at both ends.", "bad_name"
        )
    return name


def checked_port(port: int) -> int:
    if isinstance(port, bool) or not 1 <= port <= 65535:
        raise DeployError(f"{port!r} is no port: 1 to 65535.", "bad_port")
    return port


def quantity(text: str) -> str:
    """The form in which the API server gives it back: "0.5" is "500m", "1024Mi" is "1Gi". Raises DeployError `bad_quantity`.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise DeployError(f"{text!r} is no quantity: like 250m, 2, 512Mi or 4Gi.", "bad_quantity")
    units = _BINARY if (found[2] or "").endswith("i") else _DECIMAL
    amount = Fraction(found[1]) * units[found[2] or ""]
    for unit in sorted(units, key=lambda each: units[each], reverse=True):
        if amount and (amount / units[unit]).denominator == 1:
            return f"{amount / units[unit]}{unit}"
    if amount:
        raise DeployError(f"{text!r} is less than a whole {'byte' if units is _BINARY else 'thousandth'}.", "bad_quantity")
    return "0"
