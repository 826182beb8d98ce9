"""Finds numbers that stand for one person, case, room or document: record, badge, case and room numbers.

Why it identifies: whoever holds the register behind the number has the person (HIPAA: medical record,
account, certificate and any other unique number).
Misses: a number with neither a keyword nor a shape ("it was four four one again").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svp_nlp.model import Label
from svp_nlp.redaction.guards import ACRONYMS
from svp_nlp.redaction.recognizers.base import Found, Rules, each, span_of
from svp_nlp.redaction.recognizers.numbers import DIGIT_WORD, UP_TO_99

SPOKEN = rf"{DIGIT_WORD}(?:(?:,| dash| hyphen|-| slash)? (?:{DIGIT_WORD}|{UP_TO_99}))+"
WRITTEN = r"(?=[\w/-]*\d)[A-Za-z0-9]+(?:[-/ ](?=[\w]*\d)[A-Za-z0-9]+)*(?:[-/][A-Za-z0-9]+)*"
LETTERS = r"(?:[A-Za-z](?:[ -][A-Za-z]){0,3}[ -])?"
VALUE = rf"(?P<id>{LETTERS}{SPOKEN}|(?-i:[A-Z]{{1,6}}[ -])?{WRITTEN})"
IS = r"(?:'s| is| was| number(?:'s| is| was)?| no\.?| num| #| id|:| ending in| of|,| were| -)*"

REGISTER = re.compile(
    r"\b(?:MRN|medical record|med rec|record number|chart number|chart|account|acct|claim|"
    r"policy number|case number|case|"
    r"incident|event|file number|file|badge|employee|staff id|license|licence|DEA|NPI|"
    r"docket|ticket|report number|"
    r"accession|encounter|specimen|order number|serial|study id|subject number|"
    r"participant number|reference|ref|"
    r"confirmation|certificate|passport|social security|SSN|social|plate|tag|VIN|device|"
    r"lot|letter number|letter|member|"
    rf"permit|protocol|IRB|work order|complaint|invoice|locker|unit number|folder(?: number)?|"
    rf"(?:hospital|card|personnel|payroll|staff|registration|enrolment|enrollment|roll|lamp|service|"
    rf"risk|admission|admissions|NHS|NHI|PPS|CHI|Medicare|Medicaid|insurance|index|"
    rf"circular|memo) (?:number|no\.?)|circular|memo number|NHI|CHI|hospital no)\b{IS}[ #]*{VALUE}\b"
    r"(?! ?(?:%|percent|patients|people|hours|minutes|times|years|days|weeks|months|"
    r"nurses|of|mg|milligrams|beds|and a half))",
    re.IGNORECASE,
)
ROOM = re.compile(
    rf"\b(?:rooms?|rm\.?|bed|bay|bassinet|cot|crib|couch|stretcher|trolley|suite|cubicle|trauma|pod|"
    rf"isolette|operating room|"
    rf"exam room|theater|(?-i:OR))"
    rf"(?: number)? #?(?P<id>\d{{1,5}}[A-Z]?(?:-[A-Z0-9]+)?|{SPOKEN}|{UP_TO_99})"
    rf"\b(?! ?(?:%|percent|patients|people|hours|minutes|times|years|days|weeks|months|"
    rf"nurses|beds|mg|am|pm|a\.m|p\.m|hospital|"
    rf"of (?:us|them|the)))",
    re.IGNORECASE,
)
CODE = re.compile(
    r"(?<![\w@./-])(?P<id>[A-Z]{1,6}-\d{2,}(?:-[A-Z0-9]+)*|[A-Z]{1,6}-?\d{2,}-[A-Z0-9]*\d[A-Z0-9]*|"
    r"\d{2,4}-[A-Z]{1,4}-?\d{3,}|\d{1,4}-\d{1,4}-\d{3,}|\d{1,4}-\d{3,}-\d{1,4}|\d{2,4}-\d{4,}|"
    r"[A-Z]{1,4}\d{4,}|"
    r"[A-Z]{1,4} ?#\d{3,}|[A-Z]{2,5}-\d{1,4}-\d{2,})"
    r"(?![\w/@]|-\d|\.\d)"
)
NUMBERED = re.compile(
    rf"\b(?!(?:large|small|great|good|same|total|whole|certain|any|big|the|a|this|that|my|your|his|"
    rf"her|our|their|and|in|"
    rf"high|low|of|phone|cell|mobile|telephone|pager|bleep|fax|room|huge|record|right|wrong|last|"
    rf"first|one|main|each|every"
    rf")\b)[a-z]+ (?:number|no\.)(?:'s| is| was|:|,)* #?{VALUE}\b"
    rf"(?! ?(?:%|percent|patients|people|hours|minutes|times|years|days|weeks|months|nurses|of))",
    re.IGNORECASE,
)
"""Any kind of number by its name: "OB number 27/1", "risk number b two two nine"."""

PLATE = re.compile(
    r"(?<![\w-])(?P<id>[A-Z]{2}\d{2} [A-Z]{3}|[A-Z]{3} \d{3}[A-Z]{1,2}|"
    r"[A-Z]{2} ?\d{1,2} ?[A-Z]{1,2} ?\d{4}|[A-Z]{3}-\d{3}[A-Z]{2}"
    r"|[A-Z]{3}[ -]\d{4})(?![\w-])"
)
"""A vehicle's plate in the shapes of several countries."""

