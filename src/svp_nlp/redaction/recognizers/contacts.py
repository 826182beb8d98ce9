"""Finds ways to reach somebody: phone, fax, pager, extension, e-mail, URL, handle, ZIP, also spoken.

Why it identifies: it leads to the person directly (HIPAA: telephone, fax, e-mail, URL, IP, ZIP).
Misses: a number said in pieces over several turns, a handle said without the word "handle" or an @.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svp_nlp.model import Label
from svp_nlp.redaction.lexicon import cities, regions, state_codes
from svp_nlp.redaction.recognizers.base import Found, Rules, any_of, each, span_of
from svp_nlp.redaction.recognizers.numbers import DIGIT_WORD, UP_TO_99

TOP_DOMAIN = (
    r"(?:com|org|net|edu|gov|mil|info|io|co|us|uk|ca|health|hospital|care|me|biz|example|au|ie|nz|"
    r"int|go|ac|sch|"
    r"ke|ng|za|in|scot|wales|cymru|govt|nhs|hse|e d u|o r g|c o m|n e t|g o v|i e|u k|a u|n z|c a|"
    r"k e|n g|z a)"
)

PHONE = re.compile(
    r"(?<![\w.-])(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|\d{3}[-. /]+)\d{3}[-. ]+\d{4}(?: ?(?:x|"
    r"ext\.?|extension) ?\d{2,6})?(?![\w-])"
    r"|(?<![\w.$-])\d{3}[-.]\d{4}(?![\w-]|[.,]\d)"
    r"|\+\d{1,3}(?:[-. ]?\(?\d{1,4}\)?){2,5}(?!\d)"
)
GROUPED = re.compile(r"(?<![\w.$£€-])(?:\(0\d{1,4}\)|0\d{1,4})(?:[ -]\d{2,6}){1,4}(?![\w-]|[.,:/]\d)")
"""A number as it is written outside North America: a leading 0, then groups ("01632 960 158")."""

DIALLED = re.compile(
    r"\b(?:extension|ext\.?|extn\.?|pager|beeper|bleeper|bleep|landline|telephone|tel\.?|whatsapp|"
    r"switchboard|"
    r"fax|dial|dialed|x|page|paged|paging|beep|page me "
    r"at|pages? at|call me at|line|hotline|text|cell|mobile|phone|"
    r"call|calls? at|ring|number)(?: number)?(?:'s| is| was| at| on|:|,)* "
    r"#?(?P<number>\d[\d-]{2,}\d)(?![\w%]|[.,:/]\d)",
    re.IGNORECASE,
)
PAGER = re.compile(
    r"\b(?:pager|beeper|bleep|extension)(?: number)?(?: [a-z']+){1,4},? (?P<number>\d{4,5})(?![\w%]|[.,:/]\d)"
    r"|\b(?:pager|beeper|bleep|bleeper)(?: number)?(?:'s| is| was| on| at|:|,)* #?(?P<short>\d{2,3})"
    r"(?![\w%]|[.,:/]\d)",
    re.IGNORECASE,
)
ONE_BY_ONE = re.compile(
    r"(?<![\w./-])(?P<number>\d(?:[- ]\d){3,}|\d(?:-\d){2,}(?:(?:, ?| )\d(?:-\d)+)+)(?![\w%/-]|[.,:]\d)"
)
"""Digits said one by one: "2-7-1-4"."""

REACHED = re.compile(
    r"\b(?:phone|mobile|cell|pager|beeper|bleep|bleeper|page|dial|call|ring|extension|ext|fax|text|telephone|"
    r"line|switchboard|hotline)\b",
    re.IGNORECASE,
)
PAGED = re.compile(
    r"\b(?:page|paging|dial|bleep|ring|call) (?:[\w']+[, ]+){1,5}(?P<number>\d{4,5})(?<!19\d\d)(?<!20[0-3]\d)"
    r"(?![\w%]|[.,:/]\d| (?:people|patients|times|beds|staff|nurses|of))",
    re.IGNORECASE,
)
MIXED = re.compile(
    rf"(?<![\w'])(?P<number>(?:[a-z]|{DIGIT_WORD})(?: (?:[a-z]|{DIGIT_WORD})){{5,}})(?![\w'])", re.IGNORECASE
)
"""Letters and digits read out one after the other, a postcode or a plate: "f one two x four y seven"."""

KEYED = re.compile(
    rf"\b(?P<number>(?:star|hash|asterisk) (?:\d{{2,5}}|(?:{DIGIT_WORD}|{UP_TO_99})"
    rf"(?:[, -]+(?:{DIGIT_WORD}|{UP_TO_99}))+))\b(?! (?:rating|review|hotel|general))",
    re.IGNORECASE,
)
"""A code that is keyed in: "star 44"."""

EXTENSION = re.compile(r"\b(?:x|ext\.? ?|extension )(?P<number>\d{2,6})\b", re.IGNORECASE)
SPOKEN_NUMBER = re.compile(
    rf"\b(?P<number>{DIGIT_WORD}(?:[, -]+(?:dash |hyphen |dot )?(?:{DIGIT_WORD}|hundred)){{6,}}"
    rf"(?:[, -]+(?:{DIGIT_WORD}|{UP_TO_99}|hundred|thousand))*)\b"
    rf"|\b(?:extension|ext|pager|beeper|fax|dial|line|number|hotline|cell|phone)(?: "
    rf"number)?(?:'s| is| was| at|:|,)* "
    rf"(?P<short>(?:{DIGIT_WORD}|{UP_TO_99})(?:[, -]+(?:dash |hyphen )?(?:{DIGIT_WORD}|"
    rf"{UP_TO_99}|hundred|thousand)){{1,}})\b"
    rf"(?! (?:people|patients|percent|times|hours|minutes|of))",
    re.IGNORECASE,
)
ROUND = re.compile(rf"(?:{DIGIT_WORD}|{UP_TO_99}) (?:hundred|thousand)", re.IGNORECASE)
"""A place in a queue rather than a line to call: "number three hundred and something"."""

EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,64}(?:\.[\w-]+)*\.[A-Za-z]{2,}|"
    r"(?<![\w.+%-])[\w.+%-]{1,64} @ [\w-]+(?: ?\. ?[\w-]+)+"
)
SPOKEN_EMAIL = re.compile(
    rf"\b(?P<mail>(?<![\w'-])(?:[b-hj-z] )?[\w'-]{{1,40}}"
    rf"(?: (?:dot|underscore|dash|hyphen|period|point) [\w'-]+)* at "
    rf"(?:the )?[\w-]+(?: [\w-]+){{0,2}}"
    rf"(?: (?:dash|hyphen|dot) [\w-]+)* dot (?:{TOP_DOMAIN})(?: dot (?:\w \w|\w{{2,3}}))*)\b",
    re.IGNORECASE,
)
URL = re.compile(
    rf"\b(?:https?://|www\.)[^\s<>\"')\]]*[^\s<>\"')\].,;:!?]"
    rf"|"
    rf"(?<![\w@.])(?:[\w-]{{1,63}}\.){{1,5}}{TOP_DOMAIN}(?:/[^\s<>\"')\]]*[^\s<>\"')\].,;:!?])?(?![\w@-]|\.\w)",
    re.IGNORECASE,
)
SPOKEN_URL = re.compile(
    rf"\b(?!(?:not|no|an?|the|it|it's|is|and|or|just|any|some|this|that|one|dot) dot)"
    rf"(?P<url>(?:(?:w w w|www|double u double u double u) dot )?(?<![\w-])[\w-]{{1,40}}(?: dot [\w-]+)* "
    rf"dot (?:{TOP_DOMAIN})"
    rf"(?: (?:slash|forward slash|dash) [\w-]+)*)\b",
    re.IGNORECASE,
)
HANDLE = re.compile(
    r"(?<![\w@.])@[A-Za-z]\w{2,}(?:\.\w+)*|\b(?:handle|username|screen name|Twitter|Instagram|Skype|user id)"
    r"(?: is| was|:|'s|,)+ (?P<handle>@?[\w.]*[\d_.][\w.]*\w)",
    re.IGNORECASE,
)
USERNAME = re.compile(
    r"\b(?:chat|username|user name|handle|login|log in|screen name|messenger|slack|teams|"
    r"skype|whatsapp|signal|instagram|"
    r"twitter|account)\b[^.?!\n]{0,20}? (?:is|it's|she's|he's|i'm|as|under|called|at|,) "
    r"(?P<handle>(?=[a-z0-9._-]*[bcdfghjklmnpqrstvwxz]{3}|"
    r"[a-z]*[\d_.])[a-z][a-z0-9._-]{4,}\w)\b",
    re.IGNORECASE,
)
"""A user name behind its service; it has a digit, a dot or a cluster of consonants that words seldom have."""

POSTCODE = re.compile(
    rf"\b(?:post ?code|postal code|pin ?code|(?-i:PIN)|pin|eircode)(?:'s| is| was| will be|:|,)* "
    rf"(?P<zip>\d{{3,4}} ?\d{{0,4}}|[A-Z]\d[\dA-Z] ?[A-Z\d]{{3,4}}|"
    rf"(?:{DIGIT_WORD}|{UP_TO_99})(?:[, -]+(?:{DIGIT_WORD}|{UP_TO_99})){{2,5}})(?![\w%]|[.,:/]\d)",
    re.IGNORECASE,
)
ZIP = re.compile(
    rf"(?:\bzip(?: code)?(?:'s| is| was|:|,)*|\b(?:{any_of(sorted(regions()))}|"
    rf"{any_of(sorted(state_codes()))})[,.]?) +"
    rf"(?P<zip>\d{{5}}(?:-\d{{4}})?)\b(?! ?(?:people|patients))",
    re.IGNORECASE,
)
AFTER_PLACE = re.compile(
    r"(?<=[a-z],) (?P<zip>\d{5}(?:-\d{4})?)\b(?![,.]\d| ?[a-z%])|(?<=[A-Z]{2}) "
    r"(?P<other>\d{5}(?:-\d{4})?)\b(?![,.]\d| ?[a-z%])"
)
BEHIND_TOWN = re.compile(r"(?P<town>[A-Z][a-z]+(?: [A-Z][a-z]+)?),? (?P<zip>\d{5}(?:-\d{4})?)\b(?![,.]\d|%)")
SPOKEN_ZIP = re.compile(
    rf"\bzip(?: code)?(?:'s| is| was|,)* (?P<zip>(?:{DIGIT_WORD}|{UP_TO_99})(?:[, "
    rf"-]+(?:{DIGIT_WORD}|{UP_TO_99})){{2,4}})\b",
    re.IGNORECASE,
)
UK_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b[A-Z]\d[A-Z] \d[A-Z]\d\b")


LAST_GROUP = re.compile(r"\d{4}$")
BEHIND_HOUSE = re.compile(
    r"(?:\b(?:suite|apt\.?|apartment|unit|box|floor|room)\b[^.\n]{0,12}|"
    r"\d{2,5} [A-Z][^.\n]{2,40}), (?P<zip>\d{5}(?:-\d{4})?)"
    r"(?![\w%]|[.,:]\d)",
    re.IGNORECASE,
)


def _again(text: str, found: list[Found]) -> Iterator[Found]:
    """Yield the last four figures of a number where they are said alone: "not the 0119"."""
    last = {m[0] for span, _, _ in found if (m := LAST_GROUP.search(text[span.start : span.end]))}
    for match in re.finditer(r"(?<![\w.,:/$£€-])\d{4}(?![\w%]|[,:/.-]\d)", text):
        if match[0] in last and not re.fullmatch(r"(?:19|20)\d\d", match[0]):
            yield span_of(match), Label.CONTACT, 0.75


def find(text: str) -> Iterator[Found]:
    """Yield contact details (CONTACT)."""
    found = list(_find(text))
    yield from found
    yield from _again(text, [f for f in found if f[0].end - f[0].start > 6])


def _find(text: str) -> Iterator[Found]:
    for pattern, score in ((PHONE, 0.95), (EMAIL, 0.98), (URL, 0.9), (UK_POSTCODE, 0.8), (HANDLE, 0.85)):
        yield from each(pattern, text, Label.CONTACT, score)
    yield from each(DIALLED, text, Label.CONTACT, 0.85, "number")
    for match in GROUPED.finditer(text):
        if 9 <= sum(c.isdigit() for c in match[0]) <= 12:
            yield span_of(match), Label.CONTACT, 0.9
    yield from each(PAGER, text, Label.CONTACT, 0.75, "number")
    yield from each(PAGER, text, Label.CONTACT, 0.75, "short")
    for match in ONE_BY_ONE.finditer(text):
        before = text[max(0, match.start() - 60) : match.start()].rpartition("\n\n")[2]
        yield span_of(match, "number"), Label.CONTACT if REACHED.search(before) else Label.ID, 0.8
    yield from each(BEHIND_HOUSE, text, Label.CONTACT, 0.8, "zip")
    yield from each(KEYED, text, Label.CONTACT, 0.75, "number")
    yield from each(PAGED, text, Label.CONTACT, 0.65, "number")
    for match in MIXED.finditer(text):
        said = match["number"].split()
        letters = [w for w in said if len(w) == 1 and w.lower() not in "aio"]
        digits = [w for w in said if len(w) > 1]
        if letters and len(digits) >= 2:
            yield span_of(match, "number"), Label.CONTACT, 0.75
    yield from each(POSTCODE, text, Label.CONTACT, 0.8, "zip")
    yield from each(EXTENSION, text, Label.CONTACT, 0.85, "number")
    yield from each(SPOKEN_NUMBER, text, Label.CONTACT, 0.9, "number")
    for span, label, score in each(SPOKEN_NUMBER, text, Label.CONTACT, 0.75, "short"):
        if not ROUND.fullmatch(text[span.start : span.end]):
            yield span, label, score
    yield from each(SPOKEN_EMAIL, text, Label.CONTACT, 0.9, "mail")
    yield from each(SPOKEN_URL, text, Label.CONTACT, 0.85, "url")
    yield from each(ZIP, text, Label.CONTACT, 0.9, "zip")
    yield from each(AFTER_PLACE, text, Label.CONTACT, 0.7, "zip")
    yield from each(AFTER_PLACE, text, Label.CONTACT, 0.7, "other")
    for match in BEHIND_TOWN.finditer(text):
        if match["town"].lower() in cities():
            yield span_of(match, "zip"), Label.CONTACT, 0.75
    yield from each(USERNAME, text, Label.CONTACT, 0.75, "handle")
    yield from each(SPOKEN_ZIP, text, Label.CONTACT, 0.85, "zip")


CONTACTS = Rules("contacts", find)
"""The contact rules as a recognizer."""
