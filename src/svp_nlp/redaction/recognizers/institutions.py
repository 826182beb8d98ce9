"""Finds hospitals, universities, companies, programmes and buildings by head noun, list and introduction.

Why it identifies: the site, with a role, names the speaker; a programme's name leads to its site by one
search.
Misses: a nickname of a site never introduced as one, a programme named by ordinary words without
capitals and without "called".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from svp_nlp.model import Label, Span
from svp_nlp.redaction.guards import ACRONYMS, is_guarded
from svp_nlp.redaction.lexicon import first_names, institutions, ordinary, words
from svp_nlp.redaction.recognizers.base import Found, Rules, any_of, each, span_of
from svp_nlp.redaction.recognizers.capitals import NOT_NAMES

HEADS = [
    "Hospital",
    "Hospitals",
    "Medical Center",
    "Medical Centre",
    "Medical Group",
    "Med Center",
    "Health System",
    "Health Systems",
    "Healthcare System",
    "Health Network",
    "Healthcare",
    "HealthCare",
    "Health Care",
    "Health",
    "Clinic",
    "Clinics",
    "Infirmary",
    "Sanatorium",
    "Sanitarium",
    "Hospice",
    "Nursing Home",
    "Rehab",
    "Rehabilitation",
    "Institute",
    "University",
    "College",
    "School of Medicine",
    "School of Nursing",
    "School of Public Health",
    "Medical School",
    "Law School",
    "High School",
    "School",
    "Academy",
    "Seminary",
    "Foundation",
    "Fund",
    "Trust",
    "Endowment",
    "Tower",
    "Towers",
    "Pavilion",
    "Building",
    "Hall",
    "House",
    "Wing",
    "Annex",
    "Plaza",
    "Center",
    "Centre",
    "Campus",
    "Library",
    "Archive",
    "Archives",
    "Church",
    "Chapel",
    "Cathedral",
    "Parish",
    "Temple",
    "Synagogue",
    "Mosque",
    "Monastery",
    "Abbey",
    "Ministries",
    "Mission",
    "Mutual",
    "Indemnity",
    "Insurance",
    "Assurance",
    "Bank",
    "Credit Union",
    "Associates",
    "Partners",
    "Group",
    "Corporation",
    "Corp",
    "Company",
    "Industries",
    "Inc",
    "LLC",
    "LLP",
    "Ltd",
    "Press",
    "Publishing",
    "Books",
    "Media",
    "Times",
    "Tribune",
    "Herald",
    "Gazette",
    "Consulting",
    "Consultants",
    "Solutions",
    "Systems",
    "Technologies",
    "Labs",
    "Laboratory",
    "Laboratories",
    "Pharmaceuticals",
    "Pharma",
    "Network",
    "Collaborative",
    "Alliance",
    "Coalition",
    "Consortium",
    "Initiative",
    "Project",
    "Program",
    "Programme",
    "Lodge",
    "Inn",
    "Hotel",
    "Diner",
    "Cafe",
    "Brewery",
    "Auxiliary",
    "Memorial",
    "Regional",
    "General",
    "Children's",
    "Presbyterian",
    "Methodist",
    "Baptist",
    "Lutheran",
    "Mercy",
    "Deaconess",
    "Orthopedics",
    "Pediatrics",
    "Cardiology",
    "Oncology",
    "Physicians",
    "Ambulance",
    "Fire Department",
    "Police Department",
    "Society",
    "Club",
    "Union",
    "Local",
    "Tribe",
    "Reservation",
    "Band",
    "Pueblo",
    "First Nation",
    "Nation",
    "State University",
    "Team",
    "Unit",
    "Rounds",
    "Village",
    "Commons",
    "Court",
    "Manor",
    "Gardens",
    "Terrace",
    "Residence",
    "Shelter",
    "Studio",
    "Studios",
    "Theatre",
    "Theater",
    "Museum",
    "Stadium",
    "Arena",
    "Field House",
    "Fieldhouse",
    "Hotel",
    "Inn",
    "Guesthouse",
    "Café",
    "Cafe",
    "Restaurant",
    "Tavern",
    "Pub",
    "Bakery",
    "Pharmacy",
    "Surgery",
    "Practice",
    "Polyclinic",
    "Dispensary",
    "Creche",
    "Crèche",
    "Kindergarten",
    "Barracks",
    "Cinema",
    "Motors",
    "Supermarket",
    "Room",
    "Suite",
    "Ward",
    "Lounge",
    "Theatre Company",
    "Credit Union",
    "Building Society",
    "Housing Association",
    "Rugby Club",
    "Football Club",
    "Choir",
    "Annexe",
]
WEAK_HEADS = words(
    "group team unit program programme project network center centre hall house wing "
    "building school field court club "
    "union local society systems solutions general memorial regional health press fund "
    "trust mission temple campus "
    "rounds initiative village commons nation band court library church bank company "
    "partners books media times inn pub room suite ward lounge practice surgery motors annexe choir"
)
"""Heads that need a name before them which is no ordinary word, or another witness."""

WORD = r"(?:[A-Z][\w&.]*(?:['-][\w]+){0,3}|St\.|Mt\.)"
JOINED = rf"{WORD}(?:(?:,? (?:of|and|for|at|de|del|&)(?: the)?| the)? {WORD}){{0,7}}?"
HEAD = any_of(HEADS)
WITH_HEAD = re.compile(
    rf"\b(?P<name>{JOINED} {HEAD})(?P<tail>(?: {HEAD})*(?: (?:of|at) (?:the "
    rf")?{WORD}(?: {WORD}){{0,6}})?)(?!\w)"
)
OF = re.compile(
    rf"\b(?P<name>(?:University|College|Institute|Hospital|Bank|Church|Academy|School|"
    rf"Sisters|Daughters|Order|Diocese|"
    rf"Archdiocese|Port|County|City|Province|Foundation|Museum) (?:of|for) (?:the )?{WORD}(?: {WORD}){{0,4}})"
)
SAINT = re.compile(
    r"\b(?P<name>(?:St\.?|Saint|Mt\.?|Our Lady of(?: the)?|Sacred|Good|Holy|Mount) "
    r"[A-Z][\w-]+(?:'s?)?(?: [A-Z][\w]+){0,4})"
)
U_OF = re.compile(r"\b(?P<name>U of [A-Z]{1,2}\b|[UW] ?[A-Z]? ?Med\b|the U(?= |,|\.))")
VA = re.compile(r"\b(?P<name>(?:[A-Z][a-z]+ ){1,3}VA|VA [A-Z][a-z]+(?: [A-Z][a-z]+){0,3})\b")
CALLED = re.compile(
    rf"\b(?:(?:program|programme|team|service|project|group|unit|initiative|thing|network|"
    rf"line|building|hospital|site|"
    rf"place|company|committee|system|clinic|course|training|it|app|newsletter|campaign|"
    rf"club|press|office|room|house|they|we|"
    rf"people|folks|everybody|everyone|it's|that's|which is|which was|was|is|been|are|were)"
    rf"(?:'s| is| was|'re| were| are| still| just| all| gets| got| has| had| had been| we| "
    rf"they| people| 'd| used to| officially| formally| originally| always)* "
    rf"(?:called|call it|call us|calls it|named|nicknamed|known as|titled|referred to as|"
    rf"rebranded as|renamed|branded|call that|call ourselves|call the place|"
    rf"call the building|got the name|has the name|under the name|the name was|name is|"
    rf"calling it|dubbed)),? (?:the |a )?(?:\"|')?"
    rf"(?P<name>{WORD}(?: (?:(?:of|and|for|in|on|the|to|&) )*{WORD}){{0,6}})"
)
IN_FULL = re.compile(
    r"(?<!(?i:my) )(?<!(?i:his) )(?<!(?i:her) )(?<!(?i:your) )(?<!(?i:their) )(?<!(?i:whose) )"
    r"\b(?:proper|full|official|formal|long|real|whole|legal|original|old|new|actual|current) "
    rf"(?:name|title)(?:'s| is| was| being|,)* (?:the )?(?:\"|')?"
    rf"(?P<name>{WORD}(?: (?:(?:of|and|for|in|on|the|to|&) )*{WORD}){{1,7}})"
)
"""A house or programme by its whole name: "the proper title is ..."; with "her" it is a person's."""

