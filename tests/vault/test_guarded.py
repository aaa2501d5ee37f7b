"""So many questions and no more, each answer remembered for a while; and none at all while the wall does not hold."""

from __future__ import annotations

import pytest
import structlog

from bot import meters
from bot.domain.ids import new_id
from bot.vault.canary import Breached, Canary
from bot.vault.guarded import Guarded, Pace
from bot.vault.vault import NoSecret, PathRefused, VaultUnavailable

ID = new_id()


class Memory:
    """Whoever keeps the secrets, in memory; `readable` is what its policy lets through."""

    def __init__(self) -> None:
        self.secrets = {f"/dev-envs/{ID}/{name}": name for name in ("one", "two")}
        self.asked: list[str] = []
        self.readable: set[str] = set()
        self.is_down = False

    async def read(self, path: str) -> str:
        self.asked.append(path)
        if path not in self.secrets:
            raise NoSecret(path)
        return self.secrets[path]

    async def write(self, path: str, secret: str) -> None:
        self.secrets[path] = secret

    async def remove(self, environment: str) -> None:
        self.secrets = {path: each for path, each in self.secrets.items() if environment not in path}

    async def is_refused(self, path: str) -> bool:
        if self.is_down:
            raise VaultUnavailable("no route to host")
        return path not in self.readable


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_an_answer_is_remembered_for_a_while(memory: Memory, clock: Clock) -> None:
    vault = Guarded(memory, Pace(remembered_s=300), clock)
    for _ in range(50):
        assert await vault.read(f"/dev-envs/{ID}/one") == "one"
    assert len(memory.asked) == 1
    clock.now += 301
    assert await vault.read(f"/dev-envs/{ID}/one") == "one"
    assert len(memory.asked) == 2


async def test_what_is_written_or_removed_is_not_what_is_remembered(memory: Memory, clock: Clock) -> None:
    vault = Guarded(memory, Pace(), clock)
    await vault.read(f"/dev-envs/{ID}/one")
    await vault.write(f"/dev-envs/{ID}/one", "new")
    assert await vault.read(f"/dev-envs/{ID}/one") == "new"
    await vault.remove(ID)
    with pytest.raises(NoSecret):
        await vault.read(f"/dev-envs/{ID}/one")


async def test_who_begins_anew_in_a_loop_is_no_bill(memory: Memory, clock: Clock) -> None:
    vault = Guarded(memory, Pace(per_minute=10), clock)
    refused = 0
    for number in range(100):
        try:
            await vault.read(f"/dev-envs/{new_id()}/one")
        except NoSecret:
            assert number < 10
        except VaultUnavailable:
            refused += 1
    assert (len(memory.asked), refused) == (10, 90)
    clock.now += 61
    assert await vault.read(f"/dev-envs/{ID}/one") == "one"


async def test_many_questions_are_told_of_once_an_hour(memory: Memory, clock: Clock) -> None:
    vault = Guarded(memory, Pace(per_minute=1_000, alarm_per_hour=20, remembered_s=0), clock)
    before = meters.secret_alarms._value.get()
    with structlog.testing.capture_logs() as logs:
        for _ in range(60):
            await vault.read(f"/dev-envs/{ID}/one")
        assert [each["event"] for each in logs] == ["secrets_asked_for_often"]
        clock.now += 3_601
        await vault.read(f"/dev-envs/{ID}/one")
        assert len(logs) == 1
    assert meters.secret_alarms._value.get() == before + 1


@pytest.mark.parametrize("path", ["/prod/key", "/sandbox/../prod/key", "/dev-envs/*/key", "/dev-envs/demo/key"])
async def test_production_is_refused_without_asking_anybody(memory: Memory, clock: Clock, path: str) -> None:
    vault = Guarded(memory, Pace(), clock)
    with pytest.raises(PathRefused):
        await vault.read(path)
    with pytest.raises(PathRefused):
        await vault.write(path, "x")
    assert memory.asked == []


async def test_while_production_can_be_read_no_secret_is_given_and_then_again(memory: Memory, clock: Clock) -> None:
    vault = Guarded(memory, Pace(), clock)
    canary = Canary(memory, vault, ["/prod/trellis-canary", "/prod/other"])
    await canary.look()
    assert meters.wall_holds._value.get() == 1
    await vault.read(f"/dev-envs/{ID}/one")
    memory.readable = {"/prod/other"}
    with pytest.raises(Breached, match="/prod/other"):
        await canary.look()
    assert meters.wall_holds._value.get() == 0
    with pytest.raises(PathRefused, match="does not hold"):
        await vault.read(f"/dev-envs/{ID}/one")
    memory.is_down = True
    with pytest.raises(VaultUnavailable):
        await canary.look()
    with pytest.raises(PathRefused):
        await vault.read(f"/dev-envs/{ID}/one")
    memory.is_down, memory.readable = False, set()
    await canary.look()
    assert await vault.read(f"/dev-envs/{ID}/one") == "one"


async def test_what_is_to_be_taken_back_is_taken_back_while_the_wall_does_not_hold(memory: Memory, clock: Clock) -> None:
    vault = Guarded(memory, Pace(), clock)
    vault.is_shut = True
    await vault.remove(ID)
    assert memory.secrets == {}
