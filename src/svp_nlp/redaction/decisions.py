"""What people decide about the ledger: an append-only list, folded over what was found.

A decision never changes the ledger as linked; it is laid over it each time. So decisions survive re-runs,
hold for files added later, and can be undone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from enum import StrEnum
from typing import Any

from svp_nlp.errors import StudyError
from svp_nlp.model import Finding, Flow, Label, Span, Status, Transcript
from svp_nlp.redaction.ledger import Entity, Ledger
from svp_nlp.redaction.redact import Group, mentions
from svp_nlp.redaction.roster import Roster, RosterEntry
from svp_nlp.redaction.verify import leaks
from svp_nlp.redaction.words import fold
from svp_nlp.wording import article


class Kind(StrEnum):
    """What can be decided about an entity."""

    MERGE = "merge"
    SPLIT = "split"
    RENAME = "rename"
    KEEP = "keep"
    TRIM = "trim"
    RELABEL = "relabel"
    CONFIRM = "confirm"
    ROSTER = "roster"
    ADD = "add"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. Which fields count depends on its kind:

    merge ``entity`` ``into`` another; split ``surfaces`` of ``entity`` off as the new entity ``into``;
    rename ``entity`` to ``pseudonym``; keep ``entity`` (or only ``surfaces``) in the text: not an identifier;
    relabel ``entity`` to ``label``: it is one, but of another kind;
    trim the first of ``surfaces`` of ``entity``, which was found too wide, to the others, words of it;
    confirm ``entity``: it is one, no longer to be looked at; put ``entity`` on the roster; add the name
    ``surfaces`` of ``label`` to the roster; undo the decision ``number`` (from 1). ``by`` and ``at`` say who
    and when.
    """

    kind: Kind
    entity: str = ""
    into: str = ""
    surfaces: tuple[str, ...] = field(default=(), repr=False)
    pseudonym: str = field(default="", repr=False)
    label: Label | None = None
    number: int = 0
    by: str = field(default="", repr=False)
    at: str = ""


def decide(
    ledger: Ledger, decisions: Sequence[Decision], new: Decision, roster: Roster | None = None
) -> tuple[Decision, ...]:
    """Return *decisions* with *new* at the end, checked against all before it.

    *ledger* is the ledger as linked, without decisions. A split gets the id of its new entity here. Raises
    StudyError for what cannot be (two labels under one pseudonym, a pseudonym that holds a name) and for
    what contradicts an earlier decision, naming it.
    """
    current = fold_ledger(ledger, decisions)
    if new.kind is Kind.SPLIT:
        new = changed(new, into=_split_id(ledger, decisions, new.entity))
    if new.kind not in (Kind.ADD, Kind.UNDO):
        _known(current, decisions, new.entity)
    _CHECKS[new.kind](_Case(current, decisions, new, roster or Roster()))
    return (*decisions, new)


def _known(current: Ledger, decisions: Sequence[Decision], id: str) -> Entity:
    if id in current:
        return current[id]
    for number, d in _live(decisions):
        if d.entity == id and d.kind is Kind.MERGE:
            raise StudyError(
                f"{id} was merged into {d.into} by decision {number}",
                hint=f"decide about {d.into}, or undo decision {number}",
            )
        if d.entity == id and d.kind is Kind.RELABEL:
            raise StudyError(
                f"{id} was given the label {d.label} by decision {number}", hint=f"undo decision {number}"
            )
        if d.entity == id and d.kind is Kind.KEEP:
            raise StudyError(
                f"{id} was said to be no identifier by decision {number}", hint=f"undo decision {number}"
            )
    raise StudyError(
        f"the ledger has no entity {id or 'without a name'}", hint="check the spelling of its id"
    )


@dataclass(frozen=True)
class _Case:
    """A decision about to be made, and what it is made on."""

    current: Ledger
    decisions: Sequence[Decision]
    new: Decision
    roster: Roster


def _check_merge(case: _Case) -> None:
    one, other = case.current[case.new.entity], _known(case.current, case.decisions, case.new.into)
    if one.id == other.id:
        raise StudyError(f"{one.id} cannot be merged into itself")
    if one.label is not other.label:
        raise StudyError(
            f"{one.id} is {article(one.label)} and {other.id} {article(other.label)}; "
            "only like goes with like"
        )


