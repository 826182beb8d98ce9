"""What a data steward needs to sign: what was replaced, what was lost, who might still be told apart.

An audit holds counts, labels, column names and transcript letters, no value from any transcript, so it may
leave with the clean side.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import combinations as choose

from svp_nlp.errors import StudyError
from svp_nlp.model import Finding, Label, Redacted, Span, Status, Transcript
from svp_nlp.redaction.profiles import EIGHTEEN, Profile
from svp_nlp.wording import plural

_WORD = re.compile(r"\S*\w\S*")


@dataclass(frozen=True, slots=True)
class FileAudit:
    """One transcript: words, words touched by a replacement, and identifiers by label and by paragraph.

    ``kinds`` counts by paragraph of the Safe Harbor rule, "(A)" to "(R)"; ``kept`` are the identifiers that
    the profile or a person left in the text.
    """

    transcript: str
    words: int
    changed: int
    labels: Mapping[Label, int]
    kinds: Mapping[str, int]
    review: int
    kept: int

    @property
    def share_changed(self) -> float:
        """Share of the words that a replacement touched."""
        return self.changed / self.words if self.words else 0.0


@dataclass(frozen=True, slots=True)
class Combination:
    """How well a set of attributes tells cases apart: ``k`` is the size of the smallest group of likes."""

    columns: tuple[str, ...]
    cases: int
    groups: int
    k: int
    alone: int


@dataclass(frozen=True, slots=True)
class Audit:
    """The account of a study's redaction."""

    profile: str
    purpose: str
    entities: Mapping[Label, int]
    files: tuple[FileAudit, ...]
    witnesses: tuple[str, ...] = ()
    combinations: tuple[Combination, ...] = ()

    @property
    def replaced(self) -> int:
        """How many identifiers were replaced."""
        return sum(sum(f.labels.values()) for f in self.files)

    @property
    def share_changed(self) -> float:
        """Share of all words that a replacement touched."""
        words = sum(f.words for f in self.files)
        return sum(f.changed for f in self.files) / words if words else 0.0

    def by_kind(self) -> list[tuple[str, str, str, int]]:
        """Return the eighteen kinds in the order of the rule: paragraph, what, treatment, replaced."""
        counts: Counter[str] = Counter()
        for file in self.files:
            counts.update(file.kinds)
        return [(k.paragraph, k.what, k.treatment, counts[k.paragraph]) for k in EIGHTEEN]

    def table(self) -> str:
        """Return replaced identifiers by transcript and label as lines of text."""
        head = "transcript  " + "  ".join(f"{label.value:>11}" for label in Label) + "     words changed"
        rows = [
            f"{f.transcript:10}  "
            + "  ".join(f"{f.labels.get(label, 0):11d}" for label in Label)
            + f"  {f.words:8d}  {f.share_changed:6.1%}"
            for f in self.files
        ]
        return "\n".join([head, *rows])

    def methods(self) -> str:
        """Return the paragraph for the methods section."""
        words, entities = sum(f.words for f in self.files), sum(self.entities.values())
        kinds = ", ".join(f"{n} {label.value}" for label, n in self._labels() if n)
        review = sum(f.review for f in self.files)
        kept = sum(f.kept for f in self.files)
        were = plural(kept, "mention was", "mentions were")
        left = f" {were} left in the text as the profile or a person decided." if kept else ""
        return (
            f"{plural(len(self.files), 'transcript')} ({plural(words, 'word')}) "
            f"{'was' if len(self.files) == 1 else 'were'} de-identified with svp-nlp "
            f'{version("svp-nlp")} under the profile "{self.profile}" ({self.purpose}). '
            f"{plural(self.replaced, 'mention')} of {plural(entities, 'entity')} "
            f"{'was' if self.replaced == 1 else 'were'} replaced ({kinds}), touching "
            f"{self.share_changed:.1%} of the words; each entity has one pseudonym in all transcripts. "
            f"{plural(review, 'mention')} on which the witnesses did not agree "
            f"{'was' if review == 1 else 'were'} replaced and listed "
            f"for a person to look at.{left} Automatic de-identification does not find every identifier: "
            "somebody who knows the sites should read what leaves."
        )

    def _labels(self) -> list[tuple[Label, int]]:
        return [(label, sum(f.labels.get(label, 0) for f in self.files)) for label in Label]

    def to_row(self) -> dict[str, object]:
        """Return the audit as plain values."""
        return {
            "profile": self.profile,
            "entities": {k.value: n for k, n in self.entities.items()},
            "files": [
                {
                    "transcript": f.transcript,
                    "words": f.words,
                    "words_changed": f.changed,
                    "labels": {k.value: n for k, n in f.labels.items()},
                    "kinds": dict(f.kinds),
                    "review": f.review,
                    "kept": f.kept,
                }
                for f in self.files
            ],
            "combinations": [
                {"columns": list(c.columns), "cases": c.cases, "groups": c.groups, "k": c.k, "alone": c.alone}
                for c in self.combinations
            ],
        }

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self.by_kind()
        )
        return (
            f"<p>{plural(len(self.files), 'transcript')}, {plural(self.replaced, 'identifier')} replaced, "
            f"{self.share_changed:.1%} of the words touched.</p>"
            f"<table><tr><th>paragraph</th><th>kind</th><th>treatment</th><th>replaced</th></tr>{rows}</table>"
        )


