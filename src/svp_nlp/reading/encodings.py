"""Bytes to text and back, with the encoding found out and remembered."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from svp_nlp.errors import ReadError

# UTF-32 LE begins like UTF-16 LE, so it must be tried before it.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TEXT_CONTROLS = frozenset(b"\t\n\v\f\r\x1b\x1a")
_WIDE_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}")
_HINT_BINARY = "save the transcript as .txt, .docx or .pdf with the program it was written in"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and how its bytes were read; ``text`` leaves the byte order mark out."""

    text: str = field(repr=False)
    encoding: str
    bom: bool
    notes: tuple[str, ...] = ()


def decode(data: bytes, *, name: str, encoding: str | None = None) -> Decoded:
    """Decode *data* exactly, newlines included.

    Tried in this order: the encoding given; a byte order mark; UTF-16 by its zero bytes; strict UTF-8;
    Windows-1252; at last the best guess of charset-normalizer. Raises ReadError for bytes that are no text
    or do not fit the encoding given; *name* stands for the file in the message.
    """
    bom, found = _byte_order_mark(data)
    if encoding is not None:
        return _as_told(data, name, encoding)
    if found is not None:
        return _strict(data[len(bom) :], name, found, bom=True)
    wide = _wide(data)
    if wide is not None:
        return _strict(data, name, wide, bom=False)
    _refuse_binary(data, name)
    try:
        return Decoded(data.decode("utf-8"), "utf-8", False)
    except UnicodeDecodeError as error:
        _refuse_torn(data, name, error.start)
        return _legacy(data, name)


def encode(text: str, encoding: str, *, bom: bool) -> bytes:
    """Encode *text* so that `decode` gives exactly it back.

    The encoding asked for is kept when it can say everything and would be recognised again; otherwise the
    bytes are UTF-8 with a byte order mark.
    """
    mark = {name: mark for mark, name in _BOMS}.get(encoding, b"") if bom else b""
    try:
        data = mark + text.encode(encoding)
        if decode(data, name="").text == text:
            return data
    except (UnicodeEncodeError, ReadError):
        pass
    return codecs.BOM_UTF8 + text.encode("utf-8")


def _byte_order_mark(data: bytes) -> tuple[bytes, str | None]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return mark, encoding
    return b"", None


def _as_told(data: bytes, name: str, encoding: str) -> Decoded:
    try:
        canonical = codecs.lookup(encoding).name
    except LookupError as error:
        raise ReadError(
            f"there is no encoding called {encoding!r}",
            hint='use a name such as "utf-8", "utf-16" or "cp1252"',
        ) from error
    bom, found = _byte_order_mark(data)
    if found is not None and canonical in {found, "utf-8-sig", "utf-16", "utf-32"}:
        return _strict(data[len(bom) :], name, found, bom=True)
    return _strict(
        data, name, {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(canonical, canonical), bom=False
    )


def _strict(data: bytes, name: str, encoding: str, *, bom: bool) -> Decoded:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ReadError(
            f"{name} is not {encoding} text: byte {error.start} does not fit",
            hint="leave the encoding out to have it found, or save the file as UTF-8 in an editor",
        ) from None
    return Decoded(text, encoding, bom)


def _wide(data: bytes) -> str | None:
    """Recognise UTF-16 without a byte order mark: every second byte of western text is zero."""
    sample = data[: 4096 // 2 * 2]
    if len(sample) < 4 or len(data) % 2:
        return None
    even, odd = sample[0::2].count(0) * 2 / len(sample), sample[1::2].count(0) * 2 / len(sample)
    if odd > 0.6 and even < 0.05:
        return "utf-16-le"
    if even > 0.6 and odd < 0.05:
        return "utf-16-be"
    return None


def _refuse_binary(data: bytes, name: str) -> None:
    if data.startswith(b"PK\x03\x04"):
        raise ReadError(
            f"{name} is a zip archive, not text", hint="if it is a Word file, give it the suffix .docx"
        )
    if data.startswith(b"%PDF-"):
        raise ReadError(f"{name} is a PDF, not text", hint="give it the suffix .pdf")
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in data[:65536])
    if 0 in data or controls > len(data[:65536]) / 100:
        raise ReadError(f"{name} is a binary file, not text", hint=_HINT_BINARY)


def _refuse_torn(data: bytes, name: str, at: int) -> None:
    """Refuse UTF-8 with a few bytes that do not fit: as Windows-1252 every accent in it would be wrong."""
    whole = len(_WIDE_CHARACTER.findall(data))
    stray = sum(byte > 127 for byte in _WIDE_CHARACTER.sub(b"", data))
    if whole >= 3 and whole >= 4 * stray:
        raise ReadError(
            f"{name} is UTF-8 text with damaged places: byte {at} does not fit",
            hint="open it in an editor, mend the place, and save it as UTF-8; or name its encoding",
        )


def _legacy(data: bytes, name: str) -> Decoded:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return _guess(data, name)
    return Decoded(text, "cp1252", False, ("not UTF-8; read as Windows-1252",))


def _guess(data: bytes, name: str) -> Decoded:
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None:
        raise ReadError(f"{name} is a binary file, not text", hint=_HINT_BINARY)
    note = f"not UTF-8 or Windows-1252; guessed {best.encoding}"
    return Decoded(data.decode(best.encoding), best.encoding, False, (note,))
