"""Profiles: named policies that say what becomes of each kind of identifier, and which rule asks for it.

A profile is data: a rule for each label, with the paragraph it answers. The rules make the new text; where it
goes is decided by `redact`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType

from svp_nlp.errors import SettingsError
from svp_nlp.model import Label
from svp_nlp.redaction.lexicon import regions
from svp_nlp.redaction.spoken import read_age, read_date, read_year
from svp_nlp.redaction.words import fold


@dataclass(frozen=True, slots=True)
class Mention:
    """What a rule gets to see: the words, whose they are, and the transcript they stand in."""

    surface: str = field(repr=False)
    label: Label
    entity: str
    pseudonym: str
    transcript: str = field(default="", repr=False)
    seed: str = field(default="", repr=False)
    surfaces: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of one kind of identifier: the operator's name, and the paragraph that asks for it.

    ``apply`` returns the new text, or None to keep the words.
    """

    name: str
    apply: Callable[[Mention], str | None] = field(repr=False)
    answers: str = ""

    def answering(self, paragraph: str) -> Rule:
        """Return the rule with the paragraph it answers."""
        return replace(self, answers=paragraph)


@dataclass(frozen=True, slots=True)
class Profile:
    """A named policy: one rule for each label, and what it is good for."""

    name: str
    rules: Mapping[Label, Rule]
    purpose: str = ""

    def text_for(self, mention: Mention) -> str | None:
        """Return what *mention* becomes, or None where it stays."""
        return self.rules[mention.label].apply(mention)

    def keeps(self, mention: Mention) -> bool:
        """Tell whether *mention* stays as it is."""
        return self.text_for(mention) is None

    def with_rules(self, operators: Mapping[str, str]) -> Profile:
        """Return the profile with other operators for some labels ({"DATE": "shift"}).

        Raises SettingsError for a label or an operator that does not exist.
        """
        rules = dict(self.rules)
        for label, operator in operators.items():
            if label not in Label.__members__:
                raise SettingsError(f'unknown label "{label}"; labels: {", ".join(Label)}')
            if operator not in OPERATORS:
                raise SettingsError(f'unknown operator "{operator}"; operators: {", ".join(OPERATORS)}')
            rules[Label(label)] = OPERATORS[operator]
        return replace(self, rules=MappingProxyType(rules))


def offset_days(seed: str, transcript: str) -> int:
    """Return by how many days the dates of a transcript are moved: 4 to 52 whole weeks, back or forth.

    The offset depends on the study's secret seed and the transcript alone, so intervals stay, and whole weeks
    keep weekdays.
    """
    digest = hmac.digest(seed.encode(), f"shift:{transcript}".encode(), sha256)
    weeks = 4 + int.from_bytes(digest[:4]) % 49
    return 7 * weeks * (1 if digest[4] % 2 else -1)


def _pseudonym(mention: Mention) -> str:
    return mention.pseudonym


def _mask(_: Mention) -> str:
    return "***"


def _surrogate(mention: Mention) -> str:
    """Return the stand-in, for a person as much of it as was said: the first name, the last name, or both."""
    given, _, family = mention.pseudonym.partition(" ")
    if mention.label is not Label.PERSON or mention.pseudonym.startswith("[") or not family:
        return mention.pseudonym
    words = fold(mention.surface).split()
    full = next((fold(s).split() for s in mention.surfaces if len(s.split()) > 1), [])
    if len(words) > 1 or not words:
        return mention.pseudonym
    return family if full and words[0] == full[-1] else given


def _keep(_: Mention) -> None:
    return None


def _shift(mention: Mention) -> str:
    """Move a date, in brackets, since it is not what was said; what cannot be read becomes its pseudonym."""
    days = offset_days(mention.seed, mention.transcript)
    if mention.label is Label.DATE_YEAR:
        year = read_year(mention.surface)
        # Half a year before or after the middle of the year is the next year.
        return mention.pseudonym if year is None else f"[{year + round(days / 365)}]"
    moved = read_date(mention.surface).moved(days)
    return mention.pseudonym if moved is None else f"[{moved}]"


def _general(mention: Mention) -> str:
    """Say in brackets what kind of thing it is instead of which one."""
    general = _GENERAL.get(mention.label)
    words = general(mention) if general is not None else None
    return f"[{words}]" if words else mention.pseudonym


