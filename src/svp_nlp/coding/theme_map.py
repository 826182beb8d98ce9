"""What became of the themes of an older codebook, as people say it: renamed, merged, split or dropped."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

import yaml

from svp_nlp.errors import CodebookError
from svp_nlp.model import Codebook

What = Literal["rename", "merge", "split", "drop"]

_FORM: Mapping[str, str] = {
    "rename": "OLD=NEW",
    "merge": "OLD,OLD=NEW",
    "split": "OLD=NEW,NEW",
    "drop": "OLD",
}
_HOW = "rename, merge, split or drop it: OLD=NEW, OLD,OLD=NEW, OLD=NEW,NEW, OLD"


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happened to themes: ``old`` became ``new``; a split theme became one of several.

    Raises CodebookError where the number of ids is not that of a rename (1 to 1), a merge (2 or more to 1), a
    split (1 to 2 or more) or a drop (1 to none).
    """

    what: What
    old: tuple[str, ...]
    new: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = (len(set(self.old)), len(set(self.new)))
        fits = {
            "rename": given == (1, 1) and self.old != self.new,
            "merge": given[0] > 1 and given[1] == 1,
            "split": given[0] == 1 and given[1] > 1,
            "drop": given == (1, 0),
        }
        if not (fits[self.what] and all(self.old) and all(self.new)):
            told = ",".join(self.old) + ("=" + ",".join(self.new) if self.new else "")
            raise CodebookError(f'"{told}" is no {self.what}; expected {_FORM[self.what]}')

    def __str__(self) -> str:
        old = ", ".join(self.old)
        return f"{old} -> {' or '.join(self.new)}" if self.new else old


