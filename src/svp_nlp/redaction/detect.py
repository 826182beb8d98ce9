"""Find identifiers in transcripts: witnesses read, their agreement decides, names are carried through.

The order: (1) the transcript becomes running text; (2) the engine lets every witness read it once;
(3) speaker labels give names; (4) hits that agree become candidates with a confidence; (5) names found
anywhere are looked for everywhere, in this transcript and then in the study; (6) spans go home.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from svp_nlp.engines.protocols import Analyzer, Hit
from svp_nlp.model import Finding, Label, Span, Status, Transcript
from svp_nlp.redaction.company import by_company
from svp_nlp.redaction.extent import parts_of, unsaid
from svp_nlp.redaction.guards import ACRONYMS, is_guarded, is_plain, is_role, sayings
from svp_nlp.redaction.lexicon import ordinary, words
from svp_nlp.redaction.lists import NameList
from svp_nlp.redaction.propagate import HEAD_WORDS, Name, forms, mentions, misheard
from svp_nlp.redaction.recognizers import RECOGNIZERS
from svp_nlp.redaction.recognizers.labels import names_in_label
from svp_nlp.redaction.recognizers.listed import listed
from svp_nlp.redaction.roster import Roster
from svp_nlp.redaction.running import Running, running
from svp_nlp.redaction.truecase import DAYS, hypothesised, truecased, without_case

SURE = 0.75
"""From this confidence on a finding needs no person to look at it."""

LIKELY = 0.5
"""From this confidence on a finding is replaced, below it is dropped."""

NAMES = frozenset({Label.PERSON, Label.INSTITUTION, Label.LOCATION})

Progress = Callable[[int, int], None]
"""Told how many transcripts of how many have been read."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of running text that witnesses take for an identifier."""

    span: Span
    label: Label
    score: float
    witnesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A transcript as the witnesses saw it, with what its labels and they say."""

    running: Running = field(repr=False)
    text: str = field(repr=False)
    cased: bool
    labels: tuple[tuple[Span, str], ...] = field(repr=False)
    candidates: tuple[Candidate, ...] = ()


def default_engine(spacy_model: Path, lists: Sequence[NameList] = (), *, classifier: bool = True) -> Analyzer:
    """Return Presidio with the spaCy model in *spacy_model* and all recognizers; *lists* make one more.

    The token classifier that comes with the package reads beside it, unless *classifier* is False.
    """
    from svp_nlp.engines.presidio import PresidioEngine
    from svp_nlp.engines.token_classifier import TokenClassifier, WithClassifier

    engine = PresidioEngine(spacy_model, (*RECOGNIZERS, *([listed(lists)] if lists else ())))
    return WithClassifier(engine, TokenClassifier()) if classifier else engine


def detect(
    transcripts: Sequence[Transcript],
    *,
    roster: Roster = Roster(()),  # noqa: B008 (a frozen value)
    engine: Analyzer,
    progress: Progress | None = None,
) -> tuple[tuple[Finding, ...], ...]:
    """Return the findings of each transcript, sorted and without overlap.

    ``roster`` names are found everywhere. Findings with the status REVIEW are replaced too, but witnesses
    agree too little on them, so a person should look. ``entity`` stays empty; `link` fills it.
    """
    readings = []
    for number, transcript in enumerate(transcripts):
        readings.append(_read(transcript, engine))
        if progress is not None:
            progress(number + 1, len(transcripts))
    known = [_names(reading) for reading in readings]
    listed = _from_roster(roster)
    return tuple(
        _findings(reading, _carried(reading, own, _others(known, number), listed))
        for number, (reading, own) in enumerate(zip(readings, known, strict=True))
    )


def _read(transcript: Transcript, engine: Analyzer) -> Reading:
    """Let labels and witnesses speak, and settle what they agree on."""
    run = running(transcript)
    labels = tuple(_people(transcript, run.labels))
    cased = not without_case(run.text[: run.speech_end] or run.text)
    known = {w.lower() for _, name in labels for w in re.findall(r"[^\W\d_]+", name) if not ordinary(w)}
    text = run.text if cased else truecased(run.text, known)
    hits = [*by_company(text, engine([text])[0], cased=cased)]
    if not cased:
        hits += _asked(text, engine)
    return Reading(run, text, cased, labels, tuple(_settle(text, hits)))


def _asked(text: str, engine: Analyzer) -> Iterator[Hit]:
    """Ask the model about words that might be names, raised as if they were."""
    raised, starts, pairs = hypothesised(text)
    if not starts and not pairs:
        return
    for hit in engine([raised])[0]:
        if (
            hit.witness == "spacy:PERSON"
            and hit.span.start in starts
            and not _WORD_BEFORE.search(text[: hit.span.start][-12:])
        ):
            yield Hit(hit.span, Label.PERSON, 0.6, "asked:PERSON")
        elif hit.witness.startswith("spacy") and hit.span.end == pairs.get(hit.span.start):
            label = Label.LOCATION if hit.label is Label.LOCATION else Label.INSTITUTION
            yield Hit(hit.span, label, 0.55, "asked:pair")


_WORD_BEFORE = re.compile(
    r"\b(?:the|a|an|some|this|that|these|those|my|your|our|his|her|their|its|to|can|can't|"
    r"could|would|should|will|didn't|don't|very|"
    r"pretty|so|too|more|most|any|no|every|each|another|of|I|we|they|you) $",
    re.IGNORECASE,
)
"""Words after which a noun, verb or adjective stands rather than a person."""


ROLE_LETTERS = words("EMT CNA LPN CRNA SLP CNM RPH CHW HCA ODP ANP")
"""Professions in three letters or more; as the label of who answers "INT" one is no initials."""

MAYBE_LETTERS = words("RT OT NP PA SW NM MA HA TA")
"""Professions in two letters, which may be initials: a person should look."""


def _people(transcript: Transcript, labels: Sequence[Span]) -> list[tuple[Span, str]]:
    """Return the names in labels; professions in letters are none where nobody is labelled by a name."""
    found = list(_label_names(transcript, labels))
    others = len(labels) > len(found)
    if others and {name for _, name in found} <= ROLE_LETTERS:
        return []
    return found


def _labelled(span: Span, name: str) -> Finding:
    """Return a speaker's name as a finding; letters that may be a profession are for a person to judge."""
    if name in MAYBE_LETTERS:
        return Finding(span, Label.PERSON, 0.6, found_by=("label",), status=Status.REVIEW)
    return Finding(span, Label.PERSON, 0.95, found_by=("label",))


