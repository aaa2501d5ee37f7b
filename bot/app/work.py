"""A worker, wired: the desks and everything they work with."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from bot.app.catalogue import catalogue_of
from bot.app.deploys import tidying_of
from bot.app.edges import Edges, approvers_of, edges_of, holder_name, is_recorded, projects_of, rules_of
from bot.app.images import baking_of
from bot.app.market_feed import NatsFeed
from bot.app.markets import offer_of
from bot.app.people import members_of
from bot.app.scraped import scraped
from bot.app.spares import spares_of
from bot.app.spending import spare_budget_of
from bot.app.strays import strays_of
from bot.app.terms import allowed_of, limits_of, price_source, terms_of
from bot.app.traces import traced
from bot.app.vault import Keeping, keeping_of, must_hold
from bot.bus import Bus
from bot.garbage import spare_what_stays
from bot.gates import Gates
from bot.merges import Merges
from bot.redaction import KNOWN
from bot.settings import Settings, SettingsError
from bot.settings.secrets import secrets_of
from bot.store.database import Database
from bot.store.store import Store
from bot.web.site import site_of
from bot.worker.adopt import Adoption
from bot.worker.alarms import Alarms
from bot.worker.announcements import Announcements
from bot.worker.bound import Heads
from bot.worker.branches import Branches
from bot.worker.deployments import Deployments
from bot.worker.doorbell import Doorbell
from bot.worker.environments import Environments
from bot.worker.equipment import Equipment
from bot.worker.forms import Forms
from bot.worker.leasing import Holder
from bot.worker.leftovers import Leftovers
from bot.worker.mains import Mains
from bot.worker.messages import Messages
from bot.worker.names import Names
from bot.worker.offering import Offering
from bot.worker.openings import Openings
from bot.worker.outbox import Outbox
from bot.worker.patience import PatientForge
from bot.worker.poll import Pace, Poller
from bot.worker.reconcile import Reconciler
from bot.worker.records import Records
from bot.worker.requests import Asked, Requests
from bot.worker.runtime import EngineRuntime
from bot.worker.turns import Turns
from bot.worker.voids import Voids
from bot.worker.worker import Parts, Workers
from grammar.parse import warm
from provisioner.engine import Engine

_PACE_S = 1.0


async def worker_parts(
    settings: Settings, store: Store, edges: Edges, holder: str, pace_s: float = _PACE_S, keeping: Keeping | None = None
) -> Parts:
    """Everything a worker works with, on the given store and edges."""
    keeping = keeping or keeping_of(settings)
    KNOWN.learn(secrets_of(settings))
    projects = projects_of(settings)
    chats, forges, place = edges.chats, edges.forges, edges.place
    hold = Holder(store, holder, settings.worker.lease_s)
    offer, market = offer_of(settings), edges.market or NatsFeed(settings)
    runtime = EngineRuntime(place.engine, place.repositories, offer, market=market)
    forges = {kind: PatientForge(forge, kind, store) for kind, forge in forges.items()}
    branches = Branches(store, runtime, forges, projects)
    mains = Mains(store, Merges(forges, runtime), projects, catalogue_of(settings))
    voids = Voids(store, runtime, forges, projects, catalogue_of(settings))
    requests = Requests(store, runtime, forges, projects, catalogue_of(settings))
    gates = Gates(store, forges, projects, catalogue_of(settings), edges.deploys.contracts())
    adoption = Adoption(store, projects, limits_of(settings), settings.host_id)
    equipment = Equipment(keeping.vault, market, store, _api_of(settings))
    bus = Bus(store, runtime, forges, await rules_of(settings, chats), members_of(chats), gates)
    return Parts(
        store=store,
        runtime=runtime,
        branches=branches,
        mains=mains,
        messages=Messages(
            hold,
            bus,
            branches,
            Forms(chats, projects, settings.limits.cap_hours, bus.visible),
            Names(chats),
            Openings(store, bus, runtime, forges, projects),
            mains,
            requests,
            voids,
        ),
        environments=_environments(settings, hold, place.engine, branches, Heads(runtime, forges), equipment, Offering(offer, market)),
        voids=voids,
        announcements=Announcements(store, catalogue_of(settings), projects),
        deployments=Deployments(
            hold, edges.deploys.runner_of, edges.deploys.files, catalogue_of(settings), Asked(gates, requests), approvers_of(settings)
        ),
        tidying=tidying_of(settings, store),
        leftovers=Leftovers(store, equipment),
        canary=keeping.canary,
        alarms=alarms_of(settings, store),
        outbox=Outbox(hold, chats, pace_s, price_source(settings)),
        poller=Poller(hold, edges.feeds, runtime, Pace(settings.worker.poll_s, settings.worker.catch_up_s)),
        records=Records(hold, edges.recorders, projects, partial(is_recorded, settings)),
        reconciler=Reconciler(hold, place.engine, settings.host_id, adoption),
        projects=projects,
        spares=spares_of(settings, hold, place.engine, spare_budget_of(settings)),
        strays=strays_of(settings, hold, edges, runtime, adoption),
        baking=baking_of(settings, hold, place.bakery),
        jobs=settings.worker.jobs,
    )


def _environments(
    settings: Settings, hold: Holder, engine: Engine, branches: Branches, heads: Heads, equipment: Equipment, offering: Offering
) -> Environments:
    return Environments(
        hold,
        engine,
        projects_of(settings),
        settings.host_id,
        allowed_of(settings),
        branches.after_ready,
        Turns(hold.store, terms_of(settings)),
        heads,
        equipment,
        offering,
        site_of(settings.public_url, settings.port).main.url,
    )


def _api_of(settings: Settings) -> str:
    """Where services of environments reach us: the public address, or this machine."""
    return f"{settings.public_url.rstrip('/') or f'http://127.0.0.1:{settings.port}'}/api/v1"


def alarms_of(settings: Settings, store: Store) -> Alarms:
    return Alarms(store, settings.host_id, settings.vault.alarm_channel)


async def _must_hold(keeping: Keeping, alarms: Alarms) -> None:
    """Raises SettingsError, told of before. Other workers, or the next that starts, say it in the chat."""
    try:
        await must_hold(keeping)
    except SettingsError as breach:
        with suppress(Exception):  # a database that is away is no reason to start
            await alarms.wall(str(breach))
        raise


async def run_worker(settings: Settings) -> None:
    """The worker's process, until it is cancelled."""
    doorbell = Doorbell(settings.redis)
    doorbell.start()
    store = Store(Database(settings.sql_url), doorbell.ring)
    holder = holder_name()
    edges = edges_of(settings, store)
    warm()
    try:
        keeping = keeping_of(settings)
        await _must_hold(keeping, alarms_of(settings, store))
        parts = await worker_parts(settings, store, edges, holder, keeping=keeping)
        spare_what_stays()
        workers = Workers(parts, holder, settings.redis, settings.worker)
        async with traced(settings, f"worker:{holder}"), scraped(settings.metrics, workers.is_well):
            await workers.run()
    finally:
        await edges.close()
        await doorbell.stop()
        await store.database.close()
