"""The desk for redaction review: who and what was found, in every context, those that would leak most first.

Everything here holds real names and stays on this machine. Decisions hold positions and, for what a person
says about single surfaces, those surfaces; their record lies in the study's private side.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from svp_nlp.errors import ReviewError
from svp_nlp.model import Finding, Flow, Label, Span, Status, Transcript
from svp_nlp.review.decisions import REDACTION, Action, Decision
from svp_nlp.review.fold import State
from svp_nlp.review.pieces import Piece, flow_pieces, rows
from svp_nlp.review.session import RecordDesk, Row, Verb, asked_steps, told_seconds
from svp_nlp.review.store import DecisionLog

AROUND = 90
"""Code points shown before and after an identifier in its context."""

VERDICTS = frozenset({Action.CONFIRM, Action.NOT_AN_IDENTIFIER, Action.RELABEL, Action.MERGE, Action.EXTENT})
"""Actions that settle an entity."""

_TIMING = re.compile(r"[\d:.,]+\s*-->.*")
_WORDS = re.compile(r"[^\W\d_]{2,}")

REST = "rest"
"""The target of the decision that accepts what is left."""


@dataclass(frozen=True)
class IdentifierMaterial:
    """A study's sources and what was found in them.

    ``transcripts`` and ``findings`` by transcript letter; ``gone`` are transcripts whose source is missing.
    ``check`` raises an error when a decision cannot be, given those before it.
    """

    study: str
    title: str
    transcripts: Mapping[str, Transcript] = field(repr=False)
    findings: Mapping[str, Sequence[Finding]] = field(repr=False)
    check: Callable[[Sequence[Decision], Decision], None] = field(repr=False)
    coders: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @cached_property
    def written(self) -> dict[str, list[Span]]:
        """What a reader reads of each transcript, in order, without timings and numbers of cues."""
        return {letter: _written(transcript) for letter, transcript in self.transcripts.items()}

    @cached_property
    def entities(self) -> dict[str, Found]:
        """The entities found, those that would leak most first."""
        places: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
        for letter, findings in self.findings.items():
            for finding in findings:
                if finding.entity and finding.status is not Status.KEPT:
                    places[finding.entity].append((letter, finding))
        found = [Found(id, tuple(where)) for id, where in places.items()]
        found.sort(key=lambda entity: (not entity.asked, -entity.risk, entity.id))
        return {entity.id: entity for entity in found}


@dataclass(frozen=True)
class Found:
    """An entity with every place it was found at."""

    id: str
    places: tuple[tuple[str, Finding], ...] = field(repr=False)

    @property
    def label(self) -> Label:
        """What kind of identifier it is."""
        return self.places[0][1].label

    @property
    def asked(self) -> bool:
        """Whether a person is asked to look at it."""
        return any(finding.status is Status.REVIEW for _, finding in self.places)

    @property
    def risk(self) -> float:
        """Mentions that would leak if it were wrongly said to be no identifier."""
        return len(self.places) * max(finding.score for _, finding in self.places)


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whether people are done: the entities still open, or by whom and when those were accepted."""

    open: tuple[str, ...]
    accepted_by: str = ""
    accepted_at: str = ""

    @property
    def clean(self) -> bool:
        """Whether the queue is empty, or what is left was accepted by name and date."""
        return not self.open or bool(self.accepted_by)


def clearance(asked: Sequence[str], state: State) -> Clearance:
    """Return whether people are done with the entities they are *asked* about."""
    settled = {d.target for d in state.redaction if d.action in VERDICTS}
    left = tuple(id for id in asked if id not in settled)
    for decision in reversed(state.redaction):
        if decision.action is Action.ACCEPT_REST and set(left) <= set(decision.value["open"]):
            name = str(decision.value.get("name") or decision.coder)
            return Clearance(left, name, decision.time.date().isoformat())
    return Clearance(left)


