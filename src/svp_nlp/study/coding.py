"""The coding steps of a study: passages, suggestions, exemplars and emergent topics of the clean side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import StudyError
from svp_nlp.files import write_json, write_lines, write_whole
from svp_nlp.model import Codebook, Flow, Grounds, Passage, Redacted, Span, Suggestions, Transcript
from svp_nlp.progress import Progress, silent
from svp_nlp.reading import read
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from svp_nlp.coding.codebook_check import CodebookCheck
    from svp_nlp.coding.suggest import ThemeSuggester
    from svp_nlp.engines.embedding import CachedEmbedder
    from svp_nlp.review.adjudication import FinalCoding


@dataclass(frozen=True)
class Proposals:
    """What is proposed for a study: passages and, in the same order, suggestions for each.

    ``confirmed`` counts the final codings learned from, ``notes`` say what a person should know beside.
    ``grounds`` says for each theme what its suggestions rest on; empty where that was not stored.
    """

    codebook: Codebook = field(repr=False)
    transcripts: Mapping[str, Transcript] = field(repr=False)
    passages: tuple[Passage, ...] = field(repr=False)
    suggestions: tuple[Suggestions, ...] = field(repr=False)
    confirmed: int = 0
    notes: tuple[str, ...] = ()
    grounds: tuple[Grounds, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        learned = plural(self.confirmed, "final coding")
        little = f", {self.weak} of {plural(len(self.grounds), 'theme')} little known" if self.weak else ""
        return f"Proposals({plural(len(self.passages), 'passage')}, {learned} learned from{little})"

    @property
    def weak(self) -> int:
        """The number of themes that too little is known of."""
        return sum(theme.weak for theme in self.grounds)

    @property
    def remark(self) -> str:
        """A sentence on the themes that too little is known of; "" where there is none."""
        from svp_nlp.coding.grounds import remark

        return remark(self.grounds)

    def counts(self) -> dict[str, int]:
        """Count, for every theme of the codebook, the passages for which it comes first."""
        counts = {theme.id: 0 for theme in self.codebook.themes}
        for made in self.suggestions:
            if made.ranked and not made.abstained:
                counts[made.ranked[0].theme] += 1
        return counts

    def summary(self) -> dict[str, object]:
        """Return the counts as plain values."""
        return {
            "transcripts": len(self.transcripts),
            "passages": len(self.passages),
            "abstained": sum(made.abstained for made in self.suggestions),
            "confirmed": self.confirmed,
            "first": self.counts(),
            "grounds": [asdict(theme) for theme in self.grounds],
            "remark": self.remark,
        }

    def table(self) -> str:
        """Return the counts as lines of text, with what is known of each theme."""
        none = sum(made.abstained for made in self.suggestions)
        known = {theme.theme: _known(theme) for theme in self.grounds}
        rows = [f"{n:6d}  {known.get(theme, '')}{theme}" for theme, n in self.counts().items()]
        of = plural(len(self.transcripts), "transcript")
        head = f"{plural(len(self.passages), 'passage')} of {of}; suggested first:"
        title = [f"        {_KNOWN}theme"] if known else []
        last = f"{none:6d}  {' ' * len(_KNOWN) if known else ''}none"
        return "\n".join([head, *title, *rows, last, *([self.remark] if self.remark else [])])

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row a passage and rank; no transcript text."""
        import pandas as pd

        rows = [
            {
                "passage": passage.id,
                "transcript": passage.transcript,
                "turn": passage.turn,
                "role": passage.role.value,
                "coded": made.coded,
                "abstained": made.abstained,
                "rank": rank,
                "theme": s.theme,
                "domain": s.domain,
                "score": s.score,
            }
            for passage, made in zip(self.passages, self.suggestions, strict=True)
            for rank, s in enumerate(made.ranked, 1)
        ]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        known = {theme.theme: theme for theme in self.grounds}
        heads = ["theme", "first", *(("cues", "exemplars", "confirmed", "") if known else ())]
        rows = [[t, n, *(_cells(known[t]) if t in known else ())] for t, n in self.counts().items()]
        none = sum(made.abstained for made in self.suggestions)
        return (
            f"<p>{plural(len(self.passages), 'passage')}; suggested first (nothing is decided):</p>"
            f"<table>{_html_row(heads, 'th')}{''.join(map(_html_row, [*rows, ['none', none]]))}</table>"
            + (f"<p>{escape(self.remark)}</p>" if self.remark else "")
        )


