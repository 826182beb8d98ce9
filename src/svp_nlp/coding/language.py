"""Which language a text is in, as far as its commonest words and its letters tell; we read English."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

_WORD = re.compile(r"[^\W\d_]+")
_LEAST_WORDS = 12
# Of running text about four words in ten are on such a list in the text's own language, and under one in ten
# in another; the share is asked of the words on the list, and twice that of English ones.
_LEAST_SHARE = 0.12
_TIMES_ENGLISH = 2.0
_MOST_FOREIGN_LETTERS = 0.5

_SCRIPTS = {"CJK": "Chinese or Japanese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}
# The commonest function words of each language, those that English or another language here also has left
# out where they would decide ("die", "in", "for").
_COMMON = {
    "English": "the and to of a that it is was you we they have had with this but not are be there what so"
    " do my i he she as on at or if from our their because just know think would about can will"
    " who when them",
    "German": "und der die das ist nicht ich wir sie es ein eine einen den dem auch auf mit sich für war"
    " aber haben hat dass wie noch nur dann wenn oder weil bei von zu im hatte sind mir mich immer"
    " schon",
    "French": "le la les de des du et est une un que qui pas je nous vous il elle on ne dans pour avec sur"
    " mais était ça c'est très plus au aux ce cette ont être fait comme j'ai d'un parce donc leur",
    "Spanish": "el la los las de que y en un una es no por con para lo se como pero más yo muy está era"
    " había fue porque cuando también ya hay nos mi sus esto eso ellos tenemos tenía",
    "Italian": "il lo gli le di che e è un una non per con sono della del nel come anche ma più ho abbiamo"
    " questo quando perché era molto ci si mi alla dei delle stato cosa quindi",
    "Portuguese": "o os as de que e não um uma é em no na para com por se mais como mas eu nós muito está foi"
    " ser tem também quando porque isso ele ela dos das ao à pelo gente era",
    "Dutch": "de het een en van ik is dat niet we wij je ze zijn was met voor op er maar ook als dan nog"
    " naar heeft hebben had wat bij om aan uit heel wel omdat toen mijn die deze",
    "Swedish": "och det att är jag som en ett på inte vi de har för med av den till om men var man så när"
    " hade från kan också eller blev mycket hon vara ska bara efter",
    "Danish or Norwegian": "og det at er jeg som en et på ikke vi de har for med av den til om men var man"
    " så når hadde havde fra kan også eller ble blev mye meget hun være skal bare etter efter",
    "Polish": "i w nie na to się z że jest do jak ale o po co tak za od by już tylko bo był była są przez"
    " dla jestem mnie nam bardzo kiedy może czy ich jego",
    "Turkish": "ve bir bu da de için çok ne ama gibi daha var ben biz o ile mi değil olarak sonra kadar olan"
    " şey yok diye zaman her bizim onlar çünkü oldu",
    "Finnish": "ja on ei se että oli hän en me he mutta kun niin myös tai jos ovat olen olemme sitten nyt"
    " vain mitä joka kuin ole sen tämä siitä minä hyvin",
}


def other_language(text: str) -> str:
    """Return the language of *text* where it clearly is not English, else "".

    Texts under a dozen words are not judged. Text in another script is called by its letters.
    """
    script = _script(text)
    if script:
        return script
    words = _WORD.findall(text.lower())
    if len(words) < _LEAST_WORDS:
        return ""
    counts = Counter(words)
    shares = {name: sum(counts[w] for w in common) / len(words) for name, common in _lists().items()}
    english = shares.pop("English")
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= max(_LEAST_SHARE, _TIMES_ENGLISH * english) else ""


def foreign(texts: Iterable[str], noun: str = "text") -> Iterator[str]:
    """Yield a remark for every other language among *texts*, saying how many seem to be in it."""
    told = Counter(other_language(text) for text in texts)
    for language, count in sorted((x, n) for x, n in told.items() if x):
        many = f"1 {noun} seems" if count == 1 else f"{count} {noun}s seem"
        yield f"{many} to be in {language}; suggestions are made for English and mean little there"


def _script(text: str) -> str:
    """Return the script of most letters where it is not Latin."""
    letters = Counter(unicodedata.name(c, "UNKNOWN").split()[0] for c in text if c.isalpha())
    total = letters.total()
    foreign = Counter(
        {name: n for name, n in letters.items() if name not in ("LATIN", "FULLWIDTH", "MODIFIER")}
    )
    if total < _LEAST_WORDS or foreign.total() <= _MOST_FOREIGN_LETTERS * total:
        return ""
    name = foreign.most_common(1)[0][0]
    return _SCRIPTS.get(name, f"{name.capitalize()} letters")


@cache
def _lists() -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in _COMMON.items()}
