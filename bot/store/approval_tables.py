"""The table of what waits for another person's word."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, String, Table, Text

from bot.store.tables import metadata

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(32), primary_key=True),  # cannot be guessed
    Column("kind", String(16), nullable=False),  # extend
    Column("environment_id", String(32), nullable=False),
    Column("project", String(100), nullable=False),
    Column("person", JSON, nullable=False),  # who asks
    Column("identities", JSON, nullable=False, server_default="[]"),  # with all accounts that were theirs then
    Column("thread", JSON, nullable=False),
    Column("wish", JSON, nullable=False),  # what is to be approved, to the letter
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),  # open, approved, rejected, late, void
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("decider", JSON),
    Column("comment", Text, nullable=False),
    Column("decided_at", Float),
    Index("ix_approvals_environment_id", "environment_id", "state"),
    Index("ix_approvals_state", "state", "created_at"),
)
