"""Turn the bank of snippets into labelled training text, as speech recognition and transcribers give it.

    python fill.py [--count N] [--seed N] [--split train|held]      # look at what comes out

A sample is a list of turns; a turn is its text with labelled ranges. Text is lower-cased; half of the samples
lose their punctuation, some get fillers and repeated words.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from values import Values

from svp_nlp.model import Label
from svp_nlp.redaction import lexicon

HERE = Path(__file__).parent
BANK = HERE / "bank"
SLOT = re.compile(
    r"\{(?P<kind>[a-z_]+)(?::(?P<number>\w+))?\}|\[\[(?P<label>[A-Z_]+)\|(?P<surface>[^\]]+)\]\]"
)
SPEAKER = re.compile(
    r"(?:^|(?<=[.!?\"'…\-] )|(?<=\n))(?:[A-Z][\w.']*|\{(?:first|last|person|initials|title_last)(?::\w+)?\})"
    r"(?: [A-Z]?[\w.']+){0,2}: "
)
"""A speaker label at the start of a turn; running text has none, so snippets lose them."""

Segment = tuple[str, Label | None]
Maker = Callable[[Values, dict[str, str]], str]

SLOTS: dict[str, tuple[Label | None, Maker]] = {
    "person": (Label.PERSON, Values.full_name),
    "first": (Label.PERSON, lambda v, e: v.person(e)["first"]),
    "last": (Label.PERSON, lambda v, e: v.person(e)["last"]),
    "nick": (Label.PERSON, Values.nick),
    "initials": (Label.PERSON, Values.initials),
    "spelled": (Label.PERSON, Values.spelled),
    "hospital": (Label.INSTITUTION, Values.hospital),
    "system": (Label.INSTITUTION, Values.system),
    "university": (Label.INSTITUTION, Values.university),
    "agency": (Label.INSTITUTION, Values.agency),
    "company": (Label.INSTITUTION, Values.company),
    "short_inst": (Label.INSTITUTION, Values.short),
    "acronym": (Label.INSTITUTION, Values.letters),
    "programme": (Label.INSTITUTION, Values.programme),
    "unit_named": (Label.INSTITUTION, Values.unit),
    "school": (Label.INSTITUTION, Values.school),
    "church": (Label.INSTITUTION, Values.church),
    "city": (Label.LOCATION, lambda v, _: v.city()),
    "state": (Label.LOCATION, lambda v, _: v.rng.choice(v.regions)),
    "country": (None, lambda v, _: v.of("countries")),
    "street": (Label.LOCATION, lambda v, _: v.street()),
    "neighbourhood": (Label.LOCATION, lambda v, _: v.neighbourhood()),
    "landmark": (Label.LOCATION, lambda v, _: v.landmark()),
    "date": (Label.DATE, lambda v, _: v.date()),
    "month": (Label.DATE, lambda v, _: v.month()),
    "weekday_date": (Label.DATE, lambda v, _: v.weekday_date()),
    "holiday": (Label.DATE, lambda v, _: v.holiday()),
    "year": (Label.DATE_YEAR, lambda v, _: v.year()),
    "age": (Label.AGE, lambda v, _: v.age()),
    "phone": (Label.CONTACT, lambda v, _: v.phone()),
    "pager": (Label.CONTACT, lambda v, _: v.digits(v.rng.choice((3, 4, 4, 5)))),
    "email": (Label.CONTACT, lambda v, _: v.email()),
    "email_spoken": (Label.CONTACT, lambda v, _: v.email_spoken()),
    "url": (Label.CONTACT, lambda v, _: v.url()),
    "handle": (Label.CONTACT, lambda v, _: v.handle()),
    "mrn": (Label.ID, lambda v, _: v.digits(v.rng.randint(5, 9))),
    "id_number": (Label.ID, lambda v, _: v.identifier()),
    "case_number": (Label.ID, lambda v, _: v.case_number()),
    "room": (Label.ID, lambda v, _: v.room()),
    "dept": (None, lambda v, _: v.of("departments")),
    "food": (None, lambda v, _: v.of("foods")),
    "drug": (None, lambda v, _: v.of("drugs")),
    "event": (None, lambda v, _: v.of("events")),
    "role": (None, lambda v, _: v.of("jobs")),
    "guard": (None, lambda v, _: v.rng.choice(v.guards)),
    "letters": (None, lambda v, _: v.known_letters()),
    "jargon": (None, lambda v, _: v.rng.choice(v.jargon)),
    "number": (None, lambda v, _: v.amount()),
    "ordinal": (None, lambda v, _: v.of("ordinals")),
}
"""What each slot becomes, and its label; "title_last" is a title outside the label and a surname in it."""

SAME_PLACE: dict[str, tuple[str, ...]] = {
    "hospital": ("short_inst", "short_inst", "system", "acronym", "university", "hospital"),
    "short_inst": ("hospital", "acronym", "short_inst"),
    "system": ("hospital", "short_inst", "company"),
    "university": ("short_inst", "acronym", "hospital"),
    "first": ("nick", "person", "last"),
    "nick": ("first", "first", "last"),
    "person": ("person", "first", "title_last"),
    "title_last": ("person", "first", "title_last"),
    "city": ("city", "neighbourhood", "state", "city"),
    "neighbourhood": ("city", "landmark"),
    "programme": ("programme", "programme", "acronym"),
    "agency": ("agency", "company", "short_inst"),
    "company": ("company", "agency", "acronym"),
}
"""Slots that may stand in one another's place, for sentences that nobody wrote."""

