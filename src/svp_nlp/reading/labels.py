"""Speaker labels: what could be one on a line, and which of them the document as a whole bears out.

A colon in prose looks like a label ("So here is the thing: ..."), and a label that occurs once looks like
prose. So every line is first read in each style a transcript may use, and the document decides: a style is
believed when its names come back, are words for roles, or open nearly every paragraph; a name that occurs
once is believed only in a document that is labelled the same way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from svp_nlp.model import Label, Span
from svp_nlp.reading.lines import TIME, Line, first_time

_WORD = r"(?:[^\W\d_][\w.'’&/#\-]*|\d{1,4}(?!\d|:\d)|\[[^\W\d_][^\[\]\n]{0,40}\][\w.'’\-]*|#\d+)"
_NAME = rf"{_WORD}(?:,?[ \u00a0]{{1,2}}{_WORD}){{0,6}}"
_STAMP = rf"[\[(]?{TIME}(?:\s*(?:-->|-|–)\s*{TIME})?[\])]?"
_HEAD = (
    r"(?:(?P<number>\d{1,5}[.)]?[ \t]+))?"
    rf"(?:(?P<before>{_STAMP})[ \t]*[-–—|]?[ \t]*)?(?:[-–—][ \t]*)?(?:>>+[ \t]*)?"
)
# A pseudonym of ours at the head of a line ("[PERSON 3] was tired") is no tag; "[[PERSON 3]] hello" is one.
_OURS = "|".join(Label)
_BRACKETED = rf"\[(?!(?:{_OURS})\b)(?P<name>(?:\[[^\[\]\n]{{1,40}}\]|[^\[\]\n]){{1,60}})\]"


class Style(StrEnum):
    """How a document writes its speakers."""

    COLON = "Name: speech"
    TIMED = "Name and time on a line of their own"
    BRACKET = "[name] speech"
    TAB = "Name<tab>speech"
    DOT = "Q. speech"
    DASH = "NAME - speech"
    ALONE = "Name on a line of its own"


_PATTERNS = {
    Style.COLON: re.compile(
        rf"{_HEAD}\*{{0,2}}(?P<name>{_NAME})\*{{0,2}}(?:[ \t]*(?P<after>{_STAMP}))?"
        rf"(?:[ \t]*(?P<aside>\((?:[^()\n]){{1,120}}\)))?(?:[ \t]*(?P<late>{_STAMP}))?"
        r"[ \t\u00a0]*[:：]\*{0,2}(?=\s|\Z|<|[^\W\d_])[ \t\u00a0]*"
    ),
    Style.BRACKET: re.compile(rf"{_HEAD}{_BRACKETED}[ \t]+(?=\S)"),
    Style.TAB: re.compile(rf"{_HEAD}(?P<name>{_NAME})(?:[ ]*(?P<after>{_STAMP}))?[ ]*\t+[ \t]*(?=\S)"),
    Style.TIMED: re.compile(
        rf"(?:(?P<name>{_NAME})[ \t,|\-–—]*(?P<after>{_STAMP})"
        rf"|(?P<before>{_STAMP})[ \t|\-–—]+(?P<name2>{_NAME}))\s*\Z"
    ),
    Style.DOT: re.compile(rf"{_HEAD}(?P<name>[QA]\d{{0,3}})\.[ \t]+(?=\S)"),
    Style.DASH: re.compile(rf"{_HEAD}(?P<name>{_NAME})[ \t]*[-–—]{{1,2}}[ \t]+(?=\S)"),
    Style.ALONE: re.compile(rf"(?P<name>{_NAME})(?<!\.)\Z"),
}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


INTERVIEWER_WORDS = _set(
    """
    interviewer interviewers intv int iv i q question questioner moderator mod facilitator
    researcher investigator host presenter
    """
)
RESPONDENT_WORDS = _set(
    """
    respondent resp participant interviewee subject informant narrator a answer r p pt guest
    witness res panelist panellist ie
    """
)
_NEUTRAL_WORDS = _set(
    """
    speaker spk unknown unidentified doctor patient nurse caller male female man woman student
    translator interpreter observer notetaker group all several multiple chair transcriber operator
    clinician physician therapist mother father wife husband family voice s m f
    """
)
# Words that begin sentences and lists as well ("Question: would I do it again?", "A: the first choice").
_WEAK_WORDS = _set(
    """
    a i q r p question answer subject host guest narrator res group several multiple family voice
    """
)
_LETTERS_ONLY_WITH_NUMBER = _set(
    """
    s m f
    """
)
_ROLE = re.compile(
    r"(?:the\s+)?([a-z]+)\.?(?:[\s#_\-]*(\d{1,4})|[\s#_\-]+[a-z])?((?:\W.*)?)", re.IGNORECASE | re.DOTALL
)
_PSEUDONYM = re.compile(r"\[[A-Z][A-Z_]*(?: [A-Z0-9]{1,5})?\]")
_TITLED = re.compile(
    r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|hon|rev|reverend|sr|sister|fr|father|judge|sen|rep|capt|sgt|lt|"
    r"col|gen|sir|dame|lord|lady|madam|nurse|doctor|pastor|rabbi|imam)\.?\s+\S",
    re.IGNORECASE,
)
_PARTICLES = _set(
    """
    de del della da di do dos du la le van von der den ten ter al el bin ibn y e of the and
    """
)
_DISCOURSE = _set(
    """
    part note notes nb ps re example examples eg ie etc warning important summary source tip topic
    section chapter step option reason problem solution result results conclusion update quote
    translation first second third fourth fifth one two three four finally lastly next then also but
    and so because well okay ok yes no yeah right now here there this that thing things word words
    point points meaning namely http https ftp mailto laughs laughter pause crosstalk inaudible
    music applause silence sighs crying coughs disfmarker
    """
)
HEADER_KEYS = _set(
    """
    date time place location site duration length transcriber transcribed study project file
    filename title recording recorded present attendees id code language version subject setting
    mode by participants speakers interview transcript start end started ended format department
    institution organization organisation audio keywords abstract age gender sex telephone phone
    email role position profession occupation ethnicity pseudonym interviewed conducted number no
    """
)


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A line read as carrying a speaker label.

    ``name`` is the name alone, ``body`` where the speech begins, ``asides`` what else stands in the head
    (times, turn numbers, a description in parentheses).
    """

    style: Style
    name: Span
    body: int
    asides: tuple[Span, ...]
    time: float | None