def _label_names(transcript: Transcript, labels: Iterable[Span]) -> Iterator[tuple[Span, str]]:
    for label in labels:
        for span in names_in_label(transcript[label]):
            here = span.shifted(label.start)
            yield here, transcript[here]


def _settle(text: str, hits: Iterable[Hit]) -> Iterator[Candidate]:
    """Turn hits into candidates: trimmed, guarded, scored by agreement, overlaps joined."""
    kept = list(_whole(text, (c for hit in hits if (c := _candidate(text, hit)) is not None)))
    agreed = [
        replace(c, score=_agreement(c, beside), witnesses=_witnesses(c, beside))
        for c, beside in _with_neighbours(kept)
    ]
    votes = _votes(text, kept)
    for candidate in _joined([c for c in agreed if c.score >= LIKELY]):
        tally = votes.get(text[candidate.span.start : candidate.span.end].lower())
        if candidate.label in NAMES and tally:
            candidate = replace(candidate, label=max(tally, key=lambda label: (tally[label], label)))
        yield candidate


def _whole(text: str, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Part names that run over a sentence's end or join a place, and leave out what is only a saying."""
    idle = sayings(text)
    for candidate in candidates:
        if candidate.label not in NAMES:
            yield candidate
        elif unsaid(candidate.span, idle):
            for span, label in parts_of(text, candidate.span, candidate.label):
                yield replace(candidate, span=span, label=label)


def _with_neighbours(candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, list[Candidate]]]:
    """Yield each candidate with those that may overlap it, found by position (transcripts are long)."""
    ordered = sorted(candidates, key=lambda c: c.span)
    starts = [c.span.start for c in ordered]
    reach = max((len(c.span) for c in ordered), default=0)
    for candidate in ordered:
        low = bisect.bisect_left(starts, candidate.span.start - reach)
        high = bisect.bisect_left(starts, candidate.span.end)
        yield candidate, ordered[low:high]


