"""`trellis prices`: AWS's price list is asked for by its own client, and what it says becomes a table with a day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from bot.app.terms import prices_of
from bot.cli import parser
from bot.doctor_prices import priced
from bot.doctor_said import Finding
from bot.domain.environment import Size
from bot.prices import prices
from bot.settings import Settings, SettingsError, check
from bot.settings.engines import machine_types

REGION = "eu-west-1"
HOURLY = {"t3.large": "0.0912", "t3.xlarge": "0.1824", "m6i.2xlarge": "0.428"}


def product(unit: str, *amounts: str, reserved: str = "") -> str:
    terms = {f"T{number}": {"priceDimensions": {"D": {"unit": unit, "pricePerUnit": {"USD": each}}}} for number, each in enumerate(amounts)}
    years = {
        f"R{number}": {"termAttributes": {"LeaseContractLength": years, "OfferingClass": kind, "PurchaseOption": upfront}, **dimension}
        for number, (years, kind, upfront, dimension) in enumerate(_lease(reserved))
    }
    return json.dumps({"product": {"sku": "S"}, "terms": {"OnDemand": terms, "Reserved": years}})


def _lease(reserved: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """The one that is meant, among others of the same instance."""
    asked = [("1yr", "standard", "No Upfront", reserved), ("3yr", "standard", "No Upfront", "0.01")]
    asked += [("1yr", "convertible", "No Upfront", "0.02"), ("1yr", "standard", "All Upfront", "0")]
    return [
        (years, kind, upfront, {"priceDimensions": {"D": {"unit": "Hrs", "pricePerUnit": {"USD": each}}}})
        for years, kind, upfront, each in asked
        if each
    ]


def filters(wanted: Mapping[str, str]) -> dict[str, Any]:
    made = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    return {"ServiceCode": "AmazonEC2", "Filters": made, "FormatVersion": "aws_v1"}


def instance(instance_type: str) -> dict[str, Any]:
    fixed = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
    return filters({**fixed, "instanceType": instance_type, "regionCode": REGION})


def stubbed(*, hourly: Mapping[str, list[str]] | None = None, disk: str = "0.073", hosts: bool = True, reserved: str = "0.1274") -> Any:
    """boto3's own client, which checks what it is asked; each answer comes on two pages."""
    client = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)

    def answers(asked: dict[str, Any], *products: str) -> None:
        stub.add_response("get_products", {"PriceList": [], "NextToken": "more"}, asked)
        stub.add_response("get_products", {"PriceList": list(products)}, {**asked, "NextToken": "more"})

    answers(filters({"productFamily": "Storage", "volumeApiName": "gp3", "regionCode": REGION}), product("GB-Mo", disk))
    for name, amount in HOURLY.items():
        answers(instance(name), *(product("Hrs", each) for each in (hourly or {}).get(name, [amount])))
    answers(instance("m6a.xlarge"), *([product("Hrs", "0.1926", reserved=reserved)] if hosts else []))
    stub.activate()
    return client


def settings_in(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder, prices={"region": REGION, **more})  # type: ignore[arg-type]


def run(settings: Settings, client: Any, *line: str) -> int:
    return prices(settings, parser().parse_args(["prices", *line]), lambda: client)


def test_prices_are_asked_for_written_down_with_their_day_and_reckoned_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_in(tmp_path)
    assert prices_of(settings).is_free, "there is no table yet"
    assert run(settings, stubbed(), "refresh") == 0
    said = capsys.readouterr().out
    assert "small: t3.large in eu-west-1, USD 0.0972 an hour\n" in said
    assert "paused: its disk of 60 GB, USD " in said
    found = prices_of(settings)
    assert found.per_hour[Size.SMALL] == pytest.approx(0.0912 + 0.073 * 60 / 730)
    assert found.currency == "USD"
    assert found.source.startswith("the price list of eu-west-1 of 20")
    run(settings, stubbed(hourly={"t3.large": ["0.1000"]}), "refresh")
    assert "small: t3.large in eu-west-1, USD 0.1060 an hour, was 0.0972\n" in capsys.readouterr().out
    run(settings, None, "show")
    assert "used" in capsys.readouterr().out


