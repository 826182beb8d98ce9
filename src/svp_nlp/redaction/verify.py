"""The leak check: look for everything the study knows wherever it must not be.

It fails closed: rather a false alarm than a miss. Full names, names of several words and words that are
nothing but names count wherever they stand; everyday words (Will, Price, the Bench) count where they are
written as names; initials as speaker labels. What it finds can be handed back as findings, so that redacting
again closes the gap (`findings_from_leaks`, `sweep`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from svp_nlp.errors import LeakError
from svp_nlp.model import Finding, Leak, Redacted, Span, Transcript
from svp_nlp.redaction.ledger import Ledger
from svp_nlp.redaction.lexicon import words
from svp_nlp.redaction.needles import Evidence, Needle, Needles
from svp_nlp.redaction.profiles import STRICT, Profile
from svp_nlp.redaction.roster import Roster
from svp_nlp.redaction.words import TITLES, fold_char, is_known_word, is_sounded, sounded_alike, sounds_like
from svp_nlp.wording import plural

SMALL_TALK = words(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred "
    "thousand nobody somebody everybody anybody nothing something everything anything someone everyone "
    "anyone none up down on off over out in at by from with without about after before again all both each "
    "every few many more most much less such other another same own so too very just only even still yet "
    "never ever always often here there now then once today tomorrow yesterday yes no okay well right sure "
    "what which who how why when where"
)
"""Words of grammar and counting: at the head of a sentence they are themselves, whoever is called so."""

_CUE = re.compile(r"^(?:\d+[ \t]*\r?\n)?[ \t]*[\d:.,]+[ \t]*-->[ \t]*[\d:.,]+", re.MULTILINE)
_TOKEN = re.compile(r"[^\W_]+")
_WALL = "\0"
_GAP = 4
# After these an everyday word at the head of a sentence is that word: "Will you", "May I", "Hope the".
_OPENERS = frozenset(
    {"i", "you", "he", "she", "we", "they", "it", "this", "that", "these", "those", "there", "the", "a", "an"}
    | {
        "my",
        "your",
        "our",
        "his",
        "her",
        "their",
        "be",
        "do",
        "not",
        "to",
        "of",
        "and",
        "or",
        "any",
        "some",
        "for",
    }
)


def leaks(
    places: Mapping[str, str], *, ledger: Ledger, roster: Roster, profile: Profile = STRICT
) -> tuple[Leak, ...]:
    """Return every identifier of *ledger* and *roster* left in *places* (name of a place -> its text).

    ``how`` tells the strength: "surface" as the study knows it, "part" of a name, "nickname", "initials",
    "spelling" letter by letter, "sound" for what is written as misheard. What *profile* keeps is no leak.
    """
    needles = Needles.of(ledger, roster, profile)
    return tuple(leak for place, text in places.items() for leak in _search(place, text, needles))


def require_clean(
    places: Mapping[str, str], *, ledger: Ledger, roster: Roster, profile: Profile = STRICT
) -> None:
    """Raise LeakError, naming places and counts, if `leaks` finds anything."""
    found = leaks(places, ledger=ledger, roster=roster, profile=profile)
    if found:
        where = sorted({leak.place for leak in found})
        raise LeakError(
            f"{plural(len(found), 'identifier is', 'identifiers are')} left in {plural(len(where), 'place')} "
            "on the clean side",
            hint="`svp-nlp verify` lists them by position",
        )


def sweep(
    transcript: Transcript, ledger: Ledger, roster: Roster, profile: Profile = STRICT
) -> tuple[Finding, ...]:
    """Return as findings all that `leaks` would object to in the source text itself."""
    found = _search(transcript.id, transcript.text, Needles.of(ledger, roster, profile))
    return tuple(f for leak in found for f in _as_findings(leak, leak.span, transcript))


def findings_from_leaks(found: Iterable[Leak], redacted: Redacted, source: Transcript) -> tuple[Finding, ...]:
    """Return as findings in *source* the leaks that were found in the text of *redacted*."""
    return tuple(f for leak in found for f in _as_findings(leak, redacted.to_source(leak.span), source))


def _as_findings(leak: Leak, span: Span, source: Transcript) -> Iterator[Finding]:
    """Yield one finding a piece: a name torn by a caption border must not take the timing with it."""
    turns = [t for t in source.turns if t.span.overlaps(span)]
    spoken = [p for t in turns for p in (*([t.label] if t.label else []), *t.speech) if p.overlaps(span)]
    for piece in spoken or [span]:
        part = Span(max(piece.start, span.start), min(piece.end, span.end))
        yield Finding(part, leak.label, 1.0, "", (f"verify:{leak.how}",))


@dataclass(frozen=True, slots=True)
class _Token:
    word: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True)
class _Page:
    """A text made comparable: folded words with their places in the original."""

    text: str = field(repr=False)
    tokens: tuple[_Token, ...] = field(repr=False)
    gaps: tuple[str, ...] = field(repr=False)
    cased: bool

    @classmethod
    def of(cls, text: str, pseudonyms: re.Pattern[str] | None) -> _Page:
        hidden = _hide(_CUE, " ", text)
        if pseudonyms is not None:
            hidden = _hide(pseudonyms, _WALL, hidden)
        folded, index = _folded(hidden)
        found = [(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(folded)]
        tokens = tuple(_Token(w, index[a], index[b - 1] + 1) for w, a, b in found)
        gaps = tuple(re.sub(r"\s+", " ", folded[b:c]) for (_, _, b), (_, c, _) in pairwise(found))
        letters = [c for c in hidden if c.isalpha()]  # pseudonyms have capitals where the talk has none
        capitals = sum(c.isupper() for c in letters)
        return cls(text, tokens, gaps, 0.008 * len(letters) < capitals < 0.7 * len(letters))

    def joined(self, i: int, n: int) -> bool:
        """Tell whether *n* words from the *i*-th on stand close enough to be one name."""
        gaps = self.gaps[i : i + n - 1]
        return all(len(g) <= _GAP and not re.search(r"[;:?!\[\]\0]", g) for g in gaps)

    def apart(self, i: int, n: int) -> bool:
        """Tell whether *n* letters from the *i*-th on are said one by one, none as part of "I'm", "it's"."""
        return self.joined(i, n) and not any("'" in gap for gap in self.gaps[max(0, i - 1) : i + n - 1])

    def negated(self, i: int) -> bool:
        """Tell whether the word goes on in "'t": "Don't" is not Don's."""
        return self.gaps[i : i + 1] == ("'",) and self.tokens[i + 1].word == "t"

    def shown(self, i: int) -> str:
        """Return the *i*-th word as it stands in the text."""
        token = self.tokens[i]
        return self.text[token.start : token.end]

    def is_capital(self, i: int) -> bool:
        return self.shown(i)[0].isupper()

    def after_title(self, i: int) -> bool:
        """Tell whether a title stands before the word, in one sentence ("Dr. Roe", not "chaplain. It")."""
        if i == 0 or self.tokens[i - 1].word not in TITLES:
            return False
        return self.gaps[i - 1] == " " or (self.gaps[i - 1] == ". " and len(self.tokens[i - 1].word) < 5)

    def after_article(self, i: int) -> bool:
        """Tell whether "the" or "our" stands right before the word."""
        return i > 0 and self.tokens[i - 1].word in ("the", "our", "this", "that") and self.gaps[i - 1] == " "

    def opens_sentence(self, i: int) -> bool:
        before = self.text[: self.tokens[i].start][-12:].rstrip(" \t\"'“‘(*_")
        return not before or before[-1] in ".?!:;\r\n>]…)—–-"

    def is_label(self, i: int, n: int = 1) -> bool:
        """Tell whether the words stand where a speaker label stands."""
        start, end = self.tokens[i].start, self.tokens[i + n - 1].end
        line = self.text.rfind("\n", 0, start) + 1
        lead, tail = self.text[line:start], self.text[end : end + 3]
        if lead.endswith("<v ") and ">" in tail:
            return True
        return (
            not re.sub(r"[\W\d_]", "", lead)
            and re.match(r"[.\])]?\s?[:\t>]|\s+\d\d?:", tail + " ") is not None
        )