class IdentifierDesk(RecordDesk):
    """Answers what the redaction view asks; *coder*, where given, is not asked for a name."""

    kind = "redaction"

    def __init__(self, material: IdentifierMaterial, log: DecisionLog, coder: str = "") -> None:
        self.material = material
        verbs: Mapping[str, Verb] = {
            "open": self.open,
            "entity": self.entity,
            "reading": self.reading,
            "decide": self.decide,
            "undo": self.undo,
            "pull": self.pull,
        }
        super().__init__(material, log, coder, verbs)

    def open(self, body: Mapping[str, Any]) -> Row:
        """Return the entities, those that would leak most first, and the transcripts."""
        return {
            "kind": "redaction",
            "title": self.material.title,
            "coder": self._coder(body),
            "labels": [label.value for label in Label],
            "entities": [self._entity_row(entity) for entity in self.material.entities.values()],
            "transcripts": list(self.material.transcripts),
            "gone": list(self.material.gone),
            **self._now(),
        }

    def entity(self, body: Mapping[str, Any]) -> Row:
        """Return every context of one entity."""
        id = str(body.get("entity"))
        entity = self.material.entities.get(id)
        if entity is None:
            raise ReviewError("there is no such entity in what was found", hint="load the page again")
        contexts = [self._context(letter, finding) for letter, finding in entity.places]
        return {"entity": id, "contexts": contexts}

    def reading(self, body: Mapping[str, Any]) -> Row:
        """Return a whole transcript in pieces, each with the entities found there."""
        letter = str(body.get("transcript"))
        transcript = self.material.transcripts.get(letter)
        if transcript is None:
            raise ReviewError("there is no such transcript in this study", hint="load the page again")
        marks = [f for f in self.material.findings.get(letter, ()) if f.status is not Status.KEPT]
        parts = [
            rows(_marked(flow_pieces(transcript, spans), marks))
            for spans in _paragraphs(transcript, self.material.written[letter])
        ]
        return {"transcript": letter, "turns": parts}

    def decide(self, body: Mapping[str, Any]) -> Row:
        """Record what a person decided; refused where it contradicts an earlier decision."""
        coder = self._coder(body)
        steps = asked_steps(body)
        made = []
        before = list(self.journal.refresh().redaction)
        for number, (action, value) in enumerate(steps):
            spent = told_seconds(body) if number == 0 else 0.0
            decision = self._decision(coder, self._target(body, action), action, value, spent)
            self.material.check(before, decision)
            before.append(decision)
            made.append(decision)
        self.journal.write(made)
        return self._now()

    def undo(self, body: Mapping[str, Any]) -> Row:
        """Take back what this person decided last."""
        coder = self._coder(body)
        last = self.journal.undoable(coder, "redaction")
        if last is None:
            return {**self._now(), "target": None}
        gone = self._decision(coder, last.target, Action.UNDO, {}, 0.0, parent=last.id)
        self.journal.write([gone])
        return {**self._now(), "target": last.target, "undone": last.action.value}

    def pull(self, _: Mapping[str, Any]) -> Row:
        """Return what holds now."""
        self.journal.refresh()
        return self._now()

    def _target(self, body: Mapping[str, Any], action: Action) -> str:
        if action is Action.ADD_MISSED:
            return f"missed {uuid.uuid4()}"
        if action is Action.ACCEPT_REST:
            return REST
        target = str(body.get("target"))
        if target not in self.material.entities:
            raise ReviewError("there is no such entity in what was found", hint="load the page again")
        return target

    def _decision(
        self,
        coder: str,
        target: str,
        action: Action,
        value: Mapping[str, Any],
        spent: float,
        parent: str | None = None,
    ) -> Decision:
        if action not in REDACTION:
            raise ReviewError(f'"{action}" is not something to decide here')
        self._check(action, value)
        value = {**value, **self._named(target, action, value)}
        letter = str(value.get("transcript", ""))
        pin = self.material.transcripts[letter].sha256 if letter in self.material.transcripts else ""
        return Decision(
            study=self.material.study, coder=coder, kind="redaction", target=target, action=action,
            value=value, seconds=spent, text_sha256=pin, parent=parent,
        )  # fmt: skip

    def _named(self, target: str, action: Action, value: Mapping[str, Any]) -> Row:
        """Return the surfaces a decision is about: they must hold for files that arrive later too."""
        if action is Action.ADD_MISSED:
            return {"surfaces": [self._words(value)]}
        entity = self.material.entities.get(target)
        if action is Action.RELABEL and entity:
            return {"surfaces": [name for name, _ in self._entity_row(entity)["surfaces"]]}
        if action is Action.EXTENT and entity:
            return self._other_words(entity, value)
        return {}

    def _other_words(self, entity: Found, value: Mapping[str, Any]) -> Row:
        """Return the words as they should be, those found where these are too many, and what both share."""
        new, old = self._words(value), self._words({**value, "span": value["of"]})
        named = {"surfaces": [new], "label": entity.label.value}
        if old.casefold() in new.casefold():
            return {**named, "instead": [], "left": []}
        both = max(value["span"][0], value["of"][0]), min(value["span"][1], value["of"][1])
        left = self._words({**value, "span": list(both)}) if both[0] < both[1] else ""
        return {**named, "instead": [old], "left": [left] if any(c.isalnum() for c in left) else []}

    def _check(self, action: Action, value: Mapping[str, Any]) -> None:
        """Refuse a value that its action cannot have."""
        if action in (Action.RELABEL, Action.ADD_MISSED) and value.get("label") not in list(Label):
            raise ReviewError(f"choose one of the labels: {', '.join(Label)}")
        if action is Action.MERGE and value.get("into") not in self.material.entities:
            raise ReviewError("there is no entity of that name to merge with")
        if action in (Action.ADD_MISSED, Action.EXTENT):
            transcript = self.material.transcripts.get(str(value.get("transcript")))
            span = value.get("span")
            marks = [span, value.get("of")] if action is Action.EXTENT else [span]
            if transcript is None or not all(_fits(mark, transcript) for mark in marks):
                raise ReviewError("select the words in the text first")
        if action is Action.ACCEPT_REST:
            left = value.get("open")
            if not isinstance(left, list) or not str(value.get("name", "")).strip():
                raise ReviewError("who accepts what is left gives their name")

    def _now(self) -> Row:
        """Return what people decided, and whether they are done."""
        state = self.journal.refresh()
        verdicts: dict[str, Row] = {}
        missed: list[Row] = []
        for decision in state.redaction:
            told = {"action": decision.action.value, "by": decision.coder, **dict(decision.value)}
            if decision.action in VERDICTS:
                verdicts[decision.target] = told
            elif decision.action is Action.ADD_MISSED:
                missed.append({"target": decision.target, **told, "text": self._words(decision.value)})
        done = clearance([e.id for e in self.material.entities.values() if e.asked], state)
        return {
            "verdicts": verdicts, "missed": missed, "last": self.journal.last,
            "clearance": {"open": list(done.open), "by": done.accepted_by, "at": done.accepted_at,
                          "clean": done.clean},
        }  # fmt: skip

    def _words(self, value: Mapping[str, Any]) -> str:
        letter = str(value.get("transcript"))
        transcript = self.material.transcripts.get(letter)
        if transcript is None or not _fits(value.get("span"), transcript):
            return "(text changed since)"
        span = Span(*value["span"])
        # A name torn by a caption's border is whole without the timing that stands in between.
        return " ".join(
            Flow.of(transcript, _clipped(self.material.written[letter], span) or [span]).text.split()
        )

    def _entity_row(self, entity: Found) -> Row:
        words = Counter(
            " ".join(self.material.transcripts[letter][finding.span].split())
            for letter, finding in entity.places
            if letter in self.material.transcripts
        )
        return {
            "id": entity.id, "label": entity.label.value, "asked": entity.asked,
            "count": len(entity.places), "risk": round(entity.risk, 2),
            "surfaces": words.most_common(),
            "transcripts": sorted({letter for letter, _ in entity.places}),
            "found_by": sorted({name for _, finding in entity.places for name in finding.found_by}),
        }  # fmt: skip

    def _context(self, letter: str, finding: Finding) -> Row:
        transcript = self.material.transcripts[letter]
        turn = transcript.turn_at(finding.span.start)
        pieces = _marked(
            flow_pieces(transcript, _around(transcript, self.material.written[letter], finding.span)),
            [finding],
        )
        where = f"{letter} turn {turn.index + 1}" if turn else letter
        page = transcript.page_of(finding.span.start)
        return {
            "transcript": letter, "where": f"{letter} page {page}" if page else where,
            "span": [finding.span.start, finding.span.end], "asked": finding.status is Status.REVIEW,
            "pieces": rows(pieces),
        }  # fmt: skip


