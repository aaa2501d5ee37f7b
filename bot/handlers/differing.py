"""What was asked for and is otherwise in the environment there is, and what brings it there."""

from __future__ import annotations

import shlex

from bot.context import Head
from bot.domain.environment import Environment
from bot.replies import hours, typed
from bot.replies.differing import Difference
from grammar.commands import Create

_SAME_S = 60.0


def differences(command: Create, there: Environment, head: Head, now: float) -> list[Difference]:
    return [*_of_spec(command, there, head), *_of_making(command, there), *_of_life(command, there, now)]


def _of_spec(command: Create, there: Environment, head: Head) -> list[Difference]:
    """What an update changes, said in one line."""
    found, options = [], ""
    if command.tilt_args is not None and tuple(command.tilt_args) != there.tilt_args:
        found.append("the Tilt arguments")
        options += f" --tilt-args {shlex.quote(shlex.join(command.tilt_args))}"
    if command.size is not None and command.size.value != there.size.value:
        found.append(f"the size ({there.size}, not {command.size})")
        options += f" --size {command.size}"
    if command.seed is not None and command.seed != (there.seeds.dataset if there.seeds.is_due else there.seeds.loaded):
        has = there.seeds.loaded or "none"
        found.append(f"the data ({has}, not {command.seed})")
        options += f" --seed {command.seed}"
    if head.sha != there.sha:
        found.append(f"the commit ({there.sha[:8]}, not {head.sha[:8]})")
    return [Difference(each, typed("update", there) + options) for each in found]


def _of_making(command: Create, there: Environment) -> list[Difference]:
    """What is chosen once, when it is made."""
    found = []
    if command.profile is not None and command.profile != there.profile:
        found.append(Difference(f"the profile ({there.profile or 'none'}, not {command.profile})", is_made_so=True))
    if command.service is not None and set(command.service) != set(there.services):
        services = f"the services ({', '.join(there.services) or 'all'}, not {', '.join(command.service)})"
        found.append(Difference(services, is_made_so=True))
    return found


def _of_life(command: Create, there: Environment, now: float) -> list[Difference]:
    found = []
    left_s = there.expires_at - now
    if command.ttl is not None and abs(command.ttl - left_s) > _SAME_S:
        more = round((command.ttl - left_s) / 60)
        longer = f"{typed('extend', there)} {more}m" if more > 0 and not command.keep else ""
        found.append(Difference(f"the time to live (another {hours(left_s)}, not {hours(command.ttl)})", longer))
    if command.keep and not there.is_kept:
        found.append(Difference("that it is kept (it is not)", typed("keep", there)))
    return found