def read_as(text: str, line: Span, style: Style) -> LabelLine | None:
    """Read *line* in *style*, or return None where it does not have that shape."""
    match = _PATTERNS[style].match(text, line.start, line.end)
    if match is None:
        return None
    groups = match.groupdict()
    which = "name" if groups.get("name") else "name2"
    asides = [k for k in ("number", "before", "after", "aside", "late") if groups.get(k)]
    stamps = " ".join(groups[k] for k in ("before", "after", "late", "aside") if groups.get(k))
    return LabelLine(
        style,
        Span(*match.span(which)),
        min(match.end(), line.end),
        tuple(Span(*match.span(k)) for k in asides),
        first_time(stamps),
    )


def name_key(name: str) -> str:
    """Return what makes two labels the same speaker: letters without case, single spaces."""
    return " ".join(name.replace("\u00a0", " ").split()).casefold().rstrip(".")


def role_word(name: str) -> str | None:
    """Return the word for a role that *name* begins with ("Participant 3" -> "participant"), or None."""
    match = _ROLE.fullmatch(name.strip())
    if match is None:
        return None
    word, number, rest = match[1].lower(), match[2], match[3]
    for form in (word, word.removesuffix("s")):
        if form in _LETTERS_ONLY_WITH_NUMBER and number is None:
            continue
        if len(form) == 1 and rest:
            continue
        if form in INTERVIEWER_WORDS or form in RESPONDENT_WORDS or form in _NEUTRAL_WORDS:
            return form
    return None


def is_pseudonym(name: str) -> bool:
    """Tell whether *name* holds a pseudonym of ours, such as "[PERSON 3]"."""
    return _PSEUDONYM.search(name) is not None


def _is_name(name: str) -> bool:
    """Tell whether *name* is written like one: initials, capitals, a title, or capitalised words."""
    words = name.split()
    if name.isupper() or _TITLED.match(name):
        return True
    return words[0][:1].isupper() and all(
        w[:1].isupper() or w[:1].isdigit() or w[:1] in "[#" or w.lower() in _PARTICLES for w in words
    )


