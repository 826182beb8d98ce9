"""A codebook edited after coding began: what a migration would do, doing it, taking it back.

Nothing is rewritten: a migration is one more row in the record of decisions (`svp_nlp.review.migration`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from svp_nlp.coding.codebook import codebook_text, content_hash, load_codebook
from svp_nlp.coding.codebook_diff import CodebookDiff, codebook_diff
from svp_nlp.coding.theme_map import Move, ThemeMap
from svp_nlp.errors import CodebookError, StudyError
from svp_nlp.files import write_whole
from svp_nlp.model import Codebook
from svp_nlp.review.checks import named_themes
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.fold import Coding, State, fold
from svp_nlp.review.migration import TARGET, Migration, Migrations
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.study.coding import find_codebook
from svp_nlp.study.reviewing import coding_log, study_id


@dataclass(frozen=True, slots=True)
class Effect:
    """What one move does to what was coded.

    ``codings``: one coder's of one passage that hold a theme of it; ``adjudications``: resolved ones that do.
    ``both``: codings that held several of the merged themes; ``emptied``: those that hold nothing any more.
    """

    move: Move
    codings: int
    coders: int
    adjudications: int
    both: int = 0
    emptied: int = 0

    def __str__(self) -> str:
        held = f"{_count(self.codings, 'coding')} of {_count(self.coders, 'coder')}"
        resolved = f", {_count(self.adjudications, 'adjudication')}" if self.adjudications else ""
        if self.move.what == "split":
            told = f"{held}{resolved}: to be decided again"
        elif self.move.what == "drop":
            more = f"; {self.emptied} without any other code become none" if self.emptied else ""
            told = f"{held}{resolved}: taken away{more}"
        else:
            more = f"; {self.both} had more than one of them" if self.both else ""
            told = f"{held}{resolved}: carried over{more}"
        return f"{self.move.what:7s}{self.move}  ({told})"

    def as_dict(self) -> dict[str, object]:
        """Return the effect as plain values for JSON."""
        return {
            "what": self.move.what,
            "old": list(self.move.old),
            "new": list(self.move.new),
            **{
                name: getattr(self, name)
                for name in ("codings", "coders", "adjudications", "both", "emptied")
            },
        }


@dataclass(frozen=True)
class MigrationPlan:
    """What a migration would do; nothing is written until it is carried out.

    ``before``: the versions that become ``codebook``; ``added``: themes nobody coded with before, with the
    number of passages decided so far in ``decided``. ``unblinded``: blind codings that no agreement can be
    computed on any more, because a theme of theirs was split. ``diff`` is None where the study's codebook had
    been edited already.
    """

    codebook: Codebook = field(repr=False)
    map: ThemeMap
    before: tuple[str, ...]
    was: Mapping[str, str]
    effects: tuple[Effect, ...] = ()
    added: tuple[str, ...] = ()
    decided: int = 0
    unblinded: int = 0
    diff: CodebookDiff | None = None
    old_text: str = field(default="", repr=False)
    new_text: str = field(default="", repr=False)

    @property
    def to_decide(self) -> int:
        """How many codings come back to their coders."""
        return sum(e.codings for e in self.effects if e.move.what == "split")

    def table(self) -> str:
        """Return what would happen as lines of text."""
        rows = [f"codebook {', '.join(self.before)} -> {self.codebook.version}", *map(str, self.effects)]
        for theme in self.added:
            rows.append(f"new    {theme}  ({_count(self.decided, 'passage')} decided before it existed)")
        for one in self.diff.edited if self.diff else ():
            rows.append(f"edited {one.theme}  ({', '.join(one.parts)}; its codings stay)")
        if self.unblinded:
            rows.append(
                f"{_count(self.unblinded, 'blind coding')} cannot count for agreement: a theme was split"
            )
        return "\n".join(rows if len(rows) > 1 else [*rows, "no theme changes"])

    def as_dict(self) -> dict[str, object]:
        """Return what would happen as plain values for JSON."""
        return {
            "from": list(self.before),
            "to": self.codebook.version,
            "moves": [effect.as_dict() for effect in self.effects],
            "added": list(self.added),
            "decided": self.decided,
            "unblinded": self.unblinded,
        }

    def value(self) -> dict[str, object]:
        """Return what the record holds of it."""
        return {
            "from": list(self.before),
            "to": self.codebook.version,
            "map": {old: list(new) for old, new in self.map.targets.items()},
            "was": dict(self.was),
            "before": self.old_text,
            "after": self.new_text,
        }

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.table())}</pre>"


@dataclass(frozen=True, slots=True)
class Migrated:
    """A migration in the record, and whether it holds or was undone."""

    migration: Migration
    holds: bool

    def __str__(self) -> str:
        one = self.migration
        moves = "; ".join(f"{old} -> {' or '.join(new) or 'nothing'}" for old, new in one.moves.items())
        undone = "" if self.holds else "  (undone)"
        told = f"{one.time:%Y-%m-%d %H:%M} UTC  {one.by}  {', '.join(one.before)} -> {one.after}{undone}"
        return f"{told}  {moves or 'no theme changed'}"

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        one = self.migration
        return {
            "time": one.time.isoformat(timespec="seconds"),
            "by": one.by,
            "from": list(one.before),
            "to": one.after,
            "map": {old: list(new) for old, new in one.moves.items()},
            "holds": self.holds,
        }


def plan_migration(
    layout: f.Layout, settings: Settings, given: Path | None, themes: ThemeMap
) -> MigrationPlan:
    """Say what would become of all codings if the study went on with another codebook.

    *given* is its file; None where the study's own was edited already. Raises CodebookError where its version
    is not a new one, or *themes* does not explain every theme that is gone.
    """
    in_use = find_codebook(layout, settings, None)
    new = in_use if given is None else load_codebook(given)
    decisions = _decisions(layout, settings)
    before = fold(decisions)
    versions = _versions(in_use, new, decisions, before.migrations)
    edited = new.version == in_use.version
    was = _themes_so_far(in_use if not edited else None, decisions, versions, before.migrations)
    themes.check(was, new, ", ".join(versions))
    plan = MigrationPlan(
        new,
        themes,
        versions,
        was,
        added=tuple(t.id for t in new.themes if t.id not in {*was, *_targets(themes)}),
        diff=None if edited else codebook_diff(in_use, new),
        old_text="" if edited else _text_in_use(layout, settings, in_use),
        new_text=codebook_text(new) if given is None else given.read_bytes().decode("utf-8-sig"),
    )
    return _with_effects(plan, before, before.plus([_decision(layout, plan, "plan")]))


def migrate(layout: f.Layout, settings: Settings, plan: MigrationPlan, by: str) -> None:
    """Record a migration as decided by *by*, then put its codebook in the place of the study's.

    Raises StudyError where something became of the codebook since *plan* was made.
    """
    log = coding_log(layout, settings)
    try:
        if not Migrations.of(log.read()).next.keys().isdisjoint(plan.before):
            raise StudyError(
                f"codebook {', '.join(plan.before)} was migrated since this was planned; nothing was written",
                hint="plan it again",
            )
        log.append(_decision(layout, plan, by))
    finally:
        log.close()
    write_whole(layout.coding / "codebook.yaml", plan.new_text)
    _tell_receipt(layout, settings)


def migrations(layout: f.Layout, settings: Settings) -> tuple[Migrated, ...]:
    """Return every migration in the record, in the order they were made, also those undone."""
    decisions = _decisions(layout, settings)
    holding = {m.id for m in Migrations.of(decisions).standing}
    made = (d for d in sorted(decisions, key=lambda d: d.order) if d.action is Action.MIGRATE)
    return tuple(Migrated(Migration.of(d), d.id in holding) for d in made)


def undo_migration(layout: f.Layout, settings: Settings, by: str) -> Migration:
    """Take back the last migration, by one more row, and put the codebook before it back in its place.

    Raises StudyError where there is none, or where passages were coded since with themes that the codebook
    before it does not have.
    """
    decisions = _decisions(layout, settings)
    standing = Migrations.of(decisions).standing
    if not standing:
        raise StudyError("no migration of the codebook holds", hint="svp-nlp codebook migrate makes one")
    last = standing[-1]
    gone = [m for m in standing if m.same(last)]  # two copies of a study may both have recorded it
    undos = [_row(layout, Action.UNDO, by, last.before[0], parent=m.id) for m in gone]
    _require_no_newer(fold([*decisions, *undos]), last)
    log = coding_log(layout, settings)
    try:
        log.append(*undos)
    finally:
        log.close()
    if last.old:
        write_whole(layout.coding / "codebook.yaml", last.old)
    _tell_receipt(layout, settings)
    return last


def _decisions(layout: f.Layout, settings: Settings) -> tuple[Decision, ...]:
    if not settings.review.database and not (layout.coding / "decisions.sqlite").exists():
        return ()
    log = coding_log(layout, settings)
    try:
        return log.read()
    finally:
        log.close()


def _versions(
    in_use: Codebook, new: Codebook, decisions: Sequence[Decision], found: Migrations
) -> tuple[str, ...]:
    """Return the versions that become *new*: the one in use, and others that decisions were made with."""
    made = {found.end(d.codebook_version) for d in decisions if d.kind == "coding" and d.codebook_version}
    if new.version == in_use.version:
        if content_hash(new) != content_hash(in_use):
            raise CodebookError(
                f"both codebooks say version {new.version}", hint="give the edited one another version"
            )
        if not made - {new.version}:
            raise CodebookError(
                f"codebook {new.version} is in use, and no decision was made with another",
                hint="name the codebook to go on with: svp-nlp codebook migrate DIR NEW.yaml",
            )
        return tuple(sorted(made - {new.version}))
    if new.version in found.next:
        raise CodebookError(
            f"version {new.version} was this study's codebook before it became {found.end(new.version)}",
            hint="give the new one another version, or take the migration back: svp-nlp codebook undo",
        )
    if found.end(in_use.version) != in_use.version:
        end = found.end(in_use.version)
        raise StudyError(
            f"codebook {in_use.version} is in use, and the record says that it became {end}",
            hint=f"put codebook {end} in its place: svp-nlp suggest DIR --codebook FILE",
        )
    return (in_use.version, *sorted(made - {in_use.version, new.version}))


def _themes_so_far(
    in_use: Codebook | None, decisions: Sequence[Decision], versions: Sequence[str], found: Migrations
) -> dict[str, str]:
    """Return the themes that need to become something, with their labels: the codebook's, and those coded."""
    was = {theme.id: theme.label for theme in in_use.themes} if in_use else {}
    for decision in decisions:
        if decision.kind == "coding" and found.end(decision.codebook_version) in versions:
            for theme in named_themes(decision.value) or ():
                for now in found.land(theme, decision.codebook_version).themes:
                    was.setdefault(now, found.label(now))
    return was


