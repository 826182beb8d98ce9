"""What a clean Word document may still hold: its words, its styles, and nothing about anybody.

Only parts known to be harmless are kept. Pictures, embedded files, properties, templates, links and the
names of those who commented or changed something go, whatever was found in the text.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from posixpath import dirname, join, normpath
from typing import Any

from svp_nlp.model import Span
from svp_nlp.reading.word import (
    Archive,
    Element,
    attribute,
    is_deleted_row,
    local,
    parsed,
    replaced,
    text_boxes,
    word_text,
)

_KEPT_KINDS = (
    "document.main+xml",
    "styles+xml",
    "stylesWithEffects+xml",
    "settings+xml",
    "webSettings+xml",
    "fontTable+xml",
    "numbering+xml",
    "theme+xml",
    "header+xml",
    "footer+xml",
    "footnotes+xml",
    "endnotes+xml",
    "comments+xml",
)
_DRAWN_KINDS = ("styles+xml", "stylesWithEffects+xml", "webSettings+xml", "fontTable+xml", "theme+xml")
_STYLE_USES = frozenset(
    {
        "pStyle",
        "rStyle",
        "tblStyle",
        "basedOn",
        "next",
        "link",
        "styleLink",
        "numStyleLink",
        "clickAndTypeStyle",
    }
)
_TYPES, _ROOT_RELS, _CORE = "[Content_Types].xml", "_rels/.rels", "docProps/core.xml"
_MAIN_KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_CORE_KIND = "application/vnd.openxmlformats-package.core-properties+xml"
_RELS_KIND = "application/vnd.openxmlformats-package.relationships+xml"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_EMPTY_CORE = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cp:coreProperties xmlns:cp="http://schemas.'
    b'openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    b"<dc:title></dc:title><dc:creator></dc:creator><cp:lastModifiedBy></cp:lastModifiedBy></cp:coreProperties>"
)
_REMOVED = frozenset(
    {
        "del",
        "moveFrom",
        "delText",
        "delInstrText",
        "Fallback",
        "ffData",
        "altChunk",
        "rsids",
        "attachedTemplate",
    }
    | {
        "mailMerge",
        "docVars",
        "docId",
        "writeProtection",
        "hlinkClick",
        "hlinkHover",
        "dataBinding",
        "bookmarkStart",
    }
    | {
        "bookmarkEnd",
        "moveFromRangeStart",
        "moveFromRangeEnd",
        "moveToRangeStart",
        "moveToRangeEnd",
        "permStart",
    }
    | {
        "permEnd",
        "pic",
        "numPicBullet",
        "lvlPicBulletId",
        "tblCaption",
        "tblDescription",
        "imagedata",
        "OLEObject",
        "control",
        "movie",
        "contentPart",
    }
)
_DROPPED_ATTRIBUTES = frozenset(
    {"initials", "date", "dateUtc", "descr", "title", "alt", "href", "gfxdata", "userId"}
)
_OBJECT_NAMES = frozenset({"docPr", "cNvPr"})
_DATES = frozenset({"ins", "del", "moveTo", "moveFrom", "comment", "cellIns", "cellDel", "cellMerge"})
_HARMLESS_FIELDS = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES|SECTION|SEQ)\b", re.IGNORECASE)
_MOMENT = (1980, 1, 1, 0, 0, 0)


def clean_docx(archive: Archive, edits: Sequence[tuple[Span, str]], id: str) -> bytes:
    """Return the document with *edits* carried out and everything else that names people taken out.

    *edits* are spans of the extracted text and their replacements, in order. Raises SpanError for an edit
    that the document cannot carry.
    """
    replaced(word_text(archive, id), edits, id)
    kept = [
        part for part, kind in archive.kinds.items() if kind.endswith(_KEPT_KINDS) or part == archive.main
    ]
    trees = {p: archive.trees[p] if p in archive.trees else parsed(archive.parts[p]) for p in kept}
    renamed_styles(trees.values())
    out: dict[str, bytes] = {}
    for part, tree in trees.items():
        links = _kept_links(archive, part, set(kept))
        if archive.kinds[part].endswith(_DRAWN_KINDS):
            _cut_links(tree, set(links))
        else:
            scrubbed(tree, set(links))
        out[part] = _xml(tree)
        if links:
            out[join(dirname(part), "_rels", part.rpartition("/")[2] + ".rels")] = _xml(_relations(links))
    out[_CORE] = _EMPTY_CORE
    root = {
        "rId1": (f"{_OFFICE}/officeDocument", archive.main),
        "rId2": (f"{_RELS}/metadata/core-properties", _CORE),
    }
    head = {_TYPES: _xml(_types(archive, kept)), _ROOT_RELS: _xml(_relations(root))}
    return _zipped(head | out)


def scrubbed(tree: Element, links: set[str]) -> None:
    """Take out of a part what is not its words: authors, links, pictures, field codes, deleted text.

    *links* are the relationships that stay.
    """
    _drop_fields(tree)
    for node in list(tree.iter()):
        name = local(node)
        goes = name in _REMOVED or name.endswith("Change") or (name == "tr" and is_deleted_row(node))
        if goes or _is_bare_drawing(node) or _dangles(node, links):
            _remove(node)
        elif name in {"hyperlink", "fldSimple", "smartTag", "customXml"}:
            _unwrap(node)
        elif name == "lvlText":
            _scrub_numbering(node)
        elif name == "sdtPr":
            for child in list(node):
                node.remove(child)
        else:
            _scrub_attributes(node, links)


def _cut_links(tree: Element, links: set[str]) -> None:
    """Take what leads elsewhere out of a part that only says how things look (embedded fonts, pictures)."""
    for node in tree.xpath("//*[@*[contains(namespace-uri(), '/relationships')] or local-name() = 'rsid']"):
        if local(node) == "rsid" or _dangles(node, links):
            _remove(node)


def renamed_styles(trees: Iterable[Element]) -> None:
    """Give the styles that people made plain names: they may be called after whom they were made for."""
    trees = list(trees)
    made = [
        style
        for tree in trees
        for style in tree.iterchildren("{*}style")
        if _is_on(attribute(style, "customStyle"))
    ]
    plain = {attribute(style, "styleId"): f"Custom{n}" for n, style in enumerate(made, 1)}
    for style in made:
        _set(style, "styleId", plain[attribute(style, "styleId")])
        for child in list(style):
            if local(child) == "name":
                _set(child, "val", str(attribute(style, "styleId")))
            elif local(child) == "aliases":
                style.remove(child)
    for tree in trees if plain else []:
        for node in tree.iter(*(f"{{*}}{use}" for use in _STYLE_USES)):
            if attribute(node, "val") in plain:
                _set(node, "val", plain[attribute(node, "val")])


def _is_on(flag: str | None) -> bool:
    return flag is not None and flag not in {"0", "false", "off"}


def _set(node: Element, name: str, value: str) -> None:
    """Set the attribute with this local name."""
    for key in node.attrib:
        if key.rpartition("}")[2] == name:
            node.set(key, value)


def _scrub_attributes(node: Element, links: set[str]) -> None:
    for key in list(node.attrib):
        space, _, name = key.rpartition("}")
        if name.startswith("rsid") or (space.endswith("/relationships") and node.get(key) not in links):
            del node.attrib[key]
        elif name == "author" or (name == "name" and local(node) in _OBJECT_NAMES):
            node.set(key, "")
        elif name in _DROPPED_ATTRIBUTES and (name != "date" or local(node) in _DATES):
            del node.attrib[key]


def _scrub_numbering(node: Element) -> None:
    """Take the words out of a numbering's pattern: "RM:" can be a number format, too."""
    _set(node, "val", re.sub(r"[^\W\d_]{2,}\s*", "", attribute(node, "val") or ""))


