"""The tables of sign-in and of the API. Whatever opens a door is kept as a hash only."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, String, Table, Text

from bot.store.tables import metadata

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("person", JSON, nullable=False),
    Column("method", String(60), nullable=False),  # local, or the name of an OIDC provider
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Index("ix_web_sessions_expires_at", "expires_at"),
)

sign_in_codes = Table(
    "sign_in_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("person", JSON, nullable=False),
    Column("expires_at", Float, nullable=False),
    Index("ix_sign_in_codes_expires_at", "expires_at"),
)

sign_in_states = Table(
    "sign_in_states",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("browser_hash", String(64), nullable=False),
    Column("provider", String(60), nullable=False),
    Column("return_to", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
    Index("ix_sign_in_states_expires_at", "expires_at"),
)

web_people = Table(
    "web_people",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("signed_in_at", Float, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("person_key", String(200), nullable=False),
    Column("person", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("last_used_at", Float),
    Column("revoked_at", Float),
    Index("ix_api_tokens_person_key", "person_key"),
)

api_commands = Table(
    "api_commands",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person_key", String(200), nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("thread", String(400), nullable=False),
    Column("created_at", Float, nullable=False),
    Index("ix_api_commands_person_key", "person_key", "created_at"),
)
