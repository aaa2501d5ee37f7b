"""The tables of trading environments: their keys, as hashes only, and alarms about the wall before production's secrets."""

from __future__ import annotations

from sqlalchemy import Column, Float, String, Table, Text

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
