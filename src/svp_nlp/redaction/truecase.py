"""Gives capitals back to text without them, so that capital-minded witnesses can read it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import pairwise

from svp_nlp.redaction.guards import ACRONYMS, ROLES
from svp_nlp.redaction.lexicon import (
    cities,
    counted,
    first_names,
    in_dictionary,
    institutions,
    ordinary,
    read_list,
    regions,
    surnames,
    word_pairs,
    word_ranks,
    words,
    world_cities,
)
from svp_nlp.redaction.recognizers.base import any_of
from svp_nlp.redaction.recognizers.numbers import TEENS, TENS, UNITS

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
ONE = r"[^\W\d_]+(?:[-'][^\W\d_]+)*"
TITLE = re.compile(
    rf"\b(?P<title>dr|doctor|mr|mrs|ms|miss|mister|professor|prof|nurse|pastor|reverend|"
    rf"father|sister(?! (?:campus|hospital|site|facility|clinic|unit|city|company|school|program)\b)|"
    rf"senator|judge|"
    rf"minister|chaplain) ?\.? (?P<name>{ONE}(?: {ONE})?)"
)
CUE = re.compile(
    rf"\b(?:my name is|my name's|i'm|i am|this is|call me|calls me|named|nicknamed|his "
    rf"name is|her name is|his name was|"
    rf"her name was|name is|name's|patient|thank you|thanks|hi|hello|hey|bye|speaking with|"
    rf"a guy called|psychologist|"
    rf"analyst|assistant|paralegal|colleague|boss|daughter|son|wife|husband|brother|"
    rf"interview with) (?P<name>{ONE}(?: {ONE})?)"
)
SURE_CUE = re.compile(r"(?:name is|name's|name was|named|nicknamed|call me|calls me|called) $")
HEAD = re.compile(
    r"\b(?:school of (?:public health|medicine|nursing)|cooperative|collaborative|partners|roofing|transit|"
    r"plant|"
    r"marketplace|division|behavioral health|county|parish|falls|river|lake|creek|springs|heights|island|"
    r"valley|medical center|health system|health center|hospital|university|college|"
    r"clinic|"
    r"foundation|pavilion|tower|"
    r"health care|healthcare|institute|memorial|regional|children's|mutual|insurance|high "
    r"school|house|building|fund|hall|"
    r"park|field|gardens|annex|indemnity|campus|retreat house|press)\b"
)
STREET = re.compile(
    rf"\b(?P<name>(?:(?:north|south|east|west) )?{ONE}(?: {ONE})?) (?:street|avenue|"
    rf"boulevard|parkway|lane|road|way|drive|court|lagoon|cove|bridge)\b"
)
THE_SITE = re.compile(
    r"\b(?:at|from|to|left|joined|say|says|said|call it|here at|over at|back at) the "
    r"(?P<name>general|med|brigham|deaconess|methodist|baptist|mecca|u)\b"
    r"(?=$|\n| (?:and|or|in|for|when|where|then|so|but|was|is|as|over|because|i|we|they|he|she|you|at)\b)"
)
"""A site by its nickname; what follows is no noun that the word could belong to ("the general floor")."""

LETTERS_AT = re.compile(r"\b(?:at|from|through|joined|left|with|the) (?P<name>[a-z]{2,4})\b(?! ?')")
"""Where a house said by its letters stands ("a psychologist from fiu")."""

STRONG_HEAD = re.compile(
    r"\b(?:(?:regional |community |university |memorial )?(?:medical center|health system|health center)|"
    r"(?:children's |general |memorial |regional |university |community )?hospitals?|university|clinic|"
    r"institute|foundation|indemnity|mutual|school of (?:public health|medicine|nursing))\b"
)
"""Head nouns that make a name of ordinary words before them ("spanish peaks medical center")."""

SITE_HEAD = re.compile(
    r"\b(?:at|from|to|for|over to|over at|left|joined) "
    r"(?P<name>(?:[a-z']+ ){1,2}(?:general|memorial|regional|baptist|methodist|"
    r"presbyterian|lutheran|deaconess|state|shores))\b"
)
NATURE_HEAD = re.compile(
    r"\b(?:at|in|to|from|near|of|off|on|by|around|past|across|over|and|or) (?:the )?"
    r"(?P<name>(?:[a-z']+ )?[a-z']+ "
    r"(?:bay|ridge|peaks?|shores|creek|bridge|heights|beach|island|point|springs|falls|valley|mountain|canyon|"
    r"landing|harbor|hills|settlement|reservation))\b"
)
SAINT = re.compile(
    rf"\b(?:saint|st\.?|mount|mt|fort|lake|san|santa|los|las|port|cape|el|our lady of(?: "
    rf"the)?|our lady of mount) (?P<name>{ONE})"
)
U_OF = re.compile(r"\bu of [a-z]{1,2}\b")
PAIR = re.compile(rf"\b(?P<first>{ONE}) (?P<last>{ONE})(?: (?P<third>{ONE}))?\b")
CALLED = re.compile(
    rf"(?:\b(?:program|team|service|project|thing|unit|line|network|it|that|which|they|"
    rf"we)(?:'s| is| was|'re)? (?:called|named)|\bgot the name|"
    rf"\b(?:we|they|people|folks) call (?:it|us|them|ourselves|theirs|ours)|\bwe call) (?P<the>the "
    rf")?(?P<name>{ONE}(?: (?:(?:of|and) )?{ONE}){{0,2}})"
)
SMALL = words("of and the for at de la")
DAYS = words("monday tuesday wednesday thursday friday saturday sunday")
MONTHS = words("january february april june july august september october november december")
_NEVER = words(
    "and or the a an in on at to of for from with is was are were he she it they we you "
    "i who that this said says has "
    "had have do does did not no so but if my our his her their your be been will would "
    "can could may might just like "
    "really here there now then when where what how why because about up out over all "
    "one two back off well good s very "
    "too also as by okay yes yeah um uh right please sir doing going to being getting"
)
"""Words that follow an introduction without being a name ("i'm really", "this is good")."""


def without_case(text: str) -> bool:
    """Tell whether *text* carries no usable capitals: nearly none, or nearly nothing else."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    if len(words) < 20:
        return False
    capital = sum(w[0].isupper() for w in words) / len(words)
    shouted = sum(w.isupper() for w in words) / len(words)
    return bool(capital < 0.015 or shouted > 0.6)


