"""Artifacts: registered by CI, once, and listed. What is merged is asked of the forge, not of whoever registers."""

from __future__ import annotations

from typing import Annotated, Self

import structlog
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, model_validator

from bot.context_ports import ForgeUnavailable
from bot.continuous import follow_main
from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.catalogue import Service
from bot.domain.command import Event
from bot.domain.ids import new_id
from bot.domain.registering import MOST_PROGRAM_BYTES, differing, wrong_address, wrong_program
from bot.store.tokens import key_of
from bot.store.transaction import Transaction
from bot.web.api.artifact_shapes import ArtifactPage, ArtifactShape, artifact_shape
from bot.web.api.caller import ArtifactReader, Builder, Caller
from bot.web.api.parts import Parts
from bot.web.problem import Problem
from deploy.artifacts import NotFetched, shown

log = structlog.get_logger()

_DEPLOY = "sled deploy"
_LINE = r"^[^\x00-\x1f\x7f]*$"
_DIGEST = r"^[0-9a-f]{64}$"
Name = Annotated[str, Query(max_length=63, pattern=r"^[a-z0-9-]*$")]
Prefix = Annotated[str, Query(max_length=64, pattern=r"^[0-9a-fA-F]*$", description="the beginning of a commit; needs `service`")]


class NewArtifact(BaseModel):
    """What CI built of a service at a commit. `program` is the text of its deploy.py, which is what runs."""

    service: str = Field(min_length=1, max_length=63, pattern=r"^[a-z0-9-]+$")
    kind: ArtifactKind
    sha256: str = Field(pattern=_DIGEST, description="of the file; of an image's manifest")
    address: str = Field(min_length=1, max_length=2000, description="where it lies; of an image its name without tag and digest")
    commit: str = Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$", description="in full")
    program: str = Field(min_length=1, max_length=MOST_PROGRAM_BYTES)
    size_bytes: int | None = Field(default=None, ge=0, le=2**53)
    ref: str = Field(default="", max_length=500, pattern=r"^(refs/[^\x00-\x20\x7f]+)?$")
    request: int | None = Field(default=None, ge=1, le=2**31 - 1, description="the merge or pull request that it was built for")
    title: str = Field(default="", max_length=500, pattern=_LINE)
    author: str = Field(default="", max_length=200, pattern=_LINE)
    version: str = Field(default="", max_length=100, pattern=_LINE)
    contract_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$", description="of the file that holds what it promises others")
    contract_address: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _must_fit(self) -> Self:
        places = [("address", wrong_address(self.kind, self.address)), ("program", wrong_program(self.program))]
        if bool(self.contract_sha256) != bool(self.contract_address):
            raise ValueError("contract_sha256 and contract_address belong together")
        if self.contract_address:
            places.append(("contract_address", wrong_address(ArtifactKind.ARCHIVE, self.contract_address)))
        if wrong := next((f"{name} {words}" for name, words in places if words), ""):
            raise ValueError(wrong)
        return self


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["artifacts"])

    @routes.post("/artifacts", status_code=201, responses={200: {"model": ArtifactShape, "description": "It was registered before"}})
    async def register(new: NewArtifact, caller: Builder, response: Response) -> ArtifactShape:
        """Once for each service, commit and digest; the same again is the same. What is registered never changes."""
        service = await _service(parts, caller, new.service)
        await _can_be_had(parts, new)
        merged_at, was_asked = await _merged(parts, service, new.commit)
        async with parts.store.transaction() as transaction:
            now = transaction.now
            given = Artifact(
                **new.model_dump(), id=new_id(), project=service.project, registered_at=now, registered_by=key_of(caller.person)
            )
            kept, is_new = await _registered(given, transaction)
            if was_asked and not kept.is_merged:
                told = await transaction.artifacts.merge_said(service.project, kept.commit, merged_at, now)
                kept = next((each for each in told if each.id == kept.id), kept)
                await follow_main([each.service for each in told if each.is_merged], parts.catalogue, transaction)
            if is_new:
                data: dict[str, str | int | float | bool | None] = {"service": kept.service, "number": kept.number, "commit": kept.commit}
                event = Event(at=now, kind="artifact_registered", project=service.project, actor=kept.registered_by, data=data)
                await transaction.note(event)
        response.status_code = 201 if is_new else 200
        return artifact_shape(kept)

    @routes.get("/artifacts")
    async def artifacts(
        caller: ArtifactReader,
        service: Name = "",
        commit: Prefix = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> ArtifactPage:
        """The newest first: of one service, or of all that the caller may see."""
        seen = (await parts.sight.of(caller.person)).projects
        wanted = [key for key, each in parts.catalogue.services.items() if each.project in seen and service in {"", key}]
        if service and not wanted:
            raise _unknown(service)
        async with parts.store.look() as look:
            if service and commit:
                found = await look.artifacts.by_commit(service, commit, limit)
            else:
                found = await look.artifacts.listed(wanted, limit)
        return ArtifactPage(artifacts=[artifact_shape(each) for each in found])

    return routes


async def _service(parts: Parts, caller: Caller, name: str) -> Service:
    """One that there is, and for which the caller may register."""
    service = parts.catalogue.services.get(name)
    if service is None or service.project not in (await parts.sight.of(caller.person)).projects:
        raise _unknown(name)
    if service.project not in await parts.sight.where(caller.person, _DEPLOY):
        raise Problem(403, "not_allowed", f"You may not register artifacts of {name}: whoever does has to be somebody who may deploy it.")
    return service


async def _can_be_had(parts: Parts, new: NewArtifact) -> None:
    """What nobody could deploy is told of when it is registered. Raises Problem."""
    if new.kind is ArtifactKind.IMAGE:
        try:
            await parts.sources.see_image(new.sha256, new.address)
        except NotFetched as error:
            raise Problem(422, error.code, str(error)) from None
    elif not parts.sources.can_fetch(new.address):
        raise Problem(422, "no_source", f"Nothing here can fetch from {shown(new.address)}: it takes a source in the settings (artifacts).")


def _unknown(name: str) -> Problem:
    return Problem(404, "unknown_service", f"There is no service {name} here.")


async def _merged(parts: Parts, service: Service, commit: str) -> tuple[float | None, bool]:
    """The forge's word, and whether there is one now; it is asked again later where there is none."""
    try:
        return await parts.merges.merged_at(parts.projects[service.project], commit), True
    except ForgeUnavailable as error:
        log.warning("merge_unknown", service=service.key, commit=commit, reason=str(error))
        return None, False


async def _registered(given: Artifact, transaction: Transaction) -> tuple[Artifact, bool]:
    """Raises Problem when something else is registered under that name."""
    kept, is_new = await transaction.artifacts.add(given)
    if different := next(differing(kept, given), ""):
        raise Problem(409, "other_artifact", f"{kept.service} at {kept.short} with this digest is registered with another {different}.")
    others = await transaction.artifacts.by_commit(given.service, given.commit)
    if any(each.commit == given.commit and each.program != given.program for each in others):
        raise Problem(409, "other_program", f"{kept.service} at {kept.commit[:8]} is registered with another deploy.py: a commit has one.")
    return kept, is_new
