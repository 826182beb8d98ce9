"""Regular expressions for numbers as people say them ("sixty-three", "oh-nine", "the twenty-first")."""

from __future__ import annotations


def _list(text: str) -> list[str]:
    return text.split()


UNITS = _list("one two three four five six seven eight nine")
TEENS = _list("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
TENS = _list("twenty thirty forty fifty sixty seventy eighty ninety")
ORDINAL_UNITS = _list("first second third fourth fifth sixth seventh eighth ninth")
ORDINAL_TEENS = [
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
]

UNIT = "(?:" + "|".join(UNITS) + ")"
TEEN = "(?:" + "|".join(TEENS) + ")"
TEN = "(?:" + "|".join(TENS) + ")"
TWO_DIGIT = rf"(?:{TEN}[- ]{UNIT}|{TEN}|{TEEN})"
"""10 to 99, spoken."""

UP_TO_99 = rf"(?:{TWO_DIGIT}|{UNIT})"
UP_TO_199 = rf"(?:(?:a|one) hundred(?: and)?(?: {UP_TO_99})?|{UP_TO_99})"

ORDINAL_DAY = (
    rf"(?:(?:twenty|thirty)[- ](?:{'|'.join(ORDINAL_UNITS)})|twentieth|thirtieth|"
    rf"{'|'.join(ORDINAL_TEENS)}|{'|'.join(ORDINAL_UNITS)})"
)
"""A day of the month as an ordinal word."""

DIGIT_WORD = "(?:zero|oh|o|double|triple|" + "|".join(UNITS) + ")"
"""One spoken digit; "double" and "triple" belong to the next one."""

SPOKEN_YEAR = (
    rf"(?:(?:nineteen|twenty)[- ](?:(?:oh|o|aught)[- ]?{UNIT}|{TEN}[- ]{UNIT}|{TEEN}|twenty)"
    rf"|nineteen[- ](?:{TEN}|hundred)|two thousand(?: and)?[- ](?:{TEN}[- ]{UNIT}|{TEN}|{TEEN}|{UNIT}))"
    r"(?! (?:hundred|thousand)\b)"
)
"""A four-digit year in words: "twenty fourteen", "nineteen ninety-six", "two thousand and nine"."""

SHORT_YEAR = rf"(?:(?:oh|o|aught)[- ]{UNIT}|{TEN}[- ]{UNIT}|{TEN})"
"""The last two digits of a year in words: "oh-nine", "ninety-six"."""