def _check_split(case: _Case) -> None:
    known = {fold(s) for s in case.current[case.new.entity].variants}
    wanted = {fold(s) for s in case.new.surfaces}
    if not wanted or not wanted <= known:
        raise StudyError(
            f"{case.new.entity} has no such variant to split off", hint="`svp-nlp ledger` lists them"
        )
    if wanted == known:
        raise StudyError(
            f"all variants of {case.new.entity} would be split off; at least one stays",
            hint="to give it another name, rename it",
        )


def _check_rename(case: _Case) -> None:
    name = case.new.pseudonym.strip()
    if not name or name != case.new.pseudonym or not name.isprintable() or ":" in name:
        raise StudyError("a pseudonym is one line of text without a colon and without spaces at its rims")
    if any(e.pseudonym == name for e in case.current if e.id != case.new.entity):
        raise StudyError("another entity has this pseudonym already")
    others = Ledger(tuple(changed(e, pseudonym=f"[{e.id}]") for e in case.current), {}, case.current.seed)
    if leaks({"pseudonym": name}, ledger=others, roster=case.roster):
        raise StudyError("the new pseudonym holds a name that the study hides", hint="choose another one")


def _check_keep(case: _Case) -> None:
    entity = case.current[case.new.entity]
    known = {fold(s) for s in entity.variants}
    if not {fold(s) for s in case.new.surfaces} <= known:
        raise StudyError(f"{entity.id} has no such variant", hint="`svp-nlp ledger` lists them")
    listed = {fold(s) for e in case.roster if e.label is entity.label for s in e.surfaces}
    for number, d in _live(case.decisions):
        if d.entity == entity.id and d.kind in (Kind.ROSTER, Kind.CONFIRM):
            raise StudyError(
                f"{entity.id} was said to be an identifier by decision {number}",
                hint=f"undo decision {number}",
            )
    if listed & ({fold(s) for s in case.new.surfaces} or known):
        raise StudyError(f"{entity.id} is on the study's roster", hint="take it off the roster first")


def _check_trim(case: _Case) -> None:
    entity = case.current[case.new.entity]
    wide, *inner = case.new.surfaces or ("",)
    if fold(wide) not in {fold(s) for s in entity.variants}:
        raise StudyError(f"{entity.id} has no such variant", hint="`svp-nlp ledger` lists them")
    if not all(_within(s, wide) and fold(s) != fold(wide) for s in inner):
        raise StudyError(
            f"{entity.id} can be trimmed only to some of its words", hint="give words as they stand in it"
        )
    if fold(wide) in {fold(s) for e in case.roster if e.label is entity.label for s in e.surfaces}:
        raise StudyError(f"{entity.id} is on the study's roster so", hint="mend it on the roster first")


def _within(words: str, wide: str) -> bool:
    return any(c.isalnum() for c in words) and _standing(words).search(wide) is not None


def _standing(words: str) -> re.Pattern[str]:
    """Return a pattern for *words* as whole words, whatever their case and the white space between."""
    inner = r"\s+".join(map(re.escape, words.split()))
    return re.compile(rf"(?<!\w){inner}(?!\w)", re.IGNORECASE)


def _check_relabel(case: _Case) -> None:
    entity = case.current[case.new.entity]
    if case.new.label is None or case.new.label is entity.label:
        raise StudyError(f"{entity.id} needs another label than {entity.label}")
    listed = {fold(s) for e in case.roster if e.label is entity.label for s in e.surfaces}
    if listed & {fold(s) for s in entity.variants}:
        raise StudyError(
            f"{entity.id} is on the study's roster under {entity.label}", hint="mend it on the roster first"
        )


def _check_nothing(case: _Case) -> None:
    """Confirm and roster need no more than that the entity is there."""


