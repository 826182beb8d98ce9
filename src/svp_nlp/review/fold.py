"""What holds now: a fold over all decisions, the same whatever order and file they came in.

Blind codes are those a coder committed before seeing the passage's suggestions. Nothing later changes them:
an undo after the suggestions were opened takes back a code, but not what was coded blind, and what was seen
stays seen.

Where the codebook was migrated (`svp_nlp.review.migration`), every theme is read in the codebook that its own
became: a code keeps the version it was given with until the end of the fold. What a split theme became is not
guessed: the coding waits for its coder, who decides by giving a part, by committing, or by "none".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from svp_nlp.model import Span
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.migration import NO_MIGRATIONS, Migrations

Group = tuple[str, str, str]
"""Kind, coder and target: the decisions of a group are folded together."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a coder said to one suggestion: ``action`` is accept, reject or change; ``rank`` the model's.

    ``planted``: the suggestion was a check item, not the model's.
    """

    theme: str
    action: Action
    rank: int | None
    time: datetime
    planted: bool = False


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
    were opened, best first, none where the first of them is no theme of the codebook any more; ``checks``:
    themes planted among them, to see whether they are accepted unread. ``seconds``: all time spent.
    ``split``: themes that were split since, with their parts: the coder has to choose, and until then nothing
    is decided, nor was it coded blind. ``unblinded``: there was a blind coding, which a split left open.
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
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unblinded: bool = False

    @property
    def final(self) -> frozenset[str] | None:
        """The themes decided on, empty for "none"; None where nothing is decided."""
        return self.themes if self.decided else None


@dataclass(frozen=True, slots=True)
class Adjudication:
    """The resolved coding of a passage, kept apart from every coder's own.

    ``split``: themes that were split since, with their parts: it is to be resolved again.
    """

    passage: str
    themes: frozenset[str]
    by: str
    time: datetime
    certainty: float | None = None
    reason: str = field(default="", repr=False)
    pieces: Mapping[str, tuple[Span, ...]] = field(default_factory=dict, repr=False)
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What holds: codings by (coder, passage), adjudications by passage, redaction decisions in order.

    ``migrations``: what became of the codebook; codings and adjudications are in its last version.
    """

    codings: Mapping[tuple[str, str], Coding] = field(default_factory=dict, repr=False)
    groups: Mapping[Group, tuple[Decision, ...]] = field(default_factory=dict, repr=False)
    migrations: Migrations = NO_MIGRATIONS

    @property
    def coders(self) -> tuple[str, ...]:
        """Who coded something, in alphabetical order."""
        return tuple(sorted({coder for coder, _ in self.codings}))

    @property
    def adjudications(self) -> dict[str, Adjudication]:
        """The resolved codings by passage, of several the last, without those to be resolved again."""
        return {passage: one for passage, one in self._resolved().items() if not one.split}

    @property
    def reopened(self) -> dict[str, Adjudication]:
        """Codings by passage that were resolved and hold a theme that was split since."""
        return {passage: one for passage, one in self._resolved().items() if one.split}

    def _resolved(self) -> dict[str, Adjudication]:
        found = [
            d
            for (kind, *_), group in self.groups.items()
            if kind == "coding" and any(d.action is Action.ADJUDICATE for d in group)
            for d in standing(group)
            if d.action is Action.ADJUDICATE
        ]
        in_order = sorted(found, key=lambda d: d.order)
        return {d.target: _adjudication(d, self.migrations) for d in in_order}

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
        fresh = _grouped(decisions)
        for key, new in fresh.items():
            groups[key] = _in_order((*groups.get(key, ()), *new))
        migrations = self.migrations
        if any(kind == "codebook" for kind, *_ in fresh):
            changed = (some for key, some in groups.items() if key[0] == "codebook")
            migrations = Migrations.of(decision for some in changed for decision in some)
        # After a migration any coding may hold a theme that changed.
        for kind, coder, target in fresh if migrations is self.migrations else groups:
            if kind == "coding":
                coding = _coding(groups[kind, coder, target], migrations)
                if coding is not None:
                    codings[coder, target] = coding
        return State(codings, groups, migrations)


