"""Numbers, ages and dates as people say and write them, read into values.

Only as far as a profile needs it: to keep a year, pool an age, move a date. What cannot be read gives None,
and the profile then falls back on the pseudonym.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from svp_nlp.redaction.words import fold

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_MONTHS = "january february march april may june july august september october november december"
MONTH_NAMES = tuple(m.capitalize() for m in _MONTHS.split())
_VALUES = {w: i for i, w in enumerate(_UNITS.split())} | {"oh": 0, "o": 0}
_VALUES |= {w: 10 * (i + 2) for i, w in enumerate(_TENS.split())}
_DAYS = {w: i + 1 for i, w in enumerate(_ORDINALS.split())} | {"thirtieth": 30}
_MONTH = {m: i + 1 for i, m in enumerate(_MONTHS.split())}
_MONTH |= {m[:3]: i for m, i in _MONTH.items()} | {"sept": 9}


@dataclass(frozen=True, slots=True, repr=False)
class SpokenDate:
    """What a date says: year, month, day as far as it says them, and whether in figures ("3/14/2017")."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    numeric: bool = False

    def moved(self, days: int) -> SpokenDate | None:
        """Return the date *days* later, saying as much as this one; None where there is no month.

        A date without a day is moved from the middle of its month, one without a year within 2001, which is
        no leap year.
        """
        if self.month is None:
            return None
        try:
            there = date(self.year or 2001, self.month, self.day or 15) + timedelta(days=days)
        except (ValueError, OverflowError):
            return None
        return replace(
            self,
            year=there.year if self.year else None,
            month=there.month,
            day=there.day if self.day else None,
        )

    def __str__(self) -> str:
        if self.month is None:
            return str(self.year or "")
        if self.numeric:
            return "/".join(str(n) for n in (self.month, self.day, self.year) if n)
        month = MONTH_NAMES[self.month - 1]
        if self.day:
            month += f" {self.day}"
        return month if not self.year else f"{month}, {self.year}" if self.day else f"{month} {self.year}"


def in_words(number: int) -> str:
    """Say a number below a hundred in words ("thirty-four"); raises ValueError for others."""
    if not 0 <= number < 100:
        raise ValueError(f"a number from 0 to 99 was expected, got {number}")
    if number < 20:
        return _UNITS.split()[number]
    tens, units = divmod(number, 10)
    return _TENS.split()[tens - 2] + (f"-{_UNITS.split()[units]}" if units else "")


def read_number(words: list[str]) -> int | None:
    """Return the number below a thousand that *words* say ("thirty-four" as two words); None if none."""
    if not words or not all(w in _VALUES or w == "hundred" or w == "and" for w in words):
        return None
    total = 0
    for word in words:
        if word == "hundred":
            total = max(1, total) * 100
        elif word != "and":
            total += _VALUES[word]
    return total


def read_year(text: str) -> int | None:
    """Return the year *text* says: "2014", "'09", "twenty fourteen", "two thousand nine", "ninety-six"."""
    folded = fold(text)
    figures = re.search(r"\b(1[89]\d\d|20\d\d)\b", folded)
    if figures:
        return int(figures[1])
    short = re.search(r"'(\d\d)\b|^\W*(\d\d)\W*$", folded)
    if short:
        return _century(int(short[1] or short[2]))
    words = [w for w in re.findall(r"[a-z]+", folded) if w in _VALUES or w in ("hundred", "thousand", "and")]
    if "thousand" in words:
        return 2000 + (read_number(words[words.index("thousand") + 1 :]) or 0)
    if len(words) > 1 and words[0] in ("nineteen", "twenty", "eighteen"):
        rest = read_number(words[1:])
        return _VALUES[words[0]] * 100 + rest if rest is not None and rest < 100 else None
    value = read_number(words)
    return _century(value) if value is not None and value < 100 and words else None


def _century(two: int) -> int:
    return 2000 + two if two < 30 else 1900 + two


def read_date(text: str) -> SpokenDate:
    """Return what the date *text* says; all None if nothing in it can be read."""
    folded = fold(text)
    iso = re.search(r"\b(\d{4})-(\d\d)-(\d\d)\b", folded)
    if iso:
        return _figures(int(iso[2]), int(iso[3]), int(iso[1]))
    found = re.search(r"\b(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d\d))?\b", folded)
    if found:
        year = int(found[3]) if found[3] else None
        return _figures(int(found[1]), int(found[2]), _century(year) if year and year < 100 else year)
    return _in_words(folded)


def _figures(month: int, day: int, year: int | None) -> SpokenDate:
    """Return a date in figures, month first unless it cannot be; of what is no date only the year."""
    if month > 12:
        month, day = day, month
    fits = 1 <= month <= 12 and 1 <= day <= 31
    return SpokenDate(year, month, day, numeric=True) if fits else SpokenDate(year)


def _in_words(folded: str) -> SpokenDate:
    words = re.findall(r"[^\W_]+|'\d\d", folded)
    at = next((i for i, w in enumerate(words) if w in _MONTH), None)
    if at is None:
        return SpokenDate(year=_explicit_year(folded))
    day, used = _day_near(words, at)
    rest = " ".join(w for i, w in enumerate(words) if i != at and i not in used)
    year = read_year(rest) if rest else None
    return SpokenDate(year, _MONTH[words[at]], day)


def _explicit_year(folded: str) -> int | None:
    year = re.search(r"\b(1[89]\d\d|20\d\d)\b", folded)
    if year:
        return int(year[1])
    spoken = re.search(r"\b(nineteen|twenty|two thousand)[\s-].*", folded)
    return read_year(spoken.group()) if spoken else None


def _day_near(words: list[str], at: int) -> tuple[int | None, set[int]]:
    """Return the day said before or after the month, and which words said it."""
    for i in (at + 1, at + 2, at - 1, at - 2, at - 3):
        if not 0 <= i < len(words) or i == at:
            continue
        figure = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", words[i])
        if figure and 1 <= int(figure[1]) <= 31:
            return int(figure[1]), {i}
        if words[i] in _DAYS:
            tens = {"twenty": 20, "thirty": 30}.get(words[i - 1], 0) if i else 0
            return tens + _DAYS[words[i]], {i, i - 1} if tens else {i}
    return None, set()


def read_age(text: str) -> int | None:
    """Return the age in whole years that *text* says; below one year 0, "forties" as 40."""
    folded = fold(text)
    if re.search(r"\b(days?|weeks?|months?|hours?|newborn)\b", folded):
        return 0
    figures = re.search(r"\d{1,3}", folded)
    if figures:
        return int(figures.group())
    words = re.findall(r"[a-z]+", folded)
    decade = next((t for t in _TENS.split() for w in words if w == t[:-1] + "ies"), None)
    if decade is not None:
        return _VALUES[decade]
    return read_number([w for w in words if w in _VALUES or w in ("hundred", "and")])
