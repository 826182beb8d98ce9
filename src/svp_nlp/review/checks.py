"""What decisions from elsewhere must fit, and what is said when they do not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svp_nlp.errors import ReviewError
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.migration import NO_MIGRATIONS, Migrations, foreign_migrations, migration_misfit
from svp_nlp.wording import plural


@dataclass(frozen=True, slots=True)
class Basis:
    """What decisions must fit to belong here.

    ``texts`` maps every target to the SHA-256 of the clean text it lies in and that text's length in code
    points; ``coders`` are those the study names (empty: anyone). ``themes`` are the codebook's.
    """

    study: str
    codebook_version: str
    themes: frozenset[str]
    texts: Mapping[str, tuple[str, int]] = field(repr=False)
    coders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refused:
    """A decision that was not taken in: where it stood ("line 12") and why."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: decisions added, those the record had already, and those refused.

    ``missing`` counts the passages that a coding sheet no longer has.
    """

    added: int
    known: int
    refused: tuple[Refused, ...] = ()
    missing: int = 0

    def __str__(self) -> str:
        there = plural(self.known, "was", "were")
        head = f"{plural(self.added, 'decision')} added, {there} there already, {len(self.refused)} refused"
        gone = [f"  {self.missing} of the passages have no row"] if self.missing else []
        return "\n".join([head, *(f"  {one}" for one in self.refused), *gone])


WHAT_IS_READ = "what `svp-nlp export decisions` or the review page saved is read"


def misfit(
    decision: Decision, study: str, basis: Basis | None, migrations: Migrations = NO_MIGRATIONS
) -> str:
    """Say why *decision* does not belong here, or "" when it does.

    One made with an older codebook belongs here where *migrations* say what became of that.
    """
    if decision.study != study:
        return "made in another study"
    if decision.kind == "codebook":
        return migration_misfit(decision)
    if decision.kind != "coding":
        return ""
    if basis is None:
        return value_misfit(decision.action, decision.value)
    if basis.coders and decision.coder not in basis.coders:
        return f"coder {decision.coder!r} is not one of the study's: {', '.join(sorted(basis.coders))}"
    themes = themes_of(basis, migrations).get(decision.codebook_version)
    if themes is None:
        found = decision.codebook_version or "no version"
        return f"made with codebook {found!r}, this study has {basis.codebook_version!r}"
    if decision.target not in basis.texts:
        return "there is no such passage in this study"
    sha256, length = basis.texts[decision.target]
    if decision.text_sha256 != sha256:
        return "the text was changed since it was coded"
    return value_misfit(decision.action, decision.value, themes, length)


def themes_of(basis: Basis, migrations: Migrations) -> dict[str, frozenset[str]]:
    """Return the versions of the codebook that decisions may have, each with its themes."""
    return {**migrations.earlier(basis.codebook_version), basis.codebook_version: basis.themes}


def value_misfit(
    action: Action,
    value: Mapping[str, Any],
    themes: frozenset[str] | None = None,
    length: int | None = None,
) -> str:
    """Say what is wrong with a coding decision's value, or "": missing parts, foreign themes, positions.

    Themes and positions are checked for their form only where *themes* or *length* is None.
    """
    missing = [name for name in _NEEDS.get(action, ()) if name not in value]
    if missing:
        return f"{action} needs {' and '.join(missing)}"
    named = named_themes(value)
    if named is None:
        return "themes are lists of theme ids"
    strange = sum(theme not in themes for theme in named) if themes is not None else 0
    if strange:
        return f"{strange} of its themes are not in the codebook"
    if not all(_is_pair(pair, length) for pair in _pairs(action, value)):
        return "its positions lie outside the text"
    certainty = value.get("certainty")
    if certainty is not None and not (_is_number(certainty) and 0 <= certainty <= 1):
        return "certainty is a number from 0 to 1"
    return "" if isinstance(value.get("text", ""), str) else "its text is not text"


def _pairs(action: Action, value: Mapping[str, Any]) -> list[object]:
    """Return the positions in *value*, one that no pair can be where they are not lists."""
    pieces = value.get("pieces")
    if action is Action.QUOTE:
        groups = [pieces]
    elif pieces is None or isinstance(pieces, Mapping):
        groups = list((pieces or {}).values())
    else:
        groups = [None]
    return [pair for group in groups for pair in (group if isinstance(group, list) else [None])]


_NEEDS: dict[Action, tuple[str, ...]] = {
    **dict.fromkeys((Action.CODE, Action.ADJUDICATE), ("themes",)),
    **dict.fromkeys((Action.ACCEPT, Action.REJECT), ("theme",)),
    Action.CHANGE: ("theme", "to"),
    Action.QUOTE: ("theme", "pieces"),
    Action.MEMO: ("text",),
    Action.FLAG: ("on",),
}


def named_themes(value: Mapping[str, Any]) -> list[str] | None:
    """Return every theme id in *value*; None where it is not a list of ids."""
    lists = [value.get(name, []) for name in ("themes", "to")]
    lists.append([value["theme"]] if "theme" in value else [])
    if isinstance(value.get("pieces"), Mapping):
        lists.append(list(value["pieces"]))
    if not all(isinstance(one, list) and all(isinstance(theme, str) for theme in one) for one in lists):
        return None
    return [theme for one in lists for theme in one]


def _is_pair(pair: object, length: int | None) -> bool:
    if not (isinstance(pair, list) and len(pair) == 2 and all(type(at) is int for at in pair)):
        return False
    start, end = pair
    return bool(0 <= start < end and (length is None or end <= length))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def require_ours(
    given: Sequence[tuple[str, Decision]],
    study: str,
    basis: Basis | None,
    name: str,
    migrations: Migrations = NO_MIGRATIONS,
) -> None:
    """Raise ReviewError when nothing in a file belongs to this study, or to its codebook."""
    if not given:
        return
    here = [d for _, d in given if d.study == study]
    if not here:
        raise ReviewError(
            f"{name} holds decisions of another study; nothing was imported",
            hint="import it into the study it was made in",
        )
    versions = {d.codebook_version for d in here if d.kind == "coding"}
    if basis is not None and versions and versions.isdisjoint(themes_of(basis, migrations)):
        raise other_codebook(name, versions, basis)


def other_codebook(name: str, versions: Iterable[str], basis: Basis) -> ReviewError:
    """Return the error for a file that was made with codebooks this study knows nothing of."""
    found = ", ".join(repr(version) for version in sorted(versions))
    return ReviewError(
        f"{name} was made with codebook {found}, this study has {basis.codebook_version!r}; "
        "nothing was imported",
        hint="import it into a copy of the study with that codebook, or say first what became of its themes: "
        "svp-nlp codebook migrate",
    )


def fitting_migrations(
    mine: Sequence[Decision], given: Sequence[tuple[str, Decision]], study: str, version: str | None
) -> tuple[Migrations, str]:
    """Return the migrations that hold once those in a file are taken in, and why they are not, or "".

    They are taken in all or none; *version* is the codebook in use, None where it is not known.
    """
    known = {d.id for d in mine}
    new = [
        d
        for _, d in given
        if d.kind == "codebook" and d.study == study and d.id not in known and not migration_misfit(d)
    ]
    why = foreign_migrations(mine, new, version)
    return Migrations.of(mine if why else [*mine, *new]), why


def decision_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the lines of a file of decisions that say something, each with its place."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ReviewError(f"{path.name} cannot be read: {error.strerror}", hint=WHAT_IS_READ) from None
    except UnicodeDecodeError:
        raise ReviewError(f"{path.name} is no file of decisions: not UTF-8", hint=WHAT_IS_READ) from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"line {number}", line


def parsed(line: str) -> Mapping[str, Any]:
    """Return the JSON object that *line* holds; raises ReviewError where it holds none."""
    try:
        row = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ReviewError("not JSON") from None
    if not isinstance(row, Mapping):
        raise ReviewError("not a JSON object")
    return row


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")
