"""Answers of jobs, kept by key in an SQLite file that several processes may use at the same time.

A store that is damaged, foreign, of another version or read-only is never an error: it is set aside or not used, one
note says so, and the work is done again.
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from npufit.files import cache_folder
from npufit.jobs.job import Failure, Trouble

FORM = 1
"""Version of the stored form; raise it when the table changes."""
LIMIT_BYTES = 1 << 30
"""What all answers of one store may take together; the oldest are removed first."""

_APPLICATION = 0x4E505546
"""`NPUF`: says that an SQLite file is npufit's."""
_PATIENCE_S = 20.0
"""How long to wait for another process that writes."""
_LEFT_AFTER_REMOVAL = 0.9
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR)
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL, failed INTEGER NOT NULL, text TEXT NOT NULL,
    checksum INTEGER NOT NULL
)
"""
_TOTAL = "SELECT coalesce(sum(length(text)), 0) FROM answers"
_REMOVE_OLDEST = """
DELETE FROM answers WHERE number <= (
    SELECT max(number) FROM (SELECT number, sum(length(text)) OVER (ORDER BY number DESC) AS total FROM answers)
    WHERE total > ?
)
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known under a key: the answer, or None and the failure."""

    value: str | None
    failure: Failure | None = None


def ignore_note(text: str) -> None:
    """Tell nobody."""


class Store:
    """Answers by key. Errors of the file turn it into a store that keeps nothing."""

    def __init__(self, path: Path, note: Callable[[str], None] = ignore_note, limit_bytes: int = LIMIT_BYTES) -> None:
        """Use the file at `path`, which need not exist. `note` receives one sentence if something is wrong with it."""
        self._path, self._note, self._limit_bytes = path, note, limit_bytes
        self._file: sqlite3.Connection | None = None
        self._bytes = 0
        self._open()

    @classmethod
    def open(cls, name: str, note: Callable[[str], None] = ignore_note) -> Store:
        """Return the store called `name` in npufit's cache folder."""
        return cls(cache_folder("answers") / f"{name}.sqlite", note)

    def find(self, key: str) -> Kept | None:
        """Return what is kept under `key`, or None."""
        row = self._ask("SELECT failed, text, checksum FROM answers WHERE key = ?", (key,))
        if row is None:
            return None
        failed, text, checksum = row
        if not isinstance(text, str) or checksum != _checksum(failed, text):
            return None
        return Kept(None, Failure(Trouble.INPUT, text)) if failed else Kept(text)

    def keep(self, key: str, kept: Kept) -> None:
        """Keep an answer, at once: it is there even if the process is killed now."""
        text = kept.value if kept.failure is None else kept.failure.message
        assert text is not None
        text = text.encode("utf-8", "backslashreplace").decode()
        failed = int(kept.failure is not None)
        insert = "INSERT OR REPLACE INTO answers (key, failed, text, checksum) VALUES (?, ?, ?, ?)"
        self._ask(insert, (key, failed, text, _checksum(failed, text)))
        self._bytes += len(text)
        if self._bytes > self._limit_bytes:
            self._remove_oldest()

    def close(self) -> None:
        """Close the file; from now on nothing is found or kept."""
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
            self._file = None

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connect()
        except (OSError, sqlite3.Error) as error:
            self._give_up_or_renew(error)

    def _connect(self) -> None:
        # Without transactions of Python's own: each statement is kept when it returns.
        file = sqlite3.connect(self._path, _PATIENCE_S, isolation_level=None, check_same_thread=False)
        self._file = file
        file.execute("BEGIN")
        marks = _number(file, "PRAGMA application_id"), _number(file, "PRAGMA user_version")
        is_empty = _number(file, "SELECT count(*) FROM sqlite_master") == 0
        file.execute("COMMIT")
        if not is_empty and marks != (_APPLICATION, FORM):
            raise _OtherFormError
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        if is_empty:
            begin = f"BEGIN IMMEDIATE; PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {FORM};"
            file.executescript(f"{begin} {_TABLE}; COMMIT")
        self._bytes = _number(file, _TOTAL)

    def _ask(self, statement: str, values: tuple[object, ...] = ()) -> tuple[object, ...] | None:
        """Return the first row of the answer; None if there is none or the file failed."""
        if self._file is None:
            return None
        try:
            return self._file.execute(statement, values).fetchone()
        except sqlite3.Error as error:
            self._give_up_or_renew(error)
            return None

    def _remove_oldest(self) -> None:
        room = int(self._limit_bytes * _LEFT_AFTER_REMOVAL)
        self._ask(_REMOVE_OLDEST, (room,))
        total = self._ask(_TOTAL)
        self._bytes = 0 if total is None else int(str(total[0]))

    def _give_up_or_renew(self, error: OSError | sqlite3.Error) -> None:
        """Set a damaged file aside and begin a new one; without a usable folder, keep nothing."""
        self.close()
        code = getattr(error, "sqlite_errorcode", None)
        if isinstance(error, _OtherFormError):
            why = "is of another version of npufit, or not npufit's"
        elif code is not None and code & 0xFF in _DAMAGED:
            why = "is damaged"
        else:
            self._give_up(error)
            return
        try:
            aside = self._set_aside()
            self._connect()
        except (OSError, sqlite3.Error) as second:
            self._give_up(second)
        else:
            self._note(f"{self._path}: the kept results cannot be used: the file {why}. It is now {aside.name}.")

    def _set_aside(self) -> Path:
        aside = self._path.with_name(f"{self._path.stem}-set-aside-{time.time_ns()}{self._path.suffix}")
        self._path.replace(aside)
        for end in ("-wal", "-shm"):  # they belong to the old file
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        return aside

    def _give_up(self, error: OSError | sqlite3.Error) -> None:
        self.close()
        self._note(f"{self._path}: results are not kept: {getattr(error, 'strerror', None) or error}.")


class _OtherFormError(sqlite3.Error):
    """The file is SQLite's, and not of this form."""


def _checksum(failed: object, text: str) -> int:
    return zlib.crc32(f"{failed}{text}".encode())


def _number(file: sqlite3.Connection, query: str) -> int:
    return file.execute(query).fetchone()[0]
