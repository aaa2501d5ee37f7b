"""The wall of a trading environment: no exchange it is told of is anything but a sandbox, its limits are the file's, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from bot.domain.sandboxes import fault, production_in
from bot.domain.service_config import ServiceConfig
from bot.domain.trading import ON_PAPER

TOLD_IN = "TRADING"
"""The variable in which a strategy is told where its exchanges are."""


def breach(services: Iterable[ServiceConfig], more: frozenset[str], told: str) -> str:
    """What of services as they will run leads to production or past the limits, as a sentence; "" when nothing does.

    `told` is $TRADING as Trellis renders it: each of them hears that, and nothing else.
    """
    return next((found for each in services for found in _breaches(each, more, told)), "")


def _breaches(service: ServiceConfig, more: frozenset[str], told: str) -> Iterator[str]:
    for what, text in (
        ("command", service.run),
        ("build", service.build or ""),
        *((f"variable {key}", value) for key, value in service.env),
    ):
        if host := production_in(text):
            yield f"the {what} of {service.name} names {host}, an exchange's production"
    heard = [value for key, value in service.env if key == TOLD_IN]
    for value in heard:
        yield from (f"{service.name} would be told of an exchange wrongly: {each}" for each in _wrongly_told(value, more))
    if heard != [told]:
        yield f"{service.name} would be told other exchanges or limits in ${TOLD_IN} than those of the file"


def _wrongly_told(text: str, more: frozenset[str]) -> Iterator[str]:
    try:
        exchanges = json.loads(text)["exchanges"]
        for each in exchanges:
            if each.get("orders") == ON_PAPER:
                if more_told := sorted(each.keys() - {"name", "type", "orders", "instruments"}):
                    yield f"{each['name']} is on paper, and told with {more_told[0]}"
                continue
            if each["sandbox"] is not True:
                yield f"{each['name']} is not a sandbox"
            yield from filter(None, (fault(each[name], more) for name in ("rest_url", "ws_url")))
    except (ValueError, TypeError, KeyError, AttributeError):
        yield "what it is told cannot be read"
