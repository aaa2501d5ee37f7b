"""What people are told of themselves: who the bot takes them for, what they may say, and who may say the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.auth.policy import Decision, Role, Standing
from bot.domain.message import Person
from bot.domain.project import Project
from bot.domain.prose import Block, Code, Log, Reply, Strong, Table, Tone, line
from bot.replies.common import say
from grammar.commands import Product
from grammar.help import Manual


def whoami(person: Person, standing: Standing, project: Project | None, may: Sequence[str]) -> Reply:
    """`may`: groups of actions, and single commands of those that are not open as a whole."""
    where = f" in {project.path or project.key}" if project else ""
    more: list[Block] = [line("You may " + (", ".join(may) if may else "do nothing here") + ".")]
    because = standing.why or (standing.doubt if standing.role is Role.NOBODY else "")
    if because:
        more.append(line(f"Because: {because}."))
    others = sorted(standing.identities - {f"{person.platform}:{person.id}"})
    if others:
        more.append(line(f"Joined with: {', '.join(others)}."))
    if standing.groups:
        more.append(line(f"In the groups: {', '.join(sorted(standing.groups))}."))
    return say(Tone.NEUTRAL, "You are ", Strong(person.name), f" on {person.platform} (id {person.id}): {standing.role}{where}.", more=more)


def manual(pages: Sequence[Manual], role: Role, hidden: Mapping[str, Decision], product: Product = Product.IVY) -> Reply:
    """`hidden`: the commands that may not be said here, and why not."""
    rows = tuple((line(Code(page.usage)), line(page.summary)) for page in pages)
    more: list[Block] = [Table(("command", "what it does"), rows)]
    by_role: dict[str, list[str]] = {}
    for words, decision in hidden.items():
        by_role.setdefault(_who(decision), []).append(words.partition(" ")[2])
    more += [line(f"{len(verbs)} more need {who}; yours is {role}: {', '.join(verbs)}.") for who, verbs in by_role.items()]
    example = {Product.IVY: "/ivy help create", Product.SLED: "/sled help deploy"}
    more.append(line("More on one: ", Code(example[product])))
    return say(Tone.NEUTRAL, "What you can say here:", more=more)


def manual_page(page: Manual, decision: Decision) -> Reply:
    who = "You may run it." if decision.is_allowed else f"It needs {_who(decision)}."
    return say(Tone.NEUTRAL, Code(page.usage), more=(line(page.summary), Log(tuple(page.examples)), line(who)))


def _who(decision: Decision) -> str:
    return f"the role {decision.roles[0]}" if decision.roles else "what no role has"