# The first kind whose words all occur in a name of the institution, from the more to the less telling.
_KINDS_OF_PLACE = (
    ({"children"}, "a children's hospital"),
    ({"childrens"}, "a children's hospital"),
    ({"university", "hospital"}, "a teaching hospital"),
    ({"university", "hospitals"}, "a teaching hospital"),
    ({"university", "medical"}, "a teaching hospital"),
    ({"veterans"}, "a veterans' hospital"),
    ({"health", "system"}, "a health system"),
    ({"hospital"}, "a hospital"),
    ({"hospitals"}, "a group of hospitals"),
    ({"medical", "center"}, "a hospital"),
    ({"medical", "centre"}, "a hospital"),
    ({"clinic"}, "a clinic"),
    ({"hospice"}, "a hospice"),
    ({"health"}, "a health system"),
    ({"university"}, "a university"),
    ({"college"}, "a college"),
    ({"school"}, "a school"),
    ({"foundation"}, "a foundation"),
    ({"fund"}, "a foundation"),
    ({"insurance"}, "an insurer"),
    ({"mutual"}, "an insurer"),
    ({"indemnity"}, "an insurer"),
    ({"program"}, "a program"),
    ({"team"}, "a team"),
    ({"tower"}, "a building"),
    ({"building"}, "a building"),
    ({"pavilion"}, "a building"),
)


def kind_of_place(mention: Mention) -> str:
    """Return in general words what kind of institution is mentioned: "a hospital", "a clinic"."""
    words = set(" ".join(fold(s).replace("'s", " ") for s in (mention.surface, *mention.surfaces)).split())
    return next((kind for needed, kind in _KINDS_OF_PLACE if needed <= words), "an institution")


def _kind_of_location(mention: Mention) -> str:
    return "a state" if fold(mention.surface) in regions() else "a place"


def _part_of_year(mention: Mention) -> str | None:
    when = read_date(mention.surface)
    if when.year is None:
        return None
    if when.month is None:
        return str(when.year)
    return f"{('early', 'mid', 'late')[(when.month - 1) // 4]} {when.year}"


def _decade(mention: Mention) -> str | None:
    year = read_year(mention.surface)
    return None if year is None else f"the {year // 10 * 10}s"


def _age_group(mention: Mention) -> str | None:
    age = read_age(mention.surface)
    if age is None:
        return None
    if age >= 90:
        return "90 or older"
    return f"{age // 10 * 10}s" if age >= 20 else "teens" if age > 12 else "a child's age"


_GENERAL: Mapping[Label, Callable[[Mention], str | None]] = {
    Label.INSTITUTION: kind_of_place,
    Label.LOCATION: _kind_of_location,
    Label.DATE: _part_of_year,
    Label.DATE_YEAR: _decade,
    Label.AGE: _age_group,
}

PSEUDONYM = Rule("pseudonym", _pseudonym)
MASK = Rule("mask", _mask)
KEEP = Rule("keep", _keep)
SHIFT = Rule("shift", _shift)
GENERALISE = Rule("generalise", _general)
SURROGATE = Rule("surrogate", _surrogate)
OPERATORS: Mapping[str, Rule] = MappingProxyType(
    {r.name: r for r in (PSEUDONYM, MASK, GENERALISE, SHIFT, SURROGATE, KEEP)}
)


def _year_only(mention: Mention) -> str:
    year = read_date(mention.surface).year
    return mention.pseudonym if year is None else str(year)


def _pooled_age(mention: Mention) -> str | None:
    age = read_age(mention.surface)
    if age is None:
        return mention.pseudonym
    return "90 or older" if age >= 90 else None


def _smaller_than_state(mention: Mention) -> str | None:
    return None if fold(mention.surface) in _STATES else mention.pseudonym


