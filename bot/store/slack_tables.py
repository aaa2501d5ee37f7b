"""Tables for Slack: threads that are tied to merge requests."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table

from bot.store.tables import metadata

ties = Table(
    "ties",
    metadata,
    Column("thread_address", String(400), primary_key=True),
    Column("thread", JSON, nullable=False),
    Column("project", String(100), primary_key=True),
    Column("request", Integer, primary_key=True, autoincrement=False),
    Index("ix_ties_request", "project", "request"),
)
