"""How messages put things: one entity, two entities; a site, an institution."""

from __future__ import annotations


def plural(count: int, thing: str, things: str = "") -> str:
    """Return *count* with the noun in its number: "1 entity", "2 entities"; *things* where no rule helps.

    >>> plural(1, "entity"), plural(0, "place"), plural(2, "person", "people")
    ('1 entity', '0 places', '2 people')
    """
    if count == 1:
        return f"1 {thing}"
    return f"{count:,} {things or _many(thing)}"


def _many(thing: str) -> str:
    if thing.endswith("y") and thing[-2] not in "aeiou":
        return f"{thing[:-1]}ies"
    return f"{thing}s"


def article(thing: str) -> str:
    """Return *thing* with its indefinite article, by its first letter: "a PERSON", "an INSTITUTION"."""
    return f"{'an' if thing[:1].lower() in tuple('aeio') else 'a'} {thing}"