@dataclass(frozen=True)
class _Evidence:
    """Every line of a document that has the shape of one style, and how often each name comes."""

    text: str = field(repr=False)
    lines: Sequence[Line] = field(repr=False)
    style: Style
    found: Mapping[int, LabelLine] = field(repr=False)

    def name(self, i: int) -> str:
        return self.text[self.found[i].name.start : self.found[i].name.end]

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(name_key(self.name(i)) for i in self.found)

    @cached_property
    def paragraphs(self) -> int:
        """How many lines could open a turn: those after a blank line, or all where there are none."""
        opening = sum(line.opens for line in self.lines)
        return opening if opening * 8 > len(self.lines) else len(self.lines)

    @cached_property
    def small_words(self) -> frozenset[str]:
        return frozenset(re.findall(r"(?<![\w'’])[^\W\d_]+(?![\w'’])", self.text))

    def blocked(self, i: int) -> bool:
        """Tell whether the name is a word of talk or of a file header rather than a speaker."""
        key = name_key(self.name(i))
        if key.rstrip(" 0123456789") in _DISCOURSE or (
            self.style is Style.BRACKET and key.split()[0] in _DISCOURSE
        ):
            return True
        return key.split()[0] in HEADER_KEYS and self.counts[key] < 3

    def good(self, i: int) -> bool:
        """Tell whether the line has a name that a speaker could bear."""
        name = self.name(i)
        if self.blocked(i) or ("," in name and self.counts[name_key(name)] < 2):
            return False
        if role_word(name) or is_pseudonym(name) or _is_name(name):
            return True
        return self.counts[name_key(name)] >= 3 and len(name.split()) <= 2

    def ordinary(self, i: int) -> bool:
        """Tell whether the name is one capitalised word that the text also uses as a common word."""
        name = self.name(i)
        return not name.isupper() and " " not in name and name.lower() in self.small_words

    def sure(self) -> set[int]:
        """Return the lines whose names are words for roles, pseudonyms, or come back."""
        sure = set()
        for i in self.found:
            name = self.name(i)
            n = self.counts[name_key(name)]
            if self.good(i) and (n >= 3 or (n == 2 and not self.ordinary(i)) or self._known(name)):
                sure.add(i)
        return sure

    def _known(self, name: str) -> bool:
        """Tell whether a name that occurs once speaks for itself: "Participant 4", "[PERSON 3]"."""
        word = role_word(name)
        if word in _WEAK_WORDS:
            return self.paragraphs <= 6
        return word is not None or is_pseudonym(name)

    def believed(self) -> set[int]:
        """Return the lines that carry a speaker if this is the document's style; empty if it is not."""
        sure = self.sure()
        good = {i for i in self.found if self.good(i)}
        names = {name_key(self.name(i)) for i in sure}
        if self.style in _BOLD and len(names) < 2:
            return set()
        if self.style in _BARE and not (self._covers(sure) or self._returns(sure)):
            return set()
        if self.style is Style.ALONE and not self._alone(sure):
            return set()
        if not sure or (len(sure) == 1 and self.paragraphs > 4):
            distinct = {name_key(self.name(i)) for i in good}
            return good if len(distinct) >= 2 and len(good) * 5 >= self.paragraphs * 4 else set()
        if len(names) == 1 and len(good) * 5 < self.paragraphs and not role_word(next(iter(names))):
            return set()
        return sure | {i for i in good - sure if self._fits(i, sure)}

    def _covers(self, sure: set[int]) -> bool:
        """Tell whether at least every second paragraph begins with a sure name."""
        return len(sure) * 2 >= self.paragraphs

    def _returns(self, sure: set[int]) -> bool:
        """Tell whether two names that can hardly be prose come back again and again."""
        often = [n for n in self._formal(sure).values() if n >= 3]
        # Any short line has the shape of a name on a line of its own.
        others_allowed = self.style is Style.ALONE or sum(often) * 5 >= len(self.found) * 4
        return len(often) >= 2 and others_allowed

    def _formal(self, sure: set[int]) -> Counter[str]:
        """Count the names among *sure* that are capitals, words for roles, or pseudonyms."""
        names = (self.name(i) for i in sure)
        return Counter(name_key(n) for n in names if n.isupper() or role_word(n) or is_pseudonym(n))

    def _alone(self, sure: set[int]) -> bool:
        """Tell whether names alone on a line head the speech below them."""
        heads = all(i + 1 < len(self.lines) and i + 1 not in sure for i in sure)
        return heads and len(sure) >= 4

    def _fits(self, i: int, sure: set[int]) -> bool:
        """Tell whether a name that occurs once stands where and as the sure ones do."""
        if role_word(self.name(i)) in _WEAK_WORDS:
            return False
        if self.style is not Style.COLON or self.ordinary(i):
            return self.style in {Style.TIMED, Style.BRACKET} and self.lines[i].opens
        if all(self.name(j).isupper() for j in sure) and not self.name(i).isupper():
            return False
        if self.lines[i].opens:
            return True
        opening = sum(self.lines[j].opens for j in sure)
        before = self.lines[i - 1].span
        return opening * 2 < len(sure) and self.text[before.end - 1] in SENTENCE_ENDS


SENTENCE_ENDS = frozenset(".?!…\"”'’)]}—–-:")
# Styles whose shape prose has, too: they need two speakers (a tag may be alone) who open half of the
# paragraphs or come back again and again.
_BOLD = frozenset({Style.TAB, Style.DOT, Style.DASH, Style.ALONE})
_BARE = _BOLD | {Style.BRACKET}


def labels_of(
    text: str, lines: Sequence[Line], styles: Sequence[Style] = tuple(Style)
) -> dict[int, LabelLine]:
    """Return which of *lines* carry a speaker label, by line number."""
    best: dict[int, LabelLine] = {}
    names: set[str] = set()
    readings = [_evidence(text, lines, style) for style in styles]
    for reading in readings:
        believed = reading.believed()
        if len(believed) > len(best):
            best = {i: reading.found[i] for i in believed}
            names = {name_key(reading.name(i)) for i in believed}
    for reading in readings:
        if reading.style in _BOLD or not best:
            continue
        for i, found in reading.found.items():
            if i not in best and name_key(reading.name(i)) in names:
                best[i] = found
    return dict(sorted(best.items()))


def _evidence(text: str, lines: Sequence[Line], style: Style) -> _Evidence:
    found = {
        i: label for i, line in enumerate(lines) if (label := read_as(text, line.span, style)) is not None
    }
    return _Evidence(text, lines, style, found)
