"""`trellis backup`: a copy of the database, whole at one moment, while everything goes on."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.settings import Settings, SettingsError


def backup(settings: Settings, file: Path) -> int:
    """Copy SQLite's database to `file`. Raises SettingsError where it cannot be done so."""
    url = make_url(settings.sql_url)
    if url.get_backend_name() != "sqlite":
        raise SettingsError("this database is PostgreSQL's: pg_dump --format=custom --file=FILE, back with pg_restore (docs/operations.md)")
    source = Path(url.database or "")
    if not source.is_file():
        raise SettingsError(f"there is no database at {source} yet")
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise SettingsError(f"{file} is there already: name another file") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from None
    try:
        _copy(source, file)
    except sqlite3.Error as error:
        file.unlink(missing_ok=True)
        raise SettingsError(f"the database could not be copied: {error}") from error
    sys.stdout.write(f"{file} ({file.stat().st_size:,} bytes) holds the database as it was just now.\n")
    return 0


def _copy(source: Path, file: Path) -> None:
    """Raises sqlite3.Error, also when what was copied is not whole."""
    address = f"{source.absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as there, contextlib.closing(sqlite3.connect(file)) as here:
        there.backup(here)  # in one go: a reader stops no writer
        here.execute("PRAGMA journal_mode=DELETE")
        said = here.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        raise sqlite3.DatabaseError(said)
