"""What both doors talk to: a desk answers verbs with plain values, whoever carries them.

A coding desk never hands out a suggestion before the coder's own codes of that passage are committed, and
records that it was handed out. What other coders decided is shown in adjudication only.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any, Protocol

from svp_nlp.errors import ReviewError
from svp_nlp.model import Codebook, Flow, Passage, Suggestions, Transcript
from svp_nlp.review.checks import value_misfit
from svp_nlp.review.decisions import CODING, Action, Decision, Kind, check_coder
from svp_nlp.review.fold import Adjudication, Coding, State, standing
from svp_nlp.review.pieces import flow_pieces, rows
from svp_nlp.review.store import DecisionLog

Row = dict[str, Any]

SAMPLED = 0.1
"""Share of the passages without a suggestion that are proposed for a second look."""

LONGEST_PAUSE = 3600.0
"""Seconds beyond which time spent is not believed: the coder was away."""


class Desk(Protocol):
    """What a door needs of a desk."""

    def answer(self, verb: str, body: Mapping[str, Any]) -> Row:
        """Answer one request; raises ReviewError for one that cannot be."""

    def close(self) -> None:
        """Give back the record."""


@dataclass(frozen=True)
class CodingMaterial:
    """What is coded: a study's passages with what is suggested, and how the study wants it done.

    ``suggestions`` by passage; ``model`` names what made them. ``checks`` is the share of passages in which
    one planted theme stands among the suggestions (coders are told that there are such). ``similar`` returns
    ids of passages like one, likest first. ``little`` names the themes that the model knows too little of.
    """

    study: str
    title: str
    codebook: Codebook
    transcripts: Mapping[str, Transcript] = field(repr=False)
    passages: Sequence[Passage] = field(repr=False)
    suggestions: Mapping[str, Suggestions] = field(repr=False)
    model: str = ""
    blind: bool = True
    coders: tuple[str, ...] = ()
    checks: float = 0.0
    similar: Callable[[str], Sequence[str]] | None = None
    little: tuple[str, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Passage]:
        """The passages by id."""
        return {passage.id: passage for passage in self.passages}

    @cached_property
    def themes(self) -> frozenset[str]:
        """The codebook's theme ids."""
        return frozenset(theme.id for theme in self.codebook.themes)

    def offered(self, passage: str) -> tuple[str, ...]:
        """Return the themes suggested for a passage, best first; none where the model abstains."""
        made = self.suggestions.get(passage)
        return () if made is None or made.abstained else tuple(s.theme for s in made.ranked)

    def planted(self, passage: str) -> str | None:
        """Return the theme planted among the suggestions for a passage, or None; the same for every coder."""
        offered = self.offered(passage)
        dice = _dice(self.study, passage, "check")
        others = sorted(self.themes - set(offered))
        return dice.choice(others) if offered and others and dice.random() < self.checks else None

    def order(self, passage: str, coder: str) -> tuple[str, ...]:
        """Return the order in which a coder is shown the suggestions: random, and always the same."""
        planted = self.planted(passage)
        themes = [*self.offered(passage), *([planted] if planted else [])]
        _dice(self.study, passage, coder).shuffle(themes)
        return tuple(themes)

    def sampled(self, passage: str) -> bool:
        """Tell whether a passage without suggestion is in the sample to look at."""
        return not self.offered(passage) and _dice(self.study, passage, "sample").random() < SAMPLED


def _dice(*names: str) -> random.Random:
    """Return random choices that follow from *names* alone."""
    return random.Random(hashlib.sha256("\0".join(names).encode()).digest())  # noqa: S311 (no secret)


