"""`trellis connect gitlab` and `trellis connect github --hooks`: a webhook for each project."""

from __future__ import annotations

import sys
from contextlib import closing

from bot.app.edges import projects_of
from bot.app.github import access_of
from bot.chats.github_hooks import GitHubHooks
from bot.chats.gitlab_hooks import GitLabHooks
from bot.chats.hook_made import HookMaker, HookRefused
from bot.domain.project import ForgeKind
from bot.settings import Settings, SettingsError


async def github_hooks(settings: Settings, *, is_dry: bool) -> int:
    """0: every project has its webhook; 1: not every one."""
    access = access_of(settings)
    if settings.github is None or access is None:
        raise SettingsError("GitHub is not configured: set TRELLIS_GITHUB__TOKEN and TRELLIS_GITHUB__WEBHOOK_SECRET")
    if settings.github.app_id:
        sys.stdout.write("A GitHub App brings its own webhook: its repositories need none. Look with: trellis doctor\n")
        return 0
    with closing(GitHubHooks(access, settings.github.webhook_secret.get_secret_value())) as maker:
        return await _make(settings, ForgeKind.GITHUB, maker, is_dry=is_dry)


async def gitlab_hooks(settings: Settings, *, is_dry: bool) -> int:
    """0: every project has its webhook; 1: not every one."""
    gitlab = settings.gitlab
    if gitlab is None:
        raise SettingsError("GitLab is not configured: set TRELLIS_GITLAB__TOKEN and TRELLIS_GITLAB__WEBHOOK_SECRET")
    with closing(GitLabHooks(gitlab.url, gitlab.token.get_secret_value(), gitlab.webhook_secret.get_secret_value())) as maker:
        return await _make(settings, ForgeKind.GITLAB, maker, is_dry=is_dry)


async def _make(settings: Settings, forge: ForgeKind, maker: HookMaker, *, is_dry: bool) -> int:
    there = [each for each in projects_of(settings).values() if each.forge is forge]
    if not there:
        raise SettingsError(f"no project is on {forge.value}: set TRELLIS_PROJECTS__KEY__FORGE={forge.value} and what belongs to it")
    hooked = [each for each in there if settings.projects[each.key].receive != "polling"]
    if hooked and not settings.public_url:
        raise SettingsError("TRELLIS_PUBLIC_URL is not set: webhooks must reach this Trellis. Without an address: RECEIVE=polling")
    url, is_well = f"{settings.public_url.rstrip('/')}/hooks/{forge.value}", True
    for project in there:
        if project not in hooked:
            _say("-", project.key, "is polled and needs no webhook")
            continue
        try:
            made = await maker.make(project, url, is_dry=is_dry)
        except HookRefused as error:
            is_well = False
            _say("✗", project.key, str(error))
        else:
            _say("✓", project.key, f"{made.words} ({url})" + (f"; {made.hint}" if made.hint else ""))
    end = "Nothing was changed: that is what would be done." if is_dry else "Whether they arrive: comment `/ivy whoami`, or trellis doctor."
    sys.stdout.write(f"{end}\n")
    return 0 if is_well else 1


def _say(sign: str, project: str, words: str) -> None:
    sys.stdout.write(f"{sign} {project}: {words}\n")
