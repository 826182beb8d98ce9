"""Score detection against gold: what was missed, what was taken without need, what people must look at.

A mention counts as found when every letter and digit of it is covered by findings that are replaced
(status "redacted" or "review"), whatever their label: half a name is a name.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import GoldError
from svp_nlp.evaluation.gold import GoldTranscript, Mention
from svp_nlp.model import Finding, Label, Span, Status, Transcript
from svp_nlp.stats import Figure, bootstrap, proportion

if TYPE_CHECKING:
    import pandas as pd

_WORD = re.compile(r"\S*\w\S*")


@dataclass(frozen=True, slots=True)
class Miss:
    """Where detection went wrong.

    ``kind`` is "missed" (a mention not touched), "partial" (some of its letters left), or "false alarm" (a
    run of findings that touches no mention; its entity is empty).
    """

    transcript: str
    span: Span
    label: Label
    entity: str
    kind: str


@dataclass(frozen=True, slots=True)
class FileScore:
    """The counts of one file, from which every pooled figure is made."""

    transcript: str
    words: int
    mentions: Counter[Label]
    found: Counter[Label]
    found_after_queue: Counter[Label]
    right_label: int
    entities: int
    entities_found: int
    characters_right: int
    characters_wrong: int
    characters_wrong_after_queue: int
    false_alarms: int
    false_alarms_after_queue: int
    words_in_queue: int
    misses: tuple[Miss, ...] = field(repr=False)

    @property
    def all_found(self) -> bool:
        """Tell whether the file has no miss."""
        return self.found.total() == self.mentions.total()


@dataclass(frozen=True, slots=True)
class RedactionScore:
    """Detection measured on a gold set; ``figures`` carry their intervals."""

    files: tuple[FileScore, ...] = field(repr=False)
    figures: tuple[Figure, ...] = field(repr=False)

    def __getitem__(self, name: str) -> Figure:
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)

    @property
    def recall(self) -> float:
        """The share of mentions found."""
        return self["recall"].value

    @property
    def precision(self) -> float:
        """The share of replaced letters and digits that lie in a mention."""
        return self["precision by characters"].value

    @property
    def misses(self) -> tuple[Miss, ...]:
        """Mentions not or only partly found, in order of file and position."""
        return tuple(m for file in self.files for m in file.misses if m.kind != "false alarm")

    @property
    def false_alarms(self) -> tuple[Miss, ...]:
        """Runs of findings that touch no mention and nothing neutral."""
        return tuple(m for file in self.files for m in file.misses if m.kind == "false alarm")

    def table(self) -> str:
        """Return the figures as text, one a line."""
        width = max(len(f.name) for f in self.figures)
        return "\n".join(f"{f.name:<{width}}  {f}" for f in self.figures)

    def to_frame(self) -> pd.DataFrame:
        """Return the figures as a data frame: name, value, low, high, hits, of, interval."""
        import pandas as pd

        return pd.DataFrame([f.as_dict() for f in self.figures]).set_index("name")

    def misses_frame(self) -> pd.DataFrame:
        """Return misses and false alarms as a data frame of positions, without their text."""
        import pandas as pd

        rows = [_as_row(m) for m in (*self.misses, *self.false_alarms)]
        return pd.DataFrame(rows, columns=["transcript", "start", "end", "label", "entity", "kind"])

    def as_dict(self) -> dict[str, Any]:
        """Return figures, misses and false alarms (positions only) as JSON objects."""
        return {
            "files": len(self.files),
            "figures": [f.as_dict() for f in self.figures],
            "misses": [_as_row(m) for m in self.misses],
            "false_alarms": [_as_row(m) for m in self.false_alarms],
        }

    def to_json(self) -> str:
        """Return the same as JSON text."""
        return json.dumps(self.as_dict(), indent=1)

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{f.name}</td><td>{f}</td></tr>" for f in self.figures)
        return f"<table><tr><th>figure</th><th>value [95 % interval]</th></tr>{rows}</table>"


def score_redaction(
    gold: Sequence[GoldTranscript],
    findings: Mapping[str, Sequence[Finding]],
    *,
    neutral: Mapping[str, Sequence[str]] | None = None,
) -> RedactionScore:
    """Score *findings* (by transcript id) against *gold*.

    *neutral* names, per transcript, surfaces that are neither right nor wrong to replace; they count neither
    in precision nor as false alarms. Raises GoldError where a gold transcript has no entry in *findings*.
    """
    missing = [g.id for g in gold if g.id not in findings]
    if missing or not gold:
        raise GoldError(
            f"no findings for {', '.join(missing) or 'an empty gold set'}; expected an entry a file"
        )
    surfaces = neutral or {}
    files = tuple(_score_file(g, findings[g.id], surfaces.get(g.id, ())) for g in gold)
    return RedactionScore(files, _figures(files))


def neutral_spans(transcript: Transcript, surfaces: Iterable[str]) -> tuple[Span, ...]:
    """Return where *surfaces* stand in the text as whole words.

    Punctuation and spaces between the words of a surface do not matter. Case matters unless the surface
    occurs nowhere as written: then it is sought without case (a lower-cased text).
    """
    found: list[Span] = []
    for surface in surfaces:
        words = re.findall(r"\w+", surface)
        if not words:
            continue
        pattern = r"(?<!\w)" + r"[\W_]*".join(map(re.escape, words)) + r"(?!\w)"
        hits = list(re.finditer(pattern, transcript.text))
        hits = hits or list(re.finditer(pattern, transcript.text, re.IGNORECASE))
        found += [Span(*hit.span()) for hit in hits]
    return tuple(sorted(found))


def words_of(transcript: Transcript) -> list[Span]:
    """Return the words: runs without space that hold a letter or digit, outside furniture."""
    mask = _mask(transcript, transcript.furniture)
    found = (Span(*m.span()) for m in _WORD.finditer(transcript.text))
    return [w for w in found if not any(mask[w.start : w.end])]


def _score_file(gold: GoldTranscript, findings: Sequence[Finding], surfaces: Sequence[str]) -> FileScore:
    transcript = gold.transcript
    replaced = [f for f in findings if f.status is not Status.KEPT]
    queued = [f.span for f in replaced if f.status is Status.REVIEW]
    marked = _mask(transcript, [m.span for m in gold.mentions])
    spared = _mask(transcript, neutral_spans(transcript, surfaces))
    covered, queue = _mask(transcript, [f.span for f in replaced]), _mask(transcript, queued)
    sure = _mask(transcript, [f.span for f in replaced if f.status is not Status.REVIEW])
    found = [m for m in gold.mentions if _whole(transcript, m.span, covered)]
    after = [m for m in gold.mentions if m in found or any(queue[m.span.start : m.span.end])]
    alarms = _false_alarms(transcript, replaced, marked, spared)
    words = words_of(transcript)
    lost = {(m.label, m.entity) for m in gold.mentions if m not in found}
    entities = {(m.label, m.entity) for m in gold.mentions}
    return FileScore(
        transcript=gold.id,
        words=len(words),
        mentions=Counter(m.label for m in gold.mentions),
        found=Counter(m.label for m in found),
        found_after_queue=Counter(m.label for m in after),
        right_label=sum(_label_over(m, replaced) is m.label for m in found),
        entities=len(entities),
        entities_found=len(entities - lost),
        characters_right=_count(transcript, covered, marked, inside=True),
        characters_wrong=_count(transcript, covered, _either(marked, spared), inside=False),
        characters_wrong_after_queue=_count(transcript, sure, _either(marked, spared), inside=False),
        false_alarms=len(alarms),
        false_alarms_after_queue=sum(not any(queue[a.span.start : a.span.end]) for a in alarms),
        words_in_queue=sum(any(queue[w.start : w.end]) for w in words),
        misses=tuple(_misses(gold, found, covered)) + tuple(alarms),
    )


def _mask(transcript: Transcript, spans: Iterable[Span]) -> bytearray:
    """Return one byte a code point, 1 where a span lies; a span past the end raises SpanError."""
    mask = bytearray(len(transcript))
    for span in spans:
        _ = transcript[span]  # raises where the span does not fit the text
        mask[span.start : span.end] = b"\x01" * len(span)
    return mask


def _either(a: bytearray, b: bytearray) -> bytearray:
    return bytearray(x | y for x, y in zip(a, b, strict=True))


def _whole(transcript: Transcript, span: Span, covered: bytearray) -> bool:
    return all(covered[i] for i in range(span.start, span.end) if transcript.text[i].isalnum())


def _count(transcript: Transcript, covered: bytearray, area: bytearray, *, inside: bool) -> int:
    """Count covered letters and digits inside (or outside) *area*."""
    return sum(
        c and bool(a) is inside and t.isalnum()
        for c, a, t in zip(covered, area, transcript.text, strict=True)
    )


def _label_over(mention: Mention, findings: Sequence[Finding]) -> Label | None:
    """Return the label of the finding that covers most of the mention."""
    best, most = None, 0
    for finding in findings:
        shared = min(finding.span.end, mention.span.end) - max(finding.span.start, mention.span.start)
        if shared > most:
            best, most = finding.label, shared
    return best


def _misses(gold: GoldTranscript, found: Sequence[Mention], covered: bytearray) -> Iterable[Miss]:
    for m in gold.mentions:
        if m not in found:
            letters = (i for i in range(m.span.start, m.span.end) if gold.transcript.text[i].isalnum())
            kind = "partial" if any(covered[i] for i in letters) else "missed"
            yield Miss(gold.id, m.span, m.label, m.entity, kind)


def _false_alarms(
    transcript: Transcript, replaced: Sequence[Finding], marked: bytearray, spared: bytearray
) -> list[Miss]:
    """Return the maximal runs of overlapping or adjoining findings that touch nothing marked or neutral."""
    alarms: list[Miss] = []
    run: list[Finding] = []
    for finding in [*sorted((f for f in replaced if f.span), key=lambda f: f.span), None]:
        if finding is not None and run and finding.span.start <= max(f.span.end for f in run):
            run.append(finding)
            continue
        if run:
            span = Span(run[0].span.start, max(f.span.end for f in run))
            if not any(marked[span.start : span.end]) and not any(spared[span.start : span.end]):
                alarms.append(Miss(transcript.id, span, run[0].label, "", "false alarm"))
        run = [finding] if finding is not None else []
    return alarms


def _figures(files: Sequence[FileScore]) -> tuple[Figure, ...]:
    mentions, found = _pooled(files, "mentions"), _pooled(files, "found")
    after = _pooled(files, "found_after_queue")
    by_label = [
        proportion(f"recall {label}", found[label], mentions[label]) for label in Label if mentions[label]
    ]
    return (
        proportion("recall", found.total(), mentions.total()),
        bootstrap("recall, over files", files, lambda s: _ratio(s, "found", "mentions")),
        *by_label,
        proportion("entities, every mention", _sum(files, "entities_found"), _sum(files, "entities")),
        proportion("files without a miss", sum(f.all_found for f in files), len(files)),
        bootstrap("precision by characters", files, _precision),
        bootstrap("false alarms per 1,000 words", files, lambda s: 1000 * _ratio(s, "false_alarms", "words")),
        proportion("label right, of those found", _sum(files, "right_label"), found.total()),
        bootstrap("words in the review queue", files, lambda s: _ratio(s, "words_in_queue", "words")),
        proportion("recall after the queue", after.total(), mentions.total()),
        bootstrap("precision after the queue", files, _precision_after_queue),
    )


def _pooled(files: Sequence[FileScore], name: str) -> Counter[Label]:
    total: Counter[Label] = Counter()
    for file in files:
        total += getattr(file, name)
    return total


def _sum(files: Sequence[FileScore], name: str) -> int:
    values = (getattr(file, name) for file in files)
    return sum(v.total() if isinstance(v, Counter) else v for v in values)


def _ratio(files: Sequence[FileScore], part: str, whole: str) -> float:
    total = _sum(files, whole)
    return _sum(files, part) / total if total else float("nan")


def _precision(files: Sequence[FileScore]) -> float:
    right, wrong = _sum(files, "characters_right"), _sum(files, "characters_wrong")
    return right / (right + wrong) if right + wrong else float("nan")


def _precision_after_queue(files: Sequence[FileScore]) -> float:
    right, wrong = _sum(files, "characters_right"), _sum(files, "characters_wrong_after_queue")
    return right / (right + wrong) if right + wrong else float("nan")


def _as_row(miss: Miss) -> dict[str, Any]:
    return {
        "transcript": miss.transcript,
        "start": miss.span.start,
        "end": miss.span.end,
        "label": str(miss.label),
        "entity": miss.entity,
        "kind": miss.kind,
    }
