"""Word documents (.docx): their text with a way back to the runs, and the cleaned document.

The parts are read with lxml from the zip archive itself, because names hide in places that no
high-level library shows: comment authors, tracked changes, field codes, alternative texts, people.xml.
Elements are told by their local names, so that the strict and the transitional dialect read alike.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from svp_nlp.errors import ReadError, SpanError
from svp_nlp.model import Span

_MAX_BYTES = 300_000_000
_PARTS = ("header+xml", "footer+xml", "footnotes+xml", "endnotes+xml", "comments+xml")
_DELETED = frozenset({"del", "moveFrom"})
# What holds no words of the transcript, or (Fallback) the same words a second time.
_SILENT = _DELETED | frozenset(
    {"pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr", "sdtPr", "sdtEndPr", "instrText", "delText"}
    | {"delInstrText", "Fallback", "rt", "rubyPr", "ffData"}
)
_PICTURES = frozenset({"drawing", "pict", "object"})
_CHARACTERS = {"tab": "\t", "ptab": "\t", "cr": "\n", "noBreakHyphen": "-"}

Element = Any


@dataclass(slots=True)
class Atom:
    """A stretch of the extracted text and the element it comes from; ``value`` is what it becomes."""

    start: int
    end: int
    node: Element = field(repr=False)
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WordText:
    """The text extracted from a document.

    Up to ``body_end`` stand paragraphs and tables in their order (a paragraph a line, cells divided by tabs);
    behind it text boxes, headers, footers, notes and comments. ``ends`` maps the place of each line end to
    its paragraph. ``names`` are the people named in properties, comments and tracked changes.
    """

    text: str = field(repr=False)
    body_end: int
    page_starts: tuple[int, ...]
    atoms: tuple[Atom, ...] = field(repr=False)
    ends: Mapping[int, Element] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """A document's parts: all as bytes, those with words as trees; ``kinds`` are their content types."""

    parts: Mapping[str, bytes] = field(repr=False)
    kinds: Mapping[str, str] = field(repr=False)
    trees: Mapping[str, Element] = field(repr=False)
    main: str


def local(node: Element) -> str:
    """Return an element's name without its namespace."""
    return _local(node.tag)


@cache
def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(node: Element, name: str) -> str | None:
    """Return the value of the attribute with this local name."""
    for key, value in node.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return None


