"""Finds names of public lists a study was given: hospitals, universities, towns, people.

Why it identifies: a name on a register of hospitals is a hospital's; said in an interview it leads there.
Misses: what is on no list; nicknames; a listed name of ordinary words said without capitals. It is a witness
among others: single words and names of ordinary words count only with another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from svp_nlp.model import Label, Span
from svp_nlp.redaction.guards import ACRONYMS, is_guarded
from svp_nlp.redaction.lexicon import first_names, on_name_lists, ordinary, words
from svp_nlp.redaction.lists import NameList
from svp_nlp.redaction.recognizers.base import Found, Rules
from svp_nlp.redaction.words import fold

TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|&")
SAME = {
    "saint": "st",
    "mount": "mt",
    "fort": "ft",
    "&": "and",
    "centre": "center",
    "ctr": "center",
    "cntr": "center",
    "hosp": "hospital",
    "hsp": "hospital",
    "med": "medical",
    "mem": "memorial",
    "reg": "regional",
    "regl": "regional",
    "univ": "university",
    "cnty": "county",
    "comm": "community",
    "gen": "general",
    "hlth": "health",
    "sys": "system",
}
"""What registers shorten and people say in full, brought to one form on both sides."""

SMALL = words("of the and for at in on a an de la del")
HEADS = words(
    "hospital hospitals medical clinic clinics infirmary health healthcare hospice university college "
    "institute school academy seminary conservatory polytechnic trust sanatorium rehabilitation center "
    "centers system systems"
)
"""Words one of which makes a listed name the name of a house, whoever says it."""

KINDS = HEADS | words(
    "general regional community memorial county city state national university childrens womens mens kids "
    "family veterans district central north south east west northern southern eastern western critical "
    "access acute long term care special specialty surgical surgery psychiatric mental behavioral nursing "
    "home heart eye pain cancer spine brain stroke orthopedic pediatric maternity birth teaching rural "
    "local public private emergency urgent primary day night outpatient inpatient recovery treatment "
    "imaging dental transplant trauma burn sleep wellness physical therapy research law business "
    "technical career art arts music bible beauty barber culinary graduate high middle elementary online "
    "group services service new old big small first second main our my their his her this that every any "
    "some women men child children"
)
"""Words that say what kind of house it is: a name of nothing else ("critical access hospital") is none."""

GENERIC = words(
    "hospital hospitals medical center centers clinic clinics health healthcare care system systems campus "
    "main nhs trust foundation inc llc ltd corp corporation group services university college institute"
)
"""Words at the end of a listed name that people leave out ("Baystate")."""

JOINTS = frozenset({" ", "-", ", ", " - ", "/", ",", " / "})
"""What may stand between two words of a name."""

SHORTENED = words("st mt ft dr")
_SUFFIX = re.compile(r" *(?:,? the|,? (?:inc|llc|ltd|corp)\.?|\([^)]*\))$", re.IGNORECASE)
_DOING_BUSINESS = re.compile(r" (?:dba|d/b/a|aka) ", re.IGNORECASE)
_BRANCH = re.compile(r" [-–—/] | ?/ ?| at |, |-(?=[^-]*$)", re.IGNORECASE)
"""What parts a house from its campus or town ("University of Michigan-Ann Arbor")."""

AT = re.compile(r"\bat $", re.IGNORECASE)
AT_SOMEBODY = re.compile(
    r"\b(?:look|smil|yell|laugh|star|shout|scream|point|glanc|wav|snap|nod|grin|wink|bark|mad|angry|"
    r"upset|swear|"
    r"swore|curs)\w* at $",
    re.IGNORECASE,
)
"""Before a house stands "at"; but "looked at" and "yelling at" stand before people."""

LONGEST = 16
"""Words of a listed name that are looked at."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a key stands for: its label, and whether it is the whole name or a shorter form."""

    label: Label
    whole: bool


@dataclass(frozen=True, slots=True)
class Index:
    """Keys by their words, and for each first word how many words the longest key has."""

    keys: dict[str, Listed] = field(repr=False)
    reach: dict[str, int] = field(repr=False)


def listed(lists: Sequence[NameList]) -> Rules:
    """Return a recognizer for the names of *lists*: looked up by words, so thousands cost what ten cost."""
    return Rules("lists", partial(find, _index(lists)))


def _index(lists: Iterable[NameList]) -> Index:
    keys: dict[str, Listed] = {}
    reach: dict[str, int] = {}
    for one in lists:
        entries = [(name, one.label) for name in one.names] + [(t, Label.LOCATION) for t in one.towns]
        for name, label in entries:
            for key, whole in _keys(name, label):
                if key and (key not in keys or (whole and not keys[key].whole)):
                    keys[key] = Listed(label, whole)
                    first, size = key.partition(" ")[0], key.count(" ") + 1
                    reach[first] = max(reach.get(first, 0), min(size, LONGEST))
    return Index(keys, reach)


def _normal(word: str) -> str:
    plain = fold(word).replace("'", "")
    return SAME.get(plain, plain)


def _words(name: str) -> list[str]:
    return [_normal(match[0]) for match in TOKEN.finditer(name)]


def _keys(name: str, label: Label) -> Iterator[tuple[str, bool]]:
    """Yield the forms of a listed name as keys, each with "is the whole name"."""
    if label is not Label.INSTITUTION:
        yield " ".join(_words(name)), True
        return
    for part in _DOING_BUSINESS.split(name):
        whole = part
        while (bare := _SUFFIX.sub("", whole)) != whole:
            whole = bare
        spoken = _words(whole)
        if spoken[:1] == ["the"]:
            spoken = spoken[1:]
        yield " ".join(spoken), True
        yield from ((" ".join(w), True) for w in _houses(whole) if w)
        yield " ".join(_core(spoken)), False


