"""The ledger: who and what a study knows, under which pseudonym, seen where and how often.

The ledger is the key between the two sides of a study and belongs into ``private/``. It only grows: an
entity keeps its pseudonym and a transcript its letter for as long as the study lives.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from svp_nlp.errors import StudyError
from svp_nlp.model import Label

# I and O are left out: in print they pass for 1 and 0.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Entity:
    """One person, place or thing of the study.

    ``variants`` maps each surface it was seen under to its count in each transcript; a surface that counts
    nothing was seen once and is gone since.
    """

    id: str
    label: Label
    pseudonym: str
    variants: Mapping[str, Mapping[str, int]] = field(default_factory=dict, repr=False)

    @property
    def surfaces(self) -> tuple[str, ...]:
        """The surfaces that occur in the transcripts as they are now, longest first."""
        live = (s for s, counts in self.variants.items() if any(counts.values()))
        return tuple(sorted(live, key=lambda s: (-len(s), s)))

    @property
    def transcripts(self) -> frozenset[str]:
        """The transcripts it occurs in."""
        return frozenset(t for counts in self.variants.values() for t, n in counts.items() if n)

    @property
    def count(self) -> int:
        """How often it occurs in the study."""
        return sum(n for counts in self.variants.values() for n in counts.values())

    def count_in(self, transcript: str) -> int:
        """Return how often it occurs in one transcript."""
        return sum(counts.get(transcript, 0) for counts in self.variants.values())


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entities of a study, the letters of its transcripts, and the secret seed of its random choices."""

    entities: tuple[Entity, ...] = ()
    transcripts: Mapping[str, str] = field(default_factory=dict, repr=False)
    seed: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def __len__(self) -> int:
        return len(self.entities)

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities)

    def __getitem__(self, id: str) -> Entity:
        for entity in self.entities:
            if entity.id == id:
                return entity
        raise StudyError(f"the ledger has no entity {id}", hint="`svp-nlp ledger` lists them")

    def __contains__(self, id: object) -> bool:
        return any(entity.id == id for entity in self.entities)

    def letter_of(self, transcript: str) -> str:
        """Return the id that stands for *transcript* on the clean side; raises StudyError if it has none."""
        if transcript not in self.transcripts:
            raise StudyError("the ledger does not know this transcript", hint="link it before redacting it")
        return self.transcripts[transcript]

    def number_after(self, label: Label) -> int:
        """Return the lowest number above all that entities of *label* ever had."""
        taken = (re.fullmatch(rf"{label} (\d+)", e.id) for e in self.entities)
        return 1 + max((int(m[1]) for m in taken if m), default=0)

    def free_letters(self) -> Iterator[str]:
        """Yield letters that neither institution nor transcript has, in the study's own random order."""
        taken = {e.id.rpartition(" ")[2] for e in self.entities if e.label is Label.INSTITUTION}
        taken |= {letter.rstrip("0123456789") for letter in self.transcripts.values()}
        return (letter for letter in _shuffled(self.seed) if letter not in taken)

    def grown(self, entities: Iterable[Entity] = (), transcripts: Mapping[str, str] | None = None) -> Ledger:
        """Return the ledger with *entities* added or brought up to date and *transcripts* given letters.

        Raises StudyError if a transcript would change its letter or two entities would share a pseudonym.
        """
        known = {e.id: e for e in self.entities}
        known.update((e.id, e) for e in entities)
        letters = dict(self.transcripts)
        for transcript, letter in (transcripts or {}).items():
            if letters.setdefault(transcript, letter) != letter:
                raise StudyError(
                    f"transcript {letters[transcript]} cannot become {letter}: letters are for good"
                )
        names = [e.pseudonym for e in known.values()]
        if len(set(names)) != len(names) or len(set(letters.values())) != len(letters):
            raise StudyError("two entries of the ledger would share one pseudonym")
        return replace(self, entities=tuple(known.values()), transcripts=letters)

    def to_json(self) -> str:
        """Return the ledger as JSON text; for ``private/`` only, it holds every name."""
        entities = [
            {"id": e.id, "label": e.label.value, "pseudonym": e.pseudonym, "variants": e.variants}
            for e in self.entities
        ]
        whole = {
            "version": _VERSION,
            "seed": self.seed,
            "transcripts": self.transcripts,
            "entities": entities,
        }
        return json.dumps(whole, ensure_ascii=False, indent=1, default=dict) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Ledger:
        """Read what `to_json` wrote; raises StudyError if it is not a ledger."""
        try:
            whole = json.loads(text)
            if whole["version"] != _VERSION:
                raise StudyError(
                    f"the ledger has version {int(whole['version'])}, this program reads {_VERSION}"
                )
            entities = tuple(_entity(row) for row in whole["entities"])
            return cls(
                entities, {str(k): str(v) for k, v in whole["transcripts"].items()}, str(whole["seed"])
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise StudyError("the ledger is damaged", hint="put it back from a copy of the study") from None


def _entity(row: Mapping[str, Any]) -> Entity:
    variants = {str(s): {str(t): int(n) for t, n in counts.items()} for s, counts in row["variants"].items()}
    return Entity(str(row["id"]), Label(row["label"]), str(row["pseudonym"]), variants)


def _shuffled(seed: str) -> Iterator[str]:
    """Yield single letters, then pairs, then triples, each in an order that only the seed tells."""
    words = [""]
    for _ in range(3):
        words = [w + c for w in words for c in _LETTERS]
        yield from sorted(words, key=lambda w: hmac.digest(seed.encode(), w.encode(), sha256))
