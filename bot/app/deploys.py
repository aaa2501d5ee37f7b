"""Where deploys run, and where artifacts are fetched from, from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from bot.settings import Settings
from bot.worker.deploy_jobs import Files
from deploy.artifacts import Artifacts, Folder, Http
from deploy.host import socket_in
from deploy.remote import RemoteRunner
from deploy.runner import Runner


@dataclass(frozen=True)
class Deploys:
    """Where runs of deploy.py are, and the files that they bring."""

    runner: Runner
    files: Files


def deploys_of(settings: Settings) -> Deploys:
    """Runs are the keeper's: workers come and go."""
    pushed = settings.pushed_dir
    files = Artifacts(pushed.with_name("files"), (Folder(pushed), Http({})))
    return Deploys(RemoteRunner(socket_in(settings.deploys_dir)), files)