def _check_add(case: _Case) -> None:
    if (
        case.new.label is None
        or not case.new.surfaces
        or not all(any(c.isalnum() for c in s) for s in case.new.surfaces)
    ):
        raise StudyError("a name to add needs a label and at least one letter or figure")
    for entity in case.current:
        same = {fold(s) for s in entity.variants} & {fold(s) for s in case.new.surfaces[:1]}
        if same and entity.label is not case.new.label:
            raise StudyError(
                f"this name is in the ledger as {entity.id}, {article(entity.label)}",
                hint="say that it is no identifier there first, or add it under that label",
            )


def _check_undo(case: _Case) -> None:
    live = dict(_live(case.decisions))
    if case.new.number not in live:
        raise StudyError(f"there is no decision {case.new.number} to undo; in force: {_numbers(live)}")
    rest = [d for n, d in live.items() if n != case.new.number]
    made = live[case.new.number].into if live[case.new.number].kind is Kind.SPLIT else ""
    if made and any(made in (d.entity, d.into) for d in rest):
        raise StudyError(
            f"later decisions are about {made}, which decision {case.new.number} made; undo them first"
        )


def _numbers(live: Mapping[int, Decision]) -> str:
    return ", ".join(map(str, live)) or "none"


_CHECKS = {
    Kind.MERGE: _check_merge,
    Kind.SPLIT: _check_split,
    Kind.RENAME: _check_rename,
    Kind.KEEP: _check_keep,
    Kind.TRIM: _check_trim,
    Kind.RELABEL: _check_relabel,
    Kind.CONFIRM: _check_nothing,
    Kind.ROSTER: _check_nothing,
    Kind.ADD: _check_add,
    Kind.UNDO: _check_undo,
}


def _live(decisions: Sequence[Decision]) -> list[tuple[int, Decision]]:
    """Return the decisions in force with their numbers (from 1)."""
    gone = {d.number for d in decisions if d.kind is Kind.UNDO}
    numbered = enumerate(decisions, start=1)
    return [(n, d) for n, d in numbered if d.kind is not Kind.UNDO and n not in gone]


def _split_id(ledger: Ledger, decisions: Sequence[Decision], parent: str) -> str:
    """Return an id for what is split off that linking never gives to another.

    "PERSON 3" becomes "PERSON 3B"; an institution gets three letters from the far end of the study's pool.
    """
    taken = {e.id for e in ledger} | {d.into for d in decisions}
    label, _, tail = parent.partition(" ")
    if label == Label.INSTITUTION:
        letters = reversed([x for x in ledger.free_letters() if len(x) == 3])
        return next(id for x in letters if (id := f"{label} {x}") not in taken)
    root = re.sub(r"\D+$", "", tail)
    return next(id for x in "BCDEFGHJKLMNPQRSTUVWXYZ" if (id := f"{label} {root}{x}") not in taken)


def _about(decisions: Sequence[Decision], entity: str, surface: str) -> Iterator[tuple[str, Decision]]:
    """Yield the decisions about a surface linked to *entity*, with the entity it belongs to after each."""
    words = fold(surface)
    for _, d in _live(decisions):
        if d.entity != entity:
            continue
        if d.kind is Kind.MERGE or (d.kind is Kind.SPLIT and words in {fold(s) for s in d.surfaces}):
            entity = d.into
        yield entity, d


def entity_after(decisions: Sequence[Decision], entity: str, surface: str) -> str:
    """Return which entity a surface linked to *entity* belongs to now; "" if it is no identifier."""
    words = fold(surface)
    for owner, d in _about(decisions, entity, surface):
        entity = owner
        if d.kind is Kind.KEEP and (not d.surfaces or words in {fold(s) for s in d.surfaces}):
            return ""
    return entity


def _trimmed_to(decisions: Sequence[Decision], entity: str, surface: str) -> tuple[str, ...] | None:
    """Return the words a surface linked to *entity* is trimmed to; None where nobody said so."""
    words = fold(surface)
    for _, d in _about(decisions, entity, surface):
        if d.kind is Kind.TRIM and words in {fold(s) for s in d.surfaces[:1]}:
            return d.surfaces[1:]
    return None