def _houses(name: str) -> Iterator[list[str]]:
    """Yield the words before a campus or town, where they name a house by themselves."""
    for match in _BRANCH.finditer(name):
        before = _words(name[: match.start()])
        before = before[1:] if before[:1] == ["the"] else before
        own = [w for w in before if w not in SMALL | GENERIC]
        if own and HEADS & set(before) and len(before) > 1:
            yield before


def _core(spoken: Sequence[str]) -> list[str]:
    """Return a name without its trailing head nouns; empty where nothing is left out or left over."""
    core = list(spoken)
    while core and core[-1] in GENERIC:
        core.pop()
    return core if len(core) < len(spoken) and core and core[-1] not in SMALL else []


def find(index: Index, text: str) -> Iterator[Found]:
    """Yield listed names, the longest at each place, as surely as their words and capitals allow."""
    tokens = list(TOKEN.finditer(text))
    at = 0
    while at < len(tokens):
        reach = _reach(index, tokens, at)
        found = _longest(index, text, tokens, at, reach) if reach else None
        if found is None:
            at += 1
            continue
        said, entry, span = found
        score = _score(said, entry, text[span.start : span.end], text[max(0, span.start - 24) : span.start])
        if score:
            yield span, entry.label, score
        at += len(said) if score else 1


def _reach(index: Index, tokens: Sequence[re.Match[str]], at: int) -> int:
    """Return how many words from token *at* the longest key has that begins so; 0 where none does."""
    reach = index.reach.get(_normal_at(tokens, at), 0)
    if not reach and tokens[at][0].endswith("'s"):
        return 1 if _normal(tokens[at][0][:-2]) in index.reach else 0
    return reach


def _normal_at(tokens: Sequence[re.Match[str]], at: int) -> str:
    word = tokens[at][0]
    plain = word.lower().replace("'", "") if word.isascii() else fold(word).replace("'", "")
    return SAME.get(plain, plain)


def _longest(
    index: Index, text: str, tokens: Sequence[re.Match[str]], at: int, reach: int
) -> tuple[list[str], Listed, Span] | None:
    """Return the words, entry and span of the longest listed name of up to *reach* words at token *at*."""
    said = _run(text, tokens[at : at + reach])
    normal = [_normal_at(tokens, at + n) for n in range(len(said))]
    start = tokens[at].start()
    for size in range(len(said), 0, -1):
        key = " ".join(normal[:size])
        if key in index.keys:
            return said[:size], index.keys[key], Span(start, tokens[at + size - 1].end())
        if said[size - 1].endswith("'s"):
            key = " ".join([*normal[: size - 1], _normal(said[size - 1][:-2])])
            if key in index.keys:
                return said[:size], index.keys[key], Span(start, tokens[at + size - 1].end() - 2)
    return None


def _run(text: str, tokens: Sequence[re.Match[str]]) -> list[str]:
    """Return the first of the words *tokens* that could be one name: none across a stop."""
    said = [tokens[0][0]]
    for before, word in pairwise(tokens):
        joint = text[before.end() : word.start()]
        if joint not in JOINTS and not (joint == ". " and before[0].lower() in SHORTENED):
            break
        said.append(word[0])
    return said


def _score(said: Sequence[str], entry: Listed, name: str, before: str) -> float:
    """Return how surely the words *said* are the listed name; 0 where they are known to identify nobody."""
    own = [w.removesuffix("'s") for w in said if w.lower() not in SMALL]
    if not own or is_guarded(name) or name.upper() in ACRONYMS:
        return 0.0
    capitals = sum(w[0].isupper() for w in own)
    if len(own) == 1:
        return _single(own[0], entry.label, before) if capitals else 0.0
    distinct = [w for w in own if _normal(w) not in HEADS | GENERIC and not ordinary(w)]
    if entry.label is not Label.INSTITUTION:
        return _place_or_person(entry.label, bool(distinct), capitals == len(own), capitals)
    headed = any(_normal(w) in HEADS for w in own)
    if entry.whole and headed and distinct:
        return 0.85 if capitals else 0.7
    if entry.whole and headed and len(own) > 2 and not all(_normal(w) in KINDS for w in own):
        return 0.55
    if entry.whole and distinct and capitals:
        return 0.6
    if capitals < len(own):
        return 0.0
    return 0.3 if own[0].lower() in first_names() else 0.45


def _single(word: str, label: Label, before: str) -> float:
    """Return what one word is worth: never enough alone; nothing where it may as well be another's name.

    "Grace", "Washburn" and "Providence" are also people and towns: of a house only after "at".
    """
    if label is Label.PERSON:
        return 0.3 if ordinary(word) else 0.45
    if not ordinary(word) and not on_name_lists(word.lower()):
        return 0.45
    return 0.45 if label is Label.INSTITUTION and _in_a_house(before) else 0.0


def _in_a_house(before: str) -> bool:
    """Tell whether the words *before* a name say that one is there, and not that one turns to somebody."""
    return bool(AT.search(before)) and not AT_SOMEBODY.search(before)


def _place_or_person(label: Label, distinct: bool, written: bool, capitals: int) -> float:
    if written:
        return 0.8 if distinct else 0.45
    return 0.6 if distinct and not capitals and label is Label.LOCATION else 0.0
