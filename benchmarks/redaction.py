"""Measure redaction beside other tools: same texts, same scorer, one run.

    python benchmarks/redaction.py SET [SET ...] [--json FILE]

A SET is a folder with gold/ and raw/ (docs/evaluation.md says how to mark one's own). Systems: this product
without and (where SET/rosters exists) with rosters and on text without capitals and punctuation; Presidio as
it comes; Presidio with ORGANIZATION on; spaCy's entities alone; scrubadub where it is installed (it is no
dependency: it brings a library under the LGPL). Every spaCy in it is the same model file. Speed is words a
CPU second as a ratio to Presidio as it comes; models are loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Analyzer
from svp_nlp.errors import SvpError
from svp_nlp.evaluation.commands import detect_gold, load_neutral
from svp_nlp.evaluation.degrade import degrade_all
from svp_nlp.evaluation.gold import GoldTranscript, load_gold
from svp_nlp.evaluation.redaction import RedactionScore, score_redaction, words_of
from svp_nlp.model import Finding, Label, Span
from svp_nlp.redaction.detect import default_engine

Detect = Callable[[Sequence[GoldTranscript]], dict[str, tuple[Finding, ...]]]

MODEL = "en_core_web_md"
ROWS = (
    "recall",
    *(f"recall {label}" for label in Label),
    "entities, every mention",
    "files without a miss",
    "precision by characters",
    "false alarms per 1,000 words",
    "label right, of those found",
    "words in the review queue",
    "recall after the queue",
    "precision after the queue",
)
LABELS = {
    "PERSON": Label.PERSON,
    "NAME": Label.PERSON,
    "ORGANIZATION": Label.INSTITUTION,
    "ORG": Label.INSTITUTION,
    "FAC": Label.INSTITUTION,
    "LOCATION": Label.LOCATION,
    "GPE": Label.LOCATION,
    "LOC": Label.LOCATION,
    "NRP": Label.LOCATION,
    "NORP": Label.LOCATION,
    "DATE_TIME": Label.DATE,
    "DATE": Label.DATE,
    "EMAIL_ADDRESS": Label.CONTACT,
    "EMAIL": Label.CONTACT,
    "PHONE_NUMBER": Label.CONTACT,
    "PHONE": Label.CONTACT,
    "URL": Label.CONTACT,
    "IP_ADDRESS": Label.CONTACT,
    "TWITTER": Label.CONTACT,
    "POSTALCODE": Label.CONTACT,
}
"""How other tools' types are read; every other type counts as ID. Only "label right" depends on it."""


@dataclass(frozen=True)
class Row:
    """One system on one set."""

    system: str
    score: RedactionScore
    words_a_second: float


def presidio(*, organizations: bool) -> Detect:
    """Presidio as it comes, but with the model from the local folder and without asking the network."""
    import tldextract
    import yaml
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer import __file__ as package
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    conf = yaml.safe_load((Path(package).parent / "conf" / "default.yaml").read_text(encoding="utf-8"))
    ner = conf["ner_model_configuration"]
    if organizations:
        ner["labels_to_ignore"].remove("ORGANIZATION")
    engine = SpacyNlpEngine(
        [{"lang_code": "en", "model_name": str(model_path(MODEL))}], NerModelConfiguration.from_dict(ner)
    )
    engine.load()
    analyzer = AnalyzerEngine(nlp_engine=engine)

    def hits(text: str) -> list[tuple[int, int, str]]:
        return [(r.start, r.end, r.entity_type) for r in analyzer.analyze(text, language="en")]

    return _each(hits)