class Journal:
    """A record of decisions with what holds now, brought up to date with what others write.

    Thread-safe. ``log`` is closed with the journal.
    """

    def __init__(self, log: DecisionLog) -> None:
        self.log = log
        self.state = State()
        self.last = 0
        self.touched: list[tuple[int, Decision]] = []
        self._lock = RLock()

    def refresh(self) -> State:
        """Read what was written since and return what holds now."""
        with self._lock:
            new = self.log.entries(self.last)
            if new:
                self.state = self.state.plus(decision for _, decision in new)
                self.touched += new
                self.last = new[-1][0]
            return self.state

    def write(self, decisions: Sequence[Decision]) -> State:
        """Append decisions, on the disk before this returns, and return what holds then."""
        with self._lock:
            self.log.append(*decisions)
            return self.refresh()

    def since(self, number: int) -> list[Decision]:
        """Return the decisions written after *number*."""
        self.refresh()
        return [decision for at, decision in self.touched if at > number]

    def undoable(self, coder: str, kind: Kind) -> Decision | None:
        """Return what *coder* decided last and can take back, or None."""
        state = self.refresh()
        for _, decision in reversed(self.touched):
            if decision.coder != coder or decision.kind != kind:
                continue
            group = state.groups[decision.kind, decision.coder, decision.target]
            if _can_go(decision, group):
                return decision
        return None

    def close(self) -> None:
        """Give the database back."""
        self.log.close()


def _can_go(decision: Decision, group: Sequence[Decision]) -> bool:
    """Tell whether a decision holds and may go: not that suggestions were seen, nor what froze then."""
    if decision.action in (Action.UNDO, Action.SEEN):
        return False
    seen = any(d.action is Action.SEEN or d.saw_suggestion for d in group)
    if decision.action is Action.COMMIT and seen and not decision.saw_suggestion:
        return False
    return any(d.id == decision.id for d in standing(group))


class Material(Protocol):
    """What every desk is asked about: what the study is called, and who may decide (empty: anyone)."""

    @property
    def title(self) -> str:
        """The study's title."""

    @property
    def coders(self) -> tuple[str, ...]:
        """The ids of those who may decide."""


Verb = Callable[[Mapping[str, Any]], Row]


class RecordDesk:
    """What both desks do alike: they keep a record, answer by verb, and know who may decide."""

    kind: Kind

    def __init__(self, material: Material, log: DecisionLog, coder: str, verbs: Mapping[str, Verb]) -> None:
        self._asked = material
        self.coder = coder
        self.journal = Journal(log)
        self._verbs = {"hello": self.hello, **verbs}

    def answer(self, verb: str, body: Mapping[str, Any]) -> Row:
        """Answer one request; raises ReviewError for one that cannot be."""
        if verb not in self._verbs:
            raise ReviewError("the page asked for something unknown", hint="load the page again")
        self._require_current()
        return self._verbs[verb](body)

    def close(self) -> None:
        """Give the record back."""
        self.journal.close()

    def hello(self, _: Mapping[str, Any]) -> Row:
        """Say what this is, and who may decide."""
        return {
            "kind": self.kind,
            "title": self._asked.title,
            "coders": list(self._asked.coders) or self._seen_coders(),
            "closed": bool(self._asked.coders),
            "coder": self.coder,
        }

    def _require_current(self) -> None:
        """Raise ReviewError where what this desk was opened with no longer holds."""

    def _seen_coders(self) -> list[str]:
        """Return the coders to offer where the study names none."""
        return []

    def _coder(self, body: Mapping[str, Any]) -> str:
        coder = body.get("coder")
        check_coder(coder)  # type: ignore[arg-type]  # says what is wrong with anything else
        if self._asked.coders and coder not in self._asked.coders:
            raise ReviewError(
                f"coder {coder!r} is not one of the study's: {', '.join(self._asked.coders)}",
                hint="svp.toml, [review] coders names them",
            )
        return str(coder)