@cache
def _phrases() -> re.Pattern[str]:
    """Match listed places of two words or more, and listed institutions that are no ordinary words."""
    listed = {**world_cities(), **cities()}
    names = {
        n
        for n in listed
        if " " in n and len(n) > 6 and (listed[n] >= 10 or not all(map(ordinary, n.split())))
    }
    names |= {n.removeprefix("the ") for n in regions() if " " in n.removeprefix("the ")}
    names |= {
        n.lower().removeprefix("the ")
        for n in institutions()
        if not all(map(ordinary, n.split())) or " " in n
    }
    return re.compile(rf"(?<!\w){any_of(names)}(?!\w)")


@cache
def _sites() -> re.Pattern[str]:
    """Match listed institutions that are ordinary words where a site stands ("a lady at northwestern")."""
    names = {n for n in map(str.lower, institutions()) if n.isalpha() and ordinary(n)}
    return re.compile(rf"\b(?:at|from|through|trained at|over at|over to) (?P<name>{any_of(names)})(?!\w)")


@cache
def jargon() -> frozenset[str]:
    """Return words of care and speech that are in no dictionary and still name nobody."""
    return frozenset(word.lower() for line in read_list("jargon.txt") for word in line.split())


def unknown(word: str) -> bool:
    """Tell whether a lower-case word is in no dictionary and no list of jargon: often a name."""
    return (
        len(word) > 3 and not in_dictionary(word) and not any(p in jargon() for p in (word, *word.split("-")))
    )


def _alone(word: str, known: Collection[str]) -> bool:
    """Tell whether a word is given a capital wherever it stands."""
    bare = word.removesuffix("'s")
    if bare in known or bare in MONTHS or bare in DAYS:
        return True
    if ordinary(bare) or bare in jargon():
        return False
    if first_names().get(bare, 0.0) >= 0.002 or (bare in first_names() and bare not in word_ranks()):
        return len(bare) > 2
    if bare in regions() or cities().get(bare, 0) >= 3 or bare in world_cities():
        return len(bare) > 3
    if bare in surnames() and (bare not in word_ranks() or surnames()[bare] >= 0.004):
        return len(bare) > 3
    return unknown(bare) and "'" not in bare


def truecased(text: str, known: Collection[str] = ()) -> str:
    """Return *text* with capitals where names must be, each code point in its place.

    ``known`` are words (lower case) that are names in this transcript, such as the speakers'.
    """
    low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    out = list(low)
    for start, end in _raised(low, known):
        for word in WORD.finditer(low, start, end):
            if word[0] not in SMALL:
                out[word.start() : word.end()] = _capital(word[0])
    _institutions(low, out)
    return "".join(out)


