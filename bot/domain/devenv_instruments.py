"""The `instruments` of an exchange in `.dev-env.yaml`: each as one form, or refused with the nearest that there is."""

from __future__ import annotations

from difflib import get_close_matches

from bot.domain.devenv_nodes import at, shown_of, text_of
from bot.domain.instruments import instrument, meant, meant_by, settled_in
from bot.domain.service_config import Problems
from bot.domain.trading import Market, Offer
from bot.domain.yaml_nodes import Node, Sequence, shown

MOST = 50


def instruments_of(node: Node, of: tuple[str, str], offer: Offer, problems: Problems) -> tuple[str, ...]:
    """`of` is the exchange and its market, "" where they were refused."""
    if not isinstance(node, Sequence) or not node.items:
        problems.add(at(node), "wrong_type", '"instruments" is a list with at least one of them', "instruments: [BTC/USDT]")
        return ()
    if len(node.items) > MOST:
        problems.add(at(node.items[MOST]), "too_many", f"there are too many instruments: {MOST} at most")
        return ()
    found = [_instrument(item, of, offer.known(*of), problems) for item in node.items]
    return tuple(dict.fromkeys(each for each in found if each))


def _instrument(node: Node, of: tuple[str, str], known: frozenset[str] | None, problems: Problems) -> str | None:
    written = text_of(node)
    token = instrument(written)
    if token is None or (of[1] == Market.SPOT and settled_in(written)):
        right = meant_by(written, is_perpetual=of[1] == Market.PERPETUAL)
        near = right if not known or instrument(right) in known else _near(right.replace("/", ""), known) or min(known)
        problems.add(at(node), "bad_instrument", f'"{shown_of(node)}" {_fault(written, of[1])}', near)
    elif (nearest := meant(token, known)) is not None:
        there = "no exchange has" if known is None else f"{of[0]} {of[1]} has no"
        problems.add(at(node), "unknown_instrument", f'{there} "{shown(written)}"', nearest)
    return token


def _fault(written: str, market: str) -> str:
    settled = shown(settled_in(written))
    if not settled:
        return "is no instrument"
    return "is a perpetual's, and the type is spot" if market == Market.SPOT else f"is settled in {settled}, and not in its quote"


def _near(token: str, known: frozenset[str]) -> str:
    return next(iter(get_close_matches(token, sorted(known), 1, 0.5)), "")