BESIDE_ITS_KIND = re.compile(
    rf"\b(?:church|parish|grocery|store|bar|diner|bakery|restaurant|tavern|pub|shop|school|hotel|deli|market|cafe|"
    rf"café|pharmacy|garage|barbershop|salon|bank|mill|factory|plant|foundry|farm|ranch|camp|club|newspaper|paper),"
    rf"(?: called| named)? (?:the )?(?P<name>{WORD}(?: (?:(?:of|and|the|&) )?{WORD}){{0,4}})(?=[,.;?!])"
)
"""A house beside the word for its kind: "at a grocery, Tomasi's, for a year"."""

ORDINAL_UNIT = re.compile(
    r"\b(?:with|in|joined|of|by) the (?P<name>(?:3[2-9]|[4-9]\d|\d{3})(?:st|nd|rd|th))"
    r"(?=\s*(?:[.,;?!]|$|\n)| (?:airborne|infantry|division|cavalry|regiment|battalion|wing|group)\b)",
    re.IGNORECASE,
)
"""A regiment or wing by its number, too high for a day: "I was with the 101st"."""

QUOTED = re.compile(rf"\"(?P<name>{WORD}(?: (?:(?:of|and|for|in|on|the|to|&) )?{WORD}){{1,6}})\"")
SHORT_FOR = re.compile(
    rf"(?P<long>{WORD}(?: (?:(?:of|and|for|in|the|&) )*{WORD}){{1,6}})(?:,? or|,? which we call|"
    rf",? we call it|,?) \(?(?:the )?(?P<short>[A-Z]{{2,6}})\b\)?"
)
NICKNAME = re.compile(
    r"\b(?:at|from|to|over at|up at|down at|left|joined|across from|for|say|says|said|call it|called it|"
    r"here at|of|into|by|near|past|we're|is|was) (?:just )?the "
    r"(?P<name>General|Med|Brigham|Clinic|U|Mecca|Memorial|Deaconess|Mercy|Methodist|"
    r"Baptist|County)\b"
)


