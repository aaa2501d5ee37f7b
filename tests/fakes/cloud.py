"""A cloud's account in memory: a machine for whatever the engine has made, those that somebody put there besides, and faults as knobs."""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioner.engine import EngineUnavailable
from provisioner.machines import Machine
from tests.fakes.engine import FakeEngine


@dataclass
class FakeCloud:
    """`besides` are machines that no engine of ours made; `unlisted` those that exist and are not listed yet, as EC2 has it just after create."""

    engine: FakeEngine
    besides: dict[str, Machine] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    states: dict[str, frozenset[str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    is_down: bool = False

    def put(self, id: str, environment: str, slug: str = "", project: str = "shop") -> None:
        self.besides[id] = Machine(id, environment, slug, project, 0)

    def own(self) -> dict[str, str]:
        """The machine of each environment that was made and is not gone; one that is paused is stopped."""
        paused = {id_ for id_ in self.engine.paused if id_ in self.engine.fences and id_ not in self.engine.destroyed}
        return {f"i-{id_}": id_ for id_ in {*self.engine.running, *self.engine.prepared, *paused}}

    def there(self) -> dict[str, Machine]:
        return {**{id_: Machine(id_, of, "", "shop", 0) for id_, of in self.own().items()}, **self.besides}

    def spot_loss(self, environment: str) -> None:
        """AWS takes the machine back; nobody is told."""
        del self.engine.running[environment]


@dataclass
class FakeMachines:
    cloud: FakeCloud

    async def all(self) -> tuple[Machine, ...]:
        if self.cloud.is_down:
            raise EngineUnavailable("AWS, listing instances: RequestLimitExceeded")
        return tuple(each for id_, each in self.cloud.there().items() if id_ not in self.cloud.unlisted)

    async def remove(self, id: str) -> None:
        self.cloud.removed.append(id)
        self.cloud.besides.pop(id, None)
        if id in self.cloud.own():
            self.cloud.engine.running.pop(self.cloud.own()[id], None)


@dataclass
class FakeStates:
    """A state for each machine of its own, and those in `cloud.states`."""

    cloud: FakeCloud

    def _known(self) -> dict[str, frozenset[str]]:
        left = {id_: ids for id_, ids in self.cloud.states.items() if id_ not in self.cloud.engine.destroyed}
        return {**{of: frozenset({id_}) for id_, of in self.cloud.own().items()}, **left}

    async def all(self) -> frozenset[str]:
        return frozenset(self._known())

    async def machines(self, environment: str) -> frozenset[str]:
        return self._known().get(environment, frozenset())
