"""The tables of people: which accounts are one person, codes and tries of joining them, the lock of quotas, threads we keep quiet in."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Table

from bot.store.tables import Serial, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("identity", String(200), primary_key=True),  # github:7
    Column("person_id", String(32), nullable=False, index=True),  # the same for all accounts of one person
    Column("person", JSON, nullable=False),
    Column("joined_at", Float, nullable=False),
)

link_codes = Table(
    "link_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("first_identity", String(200), nullable=False),
    Column("first", JSON, nullable=False),
    Column("first_thread", JSON, nullable=False),  # where it was asked for, and where it is to be confirmed
    Column("second_identity", String(200)),
    Column("second", JSON),
    Column("expires_at", Float, nullable=False),
    Index("ix_link_codes_first", "first_identity", "expires_at"),
)

link_tries = Table(
    "link_tries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("identity", String(200), nullable=False),
    Column("kind", String(16), nullable=False),  # code: asked for one; wrong: said one that is none
    Column("at", Float, nullable=False),
    Index("ix_link_tries_identity", "identity", "kind", "at"),
)

quota_locks = Table("quota_locks", metadata, Column("name", String(40), primary_key=True))

quiet_threads = Table(
    "quiet_threads",
    metadata,
    Column("thread_address", String(400), primary_key=True),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("replies", Integer, nullable=False),  # how many of ours there were within the hour
)
