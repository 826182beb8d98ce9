"""Finds calendar dates and parts of dates, written and spoken, holidays, quarters and bare years.

Why it identifies: a date of an event joins a speaker to news, records and rosters (HIPAA lists every
element of a date but the year; a bare year narrows with place and role).
Misses: relative times ("the week after the storm"), months that are only seasons of speech ("in deer
season"), a lone ordinal far from any other date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svp_nlp.model import Label, Span
from svp_nlp.redaction.recognizers.base import Found, Rules, any_of, each, span_of
from svp_nlp.redaction.recognizers.numbers import (
    ORDINAL_DAY,
    ORDINAL_TEENS,
    ORDINAL_UNITS,
    SHORT_YEAR,
    SPOKEN_YEAR,
    TEEN,
    TEN,
    TWO_DIGIT,
    UNIT,
    UP_TO_99,
)
from svp_nlp.redaction.spoken import read_year

MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
)
SURE_MONTH = r"(?:january|february|april|june|july|august|september|october|november|december)"
SEASON = r"(?:spring|summer|fall|autumn|winter)"
WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
SAID = r"(?:,? (?:um|uh|er|erm|ah|like|I think|I want to say|what was it)[,.]*)?"
"""A hesitation inside a date."""

YEAR4 = r"(?:19|20)\d\d"
YEAR = rf"(?:{YEAR4}|'\d\d|{SPOKEN_YEAR})\b"
LATE_YEAR = rf"(?:{YEAR}|{SHORT_YEAR}\b|(?<=of )(?:0\d|1\d|2[0-6]|[6-9]\d)\b(?![:.%/]\d|%))"
"""A year where one is expected: two spoken digits are enough ("March of oh-nine")."""

DAY = rf"(?:(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\d/:.]\d|\d|%)|{ORDINAL_DAY})\b"
GAP = rf"{SAID}(?:,| ,)? (?:of |in )?(?:the year )?"

NUMERIC = re.compile(
    rf"\b(?:(?:0?[1-9]|1[0-2])[/-](?:3[01]|[12]\d|0?[1-9])[/-](?:(?:19|20)\d\d|\d\d)"
    rf"|(?:3[01]|[12]\d|0?[1-9])[/.](?:0?[1-9]|1[0-2])[/.](?:19|20)\d\d"
    rf"|(?:3[01]|[12]\d|0?[1-9])/(?:0?[1-9]|1[0-2])/\d\d"
    rf"|(?:0?[1-9]|1[0-2])\.(?:3[01]|[12]\d|0?[1-9])\.(?:(?:19|20)\d\d|\d\d)"
    rf"|{YEAR4}[-/.](?:0?[1-9]|1[0-2])[-/.](?:3[01]|[12]\d|0[1-9])"
    rf"|(?:0?[1-9]|1[0-2])/{YEAR4})\b(?![/-]?\d)"
)
MONTH_DAY_NUMERIC = re.compile(
    r"\b(?:on|by|since|until|till|from|to|of|dated|between|before|after|and|birth|dob|for|was|is)[ :]+"
    r"(?P<date>(?:0?[1-9]|1[0-2])/(?:3[01]|[12]\d|0?[1-9]))\b(?!/| (?:of|cup|scale|pain|"
    r"dose|mg|teaspoon|hours?|hrs|minutes?|mins|days?|weeks?|months?|years?|times|way|"
    r"mile))",
    re.IGNORECASE,
)
RUN_TOGETHER = re.compile(
    r"\b(?:on|dated|birth|dob|visit|since|until|from)(?: was| is| of)? "
    r"(?P<date>(?:1[0-2]|0?[1-9])(?:3[01]|[12]\d|0[1-9])(?:(?:19|20)?\d\d)?)(?= ?[,.;?!]| "
    r"+(?:we|he|she|i|they)\b)",
    re.IGNORECASE,
)
"""A date whose slashes speech recognition lost: "her follow-up on 917, we felt ..."."""

MONTH_DATE = re.compile(
    rf"\b(?:{WEEKDAY},? )?(?:the )?(?P<date>{MONTH}(?:{SAID},? (?:the )?{DAY}(?:(?: (?:and|"
    rf"or|to|through) |-)(?:the )?{DAY})?"
    rf"(?:{GAP}{LATE_YEAR})?|{GAP}{LATE_YEAR}))",
    re.IGNORECASE,
)
DAY_MONTH = re.compile(
    rf"\b(?P<date>(?:{DAY}(?: (?:and|or|to|through) (?:the )?|-))?{DAY}{SAID}"
    rf"(?:,? (?:day )?(?:of )?|\. Of ){MONTH}(?:{GAP}{LATE_YEAR})?)\b",
    re.IGNORECASE,
)
DAY_NUMBER_WORD = re.compile(
    rf"\b(?P<date>{MONTH} {UP_TO_99}(?:{GAP}{LATE_YEAR})?)\b(?! (?:people|patients|nurses|"
    rf"of(?! (?:this|that|last|next|the year))|hours|minutes|days|weeks))",
    re.IGNORECASE,
)
LONE_MONTH = re.compile(rf"\b{SURE_MONTH}\b", re.IGNORECASE)
LONE_MAY = re.compile(
    r"(?:\b(?:in|of|since|until|till|by|last|this|next|every|each|early|late|mid|first|"
    r"second|third|past|from|"
    r"through|that|during|around|to|and|or|between|before|after|coming)[- ])(?:the )?(?P<date>may|march)\b"
    r"(?! (?:have|be|not|or may|well|as|in|to|on|the|a|through|into|up|out|down|over|with|"
    r"off|around|also|need|want|"
    r"feel|get|go|say|find|think|know|never|still|just|come|take|use|help|seem|look)\b)",
    re.IGNORECASE,
)
SURE_MAY = re.compile(
    r"\b(?:in|of|since|until|till|last|past|next|early|late|mid|every|by) (?P<date>may|"
    r"march)\b(?! (?:be|have|not|well|or may)\b)",
    re.IGNORECASE,
)
CAPITAL_MAY = re.compile(r"(?<=[a-z,;:] )(?P<date>May|March|Mar|Sept)\b")
SHORT_MONTH = re.compile(r"\b(?:Jan|Feb|Apr|Jun|Jul|Aug|Sept|Oct|Nov|Dec)\b\.?")

SEASON_YEAR = re.compile(
    rf"\b(?P<date>(?:the )?{SEASON}(?:,? of|,)? (?:{YEAR}|{SHORT_YEAR}\b|(?<=of )\d\d\b))", re.IGNORECASE
)
QUARTER = re.compile(
    rf"\b(?P<date>(?:Q[1-4]|(?:first|second|third|fourth|last) "
    rf"quarter)(?:{GAP}(?:fiscal(?: year)? )?{LATE_YEAR})"
    rf"|Q[1-4]\b|FY ?'?\d\d(?:\d\d)?\b|fiscal(?: year)?(?: of)? {LATE_YEAR})",
    re.IGNORECASE,
)
HOLIDAYS = [
    "Christmas Eve",
    "Christmas Day",
    "Christmas",
    "Xmas",
    "Thanksgiving Day",
    "Thanksgiving",
    "New Year's Eve",
    "New Year's Day",
    "New Years Eve",
    "New Years Day",
    "New Year's",
    "New Years",
    "Easter Sunday",
    "Easter Monday",
    "Easter",
    "Good Friday",
    "Palm Sunday",
    "Ash Wednesday",
    "Holy Week",
    "Maundy Thursday",
    "Pentecost",
    "Labor Day",
    "Labour Day",
    "Memorial Day",
    "Presidents' Day",
    "President's Day",
    "Presidents Day",
    "Columbus Day",
    "Veterans Day",
    "Veteran's Day",
    "Veterans' Day",
    "Independence Day",
    "Fourth of July",
    "4th of July",
    "July Fourth",
    "July 4th",
    "Halloween",
    "Valentine's Day",
    "Valentines Day",
    "Valentine's",
    "Mother's Day",
    "Mothers Day",
    "Father's Day",
    "Fathers Day",
    "Martin Luther King Day",
    "MLK Day",
    "MLK",
    "Juneteenth",
    "Cinco de Mayo",
    "St. Patrick's Day",
    "Saint Patrick's Day",
    "St. Paddy's Day",
    "Groundhog Day",
    "Mardi Gras",
    "Hanukkah",
    "Chanukah",
    "Passover",
    "Rosh Hashanah",
    "Yom Kippur",
    "Ramadan",
    "Eid al-Fitr",
    "Eid",
    "Diwali",
    "Kwanzaa",
    "Lunar New Year",
    "Chinese New Year",
    "Boxing Day",
    "Canada Day",
    "Victoria Day",
    "Remembrance Day",
    "Armistice Day",
    "Earth Day",
    "Election Day",
    "Inauguration Day",
    "Super Bowl Sunday",
    "Patriots Day",
    "Patriots' Day",
    "Indigenous Peoples' Day",
    "Black Friday",
    "Nurses Day",
    "Nurses Week",
    "Nurses' Week",
    "Nurse's Week",
    "Match Day",
    "April Fool's Day",
    "April Fools' Day",
    "April Fools",
    "Flag Day",
    "Pearl Harbor Day",
    "Cyber Monday",
    "All Saints' Day",
    "All Souls' Day",
    "Day of the Dead",
    "Bastille Day",
    "Guy Fawkes",
    "Bonfire Night",
    "St. Stephen's Day",
    "Orthodox Easter",
    "Nowruz",
    "Tet",
    "Lent",
    "Advent",
    "Epiphany",
    "Three Kings Day",
    "Three Kings' Day",
    "Día de los Reyes",
    "Twelfth Night",
    "Orthodox Christmas",
    "Purim",
    "Sukkot",
    "Simchat Torah",
    "Shavuot",
    "Tisha B'Av",
    "Lag BaOmer",
    "Holi",
    "Vaisakhi",
    "Navratri",
    "Dussehra",
    "Chuseok",
    "Mid-Autumn Festival",
    "Songkran",
    "Ashura",
    "Mawlid",
    "Eid al-Adha",
    "Shrove Tuesday",
    "Fat Tuesday",
    "Emancipation Day",
    "Pioneer Day",
    "Cesar Chavez Day",
    "New Year",
    "Nine Eleven",
    "9/11",
    "Whit Monday",
    "Whit Sunday",
    "Whitsun",
    "Whitsuntide",
    "Trinity Sunday",
    "Ascension Day",
    "Corpus Christi Day",
    "Mothering Sunday",
    "Pancake Day",
    "Pancake Tuesday",
    "Michaelmas",
    "Martinmas",
    "Candlemas",
    "Lammas",
    "Hogmanay",
    "Burns Night",
    "St. George's Day",
    "St. Andrew's Day",
    "St. David's Day",
    "St. Brigid's Day",
    "St George's Day",
    "St Andrew's Day",
    "St David's Day",
    "St Brigid's Day",
    "St Stephen's Day",
    "St Patrick's Day",
    "St Paddy's Day",
    "St. John's Day",
    "St Swithin's Day",
    "Anzac Day",
    "Australia Day",
    "Melbourne Cup Day",
    "Melbourne Cup",
    "Grand Final Day",
    "Waitangi Day",
    "Matariki",
    "Queen's Birthday",
    "King's Birthday",
    "Queens Birthday",
    "Kings Birthday",
    "Heritage Day",
    "Freedom Day",
    "Youth Day",
    "Republic Day",
    "Gandhi Jayanti",
    "Children's Day",
    "Teachers' Day",
    "Teachers Day",
    "Doctors' Day",
    "Doctors Day",
    "Midwives Day",
    "International Nurses Day",
    "Women's Day",
    "World Mental Health Day",
    "Onam",
    "Pongal",
    "Lohri",
    "Baisakhi",
    "Makar Sankranti",
    "Raksha Bandhan",
    "Ganesh Chaturthi",
    "Durga Puja",
    "Durga Pooja",
    "Karwa Chauth",
    "Janmashtami",
    "Mahashivratri",
    "Deepavali",
    "Eid-ul-Fitr",
    "Eid ul-Fitr",
    "Eid-el-Kabir",
    "Eid el-Kabir",
    "Sallah",
    "Bakrid",
    "Muharram",
    "Workers' Day",
    "Workers Day",
    "Democracy Day",
    "May Day",
    "Family Day",
    "Civic Holiday",
    "Truth and Reconciliation Day",
    "National Day",
    "Liberation Day",
    "Constitution Day",
    "Unity Day",
    "Reformation Day",
    "Lincoln's Birthday",
    "Washington's Birthday",
    "Lincolns Birthday",
    "Washingtons Birthday",
    "Ides of March",
    "Kamehameha Day",
    "Statehood Day",
    "Evacuation Day",
    "Casimir Pulaski Day",
    "Tax Day",
    "Commonwealth Day",
    "Accession Day",
    "Discovery Day",
    "Carnation Day",
    "St. John's Eve",
    "Midsummer Eve",
    "Midsummer's Day",
    "Assumption Day",
    "Immaculate Conception Day",
    "Las Posadas",
    "Día de los Muertos",
    "Tomb Sweeping Day",
    "Qingming",
    "Dragon Boat Festival",
    "Obon",
    "Golden Week",
    "Seollal",
    "Losar",
    "Vesak",
    "Thaipusam",
]
SAINTS_DAY = (
    r"(?:(?:St\.?|Saint) [^\W\d_]+(?:'?s)?(?: (?:Day|Eve)\b|(?= (?:long )?weekend))|"
    r"(?:Holy|Spy|Maundy|Easter|Whit|Shrove) (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|"
    r"(?:All Saints|All Souls|All Hallows)\b|(?:Little|Women's|Old) Christmas|"
    r"(?:May|June|August|September|July|October|Canada Day|Labou?r Day|Memorial Day) long weekend)"
)
BANK_HOLIDAY = (
    r"(?:(?:Easter|May|Spring|Whit|Summer|August|October|June|Christmas|New Year|early May|late May) "
    r"bank holiday(?: (?:Monday|Friday|Sunday|Saturday|weekend))?|bank holiday (?:Monday|Friday))"
)
HOLIDAY = re.compile(
    rf"\b(?P<date>(?:{any_of(HOLIDAYS)}|{BANK_HOLIDAY}|{SAINTS_DAY})(?!\w)"
    rf"(?:'s?)?(?: (?:long )?weekend)?(?:,?(?: of| in)? {LATE_YEAR})?)",
    re.IGNORECASE,
)
CAPITAL_HOLIDAYS = frozenset(
    {"mlk", "tet", "eid", "lent", "advent", "epiphany", "nine eleven", "valentine's", "holi", "new year"}
    | {"may day", "pongal", "sallah", "national day", "family day", "golden week", "matariki", "unity day"}
    | {"heritage day", "freedom day", "youth day"}
)
"""Holidays that are words or names otherwise; they count only with a capital."""

ORDINAL_ALONE = re.compile(
    rf"(?P<lead>(?<!\w)(?:on|by|until|till|from|to|through|{WEEKDAY},?|before|after|since|"
    rf"was|and|or|it|no|not|wait|maybe|actually)|[.,;?!-]) the "
    rf"(?P<date>(?:{ORDINAL_DAY}|(?:3[01]|[12]\d|[1-9])(?:st|nd|rd|"
    rf"th)))(?=\s*(?:[.,;:?!)—-]|$|\n| (?:and|or|at|when|we|i|"
    rf"he|she|they|in|that|with|to|it|is|was|because|so|but)\b))",
    re.IGNORECASE,
)
FLOOR = re.compile(
    r"(?<![\w-])(?:floor|grade|quarter|time|question|interview|day|person|one|call|shift|week|year)s?\b", re.I
)

YEAR_DIGITS = re.compile(
    rf"(?<![\w$£€#/.,:-])(?P<year>{YEAR4})(?![\w%]|[,.:/]\d|-\d|'s\b| (?:dollars|patients|"
    rf"people|nurses|beds|milligrams|mg|"
    rf"units|hours|calories|employees|staff|pounds|miles|bucks|members|students|times|"
    rf"meters|feet|words|or more))"
)
DAY_MONTH_NUMERIC = re.compile(
    r"(?<![\w/.-])(?P<date>(?:3[01]|2\d|1[3-9])/(?:0[1-9]|1[0-2])|0[1-9]/(?:0[1-9]|1[0-2])"
    r"|(?:1[0-2])/0[1-9]|(?:0[1-9])/(?:3[01]|2\d|1[3-9]))(?![\w/%]|[.-]\d)"
)
"""A day and a month in figures, one of them padded or too large for a month: "30/09", "05/04"."""

YEAR_FRAGMENT = re.compile(
    rf"(?:(?<=[.?!:–—] )|(?<=\n))(?P<year>(?:{TEN}[- ]{UNIT}))\.(?= |$|\n)",
    re.IGNORECASE,
)
WHICH_YEAR = re.compile(
    r"\b(?:when|what year|which year|year|born|1[89]\d\d|20\d\d|blizzard|war)\b", re.IGNORECASE
)
HOW_MANY = re.compile(
    r"\bhow (?:many|much|long|often|old)\b|\bpercent\b|\bnumber\b|\bage\b|\bbeds\b", re.IGNORECASE
)
SPOKEN_APOSTROPHE = re.compile(
    rf"(?<![\w'])(?P<year>'(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ]{UNIT})?)\b(?!')",
    re.IGNORECASE,
)
YEAR_AFTER_OTHER = re.compile(rf"\b{YEAR4}[-/–](?P<year>{YEAR4}|\d\d)\b")
APOSTROPHE_YEAR = re.compile(r"(?<!\w)(?P<year>'\d\d)\b(?!')(?!s\b)")
YEAR_WORDS = re.compile(
    rf"\b(?P<year>{SPOKEN_YEAR})\b(?!-| (?:people|patients|nurses|of|percent|dollars|times|"
    rf"minutes|hours|days|grams?|kilos?|pounds?|euros?|metres|meters|calories|shillings|rupees|naira|"
    rf"bob|beds)\b)",
    re.I,
)
YEAR_TENS = re.compile(
    r"\b(?:in|since|by|until|till|before|after|around|year|of|into|going into)(?:,? (?:uh|um|"
    r"er),?)? (?P<year>(?:twenty "
    r"(?:thirty|forty|fifty)|two thousand))"
    r"(?=\s*(?:[.,;:?!)]|$|\n| (?:and|when|we|i|it|he|she|they|the|that|or|but|so)\b))",
    re.IGNORECASE,
)
YEAR_SHORT = re.compile(
    rf"\b(?:back in|class of|since|{SEASON} of|early|late|end of|beginning of|start of|in|"
    rf"until|by|to|and|or|maybe|of|was) "
    rf"(?P<year>(?:oh|o|aught)[- ]{UNIT})\b"
    rf"|\b(?:back in|class of|{SEASON} of|early in|late in|way back,?|back then,?) (?P<tens>{TEN}[- ]{UNIT}|"
    rf"{TEN})\b(?! (?:percent|people|minutes|of))"
    rf"|\b(?:in|since|from) (?P<nineties>(?:seventy|eighty|ninety)[- "
    rf"]{UNIT})(?=\s*(?:[.,;:?!)]|$|\n| (?:when|i|we|and|he|she|they)\b))",
    re.IGNORECASE,
)


WEEKDAY_THE = re.compile(
    rf"\b{WEEKDAY},? the (?P<date>(?:3[01]|[12]\d|[1-9])(?:st|nd|rd|th)|{ORDINAL_DAY})\b", re.IGNORECASE
)
ON_THE = re.compile(
    rf"\b(?:on|until|till|by|since|before|after|for|from) the (?P<date>(?:3[01]|[12]\d|[1-9])(?:st|nd|rd|th)"
    rf"|(?:twenty|thirty)[- ](?:{'|'.join(ORDINAL_UNITS)})|twentieth|thirtieth|{'|'.join(ORDINAL_TEENS)}"
    rf"|(?<=on the )(?:sixth|seventh|eighth|ninth))"
    rf"(?=\s*(?:[.,;:?!)]|$|\n| (?:and|or|at|when|we|i|he|she|they|with|by|from|because|so|but)\b))",
    re.IGNORECASE,
)
"""A day as people say it without its month: "we met on the 8th with ..."."""

BORN = re.compile(r"\b(?:date of birth|birth ?date|birthday|d o b|dob|born)\b", re.IGNORECASE)
NUMBERS_IN_A_ROW = re.compile(
    rf"\b(?P<date>(?:(?:oh|o|zero)[ -])?(?:{TWO_DIGIT}|{UNIT}|\d\d?)[ ,/-]+"
    rf"(?:(?:oh|o|zero)[ -])?(?:{TWO_DIGIT}|{UNIT}|\d\d?)[ ,/-]+"
    rf"(?:{SPOKEN_YEAR}|(?:(?:oh|o|zero)[ -])?{UP_TO_99}|(?:19|20)?\d\d))\b",
    re.IGNORECASE,
)


def _born(text: str) -> Iterator[Found]:
    """Yield "oh three, twenty two, forty six" where a date of birth was asked for shortly before."""
    for match in NUMBERS_IN_A_ROW.finditer(text):
        if BORN.search(text[max(0, match.start() - 90) : match.start()]):
            yield span_of(match, "date"), Label.DATE, 0.8


def _said_again(text: str, days: set[str]) -> Iterator[Found]:
    """Yield "the twenty-eighth" once more where the transcript has dated something by it."""
    for match in AGAIN.finditer(text):
        if match["date"].lower() in days:
            yield span_of(match, "date"), Label.DATE, 0.7


AGAIN = re.compile(
    rf"\bthe (?P<date>(?:3[01]|[12]\d)(?:st|nd|rd|th)|(?:twenty|thirty)[- ](?:{'|'.join(ORDINAL_UNITS)})|"
    rf"twentieth|thirtieth|{'|'.join(ORDINAL_TEENS)})\b"
    rf"(?! (?:floor|street|avenue|time|century|amendment|grade|percentile))",
    re.IGNORECASE,
)


def _days(text: str) -> Iterator[Found]:
    """Yield days of a month without the month, and their repetitions."""
    found = list(_day_alone(text))
    found += each(WEEKDAY_THE, text, Label.DATE, 0.75, "date")
    found += each(SOUGHT, text, Label.DATE, 0.75, "date")
    for match in HAPPENED_THE.finditer(text):
        if not FLOOR.search(text[max(0, match.start() - 30) : match.start()]):
            found.append((span_of(match, "date"), Label.DATE, 0.6))
    for match in ON_THE.finditer(text):
        low = _LOW.fullmatch(match["date"]) is not None
        if not (FLOOR if low else COUNTING).search(text[max(0, match.start() - 30) : match.start()]):
            found.append((span_of(match, "date"), Label.DATE, 0.6))
    for match in DAY_SAID.finditer(text):
        before, after = text[max(0, match.start() - 30) : match.start()], text[match.end() : match.end() + 30]
        if not COUNTING.search(before + after):
            found.append((span_of(match, "date"), Label.DATE, 0.6))
    yield from found
    yield from _said_again(text, {text[span.start : span.end].lower() for span, _, _ in found})


DAY_SAID = re.compile(
    rf"\bthe (?P<date>(?:3[01]|[12]\d)(?:st|nd|rd|th)|(?:twenty|thirty)[- ](?:{'|'.join(ORDINAL_UNITS)})|"
    rf"thirtieth)"
    r"(?=\s*(?:[.,;?!]|$|\n)| (?:is|was|and|or|works|okay|would|should|will|for|so|if|we|i|he|she|they)\b)",
    re.IGNORECASE,
)
"""A day so high in the month that little else is counted that far: "the 23rd is okay"."""

COUNTING = re.compile(
    r"\b(?:centur\w+|percentiles?|floors?|amendments?|streets?|avenues?|grades?|graders?|chromosomes?|weeks?|"
    r"edition|version|chapter|psalm|dynasty|precinct|ward|district|division|infantry|regiment|times?|place)\b",
    re.IGNORECASE,
)
HAPPENED_THE = re.compile(
    rf"\b(?:came|arrived|left|went|died|met|started|opened|called|happened|born|signed|sat|of|is|was|"
    rf"be|not) the "
    rf"(?P<date>(?:3[01]|[12]\d)(?:st|nd|rd|th)|(?:twenty|thirty)[- ](?:{'|'.join(ORDINAL_UNITS)})|"
    rf"twentieth|thirtieth)"
    r"(?=\s*(?:[.,;?!]|$|\n)| (?:good|okay|ok|fine|then|and|at|for|or)\b)",
    re.IGNORECASE,
)
SOUGHT = re.compile(
    rf"\b(?:on|by|from|until|till|since)(?: the,? (?:what was it|what is it|what's it|uh|um|er|I think|"
    rf"let me see|wait)[,.]* (?:the )?|,? (?:say|let's say|maybe|probably|I think)[,.]* the )"
    rf"(?P<date>{ORDINAL_DAY}|(?:3[01]|[12]\d|[1-9])(?:st|nd|rd|th))\b",
    re.IGNORECASE,
)


def _day_alone(text: str) -> Iterator[Found]:
    """Yield "the ninth" where another date stands shortly before it in the same turn."""
    for match in ORDINAL_ALONE.finditer(text):
        before = text[max(0, match.start() - 200) : match.start()].rpartition("\n\n")[2]
        after = text[match.end() : match.end() + 100].partition("\n\n")[0]
        weekday = re.fullmatch(WEEKDAY + ",?", match["lead"], re.IGNORECASE)
        counted = _LOW.fullmatch(match["date"]) and FLOOR.search(before[-40:])
        if weekday or ((_DATED.search(before) or _DATED.search(after)) and not counted):
            yield span_of(match, "date"), Label.DATE, 0.7


_LOW = re.compile(r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|[1-9](?:st|nd|rd|th)", re.I)
"""Ordinals that count things as often as days."""

_DATED = re.compile(
    rf"\b{SURE_MONTH}\b|\b\d\d?/\d\d?\b|\b(?:March|May)\b|\b{WEEKDAY}\b"
    r"|\b(?:last|this|next|that|same|of the) month\b",
    re.IGNORECASE,
)


def _may_as_verb(text: str, span: Span) -> bool:
    """Tell whether a month date that starts with a lower-case "may" or "march" lacks a day or a year."""
    return bool(re.match(r"(?:may|mar|march|sept|jan|dec)$", text[span.start : span.end]))


def _bare_second(text: str, span: Span) -> bool:
    """Tell whether "may second" and the like is a verb: lower-case may, not at a date's place."""
    head = text[span.start : span.start + 4]
    return head == "may " and not re.match(
        r"may (?:of|the|\d|'|nineteen|twenty|two)", text[span.start : span.end]
    )


