"""The words for what has no counterpart."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.strays import Act, Kind

KINDS: Mapping[Kind, str] = {
    Kind.LEFT: "machine of one that is gone",
    Kind.UNKNOWN: "machine that nobody knows",
    Kind.TWIN: "second machine of one environment",
    Kind.BARE: "environment without a machine",
    Kind.EMPTY: "failed, and nothing of it is left",
    Kind.STATE: "state without a machine",
    Kind.BRANCH: "its branch is not there",
}
ACTS: Mapping[Act, str] = {
    Act.WAIT: "wait: it may be on its way",
    Act.TELL: "somebody has to look at it",
    Act.ADOPT: "adopt",
    Act.REMAKE: "make again",
    Act.ASK: "tell its owner",
    Act.CLOSE: "end",
    Act.DESTROY: "take down",
}