# Written out: a list of "regions" would also keep places that are smaller than a state.
_STATES = frozenset(
    {"alabama", "alaska", "arizona", "arkansas", "california", "colorado", "connecticut", "delaware"}
    | {"florida", "georgia", "hawaii", "idaho", "illinois", "indiana", "iowa", "kansas", "kentucky"}
    | {"louisiana", "maine", "maryland", "massachusetts", "michigan", "minnesota", "mississippi", "missouri"}
    | {"montana", "nebraska", "nevada", "new hampshire", "new jersey", "new mexico", "new york"}
    | {"north carolina", "north dakota", "ohio", "oklahoma", "oregon", "pennsylvania", "rhode island"}
    | {"south carolina", "south dakota", "tennessee", "texas", "utah", "vermont", "virginia", "washington"}
    | {"west virginia", "wisconsin", "wyoming"}
)
# New York and Washington are cities too, and mostly meant as such: they are not kept.
_STATES -= {"new york", "washington"}


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the eighteen kinds of 45 CFR 164.514(b)(2)(i), and what the product does about it."""

    paragraph: str
    what: str
    labels: tuple[Label, ...]
    treatment: str


_P = "45 CFR 164.514(b)(2)(i)"
EIGHTEEN: tuple[Kind, ...] = (
    Kind("(A)", "names", (Label.PERSON,), "pseudonym"),
    Kind(
        "(B)",
        "places smaller than a state, ZIP codes",
        (Label.LOCATION, Label.CONTACT),
        "pseudonym; states kept",
    ),
    Kind(
        "(C)",
        "dates except the year; ages over 89",
        (Label.DATE, Label.DATE_YEAR, Label.AGE),
        "year; 90 or older",
    ),
    Kind("(D)", "telephone numbers", (Label.CONTACT,), "pseudonym"),
    Kind("(E)", "fax numbers", (Label.CONTACT,), "pseudonym"),
    Kind("(F)", "e-mail addresses", (Label.CONTACT,), "pseudonym"),
    Kind("(G)", "social security numbers", (Label.ID,), "pseudonym"),
    Kind("(H)", "medical record numbers", (Label.ID,), "pseudonym"),
    Kind("(I)", "health plan numbers", (Label.ID,), "pseudonym"),
    Kind("(J)", "account numbers", (Label.ID,), "pseudonym"),
    Kind("(K)", "certificate and licence numbers", (Label.ID,), "pseudonym"),
    Kind("(L)", "vehicle identifiers and plates", (Label.ID,), "pseudonym"),
    Kind("(M)", "device identifiers", (Label.ID,), "pseudonym"),
    Kind("(N)", "web addresses", (Label.CONTACT,), "pseudonym"),
    Kind("(O)", "internet protocol addresses", (Label.CONTACT,), "pseudonym"),
    Kind("(P)", "biometric identifiers", (), "not in text"),
    Kind("(Q)", "photographs of faces", (), "not in text"),
    Kind(
        "(R)",
        "any other identifying number, characteristic or code",
        (Label.ID, Label.INSTITUTION),
        "pseudonym",
    ),
)


def _profile(name: str, purpose: str, **rules: Rule) -> Profile:
    return Profile(name, MappingProxyType({label: rules.get(label, PSEUDONYM) for label in Label}), purpose)


STRICT = _profile("strict", "every name, place, date, year, age and number becomes a pseudonym")
SAFE_HARBOR = _profile(
    "safe_harbor",
    "HIPAA Safe Harbor: years, states and ages to 89 stay, all else of the eighteen kinds goes",
    PERSON=PSEUDONYM.answering(f"{_P}(A)"),
    INSTITUTION=PSEUDONYM.answering(f"{_P}(R)"),
    LOCATION=Rule("smaller than a state", _smaller_than_state, f"{_P}(B)"),
    DATE=Rule("year only", _year_only, f"{_P}(C)"),
    DATE_YEAR=KEEP.answering(f"{_P}(C)"),
    CONTACT=PSEUDONYM.answering(f"{_P}(B), (D)-(F), (N), (O)"),
    ID=PSEUDONYM.answering(f"{_P}(G)-(M), (R)"),
    AGE=Rule("pool above 89", _pooled_age, f"{_P}(C)"),
)
TEAM = _profile(
    "team",
    "for the research team: dates moved by one secret offset a transcript, ages stay",
    DATE=SHIFT,
    DATE_YEAR=SHIFT,
    AGE=KEEP,
)
PUBLIC = _profile(
    "public",
    "for print: names masked as the founding study prints them, the rest said in general",
    PERSON=MASK,
    LOCATION=MASK,
    CONTACT=MASK,
    ID=MASK,
    INSTITUTION=GENERALISE,
    DATE=GENERALISE,
    DATE_YEAR=GENERALISE,
    AGE=GENERALISE,
)
PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (STRICT, SAFE_HARBOR, TEAM, PUBLIC)})


def profile_named(name: str) -> Profile:
    """Return the profile called *name*; raises SettingsError if there is none."""
    if name not in PROFILES:
        raise SettingsError(f'unknown profile "{name}"; profiles: {", ".join(PROFILES)}')
    return PROFILES[name]
