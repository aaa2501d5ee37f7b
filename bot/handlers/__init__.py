"""The table: command → what must be known, and the two functions that carry it out. A test holds it against the grammar."""

from __future__ import annotations

from bot.handlers import (
    approve,
    artifacts,
    cancel,
    config,
    create,
    deploy,
    deploys,
    extend,
    keep,
    learn,
    link,
    lock,
    locks,
    look,
    past,
    pause,
    restart,
    restore,
    resume,
    retry,
    running,
    terminate,
    transfer,
    update,
    veto,
)
from bot.handlers.handler import About, Decide, Gather, Handler, gather_nothing


def _handler(words: str, about: About, decide: Decide, gather: Gather = gather_nothing) -> tuple[str, Handler]:
    return words, Handler(about, decide, gather)


HANDLERS: dict[str, Handler] = dict(
    [
        _handler("ivy create", About.PROJECT, create.decide, create.gather),
        _handler("ivy update", About.ENVIRONMENT, update.decide, update.gather),
        _handler("ivy extend", About.ENVIRONMENT, extend.decide),
        _handler("ivy terminate", About.ENVIRONMENT, terminate.decide),
        _handler("ivy restart", About.ENVIRONMENT, restart.decide),
        _handler("ivy cancel", About.ENVIRONMENT, cancel.decide),
        _handler("ivy retry", About.ENVIRONMENT, retry.decide),
        _handler("ivy config", About.PERHAPS_ENVIRONMENT, config.decide, config.gather),
        _handler("ivy keep", About.ENVIRONMENT, keep.decide),
        _handler("ivy unkeep", About.ENVIRONMENT, keep.decide_unkeep),
        _handler("ivy pause", About.ENVIRONMENT, pause.decide),
        _handler("ivy resume", About.ENVIRONMENT, pause.decide_resume),
        _handler("ivy transfer", About.ENVIRONMENT, transfer.decide, transfer.gather),
        _handler("ivy restore", About.ENVIRONMENT, restore.decide, restore.gather),
        _handler("ivy approve", About.APPROVAL, approve.decide),
        _handler("ivy reject", About.APPROVAL, approve.decide_reject),
        _handler("ivy history", About.ENVIRONMENT, past.history),
        _handler("ivy cost", About.PERHAPS_ENVIRONMENT, past.cost, past.gather_cost),
        _handler("ivy status", About.PERHAPS_ENVIRONMENT, look.status, look.gather_status),
        _handler("ivy list", About.NOTHING, look.listed, look.gather_list),
        _handler("ivy logs", About.ENVIRONMENT, look.logs, look.gather_logs),
        _handler("ivy url", About.ENVIRONMENT, look.url),
        _handler("ivy why", About.ENVIRONMENT, look.why),
        _handler("ivy link", About.NOTHING, link.decide, link.gather),
        _handler("ivy unlink", About.NOTHING, link.part),
        _handler("sled deploy", About.SERVICES, deploy.decide, deploy.gather),
        _handler("sled artifacts", About.PERHAPS_SERVICES, artifacts.decide),
        _handler("sled status", About.PERHAPS_SERVICES, running.status),
        _handler("sled lock", About.SCOPE, lock.decide),
        _handler("sled unlock", About.SCOPE, lock.decide_unlock),
        _handler("sled locks", About.PERHAPS_SERVICES, locks.decide),
        _handler("sled freeze", About.NOTHING, locks.decide_freeze),
        _handler("sled veto", About.PERHAPS_SERVICES, veto.decide),
        _handler("sled unveto", About.PERHAPS_SERVICES, veto.decide_unveto),
        _handler("sled resume", About.SERVICES, resume.decide),
        _handler("sled cancel", About.DEPLOY, deploys.cancel),
        _handler("sled retry", About.DEPLOY, deploys.retry),
        _handler("sled logs", About.DEPLOY, deploys.logs),
        _handler("sled why", About.DEPLOY, deploys.why),
        _handler("sled history", About.PERHAPS_SERVICES, deploys.history),
        _handler("sled link", About.NOTHING, link.decide, link.gather),
        _handler("sled unlink", About.NOTHING, link.part),
        _handler("ivy help", About.NOTHING, learn.helped),
        _handler("ivy whoami", About.NOTHING, learn.whoami),
        _handler("sled help", About.NOTHING, learn.helped),
        _handler("sled whoami", About.NOTHING, learn.whoami),
    ]
)