def _hide(pattern: re.Pattern[str], cover: str, text: str) -> str:
    return pattern.sub(lambda m: cover * len(m.group()), text)


def _folded(text: str) -> tuple[str, range | list[int]]:
    if text.isascii():
        return text.lower(), range(len(text))
    parts, index = [], []
    for i, char in enumerate(text):
        plain = fold_char(char)
        parts.append(plain)
        index += [i] * len(plain)
    return "".join(parts), index


def _search(place: str, text: str, needles: Needles) -> list[Leak]:
    page = _Page.of(text, needles.pseudonyms)
    found = [
        *_whole(page, needles),
        *_numbers(page, needles),
        *_spelled(page, needles),
        *_strange(page, needles),
        *_sounded(text, needles),
    ]
    found.sort(key=lambda hit: (hit[0].start, -len(hit[0])))
    out: list[Leak] = []
    for span, needle, how in found:
        if not out or not out[-1].span.overlaps(span):
            out.append(Leak(place, span, needle.label, needle.entity, how))
    return out


_Hit = tuple[Span, Needle, str]


def _whole(page: _Page, needles: Needles) -> Iterator[_Hit]:
    """Yield surfaces, parts and nicknames, the longest at each place."""
    at = 0
    for i, token in enumerate(page.tokens):
        if i < at:
            continue
        for needle in needles.starting(token.word):
            n = len(needle.tokens)
            if tuple(t.word for t in page.tokens[i : i + n]) == needle.tokens and _counts(page, i, needle):
                yield Span(token.start, page.tokens[i + n - 1].end), needle, needle.how
                at = i + n
                break


