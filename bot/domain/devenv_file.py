"""What may be written into `.dev-env.yaml` version 1: one model, from which come the keys the reader knows and the JSON Schema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

_NAME = r"^(?:[a-z]|[a-z](?!.*--)[a-z0-9-]{0,18}[a-z0-9])$"
DURATION = r"^(?=.*[1-9])(?:[0-9]{1,4}w)?(?:[0-9]{1,4}d)?(?:[0-9]{1,5}h)?(?:[0-9]{1,6}m)?$"
WITHIN = r"^(?:(?:[1-9]|[1-5][0-9]|60)m|1h)$"
MOST_PROFILES = 10
MOST_BRANCHES = 20
MOST_SEEDS = 20

Line = Annotated[str, Meta(min_length=1, max_length=4096, pattern=r"\S")]
Words = Annotated[list[str | int | float | bool], Meta(min_length=1)]
Name = Annotated[str, Meta(pattern=_NAME)]
Variable = Annotated[str, Meta(pattern="^[A-Z_][A-Z0-9_]*$", max_length=100, extra_json_schema={"not": {"const": "PORT"}})]
Variables = Annotated[dict[Variable, str | int | float | bool], Meta(max_length=100)]
Size = Literal["small", "medium", "large"]
Duration = Annotated[str, Meta(pattern=DURATION, examples=["8h", "2d", "1d12h"])]


class Service(msgspec.Struct, forbid_unknown_fields=True):
    """One service: a process that listens on $PORT."""

    run: Annotated[Line | Words, Meta(description="The command line, or a list of words. It listens on $PORT.")]
    port: Annotated[int, Meta(ge=1, le=65535, description="The port it would like; $PORT says what it gets.")] | UnsetType = UNSET
    health: (
        Annotated[
            Any,  # a path, false or null: no type of ours says "false, but not true"
            Meta(
                description='Ready when this path answers; false for no probe. "/" for the first service and for those with a port.',
                extra_json_schema={"anyOf": [{"type": "string", "pattern": '^/[!-"$-~]{0,1023}$'}, {"enum": [False, None]}]},
            ),
        ]
        | UnsetType
    ) = UNSET
    env: Annotated[Variables | None, Meta(description="Variables for the service, none of them secret.")] | UnsetType = UNSET
    build: Annotated[Line | Words, Meta(description="Run once per commit, before anything starts.")] | UnsetType = UNSET


class Profile(msgspec.Struct, forbid_unknown_fields=True):
    """A named overlay, chosen with `--profile`."""

    services: Annotated[list[str], Meta(min_length=1, description="Only these services.")] | UnsetType = UNSET
    ttl: Annotated[Duration, Meta(description="How long an environment lives.")] | UnsetType = UNSET
    size: Annotated[Size, Meta(description="How much memory and how many processes.")] | UnsetType = UNSET
    tilt_args: Annotated[str | list[str | int | float | bool], Meta(description="What $TILT_ARGS holds.")] | UnsetType = UNSET
    env: Annotated[Variables | None, Meta(description="Variables for all of its services.")] | UnsetType = UNSET


class Seed(msgspec.Struct, forbid_unknown_fields=True):
    """A dataset, loaded with `--seed`."""

    run: Annotated[Line, Meta(description="The command line that loads it: in the environment, when its services are healthy.")]
    description: Annotated[str, Meta(min_length=1, max_length=200, description="What is in it, for whoever chooses.")] | UnsetType = UNSET
    within: (
        Annotated[str, Meta(pattern=WITHIN, description="How long loading may take: 10m when nothing is said, 1h at most.")] | UnsetType
    ) = UNSET


class Create(msgspec.Struct, forbid_unknown_fields=True):
    """Whether an environment is made by itself."""

    on: Annotated[
        Literal["command", "opened"],
        Meta(description="command: when somebody asks; opened: when a request of somebody who may ask is opened, never for a fork."),
    ] = "command"
    branches: (
        Annotated[list[str], Meta(min_length=1, max_length=MOST_BRANCHES, description="Only for these: names, * for any letters.")]
        | UnsetType
    ) = UNSET
    drafts: Annotated[bool, Meta(description="Also for drafts; else when they are ready.")] = False


Instrument = Annotated[str, Meta(examples=["BTC/USDT", "BTCUSDT"])]
RepositoryPath = Annotated[str, Meta(pattern=r"^(?![/-])(?!.*(?:^|/)\.\.(?:/|$))(?!.*(?:^|/)\.?$)[A-Za-z0-9._/-]{1,200}$")]
Positive = Annotated[float, Meta(gt=0, le=1e15)]


class Exchange(msgspec.Struct, forbid_unknown_fields=True):
    """The sandbox of an exchange."""

    name: Annotated[str, Meta(description="One that the operator offers.", examples=["binance", "bybit"])]
    type: Literal["spot", "perpetual"]
    instruments: Annotated[list[Instrument], Meta(min_length=1, max_length=50, description="BTC/USDT and BTCUSDT are the same.")]
    sandbox: (
        Annotated[
            Any,  # no type of ours says "true, but not false"
            Meta(description="Always true: an environment never reaches production.", extra_json_schema={"const": True}),
        ]
        | UnsetType
    ) = UNSET


class MarketData(msgspec.Struct, forbid_unknown_fields=True):
    """What the strategy hears."""

    mode: Annotated[Literal["live", "replay", "both"], Meta(description="Of now, of a time that was recorded, or of both.")] = "live"
    source: Annotated[
        Literal["sandbox", "production"],
        Meta(description="production: its public market data only, and orders on paper; no exchange and no key is there then."),
    ] = "sandbox"
    replay_start: Annotated[str, Meta(description="A date or a date and time; UTC unless it says otherwise.")] | UnsetType = UNSET
    replay_end: Annotated[str, Meta(description="The replay ends before it.")] | UnsetType = UNSET
    replay_speed: Annotated[float, Meta(ge=0, le=1000, description="2: in half the time; 0: as fast as it goes.")] = 1


class RiskConfig(msgspec.Struct, forbid_unknown_fields=True):
    """Limits of risk, none above what the operator allows."""

    max_position_usd: Annotated[Positive, Meta(description="The most that all positions may be worth.")]
    max_drawdown_pct: Annotated[Positive, Meta(description="Halted when so many percent of the highest worth are lost.")]
    max_order_rate: Annotated[Positive, Meta(description="Orders a second.")]


class Strategy(msgspec.Struct, forbid_unknown_fields=True):
    """Two paths in the repository."""

    binary: Annotated[RepositoryPath, Meta(description="What is run.")]
    config: Annotated[RepositoryPath, Meta(description="Its only argument.")] | UnsetType = UNSET


Exchanges = Annotated[list[Exchange], Meta(min_length=1, max_length=10, description="Sandboxes that the strategy trades in.")]
TtlHours = Annotated[float, Meta(ge=0.25, le=96, description="How long the environment lives; 48 when nobody says.")]


class Trading(msgspec.Struct, forbid_unknown_fields=True):
    """A trading environment."""

    exchanges: Exchanges
    risk_config: RiskConfig
    strategy: Strategy
    market_data: MarketData | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    ttl_hours: TtlHours | UnsetType = UNSET


class File(msgspec.Struct, forbid_unknown_fields=True):
    """`.dev-env.yaml` at the root of a repository: what its environments are made of."""

    version: Annotated[Literal[1], Meta(description="The version of this format.")]
    services: (
        Annotated[
            dict[Name, Service],
            Meta(min_length=1, max_length=10, description="By name; the first is the main one, which gets the environment's own address."),
        ]
        | UnsetType
    ) = UNSET
    ttl: Annotated[Duration, Meta(description="How long an environment lives when nobody says; the operator's cap holds.")] | UnsetType = (
        UNSET
    )
    size: Annotated[Size, Meta(description="How much memory and how many processes when nobody says.")] | UnsetType = UNSET
    tilt_args: Annotated[str | list[str | int | float | bool], Meta(description="What $TILT_ARGS holds when nobody says.")] | UnsetType = (
        UNSET
    )
    create: Annotated[Create, Meta(description="Whether an environment is made by itself.")] | UnsetType = UNSET
    profiles: Annotated[dict[Name, Profile], Meta(max_length=MOST_PROFILES, description="Named overlays.")] | UnsetType = UNSET
    seeds: Annotated[dict[Name, Seed], Meta(max_length=MOST_SEEDS, description="Datasets, loaded with --seed.")] | UnsetType = UNSET
    environment: Annotated[Trading, Meta(description="A trading environment; its keys may stand at the top instead.")] | UnsetType = UNSET
    exchanges: Exchanges | UnsetType = UNSET
    risk_config: RiskConfig | UnsetType = UNSET
    strategy: Strategy | UnsetType = UNSET
    market_data: MarketData | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    ttl_hours: TtlHours | UnsetType = UNSET


@cache
def keys_of(part: type[msgspec.Struct]) -> tuple[str, ...]:
    """The keys that may stand there, in the order in which they are told."""
    return tuple(field.encode_name for field in msgspec.structs.fields(part))


def generated() -> dict[str, Any]:
    """The JSON Schema as the model gives it. Not for a process that goes on: making it, msgspec 0.22 can leave a crash for later."""
    made = msgspec.json.schema(File)
    trading = keys_of(Trading)
    needed = [field.encode_name for field in msgspec.structs.fields(Trading) if field.required]
    whole = {"anyOf": [{"required": ["services"]}, {"required": needed}, {"required": ["environment"]}]}
    at_top = {"dependentRequired": {key: [each for each in needed if each != key] for key in trading}}
    one_place = {"dependentSchemas": {"environment": {"properties": dict.fromkeys(trading, False)}}}
    made["$defs"]["File"] |= whole | at_top | one_place
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": ".dev-env.yaml", **made}


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the file, for editors and for those who check before they push. A test holds it against the model."""
    kept: dict[str, Any] = json.loads((Path(__file__).parent / "devenv_schema.json").read_text(encoding="utf-8"))
    return kept
