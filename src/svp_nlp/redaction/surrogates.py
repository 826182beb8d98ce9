"""Realistic stand-ins: invented names instead of numbered pseudonyms, where a profile asks for them.

A stand-in belongs to an entity for as long as the study lives. It never shares a word with a name of the
study, with another stand-in or, when it is first chosen, with a transcript; the leak check must not object to
it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from svp_nlp.errors import StudyError
from svp_nlp.model import Label
from svp_nlp.redaction.ledger import Entity, Ledger
from svp_nlp.redaction.profiles import SURROGATE, Mention, Profile, kind_of_place
from svp_nlp.redaction.roster import Roster
from svp_nlp.redaction.verify import leaks
from svp_nlp.redaction.words import fold
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from faker import Faker

NAMED = frozenset({Label.PERSON, Label.INSTITUTION, Label.LOCATION})
"""The labels that have stand-ins; all others keep their pseudonyms."""

_ROUNDS = 40
_WORD = re.compile(r"[^\W\d_]+")
_HEADS = {
    "a children's hospital": "Children's Hospital",
    "a teaching hospital": "University Hospital",
    "a veterans' hospital": "Veterans Hospital",
    "a health system": "Health System",
    "a hospital": "Hospital",
    "a group of hospitals": "Hospitals",
    "a clinic": "Clinic",
    "a hospice": "Hospice",
    "a university": "University",
    "a college": "College",
    "a school": "School",
    "a foundation": "Foundation",
    "an insurer": "Insurance",
    "a program": "Program",
    "a team": "Team",
    "a building": "Building",
}


def labels_with_surrogates(profile: Profile) -> frozenset[Label]:
    """Return the labels that *profile* gives stand-ins."""
    return NAMED & {label for label, rule in profile.rules.items() if rule is SURROGATE}


def with_names(ledger: Ledger, labels: Iterable[Label], names: Mapping[str, str]) -> Ledger:
    """Return *ledger* with the stand-ins *names* (by entity) as pseudonyms of the entities of *labels*.

    A pseudonym that a person chose stays.
    """
    wanted = frozenset(labels)
    entities = (
        replace(e, pseudonym=names[e.id]) if e.label in wanted and e.id in names and _numbered(e) else e
        for e in ledger
    )
    return replace(ledger, entities=tuple(entities))


def surrogates(
    ledger: Ledger,
    profile: Profile,
    *,
    roster: Roster,
    texts: Iterable[str],
    known: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return a stand-in for each entity that *profile* gives one, by entity, together with those *known*.

    Those known stay unless a name of the study has come to collide with them. Which names are drawn follows
    from the study's secret seed alone. Raises StudyError when none can be found.
    """
    wanted = labels_with_surrogates(profile)
    names = _words(s for entry in (*ledger.entities, *roster.entries) for s in _surfaces(entry))
    drawn = dict(known or {})
    pending = [e for e in ledger if e.label in wanted and _numbered(e)]
    pending.sort(key=lambda e: e.id not in drawn)  # those that have a stand-in choose first, and keep it
    spoken = _words(texts)
    taken: dict[str, str] = {}
    draws = {e.id: _draws(e, ledger.seed, drawn.get(e.id)) for e in pending}
    for _ in range(_ROUNDS):
        offers: dict[str, str] = {}
        busy = names | _words(taken.values())
        for entity in pending:
            offer = next(draws[entity.id])
            words = _telling(offer)
            old = offer == drawn.get(entity.id)
            if words.isdisjoint(busy) and (old or words.isdisjoint(spoken)):
                offers[entity.id] = offer
                busy |= words
        bad = {leak.place for leak in leaks(offers, ledger=ledger, roster=roster)}
        taken |= {id: offer for id, offer in offers.items() if id not in bad}
        pending = [e for e in pending if e.id not in taken]
        if not pending:
            return drawn | taken
    raise StudyError(
        f"no stand-in could be found for {plural(len(pending), 'entity')} that is no name of the study",
        hint='set their label to "pseudonym" in [redaction.operators]',
    )


def _surfaces(entry: object) -> tuple[str, ...]:
    return tuple(entry.variants) if isinstance(entry, Entity) else tuple(getattr(entry, "surfaces", ()))


def _numbered(entity: Entity) -> bool:
    return entity.pseudonym == f"[{entity.id}]"


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in _WORD.findall(fold(text))}


_GENERAL = _words([*_HEADS.values(), "North South East West New Lake Port center"])


def _telling(name: str) -> set[str]:
    return _words([name]) - _GENERAL


def _draws(entity: Entity, seed: str, first: str | None) -> Iterator[str]:
    """Yield stand-ins for an entity, the one it has first; the order follows from the seed."""
    from faker import Faker

    if first is not None:
        yield first
    source = Faker("en_US")
    digest = hmac.digest(seed.encode(), f"surrogate:{entity.id}".encode(), sha256)
    source.seed_instance(int.from_bytes(digest))
    while True:
        yield _drawn(source, entity)


def _drawn(source: Faker, entity: Entity) -> str:
    if entity.label is Label.PERSON:
        return f"{source.first_name()} {source.last_name()}"
    if entity.label is Label.LOCATION:
        return source.city()
    mention = Mention("", entity.label, entity.id, entity.pseudonym, surfaces=tuple(entity.variants))
    return f"{source.last_name()} {_HEADS.get(kind_of_place(mention), 'Center')}"
