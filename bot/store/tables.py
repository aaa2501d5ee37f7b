"""The tables. Times are seconds since the epoch by the database's clock; nested values are JSON."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Of what waits only: what is done with has no time, and there is ever more of it.
WAITING = text("due_at IS NOT NULL")

# SQLite numbers a row by itself only when its key is INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("platform", String(16), nullable=False),
    Column("delivery_key", String(200), nullable=False),
    Column("event", String(100), nullable=False),
    Column("received_at", Float, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("key", String(400), nullable=False, unique=True),
    Column("lane", String(400), nullable=False),  # messages of one lane are heard in order
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),  # new, heard, failed, edited, repeated
    Column("received_at", Float, nullable=False),
    Column("heard_at", Float),
    Column("troubles", Integer, nullable=False, default=0),
    Column("due_at", Float),
    Index("ix_messages_due_at", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_messages_waiting", "lane", "id", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_messages_lane", "lane", "id"),
    Index("ix_messages_failed", "id", sqlite_where=text("state = 'failed'"), postgresql_where=text("state = 'failed'")),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("message_id", Serial, nullable=False),
    Column("position", Integer, nullable=False),
    Column("words", String(40), nullable=False),
    Column("line", Text, nullable=False),
    Column("person", JSON, nullable=False),
    Column("thread", JSON, nullable=False),
    Column("asked_by_message", String(200), nullable=False),
    Column("state", String(16), nullable=False),  # running, done, failed, refused, cancelled
    Column("code", String(40), nullable=False, default=""),
    Column("environment_id", String(32), index=True),
    Column("goal", String(40), nullable=False, default=""),  # "generation:3", "restart:2", "gone"
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),
    UniqueConstraint("message_id", "position"),
    Index("ix_commands_running", "environment_id", "state"),
)

environments = Table(
    "environments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("slug", String(40), nullable=False),
    Column("project", String(100), nullable=False),
    Column("source_id", String(100), nullable=False),
    Column("is_fork", Boolean, nullable=False),
    Column("ref", Text, nullable=False),
    Column("name", String(60), nullable=False),
    Column("request", Integer),
    Column("owner", JSON, nullable=False),
    Column("thread", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("is_wanted", Boolean, nullable=False),
    Column("is_forced", Boolean, nullable=False),
    Column("gone_reason", Text, nullable=False),
    Column("gone_code", String(40), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("cancelled_generation", Integer, nullable=False),
    Column("sha", String(64), nullable=False),
    Column("is_pinned", Boolean, nullable=False),
    Column("is_bound", Boolean, nullable=False),
    Column("tilt_args", JSON, nullable=False),
    Column("size", String(16), nullable=False),
    Column("earlier_s", JSON, nullable=False, server_default="{}"),
    Column("profile", String(20), nullable=False),
    Column("services", JSON, nullable=False),
    Column("left_to_file", JSON, nullable=False),
    Column("restart_count", Integer, nullable=False),
    Column("restart_service", String(60), nullable=False),
    Column("seeds", JSON, nullable=False, server_default="{}"),
    Column("is_kept", Boolean, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("pause_reason", String(40), nullable=False),
    Column("end_before_keep", Float),
    Column("idle_s", Float),
    Column("schedule", String(200), nullable=False),
    Column("awake_until", Float),
    Column("restored_from", String(32), nullable=False),
    Column("is_trading", Boolean, nullable=False, server_default=false()),
    Column("edits", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("stage_began_at", Float, nullable=False),
    Column("settled_generation", Integer, nullable=False),
    Column("running_generation", Integer, nullable=False),
    Column("running_sha", String(64), nullable=False),
    Column("restarted_count", Integer, nullable=False),
    Column("addresses", JSON, nullable=False),
    Column("upstream", String(200), nullable=False, server_default=""),
    Column("engine", String(16), nullable=False, server_default=""),
    Column("failure", JSON),
    Column("host_id", String(100), nullable=False),
    Column("troubles", Integer, nullable=False),
    Column("retry_at", Float),
    Column("gone_at", Float),
    Column("deadline_set_at", Float, nullable=False),
    Column("warned", Integer, nullable=False),
    Column("active_at", Float, nullable=False),
    Column("idle_warned_at", Float),
    Column("paused_at", Float),
    Column("paused_s", Float, nullable=False),
    Column("due_at", Float),
    Index("ix_environments_due_at", "due_at"),
    Index(
        "uq_environments_identity",
        "project",
        "source_id",
        "ref",
        "name",
        unique=True,
        sqlite_where=text("state != 'gone'"),
        postgresql_where=text("state != 'gone'"),
    ),
    Index("uq_environments_slug", "slug", unique=True, sqlite_where=text("state != 'gone'"), postgresql_where=text("state != 'gone'")),
    Index("ix_environments_request", "project", "request"),
)

events = Table(
    "events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("environment_id", String(32), index=True),
    Column("command_id", String(32)),
    Column("project", String(100), nullable=False, default=""),
    Column("actor", String(200), nullable=False, default=""),
    Column("data", JSON, nullable=False),
    Index("ix_events_project_kind", "project", "kind", "id"),
    Index("ix_events_refused", "id", sqlite_where=text("kind = 'refused'"), postgresql_where=text("kind = 'refused'")),
)

threads = Table(
    "threads",
    metadata,
    Column("address", String(400), primary_key=True),
    Column("root", String(200)),
)

cards = Table(
    "cards",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("thread_address", String(400), nullable=False),
    Column("thread", JSON, nullable=False),
    Column("subject", String(80), nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("remote_id", String(200)),
    Column("tries", Integer, nullable=False),
    Column("is_dead", Boolean, nullable=False, default=False),
    Column("not_before", Float, nullable=False, default=0.0),
    Column("due_at", Float),
    UniqueConstraint("thread_address", "subject"),
    Index("ix_cards_due_at", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_cards_subject", "subject"),
    Index("ix_cards_dead", "id", sqlite_where=text("is_dead"), postgresql_where=text("is_dead")),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("thread_address", String(400), nullable=False),
    Column("thread", JSON, nullable=False),
    Column("kind", String(16), nullable=False),  # post, reaction
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, sent, dead
    Column("tries", Integer, nullable=False),
    Column("remote_id", String(200)),
    Column("created_at", Float, nullable=False),
    Column("sent_at", Float),
    Column("fallback", JSON),  # the thread to say it in when it cannot be said in its own
    Column("due_at", Float),
    Index("ix_outbox_due_at", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_outbox_thread", "thread_address", "state", "id"),
    Index("ix_outbox_dead", "id", sqlite_where=text("state = 'dead'"), postgresql_where=text("state = 'dead'")),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(400), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("leased_until", Float, nullable=False),
    Column("fence", BigInteger, nullable=False),
)

console_posts = Table(
    "console_posts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("thread_address", String(400), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("marker", String(200), nullable=False),
    Column("message_id", String(200), nullable=False, default=""),
    Column("body", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("thread_address", "marker"),
    Index("ix_console_posts_thread", "thread_address", "version"),
    Index("ix_console_posts_version", "version"),
)