OTHERS: dict[Label, tuple[str, ...]] = {
    Label.PERSON: ("first", "last", "first", "nick"),
    Label.INSTITUTION: (
        "programme",
        "short_inst",
        "unit_named",
        "company",
        "hospital",
        "acronym",
        "programme",
    ),
    Label.LOCATION: ("city", "neighbourhood", "landmark", "street"),
}
"""What may stand in the place of a name written by hand, so that it is known by its place and not by heart."""

FILLERS = ("um", "uh", "like", "you know", "i mean", "er", "well", "so", "right", "erm")


@dataclass(frozen=True)
class Turn:
    """One turn: text, and ranges of it with their labels."""

    text: str
    spans: tuple[tuple[int, int, Label], ...]


def snippets(split: str, folder: Path = BANK) -> list[str]:
    """Return the bank's snippets of one split: every tenth, by its words, is held out."""
    lines = [
        line.strip()
        for file in sorted(folder.glob("*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [s for s in lines if s and (zlib.crc32(s.encode()) % 10 == 0) is (split == "held")]


def fill(snippet: str, values: Values, *, swap: float = 0.3) -> list[Segment]:
    """Return *snippet* with its slots filled; a share *swap* of the unnumbered ones by another kind of slot."""
    entities: dict[str, dict[str, str]] = {}
    others: dict[str, list[Segment]] = {}
    segments: list[Segment] = []
    at = 0
    for match in SLOT.finditer(snippet):
        segments.append((snippet[at : match.start()], None))
        at = match.end()
        if match["label"]:
            segments += _by_hand(match, values, others, swap)
            continue
        kind, number = match["kind"], match["number"]
        if not number and kind in SAME_PLACE and values.chance(swap):
            kind = values.rng.choice(SAME_PLACE[kind])
        if not number and kind in ("hospital", "short_inst", "acronym", "agency") and values.chance(0.1):
            kind = values.rng.choice(("dept", "guard", "letters", "dept"))  # what stands there and is no name
        entity = entities.setdefault(number, {}) if number else {}
        segments += _slot(kind, values, entity, snippet[: match.start()])
    segments.append((snippet[at:], None))
    return segments


def _by_hand(
    match: re.Match[str], values: Values, others: dict[str, list[Segment]], swap: float
) -> list[Segment]:
    """Return a name written by hand, or the one that stands for it all through the snippet."""
    surface, label = match["surface"], Label(match["label"])
    if surface not in others:
        others[surface] = [(surface, label)]
        if label in OTHERS and values.chance(swap):
            whole = label is Label.PERSON and " " in surface
            kind = "person" if whole else values.rng.choice(OTHERS[label])
            others[surface] = _slot(kind, values, {}, match.string[: match.start()])
    return others[surface]


def _slot(kind: str, values: Values, entity: dict[str, str], before: str) -> list[Segment]:
    if kind == "title_last":
        title = values.of("titles")
        return [(f"{title} ", None), (values.person(entity)["last"], Label.PERSON)]
    label, make = SLOTS[kind]
    value = make(values, entity).strip()
    if value.startswith("the "):
        # An article is no part of a name, and is said once.
        value = value.removeprefix("the ")
        if not before.lower().endswith("the "):
            return [("the ", None), (value, label)]
    return [(value, label)]


def turns_of(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Cut a snippet at its speaker labels and drop them."""
    text = "".join(s for s, _ in segments)
    cuts = [m.span() for m in SPEAKER.finditer(text)]
    if not cuts:
        return [list(segments)]
    spoken, at = [], 0
    for start, end in [*cuts, (len(text), len(text))]:
        spoken.append(_within(segments, at, start))
        at = end
    return [turn for turn in spoken if any(s.strip() for s, _ in turn)]


def _within(segments: Sequence[Segment], start: int, end: int) -> list[Segment]:
    found, at = [], 0
    for text, label in segments:
        low, high = max(start, at), min(end, at + len(text))
        if low < high and (label is None or (low, high) == (at, at + len(text))):
            found.append((text[low - at : high - at], label))
        at += len(text)
    return found


def speak(segments: Sequence[Segment], rng: random.Random, noise: float) -> list[Segment]:
    """Put fillers between words and say words twice, where nothing is labelled."""
    if not noise:
        return list(segments)
    spoken: list[Segment] = []
    for text, label in segments:
        if label is None:
            words = []
            for word in text.split(" "):
                words.append(word)
                if word and rng.random() < noise:
                    words.append(rng.choice((rng.choice(FILLERS), word)))
            text = " ".join(words)
        spoken.append((text, label))
    return spoken


def written(segments: Sequence[Segment], *, punctuation: bool) -> Turn:
    """Join segments to a lower-case turn; without *punctuation* marks stay only inside words."""
    text = "".join(_low(s) for s, _ in segments)
    spans, at, out, starts = [], 0, [], []
    length = 0
    for i, character in enumerate(text):
        starts.append(length)
        if punctuation or character.isalnum() or character.isspace() or _inside(text, i):
            out.append(character)
            length += 1
    starts.append(length)
    for surface, label in segments:
        if label is not None:
            spans.append((starts[at], starts[at + len(surface)], label))
        at += len(surface)
    return Turn("".join(out), tuple(_named_in_one(spans, "".join(out))))


def _named_in_one(spans: Sequence[tuple[int, int, Label]], text: str) -> Iterator[tuple[int, int, Label]]:
    """Join first name and surname of one person; leave out what has lost all its letters."""
    held: tuple[int, int, Label] | None = None
    for span in spans:
        if span[1] <= span[0]:
            continue
        if held and held[2] is span[2] is Label.PERSON and text[held[1] : span[0]] == " ":
            held = (held[0], span[1], Label.PERSON)
            continue
        if held:
            yield held
        held = span
    if held:
        yield held


def _low(text: str) -> str:
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text.replace("’", "'").replace("\n", " "))


def _inside(text: str, i: int) -> bool:
    return 0 < i < len(text) - 1 and text[i - 1].isalnum() and text[i + 1].isalnum()


INSERTIONS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), tuple(options.split("|")))
    for pattern, options in (
        ("(?:the|my|a) (?:nurse|midwife|doctor|consultant|surgeon|therapist|receptionist|dentist|social worker|keyworker|counsellor|psychologist)",
         "{0} {first}|{first}|{title_last}|{0}, {first},|{0} called {first}|{person}|{0} {person}"),
        ("the (?:nurses|doctors|staff)", "{first} and {first}|{0}, {first} and {first},|{0} at {short_inst}|{first}, {first} and {first}|{title_last} and {title_last}"),
        ("the (?:hospital|surgery|clinic|practice|centre|department|home)",
         "{hospital}|{short_inst}|{hospital}|the {short_inst}|{0} in {city}|{acronym}|{0} on {street}"),
        ("the ward|this ward|the unit", "{unit_named}|{0}, {unit_named},|the {unit_named}"),
        ("(?:the|this|your) (?:service|team|group|course|programme|project|support)",
         "{programme}|the {programme} {1}|{0}, {programme},|{programme}|the {programme}|{0} they call {programme}|{0} from {programme}"),
        ("(?:my|our) (?:daughter|son|husband|wife|mother|father|mum|dad|sister|brother|partner|friend|baby)",
         "{0} {first}|{first}|{0}, {first},|{0} {nick}|{first}, {0},"),
        ("last (?:week|month|year)|recently|yesterday|today", "on {date}|in {month}|in {year}|{weekday_date}|{date}|on {holiday}"),
        ("(?:i am|i'm|she is|he is) (?=\\d|very|so|in|not)", "{0} {age} and "),
        ("everyone|everybody|the people", "{first}|everyone at {short_inst}|{first} and everyone at {programme}|all at {hospital}"),
    )
)  # fmt: skip
"""How identifiers get into comments that hold none: {0} are the words found, {1} the last of them."""


def with_identifiers(comment: str, rng: random.Random) -> str:
    """Return an anonymous comment as a snippet: some of its general words become slots."""
    places = [(m, options) for pattern, options in INSERTIONS for m in pattern.finditer(comment)]
    rng.shuffle(places)
    chosen: list[tuple[re.Match[str], tuple[str, ...]]] = []
    for match, options in places:
        if len(chosen) < 3 and not any(
            m.start() < match.end() and match.start() < m.end() for m, _ in chosen
        ):
            chosen.append((match, options))
    for match, options in sorted(chosen, key=lambda c: -c[0].start()):
        made = rng.choice(options).replace("{0}", match[0]).replace("{1}", match[0].split()[-1])
        comment = comment[: match.start()] + made + comment[match.end() :]
    return comment


_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")


def comments(file: Path) -> list[str]:
    """Return the comments of a units.csv (column "text") without braces and without what may be a name."""
    with file.open(encoding="utf-8", newline="") as stream:
        texts = [" ".join(row["text"].split()) for row in csv.DictReader(stream)]
    return [
        t
        for t in texts
        if 20 < len(t) < 900 and not set("{}[]") & set(t) and not any(map(_may_be_name, _CAPITAL.findall(t)))
    ]


@cache
def _may_be_name(word: str) -> bool:
    return lexicon.on_name_lists(word.lower()) and not lexicon.ordinary(word)


class Samples:
    """Draws samples: one to four snippets or comments after another, as turns."""

    def __init__(self, split: str, seed: int, plain: Sequence[Path] = (), folder: Path = BANK) -> None:
        self.rng = random.Random(seed)
        self.values = Values(self.rng, split)
        self.bank = snippets(split, folder)
        self.traps = [
            s
            for s in self.bank
            if re.search(r"\{(?:dept|food|drug|event|role|guard|letters|jargon|number)\}", s)
        ]
        self.rich = [s for s in self.bank if re.search(r"\{(?:programme|short_inst|acronym|unit_named)", s)]
        texts = [t for file in plain for t in comments(file)]
        self.comments = [t for t in texts if (zlib.crc32(t.encode()) % 10 == 0) is (split == "held")]

    def snippet(self) -> str:
        """Return one snippet with its slots: from the bank, or a comment with or without identifiers."""
        at = self.rng.random()
        if at > 0.95:
            return self.rng.choice(self.traps)
        if self.comments and at < 0.15:
            comment = self.rng.choice(self.comments)
            return comment if at < 0.07 else with_identifiers(comment, self.rng)
        return self.rng.choice(self.rich if at > 0.87 else self.bank)

    def sample(self) -> list[Turn]:
        """Return the turns of one sample."""
        punctuation = self.rng.random() < 0.45
        noise = self.rng.choice((0.0, 0.0, 0.02, 0.05))
        turns: list[Turn] = []
        for _ in range(self.rng.choice((1, 2, 2, 3))):
            filled = fill(self.snippet(), self.values)
            turns += [written(speak(t, self.rng, noise), punctuation=punctuation) for t in turns_of(filled)]
        return turns

    def __iter__(self) -> Iterator[list[Turn]]:
        while True:
            yield self.sample()


def main() -> None:
    """Print samples with their labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", default="train")
    parser.add_argument("--plain", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    samples = Samples(options.split, options.seed, options.plain)
    for _ in range(options.count):
        for turn in samples.sample():
            text = turn.text
            for start, end, label in sorted(turn.spans, reverse=True):
                text = f"{text[:start]}[[{label}|{text[start:end]}]]{text[end:]}"
            print(text)
        print()


if __name__ == "__main__":
    main()
