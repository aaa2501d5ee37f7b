"""What the doctor says of the places that services are deployed to: this host and clusters."""

from __future__ import annotations

from bot.doctor_said import Finding, Said, bad, good
from bot.settings import Settings
from deploy.host import socket_in
from deploy.kubernetes import KubernetesRunner
from deploy.remote import RemoteRunner
from deploy.runner import RunnerUnavailable


async def deploys(settings: Settings) -> Said:
    """Whether services can be deployed to this host."""
    about, runner = "deploys to this host", RemoteRunner(socket_in(settings.deploys_dir))
    try:
        found = await runner.health()
    except RunnerUnavailable as error:
        return bad(about, f"{error} Is `trellis up` running?")
    finally:
        await runner.aclose()
    if found.problems:
        return bad(about, "; ".join(found.problems))
    words = f"{found.programs} programs run, {found.runs} runs of deploy.py"
    if not found.sandbox:
        advice = "without a sandbox a deploy.py is run with all rights of this user, also only to plan. Install bubblewrap to have one."
        return Said(about, Finding.WARNING, f"{words}; {advice}")
    return good(about, f"{words}, in a sandbox ({found.sandbox})")


async def cluster(name: str, runner: KubernetesRunner) -> Said:
    """Whether services can be deployed by Jobs of that cluster."""
    about = f"deploys in cluster {name}"
    try:
        problems = await runner.problems()
    except RunnerUnavailable as error:
        return bad(about, f"{str(error).rstrip('.')}: look at deploy.clusters.{name} in trellis.toml")
    if problems:
        return bad(about, f"{'; '.join(problems)}: docs/operations.md says what it needs")
    return good(about, "answers, and takes runs")
