"""What an environment is made of, out of what a file offers: the profile and the services that were asked for, the wishes that hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from bot.domain.environment import Size
from bot.domain.service_config import DevEnv, ServiceConfig, Wishes


@dataclass(frozen=True)
class Allowed:
    """What a file may wish for at most. Forks get the smallest size and no more than the usual time."""

    ttl_s: float  # the usual one
    cap_s: float

    def ttl_of(self, wished_s: float, *, is_fork: bool) -> float:
        return min(wished_s, self.ttl_s if is_fork else self.cap_s)


@dataclass(frozen=True)
class Choice:
    """`keys` says which key of the file each of `ttl`, `size` and `tilt_args` is from; what is not in it the file does not say."""

    services: tuple[ServiceConfig, ...]
    ttl_s: float | None = None
    size: Size | None = None
    tilt_args: tuple[str, ...] | None = None
    keys: Mapping[str, str] = field(default_factory=dict)


def nearest_size(size: Size, allowed: tuple[Size, ...]) -> Size:
    """It, if it is allowed; else the largest below it, or the smallest there is."""
    order = list(Size)
    below = [each for each in order[: order.index(size) + 1] if each in allowed]
    return below[-1] if below else min(allowed, key=order.index)


class NotThere(Exception):  # noqa: N818 - it is an answer to whoever asked
    """A profile or service that the file does not have: `kind` is which of the two, `near` the one that was meant, or ""."""

    def __init__(self, kind: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name)
        self.kind, self.name, self.known = kind, name, known
        self.near = next(iter(get_close_matches(name.lower(), known, 1, 0.6)), "")

    def __str__(self) -> str:
        there = f"there is {', '.join(self.known)}" if self.known else "the file has none"
        return f'there is no {self.kind} "{self.name}" in this file; {there}'


def choose(
    config: DevEnv, profile: str = "", services: tuple[str, ...] = (), *, is_fork: bool = False, sizes: tuple[Size, ...] = tuple(Size)
) -> Choice:
    """The services, in the file's order, and the wishes that hold, the size among `sizes`. Raises NotThere."""
    if profile and profile not in config.profiles:
        raise NotThere("profile", profile, tuple(config.profiles))
    overlay = config.profiles.get(profile, Wishes())
    above = f"profiles.{profile}." if profile else ""
    keys: dict[str, str] = {}
    values: dict[str, object] = {}
    for name in ("ttl_s", "size", "tilt_args"):
        key = name.removesuffix("_s")
        for wishes, prefix in ((overlay, above), (config.wishes, "")):
            if getattr(wishes, name) is not None and key not in keys:
                values[name], keys[key] = getattr(wishes, name), f"{prefix}{key}"
    if is_fork and values.get("size") not in {None, Size.SMALL}:
        del values["size"], keys["size"]
    wished = values.get("size") or Size.SMALL
    if (allowed := nearest_size(wished, sizes)) is not wished:  # type: ignore[arg-type]
        values["size"] = allowed
    return Choice(_services(config, services or overlay.services, overlay.env), keys=keys, **values)  # type: ignore[arg-type]


def _services(config: DevEnv, names: tuple[str, ...], env: tuple[tuple[str, str], ...]) -> tuple[ServiceConfig, ...]:
    """A trading environment is all of its services, whatever is named: what trades is never without what limits it."""
    known = tuple(service.name for service in config.services)
    for name in names:
        if name not in known:
            raise NotThere("service", name, known)
    chosen = [service for service in config.services if not names or config.trading or service.name in names]
    return tuple(replace(service, env=tuple({**dict(service.env), **dict(env)}.items())) for service in chosen)
