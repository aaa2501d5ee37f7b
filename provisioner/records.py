"""What the keeper has to make true again after its death: one file per environment, replaced whole."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from provisioner.engine import Bare, Spec
from provisioner.git import is_full_ref, is_sha

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SERVICE = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL_MOST = 63  # of one label of a host name


class BadSpec(ValueError):  # noqa: N818 - a sentence, as the ports have them
    """The order cannot be carried out by anybody; the text says why."""


@dataclass(frozen=True)
class Pending:
    """A generation that is being made. `built` are the services whose build is done."""

    spec: Spec
    is_laid_out: bool = False
    built: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """What is wanted of one environment."""

    environment: str
    slug: str
    running: Spec | None = None
    pending: Pending | None = None
    is_going: bool = False
    is_paused: bool = False  # what it ran waits in `pending`
    restarted: int = 0  # the number of the last restart that was made
    seeded: int = 0  # the number of the last dataset that was loaded


class Records:
    """`<root>/<environment>/record.json`; all else in that folder belongs to the environment too."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def folder(self, environment: str) -> Path:
        return self.root / environment

    def save(self, record: Record) -> None:
        folder = self.folder(record.environment)
        folder.mkdir(mode=0o700, exist_ok=True)
        new = folder / "record.json.new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - with its mode: it holds secrets
            file.write(msgspec.json.encode(record))
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / "record.json")

    def forget(self, environment: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self.folder(environment) / "record.json").unlink()

    def all(self) -> Iterator[Record]:
        for path in sorted(self.root.glob("*/record.json")):
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                yield msgspec.json.decode(path.read_bytes(), type=Record)

    def strays(self, known: set[str]) -> list[Path]:
        """Folders without a record: what a crash left between two steps."""
        return [folder for folder in self.root.iterdir() if folder.name not in known]


def check_name(environment: str) -> None:
    """Raises BadSpec unless `environment` can be a folder's name and nothing else."""
    if not _NAME.fullmatch(environment):
        raise BadSpec(f"{environment[:100]!r} cannot be an environment's id")


def check_bare(bare: Bare) -> None:
    """Raises BadSpec for names that could be more than names."""
    check_name(bare.environment)
    if not _NAME.fullmatch(bare.project):
        raise BadSpec(f"{bare.project[:100]!r} cannot be a project's key")
    if not _SLUG.fullmatch(bare.slug):
        raise BadSpec(f"{bare.slug[:100]!r} cannot be part of a host name")


def label(spec: Spec, service: str) -> str:
    """The first label of a service's host name; the first service has the environment's own."""
    return spec.slug if service == spec.services[0].name else f"{service}--{spec.slug}".lower()


def check(spec: Spec) -> None:
    """Raises BadSpec for names that could be more than names, and for what no engine could run."""
    check_name(spec.environment)
    names = [service.name for service in spec.services]
    rules = (
        (_NAME.fullmatch(spec.source.project), f"{spec.source.project[:100]!r} cannot be a project's key"),
        (_SLUG.fullmatch(spec.slug) and "--" not in spec.slug, f"{spec.slug[:100]!r} cannot be part of a host name"),
        (is_full_ref(spec.source.ref), f"{spec.source.ref[:100]!r} is no full ref"),
        (is_sha(spec.source.sha), f"{spec.source.sha[:100]!r} is no SHA"),
        (names, "there is no service to run"),
        (len({name.lower() for name in names}) == len(names), "two services have the same name"),
        (spec.limits.memory_mb > 0 and spec.limits.processes > 0, "limits must be above zero"),
    )
    for holds, sentence in rules:
        if not holds:
            raise BadSpec(sentence)
    if any(not _VARIABLE.fullmatch(key) or "\0" in value for key, value in spec.secrets):
        raise BadSpec("a secret has no proper name")
    for service in spec.services:
        if not _SERVICE.fullmatch(service.name) or len(label(spec, service.name)) > _LABEL_MOST:
            raise BadSpec(f"service {service.name[:100]!r} cannot be part of a host name of {_LABEL_MOST} characters")
        if service.health is not None and not re.fullmatch(r"/[\x21-\x7e]*", service.health):
            raise BadSpec(f"the health path of {service.name} must begin with / and hold no spaces")
        if not service.run.strip() or "\0" in service.run + (service.build or ""):
            raise BadSpec(f"{service.name} has no command to run")
        if any(not _VARIABLE.fullmatch(key) or "\0" in value for key, value in service.env):
            raise BadSpec(f"{service.name} has a variable without a proper name")
