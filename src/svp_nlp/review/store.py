"""The record: decisions are appended, never changed, never deleted.

A file (SQLite) by default; a team may point it at PostgreSQL with a URL. Triggers refuse every update and
delete. Each append is one transaction, on the disk before it returns, so a crash at any moment loses at most
the decision that was being written; two programs may write at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from svp_nlp.errors import ReviewError
from svp_nlp.files import write_whole
from svp_nlp.review import database
from svp_nlp.review.checks import (
    WHAT_IS_READ,
    Basis,
    Imported,
    Refused,
    decision_lines,
    fitting_migrations,
    misfit,
    parsed,
    require_ours,
    value_misfit,
)
from svp_nlp.review.decisions import Decision, as_decision, dump
from svp_nlp.review.migration import migration_misfit

if TYPE_CHECKING:
    from sqlalchemy import Engine


class DecisionLog:
    """The decisions of one study, in a file or a database.

    *where* is a path or a database URL; a URL's password is never shown. Raises ReviewError when the place
    cannot be opened or holds another study's decisions.
    """

    def __init__(self, where: Path | str, study: str) -> None:
        self.where = where
        self.study = study

    def __repr__(self) -> str:
        return f"DecisionLog({self.last} decisions)"

    @cached_property
    def engine(self) -> Engine:
        """The database, opened and with its table."""
        return database.opened(self.where)

    def close(self) -> None:
        """Give the database back; the log opens again when it is used."""
        if "engine" in self.__dict__:
            self.engine.dispose()
            del self.engine

    def append(self, *decisions: Decision) -> int:
        """Write *decisions*, all or none, and return how many were new; one already there is left alone.

        On the disk when this returns. Raises ReviewError for another study's decision, a value that its
        action cannot have, and when the database is locked, full or gone.
        """
        if any(d.study != self.study for d in decisions):
            raise ReviewError("a decision belongs to another study", hint="open the study it was made in")
        wrong = [why for d in decisions if (why := _misshapen(d))]
        if wrong:
            raise ReviewError(f"a decision cannot be recorded: {wrong[0]}")
        if not decisions:
            return 0
        with database.transaction(self.engine, writing=True) as connection:
            return database.insert(connection, decisions)

    def entries(self, since: int = 0) -> list[tuple[int, Decision]]:
        """Return the decisions written after number *since*, each with its number, in the order written."""
        with database.transaction(self.engine, writing=False) as connection:
            entries = database.select_since(connection, since)
        if any(decision.study != self.study for _, decision in entries):
            raise ReviewError(
                "the record holds decisions of another study",
                hint="each study has its own record; give each its own file or database",
            )
        return entries

    def read(self, since: int = 0) -> tuple[Decision, ...]:
        """Return the decisions written after number *since*, in the order written."""
        return tuple(decision for _, decision in self.entries(since))

    @property
    def last(self) -> int:
        """The number of the decision written last; 0 where there is none."""
        with database.transaction(self.engine, writing=False) as connection:
            return database.last_number(connection)

    def export_jsonl(self, path: Path) -> int:
        """Write every decision as one JSON object a line, whole or not at all; return how many.

        In the order they were made, so that two records of the same decisions give the same file.
        """
        decisions = sorted(self.read(), key=lambda d: d.order)
        write_whole(path, "".join(dump(d.as_row()) + "\n" for d in decisions))
        return len(decisions)

    def import_jsonl(self, path: Path, basis: Basis | None = None) -> Imported:
        """Take in what `export_jsonl` or the review page wrote; importing twice changes nothing.

        What does not fit is refused and listed, the rest is taken in. Raises ReviewError when the file is
        not there, is no file of decisions, or belongs to another study or codebook as a whole.
        """
        good: list[tuple[str, Decision]] = []
        refused: list[Refused] = []
        for where, line in decision_lines(path):
            try:
                good.append((where, as_decision(parsed(line))))
            except ReviewError as error:
                refused.append(Refused(where, error.message))
        if not good and refused:
            raise ReviewError(f"{path.name} is no file of decisions: {refused[0]}", hint=WHAT_IS_READ)
        return self.merge(good, basis, refused=refused, name=path.name)

    def merge(
        self,
        decisions: Iterable[tuple[str, Decision]],
        basis: Basis | None = None,
        *,
        refused: Sequence[Refused] = (),
        name: str = "the file",
    ) -> Imported:
        """Take in *decisions*, each with the place it came from; list what does not fit.

        Raises ReviewError when none of them belongs to this study, or to its codebook.
        """
        given, out = list(decisions), list(refused)
        mine = {d.id: d for d in self.read()}
        version = None if basis is None else basis.codebook_version
        migrations, foreign = fitting_migrations(list(mine.values()), given, self.study, version)
        require_ours(given, self.study, basis, name, migrations)
        new: dict[str, Decision] = {}
        known = 0
        for where, decision in given:
            before = mine.get(decision.id) or new.get(decision.id)
            why = misfit(decision, self.study, basis, migrations)
            if decision.kind == "codebook" and before is None:
                why = why or foreign
            if why:
                out.append(Refused(where, why))
            elif before is None:
                new[decision.id] = decision
            elif before.as_row() == decision.as_row():
                known += 1
            else:
                out.append(Refused(where, "a decision with this id is in the record and says something else"))
        added = self.append(*new.values())
        return Imported(added, known + len(new) - added, tuple(out))


def _misshapen(decision: Decision) -> str:
    """Say what is wrong with the form of what a decision holds, or ""."""
    if decision.kind == "coding":
        return value_misfit(decision.action, decision.value)
    return migration_misfit(decision) if decision.kind == "codebook" else ""
