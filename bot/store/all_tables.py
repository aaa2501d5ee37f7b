"""Every table there is: whoever needs `metadata` to be whole imports this."""

from __future__ import annotations

from bot.store import (
    approval_tables,
    bake_tables,
    deploy_tables,
    forge_tables,
    page_tables,
    people_tables,
    record_tables,
    slack_tables,
    spare_tables,
    stray_tables,
    tables,
    trading_tables,
    web_tables,
)

__all__ = [
    "approval_tables",
    "bake_tables",
    "deploy_tables",
    "forge_tables",
    "page_tables",
    "people_tables",
    "record_tables",
    "slack_tables",
    "spare_tables",
    "stray_tables",
    "tables",
    "trading_tables",
    "web_tables",
]