def _repeated_pairs(text: str) -> list[tuple[re.Match[str], re.Match[str]]]:
    """Return pairs of ordinary words said at least twice that elsewhere hardly follow each other.

    "mercy ridge", "green integer": what comes back like that is often the name of a site or programme.
    """
    found: dict[tuple[str, str], list[tuple[re.Match[str], re.Match[str]]]] = defaultdict(list)
    for one, two in pairwise(WORD.finditer(text)):
        if text[one.end() : two.start()] == " " and _may_name(one[0], 400) and _may_name(two[0], 300):
            found[one[0], two[0]].append((one, two))
    return [place for pair, places in found.items() if _returns(pair, places, text) for place in places]


def _returns(pair: tuple[str, str], places: Sequence[tuple[re.Match[str], re.Match[str]]], text: str) -> bool:
    """Tell whether a pair comes back, is no common one, and never stands as "a pair" or "my pair"."""
    if len(places) < 2 or pair in word_pairs():
        return False
    return not any(_COUNTED.search(text[max(0, one.start() - 10) : one.start()]) for one, _ in places)


_COUNTED = re.compile(
    r"(?:\b(?:a|an|my|your|his|her|our|their|this|that|these|of|no|some|any|more|and)|\d) $", re.IGNORECASE
)


def _may_name(word: str, rank: int) -> bool:
    """Tell whether an ordinary word is rare and plain enough to be half of a name."""
    return (
        len(word) > 3
        and word.isalpha()
        and word.islower()
        and word not in _NEVER | ROLES | _NUMBERS
        and word_ranks().get(word, 0) > rank
    )


_NUMBERS = frozenset((*UNITS, *TEENS, *TENS))


def hypothesised(text: str) -> tuple[str, frozenset[int], dict[int, int]]:
    """Return truecased text with what might be names raised: where first names start, and pairs of words.

    Raised are listed first names that are also words, and repeated pairs of words that are rarely said.

    Only a model that reads the sentence can say whether "joy" is a person here; it is asked with the
    capital that a person would have.
    """
    out = list(text)
    starts = set()
    pairs = {}
    for one, two in _repeated_pairs(text):
        out[one.start()] = one[0][0].upper()
        out[two.start()] = two[0][0].upper()
        pairs[one.start()] = two.end()
    for word in WORD.finditer(text):
        if (
            first_names().get(word[0], 0.0) >= 0.004
            and ordinary(word[0])
            and word[0] not in _NEVER - {"will"}
        ):
            out[word.start()] = word[0][0].upper()
            starts.add(word.start())
    return "".join(out), frozenset(starts), pairs


def _capital(word: str) -> str:
    raised = "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
    return raised if len(raised) == len(word) else word


