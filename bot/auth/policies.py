"""The one decision, by rules that operators may edit. What no rule permits is denied; a forbid wins; an error is a no."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources

import cedarpy
import structlog

from bot.auth.asked import Asked
from bot.auth.policy import Decision, Role
from bot.auth.schema import Known, schema_of
from bot.auth.text import PolicyError, Rule, Text, rules_in

log = structlog.get_logger()

NOT_ALLOWED = "not_allowed"


def default_text() -> Text:
    """The rules that come with the package."""
    return Text("default.cedar", (resources.files("bot.auth") / "default.cedar").read_text(encoding="utf-8"))


class Policies:
    """Rules read once. `authorize` is the only place where it is decided who may what."""

    def __init__(self, texts: Sequence[Text], actions: Mapping[str, Known]) -> None:
        """Raises PolicyError with file and line."""
        self._actions = dict(actions)
        self._schema = cedarpy.Schema.from_str(schema_of(actions))
        self.rules: dict[str, Rule] = {}
        for text in texts:
            for rule in rules_in(text, self._schema):
                if rule.id in self.rules:
                    raise PolicyError(text.file, 1, f"there is a rule {rule.id!r} already in another file")
                self.rules[rule.id] = rule
        trees = {id_: rule.tree for id_, rule in self.rules.items()}
        self._set = cedarpy.PolicySet.from_json_str(json.dumps({"templates": {}, "staticPolicies": trees, "templateLinks": []}))

    def known(self, action: str) -> Known | None:
        """A command as rules see it; None for one that they do not know."""
        return self._actions.get(action)

    def authorize(self, asked: Asked) -> Decision:
        """Decide. A no names the rule, the argument it is about, and the roles that may."""
        if asked.action not in self._actions:
            return Decision(is_allowed=False, code=NOT_ALLOWED, reason="no rule knows it")
        is_allowed, reasons = self._ask(asked)
        return Decision(is_allowed=True) if is_allowed else self._refusal(asked, reasons)

    def _ask(self, asked: Asked) -> tuple[bool, Sequence[str]]:
        """Whether it is allowed, and the rules that decided it: none where none permits it."""
        try:
            result = cedarpy.is_authorized(asked.request(), self._set, asked.entities(), self._schema)
        except Exception:  # whatever it is, it is no yes
            log.exception("policy_failed", action=asked.action)
            return False, ()
        reasons, errors = list(result.diagnostics.reasons), list(result.diagnostics.errors)
        if errors:
            log.error("policy_failed", action=asked.action, errors=errors)
        return result.allowed and not errors, reasons

    def _refusal(self, asked: Asked, reasons: Sequence[str]) -> Decision:
        may = {role: rules for role in Role if (rules := self._rules_for(asked, role))}
        no = Decision(is_allowed=False, code=NOT_ALLOWED, roles=tuple(may))
        forbids = [rule for id_ in reasons if (rule := self.rules[id_]).is_forbid]
        if forbids:
            return replace(no, rule=forbids[0].id, reason=forbids[0].reason, argument=forbids[0].argument)
        if may:
            lowest, rules = next(iter(may.items()))
            rule = self.rules[rules[0]]
            return replace(no, rule=rule.id, reason=_too_low(asked, lowest), argument=rule.argument)
        known = self._actions[asked.action]
        permits = [rule for rule in self.rules.values() if not rule.is_forbid and rule.concerns(asked.action, known.group)]
        if permits:
            return replace(no, rule=permits[-1].id, reason=permits[-1].reason, argument=permits[-1].argument)
        return replace(no, reason="no rule allows it")

    def _rules_for(self, asked: Asked, role: Role) -> Sequence[str]:
        """The rules by which somebody in that role might, were everything else the same; none where they might not."""
        if role is Role.NOBODY:
            return ()
        is_allowed, reasons = self._ask(replace(asked, standing=replace(asked.standing, role=role)))
        return reasons if is_allowed else ()


def _too_low(asked: Asked, needed: Role) -> str:
    standing = asked.standing
    if standing.role is Role.NOBODY and standing.doubt:
        return standing.doubt
    return f"it needs the role {needed} here, and yours is {standing.role}"
