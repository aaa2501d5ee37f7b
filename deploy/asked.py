"""What a run is given: the same files under the same names wherever it runs, and the words that start it there."""

from __future__ import annotations

import hashlib
import json
import re

from deploy.runner import Job, Step

MADE = {Step.PLAN: "made-plan.json", Step.LOOK: "made-live.json"}
_GIVEN = {"live": "live.json", "plan": "plan.json", "previous": "previous.json"}
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


SPARE_S = 60.0
"""What a run gets beyond its own times, to begin and to end."""


def deadline_s(job: Job, spare_s: float = SPARE_S) -> float:
    """How long it may take: to wait for health, and once more when it is taken back."""
    return 2 * job.within_s + spare_s


def checked(id: str) -> str:
    """Raises ValueError for what cannot be the name of a folder and of a Kubernetes Job alike."""
    if not _ID.fullmatch(id):
        raise ValueError(f"{id!r} is no id of a run")
    return id


def files(job: Job) -> dict[str, bytes]:
    """By name, in the folder in which it runs."""
    found = {"deploy.py": job.program.encode(), "target.json": json.dumps(job.target).encode()}
    for name, file in _GIVEN.items():
        given: bytes | None = getattr(job, name)
        if given is not None:
            found[file] = given
    return found


def arguments(job: Job, artifact: str = "") -> list[str]:
    """What Python is started with. `artifact` is the path of the artifact's file there.

    A look that is given a plan needs no deploy.py: nobody's code but libdeploy's has its rights then.
    """
    if job.step is Step.LOOK and job.plan:
        previous = ["--previous", "previous.json"] if job.previous else []
        return ["-m", "libdeploy", "look", "--target", "target.json", "--plan", "plan.json", *previous, "--out", MADE[Step.LOOK]]
    argv = ["deploy.py", "--target", "target.json", "--within", f"{job.within_s:g}"]
    if artifact:
        argv += ["--artifact", artifact]
    if job.step is Step.PLAN:
        argv += ["--plan-out", MADE[Step.PLAN]]
    elif job.step is Step.LOOK:
        argv += ["--live-out", MADE[Step.LOOK]]
    else:
        argv += ["--apply-plan", "plan.json"] if job.plan else []
        argv += ["--previous", "previous.json"] if job.previous else []
    return argv + (["--live", "live.json"] if job.live and job.step is not Step.LOOK else [])


def fingerprint(job: Job) -> str:
    """Of everything that was asked: two jobs of one id have to be the same."""
    given = [getattr(job, name) or b"" for name in _GIVEN]
    asked = [
        job.step,
        job.program,
        job.target,
        job.artifact is not None,
        job.within_s,
        *(hashlib.sha256(each).hexdigest() for each in given),
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
