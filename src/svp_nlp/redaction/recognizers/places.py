"""Finds cities, states, counties, regions, streets and addresses, by list and by form.

Why it identifies: HIPAA lists every geographic part smaller than a state; in an interview the state too
narrows a hospital to a few.
Misses: a small place that is on no list and stands after no preposition; places named by ordinary words
in lower case ("out by hope").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from svp_nlp.model import Label, Span
from svp_nlp.redaction.guards import ACRONYMS, is_guarded
from svp_nlp.redaction.lexicon import (
    cities,
    first_names,
    ordinary,
    regions,
    state_codes,
    world_cities,
)
from svp_nlp.redaction.recognizers.base import Found, Rules, any_of, each, span_of
from svp_nlp.redaction.recognizers.numbers import TWO_DIGIT, UNIT, UP_TO_99

CAP = r"[A-Z][\w]+(?:['-]\w+){0,3}"
STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Way|Court|Ct|Circle|"
    r"Place|Pl|Parkway|Pkwy|Highway|Hwy|"
    r"Turnpike|Pike|Terrace|Trail|Square|Alley|Loop|Expressway|Freeway|Bridge|Row|Crescent)"
)
NATURE = (
    r"(?:River|Lake|Creek|Cove|Bay|Beach|Park|Mountain|Mountains|Valley|Island|Islands|"
    r"Falls|Canyon|Hill|Hills|Ridge|Harbor|"
    r"Lagoon|Peninsula|Point|Springs|Heights|Township|County|Parish|Borough|Village|Ranch|"
    r"Forest|Woods|Prairie|Mesa|Bayou|"
    r"Pond|Gap|Hollow|Junction|Landing|Shores?|Desert|Cliffs?|Basin|Plains|Neighborhood|"
    r"District|Reserve|Cemetery|Airport|Station)"
)
STREET_ABROAD = (
    r"(?:Close|Gardens|Grove|Mews|Wynd|Brae|Rise|Walk|Green|Quay|Parade|Esplanade|Cross|Vale|Bank|"
    r"Lonnen|Loan|Wharf|"
    r"Villas|Cottages|Bypass|Colony|Nagar|Layout|Estate|Arcade|Circus|Crossing|Chowk|Marg|Gate|Fold|"
    r"Garth|Side|"
    r"Park|Hill|View|Heights|Croft|Dene|Meadows?|Common|Rua|Main)"
)
"""Words for streets that only behind a house number are taken for them."""

WHICH_DOOR = r",? (?:(?i:apt|apartment|suite|unit|ste|flat)\.? |# ?)\d+\w?\b"
DOOR = rf"(?:{WHICH_DOOR})?"
"""Which door of a house: ", suite 204"."""

ADDRESS = re.compile(
    rf"\b\d{{1,5}}[A-Z]?(?: (?:North|South|East|West|N|S|E|W|NE|NW|SE|SW)\.?)?(?: (?:{CAP}|"
    rf"\d+(?:st|nd|rd|th))){{1,3}} "
    rf"(?:{STREET}|{STREET_ABROAD})\b\.?{DOOR}"
)
HOUSE_AND_DOOR = re.compile(rf"\b\d{{1,5}} {CAP}(?: {CAP}){{0,3}}{WHICH_DOOR}")
SPOKEN_ADDRESS = re.compile(
    rf"\b(?:{UP_TO_99}|{UNIT})(?:[ -](?:{UP_TO_99}|hundred|oh {UNIT})){{0,3}} (?:(?:north|"
    rf"south|east|west) )?(?:\w+ ){{1,2}}"
    r"(?:street|avenue|road|boulevard|lane|drive|way|court|parkway)\b"
)
NAMED_STREET = re.compile(
    rf"\b(?P<place>(?:(?:North|South|East|West|N\.|S\.|E\.|W\.) )?(?:{CAP} "
    rf"){{1,3}}(?:{STREET})(?<! Dr)(?<! St)\b(?:, \d{{2,5}}\b(?![:%]|[.,]\d)|"
    rf"(?!\.? {CAP} {STREET})(?!\. [A-Z])))"
    rf"|\b(?P<short>(?:{CAP} ){{1,3}}(?:Dr|St))\b(?!\.? ?(?:[A-Z]|van|von|de|del|al|el|bin|la|le))"
)
ROAD_NUMBER = re.compile(
    r"\b(?:[Oo]n|[Oo]ff|[Dd]own|[Uu]p|[Aa]long|[Vv]ia|[Ff]rom|[Tt]o|[Tt]ake|[Tt]ook|[Tt]aking|"
    r"[Aa]cross|[Oo]nto|[Oo]f|"
    r"[Bb]y|[Nn]ear|[Cc]losed|[Ss]hut) the (?P<road>[ABMNR]\d{1,4}(?:\([A-Z]\))?)\b"
    r"(?! (?:level|test|sample|result|tube|form|ward|vertebra|gene|scale|reading|value|value))"
)
"""A numbered road of Britain or Ireland: "on the A19"."""

PLOT = re.compile(
    r"\b(?P<place>(?:(?:Old|New|Door|Plot|Flat|House|Shop|Block|Quarters?) )+"
    r"(?:[Nn]os?\.?|[Nn]umber) ?\d+[\w/-]*)"
)
BOX = re.compile(
    rf"\b(?P<place>(?:p\.? ?o\.?|post office|private(?: mail)?|GPO) (?:box|bag) "
    rf"(?:\d+|{UP_TO_99}(?:[ -]{UP_TO_99})*)"
    rf"|(?-i:Box) \d{{1,5}}(?![\w%])|R\.? ?D\.? ?\d{{1,2}}\b|rural delivery (?:\d+|{UNIT}))\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    r"\b(?P<place>(?:\d{1,3}(?:st|nd|rd|th)|First|Second|Third|Fourth|Fifth|Sixth|Seventh|"
    r"Eighth|Ninth|Tenth) "
    rf"{STREET})\b|\b(?P<road>(?:I|US|SR|(?i:Route|Rte|Highway|Hwy|Interstate|State Route)|"
    rf"County Road|Exit)[- ]\d{{1,4}}[A-Z]?)\b"
    r"|\b(?P<box>P\.?O\.? Box \d+)\b"
)
NAMED_NATURE = re.compile(
    rf"\b(?P<place>(?:{CAP} ){{1,4}}{NATURE})\b|\b(?P<lake>(?:Lake|Mount|Mt\.|Cape|Fort|Ft\.|"
    rf"Camp|Port|Isle of|Bayou|Rio|San|Santa|Los|Las|El|La) {CAP}(?: {CAP})?)\b"
)
DIRECTION = re.compile(
    r"\b(?P<place>(?:North|South|East|West|Northern|Southern|Eastern|Western|Central|"
    r"Upstate|Downtown|Northeast|Northwest|"
    rf"Southeast|Southwest|Northeastern|Northwestern|Southeastern|Southwestern|Metro|"
    rf"Greater|Upper|Lower|northern|"
    rf"southern|eastern|western|central|upstate|downtown|northeast|northwest|southeast|"
    rf"southwest|rural) (?P<name>{CAP}(?: {CAP})?))\b"
)
WHERE = (
    r"(?:in|from|near|outside|outside of|around|toward|towards|to|at|of|by|through|past|"
    r"down in|up in|over in|out in|out of|across|into|leave|left|visited|visit|via|"
    r"between|and|or)"
)
AFTER_PREPOSITION = re.compile(
    rf"\b(?:in|near|outside|outside of|down in|up in|over in|out in|out by|out near|up "
    rf"near|up in|lives? in|moved to|drove to|drive to|"
    rf"drove from|born in|based in|move to|moved from|back to|back in|flew to|flight to|"
    rf"town of|city of|village of|over to|up to|down to|"
    rf"out to|up from|down from|miles from|north of|south of|east of|west of|hours? from|"
    rf"minutes from|suburb of|came from|comes from|grew up in|folks in|people in|family in|"
    rf"family's in|office in|clinic in|clinics in|"
    rf"hospital in|site in) (?P<place>{CAP}(?: {CAP}){{0,2}})"
)
CITY_STATE = re.compile(rf"\b(?P<city>{CAP}(?: {CAP}){{0,2}}),? (?P<state>[A-Z]{{2}}|{CAP}(?: {CAP})?)\b")
NUMBER_AND_NAME = re.compile(
    rf"\b(?P<place>\d{{3,5}} (?:(?:North|South|East|West) )?(?P<name>{CAP}(?: {CAP})?))\b"
)
APARTMENT = re.compile(
    r"\b(?:apartment|apt\.?|suite|unit) (?:number )?#?(?P<place>\d{1,5}[A-Za-z]?|[A-Za-z]-?\d{1,4})\b"
    r"(?=[.,;?!]|$|\n| [a-z])",
    re.IGNORECASE,
)
HIGHWAY = re.compile(
    rf"\b(?:driven|drive|drove|driving|took|take|taking|off|down|up|along|on|across|from) "
    rf"the (?P<place>[1-9]\d{{1,2}}|{TWO_DIGIT}|{UNIT} oh {UNIT})(?! (?:to|past) {UP_TO_99})"
    rf"(?= (?:in|to|from|and|at|when|with|past|near|until|every|toward|towards|north|south|"
    rf"east|west)\b|[.,;?!]|$|\n)",
    re.IGNORECASE,
)
DOTTED = re.compile(r"\b(?P<place>(?:[A-Z]\.){2,})(?!\w)")
DEGREES = frozenset({"MD", "PA", "MA", "MS", "DO", "ND", "DC", "OD"})
"""Codes of states that behind a name are a degree."""

SINGLE_CAP = re.compile(rf"\b{CAP}(?: {CAP}){{0,3}}")


@cache
def _region_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"(?<!\w)(?P<place>{any_of(n.title() if n.islower() else n for n in _region_names())})(?!\w)",
        re.IGNORECASE,
    )


def _region_names() -> list[str]:
    return [name.removeprefix("the ") for name in regions()]


def _proper(text: str, span: Span) -> bool:
    """Tell whether every word of the span but the small ones has a capital."""
    words = re.findall(r"[\w']+", text[span.start : span.end])
    return all(w[0].isupper() or w in ("of", "the") for w in words)


def _listed(text: str) -> Iterator[Found]:
    """Yield capitalised runs, or their longest part, that are places on the lists."""
    for match in SINGLE_CAP.finditer(text):
        words = list(re.finditer(CAP, match[0]))
        i = 0
        while i < len(words):
            for j in range(len(words), i, -1):
                span = Span(match.start() + words[i].start(), match.start() + words[j - 1].end())
                score = _score(text, span)
                if score:
                    yield span, Label.LOCATION, score
                    i = j - 1
                    break
            i += 1


def _score(text: str, span: Span) -> float:
    """Return how surely a capitalised run is a listed place where it stands (0: not listed)."""
    name = text[span.start : span.end]
    low = name.lower().removesuffix("'s")
    people = cities().get(low, 0) + 2 * world_cities().get(low, 0)
    if not people or is_guarded(name):
        return 0.0
    located = re.search(rf"\b{WHERE} (?:the )?$", text[max(0, span.start - 20) : span.start], re.IGNORECASE)
    if " " in name and low.split()[0] not in first_names():
        return 0.85
    if low in first_names() or ordinary(low):
        return 0.6 if located and people >= 50 else 0.0
    if people >= 100:
        return 0.8
    return 0.7 if located else 0.45


def find(text: str) -> Iterator[Found]:
    """Yield places (LOCATION)."""
    for pattern, group, score in (
        (ADDRESS, 0, 0.95),
        (HOUSE_AND_DOOR, 0, 0.9),
        (SPOKEN_ADDRESS, 0, 0.7),
        (NAMED_STREET, "place", 0.85),
        (NAMED_STREET, "short", 0.8),
        (ROAD_NUMBER, "road", 0.8),
        (PLOT, "place", 0.85),
        (BOX, "place", 0.9),
        (NUMBERED, "place", 0.75),
        (NUMBERED, "road", 0.8),
        (NUMBERED, "box", 0.9),
        (APARTMENT, "place", 0.7),
    ):
        yield from each(pattern, text, Label.LOCATION, score, group)
    for match in _region_pattern().finditer(text):
        if _proper(text, span_of(match)):
            yield span_of(match, "place"), Label.LOCATION, 0.9
    for pattern, group in ((NAMED_NATURE, "place"), (NAMED_NATURE, "lake"), (DIRECTION, "name")):
        for span, label, _ in each(pattern, text, Label.LOCATION, 0.75, group):
            yield from _formed(text, span, label)
    for match in AFTER_PREPOSITION.finditer(text):
        name = match["place"]
        if (
            not is_guarded(name)
            and not all(ordinary(w) for w in name.split())
            and name.split()[0].lower() not in first_names()
        ):
            yield span_of(match, "place"), Label.LOCATION, 0.65
    for match in CITY_STATE.finditer(text):
        state = match["state"]
        if state in state_codes() or state.lower() in regions():
            named = not all(ordinary(w) for w in match["city"].split())
            # "Liberal, Kansas" is a town whatever the word; "Roe, MD" is a physician.
            named |= state not in state_codes() and match["city"].lower() in cities()
            if state in DEGREES and match["city"].lower() not in cities():
                continue
            if named:
                yield span_of(match, "city"), Label.LOCATION, 0.85
            if named or state not in state_codes():
                yield span_of(match, "state"), Label.LOCATION, 0.85
    for match in NUMBER_AND_NAME.finditer(text):
        if not any(ordinary(w) or is_guarded(w) for w in match["name"].split()):
            yield span_of(match, "place"), Label.LOCATION, 0.8
    yield from each(HIGHWAY, text, Label.LOCATION, 0.6, "place")
    for match in DOTTED.finditer(text):
        if match["place"].replace(".", "") not in ACRONYMS and not is_guarded(match["place"]):
            yield span_of(match, "place"), Label.LOCATION, 0.65
    yield from _listed(text)


def _formed(text: str, span: Span, label: Label) -> Iterator[Found]:
    """Yield a place by its form when some word of it is no ordinary one, weakly otherwise."""
    name = text[span.start : span.end]
    if is_guarded(name):
        return
    strong = any(not ordinary(w) for w in name.split()[:-1] or [name])
    yield span, label, 0.8 if strong else 0.4


PLACES = Rules("places", find)
"""The place rules as a recognizer."""
