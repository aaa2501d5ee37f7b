"""What each command needs to be allowed."""

from __future__ import annotations

from bot.auth.policy import Action

ACTIONS: dict[str, Action] = {
    "ivy create": Action.CHANGE,
    "ivy update": Action.CHANGE,
    "ivy extend": Action.CHANGE,
    "ivy terminate": Action.CHANGE,
    "ivy restart": Action.CHANGE,
    "ivy cancel": Action.CHANGE,
    "ivy retry": Action.CHANGE,
    "ivy status": Action.LOOK,
    "ivy list": Action.LOOK,
    "ivy logs": Action.LOOK,
    "ivy url": Action.LOOK,
    "ivy why": Action.LOOK,
    "ivy help": Action.LEARN,
    "ivy whoami": Action.LEARN,
    "sled help": Action.LEARN,
    "sled whoami": Action.LEARN,
}
