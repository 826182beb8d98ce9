"""Profiles: named policies that say what becomes of each kind of identifier, and which rule asks for it.

A profile is data: a rule for each label, with the paragraph it answers. The rules make the new text; where it
goes is decided by `redact`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from svp_nlp.model import Label


@dataclass(frozen=True, slots=True)
class Mention:
    """What a rule gets to see: the words, whose they are, and the transcript they stand in."""

    surface: str = field(repr=False)
    label: Label
    entity: str
    pseudonym: str
    transcript: str = field(repr=False)
    seed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of one kind of identifier. ``apply`` returns the new text, or None to keep the words."""

    name: str
    apply: Callable[[Mention], str | None] = field(repr=False)
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A named policy: one rule for each label, and what it is good for."""

    name: str
    rules: Mapping[Label, Rule]
    purpose: str = ""

    def text_for(self, mention: Mention) -> str | None:
        """Return what *mention* becomes, or None where it stays."""
        return self.rules[mention.label].apply(mention)

    def keeps(self, mention: Mention) -> bool:
        """Tell whether *mention* stays as it is."""
        return self.text_for(mention) is None


def _pseudonym(mention: Mention) -> str:
    return mention.pseudonym


PSEUDONYM = Rule("pseudonym", _pseudonym)

STRICT = Profile(
    "strict",
    MappingProxyType(dict.fromkeys(Label, PSEUDONYM)),
    "every name, place, date, year, age and number becomes a pseudonym",
)