AMPERSAND = re.compile(r"(?<![\w&])(?P<name>[A-Z]&[A-Z](?:&[A-Z])?)(?![\w&])")
"""A house known by two letters ("B&J"), where they are no known abbreviation ("Q&A")."""

LETTERS_JOINED = re.compile(r"(?<![\w&.])(?P<name>(?P<one>[A-Z]) and (?P<other>[A-Z]))(?![\w&.'-])")
LETTER_PAIRS = words("A&E A&P B&B C&S D&C D&E H&P I&D I&O L&D M&A M&M O&G P&L Q&A R&B R&D R&R S&P T&A T&E")
NUMBERED = re.compile(
    r"\b(?P<name>(?:Local|Battalion|Station|Precinct|Troop|Lodge|Post|Chapter|Engine|Ladder|Medic|"
    r"Rescue|Squad"
    r"|local|battalion|precinct) (?:No\. ?|Number |#)?\d{1,4})\b"
    r"(?! ?(?:%|percent|hours|minutes|patients|people))"
)
"""A union, fire or police unit by its number ("Battalion 43")."""


@cache
def _listed() -> re.Pattern[str]:
    """Match a listed institution with its head noun, if any; a lower-case form only of what is no word."""
    return re.compile(rf"(?<!\w)(?P<name>{any_of(institutions())})(?!\w)(?:(?= )(?P<tail>(?: {HEAD})+))?")


def _distinct(name: str) -> bool:
    """Tell whether a name has a word besides its head noun: "Harkness Pavilion", not "Risk Management"."""
    heads = {w.lower() for head in HEADS for w in head.split()}
    own = [w for w in re.findall(r"[\w'.&-]+", name) if w.lower() not in heads and w[:1].isupper()]
    return any(not ordinary(w.rstrip(".")) and not is_guarded(w) for w in own)


def _heads(text: str) -> Iterator[Found]:
    for match in WITH_HEAD.finditer(text):
        span = _without_lead(
            Span(match.start("name"), match.end("tail") if match["tail"] else match.end("name")), text
        )
        name = text[span.start : span.end]
        if not name or is_guarded(name):
            continue
        if _distinct(name):
            yield span, Label.INSTITUTION, 0.9
        elif len(name.split()) > 1 and name.rsplit(" ", 1)[-1].lower() not in WEAK_HEADS:
            yield span, Label.INSTITUTION, 0.5


