"""The gate `contracts` with the real buf: what breaks callers in protobuf is refused in chat with the line that breaks."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.conversations.test_gates import GATES, flat
from tests.deploy.contracts.test_breaking import SHOP, TOYS, with_buf
from tests.deploys import built, deployments
from tests.world import World, a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BROKEN = SHOP.replace("int32 age = 2", "string age = 2").replace("  rpc Sell(Pet) returns (Pet);\n", "")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, services=GATES) as made:
        yield made


def packed(**files: str) -> tuple[str, bytes]:
    """As CI pushes it: an archive of its .proto files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"{name}/{name}.proto")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return "protos.tar.gz", out.getvalue()


async def _deployed(world: World, commit: str, contract: tuple[str, bytes], by: str = "dana", more: str = "") -> str:
    await built(world, "hello", commit, contract=contract)
    return flat((await world.types(f"/sled deploy hello@{commit} --to dev{more}", by=by))[-1])


@with_buf
async def test_a_field_of_another_type_and_a_call_that_is_gone_are_refused_with_their_lines(world: World) -> None:
    assert (await _deployed(world, "4fd1c0e9", packed(shop=SHOP))).startswith("✓ dana: hello runs 4fd1c0e9 in dev")
    answer = await _deployed(world, "5fd1c0e9", packed(shop=BROKEN))
    assert "hello@5fd1c0e9 may not go to dev: the gate contracts is shut: whoever calls what runs there could not go on." in answer
    assert (
        'shop/shop.proto:4:32: Field "2" with name "age" on message "Pet" changed type from "int32" to "string". (field_same_type)'
        in answer
    )
    assert 'shop/shop.proto:5:1: Previously present RPC "Sell" on service "Shop" was deleted. (rpc_no_delete)' in answer
    assert answer.endswith("Past gates, for admins only: --force. reason: gate_contracts")
    assert len(await deployments(world, "hello")) == 1
    forced = await _deployed(world, "5fd1c0e9", packed(shop=BROKEN), by="ada", more=" --force")
    assert "hello runs 5fd1c0e9 in dev" in forced


@with_buf
async def test_what_is_only_more_and_what_was_marked_beta_may_go(world: World) -> None:
    await _deployed(world, "4fd1c0e9", packed(shop=SHOP, toys=TOYS))
    more = SHOP.replace("int32 age = 2;", "int32 age = 2; string nick = 9;")
    assert "hello runs 5fd1c0e9 in dev" in await _deployed(world, "5fd1c0e9", packed(shop=more, toys=TOYS.replace("name", "title")))


@with_buf
async def test_protobuf_that_cannot_be_read_is_said_with_its_place(world: World) -> None:
    await _deployed(world, "4fd1c0e9", packed(shop=SHOP))
    answer = await _deployed(world, "5fd1c0e9", packed(shop=SHOP.replace("message Pet", "massage Pet")))
    assert "the gate contracts is shut: its contract cannot be read: shop/shop.proto:4:1: " in answer


async def test_where_there_is_no_buf_nothing_passes_and_it_says_what_is_missing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _deployed(world, "4fd1c0e9", packed(shop=SHOP))  # nothing runs there that could break
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    answer = await _deployed(world, "5fd1c0e9", packed(shop=BROKEN))
    assert "its contract cannot be compared: buf is missing, which compares protobuf: run tools/buf.sh, or put buf on PATH" in answer
    assert len(await deployments(world, "hello")) == 1