def find(text: str) -> Iterator[Found]:
    """Yield dates (DATE) and bare years (DATE_YEAR)."""
    for pattern, score in (
        (NUMERIC, 0.95),
        (MONTH_DAY_NUMERIC, 0.8),
        (DAY_MONTH_NUMERIC, 0.75),
        (RUN_TOGETHER, 0.6),
    ):
        yield from each(pattern, text, Label.DATE, score, "date" if pattern.groups else 0)
    for pattern in (MONTH_DATE, DAY_MONTH, DAY_NUMBER_WORD):
        for span, label, score in each(pattern, text, Label.DATE, 0.95, "date"):
            if not _may_as_verb(text, span) and not _bare_second(text, span):
                yield span, label, score
    yield from each(LONE_MONTH, text, Label.DATE, 0.9)
    yield from each(SHORT_MONTH, text, Label.DATE, 0.8)
    yield from each(SURE_MAY, text, Label.DATE, 0.75, "date")
    yield from each(LONE_MAY, text, Label.DATE, 0.75, "date")
    yield from each(CAPITAL_MAY, text, Label.DATE, 0.85, "date")
    yield from each(SEASON_YEAR, text, Label.DATE, 0.95, "date")
    yield from each(QUARTER, text, Label.DATE, 0.9, "date")
    for span, label, score in each(HOLIDAY, text, Label.DATE, 0.9, "date"):
        said = text[span.start : span.end]
        if said.lower() not in CAPITAL_HOLIDAYS or said[0].isupper():
            yield span, label, score
    yield from _days(text)
    yield from _born(text)
    yield from _years(text)


