"""The redaction step of a study: read, detect, link, redact, look again, and only then write."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svp_nlp.engines.protocols import Analyzer, Hit
from svp_nlp.errors import StudyError, SvpError
from svp_nlp.files import write_json, write_lines, write_whole
from svp_nlp.model import Edit, Finding, Label, Leak, Passage, Redacted, Span, Status, Transcript
from svp_nlp.progress import Progress, silent
from svp_nlp.reading import clean_suffix, find_sources, passed_over, read, write
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.study.coding import save_transcripts
from svp_nlp.study.lists import kept_lists
from svp_nlp.study.locking import is_locked, require_key
from svp_nlp.study.reviewed import all_rulings
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from svp_nlp.redaction.decisions import Decision
    from svp_nlp.redaction.ledger import Ledger
    from svp_nlp.redaction.lists import NameList
    from svp_nlp.redaction.profiles import Profile
    from svp_nlp.redaction.roster import Roster

ROUNDS = 4
"""How often what verification would object to is fed back before the rest is called a leak."""


@dataclass(frozen=True)
class Redaction:
    """What a redaction run did: how many were replaced, by transcript and label, and positions; no text."""

    counts: Mapping[str, Mapping[Label, int]]
    review: int
    refused: tuple[tuple[str, SvpError], ...] = field(default=(), repr=False)
    questions: tuple[str, ...] = field(default=(), repr=False)
    leaks: tuple[Leak, ...] = field(default=(), repr=False)
    unchanged: bool = False

    def summary(self) -> dict[str, object]:
        """Return the counts as plain values."""
        return {
            "transcripts": {id: {k.value: n for k, n in c.items()} for id, c in self.counts.items()},
            "review": self.review,
            "refused": [name for name, _ in self.refused],
            "leaks": len(self.leaks),
            "unchanged": self.unchanged,
        }

    def table(self) -> str:
        """Return the counts per transcript and label as lines of text."""
        head = "transcript  " + "  ".join(f"{label.value:>11}" for label in Label)
        rows = [
            f"{id:10}  " + "  ".join(f"{counts.get(label, 0):11d}" for label in Label)
            for id, counts in self.counts.items()
        ]
        return "\n".join([head, *rows])

    def to_frame(self) -> Any:
        """Return the counts as a pandas DataFrame, a row a transcript and a column a label."""
        import pandas as pd

        rows = {id: {k.value: n for k, n in c.items()} for id, c in self.counts.items()}
        columns = [label.value for label in Label]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).fillna(0).astype(int)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{label.value}</th>" for label in Label)
        rows = "".join(
            f"<tr><th>{id}</th>" + "".join(f"<td>{c.get(label, 0)}</td>" for label in Label) + "</tr>"
            for id, c in self.counts.items()
        )
        left = plural(len(self.leaks), "leak")
        verdict = f"NOT CLEAN: {left}" if self.leaks else "no known identifier is left"
        return (
            f"<p>{verdict}; {plural(self.review, 'finding waits', 'findings wait')} "
            "for a person to look at.</p>"
            f"<table><tr><th>transcript</th>{head}</tr>{rows}</table>"
        )


@dataclass(frozen=True)
class State:
    """What the study knows of its sources: a key and a record for each, and what the last run was made of."""

    records: tuple[f.Record, ...] = ()
    fingerprint: str = ""

    @classmethod
    def load(cls, layout: f.Layout) -> State:
        """Read ``private/study.json``; an empty state when there is none."""
        require_key(layout)
        path = layout.private / "study.json"
        if not path.exists():
            return cls()
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(f.Record(**row) for row in raw["records"]), str(raw["fingerprint"]))
        except (KeyError, TypeError, ValueError):
            # A new one would deal the letters and pseudonyms out again, so it is not simply made anew.
            raise StudyError(
                "private/study.json is damaged", hint="put it back from a copy of the study"
            ) from None

    def save(self, layout: f.Layout) -> None:
        """Write ``private/study.json``, last of all: what is interrupted before is done again."""
        rows = [asdict(record) for record in self.records]
        write_json(layout.private / "study.json", {"fingerprint": self.fingerprint, "records": rows})

    def named(self, source: str) -> f.Record | None:
        """Return the record of the source file called *source*."""
        return next((r for r in self.records if r.source == source), None)


@dataclass(frozen=True)
class Work:
    """The inputs of one run: the study's sources as read, with their records, roster, decisions and lists."""

    records: tuple[f.Record, ...]
    transcripts: tuple[Transcript, ...]
    roster: Roster
    refused: tuple[tuple[str, SvpError], ...] = field(repr=False)
    decisions: tuple[Decision, ...] = field(default=(), repr=False)
    surrogates: Mapping[str, str] = field(default_factory=dict, repr=False)
    lists: tuple[NameList, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Outcome:
    """The outputs of one run, before anything is written."""

    ledger: Ledger
    findings: tuple[tuple[Finding, ...], ...]
    redacted: tuple[Redacted, ...]
    leaks: tuple[Leak, ...]
    surrogates: Mapping[str, str] = field(default_factory=dict, repr=False)


def redact_sources(
    layout: f.Layout,
    settings: Settings,
    sources: Sequence[Path],
    *,
    roster: Path | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Redaction:
    """Redact *sources* into the study, together with all that is in it already."""
    state = State.load(layout)
    names = kept_roster(layout, roster)
    work = gather(layout, state, sources, names, force=force)
    questions = (*_roster_questions(names), *_passed_over(sources))
    if not work.records:
        return Redaction({}, 0, work.refused, questions)
    fingerprint = _fingerprint(settings, work)
    if fingerprint == state.fingerprint and _intact(layout, state):
        return replace(stored(layout), refused=work.refused, questions=questions, unchanged=True)
    _guard_edits(layout, state, force)
    outcome = _run(layout, settings, work, progress)
    _save(layout, settings, work, outcome, fingerprint, roster)
    return Redaction(
        _counts(outcome),
        sum(x.status is Status.REVIEW for found in outcome.findings for x in found),
        work.refused,
        (*questions, *_reading_notes(work)),
        outcome.leaks,
    )


def _roster_questions(roster: Roster) -> tuple[str, ...]:
    return tuple(f"roster, {question}" for question in roster.warnings)


def _passed_over(sources: Sequence[Path]) -> tuple[str, ...]:
    """Say which files of the folders given are no transcripts: nothing is skipped in silence."""
    names = [path.name for path in passed_over(sources)]
    return (f"passed over, not a kind of transcript: {', '.join(names)}",) if names else ()


def _reading_notes(work: Work) -> Iterator[str]:
    for record, transcript in zip(work.records, work.transcripts, strict=True):
        for note in transcript.source.notes:
            yield f"{record.source}: {note}"


def gather(
    layout: f.Layout, state: State, sources: Sequence[Path], roster: Roster, *, force: bool = False
) -> Work:
    """Read what the study has and what arrives; copy arrivals that can be read into ``sources/``."""
    records = {record.source: record for record in state.records}
    read_already: dict[str, Transcript] = {}
    arrivals, refused = _arrivals(sources)
    for path in arrivals:
        try:
            record, transcript = _arrive(layout, path, records, force)
        except SvpError as problem:
            refused.append((path.name, problem))
            continue
        records[path.name] = record
        read_already[path.name] = transcript
    kept = tuple(r if r.source in read_already else _still_there(layout, r, force) for r in records.values())
    transcripts = tuple(read_already.get(r.source) or reread(layout, r) for r in kept)
    names = with_authors(roster, transcripts)
    stand_ins = known_surrogates(layout)[1]
    lists = kept_lists(layout)
    return Work(kept, transcripts, names, tuple(refused), all_rulings(layout), stand_ins, lists)


def _arrivals(sources: Sequence[Path]) -> tuple[list[Path], list[tuple[str, SvpError]]]:
    """Return the files that *sources* name, and what is refused: missing paths, names that occur twice."""
    found: list[Path] = []
    refused: list[tuple[str, SvpError]] = []
    for source in sources:
        try:
            found += find_sources([source])
        except SvpError as problem:
            refused.append((source.name, problem))
    found = list(dict.fromkeys(path.resolve() for path in found))
    # Folded: on Windows and macOS "A.txt" and "a.txt" are one file in sources/.
    shared = Counter(path.name.casefold() for path in found)
    for path in found:
        if shared[path.name.casefold()] > 1:
            told = f"{shared[path.name.casefold()]} sources are called so; a study needs different file names"
            refused.append((path.name, StudyError(told, hint="rename one")))
    return [path for path in found if shared[path.name.casefold()] == 1], refused


def with_authors(roster: Roster, transcripts: Sequence[Transcript]) -> Roster:
    """Return the roster with the people that document properties name: authors, commenters, revisers.

    Only names of two or more capitalised words are taken; "Admin" or "user" would be looked for everywhere.
    """
    from svp_nlp.redaction.roster import RosterEntry

    known = {surface.casefold() for entry in roster for surface in entry.surfaces}
    named = dict.fromkeys(name for t in transcripts for name in t.source.names)
    fresh = [
        RosterEntry(name, Label.PERSON)
        for name in named
        if name.casefold() not in known and len(re.findall(r"\b[A-Z][\w'’-]+", name)) > 1
    ]
    return replace(roster, entries=(*roster.entries, *fresh))


def _arrive(
    layout: f.Layout, path: Path, records: Mapping[str, f.Record], force: bool
) -> tuple[f.Record, Transcript]:
    known = records.get(path.name)
    key = known.id if known else _new_key(records, raw_ledger(layout).transcripts)
    if known and not force and hashlib.sha256(path.read_bytes()).hexdigest() != known.bytes_sha256:
        raise StudyError(
            f"{path.name} is in the study with other contents",
            hint="--force replaces it; its pseudonyms stay the same",
        )
    transcript = read(path, id=key)
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    home = layout.sources / path.name
    if home.resolve() != path.resolve() and not (home.exists() and home.read_bytes() == data):
        write_whole(home, data)
    clean, clean_sha = (known.clean, known.clean_sha256) if known else ("", "")
    return f.Record(key, path.name, digest, transcript.sha256, clean, clean_sha), transcript


def _new_key(records: Mapping[str, f.Record], known: Iterable[str]) -> str:
    """Return a key that no source of the study has or, *known* to its ledger, ever had."""
    used = {int(key[1:]) for key in (*(record.id for record in records.values()), *known)}
    return f"s{max(used, default=0) + 1}"


def _still_there(layout: f.Layout, record: f.Record, force: bool) -> f.Record:
    """Return the record of a source the study has; StudyError when its file is gone or has other contents."""
    path = layout.sources / record.source
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
    if digest == record.bytes_sha256:
        return record
    transcript = reread(layout, record)
    if not force:
        raise StudyError(
            f"sources/{record.source} has changed since it was redacted",
            hint="put the original back; or --force takes it as it is now",
        )
    return replace(record, bytes_sha256=digest, text_sha256=transcript.sha256)


def reread(layout: f.Layout, record: f.Record) -> Transcript:
    """Return a source of the study as it is now; StudyError when it is gone."""
    path = layout.sources / record.source
    if not path.exists():
        raise StudyError(
            f"a source of this study is gone: sources/{record.source}",
            hint="put it back and run again; svp-nlp remove DIR takes a transcript out for good",
        )
    return read(path, id=record.id)


def kept_roster(layout: f.Layout, given: Path | None = None) -> Roster:
    """Return the roster *given*, else the one the study keeps, else an empty one."""
    from svp_nlp.redaction.roster import Roster, load_roster

    kept = layout.private / "roster.csv"
    if given is not None:
        return load_roster(given)
    return load_roster(kept) if kept.exists() else Roster()


def _fingerprint(settings: Settings, work: Work) -> str:
    """Hash everything a run depends on, so that a second run knows there is nothing to do."""
    parts = [
        code_fingerprint(),
        settings.redaction.model_dump_json(),
        json.dumps([[e.name, e.label.value, *e.aliases] for e in work.roster]),
        json.dumps(sorted([r.id, r.bytes_sha256] for r in work.records)),
        json.dumps([t.sha256 for t in work.transcripts]),
    ]
    if work.decisions:
        from svp_nlp.redaction.decisions import row_of

        parts.append(json.dumps([row_of(decision) for decision in work.decisions]))
    if work.lists:
        from svp_nlp.redaction.lists import digest

        parts.append(digest(work.lists))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def code_fingerprint() -> str:
    """Hash the rules themselves: results made by other rules are not reused."""
    digest = hashlib.sha256()
    for room in ("redaction", "reading", "engines"):
        for file in sorted(Path(str(files("svp_nlp") / room)).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _clean_path(layout: f.Layout, record: f.Record) -> Path:
    return layout.clean / record.clean


def _edited(layout: f.Layout, record: f.Record) -> bool:
    path = _clean_path(layout, record)
    return (
        bool(record.clean)
        and path.exists()
        and hashlib.sha256(path.read_bytes()).hexdigest() != record.clean_sha256
    )


def _intact(layout: f.Layout, state: State) -> bool:
    private = all(
        (layout.private / name).exists() for name in ("findings.jsonl", "ledger.json", "edits.jsonl")
    )
    return (
        private
        and (layout.coding / "doubtful.json").exists()
        and (layout.coding / "transcripts.jsonl").exists()
        and (layout.clean / "receipt.json").exists()
        and all(
            record.clean and _clean_path(layout, record).exists() and not _edited(layout, record)
            for record in state.records
        )
    )


def _guard_edits(layout: f.Layout, state: State, force: bool) -> None:
    edited = [record.clean for record in state.records if _edited(layout, record)]
    if edited and not force:
        raise StudyError(
            f"clean/{edited[0]} was edited since it was written"
            + (f", and {len(edited) - 1} more" if edited[1:] else ""),
            hint="--force overwrites the edits; or keep a copy elsewhere first",
        )


def load_ledger(layout: f.Layout) -> Ledger:
    """Return the study's ledger as decisions leave it, an empty one when there is none yet."""
    from svp_nlp.redaction.decisions import fold_ledger
    from svp_nlp.redaction.surrogates import with_names

    told = fold_ledger(raw_ledger(layout), all_rulings(layout))
    labels, names = known_surrogates(layout)
    return with_names(told, labels, names) if names else told


def known_surrogates(layout: f.Layout) -> tuple[tuple[Label, ...], dict[str, str]]:
    """Return the labels that have stand-ins on the clean side, and all stand-ins ever drawn, by entity."""
    require_key(layout)
    path = layout.private / "surrogates.json"
    if not path.exists():
        return (), {}
    raw = f.read_json(path)
    return tuple(map(Label, raw["labels"])), {str(k): str(v) for k, v in raw["names"].items()}


def save_surrogates(layout: f.Layout, labels: Iterable[Label], names: Mapping[str, str]) -> None:
    """Keep the stand-ins, so that every entity has the same one for as long as the study lives."""
    path = layout.private / "surrogates.json"
    if names or path.exists():
        write_json(path, {"labels": sorted(labels), "names": dict(names)})


def known_names(layout: f.Layout) -> Roster:
    """Return the study's roster with the names that decisions put on it."""
    from svp_nlp.redaction.decisions import with_decisions

    return with_decisions(kept_roster(layout), raw_ledger(layout), all_rulings(layout))


def raw_ledger(layout: f.Layout) -> Ledger:
    """Return the study's ledger as linked, without decisions: what is kept, so that they can be undone."""
    from svp_nlp.redaction.ledger import Ledger

    require_key(layout)
    path = layout.private / "ledger.json"
    return Ledger.from_json(path.read_text(encoding="utf-8")) if path.exists() else Ledger()


def profile_of(settings: Settings) -> Profile:
    """Return the policy the settings name, with their operators; SettingsError lists the known ones."""
    from svp_nlp.redaction.profiles import profile_named

    return profile_named(settings.redaction.profile).with_rules(settings.redaction.operators)


def _run(layout: f.Layout, settings: Settings, work: Work, progress: Progress) -> Outcome:
    from svp_nlp.redaction.decisions import with_decisions
    from svp_nlp.redaction.detect import detect

    before = raw_ledger(layout)
    work = replace(work, roster=with_decisions(work.roster, before, work.decisions))
    engine = analyzer(layout, settings, before.seed, work.lists)
    found = detect(work.transcripts, roster=work.roster, engine=engine, progress=counted(progress))
    return conclude(work, found, before, profile_of(settings))


def analyzer(
    layout: f.Layout, settings: Settings, secret: str, lists: Sequence[NameList] = ()
) -> CachedAnalyzer:
    """Return the study's engine, *lists* being one more witness, with its cache, which *secret* keys."""
    from svp_nlp.engines.models import model_path
    from svp_nlp.redaction.detect import default_engine
    from svp_nlp.redaction.lists import digest

    engine = default_engine(model_path(settings.redaction.spacy_model), lists)
    return CachedAnalyzer(engine, layout.private / "cache" / "hits", secret, rules=digest(lists))


def counted(progress: Progress) -> Callable[[int, int], None]:
    """Return *progress* for detection: how many transcripts have been read."""
    return lambda done, total: progress("finding identifiers", done, total)


def conclude(work: Work, found: Sequence[Sequence[Finding]], ledger: Ledger, profile: Profile) -> Outcome:
    """Link, redact and look again until verification finds nothing more, or the rounds are up.

    *ledger* is the ledger as linked; the decisions of *work* are laid over it in every round.
    """
    from svp_nlp.redaction.decisions import decided
    from svp_nlp.redaction.redact import applied, redact
    from svp_nlp.redaction.verify import leaks, sweep

    found = [within_cells(t, x) for t, x in zip(work.transcripts, found, strict=True)]
    for _ in range(ROUNDS):
        ledger, linked = _linked(work, found, ledger)
        told, rows = decided(ledger, work.transcripts, linked, work.decisions)
        told, names = dressed(told, work, profile)
        redacted = tuple(
            redact(t, x, ledger=told, profile=profile) for t, x in zip(work.transcripts, rows, strict=True)
        )
        texts = {r.transcript.id: r.transcript.text for r in redacted}
        left = leaks(texts, ledger=told, roster=work.roster, profile=profile)
        if not left:
            break
        found = [
            merge(t, x, within_cells(t, sweep(t, told, work.roster, profile)))
            for t, x in zip(work.transcripts, linked, strict=True)
        ]
    findings = tuple(applied(x, r) for x, r in zip(rows, redacted, strict=True))
    return Outcome(ledger, findings, redacted, left, names)


def _linked(
    work: Work, found: Sequence[Sequence[Finding]], ledger: Ledger
) -> tuple[Ledger, tuple[tuple[Finding, ...], ...]]:
    """Link, and where people said that a name was found too wide or as something else, mend and link again.

    It is mended before anything else is laid over it: kept words around a name would leave the name there.
    """
    from svp_nlp.redaction.decisions import mended
    from svp_nlp.redaction.link import link

    grown, linked = link(work.transcripts, found, roster=work.roster, ledger=ledger)
    # What is left of a cut may be trimmed itself, what has another label is another entity; no decision is
    # needed twice.
    for _ in work.decisions:
        cut = mended(work.transcripts, linked, work.decisions)
        if cut == linked:
            break
        grown, linked = link(work.transcripts, cut, roster=work.roster, ledger=grown)
    return grown, linked


def dressed(ledger: Ledger, work: Work, profile: Profile) -> tuple[Ledger, Mapping[str, str]]:
    """Return *ledger* with stand-ins where *profile* asks for them, and all stand-ins there are."""
    from svp_nlp.redaction.surrogates import labels_with_surrogates, surrogates, with_names

    labels = labels_with_surrogates(profile)
    if not labels:
        return ledger, work.surrogates
    texts = [t.text for t in work.transcripts]
    names = surrogates(ledger, profile, roster=work.roster, texts=texts, known=work.surrogates)
    return with_names(ledger, labels, names), names


def within_cells(transcript: Transcript, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Cut findings where a Word document ends a paragraph or cell: no replacement can reach across."""
    if transcript.format != "docx":
        return tuple(findings)
    return tuple(
        replace(x, span=Span(x.span.start + part.start(), x.span.start + part.end()))
        for x in findings
        for part in re.finditer(r"[^\t\n\f]+", transcript[x.span])
        if any(c.isalnum() for c in part.group())
    )


def merge(
    transcript: Transcript, findings: Sequence[Finding], more: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Join *more* to *findings*; of one that overlaps, only what is not yet covered is added.

    What is left of it begins and ends with a letter or digit, and is no lone "I" or "a" of the sentence
    around it: that would be looked for all over the study.
    """
    taken = sorted(findings, key=lambda x: x.span)
    for extra in more:
        for span in _uncovered(extra.span, [x.span for x in taken]):
            said = _LETTERED.search(transcript[span])
            if said is None or (span != extra.span and said[0] in ("I", "i", "a", "A")):
                continue
            taken.append(replace(extra, span=Span(span.start + said.start(), span.start + said.end())))
    return tuple(sorted(taken, key=lambda x: x.span))


_LETTERED = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)


def _uncovered(span: Span, covers: Sequence[Span]) -> Iterator[Span]:
    start = span.start
    for cover in sorted(covers):
        if cover.end <= start or cover.start >= span.end:
            continue
        if start < cover.start:
            yield Span(start, cover.start)
        start = cover.end
    if start < span.end:
        yield Span(start, span.end)


def _counts(outcome: Outcome) -> dict[str, dict[Label, int]]:
    return {
        redacted.transcript.id: dict(Counter(x.label for x in found if x.status is not Status.KEPT))
        for redacted, found in zip(outcome.redacted, outcome.findings, strict=True)
    }


def _save(
    layout: f.Layout,
    settings: Settings,
    work: Work,
    outcome: Outcome,
    fingerprint: str,
    roster: Path | None,
) -> None:
    """Write the private side, then the clean side, then the state that says it is all there."""
    from svp_nlp.redaction.surrogates import labels_with_surrogates

    if roster is not None:
        write_whole(layout.private / "roster.csv", roster.read_bytes())
    write_whole(layout.private / "ledger.json", outcome.ledger.to_json())
    save_surrogates(layout, labels_with_surrogates(profile_of(settings)), outcome.surrogates)
    rows = zip(work.records, outcome.findings, strict=True)
    write_lines(
        layout.private / "findings.jsonl", (f.finding_row(r.source, x) for r, found in rows for x in found)
    )
    write_lines(
        layout.private / "edits.jsonl",
        (f.edit_row(r.transcript.id, e) for r in outcome.redacted for e in r.edits),
    )
    layout.clean.mkdir(parents=True, exist_ok=True)
    records = []
    for record, transcript, redacted in zip(work.records, work.transcripts, outcome.redacted, strict=True):
        name = redacted.transcript.id + clean_suffix(transcript.format)
        digest = _write_changed(redacted, transcript, layout.clean / name, layout.private / "cache" / name)
        records.append(replace(record, clean=name, clean_sha256=digest))
    save_transcripts(
        layout, [(r.transcript, record.clean) for r, record in zip(outcome.redacted, records, strict=True)]
    )
    write_json(layout.coding / "doubtful.json", _doubtful(outcome))
    f.write_receipt(
        layout.clean,
        "redact",
        {
            "profile": settings.redaction.profile,
            "spacy_model": Path(settings.redaction.spacy_model).name,
            **({"lists": {one.sha256: len(one) for one in work.lists}} if work.lists else {}),
            "transcripts": {r.transcript.id: r.transcript.sha256 for r in outcome.redacted},
            "entities": dict(Counter(e.label.value for e in outcome.ledger)),
            "replaced": {id: {k.value: n for k, n in row.items()} for id, row in _counts(outcome).items()},
            "review": sum(x.status is Status.REVIEW for found in outcome.findings for x in found),
            "verified": not outcome.leaks,
        },
    )
    State(tuple(records), fingerprint).save(layout)


def _write_changed(redacted: Redacted, source: Transcript, path: Path, aside: Path) -> str:
    """Write a clean file unless it is there already, byte for byte; returns the SHA-256 of its bytes."""
    aside.parent.mkdir(parents=True, exist_ok=True)
    write(redacted, source, aside)
    digest = hashlib.sha256(aside.read_bytes()).hexdigest()
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        aside.unlink()
    else:
        aside.replace(path)
    return digest


def count(layout: f.Layout) -> int:
    """Return how many transcripts the study has; also where the key is locked."""
    if is_locked(layout):
        return sum(1 for _ in f.read_lines(layout.coding / "transcripts.jsonl"))
    return len(State.load(layout).records)


def stored(layout: f.Layout) -> Redaction:
    """Return what the last run did, read back from the study; from its receipt where the key is locked."""
    if is_locked(layout):
        told = f.read_json(layout.clean / "receipt.json")["redact"]
        rows = {id: Counter({Label(k): n for k, n in row.items()}) for id, row in told["replaced"].items()}
        return Redaction(rows, told["review"])
    ids = {record.source: Path(record.clean).stem for record in State.load(layout).records}
    counts: dict[str, Counter[Label]] = {id: Counter() for id in ids.values()}
    review = 0
    for row in f.read_lines(layout.private / "findings.jsonl"):
        counts[ids[row["source"]]][Label(row["label"])] += row["status"] != Status.KEPT.value
        review += row["status"] == Status.REVIEW.value
    return Redaction(counts, review)


def ways_back(layout: f.Layout, transcripts: Mapping[str, Transcript]) -> dict[str, tuple[str, Redacted]]:
    """Return, for each clean transcript, its source's file name and the way back into it."""
    require_key(layout)
    edits: dict[str, list[Edit]] = {id: [] for id in transcripts}
    for row in f.read_lines(layout.private / "edits.jsonl"):
        edits[row["transcript"]].append(f.as_edit(row))
    return {
        Path(r.clean).stem: (
            r.source,
            Redacted(transcripts[Path(r.clean).stem], tuple(edits[Path(r.clean).stem]), r.text_sha256),
        )
        for r in State.load(layout).records
    }


def _doubtful(outcome: Outcome) -> dict[str, list[list[int]]]:
    """Return where the clean transcripts hold a replacement that waits for a person to look at it."""
    return {
        r.transcript.id: f.spans([r.to_clean(x.span) for x in found if x.status is Status.REVIEW])
        for r, found in zip(outcome.redacted, outcome.findings, strict=True)
    }


def doubtful_passages(layout: f.Layout, passages: Sequence[Passage]) -> frozenset[str]:
    """Return the ids of passages with a replacement that waits for a person to look at it."""
    path = layout.coding / "doubtful.json"
    open_ = {id: f.as_spans(rows) for id, rows in f.read_json(path).items()} if path.exists() else {}
    return frozenset(
        p.id
        for p in passages
        if any(piece.overlaps(x) for x in open_.get(p.transcript, ()) for piece in p.pieces)
    )


class CachedAnalyzer:
    """An analyzer that remembers: positions and labels on the private side, keyed by a keyed hash."""

    def __init__(self, engine: Analyzer, folder: Path, secret: str, rules: str = "") -> None:
        self.engine = engine
        self.folder = folder
        self.secret = secret
        self.rules = rules  # what the engine goes by besides its code: the study's lists

    @property
    def name(self) -> str:
        """The engine's own name."""
        return self.engine.name

    @cached_property
    def _rules(self) -> str:
        return f"{self.name}\n{code_fingerprint()}\n{self.rules}\n"

    def __call__(self, texts: Sequence[str]) -> list[list[Hit]]:
        """Return the hits of each text; only texts not seen before are read by the engine."""
        return [self._hits(text) for text in texts]

    def _hits(self, text: str) -> list[Hit]:
        key = hmac.digest(
            self.secret.encode(), (self._rules + text).encode("utf-8", "surrogatepass"), "sha256"
        )
        path = self.folder / f"{key.hex()[:32]}.json"
        if path.exists():
            return [
                Hit(Span(a, b), Label(label), score, who) for a, b, label, score, who in f.read_json(path)
            ]
        hits = self.engine([text])[0]
        rows = [[h.span.start, h.span.end, h.label.value, h.score, h.witness] for h in hits]
        write_whole(path, json.dumps(rows))
        return hits