def _is_bare_drawing(node: Element) -> bool:
    return local(node) in {"drawing", "pict", "object"} and not text_boxes(node)


def _dangles(node: Element, links: set[str]) -> bool:
    """Tell whether an element without words only points to something that is not kept."""
    for key, value in node.attrib.items():
        if key.rpartition("}")[0].endswith("/relationships") and value not in links:
            return not any(local(inner) == "t" for inner in node.iter())
    return False


def _drop_fields(tree: Element) -> None:
    """Take the codes of fields out and leave what they show; page numbers stay fields."""
    stack: list[list[Element]] = []
    for node in list(tree.iter()):
        if local(node) == "instrText" and stack:
            stack[-1].append(node)
        elif local(node) == "instrText":
            _remove(node)
        elif local(node) == "fldChar":
            kind = attribute(node, "fldCharType")
            if kind == "begin":
                stack.append([])
            if not stack:
                _remove(node)
                continue
            stack[-1].append(node)
            if kind == "end":
                _drop_field(stack.pop())
    for field in stack:
        _drop_field(field)


def _drop_field(nodes: Sequence[Element]) -> None:
    code = "".join(node.text or "" for node in nodes if local(node) == "instrText")
    if not _HARMLESS_FIELDS.match(code):
        for node in nodes:
            _remove(node)


def _remove(node: Element) -> None:
    """Take an element out of its parent; a part's root stays."""
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def _unwrap(node: Element) -> None:
    """Put an element's children in its place."""
    parent = node.getparent()
    if parent is None:
        return
    at = parent.index(node)
    for child in reversed(list(node)):
        if not local(child).endswith("Pr"):
            parent.insert(at, child)
    parent.remove(node)


def _kept_links(archive: Archive, part: str, kept: set[str]) -> dict[str, tuple[str, str]]:
    """Return the relationships of a part that lead to kept parts: id -> (type, target)."""
    rels = join(dirname(part), "_rels", part.rpartition("/")[2] + ".rels")
    if rels not in archive.parts:
        return {}
    links = {}
    for node in parsed(archive.parts[rels]):
        target = str(node.get("Target"))
        inside = normpath(target.lstrip("/") if target.startswith("/") else join(dirname(part), target))
        if node.get("TargetMode") != "External" and inside in kept:
            links[str(node.get("Id"))] = (str(node.get("Type")), target)
    return links


def _relations(links: Mapping[str, tuple[str, str]]) -> Element:
    from lxml import etree

    root = etree.Element(f"{{{_RELS}}}Relationships", nsmap={None: _RELS})
    for id, (kind, target) in links.items():
        etree.SubElement(root, f"{{{_RELS}}}Relationship", Id=id, Type=kind, Target=target)
    return root


def _types(archive: Archive, kept: Sequence[str]) -> Element:
    from lxml import etree

    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    root = etree.Element(f"{{{space}}}Types", nsmap={None: space})
    etree.SubElement(root, f"{{{space}}}Default", Extension="rels", ContentType=_RELS_KIND)
    etree.SubElement(root, f"{{{space}}}Default", Extension="xml", ContentType="application/xml")
    kinds = {part: archive.kinds[part] for part in kept} | {archive.main: _MAIN_KIND, _CORE: _CORE_KIND}
    for part, kind in kinds.items():
        etree.SubElement(root, f"{{{space}}}Override", PartName=f"/{part}", ContentType=kind)
    return root


def _xml(tree: Element) -> bytes:
    from lxml import etree

    written: Any = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
    return bytes(written)


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    """Pack parts into a zip archive that tells no time and no machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            info = zipfile.ZipInfo(part, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()
