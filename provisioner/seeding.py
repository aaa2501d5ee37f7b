"""Filling an environment of this host with a dataset: a script of its own, or an archive of the operator's, in its own sandbox."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from processes import CannotStart, start, tail
from provisioner.engine import EngineFailed, StageName
from provisioner.folders import remove_folder
from provisioner.services import LOG_LINES

if TYPE_CHECKING:
    from processes import Order
    from provisioner.engine import Dataset
    from provisioner.kept import Kept
    from provisioner.services import Services

LOG = "seed"
DATA = "data"  # in the environment's home: what an archive holds
_NEW = "data.new"
_STOP_S = 1.0


async def seed(kept: Kept | None, dataset: Dataset, number: int) -> None:
    """Once for each `number`. Raises EngineFailed; services go on in any case."""
    if kept is None or kept.services is None:
        raise _failed("nothing of it runs", code="not_running")
    if number <= kept.record.seeded:
        return
    if dataset.snapshot:
        raise _failed(f"{dataset.name} is a snapshot of AWS, and this environment has no machine there", code="wrong_dataset")
    if dataset.archive:
        await _unpack(kept.services, dataset)
        await kept.services.restart(None)
    else:
        await _run(kept.services, _order(kept.services, dataset.run), dataset)
    kept.mark_seeded(number)


def _failed(reason: str, log: tuple[str, ...] = (), code: str = "seed_failed") -> EngineFailed:
    return EngineFailed(StageName.STARTING, reason, log, code)


def _order(services: Services, line: str) -> Order:
    """With the variables of the main service, but no port: it listens on none."""
    first = replace(services.spec.services[0], name=LOG)
    return services.site.order(first, line, services.given)


async def _run(services: Services, order: Order, dataset: Dataset) -> None:
    log = services.rooms.log(LOG)
    log.unlink(missing_ok=True)  # of each loading its own lines
    try:
        child = await start(order)
    except CannotStart as problem:
        raise _failed(f"{dataset.name} cannot be loaded: {problem}") from problem
    reason = None
    try:
        async with asyncio.timeout(dataset.within_s):
            ended = await child.wait()
        if not ended.is_success:
            reason = ended.sentence(services.site.bounds)
    except TimeoutError:
        reason = f"did not end within {dataset.within_s:g} s"
    finally:
        if child.is_running:
            await child.stop(_STOP_S)
    if reason:
        raise _failed(f"loading {dataset.name} {reason}", tail(log, LOG_LINES))


async def _unpack(services: Services, dataset: Dataset) -> None:
    """Into `$HOME/data`, whole or not at all: beside what is there, and then in its place."""
    source, home = Path(dataset.archive), services.rooms.home
    if not await asyncio.to_thread(source.exists):
        raise _failed(f"{dataset.name} is not there: whoever runs Trellis has to put it where the settings say", code="wrong_dataset")
    new, is_folder = home / _NEW, await asyncio.to_thread(source.is_dir)
    await remove_folder(new)
    new.mkdir(mode=0o700)
    words = ("cp", "-R", f"{source}/.", str(new)) if is_folder else ("tar", "-xf", str(source), "-C", str(new), "--no-same-owner")
    order = _order(services, shlex.join(words))
    if order.sandbox:
        order = replace(order, sandbox=replace(order.sandbox, visible=(*order.sandbox.visible, source)))
    try:
        await _run(services, order, dataset)
        await remove_folder(home / DATA)
        new.rename(home / DATA)
    finally:
        await remove_folder(new)
