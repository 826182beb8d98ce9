"""Finds a name again: in full, in part, short, as initials, in capitals, misheard.

A name is safe only when all its mentions go. What one place has shown to be a name (a label, a title, an
agreement of witnesses, the roster) is looked for in the whole transcript, then in the whole study.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from svp_nlp.model import Label, Span
from svp_nlp.redaction.guards import ACRONYMS, is_guarded, is_role
from svp_nlp.redaction.lexicon import first_names, nicknames, on_name_lists, ordinary, word_ranks, words
from svp_nlp.redaction.recognizers.institutions import HEADS
from svp_nlp.redaction.truecase import unknown
from svp_nlp.redaction.words import TITLES

FIRST = re.compile(r"\w+")
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
PARTICLES = words("de la del da dos van von der den bin ibn al el le di du ter of and the for at st")
NOT_AFTER_NAME = words(
    "you it that this the they he she we i there a an your his her their my our these "
    "those people somebody anybody "
    "someone anyone do not be have"
)
"""Words after which a sentence-opening "Will", "May", "Mark" or "Grace" was no name."""

MODALS = frozenset({"will", "may", "mark", "an", "so", "my"})
"""First names that are said as words so often that without a capital they are left to other witnesses."""

BEFORE_WORDS = re.compile(
    r"\b(?:the|a|an|some|any|no|this|that|my|your|our|his|her|their|its|to|can|could|"
    r"would|should|will|didn't|don't|very|so|"
    r"too|more|most|every|each|of|i|we|they|you|for|with|is|was|are|were|be|been|being|have|has|had|in) $",
    re.IGNORECASE,
)
"""Words after which an ordinary word stands as itself."""


def _no_word_here(span: Span, text: str) -> bool:
    """Tell whether a first name that is also a word can be the name here, in text without capitals."""
    return not BEFORE_WORDS.search(text[max(0, span.start - 12) : span.start])


HEAD_WORDS = frozenset(w.lower() for head in HEADS for w in head.split())


@dataclass(frozen=True, slots=True)
class Name:
    """A name shown by some place or the roster, and how surely."""

    text: str = field(repr=False)
    label: Label
    score: float = 0.9
    witness: str = "propagated"


@dataclass(frozen=True, slots=True)
class Form:
    """One way a name may come back. ``exact``: only with its own capitals."""

    text: str = field(repr=False)
    label: Label
    score: float
    witness: str
    exact: bool


def forms(names: Iterable[Name], *, cased: bool = True) -> dict[str, Form]:
    """Return the forms of *names* by their lower-case text, the surest of each.

    In text without case (*cased* false) single ordinary words are left out.
    """
    found: dict[str, Form] = {}
    for name in names:
        for form in _forms(name):
            if not cased and form.exact and not _safe_without_case(form):
                continue
            key = form.text.lower()
            if key not in found or found[key].score < form.score:
                found[key] = form
    return found


LISTED_RANK = 1500
"""Of the words said most, so many are not taken for a name on the roster where the text has no capitals."""


def _safe_without_case(form: Form) -> bool:
    """Tell whether a form of ordinary words is long enough to be no chance meeting ("mercy ridge")."""
    words = form.text.lower().split()
    if len(words) == 1:
        if form.label is not Label.PERSON or words[0] in MODALS:
            return False
        listed = form.witness == "roster" and word_ranks().get(words[0], LISTED_RANK) >= LISTED_RANK
        return listed or words[0] in first_names()
    return len(form.text) > 9 or not all(ordinary(w) for w in words)


def _forms(name: Name) -> Iterator[Form]:
    text = " ".join(name.text.replace("’", "'").split())
    if len(text) < 2:
        return
    words = WORD.findall(text)
    as_written = name.witness == "roster" and text.islower()  # the team wrote it without capitals on purpose
    yield Form(
        text,
        name.label,
        name.score,
        name.witness,
        (_needs_capital(text) or name.score < 0.7) and not as_written,
    )
    if name.label is Label.PERSON:
        yield from _person(words, name)
    elif name.label is Label.INSTITUTION:
        yield from _institution(text, words, name)


def _needs_capital(text: str) -> bool:
    words = WORD.findall(text)
    if text.isupper() and len(text) <= 5:
        return True
    return all(ordinary(w) or w.lower() in PARTICLES for w in words)


def _person(words: Sequence[str], name: Name) -> Iterator[Form]:
    own = [w for i, w in enumerate(words) if w.lower() not in TITLES and not _particle(w, first=i == 0)]
    if len(own) > 1 or "-" in "".join(own):
        for word in sorted({part for w in own for part in (w, *w.split("-"))}):
            if (
                len(word) > 2 or (len(word) == 2 and word[0].isupper() and word.lower() in first_names())
            ) and not is_role(word):
                yield Form(word, Label.PERSON, name.score * 0.95, name.witness, _needs_capital(word))
    for word in own:
        for part in word.split("-"):
            if len(part) > 1 and part.isalpha():
                yield Form("-".join(part.upper()), Label.PERSON, 0.85, "spelled", False)
            if len(part) > 3 and not ordinary(part):
                yield Form(" ".join(part[:3]), Label.PERSON, 0.7, "spelled", False)
                yield Form(", ".join(part[:3]), Label.PERSON, 0.7, "spelled", False)
    for word in own[:1]:
        for nick in nicknames().get(word.lower(), ()):
            if len(nick) > 2 and not ordinary(nick) and name.witness == "roster":
                yield Form(nick.capitalize(), Label.PERSON, 0.7, name.witness, False)
    if len(own) > 1:
        initials = "".join(w[0] for w in own).upper()
        if initials not in ACRONYMS:
            yield Form(initials, Label.PERSON, 0.7, name.witness, True)


def _particle(word: str, *, first: bool) -> bool:
    """Tell whether a word of a name is "de", "van" and the like (in front, capitalised, it is a name)."""
    return word.lower() in PARTICLES and not (first and word[0].isupper())


def _institution(text: str, words: Sequence[str], name: Name) -> Iterator[Form]:
    own = [w for w in words if w.lower() not in HEAD_WORDS | PARTICLES]
    core = _without_heads(text)
    if (
        core
        and core != text
        and not is_guarded(core)
        and not is_role(core)
        and core.lower() not in first_names()
    ):
        yield Form(core, Label.INSTITUTION, name.score * 0.9, name.witness, _needs_capital(core))
    capitals = "".join(w[0] for w in words if w.lower() not in PARTICLES)
    if len(capitals) > 2 and capitals.isupper() and capitals not in ACRONYMS:
        yield Form(capitals, Label.INSTITUTION, 0.75, name.witness, True)
    for word in own:
        if len(word) > 3 and not ordinary(word) and word.lower() not in word_ranks() and not is_guarded(word):
            yield Form(word, Label.INSTITUTION, name.score * 0.85, name.witness, False)


def _without_heads(text: str) -> str:
    """Return a name without its trailing head nouns ("Harmon Regional Medical Center" -> "Harmon")."""
    words = text.split()
    while len(words) > 1 and words[-1].lower().strip(".,") in HEAD_WORDS:
        words.pop()
    return " ".join(words)


def mentions(
    text: str, known: dict[str, Form], *, cased: bool, speech_end: int
) -> Iterator[tuple[Span, Form]]:
    """Yield every place in *text* where a known form stands; longer forms win over shorter ones.

    What the roster names is found also where another form holds its first words. ``speech_end`` is where
    speech ends and furniture begins: there a capital is always a name's.
    """
    longest_first = sorted(known.values(), key=lambda form: -len(form.text))
    by_first_word: dict[str, list[tuple[str, Form]]] = defaultdict(list)
    for form in longest_first:
        if first := FIRST.match(form.text.lower()):
            by_first_word[first[0]].append((form.text.lower(), form))
    low = text.lower() if len(text.lower()) == len(text) else text
    end = 0
    for word in FIRST.finditer(low):
        for key, form in by_first_word.get(word[0], ()):
            stop = word.start() + len(key)
            if word.start() < end and (form.witness != "roster" or stop <= end):
                continue
            if low.startswith(key, word.start()) and not low[stop : stop + 1].isalnum():
                span = Span(word.start(), stop)
                if _stands_for(span, form, text, cased=cased, said=span.start < speech_end):
                    yield span, form
                    end = stop
                break


def _stands_for(span: Span, form: Form, text: str, *, cased: bool, said: bool) -> bool:
    """Tell whether a form means its name at this place."""
    found = text[span.start : span.end]
    if found.islower() and text[max(0, span.start - 1) : span.start] == "-":
        return False  # the "ray" of an x-ray
    if not form.exact:
        return not cased or form.witness == "roster" or not _small_word(found)
    if not cased:
        return " " in form.text or _no_word_here(span, text)
    if form.text.isupper() and len(form.text) <= 5:
        return found == form.text
    raised = [w[0].isupper() for w in found.split()]
    if not any(raised) or not all(
        up or w.lower() in PARTICLES for up, w in zip(raised, found.split(), strict=True)
    ):
        return False
    before = text[max(0, span.start - 6) : span.start]
    if is_guarded(found) and re.search(r"\b(?:the|a|an) $", before):
        return False
    if not said or len(found.split()) > 1 or not re.search(r"(?:^|[.!?:…\"—\n-])\s*$", before):
        return True
    if form.score < 0.6:  # a capital alone showed it: an opening word must be spoken to or about
        return text[span.end : span.end + 1] == ","
    after = re.match(r" ([\w']+)", text[span.end : span.end + 30])
    return after is None or after[1].lower() not in NOT_AFTER_NAME


def _small_word(found: str) -> bool:
    """Tell whether a form stands as a word does: in small letters, in the dictionary and on no name list."""
    return found.islower() and found.isalpha() and not unknown(found) and not on_name_lists(found)


def misheard(
    text: str, names: Iterable[Name], taken: Sequence[Span], *, cased: bool
) -> Iterator[tuple[Span, Name]]:
    """Yield words in no dictionary that look and sound like a known name's word ("Taufahama").

    Two words agree when their spelling is at least 84 % alike, or 70 % and they sound the same (match
    rating codex or metaphone); the first letters must be alike or sound alike.
    """
    targets = {
        word.lower(): name
        for name in names
        if name.label in (Label.PERSON, Label.INSTITUTION) and name.score >= 0.75
        for word in WORD.findall(name.text)
        if len(word) >= 5 and not ordinary(word) and word.lower() not in HEAD_WORDS
    }
    if not targets:
        return
    covered = bytearray(len(text))
    for span in taken:
        covered[span.start : span.end] = b"\1" * len(span)
    cache: dict[str, Name | None] = {}
    for match in WORD.finditer(text):
        word = match[0].lower().removesuffix("'s")
        if len(word) < 5 or covered[match.start()] or word in word_ranks():
            continue
        if cased and not match[0][0].isupper():
            continue
        if word not in cache:
            cache[word] = _nearest(word, targets)
        near = cache[word]
        if near is not None:
            yield Span(match.start(), match.start() + len(word)), near


def _nearest(word: str, targets: dict[str, Name]) -> Name | None:
    import jellyfish
    from rapidfuzz.fuzz import ratio

    for target, name in targets.items():
        alike = ratio(word, target)
        if alike >= 84 or (alike >= 70 and jellyfish.metaphone(word) == jellyfish.metaphone(target)):
            return name
    return None
