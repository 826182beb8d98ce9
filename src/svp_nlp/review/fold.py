"""What holds now: a fold over all decisions, the same whatever order and file they came in.

Blind codes are those a coder committed before seeing the passage's suggestions. Nothing later changes them:
an undo after the suggestions were opened takes back a code, but not what was coded blind, and what was seen
stays seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from svp_nlp.model import Span
from svp_nlp.review.decisions import Action, Decision

Group = tuple[str, str, str]
"""Kind, coder and target: the decisions of a group are folded together."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a coder said to one suggestion: ``action`` is accept, reject or change; ``rank`` the model's."""

    theme: str
    action: Action
    rank: int | None
    time: datetime


@dataclass(frozen=True, slots=True)
class QuoteMark:
    """Words a coder marked as worth quoting for a theme."""

    theme: str
    pieces: tuple[Span, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Coding:
    """One coder's codes of one passage.

    ``blind``: the themes committed before any suggestion was seen, None where nothing was. ``themes``: the
    themes as they stand; they count once ``decided`` (committed, or coded after the suggestions were seen).
    ``pieces``: per theme the words it covers, where the coder chose some. ``offered``: the suggestions that
    were opened, best first; ``checks``: themes planted among them, to see whether they are accepted unread.
    ``seconds``: all time spent.
    """

    coder: str
    passage: str
    themes: frozenset[str]
    decided: bool
    blind: frozenset[str] | None = None
    seen: bool = False
    certainty: float | None = None
    flagged: bool = False
    pieces: Mapping[str, tuple[Span, ...]] = field(default_factory=dict, repr=False)
    quotes: tuple[QuoteMark, ...] = ()
    memos: tuple[str, ...] = field(default=(), repr=False)
    offered: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    seconds: float = 0.0
    time: datetime | None = None

    @property
    def final(self) -> frozenset[str] | None:
        """The themes decided on, empty for "none"; None where nothing is decided."""
        return self.themes if self.decided else None


@dataclass(frozen=True, slots=True)
class Adjudication:
    """The resolved coding of a passage, kept apart from every coder's own."""

    passage: str
    themes: frozenset[str]
    by: str
    time: datetime
    certainty: float | None = None
    reason: str = field(default="", repr=False)
    pieces: Mapping[str, tuple[Span, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class State:
    """What holds: codings by (coder, passage), adjudications by passage, redaction decisions in order."""

    codings: Mapping[tuple[str, str], Coding] = field(default_factory=dict, repr=False)
    groups: Mapping[Group, tuple[Decision, ...]] = field(default_factory=dict, repr=False)

    @property
    def coders(self) -> tuple[str, ...]:
        """Who coded something, in alphabetical order."""
        return tuple(sorted({coder for coder, _ in self.codings}))

    @property
    def adjudications(self) -> dict[str, Adjudication]:
        """The resolved codings by passage; of several the last."""
        found = [
            d
            for (kind, *_), group in self.groups.items()
            if kind == "coding" and any(d.action is Action.ADJUDICATE for d in group)
            for d in standing(group)
            if d.action is Action.ADJUDICATE
        ]
        return {d.target: _adjudication(d) for d in sorted(found, key=lambda d: d.order)}

    @property
    def redaction(self) -> tuple[Decision, ...]:
        """The redaction decisions that were not undone, in the order they were made."""
        groups = (group for (kind, *_), group in self.groups.items() if kind == "redaction")
        return tuple(sorted((d for group in groups for d in standing(group)), key=lambda d: d.order))

    def of(self, passage: str) -> tuple[Coding, ...]:
        """Return every coder's coding of *passage*, in alphabetical order of the coders."""
        return tuple(self.codings[c, passage] for c in self.coders if (c, passage) in self.codings)

    def plus(self, decisions: Iterable[Decision]) -> State:
        """Return the state after more *decisions*; only what they touch is folded again."""
        groups = dict(self.groups)
        codings = dict(self.codings)
        for key, new in _grouped(decisions).items():
            groups[key] = _in_order((*groups.get(key, ()), *new))
            kind, coder, target = key
            if kind == "coding":
                coding = _coding(groups[key])
                if coding is not None:
                    codings[coder, target] = coding
        return State(codings, groups)


def fold(decisions: Iterable[Decision]) -> State:
    """Return what holds after *decisions*, in whatever order they come; one given twice counts once."""
    return State().plus(decisions)


def standing(decisions: Sequence[Decision]) -> list[Decision]:
    """Return the decisions of one group that hold: what is undone is left out, and so are the undos.

    An undo may itself be undone. That suggestions were seen cannot be undone, nor a commit after that.
    """
    if all(d.parent is None for d in decisions):
        return list(decisions)
    at = {d.id: n for n, d in enumerate(decisions)}
    seen = next((n for n, d in enumerate(decisions) if _opens(d)), len(decisions))
    gone: set[str] = set()
    for number in range(len(decisions) - 1, -1, -1):
        parent = decisions[number].parent
        if parent is None or decisions[number].id in gone or at.get(parent, number) >= number:
            continue
        undone = decisions[at[parent]].action
        if undone is Action.SEEN or (undone is Action.COMMIT and number > seen):
            continue
        gone.add(parent)
    return [d for d in decisions if d.action is not Action.UNDO and d.id not in gone]


def _grouped(decisions: Iterable[Decision]) -> dict[Group, list[Decision]]:
    groups: dict[Group, list[Decision]] = defaultdict(list)
    for decision in decisions:
        groups[decision.kind, decision.coder, decision.target].append(decision)
    return groups


def _in_order(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return *decisions* in the order they were made, each id once."""
    if len(decisions) == 1:
        return tuple(decisions)
    return tuple(sorted({d.id: d for d in decisions}.values(), key=lambda d: d.order))


def _opens(decision: Decision) -> bool:
    """Tell whether suggestions were open from this decision on."""
    return decision.action is Action.SEEN or decision.saw_suggestion


def _coding(decisions: Sequence[Decision]) -> Coding | None:
    """Fold the decisions of one coder on one passage; None where all they did was adjudicate."""
    own = [d for d in decisions if d.action not in (Action.ADJUDICATE, Action.UNDO)]
    if not own:
        return None
    seen = next((n for n, d in enumerate(decisions) if _opens(d)), None)
    codes = _Codes()
    held = standing(decisions) if len(own) < len(decisions) else own
    for decision in held:
        codes.take(decision)
    blind = codes.committed if seen is None else _blind(decisions[:seen])
    return Coding(
        coder=decisions[0].coder,
        passage=decisions[0].target,
        themes=frozenset(codes.themes),
        decided=codes.decided,
        blind=blind,
        seen=seen is not None,
        certainty=codes.certainty,
        flagged=codes.flagged,
        pieces=codes.pieces,
        quotes=tuple(codes.quotes),
        memos=tuple(codes.memos),
        offered=codes.offered,
        checks=codes.checks,
        verdicts=tuple(codes.verdicts),
        seconds=sum(d.seconds for d in decisions),
        time=decisions[-1].time,
    )


def _blind(before: Sequence[Decision]) -> frozenset[str] | None:
    """Return what was committed by the decisions *before* any suggestion was seen."""
    codes = _Codes()
    for decision in standing(before):
        codes.take(decision)
    return codes.committed


class _Codes:
    """The running total of one coder's decisions on one passage."""

    def __init__(self) -> None:
        self.themes: set[str] = set()
        self.decided = False
        self.committed: frozenset[str] | None = None
        self.certainty: float | None = None
        self.flagged = False
        self.offered: tuple[str, ...] = ()
        self.checks: tuple[str, ...] = ()
        self.pieces: dict[str, tuple[Span, ...]] = {}
        self.quotes: list[QuoteMark] = []
        self.memos: list[str] = []
        self.verdicts: list[Verdict] = []

    def take(self, decision: Decision) -> None:
        """Count one more decision, the next in order."""
        _TAKE[decision.action](self, decision)

    def code(self, decision: Decision) -> None:
        """Put the coder's themes in the place of those before."""
        self.themes = set(decision.value["themes"])
        self.pieces = _pieces_by_theme(decision.value)
        self.certainty = decision.value.get("certainty", self.certainty)
        self.decided |= decision.saw_suggestion

    def accept(self, decision: Decision) -> None:
        """Add a suggested theme."""
        self._judge(decision.value["theme"], decision)
        self.themes.add(decision.value["theme"])

    def reject(self, decision: Decision) -> None:
        """Refuse a suggested theme; where the coder had it too, it goes."""
        self._judge(decision.value["theme"], decision)
        self.themes.discard(decision.value["theme"])

    def change(self, decision: Decision) -> None:
        """Put other themes in the place of a suggested one."""
        self._judge(decision.value["theme"], decision)
        self.themes.discard(decision.value["theme"])
        self.themes.update(decision.value["to"])

    def none(self, decision: Decision) -> None:
        """Say that no theme applies; every suggestion that was shown is thereby rejected."""
        self.themes.clear()
        self.decided |= decision.saw_suggestion
        judged = {v.theme for v in self.verdicts}
        ranks = {theme: rank for rank, theme in enumerate(self.offered, 1)}
        self.verdicts += [
            Verdict(theme, Action.REJECT, ranks.get(theme), decision.time)
            for theme in (*self.offered, *self.checks)
            if theme not in judged
        ]

    def quote(self, decision: Decision) -> None:
        """Mark words worth quoting."""
        self.quotes.append(QuoteMark(decision.value["theme"], _spans(decision.value["pieces"])))

    def memo(self, decision: Decision) -> None:
        """Note something."""
        self.memos.append(decision.value["text"])

    def flag(self, decision: Decision) -> None:
        """Raise or lower the flag for discussion."""
        self.flagged = bool(decision.value["on"])
        if decision.value.get("text"):
            self.memos.append(decision.value["text"])

    def commit(self, decision: Decision) -> None:
        """Close the blind pass."""
        self.committed = frozenset(self.themes)
        self.certainty = decision.value.get("certainty", self.certainty)
        self.decided = True

    def seen(self, decision: Decision) -> None:
        """Remember what was offered, best first; what was shown and not offered was planted."""
        self.offered = tuple(decision.value.get("themes", ()))
        self.checks = tuple(theme for theme in decision.order_shown if theme not in self.offered)

    def nothing(self, _: Decision) -> None:
        """Leave the coder's own codes as they are."""

    def _judge(self, theme: str, decision: Decision) -> None:
        self.decided = True
        self.verdicts = [v for v in self.verdicts if v.theme != theme]
        self.verdicts.append(Verdict(theme, decision.action, decision.rank, decision.time))


_TAKE: Mapping[Action, Callable[[_Codes, Decision], None]] = {
    Action.CODE: _Codes.code,
    Action.ACCEPT: _Codes.accept,
    Action.REJECT: _Codes.reject,
    Action.CHANGE: _Codes.change,
    Action.NONE: _Codes.none,
    Action.QUOTE: _Codes.quote,
    Action.MEMO: _Codes.memo,
    Action.FLAG: _Codes.flag,
    Action.COMMIT: _Codes.commit,
    Action.SEEN: _Codes.seen,
    Action.ADJUDICATE: _Codes.nothing,
}


def _adjudication(decision: Decision) -> Adjudication:
    value = decision.value
    return Adjudication(
        passage=decision.target,
        themes=frozenset(value["themes"]),
        by=decision.coder,
        time=decision.time,
        certainty=value.get("certainty"),
        reason=value.get("text", ""),
        pieces=_pieces_by_theme(value),
    )


def _pieces_by_theme(value: Mapping[str, Any]) -> dict[str, tuple[Span, ...]]:
    pieces = value.get("pieces") or {}
    return {theme: _spans(pairs) for theme, pairs in pieces.items()}


def _spans(pairs: Iterable[Sequence[int]]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in pairs)
