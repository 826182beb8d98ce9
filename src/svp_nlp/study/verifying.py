"""The verification step: search everything that may leave for everything that must not."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from svp_nlp.errors import StudyError
from svp_nlp.model import Leak
from svp_nlp.reading import read
from svp_nlp.review.database import written_words
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.study.locking import require_key
from svp_nlp.study.redacting import State, known_names, load_ledger, profile_of
from svp_nlp.study.reviewed import cleared
from svp_nlp.wording import plural

_INLINE = frozenset({"a", "abbr", "b", "cite", "em", "i", "mark", "q", "strong"})
_MEND = {"clean": "svp-nlp redact --study DIR --force writes it anew; what is not of the study, take away"}
_READABLE = {".txt", ".vtt", ".srt", ".docx", ".pdf"}


@dataclass(frozen=True)
class Verification:
    """What a verification found: how much was searched for, where, and what is left."""

    leaks: tuple[Leak, ...] = field(repr=False)
    places: int
    surfaces: int
    warnings: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.leaks

    def summary(self) -> dict[str, object]:
        """Return the outcome as plain values, positions only."""
        rows = [
            {
                "place": leak.place,
                "start": leak.span.start,
                "end": leak.span.end,
                "label": leak.label.value,
                "entity": leak.entity,
                "how": leak.how,
            }
            for leak in self.leaks
        ]
        return {
            "clean": self.clean,
            "places": self.places,
            "surfaces": self.surfaces,
            "leaks": rows,
            "warnings": list(self.warnings),
        }

    def _repr_html_(self) -> str:
        verdict = "clean" if self.clean else f"NOT CLEAN: {len(self.leaks)} left"
        searched = f"{plural(self.surfaces, 'known surface')} searched in {plural(self.places, 'place')}"
        return f"<p><strong>{verdict}</strong>: {searched}</p>"


def verify_study(layout: f.Layout, settings: Settings) -> Verification:
    """Search clean/, coding/ and reports/ (texts, values, file names, document properties)."""
    from svp_nlp.redaction.verify import leaks

    require_key(layout)
    if not (layout.private / "ledger.json").exists():
        raise StudyError(
            "there is nothing to verify: this study has no ledger",
            hint="svp-nlp redact SOURCES... --study DIR",
        )
    ledger = load_ledger(layout)
    roster = known_names(layout)
    places = dict(_places(layout))
    found = leaks(places, ledger=ledger, roster=roster, profile=profile_of(settings))
    surfaces = sum(len(e.surfaces) for e in ledger) + sum(len(e.surfaces) for e in roster)
    return Verification(found, len(places), surfaces, tuple(_warnings(layout)))


def _places(layout: f.Layout) -> Iterator[tuple[str, str]]:
    for folder in (layout.clean, layout.coding, layout.reports):
        yield from places_in(folder, layout.root)


def places_in(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Yield every place below *folder* that a reader may see, named as seen from *root*, with its text."""
    public = _public_texts()
    for path in _files(folder) if folder.exists() else ():
        name = path.relative_to(root).as_posix()
        yield f"{name} (file name)", path.name
        if not _beside_record(path):
            yield name, _without(public, _readable(path, name))


def _beside_record(path: Path) -> bool:
    """Tell whether a file is the database's own beside a record; what it holds is read with the record."""
    record, _, what = path.name.rpartition("-")
    return what in ("wal", "shm") and record.endswith(".sqlite") and path.with_name(record).exists()


def _files(folder: Path) -> list[Path]:
    """Return every file below *folder*; StudyError for a folder that may not be opened, not an empty list."""

    def refuse(problem: OSError) -> None:
        raise StudyError(
            f"{Path(problem.filename).name}/ cannot be searched: {problem.strerror}",
            hint="see who is allowed to open it",
        )

    walk = os.walk(folder, onerror=refuse)
    return sorted(Path(where) / name for where, _, names in walk for name in names)


def _readable(path: Path, name: str) -> str:
    try:
        return _text(path)
    except (ValueError, KeyError, csv.Error) as problem:
        raise StudyError(
            f"{name} cannot be searched: damaged, or of a kind that is not known ({type(problem).__name__})",
            hint=_MEND.get(path.parent.name, "make it anew with the command that makes it, or take it away"),
        ) from None


