"""The page of one environment: how far it is, what runs, what it says, what was done to it and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from bot import replies
from bot.cards import STAGES, environment_card, past_of
from bot.context_ports import RuntimeUnavailable
from bot.domain.command import Event
from bot.domain.continuity import Certificate
from bot.domain.cost import FREE, Prices, ahead, spent
from bot.domain.environment import Environment, State
from bot.domain.prose import Card, Code, Fact, Log, Strong, Text, line
from bot.rendering import html
from bot.rendering.progress import duration
from bot.replies.alarms import stands
from bot.replies.datasets import data_words
from bot.replies.money import while_paused
from bot.replies.trading import standing
from bot.store import usage as stored_usage
from bot.store.transaction import Transaction
from bot.web.pages import frame, market_data, saying, usage
from bot.web.pages.parts import Parts
from bot.web.pages.sight import View
from bot.web.session import SignedIn, User
from provisioner.engine import ServiceState

_TAIL, _LONG_TAIL = 60, 1_000
_EVENTS = 200
_NO_LOGS = Markup("<p class=note>You may not read its logs.</p>")
_LOOKS = ("ivy status", "ivy logs", "ivy history", "ivy cost")
_CHANGES = tuple(
    f"ivy {each}"
    for each in ("restore", "resume", "cancel", "extend", "retry", "keep", "unkeep", "pause", "update", "restart", "terminate")
)
NOT_KNOWN = "\N{EN DASH}"


@dataclass(frozen=True)
class Shown:
    """A service as it is drawn. `is_healthy` None: nobody could be asked."""

    name: str
    is_healthy: bool | None
    url: str
    memory: str
    restarts: str


async def seen(look: Transaction, slug: str, id_: str, view: View) -> Environment | None:
    """The environment of that name, if it may be seen: who may not look learns nothing of what there is."""
    found = await look.environments.get(id_) if id_ else await look.environments.by_slug(slug.lower())
    return found if found and found.slug == slug.lower() and found.project in view.projects else None


async def card_of(look: Transaction, it: Environment, events: Sequence[Event]) -> Card:
    past = {stage: past_of(await look.past_seconds(it.project, stage)) for stage in STAGES}
    return environment_card(it, events, past, look.now)


def services_of(it: Environment, observed: Sequence[ServiceState] | None) -> list[Shown]:
    """Those that have an address, and whatever else runs."""
    by_name = {each.name: each for each in observed or ()}
    urls = {each.service: each.url for each in it.addresses} if it.is_live else {}
    names = [*urls, *(name for name in by_name if name not in urls)]
    return [_shown(name, urls.get(name, ""), by_name.get(name), is_known=observed is not None) for name in names]


def _shown(name: str, url: str, state: ServiceState | None, *, is_known: bool) -> Shown:
    if state is None:
        return Shown(name, False if is_known else None, url, NOT_KNOWN, NOT_KNOWN)
    memory = f"{state.memory_mb:.0f} MB" if state.memory_mb is not None else NOT_KNOWN
    restarts = NOT_KNOWN if state.restarts is None else str(state.restarts)
    return Shown(name, state.is_healthy, url, memory, restarts)


def cost_of(it: Environment, prices: Prices, now: float) -> list[Fact]:
    """Nothing where its size has no price."""
    each_hour = ahead(it, prices, 3600)
    if not each_hour:
        return []
    so_far = prices.shown(spent(it, prices, now))
    if it.paused_at is not None and it.is_live:
        return [Fact("Cost", line(f"{so_far} so far, {while_paused(prices, it)}"))]
    return [Fact("Cost", line(f"{so_far} so far, {prices.shown(each_hour)} an hour" if it.is_live else so_far))]


def facts_of(it: Environment, prices: Prices, now: float) -> list[Fact]:
    sha = it.running_sha or it.sha
    facts = [
        Fact("Owner", line(Strong(it.owner.name or it.owner.id), f" on {it.owner.platform}")),
        Fact("Project", line(it.project, f" #{it.request}" if it.request else "")),
        Fact("Branch", line(Code(it.branch))),
        Fact("Commit", line(replies.commit(sha), ", pinned" if it.is_pinned else "")),
        Fact("Size", line(it.size.value)),
        *([Fact("Runs on", line(where))] if (where := replies.place(it.engine)) else []),
        Fact("Made", line(replies.moment(it.created_at), f" ({duration((it.gone_at or now) - it.created_at)})")),
        *cost_of(it, prices, now),
    ]
    if it.tilt_args:
        facts.append(Fact("Tilt", line(Code(" ".join(it.tilt_args)))))
    if words := data_words(it):
        facts.append(Fact("Data", line(*words)))
    if it.gone_at:
        return [*facts, Fact("Gone", line(replies.moment(it.gone_at))), Fact("Why", line(Text(it.gone_reason)))]
    return [*facts, Fact("Goes", line(replies.moment(it.expires_at), " (kept)" if it.is_kept else ""))]


def actions_of(it: Environment, prices: Prices, may: frozenset[str], *, is_halted: bool = False) -> list[tuple[str, str]]:
    """What is one press away of what the rules allow, as lines that anybody could type."""
    halted = [("Resume trading", f"/ivy resume {it.slug}")] if is_halted and it.is_live and not it.is_paused else []
    return [(label, said) for label, said in [*halted, *_presses(it, prices)] if _words(said) in may]


def _words(said: str) -> str:
    return " ".join(said.removeprefix("/").split()[:2])


def _presses(it: Environment, prices: Prices) -> list[tuple[str, str]]:
    if not it.is_live:
        return [("Restore", f"/ivy restore {it.slug}")]
    more = [(_longer(hours, it, prices), f"/ivy extend {it.slug} {hours}h") for hours in (4, 24)]
    if it.is_paused:
        return [("Resume", f"/ivy resume {it.slug}"), *more]
    if not it.is_settled:
        return [("Cancel", f"/ivy cancel {it.slug}")]
    if it.failure:
        return [("Try again", f"/ivy retry {it.slug}"), *more]
    more.append(("Keep no more", f"/ivy unkeep {it.slug}") if it.is_kept else ("Keep", f"/ivy keep {it.slug}"))
    return [*more, ("Pause", f"/ivy pause {it.slug}"), ("Update", f"/ivy update {it.slug}"), ("Restart", f"/ivy restart {it.slug}")]


def _longer(hours: int, it: Environment, prices: Prices) -> str:
    price = ahead(it, prices, hours * 3600)
    return f"+{hours} h" + (f" ({prices.shown(price)})" if price else "")


def story_of(events: Sequence[Event]) -> list[tuple[float, str, str]]:
    """When, what and who, the newest first: in the words of `why`."""
    told = (each for each in reversed(events) if not each.kind.startswith("stage_began"))
    return [(each.at, replies.story(each), each.actor) for each in told]


def links_of(templates: dict[str, str], it: Environment) -> list[tuple[str, str]]:
    """Addresses elsewhere, each word of theirs quoted into its place."""
    values = {"slug": it.slug, "project": it.project, "branch": it.branch, "sha": it.running_sha or it.sha, "id": it.id}
    found = []
    for label, template in templates.items():
        url = template
        for name, value in values.items():
            url = url.replace("{" + name + "}", quote(value, safe=""))
        found.append((label, url))
    return found


async def _allowed(parts: Parts, user: SignedIn, it: Environment) -> frozenset[str]:
    """Which commands somebody may say about it."""
    return frozenset(command for command, _ in await parts.sight.may(user.person, [it], *_LOOKS, *_CHANGES))


def without_logs(card: Card) -> Card:
    return msgspec.structs.replace(card, body=tuple(block for block in card.body if not isinstance(block, Log)))


def not_allowed(user: SignedIn, view: View, words: str) -> Response:
    return frame.told(user, view, "You may not look at that", f"It would be the answer to /{words}, which you may not run here.", 403)


async def logs_of(parts: Parts, it: Environment, service: str | None, tail: int) -> Markup:
    try:
        found = await parts.runtime.logs(it.id, service, tail) if it.is_live else ()
    except RuntimeUnavailable as error:
        return Markup("<p class=note>The place where environments run could not be asked: {}</p>").format(str(error))
    if not found and it.failure:
        found = [(it.failure.stage, text) for text in it.failure.log]
    if not found and it.state is State.PAUSED:
        return Markup("<p class=note>Its logs are there again when it is resumed.</p>")
    if not found:
        return (
            Markup("<p class=note>Nothing has been written yet.</p>") if it.is_live else Markup("<p class=note>Its logs went with it.</p>")
        )
    width = max(len(name) for name, _ in found)
    is_one = len({name for name, _ in found}) == 1
    return html.log_lines(tuple(text if is_one else f"{name:<{width}} | {text}" for name, text in found))


async def _page(parts: Parts, request: Request, user: SignedIn, view: View, slug: str) -> Response | None:
    async with parts.store.look() as look:
        it = await seen(look, slug, request.query_params.get("id", ""), view)
        if it is None:
            return None
    may = await _allowed(parts, user, it)
    if "ivy status" not in may:
        return not_allowed(user, view, "ivy status")
    prices = parts.money.prices() if "ivy cost" in may else FREE
    async with parts.store.look() as look:
        events = await look.events_of(it.id, _EVENTS)
        card = await card_of(look, it, events)
        shown: dict[str, Any] = {
            "it": it,
            "card": card if "ivy logs" in may else without_logs(card),
            "facts": facts_of(it, prices, look.now),
        }
        key = await look.trading.key(it.id) if it.is_trading else None
        trading = await look.trading.state(it.id) if it.is_trading else None
        how = standing(it, trading, look.now) if trading else ()
        alarms = [stands(each) for each in await look.alarms.open()] if it.is_trading else []
        used = await stored_usage.of(look.connection, it.id, look.now - usage.SPAN_S)
    observed = await parts.observing.services(it.id) if it.is_live else ()
    feed = await parts.runtime.feed(it.id) if it.is_trading and it.is_live else None
    if isinstance(feed, Certificate):
        feed = feed.since(it.created_at)
    return frame.page(
        "environment.html",
        user,
        f"/environments/{it.slug}",
        view,
        **shown,
        services=services_of(it, observed),
        key=key,
        alarms=alarms,
        trading=how,
        may_see_key="ivy restart" in may,
        usage=usage.charts_of(used),
        feed=market_data.shown(feed) if feed else None,
        logs=await logs_of(parts, it, None, _TAIL) if "ivy logs" in may else _NO_LOGS,
        links=links_of(dict(parts.links), it),
        forge=parts.forge,
        actions=actions_of(it, prices, may, is_halted=trading is not None and trading.is_halted),
        may_terminate="ivy terminate" in may,
        datasets=it.seeds.offered if "ivy update" in may and it.is_live and not it.is_paused else {},
        story=story_of(events) if "ivy history" in may else [],
        flash=await saying.flash(parts.saying, request, user),
    )


def not_here(user: SignedIn, view: View, slug: str) -> Response:
    return frame.told(user, view, "There is no such environment", f"None that you may see is called {slug[:60]}.", 404)


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False, prefix="/environments/{slug}")

    @routes.get("")
    async def environment(request: Request, user: User, slug: str) -> Response:
        view = await parts.sight.of(user.person)
        return await _page(parts, request, user, view, slug) or not_here(user, view, slug)

    @routes.get("/logs")
    async def logs(request: Request, user: User, slug: str, service: str = "", part: str = "") -> Response:
        view = await parts.sight.of(user.person)
        async with parts.store.look() as look:
            it = await seen(look, slug, request.query_params.get("id", ""), view)
        if it is None:
            return not_here(user, view, slug)
        if "ivy logs" not in await _allowed(parts, user, it):
            return not_allowed(user, view, "ivy logs")
        here, names = f"/environments/{it.slug}", it.log_names
        service = service if service in names else ""
        return frame.page(
            "logs.html",
            user,
            f"{here}/logs",
            view,
            it=it,
            back=here,
            services=names,
            service=service,
            address=f"{here}/logs" + (f"?service={quote(service)}" if service else ""),
            logs=await logs_of(parts, it, service or None, _TAIL if part else _LONG_TAIL),
        )

    return routes
