"""Secrets in AWS, on moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.domain.ids import new_id
from bot.vault.vault import NoSecret, PathRefused, VaultUnavailable

on_moto = pytest.mark.terraform  # the lane that has it
REGION, ACCOUNT = "eu-west-1", "123456789012"
ID, OTHER = new_id(), new_id()
PRODUCTION = "/prod/trellis-canary"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    mock_aws = pytest.importorskip("moto").mock_aws
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def client(**more: Any) -> Any:
    import boto3

    return boto3.client("secretsmanager", region_name=REGION, **more)


@on_moto
@pytest.mark.usefixtures("aws")
async def test_what_was_written_is_read_and_an_environment_takes_its_own_along() -> None:
    from bot.vault.aws import SecretsManager

    vault = SecretsManager(client())
    for path in (f"/dev-envs/{ID}/key", f"/dev-envs/{ID}/feed", f"/dev-envs/{OTHER}/key", "/sandbox/key"):
        await vault.write(path, "first")
        await vault.write(path, "second")
    assert await vault.read(f"/dev-envs/{ID}/key") == "second"
    await vault.remove(ID)
    await vault.remove(ID)
    with pytest.raises(NoSecret):
        await vault.read(f"/dev-envs/{ID}/key")
    assert await vault.read(f"/dev-envs/{OTHER}/key") == "second"
    assert {each["Name"] for each in client().list_secrets()["SecretList"]} == {f"/dev-envs/{OTHER}/key", "/sandbox/key"}
    await vault.write(f"/dev-envs/{ID}/key", "again")
    assert await vault.read(f"/dev-envs/{ID}/key") == "again"


@on_moto
@pytest.mark.usefixtures("aws")
async def test_production_is_refused_by_the_port_itself_though_the_keys_would_do() -> None:
    from bot.vault.aws import SecretsManager

    client().create_secret(Name=PRODUCTION, SecretString="real money")
    vault = SecretsManager(client())
    for path in (PRODUCTION, "/PROD/x", f"/sandbox/..{PRODUCTION}", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{PRODUCTION}"):
        with pytest.raises(PathRefused):
            await vault.read(path)
        with pytest.raises(PathRefused):
            await vault.write(path, "x")
    assert not await vault.is_refused(PRODUCTION)
    assert not await vault.is_refused("/prod/that-is-not-there")


@pytest.mark.parametrize(
    ("code", "is_refused"),
    [
        ("AccessDeniedException", True),
        ("ResourceNotFoundException", False),
        ("DecryptionFailure", False),
        ("InvalidRequestException", False),
        ("ThrottlingException", None),
        ("ExpiredTokenException", None),
        ("UnrecognizedClientException", None),
    ],
)
async def test_only_a_refusal_is_one_and_what_cannot_be_said_is_none(code: str, is_refused: bool | None) -> None:
    """moto answers a denied action in another protocol than AWS: the codes here are AWS's own."""
    from botocore.stub import Stubber

    from bot.vault.aws import SecretsManager

    asked = client(aws_access_key_id="testing", aws_secret_access_key="testing")
    with Stubber(asked) as stub:
        stub.add_client_error("get_secret_value", code, expected_params={"SecretId": PRODUCTION})
        if is_refused is None:
            with pytest.raises(VaultUnavailable):
                await SecretsManager(asked).is_refused(PRODUCTION)
        else:
            assert await SecretsManager(asked).is_refused(PRODUCTION) is is_refused
        stub.add_client_error("get_secret_value", "AccessDeniedException")
        with pytest.raises(PathRefused, match="AWS refuses /sandbox/key"):
            await SecretsManager(asked).read("/sandbox/key")


async def test_aws_that_cannot_be_asked_has_refused_nothing() -> None:
    from botocore.config import Config

    from bot.vault.aws import SecretsManager

    quick = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    vault = SecretsManager(client(endpoint_url="http://127.0.0.1:9", config=quick, **keys))
    with pytest.raises(VaultUnavailable):
        await vault.is_refused(PRODUCTION)
    with pytest.raises(VaultUnavailable):
        await vault.read("/sandbox/key")
