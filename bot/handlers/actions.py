"""Which group of actions each command belongs to, and so which rules decide about it. A command without a line here is denied to all."""

from __future__ import annotations

from bot.auth.policy import Action
from bot.auth.schema import Known
from grammar.commands import COMMANDS
from grammar.targets import DEPLOY
from grammar.values import DURATION, TAIL

ACTIONS: dict[str, Action] = {
    "ivy create": Action.CHANGE,
    "ivy update": Action.CHANGE,
    "ivy extend": Action.CHANGE,
    "ivy terminate": Action.CHANGE,
    "ivy restart": Action.CHANGE,
    "ivy cancel": Action.CHANGE,
    "ivy retry": Action.CHANGE,
    "ivy config": Action.LOOK,
    "ivy keep": Action.CHANGE,
    "ivy unkeep": Action.CHANGE,
    "ivy pause": Action.CHANGE,
    "ivy resume": Action.CHANGE,
    "ivy transfer": Action.CHANGE,
    "ivy restore": Action.CHANGE,
    "ivy approve": Action.APPROVE,
    "ivy reject": Action.APPROVE,
    "ivy history": Action.LOOK,
    "ivy cost": Action.LOOK,
    "ivy status": Action.LOOK,
    "ivy list": Action.LOOK,
    "ivy logs": Action.LOOK,
    "ivy url": Action.LOOK,
    "ivy why": Action.LOOK,
    "ivy link": Action.JOIN,
    "ivy unlink": Action.JOIN,
    "sled deploy": Action.DEPLOY,
    "sled plan": Action.LOOK,
    "sled rollback": Action.DEPLOY,
    "sled promote": Action.DEPLOY,
    "sled beta": Action.DEPLOY,
    "sled release": Action.DEPLOY,
    "sled diff": Action.LOOK,
    "sled status": Action.LOOK,
    "sled artifacts": Action.LOOK,
    "sled lock": Action.LOCK,
    "sled unlock": Action.LOCK,
    "sled locks": Action.LOOK,
    "sled freeze": Action.LOOK,
    "sled veto": Action.LOCK,
    "sled unveto": Action.LOCK,
    "sled resume": Action.DEPLOY,
    "sled cancel": Action.DEPLOY,
    "sled retry": Action.DEPLOY,
    "sled logs": Action.LOOK,
    "sled why": Action.LOOK,
    "sled history": Action.LOOK,
    "sled approve": Action.APPROVE,
    "sled reject": Action.APPROVE,
    "sled link": Action.JOIN,
    "sled unlink": Action.JOIN,
    "ivy help": Action.LEARN,
    "ivy whoami": Action.LEARN,
    "sled help": Action.LEARN,
    "sled whoami": Action.LEARN,
}


def known_actions() -> dict[str, Known]:
    """All commands as rules see them, with the options that may be said."""
    return {
        command.words: Known(ACTIONS[command.words], {name: _type(slot.kind) for name, slot in command.slots().items()})
        for command in COMMANDS
        if command.words in ACTIONS
    }


def _type(kind: object) -> str:
    if kind is None:
        return "Bool"
    return "Long" if kind in {DURATION, TAIL, DEPLOY} else "String"
