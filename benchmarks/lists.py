"""Measure what public lists add: names of a list said in interviews, and what they cost on marked sets.

    python benchmarks/lists.py [SET ...]

The lists are made here: rows as CMS and IPEDS have them, of census surnames, towns and saints with the kinds
of houses those registers hold, and well-known hospitals of the United States, written from knowledge. Up to
two hundred of each kind are said in sentences, in full, short, and in full in lower case without punctuation;
counted is how many are covered by what is found, without lists and with them. Each SET (gold/ and raw/) is
scored without lists, with them, and with its own sites added in capitals, as a register would have them.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Analyzer
from svp_nlp.evaluation.commands import detect_gold, load_neutral
from svp_nlp.evaluation.gold import load_gold
from svp_nlp.evaluation.redaction import score_redaction
from svp_nlp.model import Label
from svp_nlp.reading import read_text
from svp_nlp.redaction.detect import default_engine, detect
from svp_nlp.redaction.lexicon import cities, surnames
from svp_nlp.redaction.lists import NameList, load_list

MODEL = "en_core_web_md"


def names_in(listing: str) -> list[str]:
    """Return the names of *listing*, which a bar parts."""
    return listing.split("|")


WELL_KNOWN = names_in(
    "MASSACHUSETTS GENERAL HOSPITAL|BETH ISRAEL DEACONESS MEDICAL CENTER|BAYSTATE MEDICAL CENTER|"
    "THE MIRIAM HOSPITAL|YALE-NEW HAVEN HOSPITAL|STAMFORD HOSPITAL|MONTEFIORE MEDICAL CENTER|"
    "MAIMONIDES MEDICAL CENTER|BELLEVUE HOSPITAL CENTER|CROUSE HOSPITAL|STRONG MEMORIAL HOSPITAL|"
    "MORRISTOWN MEDICAL CENTER|COOPER UNIVERSITY HOSPITAL|GEISINGER MEDICAL CENTER|"
    "UPMC PRESBYTERIAN SHADYSIDE|ALLEGHENY GENERAL HOSPITAL|JOHNS HOPKINS HOSPITAL, THE|"
    "SINAI HOSPITAL OF BALTIMORE|INOVA FAIRFAX HOSPITAL|SENTARA NORFOLK GENERAL HOSPITAL|"
    "GRADY MEMORIAL HOSPITAL|TAMPA GENERAL HOSPITAL|ADVENTHEALTH ORLANDO|NORTON HOSPITALS, INC|"
    "METROHEALTH SYSTEM|CHRIST HOSPITAL|HENRY FORD HOSPITAL|NORTHWESTERN MEMORIAL HOSPITAL|"
    "LOYOLA UNIVERSITY MEDICAL CENTER|REGIONS HOSPITAL|BARNES JEWISH HOSPITAL|NEBRASKA MEDICAL CENTER|"
    "HOUSTON METHODIST HOSPITAL|BEN TAUB GENERAL HOSPITAL|INTERMOUNTAIN MEDICAL CENTER|"
    "SUNRISE HOSPITAL AND MEDICAL CENTER|RENOWN REGIONAL MEDICAL CENTER|HUNTINGTON HOSPITAL|"
    "SCRIPPS MERCY HOSPITAL|HARBORVIEW MEDICAL CENTER|LEGACY EMANUEL MEDICAL CENTER|"
    "SWEDISH MEDICAL CENTER|QUEEN'S MEDICAL CENTER|GOOD SAMARITAN HOSPITAL|HOLY CROSS HOSPITAL|"
    "COMMUNITY HOSPITAL|MEMORIAL HOSPITAL|UNIVERSITY HOSPITAL|MERCY HOSPITAL|HOPE HOSPITAL"
)
HOUSES = names_in(
    "HOSPITAL|MEDICAL CENTER|REGIONAL MEDICAL CENTER|MEMORIAL HOSPITAL|COMMUNITY HOSPITAL|"
    "GENERAL HOSPITAL|COUNTY HOSPITAL|HEALTH SYSTEM|CLINIC|REHABILITATION HOSPITAL|SURGICAL HOSPITAL|"
    "CRITICAL ACCESS HOSPITAL"
)
SAINTS = names_in(
    "ST MARY'S|ST JOSEPH|ST LUKE'S|SAINT THOMAS|OUR LADY OF LOURDES|SACRED HEART|GOOD SHEPHERD|"
    "HOLY FAMILY|MERCY|TRINITY|BAPTIST|METHODIST|PRESBYTERIAN|PROVIDENCE|HOPE|GRACE|UNITY|VALLEY|LAKE|"
    "RIVERSIDE|SUMMIT|PARK"
)
SCHOOLS = names_in(
    "Community College|University|State University|College|Beauty College|Institute of Technology|"
    "College of Nursing|University-Main Campus|Career Institute|Bible College"
)
SENTENCES = (
    "And before that I was at {} for a while.",
    "They do it that way over at {} too.",
    "She had trained at {}, I think.",
    "{} called us back the next day.",
    "We use what {} wrote.",
    "It was different from {}, where nobody asked.",
    "So {} had a form for that.",
    "We got the idea from {}.",
)
BETWEEN = " It went on like that for months and the families waited."
SAID = 200
SMALL = {"of", "and", "the", "at"}
LEFT_OUT = {
    "hospital",
    "hospitals",
    "medical",
    "center",
    "clinic",
    "health",
    "system",
    "university",
    "college",
}


def hospitals(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield 5,400 hospitals with their towns."""
    towns, names = [town.upper() for town in cities()], [name.upper() for name in list(surnames())[:6000]]
    yield from ((name, chance.choice(towns)) for name in WELL_KNOWN)
    for _ in range(5400 - len(WELL_KNOWN)):
        town, saint = chance.choice(towns), chance.choice(SAINTS)
        named = chance.choice([town, chance.choice(names), saint, f"{saint} {town}"])
        yield f"{named} {chance.choice(HOUSES)}", town