OH_NINE = re.compile(rf"(?<![\w-])(?:oh|aught)-{UNIT}\b", re.IGNORECASE)
BARE_YEAR = re.compile(
    r"\b(?:in|by|since|until|back in|maybe|class of|from) (?P<year>(?:0\d|1[0-9]|2[0-6]|[6-9]\d))\b"
    r"(?! ?(?:%|percent|minutes?|hours?|days?|weeks?|months?|years?|people|patients|"
    r"nurses|of|cases|beds|miles|feet|to|or|"
    r"times|different|o'clock|am|pm|a m|p m|degrees|seconds|units|states|countries|sessions|out)\b|[:.%/-]\d)"
)


def _year_fragment(text: str) -> Iterator[Found]:
    """Yield "Sixty-five." where years are the matter."""
    for match in YEAR_FRAGMENT.finditer(text):
        before = text[max(0, match.start() - 130) : match.start()]
        if WHICH_YEAR.search(before) and not HOW_MANY.search(before[-90:]):
            yield span_of(match, "year"), Label.DATE_YEAR, 0.6


YEAR_AGAIN = re.compile(
    rf"(?:(?<=[.?!:] )|(?<=\n))(?P<year>{TEN}[- ]{UNIT}|{TEN}|'?\d\d)(?=[.,;?!])", re.IGNORECASE
)


