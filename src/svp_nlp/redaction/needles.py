"""What the leak check looks for, and how much evidence each thing needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from svp_nlp.model import Label
from svp_nlp.redaction.guards import describes_people, is_guarded
from svp_nlp.redaction.ledger import Ledger
from svp_nlp.redaction.lexicon import on_name_lists, short_forms
from svp_nlp.redaction.names import DIGITS, HEADS, Name
from svp_nlp.redaction.profiles import SHIFT, Mention, Profile
from svp_nlp.redaction.roster import Roster
from svp_nlp.redaction.spoken import MONTH_NAMES
from svp_nlp.redaction.words import TITLES, everyday, fold, is_known_word, is_spelled

_MONTHS = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sept sep oct nov dec"
)
MONTHS = frozenset(_MONTHS.split())
# Two capitals that mean something else in any hospital: never looked for outside speaker labels.
_ABBREVIATIONS = (
    "or er ed it pa md rn np ms ma mr dr iv id hr pr qi qa pi pt ot rt ob gi gu ct mi ii ad am pm us uk "
    "tv ok cv la ca al ak az ar co de fl ga hi ia il in ks ky me mn mo mt nc nd ne nh nj nm nv ny oh ri "
    "sc sd tn tx ut va vt wa wi wv wy dc cc ce ceo cmo cno cfo coo icu nicu picu pacu ent gp ir lp mri "
    "ekg ecg cpr dnr rca"
)
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
# Words inside names that name nobody ("Ann de la Cruz", "Ann and Bob Tate").
_LITTLE = frozenset(
    {
        "and",
        "or",
        "the",
        "of",
        "de",
        "la",
        "le",
        "del",
        "der",
        "den",
        "di",
        "da",
        "du",
        "el",
        "von",
        "bin",
        "ibn",
    }
)


# Words that a name found too wide takes along ("a nurse for").
_AROUND = frozenset(
    {"for", "to", "in", "at", "on", "from", "with", "by", "but", "so", "is", "was", "he", "she", "i"}
)

_MOVED = r"\[(?:[\d/]+|(?:%s)(?: \d{1,2})?,?(?: \d{4})?)\]" % "|".join(MONTH_NAMES)  # noqa: UP031


class Evidence(Enum):
    """What must be seen beside the words themselves."""

    NONE = "none"
    CAPITAL = "a capital, where the text has any"
    WRITTEN = "written as a name"
    ALONE = "written as a name, without an article"
    CAPITALS = "in capitals"
    AFTER_ARTICLE = "in capitals, after an article"
    LABEL = "as a speaker label"


@dataclass(frozen=True, slots=True)
class Needle:
    """Words to look for: whose they are, how they relate to the name, what evidence they need."""

    tokens: tuple[str, ...] = field(repr=False)
    label: Label
    entity: str
    how: str
    evidence: Evidence


@dataclass(frozen=True)
class Needles:
    """All needles of a study, by first word; name parts; numbers; the pseudonyms to look past."""

    by_first: Mapping[str, Sequence[Needle]] = field(repr=False)
    parts: Mapping[str, Needle] = field(repr=False)
    rare: Mapping[str, Needle] = field(repr=False)
    numbers: Mapping[str, Needle] = field(repr=False)
    pseudonyms: re.Pattern[str] | None = field(repr=False)

    @classmethod
    def of(cls, ledger: Ledger, roster: Roster, profile: Profile) -> Needles:
        """Return the needles for what *ledger* and *roster* know and *profile* does not keep."""
        needles: dict[tuple[str, ...], Needle] = {}
        for needle in _all(ledger, roster, profile):
            known = needles.get(needle.tokens)
            if known is None or _rank(needle) < _rank(known):
                needles[needle.tokens] = needle
        by_first: dict[str, list[Needle]] = {}
        for needle in sorted(needles.values(), key=lambda n: -len(n.tokens)):
            by_first.setdefault(needle.tokens[0], []).append(needle)
        parts = {
            t: n
            for n in needles.values()
            if n.label in (Label.PERSON, Label.INSTITUTION) and n.how != "nickname"
            for t in n.tokens
            if len(t) >= 3
            and t not in HEADS
            and t not in _LITTLE
            and (len(n.tokens) > 1 or n.evidence is not Evidence.LABEL)
        }
        rare = {t: n for t, n in parts.items() if len(t) >= 5 and not is_known_word(t)}
        # A pseudonym that is also a real name of the study is not looked past.
        real = {fold(s) for s, _, _ in _known(ledger, roster, profile)}
        names = sorted({e.pseudonym for e in ledger if fold(e.pseudonym) not in real}, key=len, reverse=True)
        past = [re.escape(name) for name in names]
        if SHIFT in profile.rules.values():
            past.append(_MOVED)  # a moved date may fall on a real one, or on somebody called June
        pattern = re.compile("|".join(past)) if past else None
        return cls(by_first, parts, rare, _numbers(ledger, roster, profile), pattern)

    def starting(self, word: str) -> Sequence[Needle]:
        """Return the needles whose first word is *word*, longest first."""
        return self.by_first.get(word, ())

    @staticmethod
    def as_digits(word: str) -> str:
        """Return the digits that *word* is or says; "" if it is no number."""
        return word if word.isdigit() else DIGITS.get(word, "")


def _rank(needle: Needle) -> tuple[int, int]:
    strength = ["surface", "part", "initials", "nickname"].index(needle.how)
    return (list(Evidence).index(needle.evidence), strength)


def _known(ledger: Ledger, roster: Roster, profile: Profile) -> Iterator[tuple[str, Label, str]]:
    """Yield each surface with its label and entity ("" if only the roster knows it)."""
    owners: dict[tuple[Label, str], str] = {}
    for entity in ledger:
        for surface in entity.surfaces:
            mention = Mention(surface, entity.label, entity.id, entity.pseudonym, "", ledger.seed)
            owners[(entity.label, fold(surface))] = entity.id
            if not profile.keeps(mention):
                yield surface, entity.label, entity.id
    for entry in roster:
        for surface in entry.surfaces:
            owner = owners.get((entry.label, fold(surface)), "")
            if not profile.keeps(Mention(surface, entry.label, owner, "", "", ledger.seed)):
                yield surface, entry.label, owner


def _all(ledger: Ledger, roster: Roster, profile: Profile) -> Iterator[Needle]:
    for surface, label, owner in _known(ledger, roster, profile):
        tokens = words_of(surface)
        if not tokens:
            continue
        if label is Label.PERSON:
            yield from _person(surface, tokens, owner)
        elif label is Label.INSTITUTION:
            yield from _institution(surface, tokens, owner)
        elif label in (Label.LOCATION, Label.CONTACT):
            yield from _plain(tokens, label, owner)
        elif label is Label.DATE and is_telling_date(tokens):
            yield Needle(tokens, label, owner, "surface", _for_words(tokens, label))
        elif label is Label.ID and len(tokens) > 1 and any(len(t) > 2 for t in tokens):
            yield Needle(tokens, label, owner, "surface", Evidence.NONE)


def words_of(surface: str) -> tuple[str, ...]:
    """Return the folded words of a surface as the leak check compares them; no article, no possessive."""
    words = re.findall(r"[^\W_]+", fold(surface))
    if len(words) > 1 and words[0] in ("the", "a"):
        words.pop(0)
    if len(words) > 1 and words[-1] == "s":
        words.pop()
    return tuple(words)


def is_telling_date(tokens: Sequence[str]) -> bool:
    """Tell whether a date says enough to be looked for everywhere: a month or a holiday, not "the 3rd"."""
    if len(tokens) == 1:
        return len(tokens[0]) >= 5 and tokens[0].isalpha()
    if any(t in MONTHS for t in tokens):
        return True
    return sum(t.isdigit() for t in tokens) >= 3 or any(len(t) >= 6 and t.isalpha() for t in tokens)


def _for_words(tokens: tuple[str, ...], label: Label) -> Evidence:
    """Return the evidence a surface needs: none if it is a name and nothing else."""
    if label is Label.PERSON and len(tokens) == 1 and len(tokens[0]) == 1:
        return Evidence.LABEL
    if label is Label.INSTITUTION and len(tokens) == 1 and len(tokens[0]) == 1:
        return Evidence.AFTER_ARTICLE
    if len(tokens) > 1 and not all(len(t) == 1 for t in tokens):
        return Evidence.NONE
    if len("".join(tokens)) <= 2:
        return Evidence.CAPITALS
    if len(tokens) == 1 and label is Label.PERSON and is_guarded(tokens[0]):
        return Evidence.ALONE
    if len(tokens) == 1 and everyday(tokens[0], person=label is not Label.INSTITUTION):
        return Evidence.WRITTEN
    if len(tokens) == 1 and is_known_word(tokens[0]) and not on_name_lists(tokens[0]):
        return Evidence.CAPITAL
    return Evidence.NONE


def _plain(tokens: tuple[str, ...], label: Label, owner: str) -> Iterator[Needle]:
    if len(tokens) > 1 or not tokens[0].isdigit():
        yield Needle(tokens, label, owner, "surface", _for_words(tokens, label))


def _initials(tokens: tuple[str, ...], label: Label, owner: str) -> Needle:
    joined = "".join(tokens)
    busy = joined in ABBREVIATIONS or (label is Label.PERSON and is_known_word(joined))
    return Needle(tokens, label, owner, "surface", Evidence.LABEL if busy else Evidence.CAPITALS)


def _person(surface: str, tokens: tuple[str, ...], owner: str) -> Iterator[Needle]:
    name = Name(surface, Label.PERSON)
    if name.is_initials:
        yield _initials(tokens, Label.PERSON, owner)
        return
    yield Needle(tokens, Label.PERSON, owner, "surface", _for_words(tokens, Label.PERSON))
    if is_spelled(surface):
        return
    bare = words_of(" ".join(name.tokens))
    for part in bare if len(tokens) > 1 else ():
        if part in _LITTLE or part in _AROUND or part in TITLES or part in DIGITS:
            continue
        if len(part) > 2:
            yield Needle((part,), Label.PERSON, owner, "part", _for_words((part,), Label.PERSON))
        elif len(part) == 2 and part not in ABBREVIATIONS:
            yield Needle((part,), Label.PERSON, owner, "part", Evidence.WRITTEN)
    if len(name.tokens) > 1:
        for letters in name.initials:
            yield Needle((letters,), Label.PERSON, owner, "initials", Evidence.LABEL)
    for short in short_forms(name.tokens[0]) if name.tokens else ():
        if len(short) > 2 and short.isalpha():
            yield Needle((short,), Label.PERSON, owner, "nickname", Evidence.WRITTEN)


def _institution(surface: str, tokens: tuple[str, ...], owner: str) -> Iterator[Needle]:
    name = Name(surface, Label.INSTITUTION)
    if name.is_initials:
        yield _initials(tokens, Label.INSTITUTION, owner)
        return
    generic = all(t in HEADS for t in tokens)
    evidence = Evidence.WRITTEN if generic else _for_words(tokens, Label.INSTITUTION)
    yield Needle(tokens, Label.INSTITUTION, owner, "surface", evidence)
    if "st" in tokens or "saint" in tokens:
        other = tuple({"st": "saint", "saint": "st"}.get(t, t) for t in tokens)
        yield Needle(other, Label.INSTITUTION, owner, "surface", evidence)
    core = words_of(" ".join(name.core))
    if 1 < len(core) < len(tokens):
        yield Needle(core, Label.INSTITUTION, owner, "part", Evidence.NONE)
    for part in core if len(tokens) > 1 else ():
        if len(part) > 3 and not (everyday(part, person=True) or describes_people(part) or is_guarded(part)):
            yield Needle((part,), Label.INSTITUTION, owner, "part", Evidence.CAPITAL)


def _numbers(ledger: Ledger, roster: Roster, profile: Profile) -> dict[str, Needle]:
    found = {}
    for surface, label, owner in _known(ledger, roster, profile):
        if label in (Label.CONTACT, Label.ID):
            digits = "".join(Needles.as_digits(w) for w in words_of(surface))
            if len(digits) >= 5:
                found[digits] = Needle((digits,), label, owner, "surface", Evidence.NONE)
    return found
