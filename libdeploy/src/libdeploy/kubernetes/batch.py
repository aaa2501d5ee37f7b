"""What runs to its end: once for each change, or by the clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lightkube.models.batch_v1 import CronJobSpec, JobSpec, JobTemplateSpec
from lightkube.models.core_v1 import PodTemplateSpec
from lightkube.models.meta_v1 import ObjectMeta

from libdeploy.canonical import digest
from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.kubernetes.config import ConfigFiles
from libdeploy.kubernetes.objects import checked_name, item_of, labels_of
from libdeploy.kubernetes.pod import PodWish, Resources, annotations_of, pod
from libdeploy.target import Target

_FIELD = r"(\*|\d{1,2}|[A-Za-z]{3})(-(\d{1,2}|[A-Za-z]{3}))?(/\d{1,2})?"
_SCHEDULE = re.compile(rf"@(hourly|daily|weekly|monthly|yearly)|{_FIELD}(,{_FIELD})*( {_FIELD}(,{_FIELD})*){{4}}")
_LATEST_START_S = 300


def _job_spec(target: Target, name: str, wish: PodWish, retries: int, within_s: int) -> JobSpec:
    metadata = ObjectMeta(labels=labels_of(target, name), annotations=annotations_of(wish))
    template = PodTemplateSpec(metadata=metadata, spec=pod(target, name, wish, is_service=False))
    return JobSpec(template=template, backoffLimit=retries, activeDeadlineSeconds=within_s)


@dataclass(frozen=True)
class Job:
    name: str
    wish: PodWish
    retries: int
    within_s: int

    def items(self, target: Target) -> Iterable[Item]:
        spec = _job_spec(target, checked_name(self.name), self.wish, self.retries, self.within_s).to_dict()
        # A Job cannot be changed: another one is another name, and the same one is there already and does not run again.
        unique = checked_name(f"{self.name}-{digest(spec)[:8]}")
        yield item_of(target, self.name, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": unique}, "spec": spec})


@dataclass(frozen=True)
class Cron:
    name: str
    schedule: str
    time_zone: str
    wish: PodWish
    retries: int
    within_s: int

    def items(self, target: Target) -> Iterable[Item]:
        if not _SCHEDULE.fullmatch(self.schedule):
            raise DeployError(f"{self.name}: {self.schedule!r} is no schedule: five fields like '0 3 * * *', or @daily.", "bad_schedule")
        if len(checked_name(self.name)) > 52:
            raise DeployError(f"{self.name} is too long for a CronJob: at most 52, for its jobs add to it.", "bad_name")
        spec = CronJobSpec(
            schedule=self.schedule,
            timeZone=self.time_zone or None,
            concurrencyPolicy="Forbid",
            startingDeadlineSeconds=_LATEST_START_S,
            successfulJobsHistoryLimit=3,
            failedJobsHistoryLimit=3,
            jobTemplate=JobTemplateSpec(
                metadata=ObjectMeta(labels={key: value for key, value in labels_of(target, self.name).items() if "/name" in key}),
                spec=_job_spec(target, self.name, self.wish, self.retries, self.within_s),
            ),
        )
        yield item_of(target, self.name, {"apiVersion": "batch/v1", "kind": "CronJob", "spec": spec.to_dict()})


def job(
    name: str,
    *,
    image: str = "",
    command: Sequence[str] = (),
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    configs: Sequence[str | ConfigFiles] = (),
    secrets: Sequence[str] = (),
    resources: Resources = Resources(),  # noqa: B008 - frozen
    service_account: str = "",
    user: int = 10001,
    retries: int = 2,
    within_s: int = 600,
) -> Job:
    """Something that runs to its end once for each change of what is wanted of it, like a migration; the deployment waits for it.

    Deployed again unchanged it does not run again. The rest is as in `stateless_service`.
    """
    return Job(name, _wish(image, command, arguments, environment, configs, secrets, resources, service_account, user), retries, within_s)


def cron(
    name: str,
    schedule: str,
    *,
    time_zone: str = "",
    image: str = "",
    command: Sequence[str] = (),
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    configs: Sequence[str | ConfigFiles] = (),
    secrets: Sequence[str] = (),
    resources: Resources = Resources(),  # noqa: B008 - frozen
    service_account: str = "",
    user: int = 10001,
    retries: int = 0,
    within_s: int = 3600,
) -> Cron:
    """Something that runs by the clock, never twice at once. `time_zone` like "Europe/Paris"; "" is the cluster's own."""
    wish = _wish(image, command, arguments, environment, configs, secrets, resources, service_account, user)
    return Cron(name, schedule, time_zone, wish, retries, within_s)


def _wish(
    image: str,
    command: Sequence[str],
    arguments: Sequence[str],
    environment: Mapping[str, str] | None,
    configs: Sequence[str | ConfigFiles],
    secrets: Sequence[str],
    resources: Resources,
    service_account: str,
    user: int,
) -> PodWish:
    return PodWish(
        image=image,
        command=tuple(command),
        arguments=tuple(arguments),
        environment=dict(environment or {}),
        configs=tuple(configs),
        secrets=tuple(secrets),
        resources=resources,
        service_account=service_account,
        user=user,
    )
