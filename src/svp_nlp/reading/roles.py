"""Who asks and who answers: by the words of the labels, else by what the speakers do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from svp_nlp.model import Role
from svp_nlp.reading.labels import INTERVIEWER_WORDS, RESPONDENT_WORDS, role_word

# Captions without punctuation still ask: a question is known by its mark or by how it begins.
_ASKS = re.compile(
    r"\?|^(?:(?:and|so|okay|ok|well|um|uh|right|great|then|now|but|perfect|thank you|thanks)\b[\s,.]*)*"
    r"(?:what|how|why|who|whom|when|where|which|do|does|did|are|is|was|were|have|has|had|can|could|would|will|"
    r"should|tell me|may i|describe|walk me|talk me|say more|take me)\b"
    r"|\b(?:could you|can you|would you|do you|did you|have you|are you|were you|tell me|what about|"
    r"how about|i(?:'d| would) like (?:you )?to|walk me through|what (?:is|was|do|did|are)|"
    r"how (?:is|was|do|did|are))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What one speaker does: how many turns and words, and the share of turns that ask."""

    turns: int
    words: int
    asking: float
    opens: bool

    @property
    def leads(self) -> float:
        """How much this looks like leading an interview; grows with asking, falls with length."""
        return self.asking - min(self.words / max(1, self.turns), 120) / 120 + 0.1 * self.opens


def roles_of(speakers: Sequence[str | None], said: Sequence[str]) -> dict[str, Role]:
    """Return the role of each speaker name, from one name and one text a turn."""
    names = {name for name in speakers if name is not None}
    told = {name: role for name in names if (role := _by_word(name, names)) is not None}
    rest = names - told.keys()
    if not rest:
        return told
    conduct = {name: _conduct(name, speakers, said) for name in names}
    if Role.INTERVIEWER in told.values():
        return told | _beside_interviewer(told, {n: conduct[n] for n in rest})
    return told | _by_conduct({n: conduct[n] for n in rest}, alone=len(names) == 1)


def _by_word(name: str, names: Iterable[str]) -> Role | None:
    word = role_word(name)
    if word == "res" and not any(role_word(n) in INTERVIEWER_WORDS for n in names):
        return None  # "RES" is a respondent beside "INT" and may be the researcher elsewhere
    if word in INTERVIEWER_WORDS:
        return Role.INTERVIEWER
    return Role.RESPONDENT if word in RESPONDENT_WORDS else None


def _conduct(name: str, speakers: Sequence[str | None], said: Sequence[str]) -> Conduct:
    own = [text for speaker, text in zip(speakers, said, strict=True) if speaker == name]
    first = next((s for s in speakers if s is not None), None)
    asking = sum(_ASKS.search(text) is not None for text in own) / max(1, len(own))
    return Conduct(len(own), sum(len(text.split()) for text in own), asking, first == name)


def _beside_interviewer(told: Mapping[str, Role], rest: Mapping[str, Conduct]) -> dict[str, Role]:
    """Give a role to the unnamed ones beside a named interviewer: they answer, unless one only asks."""
    answered = Role.RESPONDENT in told.values()
    return {
        name: Role.INTERVIEWER if answered and c.asking >= 0.7 and c.leads > 0.3 else Role.RESPONDENT
        for name, c in rest.items()
    }


def _by_conduct(rest: Mapping[str, Conduct], *, alone: bool) -> dict[str, Role]:
    """The one who leads most interviews, and whoever leads nearly as much; the others answer.

    Where nobody asks, as in a meeting, nobody is taken for an interviewer.
    """
    turns = sum(c.turns for c in rest.values())
    present = [name for name, c in rest.items() if len(rest) <= 2 or c.turns * 5 >= turns]
    leader = max(present, key=lambda name: (rest[name].leads, rest[name].opens), default=None)
    if alone or leader is None or rest[leader].asking < (0.15 if len(rest) <= 2 else 0.3):
        return dict.fromkeys(rest, Role.UNKNOWN)
    most = rest[leader]
    also = {n for n, c in rest.items() if c.asking >= 0.6 and c.asking >= 0.75 * most.asking and c.leads > 0}
    if len(also) == len(rest):
        also = set()
    return {n: Role.INTERVIEWER if n == leader or n in also else Role.RESPONDENT for n in rest}
