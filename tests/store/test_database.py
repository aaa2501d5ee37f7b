"""A database lets go of what it was interrupted in."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bot.store.database import Database


async def test_a_connection_that_is_given_up_in_a_transaction_leaves_no_lock(tmp_path: Path) -> None:
    file = tmp_path / "trellis.db"
    database = Database(f"sqlite+aiosqlite:///{file}")
    async with database.write() as connection:
        await connection.exec_driver_sql("CREATE TABLE things (name TEXT)")
    connection = await database.engine.connect()
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.execute("BEGIN IMMEDIATE")
    held = await driver.execute("INSERT INTO things VALUES ('one'), ('two') RETURNING name")  # as a traceback holds it
    await connection.invalidate()
    other = sqlite3.connect(file, timeout=0.5, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert other.execute("SELECT * FROM things").fetchall() == []
    other.close()
    assert held is not None
    await connection.close()
    await database.close()
