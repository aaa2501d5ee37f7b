"""What the central Traefik asks for, wired."""

from __future__ import annotations

from fastapi import FastAPI

from bot.settings import Settings
from bot.settings.traefik import TraefikSettings
from bot.store.hand_overs import HandOvers
from bot.store.store import Store
from bot.web.metrics import Readers
from bot.web.pages.parts import Parts
from bot.web.site import Site
from bot.web.traefik.hand_over import Gate, Place
from bot.web.traefik.router import for_people, for_traefik
from bot.web.traefik.routes import Routes
from provisioner.traefik.central import Central


def routes_of(settings: Settings, traefik: TraefikSettings, store: Store, key: bytes) -> Routes:
    trellis = traefik.trellis_url or f"http://127.0.0.1:{settings.port}"
    keeper = traefik.keeper_url or f"http://127.0.0.1:{settings.proxy_port}"
    is_tls = traefik.scheme == "https"
    central = Central(settings.domain, trellis, traefik.entry_points, is_tls, traefik.login)
    return Routes(store, central, key, keeper)


def add_traefik(app: FastAPI, settings: Settings, store: Store, parts: Parts, site: Site, token: str) -> None:
    """Nothing where no Traefik is configured. `token` is the installation's own secret: what is sealed is sealed with it."""
    if settings.traefik is None:
        return
    traefik, key = settings.traefik, token.encode()
    place = Place(traefik.scheme, settings.domain, traefik.port, site.main.url)
    gate = Gate(place, HandOvers(store), key, traefik.session_hours * 3600)
    app.include_router(for_traefik(routes_of(settings, traefik, store, key), gate, Readers(traefik.token.get_secret_value())))
    app.include_router(for_people(parts, gate))
