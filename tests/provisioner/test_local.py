"""Making, updating and destroying environments on this machine, with a real keeper, git and Caddy."""

from __future__ import annotations

from provisioner.engine import Access, Address, StageName
from tests.provisioner.house import Keeper, Notes, Repository, spec_of


async def test_an_environment_answers_at_its_address_as_soon_as_it_is_made(keeper: Keeper, repository: Repository) -> None:
    sha = repository.commit("one")
    notes = Notes()

    access = await keeper.engine.apply(spec_of(repository, sha), 1, notes)

    assert access == Access(1, sha, (Address("web", f"http://demo.localhost:{keeper.port}"),))
    assert notes.heard == [(word, stage) for stage in StageName for word in ("begin", "end")]
    async with keeper.client() as client:
        assert await client.get("demo", "/hello") == (200, "one /hello")
        assert (await client.get("demos"))[0] == 404
