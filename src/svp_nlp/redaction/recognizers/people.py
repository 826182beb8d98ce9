"""Finds names of people by what stands around them: titles, introductions, greetings, first-name lists.

Why it identifies: a name does, alone or with a role (HIPAA's first item).
Misses: a rare first name without title, introduction or capital; names that are ordinary words without
a capital.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svp_nlp.model import Label, Span
from svp_nlp.redaction.guards import is_guarded
from svp_nlp.redaction.lexicon import first_names, in_dictionary, ordinary, surnames, word_ranks, words
from svp_nlp.redaction.recognizers.base import Found, Rules, span_of
from svp_nlp.redaction.recognizers.capitals import NOT_NAMES

TITLE = (
    r"(?:Dr|Drs|Doctor|Doctors|Doc|Mr|Mrs|Ms|Miss|Mister|Missus|Mx|Prof|Professor|Nurse|"
    r"Sister|Father|Pastor|Reverend|Rev|Rabbi|Imam|"
    r"Deacon|Chaplain|Bishop|Brother|Sergeant|Sgt|Officer|Detective|Captain|Capt|"
    r"Lieutenant|Lt|Colonel|Col|Major|"
    r"Judge|Justice|Senator|Congressman|Congresswoman|Representative|Governor|Gov|Mayor|"
    r"Minister|Prime Minister|"
    r"President|Secretary|Dean|Sir|Madam|Lady|Aunt|Auntie|Uncle|Grandma|Grandpa|Coach|Hon|"
    r"Honourable|Honorable)"
)
CAP = r"(?:(?:Mc|Mac|O'|D'|De|La|Le|Van|St\. )?[A-Z][a-zà-ÿ]+(?:[-'][A-Z]?[a-zà-ÿ]+)*|[A-Z]\.)"
PARTICLE = r"(?:de la|de los|del|de|da|dos|van der|van den|van|von|der|den|bin|ibn|al|el|la|le|di|du|ter)"
NAME = rf"{CAP}(?: (?:{PARTICLE} )?{CAP}){{0,3}}"

SHORT_TITLE = r"(?:Drs?|Mrs?|Ms|Mx|Prof|Revd?|Sgt|Capt|Lt|Col|Gov|Hon|Sr|Fr|Br|Insp|Cllr|Supt|Maj|Gen)"
TITLED = re.compile(rf"\b(?:{TITLE}|{SHORT_TITLE} ?\.) (?P<name>{NAME}|[A-HJ-Z]\b(?!'))")
"""Only behind a shortened title a full stop is none: "Thank you, Doctor. You were kind" names nobody."""
LOWER_TITLED = re.compile(
    rf"\b(?:doctor|nurse|professor|pastor|reverend|sister|father|mister|miss) (?P<name>{NAME})"
)
SMALL_TITLED = re.compile(r"\b(?P<title>dr|mr|mrs|ms|prof)\.? (?P<name>[a-z]{3,}(?:-[a-z]{3,})?)(?!\w)")
"""All of it in small letters, as people type in haste: "dr lindqvist". """

CUES = re.compile(
    rf"\b(?:[Mm]y name is|[Mm]y name's|name is|name was|name's|[Cc]all me|[Cc]alls? (?:me|"
    rf"him|her)|called (?:me|him|her)|"
    rf"named|nicknamed|goes by|go by|known as|[Ss]peaking with|[Ss]peak with|[Tt]hanks|"
    rf"[Tt]hank you(?: so much| very much)?|"
    rf"[Hh]i|[Hh]ello|[Hh]ey|[Gg]ood morning|[Gg]ood afternoon|[Gg]oodbye|[Bb]ye|[Dd]ear|"
    rf"[Ww]elcome|introduced? me to|"
    rf"[Ii]nterviewing|[Ii]nterview with|work(?:ed|s|ing)? (?:with|for|under)|report(?:s|ed)? to|married to|"
    rf"(?:husband|wife|son|daughter|brother|sister|mother|father|boss|manager|colleague|"
    rf"friend|assistant|analyst|"
    rf"paralegal|partner|predecessor|successor|secretary|supervisor|mentor|director|chief|"
    rf"chair|coordinator|president|CEO|"
    rf"CNO|CMO|CFO|COO|nurse|surgeon|resident|fellow|chaplain|therapist|psychologist|"
    rf"psychiatrist|physician|doctor|"
    rf"counsel|attorney|lawyer)),? (?P<name>{NAME})"
)
BESIDE = re.compile(
    rf"\b(?:by|with|and|like|told|asked|says|tell|ask|from|for|except|plus|or|said|of),? (?P<name>{NAME})"
)
SELF = re.compile(
    rf"\b(?:[Tt]his is|[Ii]t's|[Tt]hat's|[Tt]hat was|[Tt]here's|[Tt]here was|[Hh]ere's|I'm|"
    rf"I am|[Ii]t was|she's|he's) (?P<name>{NAME})"
)
OPENING = re.compile(
    r"(?:^|[.!?:] |\n|\] )(?P<name>[A-Z][a-z]+)(?=,? (?:she's|he's|who|she|he|was his "
    r"name|was her name|is his name|is her name)\b"
    r"|'s (?:a|an|the|our|my|his|her|been|got|not) |\.(?= |$|\n)| (?:said|told|came|went|"
    r"called|asked|retired|has retired|"
    r"was there|hung|looked|walked|sat|cried|stood|wrote|took|got)\b|, (?:what|how|can|"
    r"could|do|did|would|thank|thanks|you)\b)"
)
"""A sentence opened by a first name that is a word, too: "Grace, she is a student", "Mark was his name"."""

INITIALLED = re.compile(
    r"(?<![\w.])(?P<name>(?:[A-Z]\. ?){1,3}(?P<last>[A-Z][a-zà-ÿ]+(?:[-'][A-Z]?[a-zà-ÿ]+)*))\b"
)
PAIR = re.compile(rf"\b(?P<first>{CAP}) (?:[A-Z]\.? )?(?:{PARTICLE} )?(?P<last>{CAP})\b")


OPENERS = words(
    "So An My In See Many Long Man Else Love Ok Do Be She He It Sure Well Good Will May "
    "Oh No Yes You They We But And "
    "Then Now Honey Baby Lord Mama Major Sir Dear Doctor Early Young Little Royal King Prince Ma Pa"
)
"""Listed first names that open a sentence as another word far more often."""


def _name_words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", name)


def _plausible(name: str) -> bool:
    """Tell whether a capitalised run can be a person: some word is on a name list or no ordinary word."""
    if is_guarded(name):
        return False
    words = _name_words(name)
    return any(not ordinary(w) for w in words if len(w) > 1)


def _trimmed(match: re.Match[str], text: str) -> Span:
    """Cut a name before words that cannot belong to it ("Ramaswamy In" across a full stop cannot arise)."""
    span = span_of(match, "name")
    said = text[span.start : span.end]
    if said.endswith("'s"):
        return Span(span.start, span.end - 2)
    return span


def find(text: str) -> Iterator[Found]:
    """Yield names of people (PERSON), titles left out."""
    for pattern in (TITLED, LOWER_TITLED):
        for match in pattern.finditer(text):
            if not is_guarded(match["name"]) and not is_guarded(match[0]):
                yield _trimmed(match, text), Label.PERSON, 0.9
    for match in SMALL_TITLED.finditer(text):
        if score := _small_surname(match["name"], by_title=match["title"] != "dr"):
            yield span_of(match, "name"), Label.PERSON, score
    for pattern, score in ((CUES, 0.75), (SELF, 0.7), (BESIDE, 0.5)):
        for match in pattern.finditer(text):
            first = _name_words(match["name"])[:1]
            if first and first[0].lower() in first_names() and (pattern is CUES or _plausible(match["name"])):
                yield _trimmed(match, text), Label.PERSON, score
    for match in OPENING.finditer(text):
        name = match["name"]
        if first_names().get(name.lower(), 0.0) >= 0.001 and name not in OPENERS | NOT_NAMES:
            yield span_of(match, "name"), Label.PERSON, 0.55
    for match in INITIALLED.finditer(text):
        last = match["last"].lower()
        if (
            not ordinary(last)
            and not is_guarded(match["last"])
            and (last in surnames() or last not in word_ranks())
        ):
            yield span_of(match, "name"), Label.PERSON, 0.75
    for match in PAIR.finditer(text):
        if _is_pair(match["first"], match["last"]) and not is_guarded(match[0]):
            yield span_of(match), Label.PERSON, 0.85


def _small_surname(word: str, *, by_title: bool) -> float:
    """Return how surely a word in small letters behind a title is a surname, 0 where it is none.

    "Dr" is a noun as well ("the dr said"): behind it only what is no ordinary word is a name.
    """
    parts = word.split("-")
    if all(not ordinary(part) and (part in surnames() or not in_dictionary(part)) for part in parts):
        return 0.85
    return 0.6 if by_title and all(surnames().get(part, 0.0) >= 0.01 for part in parts) else 0.0


def _is_pair(first: str, last: str) -> bool:
    """Tell whether two capitalised words are first name and surname by the lists, not both mere words."""
    one, other = first.lower(), last.lower().rstrip(".")
    other_known = all(part in surnames() for part in re.split(r"[-']", other) if part) or not ordinary(other)
    return one in first_names() and other_known and not (ordinary(one) and ordinary(other)) and len(other) > 1


PEOPLE = Rules("people", find)
"""The people rules as a recognizer."""