_KNOWN = "cues  exemplars  confirmed          "


def _known(theme: Grounds) -> str:
    return "{:4d}  {:9d}  {:9d}  {:6s}  ".format(*_cells(theme))


def _cells(theme: Grounds) -> tuple[int, int, int, str]:
    return theme.cues, theme.exemplars, theme.confirmed, "little" if theme.weak else ""


def _html_row(cells: Sequence[object], kind: str = "td") -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(str(cell))}</{kind}>" for cell in cells) + "</tr>"


def save_transcripts(layout: f.Layout, transcripts: Sequence[tuple[Transcript, str]]) -> None:
    """Store the structure of the clean transcripts (positions only) beside the codings."""
    rows = [f.transcript_row(transcript, file) for transcript, file in transcripts]
    write_lines(layout.coding / "transcripts.jsonl", rows)


def clean_files(layout: f.Layout) -> tuple[str, ...]:
    """Return the names of the files that redaction wrote into clean/."""
    return tuple(str(row["file"]) for row in _rows(layout))


def _rows(layout: f.Layout) -> list[dict[str, Any]]:
    path = layout.coding / "transcripts.jsonl"
    if not path.exists():
        raise StudyError(
            "this study has no clean transcripts yet", hint="svp-nlp redact SOURCES... --study DIR"
        )
    return list(f.read_lines(path))


def load_transcripts(layout: f.Layout) -> dict[str, Transcript]:
    """Return the clean transcripts by id. One edited since redaction is read anew from its file."""
    try:
        return {row["id"]: _load(layout, row) for row in _rows(layout)}
    except (KeyError, TypeError, AttributeError):
        raise StudyError(
            "coding/transcripts.jsonl is damaged: keys are missing",
            hint="delete it and run svp-nlp redact --study DIR",
        ) from None


def _load(layout: f.Layout, row: Mapping[str, Any]) -> Transcript:
    file = layout.clean / row["file"]
    if not file.exists():
        raise StudyError(
            f"clean/{row['file']} is gone", hint="run svp-nlp redact on the study's sources again"
        )
    fresh = read(file, id=row["id"])
    return f.as_transcript(row, fresh.text) if fresh.sha256 == row["sha256"] else fresh


def find_codebook(layout: f.Layout, settings: Settings, given: Path | None) -> Codebook:
    """Return the codebook to use: the one given (kept in coding/), the study's, or the founding study's."""
    from svp_nlp.coding.codebook import founding_codebook, load_codebook

    kept = layout.coding / "codebook.yaml"
    if given is not None:
        codebook = load_codebook(given)
        write_whole(kept, given.read_bytes())
        return codebook
    if kept.exists():
        return load_codebook(kept)
    if settings.coding.codebook:
        return load_codebook(layout.root / settings.coding.codebook)
    return founding_codebook()


def embedder(layout: f.Layout, settings: Settings) -> CachedEmbedder:
    """Return the study's embedder with its cache (vectors only, on the private side)."""
    from svp_nlp.engines.embedding import open_embedder
    from svp_nlp.engines.models import model_path

    cache = layout.private / "cache" / "embeddings.sqlite"
    cache.parent.mkdir(parents=True, exist_ok=True)
    path = model_path(settings.coding.embedding_model)
    return open_embedder(path, settings.coding.embedding_backend, cache=cache)


def all_passages(transcripts: Mapping[str, Transcript], settings: Settings) -> tuple[Passage, ...]:
    """Cut every transcript into passages, in order."""
    from svp_nlp.coding.segment import passages

    most = settings.coding.longest_passage
    return tuple(p for t in transcripts.values() for p in passages(t, most_words=most))


