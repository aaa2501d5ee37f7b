"""What CI registers, for tests: artifacts as rows, by a few words."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.ids import new_id

if TYPE_CHECKING:
    from bot.domain.deployment import Deployment, Slot
    from tests.world import World

PROGRAM = "import libdeploy as d\n"


async def built(
    world: World,
    service: str,
    commit: str = "4",
    *,
    program: str = PROGRAM,
    is_merged: bool = True,
    request: int | None = None,
    title: str = "",
    kind: ArtifactKind = ArtifactKind.BINARY,
    contract: tuple[str, bytes] | None = None,
) -> Artifact:
    """One artifact of a commit that begins so, registered now."""
    project = world.settings.services[service].project
    async with world.store.transaction() as transaction:
        made, _ = await transaction.artifacts.add(
            Artifact(
                id=new_id(),
                service=service,
                kind=kind,
                sha256=hashlib.sha256(f"{service} {commit} {program}".encode()).hexdigest(),
                address=f"registry.example/{service}" if kind is ArtifactKind.IMAGE else f"file:///artifacts/{service}",
                project=project,
                commit=commit.ljust(40, "0"),
                ref="refs/heads/main" if is_merged else "refs/heads/demo",
                request=request,
                title=title,
                program=program,
                contract_sha256=world.files.put(contract[1]) if contract else "",
                contract_address=f"https://files.example.com/{contract[0]}" if contract else "",
                registered_at=transaction.now,
                registered_by="console:ci",
                merged_at=transaction.now if is_merged else None,
            )
        )
        return made


async def slot(world: World, service: str, environment: str) -> Slot | None:
    async with world.store.look() as look:
        return await look.slots.get(service, environment)


async def deployments(world: World, service: str, environment: str = "dev") -> list[Deployment]:
    """Oldest first."""
    async with world.store.look() as look:
        return list(reversed(await look.rollouts.past([service], environment, 100)))
