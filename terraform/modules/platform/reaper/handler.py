"""The reaper of last resort: takes down what is past its hard deadline, on a schedule, whether or not Trellis lives.

A Lambda with nothing but boto3. It believes two tags that Trellis sets when it makes an instance (`trellis:environment`, which marks what
it may touch at all, and `trellis:hard-deadline`) and the launch time that AWS itself keeps: a deadline that is missing, malformed or later
than any that Trellis gives (`LONGEST_LIFE_HOURS` after the launch) counts as that latest one. So no tag makes anything live for ever, and
no bad tag stops the others from being looked at. Terraform's state is left alone: the next plan finds the instance gone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

MARK, DEADLINE, SLUG = "trellis:environment", "trellis:hard-deadline", "trellis:slug"
ALIVE = ["pending", "running", "stopping", "stopped"]
_PAGE = 500
_LONGEST_LIFE_HOURS = 15 * 24


def handler(event: dict[str, Any], _context: object, now: Callable[[], datetime] | None = None) -> dict[str, Any]:
    """What Lambda calls. `{"dry_run": true}` only tells. Raises at the end when anything could not be done, so that its alarm rings."""
    moment = now() if now else datetime.now(UTC)
    longest = timedelta(hours=float(os.environ.get("LONGEST_LIFE_HOURS", _LONGEST_LIFE_HOURS)))
    ec2 = boto3.client("ec2")
    is_dry = bool((event or {}).get("dry_run"))
    done: dict[str, Any] = {"looked_at": 0, "malformed": [], "past": [], "taken_down": [], "failed": {}}
    for instance in _ours(ec2):
        done["looked_at"] += 1
        tags = {each["Key"]: each["Value"] for each in instance.get("Tags", [])}
        latest = instance["LaunchTime"] + longest
        deadline = _deadline(tags.get(DEADLINE))
        if deadline is None:
            done["malformed"].append(instance["InstanceId"])
        if moment >= min(latest, deadline or latest):
            done["past"].append(instance["InstanceId"])
            if not is_dry:
                _take_down(ec2, instance["InstanceId"], done)
        _tell("looked", instance=instance["InstanceId"], slug=tags.get(SLUG, ""), deadline=tags.get(DEADLINE, ""))
    _tell("done", dry_run=is_dry, **done)
    if done["failed"]:
        raise RuntimeError(f"{len(done['failed'])} of {len(done['past'])} could not be taken down: {json.dumps(done['failed'])}")
    return done


def _ours(ec2: Any) -> Iterator[dict[str, Any]]:
    """Every page of what bears our mark and is not gone, whatever else its tags say."""
    asked = [{"Name": "tag-key", "Values": [MARK]}, {"Name": "instance-state-name", "Values": ALIVE}]
    for page in ec2.get_paginator("describe_instances").paginate(Filters=asked, PaginationConfig={"PageSize": _PAGE}):
        for reservation in page["Reservations"]:
            yield from reservation["Instances"]


def _deadline(text: str | None) -> datetime | None:
    """None for what is no moment with a time zone."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _take_down(ec2: Any, id: str, done: dict[str, Any]) -> None:
    """One by one: a call for all of them fails for all when one of them is protected or gone."""
    try:
        ec2.terminate_instances(InstanceIds=[id])
    except Exception as error:  # noqa: BLE001 - told, raised at the end, and no reason to leave the others
        if "InvalidInstanceID.NotFound" in str(error):
            return
        done["failed"][id] = str(error)[:300]
    else:
        done["taken_down"].append(id)


def _tell(event: str, **more: object) -> None:
    print(json.dumps({"event": f"reaper.{event}", **more}, default=str))  # noqa: T201 - Lambda's log