def propose(
    layout: f.Layout,
    settings: Settings,
    codebook: Codebook,
    final: Mapping[str, FinalCoding],
    progress: Progress = silent,
) -> Proposals:
    """Suggest themes for every passage of the study, learning from the *final* codings by passage."""
    from svp_nlp.coding.suggest import suggest_passages

    transcripts = load_transcripts(layout)
    cut = all_passages(transcripts, settings)
    model = embedder(layout, settings)
    model.progress = progress
    known = usable(final, codebook)
    suggester = taught(codebook, model, transcripts, cut, known)
    made = suggest_passages(suggester, transcripts, cut, top=settings.coding.top)
    return Proposals(codebook, transcripts, cut, made, len(known), grounds=suggester.grounds)


def usable(final: Mapping[str, FinalCoding], codebook: Codebook) -> dict[str, tuple[str, ...]]:
    """Return the themes of final codings by passage, without codings whose themes the codebook has not."""
    themes = {theme.id for theme in codebook.themes}
    return {id: tuple(sorted(c.themes)) for id, c in final.items() if themes.issuperset(c.themes)}


def taught(
    codebook: Codebook,
    model: CachedEmbedder,
    transcripts: Mapping[str, Transcript],
    passages: Sequence[Passage],
    codings: Mapping[str, Sequence[str]],
) -> ThemeSuggester:
    """Return a suggester that has learned from *codings*, the themes people decided on by passage."""
    from svp_nlp.coding.segment import passage_text, question_text
    from svp_nlp.coding.suggest import ThemeSuggester

    decided = [p for p in passages if p.id in codings]
    return ThemeSuggester(codebook, model).fit(
        [passage_text(transcripts[p.transcript], p) for p in decided],
        [codings[p.id] for p in decided],
        questions=[question_text(transcripts[p.transcript], p) for p in decided],
        citations=[p.citation for p in decided],
    )


def save_proposals(
    layout: f.Layout, proposals: Proposals, ways_back: Mapping[str, tuple[str, Redacted]] | None
) -> None:
    """Write suggestions.jsonl and grounds.json; with *ways_back* each row holds its place in the source."""
    rows = []
    for passage, made in zip(proposals.passages, proposals.suggestions, strict=True):
        row = f.suggestions_row(passage, made)
        if ways_back is not None:
            row |= _home(passage.span, *ways_back[passage.transcript])
        rows.append(row)
    write_lines(layout.coding / "suggestions.jsonl", rows)
    write_json(layout.coding / "grounds.json", [asdict(theme) for theme in proposals.grounds])


def _home(span: Span, source: str, redacted: Redacted) -> dict[str, object]:
    home = redacted.to_source(span)
    return {"source": source, "source_start": home.start, "source_end": home.end}


def load_proposals(layout: f.Layout, settings: Settings, codebook: Codebook) -> Proposals | None:
    """Return the stored proposals, or None when there are none or they belong to other passages."""
    path = layout.coding / "suggestions.jsonl"
    if not path.exists():
        return None
    transcripts = load_transcripts(layout)
    cut = all_passages(transcripts, settings)
    made = {row["passage"]: f.as_suggestions(row) for row in f.read_lines(path)}
    themes = {theme.id for theme in codebook.themes}
    known = {s.theme for suggestions in made.values() for s in suggestions.ranked}
    if set(made) != {passage.id for passage in cut} or not known <= themes:
        return None
    suggestions = tuple(made[passage.id] for passage in cut)
    return Proposals(codebook, transcripts, cut, suggestions, grounds=_stored_grounds(layout, codebook))


def _stored_grounds(layout: f.Layout, codebook: Codebook) -> tuple[Grounds, ...]:
    """Return what was known of each theme; nothing for suggestions that were stored without it."""
    path = layout.coding / "grounds.json"
    if not path.exists():
        return ()
    try:
        found = tuple(Grounds(**row) for row in f.read_json(path))
    except TypeError:
        raise StudyError(
            "coding/grounds.json is damaged: other keys were expected", hint=f.how_to_mend(path)
        ) from None
    same = [theme.theme for theme in found] == [theme.id for theme in codebook.themes]
    return found if same else ()


