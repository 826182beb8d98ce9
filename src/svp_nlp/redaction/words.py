"""What is known of names as words: titles, ordinary words, sound, and text made comparable.

Shared by the rooms' roster, linker and verifier, so that what one of them takes for the same name the
others do too.
"""

from __future__ import annotations

import re
import unicodedata

from svp_nlp.redaction.lexicon import contractions, ordinary, word_counts

_TITLES = (
    "dr doctor mr mrs ms miss mx prof professor rev reverend pastor father sister brother sir madam dame "
    "nurse rn capt captain sgt sergeant lt lieutenant col colonel maj officer judge justice senator "
    "congressman congresswoman representative delegate assemblyman assemblywoman councilman councilwoman "
    "councilmember councillor councilor alderman commissioner sheriff ambassador governor mayor chief dean "
    "president chaplain rabbi imam deacon coach "
    "aunt uncle auntie grandma grandpa"
)
TITLES = frozenset(_TITLES.split())
OFFICES = frozenset({"vice", "chair", "chairman", "chairwoman", "chairperson", "cochair", "deputy", "clerk"})
"""What stands before a name with an office ("Vice Chair Tate") and is a plain word or a surname alone."""

_CREDENTIALS = (
    "md phd rn bsn msn dnp do np pa pac jd mph mba msw lcsw lsw edd dds pharmd mhs mha ma ba ms bs facs faan "
    "jr sr ii iii iv esq cns crna aprn fnp mdiv bcc"
)
CREDENTIALS = frozenset(_CREDENTIALS.split())


def stem(word: str) -> str:
    """Return *word* lower-cased without dots and apostrophes at its rim."""
    return word.strip(" \t\r\n.,;:!?\"'’‘“”()[]").replace(".", "").casefold()


def _untitled(name: str) -> str:
    words = name.split()
    while len(words) > 1 and stem(words[0]) in TITLES | OFFICES:
        words.pop(0)
    return " ".join(words)


def bare_name(name: str) -> str:
    """Return a person's name without titles before and degrees behind it ("Dr. A. Bell, MD" -> "A. Bell").

    "Bell, Ann" is turned round to "Ann Bell". A name that is nothing but titles is left as it is.
    """
    parts = [p.strip() for p in name.split(",")]
    while len(parts) > 1 and all(stem(w) in CREDENTIALS for w in parts[-1].split()):
        parts.pop()
    parts = [_untitled(p) for p in parts]
    words = (f"{parts[1]} {parts[0]}" if len(parts) == 2 else " ".join(parts)).split()
    while len(words) > 2 and stem(words[-1]) in CREDENTIALS:
        words.pop()
    return " ".join(words)


# Names that are everyday words as well: they count as names only where they are written as names.
_DOUBLE = (
    "will may mark bill rose art frank grant chase chance drew dawn eve summer autumn winter april june "
    "august iris lily ivy violet daisy olive ginger heather holly hazel pearl ruby amber crystal jade "
    "gene jack rob sue penny patience prudence charity comfort constance mercy honor justice harmony "
    "melody carol robin jay hunter mason carter cooper parker baker cook miller turner walker porter page "
    "bishop pope king prince knight noble young old long short small little strong stout swift sharp wise "
    "good best moody savage rich poor bright brown black white green gray grey blue silver gold golden "
    "field fields hill hills wood woods forest brook brooks rivers river lake marsh stone stones rock "
    "banks ford church temple abbey hall house park garden gates wall walls well wells pool east west "
    "north south day march spring snow frost storm rain gale star flowers berry bush reed root branch "
    "leaf birch ash oak elm pine cherry plum fox wolf bear bull lamb swan crane drake finch hawk peacock "
    "bird fish pike salmon bass price bell hope faith grace joy love case early sunny rusty precious "
    "christian major general sergeant chambers gaines rainwater brother dean dale glen cliff clay cash "
    "colt cole dick pat ray van guy lane lance max miles pierce sage sky skip stew terry tap trip ty wade "
    "ward rush power powers block bond booth bowl brand burden burns camp cannon carpenter chamber child "
    "close coffee cotton couch cross dance diamond dove english farmer fisher french friend fuller "
    "gardener gift glass goodman gore grave graves hand hands hardy harp head hood horn hurt judge keys "
    "lord lot low mayo means mills mister moon moss nail newman nurse outlaw pack pain paint parish peace "
    "pepper person piper post pound pray proctor purse queen quick rice sand sands saint sale self sell "
    "shepherd shields singer sellers singleton skinner slaughter snipes sparks speaker stark steel street "
    "style sugar tanner tate taylor teach teller thorn tiller town trainer trout tucker tyler usher "
    "valentine vine wages watch water waters weeks weaver wheeler wild winner wing witt worth wright yard "
    "york true hart hale harmon"
)
DOUBLE = frozenset(_DOUBLE.split())


