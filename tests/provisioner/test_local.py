"""Making, updating, keeping and destroying environments on this machine, with a real keeper, git and Caddy."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from dataclasses import replace

import pytest

from processes import protection
from provisioner.engine import (
    Access,
    Address,
    EngineFailed,
    EngineUnavailable,
    Limits,
    LogLine,
    Observed,
    Service,
    StageName,
    StaleFence,
)
from provisioner.local import LocalEngine
from tests.provisioner.house import PYTHON, WEB, Keeper, Notes, Repository, eventually, spec_of


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def failure(keeper: Keeper, *given: object, **more: object) -> EngineFailed:
    with pytest.raises(EngineFailed) as raised:
        await keeper.engine.apply(spec_of(*given, **more), 1, Notes())  # type: ignore[arg-type]
    return raised.value


async def test_an_environment_answers_at_its_address_as_soon_as_it_is_made(keeper: Keeper, repository: Repository) -> None:
    sha = repository.commit("one")
    notes = Notes()

    access = await keeper.engine.apply(spec_of(repository, sha), 1, notes)

    assert access == Access(1, sha, (Address("web", f"http://demo.localhost:{keeper.port}"),))
    assert notes.heard == [(word, stage) for stage in StageName for word in ("begin", "end")]
    async with keeper.client() as client:
        assert await client.get("demo", "/hello") == (200, "one /hello")


async def test_the_same_order_again_changes_nothing(keeper: Keeper, repository: Repository) -> None:
    spec = spec_of(repository, repository.commit())
    first = await keeper.engine.apply(spec, 1, Notes())
    before = await keeper.engine.observe()

    assert await keeper.engine.apply(spec, 2, Notes()) == first
    after = await keeper.engine.observe()
    assert [each.services[0].pid for each in after] == [each.services[0].pid for each in before]


async def test_two_who_order_the_same_at_once_get_the_same(keeper: Keeper, repository: Repository) -> None:
    spec = spec_of(repository, repository.commit())

    both = await asyncio.gather(*(keeper.engine.apply(spec, 1, Notes()) for _ in range(3)))

    assert both == [both[0]] * 3
    assert len(await keeper.engine.observe()) == 1
    assert keeper.worktrees() == ["code-1"]


async def test_an_update_fails_no_request_and_leaves_nothing_of_the_old(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit("one")), 1, Notes())
    second = repository.commit("two")
    answers: list[tuple[int, str]] = []
    over = asyncio.Event()

    async def ask() -> None:
        async with keeper.client() as client:
            while not over.is_set():
                answers.append(await client.get("demo", "/slow?0.02"))

    asking = [asyncio.create_task(ask()) for _ in range(4)]
    await eventually(lambda: len(answers) > 20)
    access = await keeper.engine.apply(spec_of(repository, second, generation=2), 1, Notes())
    seen = len(answers)
    await eventually(lambda: len(answers) > seen + 20)
    over.set()
    await asyncio.gather(*asking)

    assert access.sha == second
    assert {status for status, _ in answers} == {200}
    assert answers[0] == (200, "one /slow?0.02")
    assert {words for _, words in answers[-8:]} == {"two /slow?0.02"}
    await eventually(lambda: keeper.worktrees() == ["code-2"])
    await eventually(lambda: keeper.registered() == ["code-2"])


async def test_a_request_under_way_is_answered_by_the_old_one(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit("one")), 1, Notes())
    async with keeper.client() as client:
        slow = asyncio.create_task(client.get("demo", "/slow?1.2"))
        await eventually(lambda: _has_log(keeper, "listening"))
        await keeper.engine.apply(spec_of(repository, repository.commit("two"), generation=2), 1, Notes())
        assert await client.get("demo") == (200, "two /")
        assert await slow == (200, "one /slow?1.2")


async def _has_log(keeper: Keeper, words: str) -> bool:
    return any(words in line.text for line in await keeper.engine.logs("env-1", None, 50))


@pytest.mark.parametrize(
    ("service", "reason", "log"),
    [
        (Service("web", f"{PYTHON} -c 'import sys; print(42); sys.exit(3)'"), r"web exited with code 3 after \d\.\d s", ("42",)),
        (Service("web", f"{PYTHON} app.py", health="/sick"), r"web did not answer 200 on /sick within \d+ s \(last answer: 500\)", None),
        (Service("web", "sleep 60"), r"web did not answer 200 on / within \d+ s \(it refused connections\)", ()),
        (
            Service("web", "no-such-program --at all"),
            r"web cannot be started: no-such-program cannot be started: No such file or directory",
            (),
        ),
        (Service("web", "kill -SEGV $$"), r"web was killed by SIGSEGV after \d\.\d s", ()),
        (Service("web", "echo 'oops"), r"web exited with code 2 after \d\.\d s", None),
    ],
)
async def test_a_failed_update_says_why_and_keeps_the_old(
    keeper: Keeper, repository: Repository, service: Service, reason: str, log: tuple[str, ...] | None
) -> None:
    first = repository.commit("one")
    await keeper.engine.apply(spec_of(repository, first), 1, Notes())

    is_told_in_the_log = (await protection()).sandbox and "cannot be started" in reason  # by the sandbox
    for generation, within_s in enumerate((1.0, 8.0, 60.0), 2):  # a busy machine takes its time to answer at all
        sha = repository.commit(f"two {generation}")
        problem = await failure(keeper, repository, sha, service, generation=generation, ready_within_s=within_s)
        if is_told_in_the_log or re.fullmatch(reason, problem.reason):
            break

    assert problem.stage is StageName.STARTING
    if not is_told_in_the_log:
        assert re.fullmatch(reason, problem.reason), problem.reason
        assert log is None or problem.log == log
    async with keeper.client() as client:
        assert await client.get("demo") == (200, "one /")
    assert [(each.generation, each.sha) for each in await keeper.engine.observe()] == [(1, first)]
    assert keeper.worktrees() == keeper.registered() == ["code-1"]


async def test_a_failed_build_says_why(keeper: Keeper, repository: Repository) -> None:
    service = Service("web", WEB.run, build="for i in $(seq 60); do echo line $i; done; exit 4")
    problem = await failure(keeper, repository, repository.commit(), service)

    assert (problem.stage, problem.code) == (StageName.CONFIGURING, "failed")
    assert problem.reason.startswith("the build of web exited with code 4 after ")
    assert problem.log == tuple(f"line {number}" for number in range(21, 61))
    assert keeper.worktrees() == []
    assert await keeper.engine.logs("env-1", "web", 1) == (LogLine("web", "line 60"),)


async def test_a_build_that_takes_too_long_is_ended_with_all_its_children(keeper: Keeper, repository: Repository) -> None:
    service = Service("web", WEB.run, build="(setsid sleep 77 &) ; sleep 77")
    problem = await failure(keeper, repository, repository.commit(), service, build_within_s=0.5)

    assert problem.reason == "the build of web did not end within 0.5 s"
    assert len(keeper.left()) == 1  # the proxy


async def test_what_was_built_is_what_runs(keeper: Keeper, repository: Repository) -> None:
    service = Service("web", WEB.run, health="/", build="echo built > words")
    await keeper.engine.apply(spec_of(repository, repository.commit("one"), service), 1, Notes())
    async with keeper.client() as client:
        assert await client.get("demo") == (200, "built /")


async def test_services_get_their_variables_each_others_addresses_and_nothing_of_ours(tmp_path: object, repository: Repository) -> None:
    keeper = Keeper(repository.folder.parent / "data")
    await keeper.start(TRELLIS_GITHUB__TOKEN="secret", AWS_SECRET_ACCESS_KEY="secret")
    try:
        sha = repository.commit()
        services = (Service("web", WEB.run, env=(("COLOR", "blue"), ("PORT", "1"))), Service("api-2", WEB.run, health=None))
        access = await keeper.engine.apply(spec_of(repository, sha, *services), 1, Notes())
        root = f"localhost:{keeper.port}"
        assert access.addresses == (Address("web", f"http://demo.{root}"), Address("api-2", f"http://api-2--demo.{root}"))
        async with keeper.client() as client:
            env = json.loads((await client.get("demo", "/env"))[1])
            other = json.loads((await client.get("api-2--demo", "/env"))[1])
        assert (env["COLOR"], env["TRELLIS_SLUG"], env["TRELLIS_URL"], env["TRELLIS_SHA"]) == ("blue", "demo", f"http://demo.{root}", sha)
        assert env["PORT"] == other["TRELLIS_WEB_PORT"] != other["PORT"]
        assert (env["TRELLIS_API_2_URL"], env["TRELLIS_API_2_PUBLIC_URL"]) == (
            f"http://127.0.0.1:{other['PORT']}",
            f"http://api-2--demo.{root}",
        )
        assert "secret" not in (*env.values(), *other.values())
        assert env["HOME"] == str(keeper.data / "environments" / "env-1" / "home")
    finally:
        await keeper.stop()


async def test_secrets_are_of_services_that_run_and_of_no_build_and_lie_where_only_we_read(keeper: Keeper, repository: Repository) -> None:
    service = Service("web", WEB.run, env=(("FEED_USER", "somebody"),), build="env > ../home/built")
    given = (("FEED_USER", "env-1"), ("FEED_PASSWORD", "not-to-be-shown"))
    spec = replace(spec_of(repository, repository.commit(), service), secrets=given)
    await keeper.engine.apply(spec, 1, Notes())
    async with keeper.client() as client:
        env = json.loads((await client.get("demo", "/env"))[1])
    assert (env["FEED_USER"], env["FEED_PASSWORD"]) == ("env-1", "not-to-be-shown")
    folder = keeper.data / "environments" / "env-1"
    assert "not-to-be-shown" not in (folder / "home" / "built").read_text()
    assert "not-to-be-shown" not in repr(spec)
    assert (folder / "record.json").stat().st_mode & 0o777 == 0o600
    await keeper.stop()
    await keeper.start()
    async with asyncio.timeout(60), keeper.client() as client:
        while (answer := await client.get("demo", "/env"))[0] != 200:
            await asyncio.sleep(0.05)
    assert json.loads(answer[1])["FEED_PASSWORD"] == "not-to-be-shown"


async def test_a_service_without_a_port_counts_when_it_stays_alive(keeper: Keeper, repository: Repository) -> None:
    services = (WEB, Service("clock", "sleep 1000", health=None))
    access = await keeper.engine.apply(spec_of(repository, repository.commit(), *services), 1, Notes())
    assert [address.service for address in access.addresses] == ["web"]
    observed = (await keeper.engine.observe())[0]
    assert [(each.name, each.is_healthy) for each in observed.services] == [("web", True), ("clock", True)]


async def test_a_service_that_crashes_is_started_again_and_counted(keeper: Keeper, repository: Repository) -> None:
    sha = repository.commit()
    await keeper.engine.apply(spec_of(repository, sha), 3, Notes())
    async with keeper.client() as client:
        for _ in range(2):
            await client.session.post(f"http://127.0.0.1:{keeper.port}/die", headers={"Host": "demo.localhost"})

            async def is_back() -> bool:
                return (await client.get("demo"))[0] == 200

            await eventually(is_back)

    async def is_healthy() -> bool:
        return bool((await keeper.engine.observe())[0].services[0].is_healthy)

    await eventually(is_healthy)
    [observed] = await keeper.engine.observe()
    state = observed.services[0]
    assert observed == Observed("env-1", "demo", 1, 3, sha, (state,), observed.quiet_s, "demo", "refs/heads/main")
    assert (state.name, state.is_healthy, state.restarts) == ("web", True, 2)
    assert observed.quiet_s is not None
    assert state.memory_mb is not None
    assert 1 < state.memory_mb < 100


async def test_a_restart_returns_when_it_is_healthy_again(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit(), WEB, Service("api", WEB.run)), 1, Notes())
    before = {state.name: state.pid for state in (await keeper.engine.observe())[0].services}

    await keeper.engine.restart("env-1", "web", 1)

    [observed] = await keeper.engine.observe()
    after = {state.name: state.pid for state in observed.services}
    assert (after["web"] != before["web"], after["api"] == before["api"]) == (True, True)
    assert all(state.is_healthy for state in observed.services)
    async with keeper.client() as client:
        assert (await client.get("demo"))[0] == 200
    with pytest.raises(EngineFailed, match="there is no service we%b; there are: web, api"):
        await keeper.engine.restart("env-1", "we%b", 1)
    with pytest.raises(EngineFailed, match="nothing of it runs"):
        await keeper.engine.restart("env-2", None, 1)


async def test_a_port_that_somebody_else_took_is_replaced(keeper: Keeper, repository: Repository) -> None:
    run = "if [ -e $HOME/again ]; then exec python3 -S app.py; else touch $HOME/again; echo 'OSError: [Errno 98] Address already in use'; exit 1; fi"
    service = Service("web", run.replace("python3 -S", PYTHON))
    await keeper.engine.apply(spec_of(repository, repository.commit(), service), 1, Notes())
    async with keeper.client() as client:
        assert (await client.get("demo"))[0] == 200


async def test_a_service_that_uses_too_much_memory_is_stopped_and_it_is_said(keeper: Keeper, repository: Repository) -> None:
    if "cgroup" not in (await protection()).memory_by:
        pytest.skip("this machine lets us make no control groups")
    service = Service("web", f"{PYTHON} -c 'x = bytearray(300 << 20)'")
    problem = await failure(keeper, repository, repository.commit(), service, limits=Limits(64, 100))
    assert problem.reason.endswith("it used more than its 64 MB of memory")


async def test_logs_are_the_last_lines_of_each_service(keeper: Keeper, repository: Repository) -> None:
    talker = Service("talker", "for i in 1 2 3 4; do echo talk $i; done; sleep 100", health=None)
    await keeper.engine.apply(spec_of(repository, repository.commit(), WEB, talker), 1, Notes())
    assert await keeper.engine.logs("env-1", "talker", 2) == (LogLine("talker", "talk 3"), LogLine("talker", "talk 4"))
    assert {line.service for line in await keeper.engine.logs("env-1", None, 10)} == {"web", "talker"}
    for service in ("../../../record", "nope", "", "*"):
        assert await keeper.engine.logs("env-1", service, 5) == ()
    assert await keeper.engine.logs("../env-1", None, 5) == ()


async def test_destroying_leaves_nothing_and_may_be_repeated(keeper: Keeper, repository: Repository) -> None:
    daemon = Service("web", f"(setsid setsid sleep 777 &) ; (trap '' TERM; sleep 778 & wait) & exec {PYTHON} app.py")
    await keeper.engine.apply(spec_of(repository, repository.commit(), daemon), 1, Notes())
    assert len(keeper.left()) > 3

    for fence in (1, 1, 5):
        await keeper.engine.destroy("env-1", fence)

    assert len(keeper.left()) == 1  # the proxy
    assert (await keeper.engine.observe(), keeper.worktrees(), keeper.registered()) == ((), [], [])
    assert list(keeper.known.environments.iterdir()) == []
    async with keeper.client() as client:
        assert (await client.get("demo"))[0] == 404


async def test_a_forced_destroy_does_not_wait_for_a_stubborn_service(keeper: Keeper, repository: Repository) -> None:
    keeper.kill()
    keeper.told["stop_grace_s"] = 600.0
    await keeper.start()
    stubborn = Service("web", "trap '' TERM; while true; do sleep 0.1; done", health=None)
    await keeper.engine.apply(spec_of(repository, repository.commit(), stubborn), 1, Notes())
    began = time.monotonic()
    await keeper.engine.destroy("env-1", 1, grace_s=0.0)
    assert time.monotonic() - began < 300.0


async def test_a_lower_fence_is_refused_even_after_the_end(keeper: Keeper, repository: Repository) -> None:
    spec = spec_of(repository, repository.commit())
    await keeper.engine.apply(spec, 7, Notes())
    late = spec_of(repository, spec.source.sha, generation=2)
    for order in (
        lambda: keeper.engine.apply(late, 6, Notes()),
        lambda: keeper.engine.destroy("env-1", 6),
        lambda: keeper.engine.restart("env-1", None, 6),
        lambda: keeper.engine.abandon("env-1", 1, 6),
    ):
        with pytest.raises(StaleFence):
            await order()
    await keeper.engine.destroy("env-1", 8)
    with pytest.raises(StaleFence):
        await keeper.engine.apply(spec, 7, Notes())
    assert await keeper.engine.observe() == ()


async def test_who_comes_with_a_higher_fence_takes_over_what_is_under_way(keeper: Keeper, repository: Repository) -> None:
    slow = Service("web", WEB.run, build="sleep 1")
    spec = spec_of(repository, repository.commit(), slow)
    first = asyncio.create_task(keeper.engine.apply(spec, 1, Notes()))
    await eventually(lambda: keeper.worktrees() == ["code-1"])

    access = await keeper.engine.apply(spec, 2, Notes())

    assert access.generation == 1
    with pytest.raises(StaleFence):
        await first


async def test_what_is_abandoned_is_not_made_and_what_runs_goes_on(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit("one")), 1, Notes())
    slow = spec_of(repository, repository.commit("two"), Service("web", WEB.run, build="sleep 50"), generation=2)
    task = asyncio.create_task(keeper.engine.apply(slow, 1, Notes()))
    await eventually(lambda: keeper.runs("sleep"))
    task.cancel()

    for generation in (1, 2, 3):
        await keeper.engine.abandon("env-1", generation, 1)

    assert keeper.worktrees() == ["code-1"]
    async with keeper.client() as client:
        assert await client.get("demo") == (200, "one /")


async def test_a_destroy_cuts_off_what_is_being_made(keeper: Keeper, repository: Repository) -> None:
    slow = spec_of(repository, repository.commit(), Service("web", WEB.run, build="sleep 50"))
    task = asyncio.create_task(keeper.engine.apply(slow, 1, Notes()))
    await eventually(lambda: keeper.runs("sleep"))
    await keeper.engine.destroy("env-1", 1)
    with pytest.raises(EngineUnavailable):
        await task
    assert (keeper.worktrees(), len(keeper.left())) == ([], 1)


NO_NAMES: tuple[dict[str, str], ...] = (
    {"environment": "../env"},
    {"environment": ""},
    {"environment": "a/b"},
    {"slug": "demo.evil"},
    {"slug": "a--b"},
    {"slug": "*"},
    {"slug": "-a"},
    {"ref": "main"},
    {"ref": "refs/heads/a b"},
    {"ref": "refs/heads/../x"},
)
NO_SERVICES = (
    Service("../web", "true"),
    Service("a" * 62, "true"),
    Service("web", "true"),  # there is one of that name already
    Service("api", " "),
    Service("api", "true", health="relative"),
    Service("api", "true", health="/a b\r\nX: y"),
    Service("api", "true", env=(("A=B", "c"),)),
    Service("api", "tr\0ue"),
)


async def test_what_could_be_more_than_a_name_or_never_run_is_refused(keeper: Keeper, repository: Repository) -> None:
    sha = repository.commit()
    for wrong in NO_NAMES:
        assert (await failure(keeper, repository, sha, **wrong)).code == "bad_spec", wrong
    for service in NO_SERVICES:
        assert (await failure(keeper, repository, sha, WEB, service)).code == "bad_spec", service
    assert not list(keeper.known.environments.glob("*"))


async def test_without_a_keeper_the_engine_is_unavailable(keeper: Keeper, repository: Repository) -> None:
    spec = spec_of(repository, repository.commit(), Service("web", WEB.run, build="sleep 50"))
    task = asyncio.create_task(keeper.engine.apply(spec, 1, Notes()))
    await eventually(lambda: keeper.runs("sleep"))
    keeper.kill()
    with pytest.raises(EngineUnavailable):
        await task
    async with LocalEngine(keeper.data / "nowhere" / "keeper.sock") as engine:
        with pytest.raises(EngineUnavailable):
            await engine.observe()


async def test_the_socket_is_ours_alone(keeper: Keeper) -> None:
    assert oct(keeper.known.socket_path.stat().st_mode)[-3:] == "600"
    assert oct(keeper.known.folder.stat().st_mode)[-3:] == "700"


async def test_health_tells_of_the_proxy_and_the_protection(keeper: Keeper) -> None:
    health = await keeper.engine.health()
    assert (health.problems, health.environments, health.is_ready) == ((), 0, True)
    assert health.protection == (await protection()).sentences()


async def test_an_orderly_end_stops_everything_at_once(keeper: Keeper, repository: Repository) -> None:
    await keeper.engine.apply(spec_of(repository, repository.commit()), 1, Notes())
    assert keeper.process is not None
    keeper.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(keeper.process.wait, 10) == 0
    assert keeper.left() == []
