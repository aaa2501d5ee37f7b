"""What a repository wishes for where nobody says otherwise, and its profiles.

ttl: 8h                    # how long an environment lives
size: medium               # small, medium or large
tilt_args: --only web      # what $TILT_ARGS holds; or a list of words
profiles:
  fast: {services: [web], size: small, ttl: 2h, env: {FAST: "1"}}
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from bot.domain.devenv_file import DURATION, MOST_PROFILES, Profile, keys_of
from bot.domain.devenv_nodes import at, fields_of, nearest, variables
from bot.domain.environment import Size
from bot.domain.service_config import MAX_LINE, Problems, ServiceConfig, Wishes, check_name
from bot.domain.yaml_nodes import Mapping, Node, Scalar, Sequence, shown

_EXAMPLE = "profiles: {fast: {size: large}}"
_MINUTES = {"w": 7 * 24 * 60, "d": 24 * 60, "h": 60, "m": 1}
_DURATION = re.compile(DURATION)
_PART = re.compile(r"([0-9]+)([wdhm])")


def wishes_of(fields: dict[str, Node], problems: Problems, *, is_tilt_read: bool) -> Wishes:
    """Read those of the keys that are there. `is_tilt_read`: tilt_args are not in vain."""
    return Wishes(
        ttl_s=duration(fields["ttl"], problems) if "ttl" in fields else None,
        size=_size(fields["size"], problems) if "size" in fields else None,
        tilt_args=_tilt_args(fields["tilt_args"], problems, is_read=is_tilt_read) if "tilt_args" in fields else None,
    )


def profiles_of(node: Node | None, services: tuple[ServiceConfig, ...], problems: Problems, *, is_tilt_read: bool) -> dict[str, Wishes]:
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        problems.add(at(node), "wrong_type", '"profiles" is a mapping of names to profiles', _EXAMPLE)
        return {}
    if len(node.entries) > MOST_PROFILES:
        problems.add(at(node.entries[MOST_PROFILES][0]), "too_many", f"there are too many profiles: {MOST_PROFILES} at most")
        return {}
    found: dict[str, Wishes] = {}
    for key, value in node.entries:
        check_name(key.text, at(key), problems, "a profile")
        fields = fields_of(value, f'the profile "{shown(key.text)}"', keys_of(Profile), problems, "{size: large}")
        if fields is not None:
            only = _services(fields["services"], services, problems) if "services" in fields else ()
            env = variables(fields["env"], problems) if "env" in fields else ()
            found[key.text] = replace(wishes_of(fields, problems, is_tilt_read=is_tilt_read), services=only, env=env)
    return found


def reads_tilt_args(services: tuple[ServiceConfig, ...]) -> bool:
    return any("TILT_ARGS" in text for service in services for text in (service.run, service.build or ""))


def _services(node: Node, services: tuple[ServiceConfig, ...], problems: Problems) -> tuple[str, ...]:
    known = tuple(service.name for service in services)
    if not isinstance(node, Sequence) or not node.items:
        problems.add(at(node), "wrong_type", '"services" is a list of names of services', f"services: [{(*known, 'web')[0]}]")
        return ()
    names = tuple(item.text if isinstance(item, Scalar) else "" for item in node.items)
    for item, name in zip(node.items, names, strict=True):
        if name not in known and known:
            message = f'there is no service "{shown(name)}"; there is {", ".join(known)}'
            problems.add(at(item), "unknown_service", message, nearest(name, known))
    return names


def duration(node: Node, problems: Problems) -> float | None:
    text = node.text if isinstance(node, Scalar) else ""
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not _DURATION.fullmatch(text):
        digits = re.fullmatch(r"[1-9][0-9]{0,4}", text)
        problems.add(at(node), "wrong_type", "this is a duration as 45m, 8h, 2d or 1d12h", f"{text}h" if digits else "8h")
        return None
    return 60.0 * sum(int(number) * _MINUTES[unit] for number, unit in _PART.findall(text))


def _size(node: Node, problems: Problems) -> Size | None:
    text = node.text if isinstance(node, Scalar) else ""
    if text in set(Size):
        return Size(text)
    near = nearest(text, tuple(Size)) or {"s": "small", "m": "medium", "l": "large"}.get(text[:1].lower(), "")
    problems.add(at(node), "wrong_type", "a size is small, medium or large", near)
    return None


def _tilt_args(node: Node, problems: Problems, *, is_read: bool) -> tuple[str, ...] | None:
    words: list[str] | None = None
    if isinstance(node, Sequence) and all(isinstance(item, Scalar) and item.value is not None for item in node.items):
        words = [item.text for item in node.items if isinstance(item, Scalar)]
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        try:
            words = shlex.split(node.text)
        except ValueError:
            problems.add(at(node), "bad_quote", "a quote in tilt_args is never closed")
            return None
    if words is None:
        problems.add(at(node), "wrong_type", '"tilt_args" is a text or a list of words', "tilt_args: --only web")
        return None
    text = shlex.join(words)
    if len(text.encode("utf-8", "replace")) > MAX_LINE:
        problems.add(at(node), "too_big", f'"tilt_args" is too long: {MAX_LINE} bytes at most')
    elif any(character < " " or "\ud800" <= character <= "\udfff" for character in text):
        problems.add(at(node), "not_text", '"tilt_args" holds a character that does not belong in a command')
    elif words and not problems.found and not is_read:
        problems.add(at(node), "unread", "nothing reads tilt_args: no service's command uses $TILT_ARGS")
    return tuple(words)
