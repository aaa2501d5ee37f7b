"""The feeds as a worker sees them: an environment's interest in NATS KV, and whether it is let in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from bot.app.certificates import certificate_of
from bot.domain.continuity import Certificate
from bot.domain.trading import Trading
from bot.feeds import NEEDED, feeds_settings
from bot.settings import Settings
from bot.worker.market_feed import FeedUnavailable

if TYPE_CHECKING:
    from feeds.interest import Interest
    from feeds.interests import Interests

T = TypeVar("T")
_TRIES = 3
_LET_IN_S = 60.0
_AGAIN_S = 0.1


class NatsFeed:
    """Fills the port `MarketFeed`, through the NATS server that `trellis feeds` runs or is told of."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def url(self) -> str:
        said = self._settings.feeds
        return said.nats_url or f"nats://127.0.0.1:{said.nats_port}"

    async def signer(self) -> str:
        ca = self._settings.feeds.nats_ca
        try:
            return await asyncio.to_thread(ca.read_text) if ca else ""
        except (OSError, ValueError) as problem:
            raise FeedUnavailable(f"who signs NATS' certificates cannot be read from {ca}: {problem}") from problem

    async def want(self, environment: str, trading: Trading, password: str, *, besides: bool) -> None:
        if missing := _missing():
            raise FeedUnavailable(f"the feeds need {', '.join(missing)}: make extra NAME=feeds")
        from feeds.credentials import is_of, mint  # noqa: PLC0415 - only with the extra

        async def put(interests: Interests) -> None:
            there = interests.all.get(environment)
            hashed = there.password_hash if there and is_of(password, there.password_hash) else mint(password)[1]
            wanted = interest_of(trading, hashed, there if besides else None)
            if wanted != there:
                await interests.put(environment, wanted)

        await self._told(put)
        await self._until_let_in(environment, password)

    async def drop(self, environment: str) -> None:
        async def remove(interests: Interests) -> None:
            if environment in interests.all:
                await interests.remove(environment)

        if self._were_ever_here():
            await self._told(remove)

    async def heard_by(self) -> frozenset[str]:
        """Where there were never any feeds nobody hears them."""

        async def names(interests: Interests) -> frozenset[str]:
            return frozenset(interests.all)

        return await self._told(names) if self._were_ever_here() else frozenset()

    async def certificate(self, environment: str) -> Certificate:
        if missing := _missing():
            raise FeedUnavailable(f"the feeds need {', '.join(missing)}: make extra NAME=feeds")
        from feeds.settings import FeedsCannotStart  # noqa: PLC0415 - only with the extra
        from feeds.visiting import told_of  # noqa: PLC0415

        try:
            return certificate_of(await told_of(feeds_settings(self._settings), environment))
        except FeedsCannotStart as problem:
            raise FeedUnavailable(str(problem)) from problem

    async def listed(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """Where there were never any feeds nothing is known."""
        if not self._were_ever_here():
            return {}
        from nats.errors import Error  # noqa: PLC0415 - only with the extra

        from feeds.settings import FeedsCannotStart  # noqa: PLC0415
        from feeds.visiting import all_listed  # noqa: PLC0415

        try:
            return await all_listed(feeds_settings(self._settings))
        except (FeedsCannotStart, Error, OSError, TimeoutError) as problem:
            raise FeedUnavailable(str(problem) or type(problem).__name__) from problem

    def _were_ever_here(self) -> bool:
        if _missing():
            return False
        return bool(self._settings.feeds.nats_url) or (feeds_settings(self._settings).folder / "nats" / "nats.password").is_file()

    async def _told(self, say: Callable[[Interests], Awaitable[T]]) -> T:
        """Said again where it was broken off: NATS may, when it reads anew who is let in."""
        from nats.errors import Error  # noqa: PLC0415 - only with the extra

        from feeds.settings import FeedsCannotStart  # noqa: PLC0415
        from feeds.visiting import visit  # noqa: PLC0415

        problems: list[str] = []
        for _ in range(_TRIES):
            try:
                async with visit(feeds_settings(self._settings)) as interests:
                    return await say(interests)
            except FeedsCannotStart as problem:
                raise FeedUnavailable(str(problem)) from problem
            except (Error, OSError, TimeoutError) as problem:
                problems.append(str(problem) or type(problem).__name__)
        raise FeedUnavailable(f"NATS broke off: {problems[-1]}")

    async def _until_let_in(self, environment: str, password: str) -> None:
        from feeds.encryption import trust_of  # noqa: PLC0415
        from feeds.settings import FeedsCannotStart  # noqa: PLC0415
        from feeds.visiting import is_let_in  # noqa: PLC0415

        trust = trust_of(feeds_settings(self._settings))
        try:
            async with asyncio.timeout(_LET_IN_S):
                while not await is_let_in(self.url, environment, password, trust):  # noqa: ASYNC110 - another process lets in
                    await asyncio.sleep(_AGAIN_S)
        except FeedsCannotStart as problem:
            raise FeedUnavailable(str(problem)) from problem
        except TimeoutError:
            ours, other = "run trellis feeds", "put what trellis feeds authorization prints into its configuration"
            raise FeedUnavailable(f"NATS does not let the environment in: {other if self._settings.feeds.nats_url else ours}") from None


def _missing() -> list[str]:
    return [name for name in NEEDED if find_spec(name) is None]


def interest_of(trading: Trading, password_hash: str, besides: Interest | None) -> Interest:
    """What a profile asks for, and what is heard besides; the replay is the profile's, where it has one."""
    from feeds.instruments import Market  # noqa: PLC0415
    from feeds.interest import Interest, Mode, Replay, Wanted  # noqa: PLC0415

    wanted = {Wanted(each.name, Market(each.market), token) for each in trading.exchanges for token in each.instruments}
    said = trading.market_data
    has_replay = said.start is not None and said.end is not None
    replay = Replay(round((said.start or 0) * 1e9), round((said.end or 0) * 1e9), said.speed) if has_replay else None
    modes = {str(said.mode)}
    if besides:
        wanted |= set(besides.wanted)
        modes.add(str(besides.mode))
        replay = replay or besides.replay
    mode = Mode(next(iter(modes))) if len(modes) == 1 else Mode.BOTH
    return Interest(tuple(sorted(wanted)), mode, replay, password_hash)
