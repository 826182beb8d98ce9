"""Where decisions are kept: one table in SQLite or PostgreSQL that takes no update and no delete."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import ReviewError
from svp_nlp.review.decisions import Action, Decision, dump

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

BUSY_SECONDS = 10.0
"""How long a program waits for another that is writing."""
# Any constant does; it keeps those who append to one PostgreSQL database apart.
_LOCK_NUMBER = 0x5EC0D


@cache
def table() -> Table:
    """Return the table of decisions; times are text, so that every database keeps every microsecond."""
    from sqlalchemy import Boolean, Column, Float, Integer, MetaData, Table, Text

    needed = ("study", "coder", "kind", "target", "action", "value", "time", "order_shown")
    made = Table(
        "decisions",
        MetaData(),
        Column("number", Integer, primary_key=True, autoincrement=True),
        Column("id", Text, nullable=False, unique=True),
        *(Column(name, Text, nullable=False) for name in needed),
        Column("seconds", Float, nullable=False),
        Column("saw_suggestion", Boolean, nullable=False),
        Column("rank", Integer),
        *(Column(name, Text, nullable=False) for name in ("model", "codebook_version", "text_sha256")),
        Column("parent", Text),
        sqlite_autoincrement=True,
    )
    _guard(made)
    return made


def _guard(made: Table) -> None:
    """Have the database itself refuse every update and delete."""
    from sqlalchemy import DDL, event

    refuse = "decisions are never changed or deleted"
    sqlite = (
        f"CREATE TRIGGER decisions_no_{verb.lower()} BEFORE {verb} ON decisions"
        f" BEGIN SELECT RAISE(ABORT, '{refuse}'); END"
        for verb in ("UPDATE", "DELETE")
    )
    postgresql = (
        "CREATE OR REPLACE FUNCTION decisions_stay() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{refuse}'; END $$",
        "CREATE TRIGGER decisions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions"
        " FOR EACH STATEMENT EXECUTE FUNCTION decisions_stay()",
    )
    for dialect, statements in (("sqlite", sqlite), ("postgresql", postgresql)):
        for statement in statements:
            made_too: Any = DDL(statement)  # type: ignore[no-untyped-call]
            event.listen(made, "after_create", made_too.execute_if(dialect=dialect))


def opened(where: Path | str) -> Engine:
    """Open the database at a path or URL and make its table where there is none."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    if isinstance(where, Path):
        where.parent.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{where.as_posix()}" if isinstance(where, Path) else where
    options = {"connect_args": {"timeout": BUSY_SECONDS}} if url.startswith("sqlite") else {}
    try:
        engine = create_engine(url, hide_parameters=True, **options)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        raise ReviewError(
            "the address of the record is no database URL this installation can open",
            hint="sqlite:///FILE, or postgresql+pg8000://USER@HOST/NAME with pg8000 installed",
        ) from None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    with transaction(engine, writing=True) as connection:
        table().metadata.create_all(connection)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    """Have SQLite write ahead, wait for others, sync each commit, and take its lock when a write begins."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: object) -> None:
        connection.isolation_level = None  # else Python's driver begins transactions in its own way
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _write_ahead(connection: Any) -> None:
    """Have a new file write ahead; SQLite does not wait by itself for another program that is at it, too."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def transaction(engine: Engine, *, writing: bool) -> Iterator[Connection]:
    """Do something as one transaction; writers come one after the other.

    Raises ReviewError when the database is locked, full, read-only, damaged or gone.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.connect().execution_options(writing=writing) as connection, connection.begin():
            if writing and connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
            yield connection
    except SQLAlchemyError as error:
        raise _explained(error) from None


def insert(connection: Connection, decisions: Sequence[Decision]) -> int:
    """Append *decisions*, leave those already there alone, and return how many were new."""
    from sqlalchemy import select

    ids = [d.id for d in decisions]
    there: set[str] = set()
    for at in range(0, len(ids), 500):  # SQLite takes a limited number of values in one query
        some = select(table().c.id).where(table().c.id.in_(ids[at : at + 500]))
        there |= set(connection.execute(some).scalars())
    new = {d.id: _stored(d) for d in decisions if d.id not in there}
    if new:
        connection.execute(table().insert(), list(new.values()))
    return len(new)


def select_since(connection: Connection, number: int) -> list[tuple[int, Decision]]:
    """Return the decisions after *number* with their numbers, in the order written."""
    from sqlalchemy import select

    columns = [table().c[name] for name in ("number", *_STORED)]
    query = select(*columns).where(table().c.number > number).order_by(table().c.number)
    return [(row[0], _loaded(dict(zip(_STORED, row[1:], strict=True)))) for row in connection.execute(query)]


def last_number(connection: Connection) -> int:
    """Return the number of the decision written last, 0 where there is none."""
    from sqlalchemy import func, select

    return int(connection.execute(select(func.max(table().c.number))).scalar() or 0)


def written_words(path: Path) -> list[str]:
    """Return what people wrote into the record at *path*: coders' ids, values as JSON. Changes nothing.

    Raises ReviewError where it is no record.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT DISTINCT coder FROM decisions").fetchall()
            rows += connection.execute("SELECT value FROM decisions").fetchall()
    except sqlite3.Error as error:
        raise _explained(error) from None
    return [str(row[0]) for row in rows]


_STORED = tuple(f.name for f in fields(Decision))


def _stored(decision: Decision) -> dict[str, Any]:
    row = decision.as_row()
    return row | {"value": dump(row["value"]), "order_shown": dump(row["order_shown"])}


def _loaded(row: dict[str, Any]) -> Decision:
    """Read a row that `_stored` made; it was checked when it was written, and thousands are read at once."""
    row["value"] = json.loads(row["value"])
    row["order_shown"] = tuple(json.loads(row["order_shown"]))
    row["time"] = datetime.fromisoformat(row["time"])
    row["action"] = Action(row["action"])
    return Decision(**row)


_SAID = {
    "locked": ("another program holds it", "close what else has the study open and try again"),
    "disk is full": ("the disk is full", "make room and try again"),
    "readonly": ("it cannot be written", "choose a folder you may write to"),
    "read-only": ("it cannot be written", "choose a folder you may write to"),
    "unable to open": ("it cannot be opened", "see whether the folder is there and may be written to"),
    "not a database": ("it is damaged or something else", "put the file back from a copy of the study"),
    "malformed": ("it is damaged", "put the file back from a copy of the study"),
    "never changed or deleted": ("decisions are never changed or deleted", "undo them instead"),
}


def _explained(error: Exception) -> ReviewError:
    """Say what the database's error means; its own words may hold values, so they are not shown."""
    words = str(getattr(error, "orig", error)).lower()
    for sign, (what, hint) in _SAID.items():
        if sign in words:
            return ReviewError(f"the record of decisions: {what}; nothing was written", hint=hint)
    kind = type(getattr(error, "orig", None) or error).__name__
    return ReviewError(
        f"the record of decisions cannot be used ({kind}); nothing was written",
        hint="see whether the database runs and the address is right",
    )