def _relabelled(decisions: Sequence[Decision], entity: str, surface: str) -> Label | None:
    """Return the label that a surface linked to *entity* was given; None where nobody gave another."""
    made = _about(decisions, entity, surface)
    return next((d.label for _, d in made if d.kind is Kind.RELABEL), None)


def mended(
    transcripts: Sequence[Transcript], findings: Sequence[Sequence[Finding]], decisions: Sequence[Decision]
) -> tuple[tuple[Finding, ...], ...]:
    """Return linked *findings* cut and relabelled as decisions say; equal to *findings* where none does.

    What is left of one has to be linked again: it may belong to somebody else. A person has looked at it, so
    it is no longer up for review.
    """
    if not any(d.kind in (Kind.TRIM, Kind.RELABEL) for _, d in _live(decisions)):
        return tuple(map(tuple, findings))
    return tuple(_mended(t, row, decisions) for t, row in zip(transcripts, findings, strict=True))


def _mended(
    transcript: Transcript, findings: Sequence[Finding], decisions: Sequence[Decision]
) -> tuple[Finding, ...]:
    out = [f for f in findings if f.status is Status.KEPT]
    for group in mentions(transcript, [f for f in findings if f.status is not Status.KEPT]):
        entity = group.pieces[0].entity
        words = _trimmed_to(decisions, entity, group.surface)
        label = _relabelled(decisions, entity, group.surface)
        if words is not None:
            out += _cut(transcript, group, words)
        elif label is not None:
            out += [changed(f, label=label, entity="", status=Status.REDACTED) for f in group.pieces]
        else:
            out += group.pieces
    return tuple(sorted(out, key=lambda f: f.span))


def _cut(transcript: Transcript, group: Group, words: Sequence[str]) -> Iterator[Finding]:
    """Yield what is left of a mention where only *words* of it identify somebody."""
    flow = Flow.of(transcript, [f.span for f in group.pieces])
    first = group.pieces[0]
    for pattern in map(_standing, words):
        for match in pattern.finditer(flow.text):
            for span in flow.to_source(Span(*match.span())):
                yield changed(first, span=span, entity="", status=Status.REDACTED)


def fold_ledger(ledger: Ledger, decisions: Sequence[Decision]) -> Ledger:
    """Return the ledger as the decisions leave it; what has lost all variants to others is left out."""
    pseudonyms = {d.entity: d.pseudonym for _, d in _live(decisions) if d.kind is Kind.RENAME}
    variants: dict[str, dict[str, dict[str, int]]] = {}
    labels = {e.id: e.label for e in ledger}
    for entity in ledger:
        if not entity.variants:
            variants.setdefault(entity.id, {})
        for surface, counts in entity.variants.items():
            owner = entity_after(decisions, entity.id, surface)
            moved = (
                _trimmed_to(decisions, entity.id, surface) is not None
                or _relabelled(decisions, entity.id, surface) is not None
            )
            if owner and not moved:
                labels.setdefault(owner, entity.label)
                row = variants.setdefault(owner, {}).setdefault(surface, {})
                for transcript, n in counts.items():
                    row[transcript] = row.get(transcript, 0) + n
    entities = tuple(
        Entity(id, labels[id], pseudonyms.get(id, f"[{id}]"), rows) for id, rows in variants.items()
    )
    return Ledger(entities, ledger.transcripts, ledger.seed)


def decided(
    ledger: Ledger,
    transcripts: Sequence[Transcript],
    findings: Sequence[Sequence[Finding]],
    decisions: Sequence[Decision],
) -> tuple[Ledger, tuple[tuple[Finding, ...], ...]]:
    """Lay *decisions* over a linked study: return the ledger and the findings as they hold now.

    What is no identifier comes back KEPT, what was confirmed is no longer up for review.
    """
    said = {d.entity for _, d in _live(decisions) if d.kind in (Kind.CONFIRM, Kind.ROSTER)}
    sure = {entity_after(decisions, id, "") for id in said}
    rows = tuple(_decided(t, row, decisions, sure) for t, row in zip(transcripts, findings, strict=True))
    return fold_ledger(ledger, decisions), rows