def _said_short(text: str) -> Iterator[Found]:
    """Yield "Eighty-one, yeah." where the year stood in full shortly before."""
    for match in YEAR_AGAIN.finditer(text):
        said = read_year(match["year"])
        before = text[max(0, match.start() - 60) : match.start()]
        years = re.findall(rf"(?<![\w$]){YEAR4}(?!\w)", before)
        if said is not None and any(int(year) % 100 == said % 100 for year in years):
            yield span_of(match, "year"), Label.DATE_YEAR, 0.75


def _years(text: str) -> Iterator[Found]:
    yield from _said_short(text)
    yield from _year_fragment(text)
    yield from each(SPOKEN_APOSTROPHE, text, Label.DATE_YEAR, 0.85, "year")
    if sum(map(text.count, ".,?!")) * 60 < len(text):  # speech recognition drops the apostrophe of '94
        yield from each(BARE_YEAR, text, Label.DATE_YEAR, 0.6, "year")
    for match in YEAR_DIGITS.finditer(text):
        if match["year"] != "2000" or re.search(
            r"\b(?:in|since|year|of|until|by|around)\s+$", text[: match.start()]
        ):
            yield span_of(match, "year"), Label.DATE_YEAR, 0.9
    for pattern, score in (
        (YEAR_AFTER_OTHER, 0.9),
        (APOSTROPHE_YEAR, 0.85),
        (YEAR_WORDS, 0.85),
        (YEAR_TENS, 0.7),
    ):
        yield from each(pattern, text, Label.DATE_YEAR, score, "year")
    yield from each(OH_NINE, text, Label.DATE_YEAR, 0.7)
    for group in ("year", "tens", "nineties"):
        yield from each(YEAR_SHORT, text, Label.DATE_YEAR, 0.75, group)


DATES = Rules("dates", find)
"""The date grammar as a recognizer."""

__all__ = ["DATES", "MONTH", "TEEN", "TWO_DIGIT", "find"]