def fold(decisions: Iterable[Decision]) -> State:
    """Return what holds after *decisions*, in whatever order they come; one given twice counts once."""
    return State().plus(decisions)


def standing(decisions: Sequence[Decision]) -> list[Decision]:
    """Return the decisions of one group that hold: what is undone is left out, and so are the undos.

    An undo may itself be undone. That suggestions were seen cannot be undone, nor, after that, what was
    committed before.
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
        if undone is Action.SEEN or (undone is Action.COMMIT and at[parent] < seen < number):
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


def _coding(decisions: Sequence[Decision], migrations: Migrations) -> Coding | None:
    """Fold the decisions of one coder on one passage; None where all they did was adjudicate."""
    own = [d for d in decisions if d.action not in (Action.ADJUDICATE, Action.UNDO)]
    if not own:
        return None
    seen = next((n for n, d in enumerate(decisions) if _opens(d)), None)
    codes = _taken(standing(decisions) if len(own) < len(decisions) else own, migrations)
    themes, split = _landed(codes.themes, migrations)
    unseen = codes if seen is None else _taken(standing(decisions[:seen]), migrations)
    blind = unseen.blind()
    return Coding(
        coder=decisions[0].coder,
        passage=decisions[0].target,
        themes=themes,
        decided=codes.decided and not split,
        blind=blind,
        seen=seen is not None,
        certainty=codes.certainty,
        flagged=codes.flagged,
        pieces=_landed_pieces(codes.pieces, codes.themes, migrations),
        quotes=codes.marks(themes, split),
        memos=tuple(codes.memos),
        offered=codes.offers(),
        checks=codes.planted(),
        verdicts=codes.judged(),
        seconds=sum(d.seconds for d in decisions),
        time=decisions[-1].time,
        split=split,
        unblinded=blind is None and unseen.committed is not None,
    )


def _taken(decisions: Iterable[Decision], migrations: Migrations) -> _Codes:
    """Return the total of *decisions*, in their order."""
    codes = _Codes(migrations)
    for decision in decisions:
        codes.take(decision)
    return codes


Given = tuple[str, str]
"""A theme and the version of the codebook it was given with."""


def _landed(
    given: Iterable[Given], migrations: Migrations
) -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """Return the themes that *given* are in the last codebook, and those that were split with their parts."""
    if not migrations.next:
        return frozenset(theme for theme, _ in given), {}
    themes: set[str] = set()
    split: dict[str, tuple[str, ...]] = {}
    for theme, version in sorted(given):
        landing = migrations.land(theme, version)
        if landing.open:
            split[theme] = landing.themes
        else:
            themes.update(landing.themes)
    return frozenset(themes), split


def _landed_pieces(
    pieces: Mapping[Given, tuple[Span, ...]], given: Collection[Given], migrations: Migrations
) -> dict[str, tuple[Span, ...]]:
    """Return the words each theme covers; a theme merged with one of the whole passage covers all of it."""
    if not migrations.next:
        return {theme: spans for (theme, _), spans in pieces.items()}
    parts: dict[str, list[tuple[Span, ...]]] = defaultdict(list)
    for (theme, version), spans in pieces.items():
        now = migrations.land(theme, version).theme
        if now is not None:
            parts[now].append(spans)
    whole = {migrations.land(*one).theme for one in given if one not in pieces}
    return {theme: _joined(some) for theme, some in parts.items() if theme not in whole}


def _joined(parts: Sequence[tuple[Span, ...]]) -> tuple[Span, ...]:
    """Return the words that any of *parts* covers, in order, those that touch as one."""
    if len(parts) == 1:
        return parts[0]
    found: list[Span] = []
    for span in sorted({span for part in parts for span in part}, key=lambda s: (s.start, s.end)):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


class _Codes:
    """The running total of one coder's decisions on one passage; a code keeps the version it came with."""

    def __init__(self, migrations: Migrations = NO_MIGRATIONS) -> None:
        self.migrations = migrations
        self.themes: set[Given] = set()
        self.decided = False
        self.committed: frozenset[Given] | None = None
        self.certainty: float | None = None
        self.flagged = False
        self.offered: tuple[Given, ...] = ()
        self.checks: tuple[Given, ...] = ()
        self.pieces: dict[Given, tuple[Span, ...]] = {}
        self.quotes: list[tuple[Given, tuple[Span, ...]]] = []
        self.memos: list[str] = []
        self.verdicts: dict[Given, Verdict] = {}

    def take(self, decision: Decision) -> None:
        """Count one more decision, the next in order."""
        _TAKE[decision.action](self, decision)

    def code(self, decision: Decision) -> None:
        """Put the coder's themes in the place of those before."""
        given = _given(decision.value["themes"], decision)
        self.themes = set(given).union(self._waiting(decision, decision.value["themes"]))
        self.pieces = {(t, decision.codebook_version): p for t, p in _pieces_by_theme(decision.value).items()}
        self.certainty = decision.value.get("certainty", self.certainty)
        self.decided |= decision.saw_suggestion

    def accept(self, decision: Decision) -> None:
        """Add a suggested theme."""
        self._judge(decision)
        self._add([decision.value["theme"]], decision)

    def reject(self, decision: Decision) -> None:
        """Refuse a suggested theme; where the coder had it too, it goes."""
        self._judge(decision)
        self._discard(decision)

    def change(self, decision: Decision) -> None:
        """Put other themes in the place of a suggested one."""
        self._judge(decision)
        self._discard(decision)
        self._add(decision.value["to"], decision)

    def none(self, decision: Decision) -> None:
        """Say that no theme applies; every suggestion that was shown is thereby rejected."""
        self.themes.clear()
        self.decided |= decision.saw_suggestion
        ranks = {given: rank for rank, given in enumerate(self.offered, 1)}
        for given in (*self.offered, *self.checks):
            if not any(self._same(given, other) for other in self.verdicts):
                self.verdicts[given] = Verdict(given[0], Action.REJECT, ranks.get(given), decision.time)

    def quote(self, decision: Decision) -> None:
        """Mark words worth quoting."""
        given = decision.value["theme"], decision.codebook_version
        self.quotes.append((given, _spans(decision.value["pieces"])))

    def memo(self, decision: Decision) -> None:
        """Note something."""
        self.memos.append(decision.value["text"])

    def flag(self, decision: Decision) -> None:
        """Raise or lower the flag for discussion."""
        self.flagged = bool(decision.value["on"])
        if decision.value.get("text"):
            self.memos.append(decision.value["text"])

    def commit(self, decision: Decision) -> None:
        """Close the blind pass; where the codes waited for a choice, choose none of the parts."""
        self.themes.difference_update(self._waiting(decision))
        self.committed = frozenset(self.themes)
        self.certainty = decision.value.get("certainty", self.certainty)
        self.decided = True

    def seen(self, decision: Decision) -> None:
        """Remember what was offered, best first; what was shown and not offered was planted."""
        self.offered = _given(decision.value.get("themes", ()), decision)
        shown = _given(decision.order_shown, decision)
        self.checks = tuple(given for given in shown if given not in self.offered)

    def nothing(self, _: Decision) -> None:
        """Leave the coder's own codes as they are."""

    def blind(self) -> frozenset[str] | None:
        """Return what was committed, None where nothing was or a theme of it was split since."""
        if self.committed is None:
            return None
        themes, split = _landed(self.committed, self.migrations)
        return None if split else themes

    def marks(self, themes: frozenset[str], split: Collection[str]) -> tuple[QuoteMark, ...]:
        """Return the quotes; one of a split theme goes to the part that the coder chose, if it is one."""
        found = []
        for (theme, version), spans in self.quotes:
            landing = self.migrations.land(theme, version)
            now = landing.theme
            if landing.open and theme not in split:
                chosen = themes.intersection(landing.themes)
                now = min(chosen) if len(chosen) == 1 else None
            if now is not None:
                found.append(QuoteMark(now, spans))
        return tuple(found)

    def offers(self) -> tuple[str, ...]:
        """Return what was offered, as far as it can be told apart from codes of the last codebook."""
        if self.offered and self._now(self.offered[0]) is None:
            return ()
        return self._themes_now(self.offered)

    def planted(self) -> tuple[str, ...]:
        """Return the check items."""
        return self._themes_now(self.checks)

    def judged(self) -> tuple[Verdict, ...]:
        """Return the verdicts; a suggestion of a theme that is gone keeps its old id."""
        planted = {theme for theme, _ in self.checks}
        return tuple(
            replace(verdict, theme=self._now(given) or given[0], planted=given[0] in planted)
            if self.checks or self.migrations.next
            else verdict
            for given, verdict in self.verdicts.items()
        )

    def _now(self, given: Given) -> str | None:
        return self.migrations.land(*given).theme if self.migrations.next else given[0]

    def _themes_now(self, some: Iterable[Given]) -> tuple[str, ...]:
        now = (self._now(given) for given in some)
        return tuple(dict.fromkeys(theme for theme in now if theme is not None))

    def _judge(self, decision: Decision) -> None:
        self.decided = True
        given = decision.value["theme"], decision.codebook_version
        for other in [one for one in self.verdicts if self._same(one, given)]:
            del self.verdicts[other]
        self.verdicts[given] = Verdict(given[0], decision.action, decision.rank, decision.time)

    def _add(self, themes: Sequence[str], decision: Decision) -> None:
        """Give more themes; one that is a part of a theme that waits for a choice is that choice."""
        if self.migrations.next:
            waiting = self._waiting(decision)
            self.themes -= waiting.keys() - self._waiting(decision, themes).keys()  # those now chosen
        self.themes.update(_given(themes, decision))

    def _discard(self, decision: Decision) -> None:
        given = decision.value["theme"], decision.codebook_version
        self.themes = {other for other in self.themes if not self._same(other, given)}

    def _waiting(self, decision: Decision, chosen: Collection[str] = ()) -> dict[Given, tuple[str, ...]]:
        """Return the codes split up to the codebook of *decision*, not those of which a part is *chosen*."""
        if not self.migrations.next:
            return {}
        version = decision.codebook_version
        found = {}
        for theme, before in self.themes:
            # Not with the same codebook nor an older one; one edited since without a migration is newer, too.
            if not self.migrations.leads(version, before):
                landing = self.migrations.land(theme, before, version)
                if landing.open and not set(chosen).intersection(landing.themes):
                    found[theme, before] = landing.themes
        return found

    def _same(self, one: Given, other: Given) -> bool:
        """Tell whether two themes are one, in the newer of the two codebooks they were given with."""
        if one[1] == other[1] or not self.migrations.next:
            return one[0] == other[0]
        for old, new in ((one, other), (other, one)):
            if self.migrations.leads(old[1], new[1]):
                return self.migrations.land(*old, new[1]).theme == new[0]
        now = self._now(one)
        return now is not None and now == self._now(other)


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


def _adjudication(decision: Decision, migrations: Migrations) -> Adjudication:
    value = decision.value
    given = _given(value["themes"], decision)
    themes, split = _landed(given, migrations)
    pieces = {(t, decision.codebook_version): p for t, p in _pieces_by_theme(value).items()}
    return Adjudication(
        passage=decision.target,
        themes=themes,
        by=decision.coder,
        time=decision.time,
        certainty=value.get("certainty"),
        reason=value.get("text", ""),
        pieces=_landed_pieces(pieces, given, migrations),
        split=split,
    )


def _given(themes: Iterable[str], decision: Decision) -> tuple[Given, ...]:
    return tuple((theme, decision.codebook_version) for theme in themes)


def _pieces_by_theme(value: Mapping[str, Any]) -> dict[str, tuple[Span, ...]]:
    pieces = value.get("pieces") or {}
    return {theme: _spans(pairs) for theme, pairs in pieces.items()}


def _spans(pairs: Iterable[Sequence[int]]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in pairs)
