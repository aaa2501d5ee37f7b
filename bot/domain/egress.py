"""Where a trading environment may connect to, as rules of the network: rendered from the same list that its profile is checked against."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from bot.domain.sandboxes import Addresses, fault
from bot.domain.trading import Offer, Trading

_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
_NATS = 4222


@dataclass(frozen=True, order=True)
class Way:
    """A host and a port that may be reached."""

    host: str
    port: int


@dataclass(frozen=True)
class Found:
    """A way with the addresses that its host has now."""

    way: Way
    addresses: tuple[str, ...]


def ways_of(offer: Offer, *own: str) -> tuple[Way, ...]:
    """The sandboxes that are offered and `own` addresses, as of the feed (commas between them); not this machine. Raises ValueError."""
    return _ways(offer.sandboxes.values(), offer, own)


def ways_from(trading: Trading, offer: Offer, *own: str) -> tuple[Way, ...]:
    """Of one environment: the sandboxes that it trades in, none on paper, and `own` addresses as of its feed. Raises ValueError."""
    asked = () if trading.is_on_paper else [offer.sandboxes[each.name, each.market] for each in trading.exchanges]
    return _ways(asked, offer, own)


def _ways(sandboxes: Iterable[Addresses], offer: Offer, own: Iterable[str]) -> tuple[Way, ...]:
    urls = [url for each in sandboxes for url in (each.rest, each.ws)]
    if wrong := next(filter(None, (fault(url, offer.sandbox_hosts) for url in urls)), ""):
        raise ValueError(wrong)
    addresses = map(urlsplit, [*urls, *(url for each in own for url in each.split(",") if url)])
    found = {Way(each.hostname or "", each.port or _PORTS.get(each.scheme, _NATS)) for each in addresses}
    return tuple(sorted(each for each in found if not _is_here(each.host)))


def nftables(found: Sequence[Found], user: str) -> str:
    """For `nft --file -`: what processes of that user may reach; others are left alone. Raises ValueError for what is no user."""
    if not _USER.fullmatch(user):
        raise ValueError("a user's name has up to 32 small letters, digits, _ and -")
    by_version = {version: sorted(_elements(found, version)) for version in (4, 6)}
    sets = "".join(_set(version, elements) for version, elements in by_version.items())
    return f"""\
# The sandboxes of trading environments and their feed, with the addresses they have now: render it anew when those change (a timer).
{"".join(f"# {each.way.host}:{each.way.port}{chr(10)}" for each in found)}table inet trellis_egress
delete table inet trellis_egress
table inet trellis_egress {{
{sets}  chain out {{
    type filter hook output priority filter; policy accept;
    meta skuid != "{user}" accept
    oifname "lo" accept
    ct state established,related accept
    meta l4proto {{ tcp, udp }} th dport 53 accept
    ip daddr . tcp dport @sandboxes4 accept
    ip6 daddr . tcp dport @sandboxes6 accept
    counter reject with icmpx type admin-prohibited
  }}
}}
"""


def terraform(found: Sequence[Found]) -> str:
    """Variables of `terraform/modules/trading-env`: names for the DNS firewall, addresses for the security group."""
    egress = [
        {"host": each.way.host, "port": each.way.port, "addresses": [a for a in each.addresses if _version(a) == 4]} for each in found
    ]
    return json.dumps({"egress": egress}, indent=2)


def _set(version: int, elements: Iterable[str]) -> str:
    inside = ",\n      ".join(elements)
    body = f"\n    elements = {{\n      {inside}\n    }}" if inside else ""
    return f"  set sandboxes{version} {{\n    type ipv{version}_addr . inet_service{body}\n  }}\n"


def _elements(found: Sequence[Found], version: int) -> set[str]:
    return {f"{address} . {each.way.port}" for each in found for address in each.addresses if _version(address) == version}


def _version(address: str) -> int:
    return ip_address(address).version


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