def _targets(themes: ThemeMap) -> set[str]:
    return {new for move in themes.moves for new in move.new}


def _text_in_use(layout: f.Layout, settings: Settings, codebook: Codebook) -> str:
    """Return the study's codebook as it is written, with its comments; the founding study's as YAML."""
    named = [layout.root / settings.coding.codebook] if settings.coding.codebook else []
    for path in (layout.coding / "codebook.yaml", *named):
        if path.exists():
            return path.read_bytes().decode("utf-8-sig")
    return codebook_text(codebook)


def _decision(layout: f.Layout, plan: MigrationPlan, by: str) -> Decision:
    return _row(layout, Action.MIGRATE, by, plan.codebook.version, value=plan.value())


def _row(
    layout: f.Layout,
    action: Action,
    by: str,
    version: str,
    *,
    value: Mapping[str, object] | None = None,
    parent: str | None = None,
) -> Decision:
    return Decision(
        study=study_id(layout),
        coder=by,
        kind="codebook",
        target=TARGET,
        action=action,
        value=value or {},
        codebook_version=version,
        parent=parent,
    )


def _with_effects(plan: MigrationPlan, before: State, after: State) -> MigrationPlan:
    lost = (
        coding.blind is not None and after.codings[key].blind is None
        for key, coding in before.codings.items()
    )
    return replace(
        plan,
        effects=tuple(_effect(move, before, after) for move in plan.map.moves),
        decided=len({coding.passage for coding in before.codings.values() if coding.decided}),
        unblinded=sum(lost),
    )


