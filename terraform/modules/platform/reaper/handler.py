"""The reaper of last resort: takes down what is past its hard deadline, on a schedule, whether or not Trellis lives.

A Lambda with nothing but boto3. It believes two tags that Trellis sets when it makes an instance (`trellis:environment`, which marks what
it may touch at all, and `trellis:hard-deadline`) and the moments that AWS itself keeps: a deadline that is missing, malformed, before the
instance was made or later than any that Trellis gives (`LONGEST_LIFE_HOURS` after it was made) counts as that latest one. So no tag makes
anything live for ever, no instance stops the others from being looked at, and none is young again for having been stopped and started.
Terraform's state is left alone: the next plan finds the instance gone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

MARK, DEADLINE, SLUG = "trellis:environment", "trellis:hard-deadline", "trellis:slug"
ALIVE = ["pending", "running", "stopping", "stopped"]
_PAGE = 500
_AT_ONCE = 50
_LONGEST_LIFE_HOURS = 15 * 24
_LEAST_HOURS = 1.0
_PATIENT = Config(retries={"mode": "adaptive", "total_max_attempts": 10}, connect_timeout=10, read_timeout=60)


def handler(event: dict[str, Any], _context: object, now: Callable[[], datetime] | None = None) -> dict[str, Any]:
    """What Lambda calls. `{"dry_run": true}` only tells. Raises at the end when anything could not be done, so that its alarm rings."""
    moment, longest = now() if now else datetime.now(UTC), _longest()
    ec2 = boto3.client("ec2", config=_PATIENT)
    is_dry = bool((event or {}).get("dry_run"))
    done: dict[str, Any] = {"looked_at": 0, "malformed": [], "past": [], "taken_down": [], "failed": {}}
    try:
        for page in _pages(ec2):
            past = [each["InstanceId"] for each in page if _is_past(each, moment, longest, done)]
            done["past"] += past
            for first in range(0, 0 if is_dry else len(past), _AT_ONCE):
                _take_down(ec2, past[first : first + _AT_ONCE], done)
    except Exception as error:  # noqa: BLE001 - what was seen by then is dealt with; told, and raised at the end
        done["failed"]["listing"] = str(error)[:300]
    _tell("done", dry_run=is_dry, **done)
    if done["failed"]:
        raise RuntimeError(f"{len(done['failed'])} of {len(done['past'])} could not be taken down: {json.dumps(done['failed'])}")
    return done


def _longest() -> timedelta:
    """Raises ValueError for a setting that is no time, or one so short that it would take down what was made just now."""
    hours = float(os.environ.get("LONGEST_LIFE_HOURS", _LONGEST_LIFE_HOURS))
    if not _LEAST_HOURS <= hours < float("inf"):
        raise ValueError(f"LONGEST_LIFE_HOURS is {hours}")
    return timedelta(hours=hours)


def _pages(ec2: Any) -> Iterator[list[dict[str, Any]]]:
    """Every page of what bears our mark and is not gone, whatever else its tags say."""
    asked = [{"Name": "tag-key", "Values": [MARK]}, {"Name": "instance-state-name", "Values": ALIVE}]
    for page in ec2.get_paginator("describe_instances").paginate(Filters=asked, PaginationConfig={"PageSize": _PAGE}):
        yield [instance for reservation in page["Reservations"] for instance in reservation["Instances"]]


def _is_past(instance: dict[str, Any], moment: datetime, longest: timedelta, done: dict[str, Any]) -> bool:
    """Whether its time is over; an instance that cannot be judged is told, and keeps no other from being so."""
    done["looked_at"] += 1
    try:
        tags = {each["Key"]: each["Value"] for each in instance.get("Tags", [])}
        made = made_at(instance)
        deadline = _deadline(tags.get(DEADLINE), made)
        if deadline is None:
            done["malformed"].append(instance["InstanceId"])
        latest = made + longest
        _tell("looked", instance=instance["InstanceId"], slug=tags.get(SLUG, ""), deadline=tags.get(DEADLINE, ""))
        return moment >= min(latest, deadline or latest)
    except Exception as error:  # noqa: BLE001 - as above
        done["failed"][instance["InstanceId"]] = f"judging it: {error!r}"[:300]
        return False


def made_at(instance: dict[str, Any]) -> datetime:
    """`LaunchTime` is when it was started last; its disks and its interface are older where it was stopped and started since."""
    disks = [each.get("Ebs", {}).get("AttachTime") for each in instance.get("BlockDeviceMappings", [])]
    interfaces = [each.get("Attachment", {}).get("AttachTime") for each in instance.get("NetworkInterfaces", [])]
    return min(each for each in (instance["LaunchTime"], *disks, *interfaces) if each)


def _deadline(text: str | None, made: datetime) -> datetime | None:
    """None for what is no moment with a time zone, or one before the instance was."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo and moment > made else None
    except (ValueError, OverflowError):
        return None


def _take_down(ec2: Any, ids: list[str], done: dict[str, Any]) -> None:
    """Together, and where that is refused one by one: a call for all of them fails for all when one of them is protected or gone."""
    try:
        ec2.terminate_instances(InstanceIds=ids)
    except Exception as error:  # noqa: BLE001 - told, raised at the end, and no reason to leave the others
        if len(ids) > 1:
            for each in ids:
                _take_down(ec2, [each], done)
        elif "InvalidInstanceID.NotFound" not in str(error):
            done["failed"][ids[0]] = str(error)[:300]
    else:
        done["taken_down"] += ids


def _tell(event: str, **more: object) -> None:
    print(json.dumps({"event": f"reaper.{event}", **more}, default=str))  # noqa: T201 - Lambda's log
