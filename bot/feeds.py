"""`trellis feeds`: the market-data multiplexer as a process, and what environments want of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from socket import gethostname
from typing import TYPE_CHECKING

from bot.app.markets import offer_of, public_of
from bot.settings import Settings, SettingsError
from bot.settings.trading import FeedSourceSettings

if TYPE_CHECKING:
    from feeds.instruments import Market
    from feeds.interest import Interest, Wanted
    from feeds.settings import FeedsSettings, Source

NEEDED = ("ccxt", "nats", "bcrypt")
_USAGE = "say trellis feeds, or after it: want ENV SOURCE.MARKET.INSTRUMENT …, drop ENV, roll SOURCE.MARKET, authorization [owner]"


async def feeds(settings: Settings, words: Sequence[str]) -> int:
    """Run until cancelled, or do what the words say. Raises SettingsError."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise SettingsError(f"the feeds need {', '.join(missing)}: make extra NAME=feeds")
    from feeds.settings import FeedsCannotStart  # noqa: PLC0415 - only with the extra

    offer_of(settings)  # whatever is called a sandbox is one
    told = feeds_settings(settings)
    try:
        match list(words):
            case []:
                await _run(told)
            case ["want", environment, instrument, *others]:
                await _want(told, environment, [instrument, *others])
            case ["drop", environment]:
                await _drop(told, environment)
            case ["roll", source]:
                await _roll(told, source)
            case ["authorization"]:
                await _authorization(told)
            case ["authorization", "owner"]:
                sys.stdout.write(_admitted(told, {}))
            case _:
                raise SettingsError(_USAGE)
    except* FeedsCannotStart as problems:
        raise SettingsError(str(problems.exceptions[0])) from None
    return 0


def feeds_settings(settings: Settings) -> FeedsSettings:
    """What the multiplexer is told. Raises SettingsError."""
    from feeds.instruments import SOURCE, Market  # noqa: PLC0415
    from feeds.settings import FeedsSettings  # noqa: PLC0415

    said = settings.feeds
    if wrong := [name for name in said.sources if not SOURCE.fullmatch(name)]:
        raise SettingsError(f"TRELLIS_FEEDS__SOURCES: {wrong[0]!r} cannot be a word of a subject: use a-z, 0-9 and -")
    return FeedsSettings(
        data=settings.data_dir,
        sources=tuple(_source(name, each, Market(market)) for name, each in sorted(said.sources.items()) for market in each.markets),
        holder=f"{gethostname()}-{os.getpid()}",
        nats_url=said.nats_url,
        nats_port=said.nats_port,
        nats_user=said.nats_user,
        nats_password=said.nats_password.get_secret_value(),
        nats_replicas=said.nats_replicas,
        nats_ca=said.nats_ca,
        nats_certificate=said.nats_certificate,
        nats_key=said.nats_key,
        lease_s=said.lease_s,
        rollover_s=said.rollover_hours * 3600,
        record_hours=said.record_hours,
        record_mb=said.record_mb,
        status_host=said.status_host,
        status_port=said.status_port,
    )


def _source(name: str, said: FeedSourceSettings, market: Market) -> Source:
    """Of production only what `bot.domain.sandboxes.PUBLIC` names, or what is said in its place."""
    from feeds.settings import Source  # noqa: PLC0415

    if said.sandbox:
        return Source(name, said.exchange, market, said.sandbox, said.ws_url, said.rest_url)
    at = public_of(said, market)
    return Source(name, said.exchange, market, said.sandbox, at.ws, at.rest)


async def _run(told: FeedsSettings) -> None:
    from feeds.collecting import leave_alone_what_lasts  # noqa: PLC0415
    from feeds.multiplexer import Multiplexer  # noqa: PLC0415

    leave_alone_what_lasts()
    await Multiplexer(told).run()


async def _want(told: FeedsSettings, environment: str, written: Sequence[str]) -> None:
    from feeds.credentials import mint  # noqa: PLC0415
    from feeds.interest import Interest, is_environment  # noqa: PLC0415
    from feeds.visiting import visit  # noqa: PLC0415

    wanted = tuple(_wanted(told, each) for each in written)
    if not is_environment(environment):
        raise SettingsError(f"{environment!r} cannot be an environment's name: use a-z, 0-9 and -")
    password, hashed = mint()
    async with visit(told) as interests:
        await interests.put(environment, Interest(wanted, password_hash=hashed))
    sys.stdout.write(f"{password}\n")


def _wanted(told: FeedsSettings, written: str) -> Wanted:
    from feeds.instruments import Market, NoInstrument, token  # noqa: PLC0415
    from feeds.interest import Wanted  # noqa: PLC0415

    source, _, rest = written.partition(".")
    market, _, instrument = rest.partition(".")
    known = {(each.name, str(each.market)) for each in told.sources}
    if (source, market) not in known:
        raise SettingsError(f"there is no source {source}.{market}: there are {', '.join(sorted('.'.join(each) for each in known))}")
    try:
        return Wanted(source, Market(market), token(instrument))
    except NoInstrument as problem:
        raise SettingsError(str(problem)) from None


async def _drop(told: FeedsSettings, environment: str) -> None:
    from feeds.visiting import visit  # noqa: PLC0415

    async with visit(told) as interests:
        if environment not in interests.all:
            raise SettingsError(f"{environment} wants nothing: there are {', '.join(interests.all) or 'none'}")
        await interests.remove(environment)


async def _roll(told: FeedsSettings, written: str) -> None:
    from feeds.visiting import roll  # noqa: PLC0415

    known = {f"{each.name}.{each.market}": each for each in told.sources}
    if written not in known:
        raise SettingsError(f"there is no source {written}: there are {', '.join(sorted(known))}")
    sys.stdout.write(f"{written}: {await roll(told, known[written].name, known[written].market)}\n")


async def _authorization(told: FeedsSettings) -> None:
    from feeds.visiting import visit  # noqa: PLC0415

    async with visit(told) as interests:
        sys.stdout.write(_admitted(told, interests.all))


def _admitted(told: FeedsSettings, interests: Mapping[str, Interest]) -> str:
    """With the owner, where we know their password: whoever reads this in is to be let in afterwards too."""
    from feeds.credentials import authorization  # noqa: PLC0415

    return authorization(dict(interests), (told.nats_user, told.nats_password) if told.nats_url and told.nats_password else None)
