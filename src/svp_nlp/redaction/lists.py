"""Public lists of names: hospitals (CMS), universities (College Scorecard, IPEDS), trusts (NHS), any other.

A list is downloaded by the user; nothing is fetched. It is a witness and no roster: a name on it that is said
makes a finding surer, and nothing else is looked for. Messages name columns and lines, never what stands
there: a list may be a team's own.

Headers known: CMS "Hospital General Information" (Facility Name or Hospital Name, City/Town or City), College
Scorecard and IPEDS (INSTNM, IALIAS, CITY), NHS organisation files with a header (OrganisationName, parted by
"¬", or Organisation Name). NHS files without a header and others need the column.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svp_nlp.errors import RosterError
from svp_nlp.model import Label
from svp_nlp.redaction.guards import is_guarded, is_role
from svp_nlp.redaction.lexicon import ordinary, words
from svp_nlp.redaction.roster import plain_text
from svp_nlp.redaction.words import bare_name

KINDS = {
    "institution": Label.INSTITUTION,
    "location": Label.LOCATION,
    "person": Label.PERSON,
}
"""What a list may name."""

_NAMES = words(
    "facilityname hospitalname providername instnm institutionname institution organisationname "
    "organizationname orgname schoolname universityname trustname sitename fullname name names hospital "
    "university school college facility town city place surname"
)
_TOWNS = words("city citytown town providercity")
_ALIASES = words("ialias alias aliases")
_LONGEST = 12
"""Words; what is longer is a description."""


@dataclass(frozen=True, slots=True)
class NameList:
    """A list of names: what it is called, what it names, and the SHA-256 of the file it was read from.

    ``names`` are as the file has them, without repeats; ``towns`` stand beside them in it. ``left_out``
    counts entries that are ordinary words or are known to identify nobody.
    """

    name: str
    label: Label
    sha256: str
    names: tuple[str, ...] = field(repr=False)
    towns: tuple[str, ...] = field(default=(), repr=False)
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.names)

    def row(self) -> dict[str, object]:
        """Return the list as plain values, to be kept."""
        return {
            "name": self.name,
            "label": self.label.value,
            "sha256": self.sha256,
            "names": list(self.names),
            "towns": list(self.towns),
            "left_out": self.left_out,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> NameList:
        """Read a list back from plain values; KeyError, TypeError or ValueError where they are none."""
        return cls(
            str(row["name"]),
            Label(row["label"]),
            str(row["sha256"]),
            tuple(map(str, row["names"])),
            tuple(map(str, row["towns"])),
            int(row["left_out"]),
        )


def digest(lists: Iterable[NameList]) -> str:
    """Return one SHA-256 over all *lists*: another list, other results. Empty where there are none."""
    rows = [json.dumps(one.row()) for one in lists]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest() if rows else ""


def load_list(path: Path | str, *, kind: str = "institution", column: str = "", name: str = "") -> NameList:
    """Read a list of names from a CSV file or from a text with one name a line.

    *kind* is institution, location or person. *column* is a header, or a number counted from 1 for a file
    without one; the headers of the known public files need none. *name* is what the list is called, else the
    file's name. Raises RosterError where the file cannot be read or used so.
    """
    path = Path(path)
    if kind not in KINDS:
        raise RosterError(f"a list cannot be of this kind; kinds: {', '.join(KINDS)}", hint="--kind KIND")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RosterError(
            f"the list cannot be read: {error.strerror or 'unreadable'}", hint="check the path of the list"
        ) from None
    text = plain_text(data)
    if text is None:
        raise RosterError(
            "the list is not a text file; expected CSV, or one name a line", hint="save the sheet as CSV"
        )
    found, towns = _entries(text, column, one_a_line=path.suffix.lower() == ".txt" and not column)
    label = KINDS[kind]
    kept = [n for n in found if _useful(n, label)]
    if not kept:
        raise RosterError("the list has no names in this column", hint="--column NAME names another")
    return NameList(
        name or path.stem,
        label,
        hashlib.sha256(data).hexdigest(),
        tuple(bare_name(n) if label is Label.PERSON else n for n in kept),
        tuple(t for t in towns if _useful(t, Label.LOCATION)) if label is Label.INSTITUTION else (),
        len(found) - len(kept),
    )


def _useful(name: str, label: Label) -> bool:
    """Tell whether an entry can be a witness: no ordinary word, and not known to identify nobody."""
    if sum(c.isalpha() for c in name) < 3 or len(name.split()) > _LONGEST:
        return False
    if " " not in name.strip() and ordinary(name):
        return False
    return label is Label.PERSON or not (is_guarded(name.title()) or is_role(name))


def _entries(text: str, column: str, *, one_a_line: bool) -> tuple[list[str], list[str]]:
    """Return names and towns of a file, each once, in its order."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise RosterError("the list is empty; expected names", hint="CSV, or one name a line")
    if one_a_line or (not column and _delimiter(lines[0]) is None):
        return _once(lines[1:] if _folded(lines[0]) in _NAMES else lines), []
    rows = _rows(text, _delimiter(lines[0]) or ",")
    head = [_folded(cell) for cell in rows[0]]
    at = _column(rows[0], head, column)
    body = rows if column.isdigit() and not set(head) & (_NAMES | _TOWNS) else rows[1:]
    return _once(_names(body, at, _first(head, _ALIASES))), _once(_cells(body, _first(head, _TOWNS)))


def _names(rows: Sequence[Sequence[str]], at: int, aliases: int | None) -> Iterator[str]:
    yield from _cells(rows, at)
    for cell in _cells(rows, aliases):
        yield from re.split(r"[|;,]", cell)


def _cells(rows: Sequence[Sequence[str]], at: int | None) -> Iterator[str]:
    if at is not None:
        yield from (row[at] for row in rows if at < len(row))


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tidy for name in names if (tidy := " ".join(name.split()))))


def _folded(cell: str) -> str:
    return "".join(c for c in cell.casefold() if c.isalnum())


def _delimiter(line: str) -> str | None:
    """Return what parts the cells of a header, None where nothing does ("¬": the NHS's own files)."""
    best = max("¬\t;,", key=line.count)
    return best if best in line else None


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        return [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        raise RosterError(
            f"line {reader.line_num} of the list is not CSV",
            hint="look for a quotation mark without its partner",
        ) from None


def _first(head: Sequence[str], known: frozenset[str]) -> int | None:
    return next((i for i, cell in enumerate(head) if cell in known), None)


def _column(raw: Sequence[str], head: Sequence[str], column: str) -> int:
    """Return which column holds the names: the one asked for, else the one with a known header."""
    if column.isdigit() and 1 <= int(column) <= len(raw):
        return int(column) - 1
    if column:
        if _folded(column) in head:
            return head.index(_folded(column))
        raise RosterError(
            f"the list has no such column; it has {len(raw)}",
            hint="--column takes a header as the first line has it, or a number from 1",
        )
    at = next((head.index(known) for known in _BEST if known in head), None)
    if at is None:
        at = _first(head, _NAMES)
    if at is None:
        raise RosterError(
            f"none of the {len(raw)} columns of the list has a known header "
            "(Facility Name, Hospital Name, INSTNM, Organisation Name, Name)",
            hint="--column NAME names the column; --column 2 takes the second of a file without headers",
        )
    return at


_BEST = ("facilityname", "hospitalname", "instnm", "organisationname", "organizationname")
"""Headers that win over a general one ("Name", "City") in the same file."""