class CodingDesk(RecordDesk):
    """Answers what the coding and adjudication views ask; *coder*, where given, is not asked for a name."""

    kind = "coding"

    def __init__(self, material: CodingMaterial, log: DecisionLog, coder: str = "") -> None:
        self.material = material
        verbs: Mapping[str, Verb] = {
            "open": self.open,
            "view": self.view,
            "decide": self.decide,
            "suggestions": self.suggestions,
            "undo": self.undo,
            "pull": self.pull,
            "compare": self.compare,
            "similar": self.similar,
        }
        super().__init__(material, log, coder, verbs)

    def _require_current(self) -> None:
        """Raise ReviewError where the codebook was migrated since this desk was opened."""
        version = self.material.codebook.version
        last = self.journal.state.migrations.end(version)
        if last != version:
            raise ReviewError(
                f"the codebook became version {last} since this was opened; all before is kept",
                hint="close this and open the review again",
            )

    def _seen_coders(self) -> list[str]:
        return sorted(self.journal.refresh().coders)

    def open(self, body: Mapping[str, Any]) -> Row:
        """Return codebook, passages and the coder's own codings."""
        coder = self._coder(body)
        state = self.journal.refresh()
        mine = {p: coding_row(c) for (who, p), c in state.codings.items() if who == coder}
        return {
            "kind": "coding",
            "title": self.material.title,
            "coder": coder,
            "blind": self.material.blind,
            "checks": self.material.checks > 0,
            "similar": self.material.similar is not None,
            "little": list(self.material.little),
            "codebook": codebook_row(self.material.codebook),
            "earlier": earlier_labels(state),
            "passages": [self._passage_row(p) for p in self.material.passages],
            "states": mine,
            "last": self.journal.last,
        }

    def view(self, body: Mapping[str, Any]) -> Row:
        """Return a passage's words in pieces."""
        passage = self._passage(body)
        return view_row(self.material.transcripts[passage.transcript], passage)

    def decide(self, body: Mapping[str, Any]) -> Row:
        """Record what a coder decided about a passage: one action or several at once."""
        coder, passage = self._coder(body), self._passage(body)
        steps = asked_steps(body)
        self._check(coder, passage, steps)
        spent = told_seconds(body)
        made = [
            self._decision(coder, passage, action, value, spent if n == 0 else 0.0)
            for n, (action, value) in enumerate(steps)
        ]
        self.journal.write(made)
        return self._changed(coder, [passage.id])

    def suggestions(self, body: Mapping[str, Any]) -> Row:
        """Open a passage's suggestions and record that they were seen; refused before the blind commit."""
        coder, passage = self._coder(body), self._passage(body)
        own = self._own(coder, passage.id)
        if self.material.blind and not (own and (own.seen or own.blind is not None)):
            raise ReviewError(
                "commit your own codes first", hint="Enter commits them, also when there are none"
            )
        if not (own and own.seen):
            value = {"themes": list(self.material.offered(passage.id))}
            seen = self._decision(coder, passage, Action.SEEN, value, told_seconds(body))
            self.journal.write([seen])
        return {**self._changed(coder, [passage.id]), "suggestions": self._suggestion_rows(coder, passage.id)}

    def undo(self, body: Mapping[str, Any]) -> Row:
        """Take back what the coder decided last; says which passage that was."""
        coder = self._coder(body)
        last = self.journal.undoable(coder, "coding")
        if last is None:
            return {"states": {}, "last": self.journal.last, "passage": None}
        passage = self.material.by_id.get(last.target)
        if passage is None:
            raise ReviewError("what was decided last belongs to a passage that is gone")
        gone = self._decision(coder, passage, Action.UNDO, {}, 0.0, parent=last.id)
        self.journal.write([gone])
        return {**self._changed(coder, [passage.id]), "passage": passage.id, "undone": last.action.value}

    def pull(self, body: Mapping[str, Any]) -> Row:
        """Return what changed since a number: from another tab, or another program."""
        coder, since = self._coder(body), body.get("since")
        if not isinstance(since, int):
            raise ReviewError("the page did not say since when", hint="load the page again")
        found = [d.target for d in self.journal.since(since) if d.coder == coder and d.kind == "coding"]
        return self._changed(coder, found)

    def compare(self, body: Mapping[str, Any]) -> Row:
        """Return passages that two or more coders decided, those they differ on first.

        Who codes too sees only passages that they decided themselves.
        """
        coder = self._coder(body)
        state = self.journal.refresh()
        by: dict[str, list[Coding]] = defaultdict(list)
        for (_, passage), coding in sorted(state.codings.items()):
            if coding.decided:
                by[passage].append(coding)
        codes = any(c.coder == coder for group in by.values() for c in group)
        resolved, reopened = state.adjudications, state.reopened
        found = [
            _compared(p.id, by[p.id], resolved.get(p.id), reopened.get(p.id))
            for p in self.material.passages
            if len(by[p.id]) > 1 and (not codes or any(c.coder == coder for c in by[p.id]))
        ]
        # Stable: in the order spoken where they differ as much.
        found.sort(key=lambda row: ("reopened" not in row, -row["differ"]))
        return {"rows": found, "last": self.journal.last}

    def similar(self, body: Mapping[str, Any]) -> Row:
        """Return ids of passages like one."""
        passage = self._passage(body)
        return {"passages": list(self.material.similar(passage.id)) if self.material.similar else []}

    def _passage(self, body: Mapping[str, Any]) -> Passage:
        passage = self.material.by_id.get(str(body.get("passage")))
        if passage is None:
            raise ReviewError("there is no such passage in this study", hint="load the page again")
        return passage

    def _own(self, coder: str, passage: str) -> Coding | None:
        return self.journal.refresh().codings.get((coder, passage))

    def _passage_row(self, passage: Passage) -> list[object]:
        """Return id, citation, transcript, role, words and whether it is in the sample: a list is small."""
        text = Flow.of(self.material.transcripts[passage.transcript], passage.pieces).text
        cite, sampled = passage.citation, self.material.sampled(passage.id)
        return [passage.id, cite, passage.transcript, passage.role.value, text, sampled]

    def _check(self, coder: str, passage: Passage, steps: Sequence[tuple[Action, Mapping[str, Any]]]) -> None:
        length = len(self.material.transcripts[passage.transcript])
        own = self._own(coder, passage.id)
        shown = self.material.order(passage.id, coder)
        for action, value in steps:
            why = value_misfit(action, value, self.material.themes, length)
            if why:
                raise ReviewError(f"this cannot be recorded: {why}")
            if action in (Action.SEEN, Action.UNDO) or action not in CODING:
                raise ReviewError(f'"{action}" is not something to decide here')
            if action in (Action.ACCEPT, Action.REJECT, Action.CHANGE):
                if not (own and own.seen):
                    raise ReviewError("the suggestions are not open yet")
                if value["theme"] not in shown:
                    raise ReviewError("this theme was not suggested here")

    def _decision(
        self,
        coder: str,
        passage: Passage,
        action: Action,
        value: Mapping[str, Any],
        spent: float,
        parent: str | None = None,
    ) -> Decision:
        own = self._own(coder, passage.id)
        saw = action is not Action.SEEN and bool(own and own.seen)
        offered = self.material.offered(passage.id)
        theme = value.get("theme") if action in (Action.ACCEPT, Action.REJECT, Action.CHANGE) else None
        return Decision(
            study=self.material.study,
            coder=coder,
            kind="coding",
            target=passage.id,
            action=action,
            value=value,
            seconds=spent,
            saw_suggestion=saw,
            order_shown=self.material.order(passage.id, coder) if saw or action is Action.SEEN else (),
            rank=offered.index(theme) + 1 if theme in offered else None,
            model=self.material.model,
            codebook_version=self.material.codebook.version,
            text_sha256=self.material.transcripts[passage.transcript].sha256,
            parent=parent,
        )

    def _changed(self, coder: str, passages: Iterable[str]) -> Row:
        state = self.journal.refresh()
        found = {p: state.codings.get((coder, p)) for p in dict.fromkeys(passages)}
        states = {p: coding_row(c) if c else None for p, c in found.items()}
        return {"states": states, "last": self.journal.last}

    def _suggestion_rows(self, coder: str, passage: str) -> list[Row]:
        """Return the suggestions in the order shown; the score only of those decided on."""
        own = self._own(coder, passage)
        judged = {v.theme for v in own.verdicts} if own else set()
        made = (
            {s.theme: s for s in self.material.suggestions[passage]} if self.material.offered(passage) else {}
        )
        found = []
        for theme in self.material.order(passage, coder):
            suggestion = made.get(theme)
            row: Row = {"theme": theme}
            if suggestion:
                because = suggestion.because
                row["exemplar"], row["source"] = because.exemplar, because.source
                row["sentence"] = [[s.start, s.end] for s in because.sentence]
            if theme in judged:
                row["score"] = round(suggestion.score, 2) if suggestion else None
            found.append(row)
        return found


