"""What an environment would be made of, and where each value is from: shown by `/ivy config` and `/ivy create --dry-run`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from bot import refusals_config
from bot.cards import STAGES, past_of
from bot.context import Head, Outside, Scene, Transaction
from bot.domain.datasets import offered
from bot.domain.devenv_choice import Allowed, Choice, NotThere, choose
from bot.domain.environment import Size
from bot.domain.placement import misplaced
from bot.domain.prose import Code, line
from bot.domain.service_config import DevEnv
from bot.replies.config import Effective, Row, lives, place_rows, price_row, seed_rows, service_row, size_row, trading_rows

_ASKED = "asked for"


@dataclass(frozen=True)
class Asked:
    """What somebody said, or an environment has, before the file is asked."""

    profile: str = ""
    services: tuple[str, ...] = ()
    size: Size | None = None
    ttl_s: float | None = None
    tilt_args: tuple[str, ...] | None = None
    seed: str = ""


@dataclass(frozen=True)
class Settled:
    """The values that hold, each with its row."""

    size: Size
    ttl_s: float
    rows: tuple[Row, ...]
    gigabytes: int = 0  # of the disk of data that was asked for


async def config_at(head: Head, outside: Outside) -> DevEnv:
    """What the repository says at that commit. Raises UserError `bad_config`."""
    found = await outside.runtime.config(head.project, head.where, head.sha)
    if isinstance(found, DevEnv):
        return found
    raise refusals_config.bad_config(found)


def chosen(config: DevEnv, asked: Asked, head: Head) -> Choice:
    """Raises UserError `unknown_profile` or `unknown_service`."""
    try:
        return choose(config, asked.profile, asked.services, is_fork=head.is_fork, sizes=head.project.sizes)
    except NotThere as error:
        raise refusals_config.not_there(error, config.file) from error


def settle(config: DevEnv, asked: Asked, head: Head, scene: Scene, made_by: str = "") -> Settled:
    """`made_by`: the engine of what is there already; else it is its project's. Raises UserError."""
    engine = made_by or head.project.engine
    if how := misplaced(engine, is_trading=config.trading is not None):
        raise refusals_config.misplaced(how, config.file, head.project.key)
    choice, is_fork = chosen(config, asked, head), head.is_fork
    places = {key: f"{config.file}:{config.lines[path]}" for key, path in choice.keys.items() if path in config.lines}
    rows = [service_row(each, _place(config, f"services.{each.name}")) for each in choice.services]
    if config.trading:
        rows += trading_rows(config.trading, lambda key: _place(config, f"environment.{key}" if "environment" in config.lines else key))
    if asked.profile:
        rows.append(Row("profile", line(asked.profile), _ASKED))
    elif config.profiles:
        rows.append(Row("profile", line(f"none; there is {', '.join(config.profiles)}"), "default"))
    size = asked.size or choice.size or Size.SMALL
    rows.append(size_row(size, _ASKED if asked.size else places.get("size", "default")))
    allowed = Allowed(scene.limits.ttl_s, scene.limits.cap_s)
    ttl_s, whence = scene.limits.ttl_s, "setting limits.ttl_hours"
    if asked.ttl_s is not None:
        ttl_s, whence = asked.ttl_s, _ASKED
    elif choice.ttl_s is not None:
        ttl_s, whence = allowed.ttl_of(choice.ttl_s, is_fork=is_fork), places.get("ttl", config.file)
        whence += "" if ttl_s == choice.ttl_s else ", cut to what is allowed"
    rows.append(lives(ttl_s, whence))
    if arguments := asked.tilt_args or choice.tilt_args:
        rows.append(Row("Tilt arguments", line(Code(shlex.join(arguments))), _ASKED if asked.tilt_args else places.get("tilt_args", "")))
    datasets = offered(config.seeds, head.project.datasets, is_fork=is_fork)
    rows += seed_rows(asked.seed, datasets)
    gigabytes = datasets[asked.seed].gigabytes if asked.seed in datasets else 0
    rows += [*place_rows(engine, f"setting projects.{head.project.key}.engine"), price_row(scene.prices, size, engine, gigabytes)]
    return Settled(size, ttl_s, tuple(rows), gigabytes)


def _place(config: DevEnv, path: str) -> str:
    return f"{config.file}:{config.lines[path]}" if path in config.lines else config.file


async def effective(head: Head, settled: Settled, transaction: Transaction) -> Effective:
    """With what making took in this project before."""
    seconds = [await transaction.past_seconds(head.project.key, stage) for stage in STAGES]
    past = [past_of(each) for each in seconds]
    known = [each.p50_s for each in past if each]
    ready_s = sum(known) if len(known) == len(STAGES) else None
    return Effective(head.ref.removeprefix("refs/heads/"), head.sha, settled.rows, ready_s, min(map(len, seconds)))