WEIGHT = {"capitals": 0.5, "spacy": 0.7}
"""How much a witness's word counts for the label; the others, which read more than the word, count 1."""


def _votes(text: str, candidates: Iterable[Candidate]) -> dict[str, Counter[Label]]:
    """Count, for each surface, what witnesses take it for all over the transcript."""
    votes: dict[str, Counter[Label]] = defaultdict(Counter)
    for candidate in candidates:
        if candidate.label in NAMES:
            weight = WEIGHT.get(candidate.witnesses[0].partition(":")[0], 1.0)
            surface = text[candidate.span.start : candidate.span.end].lower()
            votes[surface][candidate.label] += candidate.score * weight  # type: ignore[assignment]
    return votes


_LEAD = re.compile(
    r"(?:\d+ (?=[A-Z])|(?:hi|hello|hey|bye|goodbye|dear|thanks|okay|ok|oh|well|yeah|yes|and|but) (?=[A-Z])|"
    r"(?:the|a|an|dr|doctor|mr|mrs|ms|miss|prof|professor|hon|sir|pastor|reverend|"
    r"father|sister|nurse|minister|"
    r"prime minister|president|senator|representative|governor|mayor|commissioner|councilman|councilwoman|"
    r"councilmember|alderman|sheriff|judge)\b\.?|['\"(\[-]|\s)+",
    re.IGNORECASE,
)
_LOWER_END = re.compile(r"(?<=[^\W\d_])(?: [a-z]+)+$")

_TAIL = re.compile(r"(?:'(?:s|ll|d|re|ve|m)|[\s.,;:!?'\")\]-])+$")


def _candidate(text: str, hit: Hit) -> Candidate | None:
    """Return a hit as a candidate, or None where it is known to identify nobody."""
    if hit.label is Label.PERSON and hit.witness.startswith(("spacy", "company")):
        hit = replace(hit, span=_without_verb(text, hit.span))
    if not hit.witness.startswith("spacy"):
        if hit.witness.startswith("company") and hit.label in NAMES:
            hit = replace(hit, span=_trimmed(text, hit.span))
        span = _trimmed(text, hit.span) if hit.label is Label.PERSON else _without_article(text, hit)
        return Candidate(span, hit.label, hit.score, (hit.witness,)) if span else None
    span = _trimmed(text, hit.span)
    said = text[span.start : span.end]
    if not said or "\n\n" in said or is_guarded(said) or is_role(said) or said.upper() in ACRONYMS:
        return None
    score = _model_score(said, hit.witness)
    return Candidate(span, hit.label, score, (hit.witness,)) if score else None


def _without_article(text: str, hit: Hit) -> Span:
    """Leave out "the" before a name of an institution or a place."""
    lead = re.match(r"(?:the|a|an) ", text[hit.span.start : hit.span.end], re.IGNORECASE)
    return Span(hit.span.start + (lead.end() if lead and hit.label in NAMES else 0), hit.span.end)


def _trimmed(text: str, span: Span) -> Span:
    """Cut titles and articles before and clitics and punctuation behind a model's span."""
    said = text[span.start : span.end]
    lead = _LEAD.match(said)
    start = span.start + (lead.end() if lead else 0)
    tail = _TAIL.search(text[start : span.end])
    end = start + tail.start() if tail else span.end
    return Span(start, max(start, end))


def _without_verb(text: str, span: Span) -> Span:
    """Cut what a model takes with a person that has a capital: "Estella faxed"."""
    said = text[span.start : span.end]
    verb = _LOWER_END.search(said) if said[:1].isupper() else None
    return Span(span.start, span.start + verb.start()) if verb else span