def view_row(transcript: Transcript, passage: Passage) -> Row:
    """Return a passage's words and the question before it, in pieces."""
    return {
        "passage": passage.id,
        "pieces": rows(flow_pieces(transcript, passage.pieces)),
        "question": rows(flow_pieces(transcript, passage.question)),
    }


def codebook_row(book: Codebook) -> Row:
    """Return the codebook as the browser shows it."""
    themes = [
        {
            "id": t.id, "label": t.label, "domain": t.domain, "definition": t.definition,
            "include": list(t.include), "exclude": list(t.exclude),
            "exemplars": [[e.text, e.source] for e in t.exemplars],
        }
        for t in book.themes
    ]  # fmt: skip
    domains = [{"id": d.id, "label": d.label} for d in book.domains]
    return {"title": book.title, "version": book.version, "domains": domains, "themes": themes}


def coding_row(coding: Coding) -> Row:
    """Return one coder's coding of a passage as the browser shows it."""
    return {
        "themes": sorted(coding.themes),
        "decided": coding.decided,
        "blind": None if coding.blind is None else sorted(coding.blind),
        "seen": coding.seen,
        "certainty": coding.certainty,
        "flagged": coding.flagged,
        "pieces": {t: [[s.start, s.end] for s in spans] for t, spans in coding.pieces.items()},
        "quotes": [{"theme": q.theme, "pieces": [[s.start, s.end] for s in q.pieces]} for q in coding.quotes],
        "memos": list(coding.memos),
        "verdicts": {v.theme: v.action.value for v in coding.verdicts},
        "split": {theme: list(parts) for theme, parts in coding.split.items()},
    }


