"""From files to transcripts, and clean transcripts back to files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from svp_nlp.errors import ReadError, SpanError
from svp_nlp.files import write_whole
from svp_nlp.model import Redacted, Source, Transcript
from svp_nlp.reading.captions import captions_of
from svp_nlp.reading.encodings import decode, encode
from svp_nlp.reading.lines import lines_of, page_starts_of
from svp_nlp.reading.pdf import pdf_text
from svp_nlp.reading.references import as_written, left, resolved
from svp_nlp.reading.turns import talk_of
from svp_nlp.reading.word import open_archive, word_text
from svp_nlp.reading.word_clean import clean_docx

FORMATS = ("txt", "vtt", "srt", "docx", "pdf")
_LISTED = ".txt, .vtt, .srt, .docx and .pdf"
_WORD_COUSINS = frozenset({".doc", ".rtf", ".odt", ".docm", ".dotx", ".pages", ".wpd"})


def read(path: str | Path, *, id: str | None = None, encoding: str | None = None) -> Transcript:
    """Read an interview from a .txt, .vtt, .srt, .docx or .pdf file.

    *id* names the transcript everywhere later (default "T1"); it is never taken from the file name, which
    may identify. *encoding* is found out unless given. Raises ReadError for a file that is missing, empty,
    of another kind, damaged, encrypted, or without words.
    """
    path = Path(path)
    _refuse_folder(path)
    format = format_of(path)
    data = _bytes(path)
    transcript = _READERS[format](data, path.name, "T1" if id is None else id, encoding)
    return _with_path(transcript, path, data)


def read_text(text: str, *, id: str = "T1", format: str = "txt") -> Transcript:
    """Read an interview from text that is already decoded; *format* is "txt", "vtt" or "srt".

    Of captions, character references ("&#39;") stay as they are here; `read` resolves them.

    >>> transcript = read_text("Interviewer: How was it?\\n\\nRespondent: Hard.")
    >>> [(turn.role.value, transcript.said(turn)) for turn in transcript.turns]
    [('interviewer', 'How was it?'), ('respondent', 'Hard.')]
    """
    if format not in {"txt", "vtt", "srt"}:
        raise ReadError(f'text can be read as "txt", "vtt" or "srt", not as {format!r}')
    return _transcript(text, id, format, Source(), name=id)


def format_of(path: Path) -> str:
    """Return the format that a file's suffix names; raises ReadError for a suffix that is not supported."""
    suffix = path.suffix.lower()
    if suffix.lstrip(".") in FORMATS:
        return suffix.lstrip(".")
    if not path.exists():
        raise ReadError(f"there is no file {path.name}", hint="check the path and the spelling")
    what = f"a {suffix} file" if suffix else "a file without a suffix"
    hint = (
        "open it in a word processor and save it as .docx"
        if suffix in _WORD_COUSINS
        else ("save the transcript in one of these formats")
    )
    raise ReadError(f"{path.name} is {what}; transcripts are {_LISTED}", hint=hint)


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise ReadError(
            f"{path.name} is a folder, not a transcript",
            hint="name the files in it, or give the folder to a command that takes folders",
        )


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ReadError(f"there is no file {path.name}", hint="check the path and the spelling") from None
    except PermissionError:
        raise ReadError(f"{path.name} may not be read", hint="check who is allowed to open it") from None
    except OSError as error:
        raise ReadError(f"{path.name} could not be read: {error.strerror}") from None
    if not data:
        raise ReadError(f"{path.name} is empty: it holds 0 bytes", hint="export the transcript again")
    return data


def _with_path(transcript: Transcript, path: Path, data: bytes) -> Transcript:
    source = replace(transcript.source, path=path, bytes_sha256=hashlib.sha256(data).hexdigest())
    return replace(transcript, source=source)


def _transcript(text: str, id: str, format: str, source: Source, *, name: str) -> Transcript:
    if not text.strip("\ufeff\x00 \t\r\n\f\v\u200b\xa0"):
        raise ReadError(f"{name} is empty: there are no words in it", hint="export the transcript again")
    if format == "txt":
        starts = page_starts_of(text)
        talk = talk_of(text, starts)
        return Transcript(id, text, talk.turns, talk.furniture, format, starts, source)
    talk = captions_of(text, format, name)
    return Transcript(id, text, talk.turns, talk.furniture, format, (), source)


def _read_plain(format: str) -> Callable[[bytes, str, str, str | None], Transcript]:
    def reader(data: bytes, name: str, id: str, encoding: str | None) -> Transcript:
        decoded = decode(data, name=name, encoding=encoding)
        text, references = (decoded.text, ()) if format == "txt" else resolved(decoded.text)
        source = Source(
            encoding=decoded.encoding, bom=decoded.bom, notes=decoded.notes, references=references
        )
        return _transcript(text, id, format, source, name=name)

    return reader