def parsed(data: bytes) -> Element:
    """Parse XML without entities, network, comments and processing instructions."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    return etree.fromstring(data, parser)


def open_archive(data: bytes, name: str) -> Archive:
    """Open a .docx; raises ReadError where it is not one, is damaged, or needs a password."""
    from lxml import etree

    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ReadError(
            f"{name} is an old Word file or needs a password",
            hint="open it in a word processor and save it as .docx without a password",
        )
    try:
        parts = _unzipped(data, name)
        kinds = _kinds(parsed(parts["[Content_Types].xml"]), parts)
        main = next(
            part for part, kind in kinds.items() if kind.endswith("document.main+xml") or _macro(kind)
        )
        worded = [
            main,
            *(p for suffix in _PARTS for p in sorted(kinds, key=_natural) if kinds[p].endswith(suffix)),
        ]
        return Archive(parts, kinds, {part: parsed(parts[part]) for part in worded if part in parts}, main)
    except (zipfile.BadZipFile, KeyError, StopIteration):
        raise ReadError(
            f"{name} is not a Word document", hint="open it in a word processor and save it as .docx"
        ) from None
    except (etree.XMLSyntaxError, EOFError, NotImplementedError, RuntimeError, zlib.error):
        raise ReadError(
            f"{name} is a damaged Word document",
            hint="open it in a word processor, let it repair the file, save again",
        ) from None


def _macro(kind: str) -> bool:
    return kind.endswith(("document.macroEnabled.main+xml", "template.main+xml"))


def _natural(part: str) -> list[int | str]:
    return [int(bit) if bit.isdigit() else bit for bit in re.split(r"(\d+)", part)]


def _unzipped(data: bytes, name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(info.file_size for info in archive.infolist()) > _MAX_BYTES:
            raise ReadError(
                f"{name} unpacks to more than {_MAX_BYTES // 1_000_000} MB", hint="remove its pictures"
            )
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def _kinds(types: Element, parts: Mapping[str, bytes]) -> dict[str, str]:
    """Return the content type of each part."""
    suffixes, named = {}, {}
    for node in types:
        kind = str(node.get("ContentType"))
        if local(node) == "Default":
            suffixes[str(node.get("Extension")).lower()] = kind
        elif local(node) == "Override":
            named[str(node.get("PartName")).lstrip("/")] = kind
    return {part: named.get(part, suffixes.get(part.rpartition(".")[2].lower(), "")) for part in parts}


def word_text(archive: Archive, name: str) -> WordText:
    """Extract the text of a document; *name* stands for it in messages."""
    reading = _Reading()
    reading.part(archive.trees[archive.main])
    body_end = reading.length
    reading.boxes_so_far()
    for part, tree in archive.trees.items():
        if part != archive.main:
            reading.part(tree)
            reading.boxes_so_far()
    text = "".join(reading.chunks)
    if not text.strip():
        raise ReadError(f"{name} is empty: there are no words in it", hint="pictures of text need OCR first")
    pages = tuple(reading.pages) if len(reading.pages) > 1 else ()
    names, notes = tuple(sorted(_names(archive))), tuple(_notes(archive))
    return WordText(text, body_end, pages, tuple(reading.atoms), reading.ends, names, notes)


class _Reading:
    """The text of a document while it is put together."""

    def __init__(self) -> None:
        self.chunks: list[str] = []
        self.length = 0
        self.atoms: list[Atom] = []
        self.ends: dict[int, Element] = {}
        self.pages = [0]
        self.boxes: list[Element] = []

    def part(self, tree: Element) -> None:
        for child in tree:
            if local(child) in {"body", "footnote", "endnote", "comment", "docPart"}:
                self.blocks(child)
            else:
                self.block(child)

    def boxes_so_far(self) -> None:
        """Put the text boxes met since behind what was read."""
        while self.boxes:
            self.blocks(self.boxes.pop(0))

    def blocks(self, container: Element) -> None:
        for child in container:
            self.block(child)

    def block(self, node: Element) -> None:
        name = local(node)
        if name == "p":
            self.paragraph(node)
        elif name == "tbl":
            for row in node:
                self.row(row)
        elif name not in _SILENT and not name.startswith("bookmark"):
            self.blocks(node)

    def paragraph(self, node: Element) -> None:
        properties = next((child for child in node if local(child) == "pPr"), ())
        flags = {local(child): child for child in properties}
        if _is_on(flags.get("pageBreakBefore")):
            self.page()
        self.inline(node)
        self.ends[self.length] = node
        self.emit("\n")
        if "sectPr" in flags and _section_kind(flags["sectPr"]) != "continuous":
            self.page()

    def row(self, node: Element) -> None:
        """Read a table row: its cells divided by tabs, a line end behind the last."""
        if local(node) != "tr":
            if local(node) not in _SILENT:
                for child in node:
                    self.row(child)
            return
        if is_deleted_row(node):
            return
        cells = list(_cells(node))
        for i, cell in enumerate(cells):
            self.blocks(cell)
            if i + 1 < len(cells) and self.chunks and self.chunks[-1] == "\n":
                self.chunks[-1] = "\t"
                self.ends.pop(self.length - 1, None)

    def inline(self, node: Element) -> None:
        for child in node:
            name = local(child)
            if name == "t":
                self.atom(child, child.text or "")
            elif name in _CHARACTERS:
                self.atom(child, _CHARACTERS[name])
            elif name == "br":
                self.line_break(child)
            elif name == "lastRenderedPageBreak":
                self.page()
            elif name in _PICTURES:
                self.boxes += text_boxes(child)
            elif name not in _SILENT:
                self.inline(child)

    def line_break(self, node: Element) -> None:
        if attribute(node, "type") == "page":
            self.atom(node, "\f")
            self.page()
        else:
            self.atom(node, "\n")

    def atom(self, node: Element, value: str) -> None:
        if value:
            self.atoms.append(Atom(self.length, self.length + len(value), node, value))
            self.emit(value)

    def emit(self, chunk: str) -> None:
        self.chunks.append(chunk)
        self.length += len(chunk)

    def page(self) -> None:
        """Begin a page here, unless nothing was said since the last one began.

        A page break somebody typed is followed by the one that Word noted when it last drew the page.
        """
        at, since = self.length, 0
        for chunk in reversed(self.chunks):
            if at <= self.pages[-1] or since:
                break
            at -= len(chunk)
            since += len(chunk.strip())
        if since:
            self.pages.append(self.length)
        elif len(self.pages) > 1:
            self.pages[-1] = self.length


def _is_on(flag: Element | None) -> bool:
    return flag is not None and attribute(flag, "val") not in {"0", "false", "off"}


def _section_kind(section: Element) -> str:
    kind = next((child for child in section if local(child) == "type"), None)
    return "nextPage" if kind is None else str(attribute(kind, "val"))


def is_deleted_row(row: Element) -> bool:
    """Tell whether a tracked change deletes a table row."""
    return any(local(mark) in _DELETED for child in row if local(child) == "trPr" for mark in child)


def _cells(row: Element) -> Iterator[Element]:
    for child in row:
        if local(child) == "tc":
            yield child
        elif local(child) not in _SILENT:
            yield from _cells(child)


def text_boxes(node: Element) -> list[Element]:
    """Return the text boxes under *node*, each once (a fallback repeats its words)."""
    found = []
    for child in node:
        if local(child) == "txbxContent":
            found.append(child)
        elif local(child) != "Fallback":
            found += text_boxes(child)
    return found


def _names(archive: Archive) -> set[str]:
    """Return the people named in properties, comments and tracked changes."""
    found: set[str] = set()
    for part, data in archive.parts.items():
        kind = archive.kinds[part]
        if kind.endswith(("core-properties+xml", "people+xml")) or part in archive.trees:
            tree = archive.trees[part] if part in archive.trees else parsed(data)
            for node in tree.iter():
                if local(node) in {"creator", "lastModifiedBy"} and node.text:
                    found.add(node.text.strip())
                found.add((attribute(node, "author") or "").strip())
    return found - {"", "python-docx", "Author", "Unknown"}


def _notes(archive: Archive) -> Iterator[str]:
    nodes = [local(node) for tree in archive.trees.values() for node in tree.iter()]
    pictures = sum(name in _PICTURES for name in nodes)
    if pictures:
        yield f"pictures and drawn objects: {pictures}, not read and not in the clean file"
    deleted = sum(name in _DELETED for name in nodes)
    if deleted:
        yield f"tracked deletions: {deleted}, not read and not in the clean file"


def replaced(word: WordText, edits: Sequence[tuple[Span, str]], id: str) -> None:
    """Carry replacements into the document's elements, styles kept.

    A replacement goes into the first run that it touches. Raises SpanError where one runs over the end of a
    table cell or of a part of the document.
    """
    starts = [atom.start for atom in word.atoms]
    for span, new in reversed(edits):
        first = max(0, bisect_right(starts, span.start) - 1)
        touched = []
        for atom in word.atoms[first:]:
            if atom.start >= span.end:
                break
            if span.start < atom.end:
                touched.append(atom)
        if not touched:
            raise SpanError(f"the replacement at {span.start} in {id} touches no words")
        for atom in touched:
            lo, hi = max(span.start, atom.start) - atom.start, min(span.end, atom.end) - atom.start
            atom.value = atom.value[:lo] + (new if atom is touched[0] else "") + atom.value[hi:]
        _join_paragraphs(word, span, id)
    for atom in word.atoms:
        _settle(atom)


def _join_paragraphs(word: WordText, span: Span, id: str) -> None:
    """Take the line ends that a replacement covers away by joining the paragraphs around them."""
    covered = [p for p in range(span.start, span.end) if word.text[p] in "\n\t" and not _in_atom(word, p)]
    for position in reversed(covered):
        here = word.ends.get(position)
        after = None if here is None else here.getnext()
        if here is None or after is None or local(after) != "p":
            raise SpanError(
                f"the replacement at {span.start} in {id} runs over the end of a table cell or part"
            )
        for child in list(after):
            if local(child) != "pPr":
                here.append(child)
        after.getparent().remove(after)


def _in_atom(word: WordText, position: int) -> bool:
    i = bisect_right([atom.start for atom in word.atoms], position) - 1
    return i >= 0 and position < word.atoms[i].end


def _settle(atom: Atom) -> None:
    """Write an atom's value into its element."""
    node = atom.node
    if local(node) == "t":
        if (node.text or "") != atom.value:
            node.text = atom.value
            node.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    elif not atom.value:
        node.getparent().remove(node)
    elif len(atom.value) > 1 or atom.value not in "\t\n\f-":
        node.tag = node.tag.rpartition("}")[0] + "}t"
        node.attrib.clear()
        node.text = atom.value
        node.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