def audit(
    sources: Sequence[Transcript],
    findings: Sequence[Sequence[Finding]],
    redacted: Sequence[Redacted],
    *,
    profile: Profile,
    cases: Sequence[Mapping[str, str]] = (),
) -> Audit:
    """Account for a redaction: *findings* as applied to *sources*, giving *redacted*.

    ``cases`` are the attributes of participants or transcripts, one mapping each, for the combinations that
    might tell somebody apart (`quasi_identifiers`).
    """
    files = tuple(_file(*row) for row in zip(sources, findings, redacted, strict=True))
    replaced = {(f.label, f.entity) for row in findings for f in row if f.status is not Status.KEPT}
    entities = Counter(label for label, _ in replaced)
    witnesses = {w.partition(":")[0] for row in findings for f in row for w in f.found_by}
    return Audit(
        profile.name,
        profile.purpose,
        {label: entities[label] for label in Label if entities[label]},
        files,
        tuple(sorted(witnesses)),
        quasi_identifiers(cases),
    )


def _file(source: Transcript, findings: Sequence[Finding], redacted: Redacted) -> FileAudit:
    replaced = [f for f in findings if f.status is not Status.KEPT]
    return FileAudit(
        redacted.transcript.id,
        *_words(source, [e.source for e in redacted.edits]),
        Counter(f.label for f in replaced),
        Counter(paragraph_of(source, f) for f in replaced),
        sum(f.status is Status.REVIEW for f in findings),
        len(findings) - len(replaced),
    )


def _words(source: Transcript, edits: Sequence[Span]) -> tuple[int, int]:
    """Return how many words are spoken in *source*, and how many of them an edit touches."""
    spoken = [p for t in source.turns for p in t.speech] or [Span(0, len(source))]
    words = [
        Span(piece.start + m.start(), piece.start + m.end())
        for piece in spoken
        for m in _WORD.finditer(source[piece])
    ]
    touched, at = 0, 0
    for word in words:
        while at < len(edits) and edits[at].end <= word.start:
            at += 1
        touched += at < len(edits) and edits[at].overlaps(word)
    return len(words), touched