def _read_word(data: bytes, name: str, id: str, _encoding: str | None) -> Transcript:
    word = word_text(open_archive(data, name), name)
    talk = talk_of(word.text, word.page_starts, word.body_end)
    behind = tuple(line.span.shifted(word.body_end) for line in lines_of(word.text[word.body_end :]))
    source = Source(notes=word.notes, names=word.names)
    return Transcript(id, word.text, talk.turns, talk.furniture + behind, "docx", word.page_starts, source)


def _read_pdf(data: bytes, name: str, id: str, _encoding: str | None) -> Transcript:
    pdf = pdf_text(data, name)
    starts = page_starts_of(pdf.text) or (0,)
    talk = talk_of(pdf.text, starts)
    source = Source(notes=pdf.notes, names=pdf.names)
    return Transcript(id, pdf.text, talk.turns, talk.furniture, "pdf", starts, source)


_READERS: Mapping[str, Callable[[bytes, str, str, str | None], Transcript]] = MappingProxyType(
    {format: _read_plain(format) for format in ("txt", "vtt", "srt")} | {"docx": _read_word, "pdf": _read_pdf}
)


def find_sources(paths: Sequence[str | Path]) -> tuple[Path, ...]:
    """Return the transcripts that *paths* name: files as given, folders opened, each file once.

    Folders are searched with their subfolders, sorted by name. Files of a word processor's other kinds (.doc,
    .rtf) are returned too, for `read` to refuse: they may well be interviews. What else is no transcript
    `passed_over` lists. Raises ReadError for a path that does not exist and for a folder without transcripts.
    """
    found: dict[Path, None] = {}
    for given in map(Path, paths):
        if given.is_dir():
            inside = [path for path in _in_folder(given) if _may_be_one(path)]
            if not inside:
                raise ReadError(
                    f"there are no transcripts in the folder {given.name}", hint=f"transcripts are {_LISTED}"
                )
            found |= dict.fromkeys(inside)
        elif given.exists():
            found[given] = None
        else:
            raise ReadError(
                f"there is no file or folder {given.name}", hint="check the path and the spelling"
            )
    return tuple(found)


def passed_over(paths: Sequence[str | Path]) -> tuple[Path, ...]:
    """Return the files in the folders among *paths* that `find_sources` does not take for transcripts."""
    folders = [Path(given) for given in paths if Path(given).is_dir()]
    return tuple(path for folder in folders for path in _in_folder(folder) if not _may_be_one(path))


def _in_folder(folder: Path) -> Iterator[Path]:
    """Yield the files below *folder* but hidden ones and a word processor's lock files ("~$x.docx")."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "~$")) for part in inside):
            yield path


def _may_be_one(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix.lstrip(".") in FORMATS or suffix in _WORD_COUSINS


def clean_suffix(format: str) -> str:
    """Return the suffix of the clean file: the format's own, and ".txt" for a pdf."""
    return ".txt" if format == "pdf" else f".{format}"


def write(redacted: Redacted, source: Transcript, path: Path) -> None:
    """Write the clean transcript in the layout of its source.

    Text formats keep encoding, byte order mark and line ends; a pdf becomes text with a form feed between
    pages. The file appears whole or not at all. Raises SpanError when *redacted* was not made from *source*.
    """
    if redacted.source_sha256 != source.sha256:
        raise SpanError(f"the clean text of {source.id} was made from another text than the one given")
    if source.format == "docx":
        data = _clean_word(redacted, source)
    else:
        data = encode(_as_written(redacted, source), source.source.encoding, bom=source.source.bom)
    write_whole(path, data, shared=True)


def _as_written(redacted: Redacted, source: Transcript) -> str:
    """Return the clean text with character references as the source has them; it must read the same."""
    clean = redacted.transcript
    text = as_written(clean.text, left(source.source.references, redacted))
    if source.source.references and resolved(text)[0] != clean.text:
        raise SpanError(f"the clean captions of {source.id} would be read as another text")
    return text


def _clean_word(redacted: Redacted, source: Transcript) -> bytes:
    """Return the cleaned document; it is read back and must say exactly what the clean transcript says."""
    original = source.source.path
    if original is None:
        raise SpanError(f"{source.id} was not read from a file, so there is no document to clean")
    data = _bytes(original)
    if hashlib.sha256(data).hexdigest() != source.source.bytes_sha256:
        raise SpanError(f"the document of {source.id} has changed since it was read")
    clean = redacted.transcript
    edits = [(edit.source, clean[edit.clean]) for edit in redacted.edits]
    cleaned = clean_docx(open_archive(data, source.id), edits, source.id)
    if word_text(open_archive(cleaned, source.id), source.id).text != clean.text:
        raise SpanError(f"the cleaned document of {source.id} does not say what its clean transcript says")
    return cleaned