def _model_score(said: str, witness: str) -> float:
    """Return what the model's word is worth: measured, a model alone is right in about six of ten.

    Nothing for lower-case ordinary words; less for types that are mostly something else.
    """
    if not any(c.isupper() for c in said) or re.search(r"\d{2}", said):
        return 0.0
    if witness in ("spacy:PRODUCT", "spacy:NORP") or (said.isupper() and len(said) <= 5):
        return 0.3
    if is_plain(said):
        return 0.4
    return 0.6


def _overlap(a: Span, b: Span) -> int:
    return max(0, min(a.end, b.end) - max(a.start, b.start))


def _agreement(candidate: Candidate, others: Sequence[Candidate]) -> float:
    """Return the confidence that some witness over this span is right, witnesses taken as independent."""
    best: dict[str, float] = {}
    for other in others:
        if other.span == candidate.span or _overlap(candidate.span, other.span) * 2 > len(candidate.span):
            family = other.witnesses[0].partition(":")[0]
            best[family] = max(best.get(family, 0.0), other.score)
    doubt = 1.0
    for score in best.values():
        doubt *= 1.0 - score
    return round(1.0 - doubt, 3)


def _witnesses(candidate: Candidate, others: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(sorted({w for o in others if o.span.overlaps(candidate.span) for w in o.witnesses}))


def _joined(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Join overlapping candidates: all their letters, the label of the surest."""
    joined: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (c.span, -c.score)):
        if joined and joined[-1].span.overlaps(candidate.span):
            joined[-1] = _union(joined[-1], candidate)
        else:
            joined.append(candidate)
    return joined


def _rank(candidate: Candidate) -> tuple[bool, float, int]:
    """Order the claims on one span: exact grammars first, then confidence, then length."""
    exact = candidate.label not in NAMES and candidate.score >= SURE
    return exact, candidate.score, len(candidate.span)


def _union(a: Candidate, b: Candidate) -> Candidate:
    best = max(a, b, key=_rank)
    if a.label is b.label and len(a.span) != len(b.span):
        best = max(a, b, key=lambda c: len(c.span)) if abs(a.score - b.score) < 0.2 else best
    span = Span(min(a.span.start, b.span.start), max(a.span.end, b.span.end))
    return Candidate(span, best.label, max(a.score, b.score), tuple(sorted({*a.witnesses, *b.witnesses})))


def _names(reading: Reading) -> list[Name]:
    """Return the names this transcript shows: those of its labels and of settled candidates."""
    names = [Name(text, Label.PERSON, 0.95, "label") for _, text in reading.labels if len(text) > 2]
    for candidate in reading.candidates:
        text = reading.text[candidate.span.start : candidate.span.end]
        if candidate.label in NAMES and candidate.score >= LIKELY:
            names.append(Name(_unspelled(text), candidate.label, candidate.score))
    return names


def _unspelled(text: str) -> str:
    """Return the word that single letters spell ("T-U-L-E" -> "Tule"); other text as it is."""
    if re.fullmatch(r"(?:(?:double[- ])?[A-Za-z][-., ]*){3,}", text) and re.match(r"[A-Za-z][-., ]", text):
        letters = re.sub(r"double[- ](\w)", r"\1\1", text, flags=re.IGNORECASE)
        return re.sub(r"[^A-Za-z]", "", letters).capitalize()
    return text


def _others(known: Sequence[Sequence[Name]], number: int) -> list[Name]:
    """Return the names other transcripts are sure of."""
    return [
        replace(name, score=name.score * 0.9, witness="study")
        for other, names in enumerate(known)
        if other != number
        for name in names
        if name.score >= SURE
    ]


def _from_roster(roster: Roster) -> list[Name]:
    return [
        Name(surface, entry.label, 0.99, "roster") for entry in roster.entries for surface in entry.surfaces
    ]


def _carried(
    reading: Reading, own: Sequence[Name], others: Sequence[Name], listed: Sequence[Name]
) -> list[Candidate]:
    """Return the candidates with every further mention of the known names."""
    text = reading.text if reading.cased else reading.running.text
    known = forms(_from_study(others), cased=reading.cased)
    known |= forms(own, cased=reading.cased)
    for key, form in forms(listed, cased=reading.cased).items():
        known[key] = form
    found = list(reading.candidates)
    idle = sayings(text)
    for span, form in mentions(text, known, cased=reading.cased, speech_end=reading.running.speech_end):
        if form.witness != "roster" and not unsaid(span, idle):
            continue
        score = form.score if reading.cased or not form.exact else min(form.score, 0.65)
        found.append(Candidate(span, form.label, max(LIKELY, score), (form.witness,)))
    if not reading.cased:
        found += _extended(text, found, own)
    taken = [c.span for c in found]
    for span, name in misheard(text, [*own, *listed], taken, cased=reading.cased):
        found.append(Candidate(span, name.label, 0.6, ("misheard",)))
    return [_housed(text, candidate) for candidate in _joined(found)]


_BEFORE_HOUSE = re.compile(r"\b(?:at|to|from|by|near|behind|the|than) $", re.IGNORECASE)
_AFTER_HOUSE = re.compile(
    r"'s(?=\s*(?:[.,;:?!)]|$|\n)"
    r"| (?:for|and|on|when|with|then|or|store|shop|place|parking|lot|in|that|where)\b)"
)


def _housed(text: str, candidate: Candidate) -> Candidate:
    """Take the possessive along where it is the name of a house: "at Ilka's, for pancakes"."""
    before = text[max(0, candidate.span.start - 8) : candidate.span.start]
    owned = _AFTER_HOUSE.match(text, candidate.span.end)
    if candidate.label not in NAMES or owned is None or not _BEFORE_HOUSE.search(before):
        return candidate
    return replace(candidate, span=Span(candidate.span.start, owned.end()))


def _extended(text: str, found: Sequence[Candidate], own: Sequence[Name]) -> Iterator[Candidate]:
    """Yield ordinary words of a known institution standing right beside a name ("crest clovis")."""
    parts = {w for n in own if n.label is Label.INSTITUTION for w in n.text.lower().split() if len(w) > 3}
    for candidate in found:
        if candidate.label not in NAMES:
            continue
        before = re.search(r"([\w']+) $", text[max(0, candidate.span.start - 30) : candidate.span.start])
        if before and before[1].lower() in parts - HEAD_WORDS:
            start = candidate.span.start - len(before[0])
            yield Candidate(Span(start, candidate.span.end), Label.INSTITUTION, 0.7, ("propagated",))


def _from_study(names: Sequence[Name]) -> list[Name]:
    """Leave out what is only safe in its own transcript: single ordinary words, days of the week."""

    def unsafe(word: str) -> bool:
        return ordinary(word) or len(word) < 4 or is_guarded(word) or word.lower() in DAYS

    return [n for n in names if " " in n.text or not unsafe(n.text)]


def _findings(reading: Reading, candidates: Sequence[Candidate]) -> tuple[Finding, ...]:
    """Take candidates home to the source, add the labels, and part what overlaps."""
    found = [_labelled(span, name) for span, name in reading.labels]
    for candidate in candidates:
        status = Status.REDACTED if candidate.score >= SURE else Status.REVIEW
        for span in reading.running.to_source(candidate.span):
            found.append(
                Finding(span, candidate.label, candidate.score, found_by=candidate.witnesses, status=status)
            )
    return tuple(_apart(found))


def _apart(findings: Sequence[Finding]) -> list[Finding]:
    """Sort findings and cut away overlap, the surer one keeping its letters."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda f: (f.span.start, -f.span.end)):
        if kept and kept[-1].span.end > finding.span.start:
            if finding.span.end <= kept[-1].span.end:
                continue
            finding = replace(finding, span=Span(kept[-1].span.end, finding.span.end))
        kept.append(finding)
    return kept
