"""What the hosts that last cost a month, on demand and reserved: a table for people, of the table of prices."""

from __future__ import annotations

from bot.price_table import Host, PriceTable, Region

_HOURS_A_MONTH = 730
HOSTS = (("NATS", 3), ("multiplexers", 2))
"""Of modules/platform with `feeds`: what it is, and how many."""
_HEAD = (
    "| region | instance | hosts | on demand, a month | reserved for a year, a month | saved | reserved pays from | as of |\n"
    "|---|---|---|---|---|---|---|---|\n"
)
_NONE = "There are no prices of hosts yet. Ask AWS: trellis prices refresh --region REGION\n"


def table(prices: PriceTable) -> str:
    """In Markdown. A host that runs for a smaller part of the year than the last column but one says is cheaper on demand."""
    rows = [
        _row(name, region, instance_type, host, what, count)
        for name, region in sorted(prices.regions.items())
        for instance_type, host in sorted(region.hosts.items())
        for what, count in (*HOSTS, ("all", sum(count for _, count in HOSTS)))
    ]
    return _HEAD + "".join(rows) if rows else _NONE


def _row(name: str, region: Region, instance_type: str, host: Host, what: str, count: int) -> str:
    demand = host.per_hour * count * _HOURS_A_MONTH
    told = [name, instance_type, f"{count} ({what})", f"{region.currency} {demand:,.2f}"]
    if host.reserved_per_hour is None:
        told += ["not to be had", "\N{EN DASH}", "\N{EN DASH}"]
    else:
        part = host.reserved_per_hour / host.per_hour
        told += [f"{region.currency} {demand * part:,.2f}", f"{1 - part:.0%}", f"{part:.0%} of the time"]
    return f"| {' | '.join([*told, region.as_of])} |\n"
