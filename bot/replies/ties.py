"""Threads tied to merge requests."""

from __future__ import annotations

import msgspec

from bot.domain.environment import Environment
from bot.domain.prose import Code, Reply, line


def tied(reply: Reply, environment: Environment) -> Reply:
    """`reply`, and that the thread shows the request's environments from now on."""
    request = Code(f"{environment.project}#{environment.request}")
    return msgspec.structs.replace(
        reply, blocks=(*reply.blocks, line("This thread is tied to ", request, ": what becomes of it is shown here."))
    )
