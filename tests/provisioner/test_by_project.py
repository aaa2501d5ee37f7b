"""Several engines as one: each project has its own, and what was made stays where it was made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.by_project import Choice, EngineByProject
from provisioner.engine import Bare, Engine, EngineUnavailable, Observed, Preparing, Remembering, RunsTilt, Service, Source, Spec
from tests.fakes.engine import FakeEngine, FakeRepositories
from tests.provisioner.house import Notes


def spec(environment: str, project: str) -> Spec:
    source = Source(project, f"https://forge.example/{project}.git", "refs/heads/main", "a" * 40)
    return Spec(environment, f"slug-{environment}", 1, source, (Service("web", "./web"),))


class Two:
    """Engines `here` and `there`; `rows` is what the database says of each environment."""

    def __init__(self) -> None:
        self.here, self.there = FakeEngine(FakeRepositories()), FakeEngine(FakeRepositories())
        self.rows: dict[str, str] = {}
        self.choice = Choice({"shop": "here", "tools": "there"}, "here")

    @property
    def engine(self) -> EngineByProject:
        async def made_by(id: str) -> str | None:
            return self.rows.get(id)

        return EngineByProject({"here": self.here, "there": self.there}, self.choice, made_by)

    async def make(self, id: str, project: str) -> None:
        self.rows[id] = self.choice.of(project)
        await self.engine.apply(spec(id, project), 1, Notes())


async def test_each_project_has_its_own_and_all_are_seen() -> None:
    two = Two()
    await two.make("a", "shop")
    await two.make("b", "tools")
    assert (list(two.here.running), list(two.there.running)) == (["a"], ["b"])
    assert {each.environment: each.engine for each in await two.engine.observe()} == {"a": "here", "b": "there"}


async def test_what_runs_stays_where_it_is_when_its_project_gets_another_engine() -> None:
    two = Two()
    await two.make("a", "shop")
    two.choice = replace(two.choice, of_projects={"shop": "there"})
    await two.engine.apply(replace(spec("a", "shop"), generation=2), 2, Notes())
    await two.engine.restart("a", None, 3)
    await two.engine.pause("a", 4)
    await two.engine.abandon("a", 2, 5)
    await two.engine.destroy("a", 6)
    assert (two.here.restarts, two.here.paused, two.here.abandoned, two.here.destroyed) == ([("a", None)], ["a"], [("a", 2)], ["a"])
    assert two.there.fences == {}, "the other was asked for nothing"
    await two.make("b", "shop")
    assert list(two.there.running) == ["b"]


async def test_what_no_row_tells_of_is_taken_down_wherever_it_is() -> None:
    two = Two()
    await two.engine.destroy("lost", 1)
    assert (two.here.destroyed, two.there.destroyed) == (["lost"], ["lost"])


async def test_one_of_an_engine_that_is_no_longer_configured_is_told_of_and_touched_by_nobody_else() -> None:
    two = Two()
    two.rows["old"] = "gone-away"
    for asked in (two.engine.destroy("old", 1), two.engine.restart("old", None, 1), two.engine.logs("old", None, 5)):
        with pytest.raises(EngineUnavailable, match="made by gone-away, which is not configured any more: configure it again"):
            await asked
    assert (two.here.fences, two.there.fences) == ({}, {})


async def test_one_from_before_there_were_several_is_of_the_usual_engine() -> None:
    two = Two()
    await two.engine.restart("old", None, 1)
    assert (two.here.restarts, two.there.restarts) == ([("old", None)], [])


async def test_spares_are_made_by_the_engine_of_their_project_and_become_what_it_makes() -> None:
    two = Two()
    pattern = await two.engine.pattern("tools")
    assert pattern is not None
    assert (pattern.engine, pattern.image) == ("there", "image-1")
    two.rows["s"] = pattern.engine
    await two.engine.prepare(Bare("s", "spare-s", "tools", "small"), 1)
    await two.engine.apply(spec("s", "tools"), 2, Notes())
    assert two.there.from_spares == ["s"]


def test_nothing_that_an_engine_can_do_is_left_out() -> None:
    """Of a protocol one inherits methods that do nothing, without a word."""
    asked = {name for port in (Engine, Preparing, Remembering, RunsTilt) for name in vars(port) if not name.startswith("_")}
    assert asked - vars(EngineByProject).keys() == set()


async def test_who_remembers_one_is_named_with_it() -> None:
    two = Two()
    two.there.memory["b"] = Observed("b", "slug-b", 3, 1, "a" * 40, ())
    known = await two.engine.remembered("b")
    assert known is not None
    assert (known.engine, known.generation) == ("there", 3)
    assert await two.engine.remembered("a") is None


async def test_an_engine_that_does_not_answer_is_not_taken_for_one_that_has_nothing() -> None:
    two = Two()

    async def observe() -> tuple[Observed, ...]:
        raise EngineUnavailable("the keeper does not answer")

    two.here.observe = observe  # type: ignore[method-assign]
    with pytest.raises(EngineUnavailable):
        await two.engine.observe()
