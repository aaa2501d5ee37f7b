"""Traefik, with the configuration that we serve, answers what the local proxy answers: one table for both."""

from __future__ import annotations

from tests.browser import signed_in
from tests.traefik.requests import REQUESTS, RISING
from tests.traefik.stand import MACHINE, TWO, Visitor, configuration, rising
from tests.world import World


async def names_of(world: World) -> dict[str, str]:
    found = {each.branch: each.slug for each in await world.environments()}
    return {"demo": found["demo"], "asleep": found["asleep"], "rising": found["rising"], "domain": "localhost"}


async def test_it_answers_what_the_local_proxy_does(traefik: World) -> None:
    traefik.lab |= {"asleep": "c" * 40, "rising": "d" * 40}
    traefik.repositories.files["b" * 40] = {".dev-env.yaml": TWO}
    await traefik.types("/ivy create lab:demo")
    await traefik.types("/ivy create lab:asleep")
    [asleep] = [each.slug for each in await traefik.environments() if each.branch == "asleep"]
    await traefik.types(f"/ivy pause {asleep}")
    async with rising(traefik, "/ivy create lab:rising"):
        names, visitor = await names_of(traefik), Visitor(traefik)
        for one in REQUESTS:
            headers = {name.lower(): value.format(**names) for name, value in one.headers.items()}
            answer = await visitor.asks(f"http://{one.host.format(**names)}{one.path}", one.method, **headers)
            assert (answer.status_code, one.words in answer.text) == (one.status, True), (one, answer.text)
            assert answer.headers.get("retry-after") == ("2" if one.words == RISING else None)
            assert answer.headers.get("cache-control") == (None if one.status == 200 else "no-store")


async def test_where_the_two_differ(traefik: World) -> None:
    """A host name in capitals, or with the dot of the root at its end, is the same name to Traefik; the local proxy does not know it. No browser
    sends one. And tilt's page is on machines only."""
    await traefik.types("/ivy create lab:demo")
    slug = (await traefik.environment()).slug
    visitor = Visitor(traefik)
    assert (await visitor.asks(f"http://{slug.upper()}.LOCALHOST/")).status_code == 200
    assert (await visitor.asks(f"http://{slug}.localhost./")).status_code == 200
    assert (await visitor.asks(f"http://tilt--{slug}.localhost/")).status_code == 303


async def test_environments_of_the_keeper_are_handed_to_its_own_proxy_which_knows_how_they_are(traefik: World) -> None:
    traefik.engine.upstream = ""
    await traefik.types("/ivy create lab:demo")
    await traefik.types("/ivy pause")
    slug, found = (await traefik.environment()).slug, await configuration(traefik)
    [server] = found["http"]["services"][f"env-{slug}"]["loadBalancer"]["servers"]
    assert server == {"url": "http://127.0.0.1:8780"}
    assert set(found["http"]["routers"]) == {"nobody", f"env-{slug}"}, "it has no page of tilt's"


async def test_what_is_gone_is_routed_no_more(traefik: World) -> None:
    await traefik.types("/ivy create lab:demo")
    slug, visitor = (await traefik.environment()).slug, Visitor(traefik)
    assert (await visitor.asks(f"http://{slug}.localhost/")).text == "one /"
    await traefik.types("/ivy terminate")
    assert (await visitor.asks(f"http://{slug}.localhost/")).status_code == 404
    assert MACHINE not in str(await configuration(traefik))


async def test_no_environment_hears_forwarding_headers_of_strangers_or_a_proof(traefik: World) -> None:
    await traefik.types("/ivy create lab:demo")
    slug, visitor = (await traefik.environment()).slug, Visitor(traefik)
    lies = {"x_forwarded_for": "9.9.9.9", "forwarded": "for=9.9.9.9", "x_rewrite_url": "/admin", "x_trellis_proof": "f" * 64}
    await visitor.asks(f"http://{slug}.localhost/", **lies)
    [heard] = visitor.machine.heard
    assert set(heard.headers) == {"x-forwarded-host", "x-forwarded-proto", "x-forwarded-for"}
    assert "9.9.9.9" not in str(heard.headers)


async def test_tilts_page_is_behind_the_login_also_where_environments_are_not(traefik: World) -> None:
    await traefik.types("/ivy create lab:demo", by="dana")
    environment = await traefik.environment()
    url = f"http://tilt--{environment.slug}.localhost/overview"
    stranger = Visitor(traefik)
    assert (await stranger.asks(url)).headers["location"].startswith("http://trellis.localhost")
    assert stranger.machine.heard == []
    async with signed_in(traefik, "dana") as dashboard:
        visitor = Visitor(traefik, dashboard)
        assert (await visitor.follows(url)).text == "one /overview"
        [heard] = visitor.machine.heard
        assert len(heard.headers["x-trellis-proof"]) == 64
        assert heard.host == f"tilt--{environment.slug}.localhost"