def _decided(
    transcript: Transcript, findings: Sequence[Finding], decisions: Sequence[Decision], sure: set[str]
) -> tuple[Finding, ...]:
    out = [f for f in findings if f.status is Status.KEPT]
    for group in mentions(transcript, [f for f in findings if f.status is not Status.KEPT]):
        entity = entity_after(decisions, group.pieces[0].entity, group.surface)
        for piece in group.pieces:
            if not entity:
                out.append(changed(piece, entity="", status=Status.KEPT))
            else:
                out.append(
                    changed(piece, entity=entity, status=Status.REDACTED if entity in sure else piece.status)
                )
    return tuple(sorted(out, key=lambda f: f.span))


def with_decisions(roster: Roster, ledger: Ledger, decisions: Sequence[Decision]) -> Roster:
    """Return *roster* with the names that decisions put on it."""
    current = fold_ledger(ledger, decisions)
    entries = list(roster)
    for _, d in _live(decisions):
        if d.kind is Kind.ADD and d.label is not None:
            entries.append(RosterEntry(d.surfaces[0], d.label, d.surfaces[1:]))
        elif d.kind is Kind.ROSTER and d.entity in current and current[d.entity].variants:
            entity = current[d.entity]
            first, *rest = sorted(entity.variants, key=lambda s: (-len(s.split()), -len(s), s))
            entries.append(RosterEntry(first, entity.label, tuple(rest)))
    return Roster(tuple(entries), roster.warnings)


def names_missed(
    transcript: Transcript, marks: Iterable[Finding], findings: Sequence[Finding]
) -> tuple[Decision, ...]:
    """Turn what people marked and detection did not find into decisions that add it to the roster.

    *marks* are findings made by hand; one counts as missed when a letter or figure of it is not replaced.
    """
    covered = [f.span for f in findings if f.status is not Status.KEPT]
    out: dict[tuple[Label, str], Decision] = {}
    for mark in marks:
        bare = [i for i in range(mark.span.start, mark.span.end) if transcript.text[i].isalnum()]
        if all(any(c.start <= i < c.end for c in covered) for i in bare):
            continue
        surface = " ".join(transcript[mark.span].split())
        out.setdefault((mark.label, fold(surface)), Decision(Kind.ADD, surfaces=(surface,), label=mark.label))
    return tuple(out.values())


@dataclass(frozen=True, slots=True)
class Question:
    """An entity that people should look at: how often it is there, and how sure the witnesses are."""

    entity: str
    label: Label
    count: int
    confidence: float

    @property
    def risk(self) -> float:
        """Mentions that would leak if it were wrongly said to be no identifier."""
        return self.count * self.confidence


def questions(findings: Sequence[Sequence[Finding]]) -> tuple[Question, ...]:
    """Return the entities up for review, those that would leak most first."""
    rows: dict[tuple[str, Label], list[float]] = {}
    for finding in (f for row in findings for f in row if f.status is Status.REVIEW):
        rows.setdefault((finding.entity, finding.label), []).append(finding.score)
    found = (Question(e, label, len(s), max(s)) for (e, label), s in rows.items())
    return tuple(sorted(found, key=lambda q: (-q.risk, q.entity)))


def row_of(decision: Decision) -> dict[str, Any]:
    """Return a decision as plain values, one line of the log; empty fields are left out."""
    row: dict[str, Any] = {"kind": decision.kind.value}
    for name in ("entity", "into", "surfaces", "pseudonym", "label", "number", "by", "at"):
        value = getattr(decision, name)
        if value:
            row[name] = list(value) if name == "surfaces" else value
    return row


def decisions_from(lines: Iterable[str]) -> tuple[Decision, ...]:
    """Read a log of decisions, one JSON object a line; raises StudyError with the line that is damaged."""
    out = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            row["kind"] = Kind(row["kind"])
            row["surfaces"] = tuple(map(str, row.get("surfaces", ())))
            row["label"] = Label(row["label"]) if row.get("label") else None
            out.append(Decision(**row))
        except (KeyError, TypeError, ValueError):
            raise StudyError(
                f"line {number} of the decisions cannot be read", hint="put the file back from a copy"
            ) from None
    return tuple(out)