def _counts(page: _Page, i: int, needle: Needle) -> bool:
    """Tell whether there is evidence enough that the words at *i* are the needle's name."""
    n = len(needle.tokens)
    if not page.joined(i, n) or page.negated(i + n - 1):
        return False
    if needle.evidence is Evidence.NONE:
        return True
    if needle.evidence is Evidence.CAPITAL:
        return page.is_capital(i) or not page.cased
    if page.is_label(i, n) and (page.is_capital(i) or not page.cased):
        return True
    if needle.evidence is Evidence.LABEL:
        return page.after_title(i) and page.is_capital(i) and n == 1
    if page.after_title(i) and (page.is_capital(i) or not page.cased):
        return True
    if needle.evidence is Evidence.ALONE and i and page.tokens[i - 1].word in ("the", "a", "an", "this"):
        return False  # "the Foley" is a catheter, even where a Dr. Foley works
    if not page.cased or not page.is_capital(i):
        return False
    if needle.evidence is Evidence.AFTER_ARTICLE:
        return page.after_article(i)  # "the U" is a university, the "U" of "for-U" and of "U turn" is none
    if needle.evidence is Evidence.CAPITALS:
        return all(page.shown(i + k).isupper() for k in range(n))
    if n == 1 and needle.tokens[0] in SMALL_TALK and page.opens_sentence(i):
        return False
    following = page.tokens[i + n].word if i + n < len(page.tokens) else ""
    return not page.opens_sentence(i) or (following not in _OPENERS and not _shouted(page, i))


def _shouted(page: _Page, i: int) -> bool:
    """Tell whether the whole line is in capitals, where a capital proves nothing."""
    token = page.tokens[i]
    line = page.text[page.text.rfind("\n", 0, token.start) + 1 : token.end + 40].split("\n")[0]
    return len(line) > 20 and line.isupper()


def _numbers(page: _Page, needles: Needles) -> Iterator[_Hit]:
    """Yield numbers of five digits and more, however they are grouped or said."""
    if not needles.numbers:
        return
    runs: list[list[tuple[int, str]]] = [[]]
    for i, token in enumerate(page.tokens):
        digits = needles.as_digits(token.word)
        close = bool(runs[-1]) and runs[-1][-1][0] == i - 1 and page.joined(i - 1, 2)
        if digits and close:
            runs[-1].append((i, digits))
        elif digits:
            runs.append([(i, digits)])
    for run in runs:
        joined = "".join(d for _, d in run)
        for number, needle in needles.numbers.items():
            if number in joined:
                yield Span(page.tokens[run[0][0]].start, page.tokens[run[-1][0]].end), needle, "surface"


def _spelled(page: _Page, needles: Needles) -> Iterator[_Hit]:
    """Yield names said letter by letter."""
    i = 0
    while i < len(page.tokens):
        n = 0
        while i + n < len(page.tokens) and len(page.tokens[i + n].word) == 1 and page.apart(i, n + 1):
            n += 1
        word = "".join(t.word for t in page.tokens[i : i + n])
        for part, needle in needles.parts.items() if n >= 3 else ():
            if part in word or (n >= 4 and part.startswith(word)):
                yield Span(page.tokens[i].start, page.tokens[i + n - 1].end), needle, "spelling"
                break
        i += max(1, n)


def _strange(page: _Page, needles: Needles) -> Iterator[_Hit]:
    """Yield words of no dictionary that hold a name or sound like one."""
    verdicts: dict[str, _Hit | None] = {}
    for token in page.tokens:
        word = token.word
        if len(word) < 5 or word in needles.parts or is_known_word(word):
            continue
        if word not in verdicts:
            verdicts[word] = next(_resembling(word, needles), None)
        hit = verdicts[word]
        if hit is not None:
            yield Span(token.start, token.end), hit[1], hit[2]


def _resembling(word: str, needles: Needles) -> Iterator[_Hit]:
    for part, needle in needles.rare.items():
        if len(word) > len(part) and part in word:
            yield Span(0, 0), needle, "part"
        elif word[0] == part[0] and sounds_like(word, part):
            yield Span(0, 0), needle, "sound"


def _sounded(text: str, needles: Needles) -> Iterator[_Hit]:
    """Yield names said syllable by syllable ("Ko-VAHL-chick")."""
    for match in re.finditer(r"[^\W\d_]{1,6}(?:[-‐‑][^\W\d_]{1,6}){2,}", text):
        if not is_sounded(match.group()):
            continue
        word = "".join(fold_char(c) for c in match.group() if c.isalpha())
        for part, needle in needles.rare.items():
            if sounded_alike(word, part):
                yield Span(*match.span()), needle, "sound"
                break
