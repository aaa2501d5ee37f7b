"""The form that makes an environment: it says the line that anybody could type, and shows chat's own words when that is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from bot.context_ports import RuntimeUnavailable
from bot.domain.command import CommandState
from bot.domain.datasets import Dataset, offered
from bot.domain.environment import Size
from bot.domain.service_config import DevEnv
from bot.rendering import html
from bot.store import overview
from bot.web.pages import frame
from bot.web.pages.parts import Parts
from bot.web.pages.saying import Receipt
from bot.web.pages.sight import View
from bot.web.session import SignedIn, User, form_of

TTLS = (
    ("", "As the repository says, else as usual"),
    ("4h", "4 hours"),
    ("8h", "8 hours"),
    ("24h", "a day"),
    ("48h", "2 days"),
    ("96h", "4 days"),
)
_PATIENCE_S = 3.0
_MOST_BRANCHES = 300
_MOST = 500


@dataclass(frozen=True)
class Given:
    project: str = ""
    branch: str = ""
    ttl: str = ""
    size: str = ""
    name: str = ""
    profile: str = ""
    service: str = ""
    seed: str = ""
    tilt_args: str = ""
    dry: str = ""

    @property
    def line(self) -> str:
        """What is left empty is not said: the repository's file may know better."""
        options = {name.replace("_", "-"): value for name, value in vars(self).items() if name not in {"branch", "dry"} and value}
        said = [f"--{name}={quoted(value)}" for name, value in options.items()]
        return " ".join(["/ivy create", quoted(self.branch), *said, *(["--dry-run"] if self.dry else [])])


def given_by(fields: Mapping[str, str]) -> Given:
    values = {name: fields.get(name, "").strip()[:_MOST] for name in vars(Given())}
    return Given(**{**values, "size": values["size"] if values["size"] in set(Size) else ""})


def quoted(value: str) -> str:
    """A value as one word of a command line, whatever is in it."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + " ".join(plain.split()) + '"'


async def branches_of(parts: Parts, keys: Sequence[str]) -> Sequence[str]:
    """Branches to choose from, of all the projects that answer soon; typing one is as good."""

    async def heads(key: str) -> Sequence[str]:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return sorted(ref.removeprefix("refs/heads/") for ref in await parts.runtime.heads(parts.projects[key]))
        except (RuntimeUnavailable, TimeoutError):
            return ()

    found = [each for branches in await asyncio.gather(*map(heads, keys[:5])) for each in branches]
    return list(dict.fromkeys(found))[:_MOST_BRANCHES]


async def datasets_of(parts: Parts, keys: Sequence[str]) -> dict[str, str]:
    """Those of the operator, and of the default branches that can be read soon; another branch may have others."""

    async def of(key: str) -> dict[str, Dataset]:
        project = parts.projects[key]
        try:
            async with asyncio.timeout(_PATIENCE_S):
                ref = f"refs/heads/{project.default_branch}"
                sha = await parts.runtime.head(project, ref)
                config = await parts.runtime.config(project, ref, sha) if sha else None
        except (RuntimeUnavailable, TimeoutError):
            config = None
        of_file = config.seeds if isinstance(config, DevEnv) else ()
        return offered(of_file, project.datasets, is_fork=False)

    found = await asyncio.gather(*map(of, keys[:5]))
    return {name: each.description for known in found for name, each in known.items()}


async def _form(parts: Parts, user: SignedIn, view: View, given: Given, flash: Markup = Markup(""), status: int = 200) -> Response:  # noqa: B008
    keys = parts.keys(view.projects)
    return frame.page(
        "create.html",
        user,
        "/create",
        view,
        status=status,
        given=given,
        projects=keys,
        branches=await branches_of(parts, keys),
        ttls=TTLS,
        sizes=[each.value for each in Size if any(each in parts.projects[key].sizes for key in keys)],
        datasets=await datasets_of(parts, keys),
        flash=flash,
    )


async def _done(parts: Parts, user: SignedIn, view: View, given: Given, receipt: Receipt) -> Response:
    heard, replies = await parts.saying.outcome(user.person, receipt)
    is_refused = CommandState.REFUSED in heard.states
    if replies and (is_refused or given.dry):
        words = Markup("<div class=flash role=alert>{}</div>").format(Markup("").join(html.draw(each) for each in replies))
        return await _form(parts, user, view, given, words, 422 if is_refused else 200)
    async with parts.store.look() as look:
        slug = await overview.made_by(look.connection, receipt.key)
    return RedirectResponse(f"/environments/{slug}" if slug else "/chat", status_code=303)


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(include_in_schema=False, prefix="/create")

    @routes.get("")
    async def form(request: Request, user: User) -> Response:
        return await _form(parts, user, await parts.sight.of(user.person), given_by(request.query_params))

    @routes.post("")
    async def create(request: Request, user: User) -> Response:
        given = given_by(await form_of(request))
        receipt = await parts.saying.say(user.person, given.line)
        return await _done(parts, user, await parts.sight.of(user.person), given, receipt)

    return routes
