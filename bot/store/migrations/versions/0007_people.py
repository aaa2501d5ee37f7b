"""People: joined accounts, codes and tries of joining, the lock of quotas, threads that are kept quiet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _accounts()
    _codes()
    locks = op.create_table(
        "quota_locks", sa.Column("name", sa.String(length=40), nullable=False), sa.PrimaryKeyConstraint("name", name=op.f("pk_quota_locks"))
    )
    op.bulk_insert(locks, [{"name": "environments"}])
    op.create_table(
        "quiet_threads",
        sa.Column("thread_address", sa.String(length=400), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("thread_address", name=op.f("pk_quiet_threads")),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("identity", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.JSON(), nullable=False),
        sa.Column("joined_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_accounts")),
    )
    op.create_index(op.f("ix_accounts_person_id"), "accounts", ["person_id"])


def _codes() -> None:
    op.create_table(
        "link_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("first_identity", sa.String(length=200), nullable=False),
        sa.Column("first", sa.JSON(), nullable=False),
        sa.Column("first_thread", sa.JSON(), nullable=False),
        sa.Column("second_identity", sa.String(length=200), nullable=True),
        sa.Column("second", sa.JSON(), nullable=True),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_link_codes")),
    )
    op.create_index("ix_link_codes_first", "link_codes", ["first_identity", "expires_at"])
    op.create_table(
        "link_tries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("identity", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_tries")),
    )
    op.create_index("ix_link_tries_identity", "link_tries", ["identity", "kind", "at"])