# What stands before or in a number tells which paragraph it falls under; the first that fits counts.
_CONTACTS = (
    ("(F)", re.compile(r"@|\bat\b.*\bdot\b|e-?mail", re.I)),
    ("(N)", re.compile(r"https?:|www\.|\bdot (com|org|edu|net)\b|\.(com|org|edu|net)\b", re.I)),
    ("(O)", re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b")),
    ("(E)", re.compile(r"\bfax", re.I)),
    ("(B)", re.compile(r"\bzip\b|^\d{5}(-\d{4})?$", re.I)),
)
_IDS = (
    ("(G)", re.compile(r"social security|\bssn\b|^\d{3}-\d\d-\d{4}$", re.I)),
    ("(H)", re.compile(r"\bmrn\b|medical record|\bchart\b|\brecord\b", re.I)),
    ("(I)", re.compile(r"health plan|insurance|member|beneficiary|policy", re.I)),
    ("(J)", re.compile(r"\baccount|\bacct", re.I)),
    ("(K)", re.compile(r"licen[cs]e|certificate|\bdea\b|\bnpi\b", re.I)),
    ("(L)", re.compile(r"\bplate|vehicle|\bvin\b", re.I)),
    ("(M)", re.compile(r"device|serial|implant|pacemaker|lot number", re.I)),
)
_BY_LABEL = {
    Label.PERSON: "(A)",
    Label.LOCATION: "(B)",
    Label.DATE: "(C)",
    Label.DATE_YEAR: "(C)",
    Label.AGE: "(C)",
    Label.INSTITUTION: "(R)",
}


def paragraph_of(transcript: Transcript, finding: Finding) -> str:
    """Return the paragraph of 45 CFR 164.514(b)(2)(i) that a finding falls under, "(A)" to "(R)".

    Contacts and numbers are told apart by their form and by the 30 characters before them.
    """
    if finding.label in _BY_LABEL:
        return _BY_LABEL[finding.label]
    words = transcript[finding.span]
    before = transcript.text[max(0, finding.span.start - 30) : finding.span.start]
    rules, rest = (_CONTACTS, "(D)") if finding.label is Label.CONTACT else (_IDS, "(R)")
    own = next((p for p, r in rules if r.search(words)), None)
    # Figures alone are no address, though one may stand before them: "ann@lake.org or 555-0142".
    spelled = any(c.isalpha() for c in words)
    near = [(p, r) for p, r in rules if spelled or p not in ("(F)", "(N)")]
    return own or next((p for p, r in near if r.search(before)), rest)


def quasi_identifiers(cases: Sequence[Mapping[str, str]], *, most: int = 3) -> tuple[Combination, ...]:
    """Return how well each set of one to *most* attributes tells the cases apart, the riskiest first.

    A combination with k = 1 singles somebody out for whoever knows these attributes (Sweeney 2002,
    k-anonymity); with k below 5 many stewards ask for coarser values.
    """
    if not cases:
        return ()
    columns = list(cases[0])
    found = []
    for size in range(1, most + 1):
        for chosen in choose(columns, size):
            groups = Counter(tuple(_plain(case.get(c, "")) for c in chosen) for case in cases)
            alone = sum(n == 1 for n in groups.values())
            found.append(Combination(chosen, len(cases), len(groups), min(groups.values()), alone))
    return tuple(sorted(found, key=lambda c: (-c.alone, len(c.columns), c.k, c.columns)))


def _plain(value: str) -> str:
    return " ".join(value.casefold().split())


@dataclass(frozen=True)
class Cases:
    """A table of attributes, one row a case, read from CSV; its first column names the case."""

    rows: tuple[Mapping[str, str], ...] = field(repr=False)


def load_cases(text: str) -> Cases:
    """Read attributes from the text of a CSV file; raises StudyError by line if it is no table."""
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    if not lines or len(lines[0]) < 2:
        raise StudyError("the attributes have no header with a case and at least one attribute")
    header = [c.strip() for c in lines[0]]
    if len(set(header)) != len(header):
        raise StudyError("two columns of the attributes have the same name")
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        if any(c.strip() for c in cells):
            if len(cells) != len(header):
                raise StudyError(
                    f"line {number} of the attributes has {len(cells)} cells, the header has {len(header)}"
                )
            rows.append(dict(zip(header[1:], cells[1:], strict=True)))
    return Cases(tuple(rows))