def _raised(low: str, known: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of lower-cased text that get capitals."""
    for match in WORD.finditer(low):
        if match[0] in ("i", "i'm", "i'd", "i've", "i'll") or _alone(match[0], known):
            yield match.span()
    for match in _phrases().finditer(low):
        yield match.span()
    for match in _sites().finditer(low):
        yield match.span("name")
    for match in TITLE.finditer(low):
        yield match.span("title")
        yield from _after(match, sure=True)
    for match in CUE.finditer(low):
        yield from _after(match, sure=bool(SURE_CUE.search(low[: match.start("name")][-14:])))
    for match in STREET.finditer(low):
        yield from _street(match)
    for match in SAINT.finditer(low):
        if not ordinary(match["name"]) or (
            match[0].startswith(("saint", "st", "our")) and match["name"] not in _NEVER
        ):
            yield match.span()
    for pattern in (U_OF, CALLED):
        for match in pattern.finditer(low):
            yield from _called(match)
    yield from _named_by_words(low)
    for match in THE_SITE.finditer(low):
        yield match.span("name")
    for match in LETTERS_AT.finditer(low):
        if _letters_of_a_house(match["name"]):
            yield match.span("name")
    yield from _programmes(low)
    yield from _pairs(low, known)


_POINTING = words(
    "the that this these those my your our his her their its some any no every each another such other same "
    "wrong right next busy dark quiet narrow whole main side back front"
)
_ON = words("on off across down along at up onto over past toward towards by near from")


def _street(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield a street with the words before it that can name one; any word after "on" or "across"."""
    words = list(WORD.finditer(match["name"]))
    if len(words) == 2 and words[0][0] in _ON:
        if words[1][0] in _NEVER | _POINTING:
            return
        yield match.start("name") + words[1].start(), match.end()
        return
    plain = re.search(
        r"\b(?:on|off|across|down|along|at) $", match.string[max(0, match.start() - 8) : match.start()]
    )
    named = [w for w in words if w[0] not in _NEVER and (plain or not ordinary(w[0]))]
    if named:
        start = named[0].start() + match.start("name")
        yield start, match.end()


def _called(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield what something is called, up to the first word that cannot be part of a name."""
    if match.re is U_OF:
        yield match.span()
        return
    end = match.start("name")
    for number, word in enumerate(WORD.finditer(match["name"])):
        if word[0] in _NEVER or word[0] in _CALLED_STOP or (number == 0 and word[0] in SMALL):
            break
        end = match.start("name") + word.end()
    if end > match.start("name"):
        yield match.start("name"), end


_CALLED_STOP = words(
    "there there's that's it's he's she's they're we're me him her us them which because "
    "before after since until any some "
    "people every each today first sometimes back burnout debriefing peer support second "
    "these those am did does got get"
)


def _pairs(low: str, known: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield first name and surname where one of them alone would be an ordinary word."""
    words = list(WORD.finditer(low))
    for one, two in pairwise(words):
        if low[one.end() : two.start()] != " " or one[0] in _NEVER or two[0] in _NEVER:
            continue
        first, last = one[0], two[0].removesuffix("'s")
        as_first, as_last = first_names().get(first, 0.0), surnames().get(last, 0.0)
        if (
            (
                ordinary(first)
                and (as_first >= 0.001 or first in known)
                and not ordinary(last)
                and _raises_last(last)
            )
            or (
                as_first >= 0.002
                and not ordinary(first)
                and ordinary(last)
                and as_last >= 0.01
                and last not in _CALLED_STOP
            )
            or (as_first >= 0.002 and not ordinary(first) and last not in word_ranks() and len(last) > 2)
        ):
            yield one.start(), two.end()


def _raises_last(word: str) -> bool:
    """Tell whether a word can only be a surname behind an ambiguous first name ("joy pfannenstiel")."""
    return unknown(word) or (
        word in surnames() and not (word in cities() and word in word_ranks() and word_ranks()[word] < 3000)
    )


def _after(match: re.Match[str], *, sure: bool) -> Iterator[tuple[int, int]]:
    """Yield the words after a title or an introduction as far as they can be names."""
    start = match.start("name")
    first = ""
    for number, word in enumerate(WORD.finditer(match["name"])):
        said = word[0]
        if said in _NEVER:
            return
        listed = said in surnames() or said in first_names()
        if number == 0:
            first = said
            if ordinary(said) and not (
                sure and (surnames().get(said, 0.0) >= 0.01 or first_names().get(said, 0.0) >= 0.002)
            ):
                return
            if not sure and not listed and said in word_ranks():
                return
        elif (
            ordinary(said) and not (said in surnames() and first in first_names() and not ordinary(first))
        ) or (not listed and said in word_ranks()):
            return
        yield start + word.start(), start + word.end()


_NEAR = words("house building fund hall park field gardens annex")
"""Head nouns of buildings and funds: the name must stand right before them."""


def _starts(word: re.Match[str], out: list[str]) -> bool:
    """Tell whether an institution may start with a word: raised already, or a name rather than a word."""
    said = word[0]
    if said in DAYS or said in MONTHS or said in _NEVER or said.startswith("i'") or said == "i":
        return False
    return out[word.start()].isupper() or (said in surnames() and not ordinary(said))


GENERIC = words(
    "new old big small large local whole entire main other same own rural urban public private "
    "teaching academic sister children's community county city state university general regional "
    "memorial veterans military field free walk-in outpatient urgent pain heart cancer eye sleep "
    "burn wound women's men's family dental health medical nursing law art trade charity mission "
    "catholic christian jewish safety net critical access trauma referral magnet tertiary quaternary "
    "for-profit nonprofit non-profit partner parent flagship home mental psychiatric rehab "
    "orthopedic pediatric specialty surgical research different nearby neighboring busy second first "
    "third next last previous former current leave leaving left called at-home in-house inner-city "
    "every another each such no any some something someone ambulance loading conference bus train "
    "radio"
)
"""Words that say what kind of hospital or school, not which."""


def _chain(low: str, head: re.Match[str]) -> list[re.Match[str]]:
    """Return up to three ordinary words before a head noun that make a name with it, or none.

    They seldom stand before that head noun in English, and a preposition or "is" stands before them.
    """
    before = list(WORD.finditer(low, max(0, head.start() - 45), head.start()))[-4:]
    chain: list[re.Match[str]] = []
    follower = head[0].split()[0]
    at = head.start()
    for word in reversed(before):
        if low[word.end() : at] != " " or len(chain) == 3 or not _in_a_name(word[0], follower, bool(chain)):
            break
        chain.insert(0, word)
        follower, at = word[0], word.start()
    if not chain:
        return []
    lead = re.search(r"([\w']+) $", low[max(0, at - 14) : at])
    open_start = lead is None and at == chain[0].start()
    led = lead is not None and (lead[1] in _LEADS or (lead[1] == "the" and len(chain) > 1))
    return chain if open_start or led else []


_LEADS = words("at from to of for with by over near in is was and called named through into joined")


def _in_a_name(word: str, follower: str, inside: bool) -> bool:
    """Tell whether a word may belong to a name before *follower*."""
    if len(word) < 3 or word in _NEVER or word in GENERIC or word in ROLES or word in DAYS or word in _LEADS:
        return False
    return inside or (word, follower) not in word_pairs()


def _letters_of_a_house(word: str) -> bool:
    """Tell whether a few letters are no word, no known abbreviation and no jargon."""
    return (
        not in_dictionary(word)
        and word.upper() not in ACRONYMS
        and word not in jargon()
        and word not in _NEVER
        and not re.fullmatch(r"(?:(.)\1+|[aeiou]?h+m*|u[hmr]+)", word)
    )


RUN_OR_CALLED = re.compile(
    r"\b(?:about|called|calls|call|notify|notified|run|runs|ran|started|start|involved with|"
    r"director (?:for|of)|coordinator (?:for|of)|heard of|know about|through|part of|tie to|"
    r"connection to|role in|get to) "
    r"(?P<name>[a-z]{4,})\b"
    r"(?=$|\n| (?:is|was|and|or|because|so|when|how|on|for|in|it's|he|she|they|we|i|you)\b)"
)
RARE = 8000
"""From this place by frequency on a word is seldom said often in one interview unless it is its matter."""


def _programmes(low: str) -> Iterator[tuple[int, int]]:
    """Yield a rare thing-word said like a name: run, called or told about, and never with an article.

    English puts an article, a possessive or an adjective before a thing that can be counted ("a lantern"); a
    programme called by it goes without.
    """
    called = {match["name"] for match in RUN_OR_CALLED.finditer(low)}
    said = Counter(re.findall(r"[a-z]{4,}", low))
    for word in sorted(called | {word for word, times in said.items() if times > 2}):
        if word_ranks().get(word, 0) < RARE or not counted(word) or word in jargon() | ROLES | _NUMBERS:
            continue
        places = list(re.finditer(rf"\b{word}\b", low))
        if len(places) > 1 and not any(_told_apart(low, place) for place in places) and f"{word}s" not in low:
            yield from (place.span() for place in places)


def _told_apart(low: str, place: re.Match[str]) -> bool:
    """Tell whether an article, a possessive, a number or an adjective stands before a word."""
    before = re.search(r"([\w']+) $", low[max(0, place.start() - 20) : place.start()])
    if before is None:
        return False
    word = before[1]
    endings = ("'s", "ful", "ous", "ic", "al", "ive")
    return word in _POINTING | _NUMBERS or word in ("a", "an") or word.endswith(endings)


def _named_by_words(low: str) -> Iterator[tuple[int, int]]:
    """Yield institutions and places made of ordinary words that seldom stand together."""
    for match in STRONG_HEAD.finditer(low):
        if chain := _chain(low, match):
            yield chain[0].start(), match.end()
    for pattern in (SITE_HEAD, NATURE_HEAD):
        for match in pattern.finditer(low):
            words = list(WORD.finditer(low, match.start("name"), match.end("name")))
            while words and (words[0][0] in _NEVER | _LEADS | _ON or words[0][0] in ("some", "every", "no")):
                words.pop(0)
            if len(words) > 1 and _in_a_name(words[-2][0], words[-1][0], inside=False):
                yield words[0].start(), match.end()


def _institutions(low: str, out: list[str]) -> None:
    """Raise "crest medical center" where a raised word stands up to three words before the head noun."""
    for match in HEAD.finditer(low):
        before = list(WORD.finditer(low, max(0, match.start() - 45), match.start()))[-3:]
        raised = [w.start() for w in before if _starts(w, out)]
        if match[0] in _NEAR:
            raised = [s for s in raised if before and s == before[-1].start()]
        if not raised or "\n" in low[raised[0] : match.start()]:
            continue
        between = [w for w in before if w.start() > raised[0]]
        if any(w[0] in _NEVER and w[0] not in SMALL for w in between):
            continue
        for word in WORD.finditer(low, raised[0], match.end()):
            if word[0] not in SMALL:
                out[word.start() : word.end()] = _capital(word[0])
