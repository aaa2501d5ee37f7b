"""The evaluator itself, on what AWS's guide says of each rule."""

from __future__ import annotations

import pytest

from tests.terraform.iam import Request, is_allowed


def policy(*statements: dict[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(**more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **more}


def deny(**more: object) -> dict[str, object]:
    return {"Effect": "Deny", "Action": "s3:*", "Resource": "*", **more}


GET = Request("s3:GetObject", "arn:aws:s3:::shop/one/two")
TAGGED = Request("s3:GetObject", "arn:aws:s3:::shop/one", {"aws:ResourceTag/Env": "Prod", "aws:PrincipalTag/id": "7"})

BY_OPS = Request(
    "s3:GetObject",
    "arn:aws:s3:::shop/one",
    {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/ops/eve", "hops": "2", "aws:TagKeys": ("a", "b")},
)


@pytest.mark.parametrize(
    ("rule", "request_", "is_so"),
    [
        (allow(), GET, True),
        (allow(Action="S3:getobject"), GET, True),  # actions know no case
        (allow(Action="s3:Get*"), GET, True),
        (allow(Action="s3:Get??????"), GET, True),
        (allow(Action="s3:Get?"), GET, False),
        (allow(Action="ec2:*"), GET, False),
        (allow(Action="*"), GET, True),
        (allow(Resource="arn:aws:s3:::shop/*"), GET, True),  # over slashes
        (allow(Resource="arn:aws:s3:::Shop/*"), GET, False),  # resources know it
        (allow(Resource="arn:aws:s3:::shop/one"), GET, False),
        (allow(Resource=["arn:aws:s3:::other/*", "arn:aws:s3:::shop/one/tw?"]), GET, True),
        (allow(Resource="arn:aws:*:shop/one/two"), GET, False),  # not over the parts of an ARN
        ({"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}, GET, True),
        ({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}, GET, False),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::shop/*"}, GET, False),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"}, GET, True),
        (allow(Resource="arn:aws:s3:::shop/${aws:PrincipalTag/id}/*"), GET, False),  # no value, no match
        (
            allow(Resource="arn:aws:s3:::shop/${aws:PrincipalTag/who}"),
            Request("s3:GetObject", "arn:aws:s3:::shop/one", {"aws:principaltag/who": "one"}),
            True,
        ),
        (allow(Condition={"StringEquals": {"aws:ResourceTag/Env": ["test", "Prod"]}}), TAGGED, True),
        (allow(Condition={"StringEquals": {"aws:ResourceTag/Env": "prod"}}), TAGGED, False),
        (allow(Condition={"StringEqualsIgnoreCase": {"aws:resourcetag/env": "prod"}}), TAGGED, True),
        (allow(Condition={"StringLike": {"aws:ResourceTag/Env": "P*"}}), TAGGED, True),
        (allow(Condition={"StringEquals": {"aws:ResourceTag/Env": "Prod", "aws:PrincipalTag/id": "8"}}), TAGGED, False),
        (allow(Condition={"StringNotEquals": {"aws:ResourceTag/Env": "Prod"}}), TAGGED, False),
        (allow(Condition={"StringNotEquals": {"aws:ResourceTag/None": "Prod"}}), TAGGED, True),
        (allow(Condition={"StringEquals": {"aws:ResourceTag/None": "Prod"}}), TAGGED, False),
        (allow(Condition={"StringEqualsIfExists": {"aws:ResourceTag/None": "Prod"}}), TAGGED, True),
        (allow(Condition={"Null": {"aws:ResourceTag/Env": "false"}}), TAGGED, True),
        (allow(Condition={"Null": {"aws:ResourceTag/None": "false"}}), TAGGED, False),
        (allow(Condition={"Null": {"aws:ResourceTag/None": "true"}}), TAGGED, True),
        (allow(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ops/*"}}), BY_OPS, False),
        (allow(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/dev/*"}}), BY_OPS, True),
        (allow(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/dev/*"}}), TAGGED, True),
        (allow(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ops/*"}}), BY_OPS, True),
        (allow(Condition={"NumericGreaterThan": {"hops": "1"}}), BY_OPS, True),
        (allow(Condition={"NumericGreaterThan": {"hops": "2"}}), BY_OPS, False),
        (allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}), BY_OPS, True),
        (allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}), BY_OPS, False),
        (allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}), TAGGED, True),  # none at all
        (allow(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}), BY_OPS, True),
        (allow(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["c"]}}), BY_OPS, False),
        (allow(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}), TAGGED, False),
    ],
)
def test_one_statement(rule: dict[str, object], request_: Request, is_so: bool) -> None:
    assert is_allowed(request_, policy(rule)) is is_so


def test_nothing_said_is_a_no_and_a_deny_wins_wherever_it_stands() -> None:
    assert not is_allowed(GET)
    assert not is_allowed(GET, policy())
    for order in ((allow(), deny(Resource="arn:aws:s3:::shop/*")), (deny(Resource="arn:aws:s3:::shop/*"), allow())):
        assert not is_allowed(GET, policy(*order))
    assert not is_allowed(GET, policy(allow()), policy(deny(Action="s3:get*")))
    assert is_allowed(GET, policy(allow()), policy(deny(Resource="arn:aws:s3:::other/*")))


def test_a_boundary_allows_nothing_and_bounds_all() -> None:
    assert not is_allowed(GET, boundary=policy(allow()))
    assert is_allowed(GET, policy(allow()), boundary=policy(allow()))
    assert not is_allowed(GET, policy(allow()), boundary=policy(allow(Action="ec2:*")))
    assert not is_allowed(GET, policy(allow()), boundary=policy(allow(), deny(Action="s3:GetObject")))


def test_an_organisations_policy_takes_away_and_gives_nothing() -> None:
    assert not is_allowed(GET, scp=policy(allow()))
    assert is_allowed(GET, policy(allow()), scp=policy(deny(Action="ec2:*")))
    assert not is_allowed(GET, policy(allow()), boundary=policy(allow()), scp=policy(deny()))


@pytest.mark.parametrize("odd", [{"Principal": "*"}, {"Effect": "allow"}, {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}])
def test_what_it_does_not_know_it_does_not_judge(odd: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        is_allowed(Request("s3:GetObject", GET.resource, {"aws:SourceIp": "10.1.1.1"}), policy(allow(**odd)))
