"""Bakes of the image that machines are made of."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, String, Table, Text

from bot.store.tables import metadata

bakes = Table(
    "bakes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("image", String(100), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("deadline", Float, nullable=False),
    Column("ended_at", Float),
    Column("why", Text, nullable=False),
    Index("ix_bakes_state", "state", "created_at"),
)