def test_hosts_that_last_are_reckoned_on_demand_and_reserved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_in(tmp_path)
    assert run(settings, None, "hosts") == 0
    assert capsys.readouterr().out == "There are no prices of hosts yet. Ask AWS: trellis prices refresh --region REGION\n"
    run(settings, stubbed(), "refresh")
    capsys.readouterr()
    run(settings, None, "hosts")
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.startswith("| eu-west-1 | m6a.xlarge | 5 (all) | USD 702.99 | USD 465.01 | 34% | 66% of the time | 20")
    run(settings, stubbed(reserved=""), "refresh")
    run(settings, None, "hosts")
    assert "| 5 (all) | USD 702.99 | not to be had | \N{EN DASH} | \N{EN DASH} |" in capsys.readouterr().out
    run(settings, stubbed(hosts=False), "refresh")
    told = capsys.readouterr().out
    assert "AWS's price list has no price for m6a.xlarge in eu-west-1: hosts of market data are not reckoned" in told
    assert run(settings, None, "hosts") == 0


def test_the_table_in_the_documents_is_what_the_command_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_in(tmp_path)
    settings.price_file.write_bytes(Path(__file__).with_name("host_prices.json").read_bytes())
    run(settings, None, "hosts")
    assert capsys.readouterr().out in (Path(__file__).parents[1] / "docs" / "operations.md").read_text()


@pytest.mark.parametrize(
    ("amounts", "why"), [([], "has no price for t3.large"), (["0.1", "0.2"], "has 2 prices for t3.large"), (["0"], "has no price")]
)
def test_no_price_or_two_leave_the_table_as_it_was(tmp_path: Path, amounts: list[str], why: str) -> None:
    settings = settings_in(tmp_path)
    run(settings, stubbed(), "refresh")
    before = settings.price_file.read_bytes()
    with pytest.raises(SettingsError, match=why):
        run(settings, stubbed(hourly={"t3.large": amounts}), "refresh")
    assert settings.price_file.read_bytes() == before


def test_an_aws_that_says_no_is_told_in_one_line(tmp_path: Path) -> None:
    client = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.add_client_error("get_products", "AccessDeniedException", "not you")
    stub.activate()
    with pytest.raises(SettingsError, match=r"AWS could not be asked for prices: .*AccessDenied.*not you"):
        run(settings_in(tmp_path), client, "refresh")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"regions": {"x": {"as_of": "soon", "currency": "USD", "volume_gb": 1, "sizes": {}}}}', '{"region": {}}']
)
def test_a_table_that_is_none_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    settings = settings_in(tmp_path)
    settings.price_file.write_text(text)
    with pytest.raises(SettingsError, match=r"prices\.json"):
        prices_of(settings)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"prices": {"small": 1, "region": REGION}}, "keep one of them"),
        ({"budgets": {"month": 5}}, "TRELLIS_BUDGETS are set without prices"),
        ({"prices": {"small": 1}, "budgets": {"projects": {"x": 5}}}, "TRELLIS_BUDGETS__PROJECTS__X: there is no project x"),
    ],
)
def test_money_that_cannot_be_reckoned_is_refused_at_the_start(more: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        check(Settings(**more))


async def test_what_is_made_is_what_is_asked_for_and_the_doctor_says_where_it_is_not(tmp_path: Path) -> None:
    def settings(**more: Any) -> Settings:
        return Settings(data_dir=tmp_path, engine="terraform", **{"prices": {"region": REGION}, **more})

    usual = settings()
    assert (await priced(usual)).words == f"there is none of {REGION} yet: trellis prices refresh"
    prices(usual, parser().parse_args(["prices", "refresh"]), stubbed)
    assert (await priced(usual)).finding is Finding.GOOD
    larger = {
        "module": "branch-env",
        "variables": {"instance_types": {"small": "m6i.8xlarge", "medium": "t3.xlarge", "large": "m6i.2xlarge"}},
    }
    said = await priced(settings(terraform=larger))
    assert said.words == "small is reckoned as t3.large and made as m6i.8xlarge: trellis prices refresh"
    assert machine_types(settings(terraform=larger))["small"] == "m6i.8xlarge"
    own = {"lab": {"forge": "local", "clone_url": "/srv/lab.git", "engine": "terraform", "terraform": {"variables": larger["variables"]}}}
    said = await priced(settings(terraform={"module": "branch-env"}, projects=own))
    assert said.words.startswith("machines of lab have types of their own")