SLASHED = re.compile(
    r"(?<![\w@./-])(?P<id>[A-Z]{2,6}(?:[/-][A-Z]{1,5})*/\d{2,}(?:[/-][A-Z\d]+)*|"
    r"[A-Z]{2,6}(?:[/-][A-Z]{1,5})+[/-]\d{2,}"
    r"(?:[/-][A-Z\d]+)*)(?![\w@]|[/-]\w|\.\d)"
)
"""A file's number in parts: "SP/2231", "KMH/OT/77"."""

IN_GROUPS = re.compile(
    r"(?<![\w.$£€-])(?P<id>[A-Z]{2,3} \d{1,4}(?: \d{1,4}){2,}|[A-Z]{2,3} \d{3,5} \d{3,5}|"
    r"[A-Z]\d{1,3}(?: \d{3}){1,3})"
    r"(?![\w%]|[.,:/]\d)"
)
"""Letters and groups of figures read out one after the other: "CM 44 0 187"."""

SOON_AFTER = re.compile(
    r"\b(?:badge|MRN|medical record|chart|social security|social|account|policy|licen[cs]e|locker|"
    r"docket|certificate|"
    r"passport|claim|registration|member(?:ship)?|alien|A-number|"
    r"green card)\b[^.!?\n\d]{0,32}? (?P<id>\d{4,})(?![\w%]|[.,:/]\d)"
    r"(?<!19\d\d)(?<!20[0-3]\d)(?! (?:people|patients|dollars|times|beds))",
    re.IGNORECASE,
)
"""A number a few words behind what it is the number of: "social security, it ends in 4409"."""

DASHED_WORDS = re.compile(
    rf"\b(?P<id>(?:{UP_TO_99}[ -]){{1,3}}(?:dash|hyphen|slash|"
    rf"stroke)(?: {DIGIT_WORD}){{2,}}(?:[ -](?:{UP_TO_99}))*)\b",
    re.IGNORECASE,
)
FILE_NAME = re.compile(
    r"(?<![\w./-])(?P<id>(?=[\w.-]*[_\d-])[A-Za-z][\w-]*(?:\.[\w-]+)*"
    r"\.(?:m4a|mp3|mp4|wav|wma|mov|aac|ogg|flac|docx?|rtf|txt|pdf|vtt|srt))\b",
    re.IGNORECASE,
)
"""The recording's own name; it tends to hold who spoke and when."""

LOWER_CODE = re.compile(
    r"(?<![\w@./-])(?P<id>[a-z]{1,5}-\d{2,}-\d{2,}|[a-z]{2,4}-\d{4,}|\d{2,4}-[a-z]{1,4}-?\d{3,}|"
    r"[a-z]{1,3}\d{4,})(?![\w/@]|-\d|\.\d)"
)
LONG = re.compile(r"(?<![\w$£€.,:/@#-])(?P<id>\d{6,})(?![\w%]|[.,:/]\d|-\d)")
IN_ROOM = re.compile(
    r"\b(?:up|down|over|out|back|patient|lady|gentleman|guy|man|woman|kid|baby|one|code|"
    r"mom|family|call|nurse) in "
    r"(?P<id>[1-9]\d{2}[A-Z]?|[1-9]\d{3}(?<!19\d\d)(?<!20[0-3]\d))(?=[.,;?!]| (?:and|who|for|since|had|"
    r"that|was|is|with|had|when|on|needed|wanted)\b|$|\n)",
    re.IGNORECASE,
)
"""A room said as its number alone: "a code up in 614"."""

ROOMS = re.compile(
    r"\b(?P<from>[1-9]\d{2}) (?:through|thru|to|and) (?P<to>[1-9]\d{2})\b"
    r"(?! ?(?:%|percent|people|patients|beds|nurses))"
)
"""Neighbouring rooms by their numbers alone: "he had 311 through 314"."""

