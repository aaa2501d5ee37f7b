"""Who may what in NATS: each environment hears its own instruments, and says nothing but answers to what it is asked."""

from __future__ import annotations

import json
import secrets

import bcrypt

from feeds.interest import Interest

_ROUNDS = 4  # the passwords are random and long: there is nothing to guess, and signing in stays quick


def mint(password: str = "") -> tuple[str, str]:
    """A new password, or this one, and what is kept of it."""
    password = password or secrets.token_urlsafe(32)
    return password, bcrypt.hashpw(password.encode(), bcrypt.gensalt(_ROUNDS)).decode()


def is_of(password: str, kept: str) -> bool:
    """Whether `kept` is what is kept of it."""
    return bool(kept) and bcrypt.checkpw(password.encode(), kept.encode())


def subjects(environment: str, interest: Interest) -> list[str]:
    """What an environment may subscribe to."""
    live = [f"market.data.{each.source}.{each.market}.{each.instrument}.>" for each in sorted(set(interest.wanted))]
    replayed = [f"market.replay.{environment}.>"]
    asked = [f"market.ask.{environment}"]
    return [*(live if interest.is_live else []), *(replayed if interest.replay else []), *asked]


def authorization(interests: dict[str, Interest], owner: tuple[str, str] | None = None) -> str:
    """The block for a NATS server's configuration. `owner`: user and password of whoever may everything."""
    users = [{"user": owner[0], "password": owner[1]}] if owner else []
    users += [_user(name, interest) for name, interest in sorted(interests.items()) if interest.password_hash]  # type: ignore[misc]
    return f"authorization: {json.dumps({'users': users}, indent=1)}\n"


def _user(name: str, interest: Interest) -> dict[str, object]:
    return {
        "user": name,
        "password": interest.password_hash,
        "permissions": {
            "subscribe": {"allow": subjects(name, interest)},
            "publish": {"deny": [">"]},
            "allow_responses": {"max": 1, "expires": "10s"},
        },
    }
