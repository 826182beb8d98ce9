"""What ``svp-nlp evaluate`` does: run the product on a gold set and score it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from svp_nlp.errors import GoldError
from svp_nlp.evaluation.degrade import degrade_all
from svp_nlp.evaluation.gold import GoldTranscript, load_gold, load_second_coder
from svp_nlp.evaluation.redaction import Miss, RedactionScore, score_redaction
from svp_nlp.evaluation.suggestions import (
    Key,
    SuggestionScore,
    TurnGold,
    TurnSuggestion,
    agreement,
    by_turn,
    gold_turns,
    score_suggestions,
)
from svp_nlp.model import Codebook, Finding, Span, Transcript
from svp_nlp.progress import Progress, silent
from svp_nlp.stats import Figure
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from svp_nlp.engines.protocols import Analyzer, Embedder
    from svp_nlp.redaction.roster import Roster

AROUND = 30
"""Code points shown either side of a miss."""


def evaluate_redaction(
    folder: Path,
    *,
    roster_dir: Path | None = None,
    degraded: bool = False,
    progress: Progress = silent,
    engine: Analyzer | None = None,
) -> RedactionScore:
    """Redact a gold set with the product and score what it found.

    Without rosters the set is one study. With *roster_dir* every file is a study of its own with the roster
    ``<id>.csv`` from there. *degraded* takes the set in lower case and without punctuation. *engine* is
    the product's own unless given. Raises GoldError, RosterError and ModelError.
    """
    gold = _gold_of(folder, degraded=degraded)
    if not any(one.mentions for one in gold):
        raise GoldError(
            f"no identifier is marked in the {plural(len(gold), 'file')} of {folder.name}",
            hint="mark every one: [[PERSON:p1|the name as it stands]]; docs/evaluation.md says how",
        )
    findings = detect_gold(gold, engine or _own_engine(), roster_dir=roster_dir, progress=progress)
    return score_redaction(gold, findings, neutral=load_neutral(folder))


def detect_gold(
    gold: Sequence[GoldTranscript],
    engine: Analyzer,
    *,
    roster_dir: Path | None = None,
    progress: Progress = silent,
) -> dict[str, tuple[Finding, ...]]:
    """Return what the product replaces in each transcript of *gold*, by id, linked and verified as ever."""
    from svp_nlp.redaction.detect import detect
    from svp_nlp.redaction.ledger import Ledger
    from svp_nlp.redaction.profiles import STRICT
    from svp_nlp.study.redacting import Work, conclude, counted

    done: dict[str, tuple[Finding, ...]] = {}
    for transcripts, roster in _studies(gold, roster_dir):
        found = detect(transcripts, roster=roster, engine=engine, progress=counted(progress))
        outcome = conclude(Work((), transcripts, roster, ()), found, Ledger(), STRICT)
        done |= {t.id: tuple(x) for t, x in zip(transcripts, outcome.findings, strict=True)}
    return done


def shown_misses(folder: Path, score: RedactionScore, *, degraded: bool = False) -> str:
    """Return misses and false alarms one a line, with their text and what stands round it."""
    transcripts = {g.id: g.transcript for g in _gold_of(folder, degraded=degraded)}
    found = (*score.misses, *score.false_alarms)
    return "\n".join(_shown(transcripts[miss.transcript], miss) for miss in found)


def load_neutral(folder: Path) -> dict[str, list[str]]:
    """Return the surfaces per transcript that count neither way, from ``neutral.json`` of the set, if any."""
    file = _home(folder) / "neutral.json"
    if not file.is_file():
        return {}
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return {str(id): [str(surface) for surface in surfaces] for id, surfaces in data.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise GoldError("neutral.json: a list of surfaces for each file was expected") from error


def evaluate_suggestions(
    folder: Path,
    *,
    codebook: Path | None = None,
    progress: Progress = silent,
    embedder: Embedder | None = None,
) -> SuggestionScore:
    """Suggest codes for a gold set with nothing confirmed, and score them beside plain baselines.

    Texts are redacted by the gold's own marks first, as the product sees clean text only. The codebook is
    *codebook*, else the founding study's where its themes are those of the gold, else ``codebook.yaml`` of
    the set. Files without any code are left out, as nobody coded them, and the notes say how many. A
    ``second_coder.csv`` is compared with the first coder. *embedder* is the default one unless given. Raises
    GoldError, CodebookError and ModelError.
    """
    whole = load_gold(folder)
    gold = [one for one in whole if one.coded_turns()] or whole
    units = gold_turns(gold)
    book = _codebook(folder, codebook, units)
    domains = {theme.id: theme.domain for theme in book.themes}
    transcripts = clean(gold)
    embed = embedder or _own_embedder()
    ours = suggest_turns(book, transcripts, embed, progress)
    systems = [score_suggestions(units, ours, domains)]
    for name, made in _baselines(units, transcripts, book, embed).items():
        systems.append(score_suggestions(units, made, domains, system=name, decides=False))
    notes = _notes(gold, units, book, embed.name)
    if left := len(whole) - len(gold):
        notes += (f"{plural(left, 'file', 'files')} without any code left out: nobody coded them",)
    return SuggestionScore(tuple(systems), _humans(folder, units, ours, book), notes)


def write_pictures(score: SuggestionScore, folder: Path) -> list[Path]:
    """Write calibration.svg, coverage.svg and confusion.csv of the first system into *folder*; return them.

    No file holds words of a transcript.
    """
    from svp_nlp.files import write_whole
    from svp_nlp.review.figures import curve_figure

    ours = score.systems[0]
    right = [(mean, share) for mean, share, turns in ours.calibration if turns]
    calibrated = {"suggested first": right, "if scores were shares": [(0.0, 0.0), (1.0, 1.0)]}
    rows = [f"{coded},{suggested},{turns}" for coded, suggested, turns in ours.confusion]
    written = {
        "calibration.svg": curve_figure(
            "Calibration: how often the first theme is right, by its score",
            calibrated,
            ("score", "share right"),
        ),
        "coverage.svg": curve_figure(
            "Coverage: how often the first theme is right among the surest",
            {"surest first": list(ours.coverage)},
            ("share of coded turns", "share right"),
        ),
        "confusion.csv": "\n".join(["coder,suggested first,turns", *rows, ""]),
    }
    for name, text in written.items():
        write_whole(folder / name, text)
    return [folder / name for name in written]


def suggest_turns(
    codebook: Codebook, transcripts: Mapping[str, Transcript], embedder: Embedder, progress: Progress = silent
) -> dict[Key, TurnSuggestion]:
    """Return what the product suggests for every turn, all themes ranked."""
    from svp_nlp.coding.segment import passages
    from svp_nlp.coding.suggest import ThemeSuggester, suggest_passages

    cut = [p for transcript in transcripts.values() for p in passages(transcript)]
    progress("suggesting codes", 0, len(cut))
    suggester = ThemeSuggester(codebook, embedder)
    made = suggest_passages(suggester, transcripts, cut, top=len(codebook.themes))
    progress("suggesting codes", len(cut), len(cut))
    return by_turn(cut, made)


def clean(gold: Sequence[GoldTranscript]) -> dict[str, Transcript]:
    """Return the transcripts with exactly the marked identifiers replaced."""
    from svp_nlp.redaction.ledger import Ledger
    from svp_nlp.redaction.link import link
    from svp_nlp.redaction.profiles import STRICT
    from svp_nlp.redaction.redact import redact
    from svp_nlp.redaction.roster import Roster

    transcripts = [one.transcript for one in gold]
    marked = [[Finding(m.span, m.label) for m in one.mentions] for one in gold]
    ledger, linked = link(transcripts, marked, roster=Roster(), ledger=Ledger())
    return {
        t.id: replace(redact(t, found, ledger=ledger, profile=STRICT).transcript, id=t.id)
        for t, found in zip(transcripts, linked, strict=True)
    }


def _own_engine() -> Analyzer:
    from svp_nlp.engines.models import model_path
    from svp_nlp.redaction.detect import default_engine

    return default_engine(model_path("en_core_web_md"))


def _own_embedder() -> Embedder:
    from svp_nlp.engines.models import model_path
    from svp_nlp.engines.sentence_transformers import SentenceEmbedder

    return SentenceEmbedder(model_path("all-MiniLM-L6-v2"))


def _home(folder: Path) -> Path:
    folder = Path(folder)
    return folder if (folder / "gold").is_dir() else folder.parent


def _gold_of(folder: Path, *, degraded: bool) -> tuple[GoldTranscript, ...]:
    gold = load_gold(folder)
    return degrade_all(gold) if degraded else gold


def _studies(
    gold: Sequence[GoldTranscript], roster_dir: Path | None
) -> list[tuple[tuple[Transcript, ...], Roster]]:
    from svp_nlp.redaction.roster import Roster, load_roster

    if roster_dir is None:
        return [(tuple(one.transcript for one in gold), Roster())]
    missing = [one.id for one in gold if not (Path(roster_dir) / f"{one.id}.csv").is_file()]
    if missing:
        raise GoldError(f"no roster for {', '.join(missing)}; a file ID.csv was expected for every gold file")
    return [((one.transcript,), load_roster(Path(roster_dir) / f"{one.id}.csv")) for one in gold]


def _shown(transcript: Transcript, miss: Miss) -> str:
    text = transcript.text
    before = text[max(0, miss.span.start - AROUND) : miss.span.start]
    after = text[miss.span.end : miss.span.end + AROUND]
    line = " ".join(f"{before}>>{transcript[Span(miss.span.start, miss.span.end)]}<<{after}".split())
    return (
        f"{miss.transcript} {miss.span.start}-{miss.span.end} {miss.kind} {miss.label} {miss.entity}: {line}"
    )


def _codebook(folder: Path, given: Path | None, units: Sequence[TurnGold]) -> Codebook:
    from svp_nlp.coding.codebook import founding_codebook, load_codebook

    if given is not None:
        return load_codebook(given)
    built_in, own = founding_codebook(), _home(folder) / "codebook.yaml"
    used = {theme for unit in units for theme in unit.themes}
    return built_in if used <= {t.id for t in built_in.themes} or not own.is_file() else load_codebook(own)


def _baselines(
    units: Sequence[TurnGold], transcripts: Mapping[str, Transcript], book: Codebook, embedder: Embedder
) -> dict[str, dict[Key, TurnSuggestion]]:
    from svp_nlp.evaluation import baselines

    texts = baselines.said(units, transcripts)
    return {
        "TF-IDF profile": baselines.tfidf_profile(units, texts, book),
        "commonest code": baselines.commonest(units, book),
        "similarity alone": baselines.similarity_alone(units, texts, book, embedder),
        "length alone": baselines.length_alone(units),
    }


def _humans(
    folder: Path, units: Sequence[TurnGold], ours: Mapping[Key, TurnSuggestion], book: Codebook
) -> dict[str, tuple[Figure, ...]]:
    """Return how the second coder, and our decisions on the same turns, agree with the first coder."""
    file = _home(folder) / "second_coder.csv"
    if not file.is_file():
        return {}
    second = load_second_coder(file)
    themes = tuple(theme.id for theme in book.themes)
    shared = [unit for unit in units if unit.key in second]
    return {
        "second coder": agreement(shared, second, themes),
        "svp-nlp": agreement(shared, {u.key: ours[u.key].decision for u in shared}, themes),
    }


def _notes(
    gold: Sequence[GoldTranscript], units: Sequence[TurnGold], book: Codebook, model: str
) -> tuple[str, ...]:
    from svp_nlp.coding.abstain import shipped_calibration

    coded = sum(bool(unit.themes) for unit in units)
    return (
        f"{len(units)} respondents' turns of {len(gold)} files, {coded} of them coded; nothing confirmed",
        f"codebook: {book.title}, version {book.version}; embeddings: {model}",
        f'stated: of coded turns at most {shipped_calibration().missed:.0%} are told "none"; '
        'found: see "says none, of coded turns"',
    )
