"""Finds the age of a person: "a 34-year-old", "she was ninety-one", "turned forty", "in her fifties".

Why it identifies: with role, place and event an age narrows to few people; over 89 it does alone (HIPAA).
Misses: ages told by events ("old enough to remember Kennedy"), a bare number long after its question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svp_nlp.model import Label, Span
from svp_nlp.redaction.recognizers.base import Found, Rules, each, span_of
from svp_nlp.redaction.recognizers.numbers import (
    TEEN,
    TWO_DIGIT,
    UP_TO_99,
    UP_TO_199,
)
from svp_nlp.redaction.recognizers.numbers import UNIT as UNIT_WORD
from svp_nlp.redaction.spoken import read_age

NUMBER = rf"(?:1[01]\d|\d{{1,2}}|{UP_TO_199})(?:[- ]and[- ]a[- ]half)?"
UNIT = r"(?:days?|weeks?|months?|hours?|mos?|wks?)"
HEDGE = (
    r"(?:,? (?:only|just|about|maybe|like|almost|nearly|around|barely|probably|already|"
    r"all of|um|uh|er|I think|"
    r"I believe|I mean|I guess|I want to say|what|say|let's say|oh|now|then|not even|going on|"
    r"over|under|well|you know|"
    r"approximately|roughly|at the time|turning|gonna be|going to be|easily|all of|a good)[,.]*)*"
)
AFTER = (
    r"(?=\s*(?:[.,;:?!)\]—]|$|\n|- |-+\s)| (?:and|when|at|now|then|with|but|or|in|who|so|"
    r"because|from|he|she|they|"
    r"years?(?! (?:married|sober|clean|apart|ago|later|older|younger|together|running|into|in|there|with|"
    r"an?)\b)|"
    r"yrs?|today|this|last|next|soon|I|um|uh|like|living|had|has|on)\b)"
)
WHO = (
    r"(?:he|she|I|they|patient|who|mother|mom|dad|father|son|daughter|husband|wife|"
    r"brother|sister|grandmother|"
    r"grandma|grandfather|grandpa|boy|girl|kid|baby|child|man|woman|lady|gentleman|guy|"
    r"resident|nurse|granddaughter|"
    r"grandson|aunt|uncle|cousin|niece|nephew|infant|toddler|teenager|oldest|youngest|older one|younger one|"
    r"partner|friend|[A-Z][a-z]+)"
)

LABELLED = r"(?:(?:\[[\d:.]+\] ?|<v [^>\n]{1,30}>)?(?:[A-Z][\w. -]{0,24}: ?)?)?"
"""What may stand before the answer to a question: the time, the label of who answers."""

HALF = re.compile(r"(?:[- ]and[- ]a[- ]half)\b")
HYPHENED = re.compile(rf"\b(?P<age>{NUMBER}-(?:year|yr)-old)\b", re.IGNORECASE)
YEAR_OLD = re.compile(rf"\b(?P<age>{NUMBER})[- ]?(?:years?|yrs?|y)[- /]?(?:old|o)\b(?!-time)", re.IGNORECASE)
THING = re.compile(
    r"\b(?:it|that|this|program|building|study|hospital|unit|thing|title|job|role|position)"
    r"(?: was| is| were|'s)"
    r"(?: (?:only|about|just|maybe|like|almost|at least|over|nearly|now|already|not even|really)){0,3} $",
    re.IGNORECASE,
)
"""What is a few years old without being a person."""
DECADE_OLD = re.compile(rf"\b(?P<age>{NUMBER})[- ]something\b", re.IGNORECASE)
MONTH_OLD = re.compile(rf"\b(?P<age>{NUMBER}[- ]{UNIT})[- ](?:old|of age)\b", re.IGNORECASE)
YEARS_OF_AGE = re.compile(rf"\b(?P<age>{NUMBER}) years? (?:of age|young)\b", re.IGNORECASE)
AGED = re.compile(
    rf"\b(?:aged?|ages|age of|age was|age is|age:)(?: of)?{HEDGE} (?P<age>{NUMBER}(?: "
    rf"(?:days|weeks|months))?)"
    rf"(?:(?:,| and|,? or) (?P<other>{NUMBER}))?\b(?!%| (?:percent|groups?))",
    re.IGNORECASE,
)
GOING_ON = re.compile(
    rf"\bgoing on (?P<age>{UP_TO_99}|\d{{1,2}})(?=\s*(?:[.,;?!]|$|\n))(?! (?:hours|minutes|weeks))",
    re.IGNORECASE,
)
AMENDED = re.compile(
    rf"\byears? old,? (?:no |well |I mean |actually |maybe )?(?P<age>{NUMBER})(?=[,.;]| and\b)", re.IGNORECASE
)
TURNED = re.compile(
    rf"\b(?:turned|turning|turns|turn|birthday is|birthday was|hit|pushing|shy of|celebrated (?:his|her))"
    rf"{HEDGE} (?P<age>{TWO_DIGIT}|[1-9]\d)\b(?! ?(?:%|percent|degrees|minutes|hours|"
    rf"people|o'clock|times|beds|patients|over))"
    rf"|\b(?:he|she|they|who|[a-z]*(?:boy|girl|son|daughter|child|kid|baby|twins|wee man|little one|grandson|"
    rf"granddaughter|niece|nephew|youngest|oldest|eldest)) (?:just |has |had |only )?turned "
    rf"(?P<young>(?:{UP_TO_99})|\d{{1,2}})(?=\s*(?:[.,;?!]|$|\n)| (?:and|when|in|the|last|this)\b)",
    re.IGNORECASE,
)
TENTH_DECADE = re.compile(
    r"\b(?:his|her|my|your|their|[A-Za-z]+'s) (?P<age>(?:twent|thirt|fort|fift|sixt|sevent|eight|ninet)ieth"
    r"|[2-9]0th|hundredth|21st|twenty-first)(?=\s*(?:[.,;?!]|$|\n)| (?:at|in|and|party|do|last|this|"
    r"when|with|on|so)\b)",
    re.IGNORECASE,
)
"""A birthday by its number alone: "I went to his sixtieth"."""

BIRTHDAY = re.compile(
    r"\b(?P<age>\d{1,2}(?:st|nd|rd|th)|\w+(?:ieth|teenth|first|second|third|fourth|fifth|sixth|"
    r"seventh|eighth|ninth|tenth|eleventh|twelfth)) birthday\b",
    re.IGNORECASE,
)
IS = re.compile(
    rf"\b{WHO}(?:'s|'m|'re| is| was| am| are| were|'d be| would be| would have been|'ll be| will be)"
    rf"{HEDGE} (?P<age>(?!one\b)(?:1[01]\d|[1-9]\d|[2-9]|{UP_TO_199})(?! (?:and|or)? ?(?:a "
    rf")?(?:half )?(?:hours?|minutes?|"
    rf"percent|weeks?|days?|feet|foot|miles?|blocks?)\b)){AFTER}",
)
IS_DAYS = re.compile(
    rf"\b{WHO}(?:'s| is| was| were){HEDGE} (?P<age>(?:\d{{1,2}}|{UP_TO_199}) (?:days|weeks|months) old|"
    rf"(?:\d{{1,2}}|{UP_TO_199}) (?:days|months))(?= ?[.,;?!]|$|\n)"
    rf"|\b(?:[Bb]aby|[Ii]nfant|[Nn]ewborn|(?:the|a|her|his|their|our) (?:baby|infant|wean|bairn|"
    rf"wee one|little one)|"
    rf"[Hh]e|[Ss]he)(?:'s| is| was){HEDGE} (?P<weeks>(?:\d{{1,2}}|{UP_TO_99}) weeks)(?= ?[.,;?!]|$|\n)",
)
IN_DECADE = re.compile(
    r"\b(?:his|her|their|my|our)[ -](?:(?:early|mid|late|mid-to-late|early to mid)[ -])?"
    r"(?P<age>[2-9]0'?s|twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties)\b",
    re.IGNORECASE,
)
APPOSITIVE = re.compile(
    rf"\b(?P<name>[A-Z][a-z]+),(?: who's| who is| who was| she's| he's)? (?P<age>[1-9]\d|"
    rf"{TWO_DIGIT})(?=,| and [a-z]|\.)"
    r"(?!,? (?:once|twice|daily|three times|times|milligrams?|mg|units|nightly|every))"
)
SHORTHAND = re.compile(r"\b(?P<age>[1-9]\d|1[01]\d) ?(?:y/?o|yo|yrs? old|M|F)\b(?! ?\d)")
ANSWER = re.compile(
    rf"\b(?:how old|your age|what age|his age|her age|old (?:was|is|are|"
    rf"were))\b[^?\n]*\?\s+{LABELLED}(?:(?:um|uh|oh|well|so|I'm|"
    rf"I am|he's|he was|she's|she was|I think|about|like|maybe|just|turned|yeah|[a-z]+ "
    rf"is|(?:I|he|she|they) (?:says?|said|goes|told (?:him|her|them)))[,.]* )*"
    rf"(?P<age>{NUMBER}(?: (?:days|weeks|months)(?=[.,;?!]))?)\b",
    re.IGNORECASE,
)
YOU = re.compile(
    rf"\b(?:you|I|he|she)(?:'re| are| were|'d be| looks?| looked)(?: (?:about|almost|nearly|only|like))? "
    rf"(?P<age>{TWO_DIGIT}|[1-9]\d){AFTER}",
    re.IGNORECASE,
)
ONE_OF_THEM = re.compile(
    rf"\b(?:one|another|the (?:other|youngest|oldest|first|second)) was{HEDGE} (?P<age>{TWO_DIGIT}|[1-9]\d)"
    rf"(?=\s*(?:[.,;?!]|$|\n)| and\b)",
    re.IGNORECASE,
)
"""People told one by one: "One was 19"."""

WHEN = re.compile(
    rf"\b(?:since|when|until|till) (?:I|he|she|they)(?:'s|'m| was| were| am| is){HEDGE} "
    rf"(?P<age>\d{{1,2}}|{UP_TO_199})\b"
    rf"(?! ?(?:%|percent|feet|minutes|hours|to|of|for|weeks|days|point))",
    re.IGNORECASE,
)


def _is(text: str) -> Iterator[Found]:
    """Yield "she was ninety-one"; a capitalised weekday or month is no person."""
    for match in IS.finditer(text):
        if not NO_PERSON.match(match[0]):
            yield span_of(match, "age"), Label.AGE, 0.8
    for match in IS_DAYS.finditer(text):
        if not NO_PERSON.match(match[0]):
            yield span_of(match, "age" if match["age"] else "weeks"), Label.AGE, 0.75


PERSON_NOUN = (
    r"(?:man|woman|lady|guy|gentleman|girl|boy|kid|baby|infant|child|toddler|teenager|"
    r"patient|fellow|mother|mom|mum|father|dad|"
    r"son|daughter|husband|wife|brother|sister|grandmother|grandma|grandfather|grandpa|"
    r"aunt|uncle|cousin|niece|nephew|"
    r"male|female|person|somebody|someone|student|resident|nurse|doctor|surgeon|veteran|"
    r"widow|widower|newborn|twin|teen)"
)
# The mother of four has as many children.
PARENT = r"mother|mom|mum|father|dad|parent|grandmother|grandma|grandfather|grandpa"

BEHIND_PERSON = re.compile(
    rf"\b(?:{PERSON_NOUN}|(?:a|an|my|this|that|our|his|her) (?:[a-z-]+ "
    rf"){{0,2}}[a-z-]+(?:er|or|ist|ian|man|woman|ant|ent))"
    rf"(?: (?:in|from|with|on) [\w' ]{{2,20}})?,{HEDGE} (?P<age>[1-9]\d?|1[01]\d|"
    rf"{UP_TO_199})(?=,? ?(?:[.,;?!]|$|\n| (?:and|with|who|in|on|when)\b))"
    rf"(?!,? (?:{TWO_DIGIT}|\d+|or|to) )",
    re.IGNORECASE,
)
OF_AGE = re.compile(
    rf"\b(?!(?:{PARENT}) of (?:only |about |just )?(?:\d|1[0-4]|{UNIT_WORD}|ten|eleven|twelve)\b)"
    rf"{PERSON_NOUN} of (?:only |about |just )?(?P<age>[1-9]\d?|{UP_TO_199})\b(?! ?(?:%|percent|of|our))",
    re.IGNORECASE,
)
AT_AGE = re.compile(
    rf"\b(?:retire|retired|retirement|retiring|died|dies|dead|passed|passed away|diagnosed|"
    rf"married|widowed|divorced|pregnant|"
    rf"graduated|orphaned|born|emigrated|immigrated|started|enlisted|quit|gone|left home|"
    rf"began)(?: [a-z]+){{0,2}} at"
    rf" (?:just |only |about |like )?(?P<age>[1-9]\d|{TWO_DIGIT})\b(?! ?(?:%|percent|"
    rf"o'clock|hours|am|pm|a\.m|p\.m|beds|hospitals|:))(?![:\d])",
    re.IGNORECASE,
)
CHILD = re.compile(
    r"\b(?:boy|girl|kid|kids|baby|child|toddler|son|daughter|little one|wean|bairn|grandson|granddaughter)\b",
    re.IGNORECASE,
)
CHILD_FRAGMENT = re.compile(rf"(?<=[.?!] )(?P<age>(?:{UP_TO_99}|[1-9]))\.(?= [A-Z]| ?$|\n)", re.IGNORECASE)
FOR_THE_FORM = re.compile(
    rf"\b(?:your |and |the )?age\b[^.?!\n]{{0,40}}[.?]\s+(?:(?:um|uh|oh|well|I'm|I am|just|about)[,.]* )*"
    rf"(?P<age>{TWO_DIGIT}|[1-9]\d)(?=\s*(?:[.,;?!]|$|\n))",
    re.IGNORECASE,
)
DESCRIBED = re.compile(
    rf"\b[A-Z][a-z]+(?:, [\w' -]{{2,25}}){{0,3}},{HEDGE} (?:about|maybe|nearly|almost|around|only|"
    rf"just|easily|what,?) "
    rf"(?P<age>{TWO_DIGIT}|[1-9]\d)(?=[.;]|, (?:and|with|who|she|he)\b)"
)
"""Somebody described in commas: "Yvette, tiny, about eighty."."""

MAKES_YOU = re.compile(
    rf"\b(?:mak(?:es?|ing)|made|puts?|putting) (?:you|him|her|me|them){HEDGE} (?:at )?"
    rf"(?P<age>{TWO_DIGIT}|[2-9]\d)(?=\s*(?:[.,;?!]|$|\n)| (?:now|then|and|when|this|next)\b)",
    re.IGNORECASE,
)
YOUNG_AT = re.compile(
    rf"\b(?:I|he|she|they|we) (?!(?:was|were|am|are|is|look|start) )(?:[a-z]+ ){{1,4}}at "
    rf"(?:just |only |about )?(?P<age>{TEEN}|1\d)(?=\s*(?:[.;?!]|$|\n)|,? (?:and|as|because|with|to)\b)",
    re.IGNORECASE,
)
"""What people do young: "He went in at sixteen."."""

AGAIN = re.compile(
    rf"\b(?P<age>{TWO_DIGIT}|[1-9]\d)(?=\s*(?:[.,;?!]|$|\n)|"
    rf" (?:next|this|in|come) (?:month|week|year|spring|summer|fall|autumn|winter|[A-Z][a-z]+)\b)",
    re.IGNORECASE,
)
"""A bare number, or one that is reached "next month"."""

RIGHT_AFTER = re.compile(
    rf"(?:,? or|,) (?P<age>{UP_TO_99}|[1-9]\d?)(?=\s*(?:[.;?!]|$|\n|, (?:and|when|she|he|I)\b))"
)
"""An age that is not sure: "I was seven, eight." """

SHE_WOULD_BE = re.compile(
    rf"\b(?:he|she|they|I|mam|mum|mom|dad|nan|grandma|grandad)(?:'d| would| must|"
    rf" might| could|'ll)? "
    rf"(?:be|have been|'ve been)(?:,? (?:what|about|oh|maybe|nearly|now|um|uh|at least|over))*,? "
    rf"(?P<age>{TWO_DIGIT}|[2-9]\d)(?=\s*(?:[.,;?!]|$|\n)| (?:herself|himself|now|then|and|when|if|by|"
    rf"this|next)\b)",
    re.IGNORECASE,
)
FRAGMENT = re.compile(rf"(?<=[.?!] )(?P<age>{TWO_DIGIT}|[1-9]\d)\.(?= [A-Z]| ?$|\n)", re.IGNORECASE)
ABOUT_PERSON = re.compile(rf"\b(?:he|she|him|her|his|{PERSON_NOUN})\b", re.IGNORECASE)
COUNTED = re.compile(r"\bhow (?:many|much|long|often)\b|\bpercent\b|\bnumber\b", re.IGNORECASE)


UNPUNCTUATED = re.compile(
    rf"\b{WHO}(?:'s| was| is|'m| am|'ll be| will be)(?: (?:only|just|about|maybe|like|"
    rf"almost|nearly|around|i think|I think|um|uh|what|oh))*"
    rf" (?P<age>(?!one\b)(?:1[01]\d|[1-9]\d|[2-9]|{UP_TO_199}))\b"
    rf"(?! (?:and|or|to|of|for|out|percent|hours?|minutes?|weeks?|days?|months?|feet|foot|"
    rf"miles?|blocks?|people|patients|"
    rf"nurses|times|dollars|beds|point|hundred|thousand|million|different|more|other|"
    rf"things?|kids|children|shifts?|years? (?!old)|"
    rf"o'clock|a m|p m|am|pm|seconds|points|volunteers|supporters|{UP_TO_99})\b|-)"
    rf"|\b{PERSON_NOUN} (?P<bare>[1-9]\d|{TWO_DIGIT})\b(?! (?:percent|hours?|minutes?|"
    rf"weeks?|days?|feet|miles?|people|times|"
    rf"patients|dollars|beds|to|of|years? (?!old))\b|-)",
)


def _child(text: str) -> Iterator[Found]:
    """Yield "Nine." where the sentence before is about a child."""
    for match in CHILD_FRAGMENT.finditer(text):
        before = text[max(0, match.start() - 70) : match.start()].rpartition("\n\n")[2]
        if CHILD.search(before) and not COUNTED.search(before):
            yield span_of(match, "age"), Label.AGE, 0.6


def _unpunctuated(text: str) -> Iterator[Found]:
    """Yield "he was fifty-two a bus driver" where speech recognition set no punctuation."""
    if sum(map(text.count, ".,?!")) * 60 > len(text):
        return
    for match in UNPUNCTUATED.finditer(text):
        if not NO_PERSON.match(match[0]):
            yield span_of(match, "age" if match["age"] else "bare"), Label.AGE, 0.6


def _fragment(text: str) -> Iterator[Found]:
    """Yield a sentence that is only a number, where the sentences around it speak of one person."""
    for match in FRAGMENT.finditer(text):
        before = text[max(0, match.start() - 90) : match.start()].rpartition("\n\n")[2]
        after = text[match.end() : match.end() + 50].partition("\n\n")[0]
        if ABOUT_PERSON.search(before + after) and not COUNTED.search(before):
            yield span_of(match, "age"), Label.AGE, 0.6


SIBLINGS = re.compile(
    rf"\b(?:brothers|sisters|boys|girls|kids|children|sons|daughters|twins|lads|lasses|grandchildren|"
    rf"cousins|nieces|"
    rf"nephews|babies|little ones),{HEDGE} (?P<age>[1-9]\d?|{UP_TO_99})(?: and|,? or|,) "
    rf"(?P<other>[1-9]\d?|{UP_TO_99})"
    rf"(?=\s*(?:[.,;?!]|$|\n))",
    re.IGNORECASE,
)
TO_BE = re.compile(
    rf"\b(?P<who>[\w' ,]{{0,60}})\b(?:to be|must be|must've been|must have been|would be|"
    rf"would've been|might be|could've been|pushing|nearly|nearing){HEDGE} (?P<age>{TWO_DIGIT}|[2-9]\d)"
    rf"(?=\s*(?:[.,;?!]|$|\n)| and\b)(?!,? (?:{TWO_DIGIT}|\d+) )",
    re.IGNORECASE,
)
ROLE_AT = re.compile(
    rf"\b(?:a|an) (?:[a-z-]+ )?(?:{PERSON_NOUN}|(?:[a-z-]+(?:er|or|ist|ian))) at (?P<age>{TWO_DIGIT}|[1-9]\d)"
    rf"(?=\s*(?:[.,;?!]|$|\n))",
    re.IGNORECASE,
)


def _to_be(text: str) -> Iterator[Found]:
    """Yield "she had to be ninety" where the clause is about a person."""
    for match in TO_BE.finditer(text):
        if ABOUT_PERSON.search(match["who"]) and not COUNTED.search(match["who"]):
            yield span_of(match, "age"), Label.AGE, 0.6


NO_PERSON = re.compile(
    r"(?:it|that|this|there|what|which|here|mine|these|those|the|and|but|so|where|when|we)\b", re.IGNORECASE
)


def find(text: str) -> Iterator[Found]:
    """Yield ages (AGE): the number alone for years, number and unit otherwise."""
    found = [(_with_half(text, span), label, score) for span, label, score in _find(text)]
    yield from found
    yield from _corrected(text, found)


def _with_half(text: str, span: Span) -> Span:
    half = HALF.match(text, span.end)
    return Span(span.start, half.end()) if half else span


def _corrected(text: str, found: list[Found]) -> Iterator[Found]:
    """Yield a bare number shortly behind an age and near it: "seventy-five? - Seventy-six." """
    said = [(span, text[span.start : span.end]) for span, _, _ in found]
    ends = sorted((span.end, years) for span, age in said if (years := read_age(age)))
    for span, age in said:
        again = re.compile(rf"\b{re.escape(age)}\b", re.IGNORECASE)
        if " " in age and (match := again.search(text, span.end, span.end + _NEAR)):
            yield span_of(match), Label.AGE, 0.7
    for match in RIGHT_AFTER.finditer(text):
        if any(end == match.start() for end, _ in ends):
            yield span_of(match, "age"), Label.AGE, 0.7
    for match in AGAIN.finditer(text):
        near = [y for end, y in ends if 0 < match.start() - end <= _NEAR]
        years = read_age(match["age"])
        between = text[match.start() - _NEAR if match.start() > _NEAR else 0 : match.start()]
        if years and any(0 < abs(years - y) <= _APART for y in near) and not COUNTED.search(between):
            yield span_of(match, "age"), Label.AGE, 0.7


# What may be corrected is a year or two off; further off it is another number.
_NEAR, _APART = 60, 2


def _find(text: str) -> Iterator[Found]:
    yield from each(HYPHENED, text, Label.AGE, 0.95, "age")
    for pattern in (YEAR_OLD, MONTH_OLD):
        for match in pattern.finditer(text):
            if not THING.search(text[max(0, match.start() - 45) : match.start()]):
                yield span_of(match, "age"), Label.AGE, 0.95
    for pattern, score in (
        (DECADE_OLD, 0.7),
        (YEARS_OF_AGE, 0.95),
        (AGED, 0.9),
        (AMENDED, 0.75),
        (TURNED, 0.75),
        (BIRTHDAY, 0.8),
        (APPOSITIVE, 0.7),
        (SHORTHAND, 0.85),
        (ANSWER, 0.8),
        (WHEN, 0.8),
        (YOU, 0.75),
        (ONE_OF_THEM, 0.6),
        (BEHIND_PERSON, 0.8),
        (OF_AGE, 0.85),
        (AT_AGE, 0.75),
        (IN_DECADE, 0.75),
        (SIBLINGS, 0.75),
        (ROLE_AT, 0.6),
        (TENTH_DECADE, 0.75),
        (FOR_THE_FORM, 0.8),
        (DESCRIBED, 0.65),
        (SHE_WOULD_BE, 0.75),
        (GOING_ON, 0.65),
        (MAKES_YOU, 0.8),
        (YOUNG_AT, 0.7),
    ):
        yield from each(pattern, text, Label.AGE, score, "age")
    yield from each(AGED, text, Label.AGE, 0.8, "other")
    yield from each(SIBLINGS, text, Label.AGE, 0.75, "other")
    yield from _to_be(text)
    yield from each(TURNED, text, Label.AGE, 0.75, "young")
    yield from _child(text)
    yield from _is(text)
    yield from _fragment(text)
    yield from _unpunctuated(text)


AGES = Rules("ages", find)
"""The age rules as a recognizer."""
