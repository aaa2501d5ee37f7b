"""From a target to a plan: with no network, no credentials and no clock, so that the same comes of the same."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from libdeploy.canonical import plain
from libdeploy.changes import changes_between
from libdeploy.component import Component
from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.live import Live
from libdeploy.plan import Plan
from libdeploy.target import Target

Deploy = Callable[[Target], Iterable[Component]]

_FORBIDDEN = {
    "socket.connect": "use the network",
    "socket.getaddrinfo": "ask the network for a name",
    "socket.sendto": "use the network",
    "subprocess.Popen": "start a program",
    "os.system": "start a program",
    "os.exec": "start a program",
    "os.posix_spawn": "start a program",
    "os.fork": "start a process",
}
_guarded = 0
_is_hooked = False


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if _guarded and event in _FORBIDDEN:
        raise DeployError(
            f"While it says what is wanted, deploy.py may not {_FORBIDDEN[event]}: the same would not come of the same.", "impure"
        )


@contextmanager
def _alone() -> Iterator[None]:
    """No network, no children, no environment variables. A wall against mistakes, not against malice: whoever runs us sees to that."""
    global _guarded, _is_hooked  # noqa: PLW0603 - an audit hook is the interpreter's, and stays
    if not _is_hooked:
        sys.addaudithook(_refuse)
        _is_hooked = True
    before = dict(os.environ)
    os.environ.clear()
    _guarded += 1
    try:
        yield
    finally:
        _guarded -= 1
        os.environ.update(before)


def render(deploy: Deploy, target: Target, program: Path | None = None) -> Plan:
    """The plan, without a base. `program` is the deploy.py whose digest it bears.

    Raises DeployError: `impure`, `not_deterministic`, `not_plain`, `rendered_twice`, or whatever a component says.
    """
    with _alone():
        first, second = (tuple(_items(deploy, target)) for _ in range(2))
    _compare(first, second)
    digest = hashlib.sha256(program.read_bytes()).hexdigest() if program else ""
    return Plan(target.service, target.environment.name, target.artifact.sha256, digest, first)


def _items(deploy: Deploy, target: Target) -> Iterator[Item]:
    for component in deploy(target):
        if not isinstance(component, Component):
            raise DeployError(f"{component!r} is no component: it has no items(target).", "no_component")
        for item in component.items(target):
            yield Item(item.driver, item.key, plain(item.body, f"{item.driver} {item.key}"))


def _compare(first: tuple[Item, ...], second: tuple[Item, ...]) -> None:
    if first == second:
        return
    for change in changes_between(second, Live({item.name: item.body for item in first})):
        for field in change.fields:
            raise DeployError(
                f"Rendered twice, {change.driver} {change.key} has two values at {field.path}: {field.before!r} and {field.after!r}."
                " Something in deploy.py depends on the time or on chance.",
                "not_deterministic",
            )
    raise DeployError(
        "Rendered twice, other things are wanted: something in deploy.py depends on the time or on chance.", "not_deterministic"
    )