def earlier_labels(state: State) -> dict[str, str]:
    """Return the labels of themes that coders have to choose parts of."""
    codings = (coding.split for coding in state.codings.values())
    resolved = (one.split for one in state.reopened.values())
    split = {theme for one in (*codings, *resolved) for theme in one}
    return {theme: state.migrations.label(theme) for theme in sorted(split)}


def _compared(
    passage: str, codings: Sequence[Coding], done: Adjudication | None, again: Adjudication | None
) -> Row:
    """Return how several coders coded a passage, what it was resolved to, what is to be resolved *again*."""
    row: Row = {
        "passage": passage,
        "differ": _difference(codings),
        "codings": [{"coder": c.coder, **coding_row(c)} for c in codings],
    }
    if done:
        row["resolved"] = _resolved_row(done)
    if again:
        split = {theme: list(parts) for theme, parts in again.split.items()}
        row["reopened"] = {**_resolved_row(again), "split": split}
    return row


def _resolved_row(one: Adjudication) -> Row:
    return {
        "themes": sorted(one.themes),
        "by": one.by,
        "reason": one.reason,
        "certainty": one.certainty,
    }


def _difference(codings: Sequence[Coding]) -> float:
    """Return how far coders differ on a passage: mean Jaccard distance of their sets of themes, 0 to 1."""
    pairs = [(a.themes, b.themes) for n, a in enumerate(codings) for b in codings[n + 1 :]]
    far = [1 - len(a & b) / len(a | b) if a | b else 0.0 for a, b in pairs]
    return round(sum(far) / len(far), 3)


def asked_steps(body: Mapping[str, Any]) -> list[tuple[Action, Mapping[str, Any]]]:
    """Return the actions a page asks to record."""
    given = body.get("steps")
    if not isinstance(given, list) or not 0 < len(given) < 20:
        raise ReviewError("the page sent no decision", hint="load the page again")
    found = []
    for step in given:
        action, value = (
            (step.get("action"), step.get("value", {})) if isinstance(step, Mapping) else (None, None)
        )
        if action not in list(Action) or not isinstance(value, Mapping):
            raise ReviewError("the page sent a decision of an unknown kind", hint="load the page again")
        found.append((Action(action), value))
    return found


def told_seconds(body: Mapping[str, Any]) -> float:
    """Return the seconds spent that a page tells, within reason."""
    told = body.get("seconds", 0)
    number = float(told) if isinstance(told, int | float) and not isinstance(told, bool) else 0.0
    return round(min(max(number, 0.0), LONGEST_PAUSE), 2) if number == number else 0.0