_LEAD = re.compile(
    r"(?:at|for|of|and|the|I'm|I've|I'd|We're|We've|You're|It's|That's|He's|She's|They're|There's|"
    r"The|A|An|And|But|So|At|In|On|Our|My|Your|His|Her|Their|When|If|For|From|To|With|"
    r"That|This|I|Is|Was|We|He|She|They|"
    r"It|Then|Well|Oh|Yeah|Yes|No|Okay|OK|Now|Or|As|Of|By|Because|There|What|Where|Like|"
    r"Also|Every|Each|Some|Any|Not|Just|"
    r"After|Before|Between|Since|Until|Over|Under|Up|Down|Out|Are|Were|Does|Did|Do|Can|"
    r"Could|Will|Would|May|Dr\.?|Mr\.?|Mrs\.?|Ms\.?) (?=\S)"
)


def _without_lead(span: Span, text: str) -> Span:
    """Drop articles and sentence openers from the front ("The Harmon Tower" -> "Harmon Tower")."""
    while match := _LEAD.match(text, span.start, span.end):
        span = Span(match.end(), span.end)
    return span


def find(text: str) -> Iterator[Found]:
    """Yield names of organisations, units, programmes and buildings (INSTITUTION)."""
    yield from _heads(text)
    for match in _listed().finditer(text):
        end = match.end("tail") if match["tail"] else match.end("name")
        start = match.start() + (4 if match["name"].startswith("the ") else 0)
        yield Span(start, end), Label.INSTITUTION, 0.85
    for pattern, score in (
        (OF, 0.85),
        (SAINT, 0.8),
        (U_OF, 0.8),
        (VA, 0.85),
        (NICKNAME, 0.75),
        (NUMBERED, 0.8),
        (QUOTED, 0.45),
    ):
        for match in pattern.finditer(text):
            span = _possessive_off(_without_lead(span_of(match, "name"), text), text, pattern is SAINT)
            if pattern in (NICKNAME, NUMBERED) or not is_guarded(text[span.start : span.end]):
                yield span, Label.INSTITUTION, score
    for match in CALLED.finditer(text):
        if not is_guarded(match["name"]):
            yield span_of(match, "name"), Label.INSTITUTION, 0.8
    for match in BESIDE_ITS_KIND.finditer(text):
        if not is_guarded(match["name"]) and not _opens_with_a_person(match["name"]):
            yield span_of(match, "name"), Label.INSTITUTION, 0.7
    yield from each(ORDINAL_UNIT, text, Label.INSTITUTION, 0.7, "name")
    for match in IN_FULL.finditer(text):
        if not is_guarded(match["name"]):
            yield span_of(match, "name"), Label.INSTITUTION, 0.75
    for match in AMPERSAND.finditer(text):
        if match["name"] not in LETTER_PAIRS | ACRONYMS:
            yield span_of(match, "name"), Label.INSTITUTION, 0.7
    for match in LETTERS_JOINED.finditer(text):
        if f"{match['one']}&{match['other']}" not in LETTER_PAIRS and "I" not in (
            match["one"],
            match["other"],
        ):
            yield span_of(match, "name"), Label.INSTITUTION, 0.55
    for match in SHORT_FOR.finditer(text):
        initials = "".join(w[0] for w in re.findall(r"[A-Z]\w*", match["long"]))
        if match["short"] in (initials, initials[-len(match["short"]) :]) and not is_guarded(match["long"]):
            yield span_of(match, "long"), Label.INSTITUTION, 0.85
            yield span_of(match, "short"), Label.INSTITUTION, 0.85


def _opens_with_a_person(name: str) -> bool:
    """Tell whether a person or a plain word stands there, and no house ("at the store, Marit came")."""
    first = name.split()[0]
    return first in NOT_NAMES or (not name.endswith("'s") and first.lower() in first_names())


def _possessive_off(span: Span, text: str, saint: bool) -> Span:
    said = text[span.start : span.end]
    if said.endswith("'s") and not saint:
        return Span(span.start, span.end - 2)
    return span


INSTITUTIONS = Rules("institutions", find)
"""The institution rules as a recognizer."""
