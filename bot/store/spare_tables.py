"""Warm spares, and whether somebody has stopped their making."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text, text

from bot.store.tables import metadata

_IS_LIVE = text("state IN ('making', 'ready', 'retiring')")

spares = Table(
    "spares",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project", String(100), nullable=False),
    Column("engine", String(16), nullable=False, server_default=""),
    Column("size", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("image", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("ready_at", Float),
    Column("expires_at", Float),
    Column("claimed_at", Float),
    Column("gone_at", Float),
    Column("why", String(40), nullable=False),
    Column("troubles", Integer, nullable=False),
    Column("retry_at", Float),
    Index("ix_spares_live", "project", "size", "state", "created_at", sqlite_where=_IS_LIVE, postgresql_where=_IS_LIVE),
    Index("ix_spares_project", "project", "created_at"),
)

spare_pauses = Table(
    "spare_pauses",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("who", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
)
