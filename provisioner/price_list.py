"""What instances cost by AWS's own price list. It is asked in one region for all: the prices of which region is a filter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

ASKED_IN = "us-east-1"  # the price list has its addresses there and in few other places
_HOURS_A_MONTH = 730
_A_YEAR = {"LeaseContractLength": "1yr", "OfferingClass": "standard", "PurchaseOption": "No Upfront"}
_ON_DEMAND = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}


class NoPrice(Exception):  # noqa: N818 - the text is the line to show
    """There is no price, or more than one."""


@dataclass(frozen=True)
class Price:
    """`per_hour` of the instance and its disk together, `disk_per_hour` of the disk alone, in US dollars."""

    instance_type: str
    per_hour: float
    disk_per_hour: float


@dataclass(frozen=True)
class HostPrice:
    """Of an instance without its disk, in US dollars an hour; reserved for a year, standard, nothing upfront. None: not to be had."""

    per_hour: float
    reserved_per_hour: float | None


def client() -> Any:
    """Credentials are found as boto3 finds them. Raises ImportError without it."""
    import boto3  # noqa: PLC0415 - of an extra

    return boto3.client("pricing", region_name=ASKED_IN)


def prices(pricing: Any, region: str, instance_types: Mapping[str, str], volume_gb: int) -> dict[str, Price]:
    """By size. Raises NoPrice, and what botocore raises."""
    a_gb = _only(pricing, f"gp3 in {region}", "GB-Mo", {"productFamily": "Storage", "volumeApiName": "gp3", "regionCode": region})
    disk = a_gb * volume_gb / _HOURS_A_MONTH
    found = {}
    for size, instance_type in instance_types.items():
        wanted = {**_ON_DEMAND, "instanceType": instance_type, "regionCode": region}
        an_hour = _only(pricing, f"{instance_type} in {region}", "Hrs", wanted)
        found[size] = Price(instance_type, float(round(an_hour + disk, 6)), float(round(disk, 6)))
    return found


def host_price(pricing: Any, region: str, instance_type: str) -> HostPrice:
    """Of what lasts. Raises NoPrice, and what botocore raises."""
    wanted = {**_ON_DEMAND, "instanceType": instance_type, "regionCode": region}
    products = list(_products(pricing, wanted))
    an_hour = _one(f"{instance_type} in {region}", (price for each in products for price in _on_demand(each, "Hrs")))
    reserved = {price for each in products for price in _reserved(each) if price > 0}
    return HostPrice(float(an_hour), float(reserved.pop()) if len(reserved) == 1 else None)


def _only(pricing: Any, what: str, unit: str, wanted: Mapping[str, str]) -> Decimal:
    return _one(what, (price for each in _products(pricing, wanted) for price in _on_demand(each, unit)))


def _products(pricing: Any, wanted: Mapping[str, str]) -> Iterable[Mapping[str, Any]]:
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    pages = pricing.get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=filters, FormatVersion="aws_v1")
    return (json.loads(text) for page in pages for text in page["PriceList"])


def _one(what: str, prices: Iterable[Decimal]) -> Decimal:
    found = {price for price in prices if price > 0}
    if len(found) != 1:
        many = f"{len(found)} prices" if found else "no price"
        raise NoPrice(f"AWS's price list has {many} for {what}")
    return found.pop()


def _on_demand(product: Mapping[str, Any], unit: str) -> Iterable[Decimal]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        yield from _amounts(term, unit)


def _reserved(product: Mapping[str, Any]) -> Iterable[Decimal]:
    for term in product.get("terms", {}).get("Reserved", {}).values():
        if _A_YEAR.items() <= term.get("termAttributes", {}).items():
            yield from _amounts(term, "Hrs")


def _amounts(term: Mapping[str, Any], unit: str) -> Iterable[Decimal]:
    for dimension in term["priceDimensions"].values():
        if dimension["unit"] == unit and "USD" in dimension["pricePerUnit"]:
            try:
                yield Decimal(dimension["pricePerUnit"]["USD"])
            except InvalidOperation:
                continue