def _effect(move: Move, before: State, after: State) -> Effect:
    held = [
        (coding, after.codings[key])
        for key, coding in before.codings.items()
        if not coding.themes.isdisjoint(move.old)
    ]
    resolved = (*before.adjudications.values(), *before.reopened.values())
    return Effect(
        move,
        len(held),
        len({coding.coder for coding, _ in held}),
        sum(not one.themes.isdisjoint(move.old) for one in resolved),
        sum(len(coding.themes.intersection(move.old)) > 1 for coding, _ in held),
        sum(_emptied(coding, now) for coding, now in held),
    )


def _emptied(before: Coding, after: Coding) -> bool:
    return bool(before.themes) and not after.themes and not after.split


def _require_no_newer(after: State, last: Migration) -> None:
    """Refuse to go back where the codebook before has no place for what was coded since."""
    given: Iterable[frozenset[str]] = [
        *(coding.themes for coding in after.codings.values()),
        *(one.themes for one in after.adjudications.values()),
    ]
    strange = Counter(theme for themes in given for theme in themes if theme not in last.was)
    if strange:
        raise StudyError(
            f"codes were given since with themes that codebook {last.before[0]} does not have "
            f"({', '.join(f'{theme}: {n}' for theme, n in sorted(strange.items()))}); nothing was undone",
            hint="migrate on instead, to a codebook of another version: svp-nlp codebook migrate",
        )


def _tell_receipt(layout: f.Layout, settings: Settings) -> None:
    made = [one.as_dict() for one in migrations(layout, settings)]
    f.write_receipt(layout.coding, "codebook", {"migrations": made})


def _count(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"
