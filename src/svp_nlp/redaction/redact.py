"""Replacement: one pass over the text by position, every edit remembered, the layout kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed

from svp_nlp.errors import SpanError, StudyError
from svp_nlp.model import Edit, Finding, Flow, Redacted, Source, Span, Status, Transcript, Turn
from svp_nlp.redaction.ledger import Ledger
from svp_nlp.redaction.profiles import MASK, STRICT, Mention, Profile

_ARTICLE = re.compile(r"\b(?:the|an?|our|this|that|my|your|their|his|her)\s+$", re.IGNORECASE)

Replace = Callable[[str, Sequence[tuple[Span, str]]], tuple[str, tuple[Span, ...]]]


def redact(
    transcript: Transcript,
    findings: Sequence[Finding],
    *,
    ledger: Ledger,
    profile: Profile = STRICT,
    replace: Replace | None = None,
) -> Redacted:
    """Return *transcript* with its identifiers replaced as *profile* says, and the way back.

    The findings have been linked (`link`), so that each names its entity in *ledger*. Overlapping findings
    are settled longest first; what the longer one leaves uncovered is replaced on its own. KEPT findings
    stay. ``replace`` writes the text (default: presidio-anonymizer's operators).

    Raises SpanError for a finding outside the text, StudyError for one that was not linked.
    """
    write = replace or _operators()
    chosen = settled(transcript, findings)
    groups = mentions(transcript, chosen)
    made = [(f, new) for group in groups for f, new in _changes(transcript, group, ledger, profile)]
    changes = sorted(made, key=lambda change: change[0].span)
    text, places = write(transcript.text, [(f.span, new) for f, new in changes])
    edits = tuple(
        Edit(f.span, place, f.label, f.entity) for (f, _), place in zip(changes, places, strict=True)
    )
    draft = Redacted(Transcript("", text), edits, transcript.sha256)
    return changed(draft, transcript=_carried(transcript, draft, ledger.letter_of(transcript.id)))


def _operators() -> Replace:
    from svp_nlp.engines import operators

    return operators.replace


def applied(findings: Sequence[Finding], redacted: Redacted) -> tuple[Finding, ...]:
    """Return the findings with status KEPT where the profile left their words in the text."""
    gone = [e.source for e in redacted.edits]
    return tuple(
        f
        if f.status is Status.KEPT or any(g.overlaps(f.span) for g in gone)
        else changed(f, status=Status.KEPT)
        for f in findings
    )


def restored(redacted: Redacted, source: Transcript) -> str:
    """Undo the edits: return the source's text, put together from the clean text and the edits.

    Raises StudyError when *source* is not the text the edits were made on.
    """
    if source.sha256 != redacted.source_sha256:
        raise StudyError(
            f"the source of {redacted.transcript.id} has changed since it was redacted",
            hint="redact it again",
        )
    clean, at, parts = redacted.transcript.text, 0, []
    for edit in redacted.edits:
        parts += [clean[at : edit.clean.start], source[edit.source]]
        at = edit.clean.end
    return "".join([*parts, clean[at:]])


def named_again(text: str, ledger: Ledger) -> str:
    """Return *text* (a quote, a report) with each pseudonym replaced by the fullest name of its entity.

    For ``private/`` only. This is for reading; the source's own words come back through `restored`.
    """
    names = {e.pseudonym: e.surfaces[0] for e in ledger if e.surfaces}
    if not names:
        return text
    pattern = "|".join(re.escape(p) for p in sorted(names, key=len, reverse=True))
    return re.sub(pattern, lambda m: names[m.group()], text)


def settled(transcript: Transcript, findings: Sequence[Finding]) -> list[Finding]:
    """Return disjoint findings in order that cover all that *findings* cover and that is not KEPT."""
    for finding in findings:
        if finding.span.end > len(transcript):
            raise SpanError(
                f"a finding ends at {finding.span.end}, {len(transcript)} characters were expected"
            )
    # Longest first: "St. Mary's Hospital" must win over "Mary", or "Hospital" is left behind.
    queue = sorted(
        (f for f in findings if f.span and f.status is not Status.KEPT),
        key=lambda f: (-len(f.span), f.span.start, -f.score, f.label),
    )
    taken: list[Finding] = []
    for finding in queue:
        taken += [changed(finding, span=s) for s in _uncovered(transcript, finding.span, taken)]
    return sorted(taken, key=lambda f: f.span)


def _uncovered(transcript: Transcript, span: Span, taken: Sequence[Finding]) -> list[Span]:
    """Return the parts of *span* that no finding covers yet, without white space at their rims."""
    rest = [span]
    for other in (f.span for f in taken if f.span.overlaps(span)):
        rest = [
            part
            for piece in rest
            for part in (
                Span(piece.start, min(piece.end, max(piece.start, other.start))),
                Span(max(piece.start, min(piece.end, other.end)), piece.end),
            )
            if part
        ]
    if rest == [span]:
        return rest
    return [trimmed for part in rest if (trimmed := _trimmed(transcript, part))]


def _trimmed(transcript: Transcript, span: Span) -> Span:
    words = transcript[span]
    if not any(c.isalnum() for c in words):
        return Span(span.start, span.start)
    lead = len(words) - len(words.lstrip())
    return Span(span.start + lead, span.start + len(words.rstrip()))


@dataclass(frozen=True, slots=True)
class Group:
    """One mention: its pieces, and the words they make together (more than one where a line breaks it)."""

    pieces: tuple[Finding, ...]
    surface: str = field(repr=False)


def mentions(transcript: Transcript, findings: Sequence[Finding]) -> list[Group]:
    """Put pieces of one mention together that a caption or a line break has torn apart.

    *findings* are disjoint and in order. Two pieces belong together when they have the same label (and
    entity), close one piece of a turn's speech and open the next.
    """
    groups: list[list[Finding]] = []
    said: list[Finding] = []  # the mention last spoken: captions may name the speaker in the middle of a name
    for finding in findings:
        if said and _continues(transcript, said[-1], finding):
            said.append(finding)
            continue
        groups.append([finding])
        if _is_said(transcript, finding.span):
            said = groups[-1]
    return [Group(tuple(g), " ".join(Flow.of(transcript, [f.span for f in g]).text.split())) for g in groups]


def _is_said(transcript: Transcript, span: Span) -> bool:
    turn = transcript.turn_at(span.start)
    return turn is not None and any(piece.overlaps(span) for piece in turn.speech)


def _continues(transcript: Transcript, before: Finding, after: Finding) -> bool:
    if before.label is not after.label or before.entity != after.entity:
        return False
    turn = transcript.turn_at(before.span.start)
    if turn is None or turn is not transcript.turn_at(after.span.start):
        return False
    for piece, following in zip(turn.speech, turn.speech[1:], strict=False):
        if piece.contains(before.span) and following.contains(after.span):
            close = transcript[Span(before.span.end, piece.end)]
            opening = transcript[Span(following.start, after.span.start)]
            return not (close.strip() or opening.strip())
    return False


def _changes(
    transcript: Transcript, group: Group, ledger: Ledger, profile: Profile
) -> Iterator[tuple[Finding, str]]:
    """Yield each piece with its new text: the first gets all of it, the others vanish where they can."""
    first = group.pieces[0]
    if not first.entity:
        raise StudyError(
            f"a finding at {first.span.start} has no entity", hint="link findings before redacting"
        )
    entity = ledger[first.entity]
    mention = Mention(
        group.surface,
        first.label,
        entity.id,
        entity.pseudonym,
        transcript.id,
        ledger.seed,
        entity.surfaces,
    )
    new = profile.text_for(mention)
    if new is None:
        return
    if profile.rules[first.label] is MASK and _is_label(transcript, first.span):
        new = entity.pseudonym  # masked labels would leave nobody to tell apart
    # "at the Mesa" becomes "at the [hospital]", not "at the [a hospital]".
    if _ARTICLE.search(transcript.text, max(0, first.span.start - 8), first.span.start):
        new = re.sub(r"^\[an? ", "[", new)
    yield first, new
    for piece in group.pieces[1:]:
        # A caption line left empty would end its cue, so there the pseudonym stands twice.
        yield piece, "" if _line_goes_on(transcript, piece.span) else new


def _is_label(transcript: Transcript, span: Span) -> bool:
    turn = transcript.turn_at(span.start)
    return turn is not None and turn.label is not None and turn.label.overlaps(span)


def _line_goes_on(transcript: Transcript, span: Span) -> bool:
    end = transcript.text.find("\n", span.end)
    return any(c.isalnum() for c in transcript.text[span.end : end if end >= 0 else None])


def _carried(transcript: Transcript, draft: Redacted, id: str) -> Transcript:
    """Return the clean transcript with turns, furniture and pages of the source at their new places."""
    text = draft.transcript.text
    names = {t.speaker: draft.to_clean(t.label) for t in transcript.turns if t.label is not None}

    def at(span: Span) -> Span:
        return draft.to_clean(span)

    def turn(old: Turn) -> Turn:
        # A turn without a label of its own is named after the turn that has one, and else not at all.
        label = names.get(old.speaker) if old.label is None else at(old.label)
        return changed(
            old,
            span=at(old.span),
            speech=tuple(s for s in map(at, old.speech) if s),
            label=None if old.label is None else label,
            speaker=None if label is None else text[label.start : label.end],
        )

    return changed(
        transcript,
        id=id,
        text=text,
        turns=tuple(map(turn, transcript.turns)),
        furniture=tuple(s for s in map(at, transcript.furniture) if s),
        page_starts=tuple(at(Span(p, p)).start for p in transcript.page_starts),
        source=Source(encoding=transcript.source.encoding, bom=transcript.source.bom),
    )
