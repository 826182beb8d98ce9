"""What spoken words look like on the page: fillers, noises, pseudonyms, and how well a stretch stands alone.

Every measure here is a rule of thumb between 0 and 1, written from how quotations are chosen for qualitative
reports (a reader who has not heard the interview must understand the quote), not fitted to any data.
"""

from __future__ import annotations

import re

from svp_nlp.model import Label

_LABELS = "|".join(label.value for label in Label)
_PSEUDONYM = re.compile(rf"\[(?:{_LABELS})\b[^\]\n]*\]|\*{{3,}}")
_NOISE = re.compile(
    r"\[[^\]\n]*\]|\((?:laugh|chuckl|sigh|pause|inaudible|unclear|crosstalk|cough|cry)[^)\n]*\)", re.I
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_FILLER = re.compile(
    r"\b(?:u+m+|u+h+|erm?|hm+|mm+|mhm|uh-huh|mm-hmm?|you know|i mean|sort of|kind of|kinda|sorta|or whatever"
    r"|and stuff|and everything|i guess)\b|,\s*like\s*,",
    re.I,
)
_REPEAT = re.compile(r"\b(\w+(?: \w+)?)[\s,–—-]+\1\b", re.I)
_BROKEN = re.compile(r"\w(?:--+|—|–)(?=\s|$)|\.\.\.|…")
_PROPER_END = re.compile(r"[.!?][\"'”’)\]]*$")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
_ANSWER = re.compile(
    r"(?:yes|yeah|yep|no|nope|nah|okay|ok|right|sure|exactly|oh|mm-hmm?|mhm|thanks?)\b", re.I
)
_LEAN = re.compile(r"(?:and|but|so|or|because|'?cause|which|then|also|anyway|plus|like)\b[,\s]*", re.I)
_DANGLING = re.compile(
    r"(?:it|that|this|these|those|they|them|he|she|him|her|one|both|neither|either|some|there)"
    r"(?:['’]\w+)?\b",
    re.I,
)
# A stretch without any of these, nor a word with a verb's ending, is hardly a sentence.
_VERBISH = re.compile(
    r"\b(?:am|is|are|was|were|be|been|being|have|has|had|do|does|did|can|could|will|would|shall|should|may|might"
    r"|must|get|gets|got|go|goes|went|come|comes|came|say|says|said|know|knows|knew|think|thinks|thought|make"
    r"|makes|made|take|takes|took|see|sees|saw|feel|feels|felt|tell|tells|told|need|needs|want|wants|give|gives"
    r"|gave|keep|keeps|kept|let|lets|put|ask|asks|call|calls|help|helps|work|works|find|finds|found|leave|left"
    r"|\w+(?:n['’]t|['’](?:s|re|m|ve|d|ll))|\w{3,}ed)\b",
    re.I,
)

_SPOKEN = (
    "um uh uhm er erm hm hmm mm mhm huh yeah yep yes no nope nah okay ok oh ah well like just really"
    " actually basically literally maybe probably pretty kind sort kinda sorta lot lots bit thing things"
    " stuff something anything everything nothing somebody someone anybody anyone everybody everyone"
    " nobody know knew known think thought mean means meant guess say says said saying tell tells told"
    " talk talked talking go goes going gone went gonna get gets got getting gotten come comes came coming"
    " want wants wanted wanna let lets make makes made making take takes took taken taking put puts see"
    " sees saw seen look looks looked way ways right sure thank thanks good great nice little big much"
    " many even still also back able always never ever one two three first time times day days today year"
    " years week weeks month months people person guy guys folks don doesn didn won wouldn couldn shouldn"
    " isn aren wasn weren haven hasn hadn can ain ll ve re im ive id dont doesnt didnt wont cant couldnt"
    " wouldnt shouldnt isnt arent wasnt werent havent hasnt hadnt thats its theres heres whats theyre"
    " youre were weve theyve youve hes shes gotta cause cuz etc interviewer respondent speaker inaudible"
    " crosstalk laughs laughter unclear question answer"
)


def stop_words() -> frozenset[str]:
    """Return the words that say nothing about a topic: scikit-learn's English list and those of speech."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) | frozenset(_SPOKEN.split())


def words(text: str) -> list[str]:
    """Return the spoken words of *text* in lower case, without pseudonyms and noises."""
    return [w.lower().replace("’", "'") for w in _WORD.findall(without_marks(text))]


def without_marks(text: str) -> str:
    """Return *text* without pseudonyms ("[PERSON 3]") and noises ("[laughs]")."""
    return _NOISE.sub(" ", _PSEUDONYM.sub(" ", text))


def pseudonyms(text: str) -> int:
    """Count the pseudonyms in *text*."""
    return len(_PSEUDONYM.findall(text))


def clarity(text: str) -> float:
    """Return how cleanly *text* reads, from 0 to 1.

    Fillers, repeated words, noises, broken-off words and all pseudonyms but the first cost clarity.
    """
    count = max(1, len(words(text)))
    bare = _PSEUDONYM.sub("", text)
    stumbles = len(_FILLER.findall(bare)) + len(_REPEAT.findall(bare)) + len(_NOISE.findall(bare))
    stumbles += len(_BROKEN.findall(bare))
    return max(0.0, 1.0 - 4.0 * stumbles / count - 3.0 * max(0, pseudonyms(text) - 1) / count)


def self_containedness(text: str) -> float:
    """Return how well *text* stands without what was said before it, from 0 (a fragment) to 1.

    Marked down: an opening pronoun without a noun ("It was …"), an opening conjunction or short answer, no
    end of sentence where the text has any, no verb (at all, or in the first sentence), a question, and a
    quotation mark without its partner.
    """
    bare = without_marks(text).strip(" \"'“‘.…,—–-")
    if not bare or not _VERBISH.search(bare):
        return 0.0
    score = 1.0
    lean = _LEAN.match(bare)
    opener = bare[lean.end() :] if lean else bare
    score -= 0.1 if lean else 0.0
    score -= 0.3 if _ANSWER.match(opener) else 0.0
    score -= 0.4 if _DANGLING.match(opener) else 0.0
    punctuated = re.search(r"[.!?]", text) is not None or text != text.lower()
    score -= 0.3 if punctuated and not _PROPER_END.search(text.strip()) else 0.0
    score -= 0.2 if text.rstrip().endswith("?") else 0.0
    score -= 0.2 if not _VERBISH.search(_SENTENCE_END.split(bare)[0]) else 0.0
    score -= 0.2 if text.count('"') % 2 or text.count("“") != text.count("”") else 0.0
    return max(0.0, score)


def length_fit(count: int) -> float:
    """Return how well *count* words suit a printed quote: 1 from 15 to 60, falling to 0 at 5 and at 110."""
    if count < 15:
        return max(0.0, (count - 5) / 10)
    return 1.0 if count <= 60 else max(0.0, (110 - count) / 50)