_RARE = 1_500_000  # three in four of the 82,765 words are rarer


def is_known_word(word: str) -> bool:
    """Tell whether *word* (folded) is in the English dictionary, as itself or as a plural."""
    counts = word_counts()
    return word in counts or (word.endswith("s") and word[:-1] in counts) or word in contractions()


def everyday(word: str, *, person: bool) -> bool:
    """Tell whether *word* is an ordinary English word first, so that it needs evidence to count as a name.

    Names of places are made of dictionary words, so for them each dictionary word is ordinary; for a
    person's name it must be used like one ("the price", but not "the Smith"), and often: rare words of the
    dictionary are foreign first names.
    """
    word = fold(word)
    if not person:
        return word in DOUBLE or is_known_word(word)
    return word in DOUBLE or (ordinary(word) and word_counts().get(word, 0) >= _RARE)


_ALIKE = str.maketrans("’‘ʼ′`´‐‑‒–—−“”„«»", "''''''------\"\"\"\"\"")
_SILENT = {"\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "ʻ"}


def fold_char(char: str) -> str:
    """Return what *char* counts as in a comparison: no case, no accent, plain quotes; "" for soft hyphens."""
    if char < "\x80":
        return char.lower()
    if char in _SILENT:
        return ""
    plain = unicodedata.normalize("NFKD", char.translate(_ALIKE).casefold()).translate(_ALIKE)
    return "".join(c for c in plain if not unicodedata.combining(c))


def fold(text: str) -> str:
    """Return *text* with each code point folded by `fold_char` and runs of white space as one space."""
    return " ".join("".join(map(fold_char, text)).split())


_SPELLED = re.compile(r"[^\W\d_](?:[\s,.-]+[^\W\d_]){2,}")


def is_spelled(text: str) -> bool:
    """Tell whether *text* is a word said letter by letter ("S-Z-Y-M", "t u l e")."""
    return _SPELLED.fullmatch(text.strip(" .,")) is not None


def is_sounded(text: str) -> bool:
    """Tell whether *text* is a word said syllable by syllable, with one stressed ("Ko-VAHL-chick")."""
    parts = re.split(r"[-‐‑]", text.strip(" .,?!"))
    if len(parts) < 3 or not all(p.isalpha() and len(p) <= 6 for p in parts):
        return False
    stressed = any(len(p) > 1 and p.isupper() for p in parts) and not all(p.isupper() for p in parts)
    return stressed or sum(not is_known_word(p.lower()) for p in parts) > 1


def sounds_like(one: str, other: str) -> bool:
    """Tell whether two folded words may be one word misheard: near in spelling, or the same in sound.

    Spelling: normalised Levenshtein likeness of 0.8 (rapidfuzz) for words of five letters and more;
    sound: equal Metaphone keys (jellyfish) of at least three consonants and likeness of 0.6.
    """
    import jellyfish
    from rapidfuzz.fuzz import ratio

    if min(len(one), len(other)) < 4 or not (one.isalpha() and other.isalpha()):
        return False
    likeness = ratio(one, other)
    if likeness >= 84 and min(len(one), len(other)) >= 5:
        return True
    key = jellyfish.metaphone(one)
    return likeness >= 60 and len(key) >= 3 and key == jellyfish.metaphone(other)


def sounded_alike(one: str, other: str) -> bool:
    """Compare a word said syllable by syllable, put together, with a name: near in spelling or sound."""
    import jellyfish
    from rapidfuzz.fuzz import ratio

    key = jellyfish.metaphone(one)
    return len(other) > 3 and len(key) > 1 and (key == jellyfish.metaphone(other) or ratio(one, other) >= 60)
