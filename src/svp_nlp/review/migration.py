"""Codebooks that were edited after coding began: what became of themes, as part of the record.

A migration is a decision like any other (kind "codebook"): who, when, which versions of the codebook became
which, and what became of every theme. Nothing in the record is rewritten: decisions keep the version they
were made with, and the fold reads them in the codebook that theirs became. Undoing the migration, by one more
row, brings back what was there.

``value`` of a migration holds ``from`` (versions), ``to`` (the version), ``map`` (old theme to the new ones:
one where it was renamed or merged, several where it was split, none where dropped), ``was`` (the older
codebook's themes with their labels), and both codebooks in full as YAML (``before``, ``after``; ``before`` is
empty where the file had been edited already).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from svp_nlp.review.decisions import Action, Decision

TARGET = "codebook"
"""What a migration is about; no passage is called so, for a passage's id holds a colon."""


@dataclass(frozen=True, slots=True)
class Landing:
    """What a theme is in a newer codebook.

    ``themes``: one where it was carried over, none where it was dropped. Where it was split they are its
    parts, and ``open`` says that a person has to choose.
    """

    themes: tuple[str, ...]
    open: bool = False

    @property
    def theme(self) -> str | None:
        """The theme it is now, None where there is none or a person has to choose."""
        return self.themes[0] if self.themes and not self.open else None


@dataclass(frozen=True)
class Migration:
    """One migration as recorded: codebooks of the versions ``before`` became the one of version ``after``.

    ``moves`` maps old themes to what became of them, ``was`` the older codebook's themes to their labels;
    ``old`` and ``new`` are both codebooks as YAML.
    """

    id: str
    by: str
    time: datetime
    before: tuple[str, ...]
    after: str
    moves: Mapping[str, tuple[str, ...]]
    was: Mapping[str, str]
    old: str = field(default="", repr=False)
    new: str = field(default="", repr=False)

    @classmethod
    def of(cls, decision: Decision) -> Migration:
        """Read a migration from its decision."""
        value = decision.value
        return cls(
            decision.id,
            decision.coder,
            decision.time,
            tuple(value["from"]),
            value["to"],
            {old: tuple(new) for old, new in value["map"].items()},
            dict(value["was"]),
            value.get("before", ""),
            value.get("after", ""),
        )

    def same(self, other: Migration) -> bool:
        """Tell whether two records say the same of the same codebooks, whoever wrote them."""
        return self.after == other.after and self.moves == other.moves

    def land(self, theme: str) -> tuple[str, ...]:
        """Return what became of *theme*; one not named stays what it is."""
        return self.moves.get(theme, (theme,))