@dataclass(frozen=True)
class ThemeMap:
    """What became of each theme that changed its id or its extent; a theme not named stays what it is.

    Raises CodebookError when a theme is named by two moves.
    """

    moves: tuple[Move, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[str, Move] = {}
        for move in self.moves:
            for old in move.old:
                if old in seen:
                    raise CodebookError(
                        f'two things are said of theme "{old}": {seen[old].what} and {move.what}',
                        hint="say one of them",
                    )
                seen[old] = move

    @property
    def targets(self) -> dict[str, tuple[str, ...]]:
        """The themes that each old theme became; more than one where it was split, none where dropped."""
        return {old: move.new for move in self.moves for old in move.old}

    def check(self, old: Collection[str], new: Codebook, version: str) -> None:
        """Raise CodebookError unless this map explains how *old*, the themes so far, became those of *new*.

        *version* names the older codebook in the messages.
        """
        self._check_ids(old, new, version)
        themes = {theme.id for theme in new.themes}
        targets = self.targets
        gone = [id for id in old if id not in themes and id not in targets]
        if gone:
            raise CodebookError(
                f"codebook {new.version} has no {_listed(gone)} any more, and nothing says what became of "
                f"{'it' if len(gone) == 1 else 'them'}",
                hint=f"--rename {gone[0]}=NEW, --merge {gone[0]},OLD=NEW, --split {gone[0]}=NEW,NEW or "
                f"--drop {gone[0]}",
            )
        self._check_cycles()
        self._check_meetings([id for id in old if id in themes and id not in targets])
        self._check_left(themes, new.version)

    def _check_ids(self, old: Collection[str], new: Codebook, version: str) -> None:
        themes = {theme.id for theme in new.themes}
        domains = {domain.id for domain in new.domains}
        for move in self.moves:
            for id in move.old:
                if id not in old:
                    known = f"themes so far: {', '.join(sorted(old))}"
                    raise CodebookError(f'codebook {version} has no theme "{id}" to {move.what}', hint=known)
            for id in move.new:
                if id not in themes:
                    what = f'"{id}" is a domain' if id in domains else f'there is no theme "{id}"'
                    known = f"its themes: {', '.join(theme.id for theme in new.themes)}"
                    raise CodebookError(f"{what} in codebook {new.version} ({move.what} {move})", hint=known)

    def _check_cycles(self) -> None:
        """Refuse themes that trade names: nobody could tell from an id which of the two was meant."""
        renamed = {move.old[0]: move.new[0] for move in self.moves if move.what == "rename"}
        for start in renamed:
            way = [start]
            while (step := renamed.get(way[-1])) is not None and step not in way:
                way.append(step)
            if step == start:
                raise CodebookError(
                    f"themes trade names: {' -> '.join([*way, start])}", hint="give one of them a new id"
                )

    def _check_meetings(self, kept: Sequence[str]) -> None:
        """Refuse themes that become one without anybody saying that they were merged."""
        into: dict[str, list[str]] = {id: [id] for id in kept}
        for move in self.moves:
            if move.what in ("rename", "merge"):
                into.setdefault(move.new[0], []).extend(move.old)
        merged = {(move.new[0], len(move.old)) for move in self.moves if move.what == "merge"}
        for new, olds in into.items():
            if len(olds) > 1 and (new, len(olds)) not in merged:
                raise CodebookError(
                    f'{_listed(olds)} all become "{new}", and nothing says that they were merged',
                    hint=f"--merge {','.join(olds)}={new}",
                )

    def _check_left(self, themes: set[str], version: str) -> None:
        """Refuse an id that was moved away, is still there, and is nobody's new name."""
        made = {new for move in self.moves for new in move.new}
        for move in self.moves:
            for old in move.old:
                if old in themes and old not in made:
                    raise CodebookError(
                        f'theme "{old}" is to {move.what}, but codebook {version} has it still',
                        hint=f"if part of it stayed: --split {old}={old},NEW; else give the other a new id",
                    )


def theme_map(
    *,
    rename: Mapping[str, str] | None = None,
    merge: Mapping[str, Sequence[str]] | None = None,
    split: Mapping[str, Sequence[str]] | None = None,
    drop: Iterable[str] = (),
) -> ThemeMap:
    """Return a map from plain values.

    ``rename`` old to new, ``merge`` new to the old ones, ``split`` old to the new ones, ``drop`` old ones.

    >>> theme_map(rename={"fear": "worry"}, drop=["rest"]).targets
    {'fear': ('worry',), 'rest': ()}
    """
    moves = [Move("rename", (old,), (new,)) for old, new in (rename or {}).items()]
    moves += [Move("merge", tuple(old), (new,)) for new, old in (merge or {}).items()]
    moves += [Move("split", (old,), tuple(new)) for old, new in (split or {}).items()]
    return ThemeMap((*moves, *(Move("drop", (old,)) for old in drop)))


def told_move(what: What, told: str) -> Move:
    """Read a move as the command line has it: ``a=b``, ``a,b=c``, ``a=b,c``, or ``a`` for a drop.

    >>> told_move("merge", "need.a, need.b = need.c").old
    ('need.a', 'need.b')
    """
    left, equals, right = told.partition("=")
    if bool(equals) != (what != "drop"):
        raise CodebookError(f'"{told}" is no {what}; expected {_FORM[what]}')
    old, new = (tuple(id.strip() for id in side.split(",")) if side.strip() else () for side in (left, right))
    return Move(what, old, new)


def read_theme_map(path: Path) -> ThemeMap:
    """Read a map from YAML or CSV.

    YAML: ``rename: {old: new}``, ``merge: {new: [old, old]}``, ``split: {old: [new, new]}``, ``drop: [old]``.
    CSV: columns ``old`` and ``new``, one pair a line; an empty ``new`` drops, the same ``new`` twice merges,
    the same ``old`` twice splits. Raises CodebookError, naming the file, for anything else.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CodebookError(f"{path.name}: cannot be read ({error.strerror})", hint=_HOW) from None
    except UnicodeDecodeError as error:
        raise CodebookError(f"{path.name}: not UTF-8 at byte {error.start}") from None
    return _from_csv(text, path.name) if path.suffix.lower() == ".csv" else _from_yaml(text, path.name)


def _from_yaml(text: str, name: str) -> ThemeMap:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise CodebookError(f"{name}{f', line {mark.line + 1}' if mark else ''}: not YAML") from None
    if not isinstance(found, dict) or not set(found) <= set(_FORM):
        _refuse(name, "a map of themes has the keys rename, merge, split and drop, and no other")
    given: dict[str, Any] = {key: value for key, value in found.items() if value is not None}
    drop = given.get("drop", [])
    if not _texts(drop):
        _refuse(name, "drop is a list of theme ids")
    for key in ("rename", "merge", "split"):
        pairs = given.get(key, {})
        fits = isinstance(pairs, dict) and all(
            isinstance(k, str) and (isinstance(v, str) if key == "rename" else _texts(v))
            for k, v in pairs.items()
        )
        if not fits:
            many = {"rename": "old: new", "merge": "new: [old, old]", "split": "old: [new, new]"}[key]
            _refuse(name, f"{key} has lines of the form {many}")
    return theme_map(**{**given, "drop": drop})


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _from_csv(text: str, name: str) -> ThemeMap:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not {"old", "new"} <= {str(column).strip() for column in rows.fieldnames or ()}:
        _refuse(name, "a map of themes in CSV has the columns old and new")
    news: dict[str, list[str]] = defaultdict(list)
    olds: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        cells = {str(key).strip(): (value or "").strip() for key, value in row.items() if key is not None}
        old, new = cells.get("old", ""), cells.get("new", "")
        if not old and not new:
            continue
        if not old:
            _refuse(f"{name}, line {rows.line_num}", "a line without an old theme; new ones need no line")
        news[old].append(new)
    for old, found in news.items():
        if len(found) == 1 and found[0]:
            olds[found[0]].append(old)
    moves = [Move("split", (old,), tuple(found)) for old, found in news.items() if len(found) > 1]
    moves += [Move("drop", (old,)) for old, found in news.items() if found == [""]]
    for new, some in olds.items():
        if some != [new]:  # a line a,a says that a stays, which needs no saying
            moves.append(Move("merge" if len(some) > 1 else "rename", tuple(some), (new,)))
    return ThemeMap(tuple(moves))


def _refuse(where: str, problem: str) -> NoReturn:
    raise CodebookError(f"{where}: {problem}", hint=_HOW)


def _listed(ids: Sequence[str]) -> str:
    """Put ids into a sentence: "a", "b" and "c"."""
    quoted = [f'"{id}"' for id in ids]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
