"""What a gate says, in words: what is missing, and what to do about it."""

from __future__ import annotations

from bot.domain.gates import Gate, Lack, Word

MOST_NAMED = 8


def named(word: Word) -> str:
    """`unit, lint and 3 more`."""
    shown = ", ".join(word.named[:MOST_NAMED])
    more = len(word.named) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def waiting(word: Word) -> str:
    """As the end of "it waits for …"."""
    if word.lack is Lack.RUNNING:
        return f"its checks to end ({named(word)})"
    if word.lack is Lack.AWAY:
        return f"the gate {word.gate}: nobody can say now ({named(word)})"
    return f"the gate {word.gate} to be asked again"


def missing(word: Word) -> str:
    """As the end of "may not go there: …"."""
    return f"the gate {word.gate} is shut: {lacking(word)}"


def lacking(word: Word) -> str:
    request = f"request {word.request}" if word.request is not None else "its request"
    lacks = {
        Lack.FAILED: f"checks of its commit did not pass ({named(word)})",
        Lack.UNCHECKED: "nothing has checked its commit",
        Lack.RUNNING: f"its checks have not ended ({named(word)})",
        Lack.NO_REQUEST: "the forge knows no request that brought its commit",
        Lack.UNAPPROVED: f"{request} was approved by nobody who may write there and is not its author",
        Lack.BREAKS: "whoever calls what runs there could not go on",
        Lack.NO_CONTRACT: "it was registered without its contract",
        Lack.UNREADABLE: f"its contract cannot be read: {named(word)}",
        Lack.CANNOT_COMPARE: f"its contract cannot be compared: {named(word)}",
        Lack.AWAY: f"nobody could say ({named(word)})",
        Lack.UNASKED: "it could not be asked",
    }
    return lacks[word.lack] if word.lack else "nothing is missing"


def details(word: Word) -> tuple[str, ...]:
    """What breaks, line by line, to be shown below."""
    return word.named if word.lack is Lack.BREAKS else ()


def way_on(word: Word) -> str:
    ways = {
        Lack.UNCHECKED: "Have CI run on it",
        Lack.NO_REQUEST: "Bring it by a request that somebody else approves",
        Lack.UNAPPROVED: "Have it approved",
        Lack.BREAKS: "Keep what is called, or make the change in a package or path marked alpha or beta",
        Lack.NO_CONTRACT: "CI registers it with: trellis artifact push … --contract FILE",
    }
    usual = {Gate.CI: "Mend it, or run the checks again", Gate.REVIEW: "Have it approved", Gate.CONTRACTS: "Mend the contract"}
    way = ways.get(word.lack, usual[word.gate]) if word.lack else ""
    return f"{way}; then say it again. Past gates, for admins only: --force"