class Migrations:
    """The migrations that hold, as a way from every version to the one it became."""

    def __init__(self, standing: Iterable[Migration] = ()) -> None:
        self.standing = tuple(standing)
        self.next: dict[str, Migration] = {}
        for migration in self.standing:
            for version in migration.before:
                # Of two that contradict each other the first holds; a way never leads back to where it began.
                if version not in self.next and not self.leads(migration.after, version):
                    self.next[version] = migration
        self._landed: dict[tuple[str, str, str | None], Landing] = {}

    def __repr__(self) -> str:
        return f"Migrations({len(self.standing)})"

    @classmethod
    def of(cls, decisions: Iterable[Decision]) -> Migrations:
        """Return the migrations in *decisions* that were not undone, in the order they were made."""
        own = {d.id: d for d in decisions if d.kind == "codebook"}.values()
        undone: set[str] = set()
        in_order = sorted(own, key=lambda d: d.order)
        for decision in reversed(in_order):
            if decision.parent is not None and decision.id not in undone:
                undone.add(decision.parent)
        return cls(Migration.of(d) for d in in_order if d.action is Action.MIGRATE and d.id not in undone)

    def end(self, version: str) -> str:
        """Return the version that *version* became in the end; itself where nothing became of it."""
        while version in self.next:
            version = self.next[version].after
        return version

    def leads(self, version: str, to: str) -> bool:
        """Tell whether codebook *version* is *to*, or became it."""
        while version != to and version in self.next:
            version = self.next[version].after
        return version == to

    def land(self, theme: str, version: str, to: str | None = None) -> Landing:
        """Return what *theme* of codebook *version* is in codebook *to*, by default the last."""
        key = (theme, version, to)
        if key not in self._landed:
            self._landed[key] = self._land(*key)
        return self._landed[key]

    def _land(self, theme: str, version: str, to: str | None) -> Landing:
        found: tuple[str, ...] = (theme,)
        split = False
        while version != to and version in self.next:
            step = self.next[version]
            split = split or any(len(step.land(one)) > 1 for one in found)
            found = tuple(dict.fromkeys(new for one in found for new in step.land(one)))
            version = step.after
        return Landing(found, split and bool(found))

    def earlier(self, version: str) -> dict[str, frozenset[str]]:
        """Return the versions that became *version*, each with the themes it had."""
        return {
            before: frozenset(step.was)
            for before, step in self.next.items()
            if before != version and self.leads(before, version)
        }

    def label(self, theme: str) -> str:
        """Return the label an older codebook had for *theme*, its id where none is known."""
        return next((m.was[theme] for m in reversed(self.standing) if theme in m.was), theme)


NO_MIGRATIONS = Migrations()
"""A codebook that never changed."""


def as_of(decisions: Sequence[Decision], version: str) -> list[Decision]:
    """Return *decisions* as they were seen with codebook *version*: without what came of it, and since."""
    found = Migrations.of(decisions)
    holding = {m.id: m for m in found.standing}

    def newer(other: str) -> bool:
        return other != version and found.leads(version, other)

    return [
        d
        for d in decisions
        if (d.id in holding and not newer(holding[d.id].after))
        or (d.kind == "coding" and not newer(d.codebook_version))
    ]


def migration_misfit(decision: Decision) -> str:
    """Say what is wrong with the form of a migration, or ""."""
    if decision.action is not Action.MIGRATE:
        return ""
    value: Mapping[str, Any] = decision.value
    if not (_texts(value.get("from")) and value["from"] and isinstance(value.get("to"), str)):
        return "a migration needs the versions it leads from and to"
    if value["to"] in value["from"]:
        return "a migration leads from a version to itself"
    moves, was = value.get("map"), value.get("was")
    if not (isinstance(moves, Mapping) and all(_texts(new) for new in moves.values())):
        return "a migration's map holds lists of theme ids"
    if not (isinstance(was, Mapping) and all(isinstance(label, str) for label in was.values())):
        return "a migration names the themes there were"
    texts = (value.get("before", ""), value.get("after", ""))
    return "" if all(isinstance(text, str) for text in texts) else "a migration holds its codebooks as text"


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def foreign_migrations(mine: Sequence[Decision], given: Sequence[Decision], version: str | None) -> str:
    """Say why the migrations in *given* cannot join those in *mine*, or "" where they can.

    They can where, taken together, all lead to the codebook in use (*version*; None: not known), no two say
    different things of one version, and none that holds here is taken back.
    """
    before, both = Migrations.of(mine), Migrations.of([*mine, *given])
    if not {m.id for m in before.standing} <= {m.id for m in both.standing}:
        return "it takes back a migration that this study has; svp-nlp codebook undo does that"
    known = {m.id for m in before.standing}
    for migration in (m for m in both.standing if m.id not in known):
        if any(not both.next[v].same(migration) for v in migration.before if v in both.next):
            return "it says something else of what became of the codebook than this study's record"
        if version is not None and not both.leads(migration.after, version):
            return (
                f"it migrates the codebook to version {migration.after}, and this study uses {version}; "
                "migrate here first (svp-nlp codebook migrate)"
            )
    return ""
