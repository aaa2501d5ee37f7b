"""What is remembered of forges and platforms: how far each project was listened to, and until when an account is to be left in peace."""

from __future__ import annotations

from sqlalchemy import Column, Float, String, Table, Text

from bot.store.tables import metadata

feeds = Table(
    "feeds",
    metadata,
    Column("project", String(100), primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("looked_at", Float, nullable=False),
    Column("problem", Text, nullable=False, default=""),  # why the last look failed
    Column("hook_problem", Text, nullable=False, default=""),  # what is wrong with its webhook
)

pauses = Table(
    "pauses",
    metadata,
    Column("name", String(200), primary_key=True),  # an account's platform, or a channel of it
    Column("until", Float, nullable=False),
)
