"""Commands on a machine through AWS Systems Manager: nobody connects to it, its agent asks for what to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from provisioner.engine import EngineUnavailable
from provisioner.setup.shell import Ran, Shell

_LOOK_S = (0.5, 1.0, 2.0, 3.0)
_UNTIL_IT_ASKS_S = 300.0
"""A machine is known to SSM only once its agent has asked for the first time."""

_NOT_YET = frozenset({"InvalidInstanceId", "InvocationDoesNotExist"})
_GOING_ON = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
_BUSY = frozenset({"ThrottlingException", "RequestLimitExceeded", "InternalServerError", "ServiceUnavailable"})


def _code(error: Exception) -> str:
    found: Any = getattr(error, "response", None)
    return str(found.get("Error", {}).get("Code", "")) if isinstance(found, dict) else ""


class SsmShell(Shell):
    """`make` gives a boto3 client of SSM; `look_s` is the patience between two looks, the last for all that follow."""

    def __init__(self, make: Callable[[], Any], look_s: tuple[float, ...] = _LOOK_S, asks_within_s: float = _UNTIL_IT_ASKS_S) -> None:
        self._make, self._look_s, self._asks_within_s = make, look_s, asks_within_s
        self._client: Any = None

    async def _ask(self, name: str, **given: Any) -> Any:
        if self._client is None:
            self._client = await asyncio.to_thread(self._make)
        return await asyncio.to_thread(getattr(self._client, name), **given)

    async def run(self, machine: str, command: str, within_s: float) -> Ran:
        id_ = await self._send(machine, command, within_s)
        try:
            async with asyncio.timeout(within_s + self._asks_within_s):
                return await self._end(machine, id_)
        except TimeoutError:
            await self._cancel(machine, id_)
            raise EngineUnavailable(f"{machine} did not come to an end within {within_s:.0f} s") from None
        except asyncio.CancelledError:
            await asyncio.shield(self._cancel(machine, id_))
            raise

    async def _send(self, machine: str, command: str, within_s: float) -> str:
        parameters = {"commands": [command], "executionTimeout": [str(int(within_s))]}
        until, looks = asyncio.get_running_loop().time() + self._asks_within_s, iter(self._look_s)
        while True:
            try:
                return await self._sent(machine, parameters)
            except Exception as error:
                if _code(error) not in _NOT_YET | _BUSY or asyncio.get_running_loop().time() > until:
                    raise EngineUnavailable(f"sending {machine} a command: {_code(error) or type(error).__name__}") from error
            await asyncio.sleep(next(looks, self._look_s[-1]))

    async def _sent(self, machine: str, parameters: dict[str, list[str]]) -> str:
        """Who is cancelled in between stops what was sent by then."""
        ask = self._ask("send_command", DocumentName="AWS-RunShellScript", InstanceIds=[machine], Parameters=parameters)
        asking = asyncio.ensure_future(ask)
        try:
            return str((await asyncio.shield(asking))["Command"]["CommandId"])
        except asyncio.CancelledError:
            await asyncio.wait({asking})
            if not asking.cancelled() and asking.exception() is None:
                await self._cancel(machine, str(asking.result()["Command"]["CommandId"]))
            raise

    async def _end(self, machine: str, id_: str) -> Ran:
        looks = iter(self._look_s)
        while True:
            await asyncio.sleep(next(looks, self._look_s[-1]))
            try:
                said = await self._ask("get_command_invocation", CommandId=id_, InstanceId=machine)
            except Exception as error:
                if _code(error) in _NOT_YET | _BUSY:
                    continue
                raise EngineUnavailable(f"asking {machine} how its command is: {_code(error) or type(error).__name__}") from error
            status = said["Status"]
            if status in {"Success", "Failed"}:
                code = int(said.get("ResponseCode", 0 if status == "Success" else 1))
                return Ran(code, said.get("StandardOutputContent", ""), said.get("StandardErrorContent", ""))
            if status not in _GOING_ON:
                raise EngineUnavailable(f"the command on {machine} ended as {said.get('StatusDetails') or status}")

    async def _cancel(self, machine: str, id_: str) -> None:
        with contextlib.suppress(Exception):  # it ends by its own time
            await self._ask("cancel_command", CommandId=id_, InstanceIds=[machine])