def spacy_alone() -> Detect:
    """Names of people, organizations, places and dates as spaCy's model alone sees them."""
    import spacy

    nlp = spacy.load(model_path(MODEL), exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    kinds = {"PERSON", "ORG", "FAC", "GPE", "LOC", "DATE"}

    def hits(text: str) -> list[tuple[int, int, str]]:
        return [(e.start_char, e.end_char, e.label_) for e in nlp(text).ents if e.label_ in kinds]

    return _each(hits)


def scrubadub() -> Detect:
    """Every detector scrubadub loads by itself."""
    import scrubadub as tool

    scrubber = tool.Scrubber()

    def hits(text: str) -> list[tuple[int, int, str]]:
        return [(f.beg, f.end, str(f.type).upper()) for f in scrubber.iter_filth(text)]

    return _each(hits)


def ours(engine: Analyzer, roster_dir: Path | None = None) -> Detect:
    """The product: found, linked, replaced and verified."""
    return partial(detect_gold, engine=engine, roster_dir=roster_dir)


def _each(hits: Callable[[str], list[tuple[int, int, str]]]) -> Detect:
    def detect(gold: Sequence[GoldTranscript]) -> dict[str, tuple[Finding, ...]]:
        return {
            one.id: tuple(
                Finding(Span(start, end), LABELS.get(kind, Label.ID))
                for start, end, kind in hits(one.transcript.text)
            )
            for one in gold
        }

    return detect


def measure(folder: Path, systems: dict[str, Detect]) -> dict[str, list[Row]]:
    """Score every system on one set, as it is and made harder by script."""
    gold = load_gold(folder)
    engine = default_engine(model_path(MODEL))
    own = {"svp-nlp": ours(engine)}
    if (folder / "rosters").is_dir():
        own["svp-nlp, roster"] = ours(engine, folder / "rosters")
    variants = {folder.name: gold, f"{folder.name}, lower case without punctuation": degrade_all(gold)}
    return {
        title: [_row(name, detect, texts, folder) for name, detect in (own | systems).items()]
        for title, texts in variants.items()
    }


def _row(name: str, detect: Detect, gold: Sequence[GoldTranscript], folder: Path) -> Row:
    print(f"{folder.name}: {name}", file=sys.stderr)
    findings, seconds = _timed(detect, gold)
    words = _words(gold)
    return Row(name, score_redaction(gold, findings, neutral=load_neutral(folder)), words / seconds)


def words_a_second(detect: Detect, gold: Sequence[GoldTranscript]) -> float:
    """Return how many words a CPU second *detect* reads, models loaded before."""
    return _words(gold) / _timed(detect, gold)[1]


def _timed(detect: Detect, gold: Sequence[GoldTranscript]) -> tuple[dict[str, tuple[Finding, ...]], float]:
    detect(gold[:1])  # loads what is loaded on first use
    start = time.process_time()
    findings = detect(gold)
    return findings, time.process_time() - start


def _words(gold: Sequence[GoldTranscript]) -> int:
    return sum(len(words_of(one.transcript)) for one in gold)


def markdown(title: str, rows: Sequence[Row]) -> str:
    """Lay out one set as a Markdown table: a column a system, a row a figure."""
    unit = next(row.words_a_second for row in rows if row.system == "Presidio")
    mentions = rows[0].score["recall"].of
    lines = [
        f"### {title}: {len(rows[0].score.files)} files, {mentions} identifiers",
        "",
        "| | " + " | ".join(row.system for row in rows) + " |",
        "|---|" + "---|" * len(rows),
    ]
    for name in ROWS:
        cells = [_cell(row.score, name) for row in rows]
        if any(cells):
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    speed = " | ".join(f"{row.words_a_second / unit:.2f}" for row in rows)
    lines.append(f"| words a CPU second, Presidio = 1 | {speed} |")
    return "\n".join(lines)


def _cell(score: RedactionScore, name: str) -> str:
    found = [f for f in score.figures if f.name == name]
    if not found or found[0].value != found[0].value:
        return ""
    figure = found[0]
    digits = 1 if name.startswith("false alarms") else 3
    bounds = f" [{figure.low:.{digits}f}, {figure.high:.{digits}f}]" if figure.low == figure.low else ""
    return f"{figure.value:.{digits}f}{bounds}"


def as_json(results: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Return every figure, without positions of misses."""
    return {
        title: {
            row.system: {
                "figures": [figure.as_dict() for figure in row.score.figures],
                "words_a_cpu_second": round(row.words_a_second),
            }
            for row in rows
        }
        for title, rows in results.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # deprecations inside the tools compared
    systems = {
        "Presidio": presidio(organizations=False),
        "Presidio + ORGANIZATION": presidio(organizations=True),
        "spaCy alone": spacy_alone(),
    }
    if find_spec("scrubadub"):
        systems["scrubadub"] = scrubadub()
    try:
        results = {t: rows for folder in arguments.sets for t, rows in measure(folder, systems).items()}
    except SvpError as problem:
        print(problem, file=sys.stderr)
        return 1
    print("\n\n".join(markdown(title, rows) for title, rows in results.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(results), indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