ROOM_TALK = re.compile(r"\b(?:rooms?|beds?|assigned|assignment)\b", re.IGNORECASE)
NEAR_A_ROOM = re.compile(r"\b(?:for|in|to|from|at|of|and|into) (?P<id>[1-9]\d{2})(?=[.,;?!]|$|\n)")
HASH = re.compile(r"(?<!\w)#\s?(?P<id>\d{3,}[\w-]*)")
SPOKEN_CODE = re.compile(
    rf"\b(?P<id>(?:[A-Za-z](?:[ -][A-Za-z]){{0,5}} (?:dash |hyphen )?)?{DIGIT_WORD}(?:(?:,| dash|"
    rf" hyphen| slash)? {DIGIT_WORD}){{3,}}"
    rf"(?:(?:,| dash| hyphen)? (?:{DIGIT_WORD}|{UP_TO_99}))*)\b(?! (?:percent|people|"
    rf"patients|times|o'clock))",
    re.IGNORECASE,
)
SCALES = re.compile(
    r"(?:COVID|SARS-COV|PHQ|GAD|SF|ICD|HCAHPS|CPT|ISO|F|H|N|MBI|PROQOL|GPT|MP|B|A|T|L|C|S|"
    r"V|CD|HIV|HBA|IL|OMEGA|PCL|IES|WHO|K|AUDIT|SOC)-?\d{1,3}",
    re.IGNORECASE,
)
"""Questionnaires, codes and diseases that look like numbers of something."""

COMMON_VALUE = re.compile(r"(?:one|two|three|four|five|six|seven|eight|nine|a|o|oh)$", re.IGNORECASE)
AT_A_BED = re.compile(
    r"(?:bed|bay|trauma bay|bassinet|isolette|cot|crib) (?!one\b|a\b|o\b|oh\b)", re.IGNORECASE
)
"""A bed is a patient's, whatever its number; a room with a small number may be any room."""


def _rooms(text: str) -> Iterator[Found]:
    """Yield ranges of rooms where rooms are the matter, and further numbers of that corridor."""
    known = [int(m["id"]) for m in ROOM.finditer(text) if re.fullmatch(r"\d{3}", m["id"])]
    for match in ROOMS.finditer(text):
        if ROOM_TALK.search(text[max(0, match.start() - 120) : match.start()]):
            known += [int(match["from"]), int(match["to"])]
            yield span_of(match, "from"), Label.ID, 0.75
            yield span_of(match, "to"), Label.ID, 0.75
    for match in NEAR_A_ROOM.finditer(text):
        if any(abs(int(match["id"]) - number) < 20 for number in known):
            yield span_of(match, "id"), Label.ID, 0.6


def find(text: str) -> Iterator[Found]:
    """Yield record, case, badge, room and document numbers (ID)."""
    for match in REGISTER.finditer(text):
        value = match["id"]
        if sum(c.isdigit() for c in value) >= 2 or not any(c.isdigit() for c in value):
            yield span_of(match, "id"), Label.ID, 0.85
    for match in ROOM.finditer(text):
        if AT_A_BED.match(match[0]) or not COMMON_VALUE.match(match["id"]):
            yield span_of(match, "id"), Label.ID, 0.8
    yield from each(LOWER_CODE, text, Label.ID, 0.8, "id")
    for match in CODE.finditer(text):
        if not SCALES.fullmatch(match["id"]):
            yield span_of(match, "id"), Label.ID, 0.85
    yield from each(SLASHED, text, Label.ID, 0.8, "id")
    yield from each(IN_GROUPS, text, Label.ID, 0.75, "id")
    for match in NUMBERED.finditer(text):
        if sum(c.isdigit() for c in match["id"]) >= 3 or not any(c.isdigit() for c in match["id"]):
            yield span_of(match, "id"), Label.ID, 0.7
    for match in PLATE.finditer(text):
        if match["id"][:3] not in ACRONYMS:
            yield span_of(match, "id"), Label.ID, 0.75
    yield from each(SOON_AFTER, text, Label.ID, 0.75, "id")
    yield from each(DASHED_WORDS, text, Label.ID, 0.75, "id")
    yield from each(FILE_NAME, text, Label.ID, 0.8, "id")
    yield from _rooms(text)
    yield from each(IN_ROOM, text, Label.ID, 0.6, "id")
    yield from each(LONG, text, Label.ID, 0.7, "id")
    yield from each(HASH, text, Label.ID, 0.7, "id")
    yield from each(SPOKEN_CODE, text, Label.ID, 0.75, "id")


IDS = Rules("ids", find)
"""The number rules as a recognizer."""
