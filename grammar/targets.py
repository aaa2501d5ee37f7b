"""What is named in commands that deploy: services and groups, artifacts of them, environments, deploys."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grammar.values import BadValue, Kind, shown

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_COMMIT = re.compile(r"[0-9a-f]{7,64}\Z")
_REQUEST = re.compile(r"[!#]([1-9][0-9]{0,8})\Z")
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class TargetName:
    """`name` is a service or a deploy group. At most one of the rest says which artifact; none: the newest of merged main."""

    text: str
    name: str
    commit: str | None = None
    request: int | None = None
    is_latest: bool = False

    @property
    def artifact(self) -> str:
        """As it was typed; "" where nothing was."""
        return self.text.partition("@")[2]


def _name(text: str, what: str) -> str:
    name = text.lower()
    if not _NAME.match(name):
        better = re.sub(r"[^a-z0-9]+", "-", name)[:63].strip("-")
        raise BadValue(f"{shown(text)} does not name {what}: small letters, digits and `-` do.", better or None)
    return name


def read_target(text: str) -> TargetName:
    """`NAME`, without an artifact."""
    name, at, artifact = text.partition("@")
    found = _name(name, "a service or deploy group")
    if at:
        raise BadValue(f"no artifact is named here: {shown('@' + artifact)} is too much.", found)
    return TargetName(found, found)


def read_artifact_target(text: str) -> TargetName:
    """`NAME` or `NAME@ARTIFACT`."""
    head, at, artifact = text.partition("@")
    name = _name(head, "a service or deploy group")
    if not at:
        return TargetName(name, name)
    word = artifact.lower()
    written = f"{name}@{word}"
    if word == LATEST:
        return TargetName(written, name, is_latest=True)
    if found := _REQUEST.match(word):
        return TargetName(f"{name}@!{found[1]}", name, request=int(found[1]))
    if _COMMIT.match(word):
        return TargetName(written, name, commit=word)
    message = f"{shown(artifact)} does not name an artifact: say 7 or more digits of its commit, `!12`, or `latest`."
    raise BadValue(message, f"{name}@!{word}" if re.fullmatch(r"[1-9][0-9]{0,5}", word) else f"{name}@{LATEST}")


def read_place(text: str) -> str:
    return _name(text, "an environment")


def read_deploy(text: str) -> int:
    """`17` or `#17`."""
    if found := re.fullmatch(r"#?([1-9][0-9]{0,8})", text):
        return int(found[1])
    raise BadValue(f"{shown(text)} is not the number of a deploy: say for instance `17`.")


TARGET = Kind("target", read_target)
ARTIFACT_TARGET = Kind("target", read_artifact_target)
PLACE = Kind("environment", read_place, example="dev")
DEPLOY = Kind("deploy", read_deploy, example="17")
