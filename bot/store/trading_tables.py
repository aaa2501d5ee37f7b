"""The tables of trading environments: hashes of their keys, how their books stand, and alarms about the wall before production."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, String, Table, Text

from bot.store.tables import metadata

trading_keys = Table(
    "trading_keys",
    metadata,
    Column("environment_id", String(32), primary_key=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("minted_at", Float, nullable=False),
    Column("shown_at", Float),
    Column("shown_to", Text, nullable=False, server_default=""),
    Column("revoked_at", Float),
    Column("number", Integer, nullable=False, server_default="0"),  # of the key: one that is made anew has the next
)

alarms = Table(
    "alarms",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("source", String(200), primary_key=True),  # the host that it was seen from
    Column("since", Float, nullable=False),
    Column("words", Text, nullable=False),
    Column("until", Float),
)

trading_states = Table(
    "trading_states",
    metadata,
    Column("environment_id", String(32), primary_key=True),
    Column("told_at", Float),
    Column("told", JSON),
    Column("halted_at", Float),
    Column("resume_for", Integer, nullable=False, server_default="0"),
    Column("resume_by", Text, nullable=False, server_default=""),
    Column("held_until", Float),
    Column("held_for", Text, nullable=False, server_default=""),
)