def find_quotes(
    layout: f.Layout, settings: Settings, proposals: Proposals, doubtful: frozenset[str] = frozenset()
) -> list[dict[str, object]]:
    """Propose exemplars for every theme and write exemplars.jsonl; returns its rows.

    Nothing is quoted from *doubtful* passages (ids): a person has still to look at a redaction there.
    """
    from svp_nlp.coding.exemplars import exemplars, quote_text

    quotes = exemplars(
        proposals.codebook,
        proposals.transcripts,
        proposals.passages,
        proposals.suggestions,
        embedder=embedder(layout, settings),
        per_theme=settings.coding.quotes_per_theme,
        doubtful=doubtful,
    )
    rows = [f.quote_row(q, quote_text(proposals.transcripts[q.transcript], q)) for q in quotes]
    write_lines(layout.coding / "exemplars.jsonl", rows)
    return rows


def find_topics(
    layout: f.Layout, settings: Settings, proposals: Proposals, progress: Progress = silent
) -> dict[str, Any]:
    """Look for emergent topics, write topics.json and topic_map.svg; returns what topics.json holds."""
    from svp_nlp.coding.topic_map import topic_map
    from svp_nlp.coding.topics import topics

    found = topics(
        proposals.codebook,
        proposals.transcripts,
        proposals.passages,
        proposals.suggestions,
        embedder=embedder(layout, settings),
        seeds=settings.topics.seeds,
        progress=progress,
    )
    row = {
        "message": found.message,
        "explained": found.explained,
        "residue": found.residue,
        "settings": dict(found.settings),
        "topics": [f.topic_row(topic) for topic in found.found],
        "similar": [list(pair) for pair in found.similar],
    }
    write_json(layout.coding / "topics.json", row)
    write_whole(layout.coding / "topic_map.svg", topic_map(found))
    return row


def look_at_codebook(
    layout: f.Layout, settings: Settings, codebook: Codebook, proposals: Proposals | None
) -> CodebookCheck:
    """Check the codebook, with the support of the study's passages, and write codebook_map.svg."""
    from svp_nlp.coding.codebook_check import check_codebook, overlap_map

    made = None if proposals is None else proposals.suggestions
    found = check_codebook(codebook, embedder(layout, settings), made)
    layout.coding.mkdir(exist_ok=True)
    write_whole(layout.coding / "codebook_map.svg", overlap_map(found, codebook))
    return found


def more_like(
    layout: f.Layout,
    settings: Settings,
    codebook: Codebook,
    final: Mapping[str, FinalCoding],
    theme: str,
) -> list[dict[str, Any]]:
    """Return all passages that have not *theme* yet, the likeliest to belong to it first."""
    from svp_nlp.coding.directions import find_more_like

    transcripts = load_transcripts(layout)
    cut = all_passages(transcripts, settings)
    passages = {p.id: p for p in cut}
    model = taught(codebook, embedder(layout, settings), transcripts, cut, usable(final, codebook))
    done = {id for id, coding in final.items() if theme in coding.themes}
    found = find_more_like(model, theme, transcripts, cut, most=len(cut), leave_out=done)
    return [
        {
            "passage": m.passage,
            "citation": passages[m.passage].citation,
            "score": round(m.score, 4),
            "sentence": f.spans(m.sentence),
            "text": Flow.of(transcripts[passages[m.passage].transcript], m.sentence).text,
        }
        for m in found
    ]


def coded_apart(
    layout: f.Layout, settings: Settings, final: Mapping[str, FinalCoding]
) -> list[dict[str, Any]]:
    """Return pairs of passages nearly alike with different final codings."""
    from svp_nlp.coding.directions import inconsistencies

    transcripts = load_transcripts(layout)
    cut = all_passages(transcripts, settings)
    cited = {p.id: p.citation for p in cut}
    given = {id: coding.themes for id, coding in final.items()}
    found = inconsistencies(transcripts, cut, given, embedder(layout, settings))
    return [
        {
            "likeness": round(pair.likeness, 4),
            "passages": [
                {"passage": id, "citation": cited[id], "themes": sorted(given[id])}
                for id in (pair.first, pair.second)
            ],
        }
        for pair in found
    ]
