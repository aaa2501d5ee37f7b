"""What the doctor asks of a GitHub App: whether its key is good, where it is installed, and what it may there."""

from __future__ import annotations

import asyncio

from bot.chats.github_app import AppAccess
from bot.chats.github_manifest import PERMISSIONS
from bot.chats.github_wire import EVENTS
from bot.chats.remote import RemoteFailure
from bot.domain.project import Project

_LEVELS = {"": 0, "read": 1, "write": 2, "admin": 3}


async def app_problem(access: AppAccess, *, is_hooked: bool) -> tuple[str, str]:
    """(what it is called, what is wrong with the App itself): its key, and the events that its webhook lacks."""
    try:
        app = await asyncio.to_thread(access.app)
    except RemoteFailure as failure:
        return "", str(failure)
    missing = sorted(set(EVENTS) - set(app.events)) if is_hooked else []
    where = f" at {app.html_url}" if app.html_url else ""
    return app.slug, f"does not hear of {', '.join(missing)}: subscribe to these events in its settings{where}" if missing else ""


async def installation_problem(access: AppAccess, project: Project) -> str:
    """Why the App cannot do its work in a project; "" when it can."""
    try:
        found = await asyncio.to_thread(access.installation, project.path)
    except RemoteFailure as failure:
        return str(failure)
    if found.suspended_at:
        return f"the GitHub App's installation is suspended: take that back at {found.html_url}"
    lacking = [
        f"{name}: {wanted}" + (f" (it has {found.permissions[name]})" if name in found.permissions else "")
        for name, wanted in PERMISSIONS.items()
        if _LEVELS.get(found.permissions.get(name, ""), 0) < _LEVELS[wanted]
    ]
    if lacking:
        return f"the GitHub App lacks {', '.join(lacking)}: ask for it in the App's settings, then accept it at {found.html_url}"
    return ""
