"""Open word lists as witnesses: first names, surnames, places, and which words are ordinary.

Everything here is read once, on first use, from installed packages (US census names in ``names``,
``nicknames``, word and word-pair counts in ``symspellpy``, ``us``) and from the lists in ``data/``.
A list alone proves little; it counts together with a capital, a cue or another witness.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path


def words(text: str) -> frozenset[str]:
    """Return the words of *text* as a set: word lists in code stay readable."""
    return frozenset(text.split())


BEFORE_COMMON_WORDS = words(
    "the a an to this that your our my their his her no any some will would can very more is are was be not "
    "you i we they it"
)
"""Words that stand before ordinary words and hardly ever before a name ("the price", never "the Melissa")."""


def read_list(name: str) -> tuple[str, ...]:
    """Return the entries of ``data/<name>``: one a line, without comments and empty lines."""
    text = files("svp_nlp.redaction").joinpath("data", name).read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _package_file(package: str, name: str) -> list[str]:
    path = Path(str(files(package).joinpath(name)))
    return path.read_text(encoding="utf-8-sig").splitlines()


@cache
def word_counts() -> dict[str, int]:
    """Return how often each of 82,765 English words occurs (SymSpell's dictionary)."""
    pairs = (line.split() for line in _package_file("symspellpy", "frequency_dictionary_en_82_765.txt"))
    return {word: int(count) for word, count in pairs}


@cache
def word_ranks() -> dict[str, int]:
    """Return each dictionary word's place by frequency, from 0."""
    counts = word_counts()
    return {word: rank for rank, word in enumerate(sorted(counts, key=lambda w: -counts[w]))}


@cache
def _after_common_words() -> Counter[str]:
    """Count how often each word follows an article, pronoun or auxiliary (SymSpell's word pairs)."""
    found: Counter[str] = Counter()
    for line in _package_file("symspellpy", "frequency_bigramdictionary_en_243_342.txt"):
        first, second, count = line.split()
        if first in BEFORE_COMMON_WORDS:
            found[second] += int(count)
    return found


@cache
def word_pairs() -> frozenset[tuple[str, str]]:
    """Return the 242,342 pairs of words that follow each other most often (SymSpell's word pairs)."""
    rows = (line.split() for line in _package_file("symspellpy", "frequency_bigramdictionary_en_243_342.txt"))
    return frozenset((row[0], row[1]) for row in rows)


@cache
def first_names() -> dict[str, float]:
    """Return first names with their share in percent (US census; names of other lists get a small one)."""
    found: dict[str, float] = {}
    for name in ("dist.female.first", "dist.male.first"):
        for line in _package_file("names", name):
            word, share, *_ = line.split()
            found[word.lower()] = max(float(share), found.get(word.lower(), 0.0))
    for line in read_list("first_names.txt"):
        for word in line.split():
            found.setdefault(word, 0.002)
    for words in nicknames().items():
        for word in (words[0], *words[1]):
            found.setdefault(word, 0.001)
    ranks = (
        word_ranks()
    )  # the census lists "So", "My" and "One"; as words they are said ten thousand times more
    return {
        word: share
        for word, share in found.items()
        if ranks.get(word, 1000) >= (1000 if share <= 0.005 else 300) or word in _SAID_AS_NAMES
    }


_SAID_AS_NAMES = frozenset({"will", "may", "art", "mark", "love", "kit", "mac"})


@cache
def surnames() -> dict[str, float]:
    """Return surnames with their share in percent (US census, 88,799 of them)."""
    rows = (line.split() for line in _package_file("names", "dist.all.last"))
    return {row[0].lower(): float(row[1]) for row in rows}


@cache
def nicknames() -> dict[str, frozenset[str]]:
    """Return, for each formal first name, its nicknames (package ``nicknames``)."""
    found: dict[str, set[str]] = {}
    for line in _package_file("nicknames", "names.csv")[1:]:
        formal, relation, nick = line.lower().split(",")[:3]
        if relation.strip() == "has_nickname":
            found.setdefault(formal.strip(), set()).add(nick.strip())
    return {formal: frozenset(nicks) for formal, nicks in found.items()}


@cache
def _formal_names() -> dict[str, frozenset[str]]:
    """Return, for each nickname, the formal first names it stands for."""
    found: dict[str, set[str]] = {}
    for formal, nicks in nicknames().items():
        for nick in nicks:
            found.setdefault(nick, set()).add(formal)
    return {nick: frozenset(names) for nick, names in found.items()}


def short_forms(name: str) -> frozenset[str]:
    """Return the nicknames of a given name (lower case) and the names it may be short for."""
    return (nicknames().get(name, frozenset()) | _formal_names().get(name, frozenset())) - {name}


@cache
def _places() -> tuple[dict[str, int], dict[str, int]]:
    us_places: dict[str, int] = {}
    world: dict[str, int] = {}
    for row in read_list("places.tsv"):
        name, thousands, where = row.split("\t")
        (us_places if where == "us" else world)[name.lower()] = int(thousands)
    return us_places, world


def cities() -> dict[str, int]:
    """Return US places with their population in thousands, lower-cased."""
    return _places()[0]


def world_cities() -> dict[str, int]:
    """Return large places outside the US with their population in thousands, lower-cased."""
    return _places()[1]


@cache
def regions() -> frozenset[str]:
    """Return states, provinces and named regions, lower-cased."""
    import us

    states = {state.name.lower() for state in us.STATES_AND_TERRITORIES} | {"district of columbia"}
    return frozenset(states | {name.lower() for name in read_list("regions.txt")})


@cache
def state_codes() -> frozenset[str]:
    """Return the two-letter codes of US states ("TX")."""
    import us

    return frozenset(state.abbr for state in us.STATES_AND_TERRITORIES) | {"DC"}


@cache
def institutions() -> tuple[str, ...]:
    """Return well-known hospitals, health systems and universities as they are called in speech."""
    return read_list("institutions.txt")


@cache
def contractions() -> frozenset[str]:
    """Return contractions as speech recognition writes them, without apostrophe ("couldnt", "theyve").

    Also their first halves, which stay where an apostrophe parts the word ("couldn" of "couldn't"). Those
    that are words themselves ("well", "shell", "wed") are left to the dictionary.
    """
    negated = words(
        "is are was were do does did has have had ca could would should must might need wo ought ai"
    )
    people = words("i you he she it we they who that there what where how somebody everybody nobody")
    made = {f"{verb}n{t}" for verb in negated for t in ("t", "")} | {
        "can",
        "shan",
        "shant",
        "dont",
        "wont",
        "cant",
    }
    made |= {f"{who}{rest}" for who in people for rest in ("d", "ll", "ve", "re", "m", "s")}
    made |= {f"{verb}ve" for verb in ("could", "would", "should", "might", "must")}
    made |= {
        "yall",
        "yous",
        "gonna",
        "wanna",
        "gotta",
        "kinda",
        "sorta",
        "dunno",
        "lemme",
        "gimme",
        "innit",
        "cos",
    }
    return frozenset(word for word in made if word not in _SAID_AS_NAMES and len(word) > 2)


_PASTS = words(
    "began bit blew bore bought broke brought built burnt came caught chose clung crept dealt drank drew "
    "drove dug ate fed fell felt fled flew forgot fought froze gave got grew ground heard held hid hung "
    "kept knelt knew laid leapt learnt led left lent lit lost made meant met mown paid rang ran rode rose "
    "said sang sank sat saw sent shook shone shot shrank slept slid slung smelt sold sought spat spelt "
    "spent spilt split spoke sprang spun stole stood stuck stung stank strode strove struck strung swam "
    "swept swore swung taught thought threw told took tore trod understood woke won wore wove wept went "
    "wrote wrung "
)
"""Pasts of irregular verbs: words wherever they stand, though some are surnames."""


@cache
def commonness(word: str) -> float:
    """Return how much *word* behaves like an ordinary word: 0 never, above 0.5 surely.

    Ordinary words follow articles and pronouns, names do not: the share of a word's occurrences that
    do so parts "price" (2.9) and "grace" (4.8) from "james" and "melissa" (0). Words in no dictionary get 0.
    """
    word = british(word.lower())
    count = word_counts().get(word)
    if not count:
        return 1.0 if word in contractions() else 0.0
    ratio = _after_common_words()[word] / count
    if word in _PASTS:
        return 1.0
    if _listed_as_name(word, word_ranks()[word]):
        return ratio
    return max(ratio, 1.0)


_NO_THING = ("s", "ing", "ed", "ion", "ness", "ity", "ism", "ology", "ment", "out", "ly", "ia")


def counted(word: str) -> bool:
    """Tell whether *word* follows articles and pronouns more often than counted: a thing, no stuff or name.

    Pairs are counted over another text than words, so the share of a thing-word exceeds 1. The rarest words
    are in no pair; they count as things unless their ending says stuff, state, deed or many.
    """
    if word.endswith(_NO_THING):
        return False
    if word_ranks().get(word, 0) > 12_000 and not _after_common_words()[word]:
        return True
    return _after_common_words()[word] >= 1.5 * max(1, word_counts().get(word, 0))


def _listed_as_name(word: str, rank: int) -> bool:
    """Tell whether a dictionary word is a name often enough for the lists to count against the dictionary."""
    if first_names().get(word, 0.0) >= 0.001:
        return True
    if word in regions():
        return True
    if rank < 5_000 and surnames().get(word, 0.0) < 0.004:
        return cities().get(word, 0) >= 50 or word in world_cities()
    return word in surnames() or word in cities() or word in world_cities()


def british(word: str) -> str:
    """Return the spelling under which the partly British dictionary lists *word* ("harbor": "harbour")."""
    if word in word_counts():
        return word
    for american, other in (
        ("or", "our"),
        ("er", "re"),
        ("iz", "is"),
        ("yz", "ys"),
        ("log", "logue"),
        ("ll", "l"),
    ):
        if american in word and (found := word.replace(american, other)) in word_counts():
            return found
    return word


def in_dictionary(word: str) -> bool:
    """Tell whether *word*, or the word it is a plural, past or adverb of, is in the dictionary."""
    word = re.sub(r"'(?:s|ve|ll|d|re|m)$", "", word.lower()).replace("n't", "")
    if word in contractions():
        return True
    if not word.isalpha():
        return all(in_dictionary(part) for part in re.split(r"[\W\d_]+", word) if part)
    stems = [
        word,
        word.removesuffix("s"),
        word.removesuffix("es"),
        word.removesuffix("ed"),
        word.removesuffix("d"),
    ]
    stems += [
        word.removesuffix("ing"),
        word.removesuffix("ly"),
        word.removesuffix("ing") + "e",
        word.removesuffix("ish"),
    ]
    return any(british(stem) in word_counts() for stem in stems if len(stem) > 1)


def ordinary(word: str) -> bool:
    """Tell whether *word* (any case; plural and possessive forms too) is used as an ordinary word."""
    word = word.lower().replace("’", "'")
    if word.endswith("'s"):
        word = word[:-2]
    if "-" in word:
        return all(ordinary(part) for part in word.split("-") if len(part) > 1)
    if commonness(word) >= 0.5:
        return True
    return word.endswith("s") and commonness(word[:-1]) >= 0.5 and word not in first_names()


def on_name_lists(word: str) -> bool:
    """Tell whether *word* (lower case) is a listed first name or place, or a surname not very rare."""
    return (
        word in first_names()
        or surnames().get(word, 0.0) >= 0.002
        or word in cities()
        or word in world_cities()
        or word in regions()
    )


def name_like(word: str) -> bool:
    """Tell whether *word* is on a list of first names or surnames and no ordinary word."""
    word = word.lower()
    return (word in first_names() or word in surnames()) and not ordinary(word)