def schools(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield 6,500 colleges and universities with their towns."""
    towns, names = [town.title() for town in cities()], [name.title() for name in list(surnames())[:6000]]
    for _ in range(6500):
        town = chance.choice(towns)
        yield f"{chance.choice([town, chance.choice(names)])} {chance.choice(SCHOOLS)}", town


def register(path: Path, head: Sequence[str], rows: Sequence[tuple[str, str]]) -> NameList:
    """Write *rows* as a register does and read it as the product does."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return load_list(path)


def spoken(name: str) -> str:
    """Return a name of a register as a transcript has it."""
    name = re.sub(r"(?:, THE|, INC|-Main Campus)$", "", name)
    return " ".join(
        w.lower() if w.lower() in SMALL else "-".join(map(_capital, w.split("-"))) for w in name.split()
    )


def _capital(word: str) -> str:
    return word if word in ("UPMC",) else word[:1].upper() + word[1:].lower()


def short(name: str) -> str:
    """Return a name without the head nouns at its end."""
    words = spoken(name).split()
    while len(words) > 1 and words[-1].lower() in LEFT_OUT:
        words.pop()
    return " ".join(words)


def found(names: Sequence[str], engine: Analyzer, *, low: bool) -> float:
    """Return the share of *names* covered when ten of them are said in each interview."""
    covered = 0
    for start in range(0, len(names), 10):
        said = [re.sub(r"[.,]", "", n.lower()) if low else n for n in names[start : start + 10]]
        turns = [SENTENCES[i % len(SENTENCES)].format(n) + BETWEEN for i, n in enumerate(said)]
        lines = [re.sub(r"[.,]", "", turn.lower()) if low else turn for turn in turns]
        transcript = read_text("\n\n".join(f"RESPONDENT: {line}" for line in lines))
        spans = [finding.span for finding in detect([transcript], engine=engine)[0]]
        at = 0
        for name in said:
            at = transcript.text.index(name, at)
            letters = [at + n for n, c in enumerate(name) if c.isalnum()]
            covered += all(any(span.start <= p < span.end for span in spans) for p in letters)
    return covered / len(names)


def scored(folder: Path, engine: Analyzer) -> str:
    """Return recall, precision and false alarms on a set, and the CPU seconds it took."""
    gold = load_gold(folder)
    detect_gold(gold[:1], engine)
    start = time.process_time()
    findings = detect_gold(gold, engine)
    seconds = time.process_time() - start
    score = score_redaction(gold, findings, neutral=load_neutral(folder))
    figures = ("recall", "recall INSTITUTION", "precision by characters", "false alarms per 1,000 words")
    return " | ".join([*(str(score[name]) for name in figures), f"{seconds:.1f}"])


def sites(folders: Sequence[Path]) -> list[str]:
    """Return the institutions with a head noun that people marked in the sets, in capitals."""
    named = {
        " ".join(one.transcript[mention.span].split()).upper()
        for folder in folders
        for one in load_gold(folder)
        for mention in one.mentions
        if mention.label is Label.INSTITUTION
    }
    return sorted(name for name in named if len(name.split()) > 1 and set(name.lower().split()) & LEFT_OUT)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sets", nargs="*", type=Path, metavar="SET")
    folders = parser.parse_args(arguments).sets
    chance = random.Random(7)
    cms, ipeds = list(hospitals(chance)), list(schools(chance))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        start = time.process_time()
        lists = [
            register(home / "cms.csv", ("Facility Name", "City/Town"), cms),
            register(home / "ipeds.csv", ("INSTNM", "CITY"), ipeds),
        ]
        known = register(
            home / "sites.csv", ("Facility Name", "City"), [(n, "") for n in sites(folders)] or cms
        )
    model = model_path(MODEL)
    engines = {"without": default_engine(model), "with lists": default_engine(model, lists)}
    print(
        f"{sum(map(len, lists))} names written, read and indexed in {time.process_time() - start:.1f} CPU s"
    )
    print("\n| said | form | without | with lists |\n|---|---|---|---|")
    kinds = {"well-known hospitals": WELL_KNOWN, "CMS-like": [n for n, _ in cms[len(WELL_KNOWN) :]]}
    kinds["IPEDS-like"] = [n for n, _ in ipeds]
    for kind, pool in kinds.items():
        names = chance.sample(pool, min(SAID, len(pool)))
        for form, words in (("in full", spoken), ("short", short), ("in full, lower case", spoken)):
            said, low = list(map(words, names)), "lower" in form
            shares = [f"{found(said, engine, low=low):.3f}" for engine in engines.values()]
            print(f"| {kind} | {form} | {' | '.join(shares)} |", flush=True)
    engines["with lists and sites"] = default_engine(model, [*lists, known])
    print("\n| set | | recall | recall INSTITUTION | precision | false alarms per 1,000 words | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for folder in folders:
        for way, engine in engines.items():
            print(f"| {folder.name} | {way} | {scored(folder, engine)} |", flush=True)


if __name__ == "__main__":
    main()