def _written(transcript: Transcript) -> list[Span]:
    """Return what a reader reads, in order: labels, speech, and furniture that holds words."""
    said = [p for t in transcript.turns for p in (*([t.label] if t.label else []), *t.speech)]
    notes = [f for f in transcript.furniture if _WORDS.search(_TIMING.sub("", transcript[f]))]
    return sorted([*said, *notes])


def _paragraphs(transcript: Transcript, written: Sequence[Span]) -> Iterator[list[Span]]:
    """Yield what is written turn by turn; a note between turns is a paragraph of its own."""

    def turn_of(part: Span) -> object:
        turn = transcript.turn_at(part.start)
        return part if turn is None else turn.index

    for _, group in groupby(written, key=turn_of):
        yield list(group)


def _around(transcript: Transcript, written: Sequence[Span], span: Span) -> list[Span]:
    """Return what is written around *span*, within its turn and cut between words."""
    turn = transcript.turn_at(span.start)
    limits = turn.span if turn else Span(0, len(transcript))
    start, end = max(limits.start, span.start - AROUND), min(limits.end, span.end + AROUND)
    if start > limits.start:
        start += next((n for n, c in enumerate(transcript[Span(start, span.start)]) if c.isspace()), 0)
    return _clipped(written, Span(start, max(end, span.end))) or [span]


def _clipped(written: Sequence[Span], span: Span) -> list[Span]:
    """Return what is written within *span*."""
    touched = (part for part in written if part.overlaps(span))
    return [Span(max(part.start, span.start), min(part.end, span.end)) for part in touched]


def _marked(pieces: Sequence[Piece], marks: Sequence[Finding]) -> list[Piece]:
    """Return pieces with the entities of the findings that touch them."""
    found = []
    for piece in pieces:
        at = piece.at
        names = tuple(dict.fromkeys(m.entity for m in marks if at is not None and m.span.overlaps(at)))
        found.append(Piece(piece.text, at, piece.kind, names) if names else piece)
    return found


def _fits(span: object, transcript: Transcript) -> bool:
    if not (isinstance(span, list) and len(span) == 2 and all(type(at) is int for at in span)):
        return False
    start, end = span
    return 0 <= start < end <= len(transcript) and bool(transcript.text[start:end].strip())
