"""What `trellis doctor` says of prices: whether costs are reckoned by the machines that are made."""

from __future__ import annotations

from bot import price_table
from bot.doctor_said import Said, bad, good
from bot.price_table import BadTable
from bot.settings import Settings
from bot.settings.engines import machine_types, own_types


async def priced(settings: Settings) -> Said:
    """Of a table of AWS's prices."""
    region = settings.prices.region
    try:
        table = price_table.read(settings.price_file).regions.get(region)
    except BadTable as error:
        return bad("prices", str(error))
    if table is None:
        return bad("prices", f"there is none of {region} yet: trellis prices refresh")
    made = machine_types(settings)
    for size, each in table.sizes.items():
        if made[size] != each.instance_type:
            return bad("prices", f"{size} is reckoned as {each.instance_type} and made as {made[size]}: trellis prices refresh")
    if other := own_types(settings):
        return bad("prices", f"machines of {', '.join(other)} have types of their own, and are reckoned as everybody's: budgets go by that")
    return good("prices", f"of {table.as_of}, for {', '.join(f'{size} {each.instance_type}' for size, each in table.sizes.items())}")