@cache
def _public_texts() -> tuple[re.Pattern[str], ...]:
    """Return patterns of the built-in codebook's printed texts, longest first: no study's words, so no leak.

    As YAML writes them: folded over lines anywhere between words, apostrophes doubled in quoted texts.
    """
    from svp_nlp.coding.codebook import founding_codebook

    book = founding_codebook()
    texts = {book.title, book.attribution, *(domain.label for domain in book.domains)}
    for theme in book.themes:
        texts |= {theme.label, theme.definition, *theme.include, *theme.exclude}
        texts |= {exemplar.text for exemplar in theme.exemplars}
    longest_first = sorted((text for text in texts if len(text) > 10), key=len, reverse=True)
    words = ([re.escape(word).replace("'", "''?") for word in text.split()] for text in longest_first)
    return tuple(re.compile(r"\s+".join(some)) for some in words)


def _without(public: tuple[re.Pattern[str], ...], text: str) -> str:
    """Blank out the built-in codebook's own texts; positions stay."""
    for known in public:
        text = known.sub(lambda found: " " * len(found[0]), text)
    return text


def _text(path: Path) -> str:
    """Return what a reader of the file would see: for JSON its values, for a page its words."""
    if path.suffix.lower() in _READABLE:
        transcript = read(path)
        # Saved again by a word processor, a clean file names who did it in its properties.
        return "\n\n".join([transcript.text, *transcript.source.names])
    if path.suffix.lower() == ".xlsx":
        return "\n".join(_cells(path))
    if path.suffix == ".sqlite":
        coders_and_values = written_words(path)
        return "\n".join(v for row in coders_and_values for v in _values(_loaded(row)))
    raw = path.read_bytes().decode("utf-8")
    if "\0" in raw:
        raise ValueError("not text")
    if path.suffix == ".jsonl":
        return "\n".join(v for line in raw.splitlines() if line for v in _values(json.loads(line)))
    if path.suffix == ".json":
        return "\n".join(_values(json.loads(raw)))
    if path.suffix == ".csv":
        # Single letters are transcripts' ids; side by side they may spell a name by chance.
        return "\n\n".join(c for row in csv.reader(io.StringIO(raw)) for c in row if len(c) > 1)
    if path.suffix in {".html", ".svg"}:
        page = _Words()
        page.feed(raw)
        return "".join(page.words)
    return raw


def _cells(path: Path) -> Iterator[str]:
    """Yield the words in a workbook's cells, and its author."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    yield from (book.properties.creator or "", book.properties.lastModifiedBy or "")
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            yield from (cell.value for cell in row if isinstance(cell.value, str))
            yield from (cell.comment.text for cell in row if cell.comment)


def _loaded(text: str) -> object:
    return json.loads(text) if text.startswith("{") else text


def _values(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != "settings":  # our own words, "Ward" for one
                yield from _values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner)


class _Words(HTMLParser):
    """Collects a page's words, and attribute values that a reader may see or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words.append("" if tag in _INLINE else "\n")
        self.words += [
            f"{v}\n" for k, v in attrs if v and k in {"title", "alt", "aria-label", "content", "href"}
        ]

    def handle_endtag(self, tag: str) -> None:
        self.words.append("" if tag in _INLINE else "\n")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _warnings(layout: f.Layout) -> Iterator[str]:
    path = layout.coding / "suggestions.jsonl"
    if path.exists() and any("source" in row for row in f.read_lines(path)):
        yield (
            "coding/suggestions.jsonl names source files (written with --private): "
            "run svp-nlp suggest again without it before sharing"
        )
    left = cleared(layout)
    if not left.clean:
        yield (
            f"{plural(len(left.open), 'entity is replaced but waits', 'entities are replaced but wait')} "
            "for a person to look at: svp-nlp review DIR --redaction"
        )
    known = {record.clean for record in State.load(layout).records} | {"receipt.json"}
    gone = sum(not (layout.clean / name).exists() for name in known)
    if gone:
        yield f"clean/ lacks {plural(gone, 'file')} that redaction wrote: what is gone was not searched"
    extra = [p.name for p in sorted(layout.clean.glob("*")) if p.name not in known]
    if extra:
        yield f"clean/ holds {plural(len(extra), 'file')} that redaction did not write, searched too"
