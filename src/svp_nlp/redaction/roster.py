"""The study roster: the names a team knows beforehand, one a line.

A roster is a CSV file with the columns ``name``, ``type`` and, if wanted, ``aliases``, in any order,
separated by comma, semicolon or tab. Messages name lines and columns, never what stands there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from svp_nlp.errors import RosterError
from svp_nlp.model import Label
from svp_nlp.redaction.words import bare_name, everyday

_COLUMNS = {
    "name": {"name", "names", "full name", "surface", "entity", "who"},
    "type": {"type", "label", "kind", "category", "entity type"},
    "aliases": {"aliases", "alias", "variants", "also known as", "aka", "nicknames", "other names"},
}
_SYNONYMS = {
    Label.PERSON: "person people name participant participants interviewer interviewee respondent speaker "
    "patient staff clinician per",
    Label.INSTITUTION: "institution organization organisation org hospital university clinic company agency "
    "site program programme team unit school college facility employer",
    Label.LOCATION: "location place city town village county state region address neighborhood "
    "neighbourhood loc gpe",
    Label.DATE: "date day",
    Label.DATE_YEAR: "date_year year",
    Label.CONTACT: "contact phone telephone fax pager email e-mail url website handle zip",
    Label.ID: "id identifier mrn number record account badge room",
    Label.AGE: "age",
}
_TYPES = {word: label for label, words in _SYNONYMS.items() for word in words.split()}
_TYPES |= {"health system": Label.INSTITUTION, "date year": Label.DATE_YEAR, "date-year": Label.DATE_YEAR}
_HINT = "write a first line `name,type` (and `aliases` if wanted), then one name a line"


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One known name: who or what it is, and what else it is called."""

    name: str = field(repr=False)
    label: Label
    aliases: tuple[str, ...] = field(default=(), repr=False)

    @property
    def surfaces(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class Roster:
    """The known names of a study; ``warnings`` are questions about entries that may do harm."""

    entries: tuple[RosterEntry, ...] = ()
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[RosterEntry]:
        return iter(self.entries)


def load_roster(path: Path | str) -> Roster:
    """Read a roster from a CSV file.

    Raises RosterError when the file cannot be read, has no header or no entries, or a line cannot be used.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RosterError(
            f"the roster {path.name} cannot be read: {error.strerror or 'unreadable'}",
            hint="check the path after --roster",
        ) from None
    return parse_roster(_decoded(data))


def parse_roster(text: str) -> Roster:
    """Read a roster from the text of a CSV file; raises RosterError as `load_roster` does."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise RosterError("the roster is empty; expected a header line and at least one name", hint=_HINT)
    table, where = _header(text)
    entries: list[tuple[int, RosterEntry]] = []
    for line, cells in table:
        if any(cell.strip() for cell in cells):
            entries.append((line, _entry(line, cells, where)))
    if not entries:
        raise RosterError("the roster has a header but no names", hint=_HINT)
    kept, repeats = _unique(entries)
    questions = [q for line, entry in kept for q in _questions(line, entry)]
    return Roster(tuple(entry for _, entry in kept), (*repeats, *questions))


def _decoded(data: bytes) -> str:
    text = plain_text(data)
    if text is None:
        raise RosterError("the roster is not a text file; expected CSV", hint="save the sheet as CSV (UTF-8)")
    return text


def plain_text(data: bytes) -> str | None:
    """Return the text of a file that a spreadsheet saved (UTF-8, UTF-16 or cp1252); None where it is none."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    return None


def _rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows, line = [], 1
    for cells in reader:
        rows.append((line, cells))
        line = reader.line_num + 1
    return rows


def _header(text: str) -> tuple[list[tuple[int, list[str]]], dict[str, int]]:
    """Return the rows below the header and the place of each column."""
    first = next(i for i, line in enumerate(text.splitlines()) if line.strip())
    line = text.splitlines()[first]
    for delimiter in sorted(",;\t", key=line.count, reverse=True):
        try:
            cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
        except csv.Error:
            continue
        names = [" ".join(c.strip().casefold().split()) for c in cells]
        where = {col: i for col, known in _COLUMNS.items() for i, n in enumerate(names) if n in known}
        if {"name", "type"} <= where.keys():
            return [row for row in _rows(text, delimiter) if row[0] > first + 1], where
    raise RosterError(
        f"line {first + 1} of the roster is no header; expected the columns name, type and perhaps aliases",
        hint=_HINT,
    )


def _entry(line: int, cells: Sequence[str], where: dict[str, int]) -> RosterEntry:
    width = max(where.values()) + 1
    if len(cells) > width and any(c.strip() for c in cells[width:]) and "aliases" not in where:
        raise RosterError(
            f"line {line} of the roster has {len(cells)} cells, the header names fewer",
            hint="put quotation marks round a name that holds the separator",
        )
    cell = {col: cells[i].strip() if i < len(cells) else "" for col, i in where.items()}
    if any("\n" in x for i, x in enumerate(cells) if i != where.get("aliases")):
        raise RosterError(
            f"line {line} of the roster is not CSV", hint="look for a quotation mark without its partner"
        )
    name = " ".join(cell["name"].split())
    if not any(c.isalnum() for c in name):
        raise RosterError(f"line {line} of the roster has nothing in the column name")
    label = _TYPES.get(" ".join(cell["type"].casefold().split()))
    if label is None:
        raise RosterError(
            f"line {line} of the roster has an unknown type; types: {', '.join(Label)}",
            hint="the type says what kind of name it is; other names go into aliases, separated by ;",
        )
    aliases = (" ".join(a.split()) for a in re.split(r"[;|\n]", cell.get("aliases", "")))
    tidy = bare_name if label is Label.PERSON else str
    found = dict.fromkeys(tidy(a) for a in aliases if any(c.isalnum() for c in a))
    name = tidy(name)
    found.pop(name, None)
    return RosterEntry(name, label, tuple(found))


def _unique(entries: Sequence[tuple[int, RosterEntry]]) -> tuple[list[tuple[int, RosterEntry]], list[str]]:
    """Join lines that say the same name; raises RosterError where they disagree on its type."""
    seen: dict[str, tuple[int, RosterEntry]] = {}
    repeats = []
    for line, entry in entries:
        key = entry.name.casefold()
        if key not in seen:
            seen[key] = (line, entry)
            continue
        first, known = seen[key]
        if known.label is not entry.label:
            raise RosterError(
                f"lines {first} and {line} of the roster give the same name two types: "
                f"{known.label} and {entry.label}",
                hint="keep one of the two lines",
            )
        repeats.append(f"line {line} repeats the name of line {first}; taken as one")
        aliases = tuple(dict.fromkeys((*known.aliases, *entry.aliases)))
        seen[key] = (first, RosterEntry(known.name, known.label, aliases))
    return list(seen.values()), repeats


def _questions(line: int, entry: RosterEntry) -> Iterator[str]:
    for column, surface in [("name", entry.name), *(("aliases", a) for a in entry.aliases)]:
        letters = sum(c.isalnum() for c in surface)
        if letters == 1:
            yield f"line {line}, column {column}: one letter; taken as a name only as a speaker label"
        elif " " not in surface and entry.label is not Label.AGE and everyday(surface, person=True):
            yield f"line {line}, column {column}: a common word; taken as a name only where written as one"
