"""Gold: transcripts in which people have marked every identifier, and the themes of each coded turn.

The markup stands in the text and comes off without a trace:

    [[LABEL:id|surface]]              an identifier; one id for all mentions of the same entity in a file
    {{code: theme[, theme]}}          on a line of its own after a turn: the themes a coder gave it
    {{quote: theme | words}}          likewise: words of the turn worth quoting for that theme
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from svp_nlp.errors import GoldError
from svp_nlp.model import Finding, Flow, Label, Span, Transcript, Turn
from svp_nlp.reading import read, read_text
from svp_nlp.reading.references import resolved

SUFFIXES = (".txt", ".vtt", ".srt")

_MENTION = re.compile(r"\[\[([^\[\]|:\r\n]*):([^\[\]|:\r\n]*)\|([^\[\]|\r\n]*)\]\]")
_CODE = re.compile(r"\{\{code:\s*(?P<themes>[^{}|]+?)\s*\}\}\s*")
_QUOTE = re.compile(r"\{\{quote:\s*(?P<theme>[^{}|]+?)\s*\|(?P<words>.+)\}\}\s*")
_SRT_CUE = re.compile(r"^\s*(?:\d+\s*\n)?\d\d:\d\d:\d\d,\d{3} --> ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mention:
    """One marked identifier: where it stands in the raw text, what it is, which entity it names."""

    span: Span
    label: Label
    entity: str


@dataclass(frozen=True, slots=True)
class Coding:
    """The themes a coder gave the turn that ends at ``end`` (code points into the raw text)."""

    end: int
    themes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuoteMark:
    """Words worth quoting for a theme: their pieces in the raw text."""

    theme: str
    pieces: tuple[Span, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GoldTranscript:
    """A raw transcript and what people marked in it; ``id`` is the file's stem."""

    id: str
    transcript: Transcript
    mentions: tuple[Mention, ...] = field(default=(), repr=False)
    codes: tuple[Coding, ...] = field(default=(), repr=False)
    quotes: tuple[QuoteMark, ...] = field(default=(), repr=False)

    def coded_turns(self) -> dict[int, tuple[str, ...]]:
        """Return the themes of each coded turn by the turn's index."""
        found: dict[int, tuple[str, ...]] = {}
        for coding in self.codes:
            turn = turn_ending_at(self.transcript, coding.end)
            found[turn.index] = found.get(turn.index, ()) + coding.themes
        return found


@dataclass(frozen=True, slots=True)
class _Marked:
    """Gold taken apart: the raw text, and the marks with the line of the gold file each stands in."""

    raw: str = field(repr=False)
    mentions: tuple[Mention, ...] = field(repr=False)
    codes: tuple[tuple[int, Coding], ...] = field(repr=False)
    quotes: tuple[tuple[int, int, str, str], ...] = field(repr=False)  # line, turn's end, theme, words


def load_gold(folder: Path, *, themes: Collection[str] | None = None) -> tuple[GoldTranscript, ...]:
    """Read a gold set.

    *folder* holds ``gold/`` (and ``raw/``, then each raw text must equal its gold without the markup), or is
    itself the folder of gold files. Theme ids are checked against *themes*, or against ``codebook.yaml`` of
    the set where there is one. Raises GoldError with file and line.
    """
    folder = Path(folder)
    home = folder / "gold" if (folder / "gold").is_dir() else folder
    files = _gold_files(home)
    raw = _raw_files(home.parent / "raw")
    known = _known_themes(home.parent) if themes is None else frozenset(themes)
    return tuple(_load(file, raw.get(file.stem), known) for file in files)


def marked_by_hand(folder: Path) -> list[tuple[str, Transcript, tuple[Finding, ...]]]:
    """Read transcripts of a study that people marked: file name, transcript without the marks, the marks.

    Raises GoldError as `load_gold` does.
    """
    return [
        (one.id, one.transcript, tuple(Finding(m.span, m.label, 1.0, "", ("hand",)) for m in one.mentions))
        for one in load_gold(folder)
    ]


def turn_ending_at(transcript: Transcript, end: int) -> Turn:
    """Return the last turn that begins before *end*; raises GoldError where there is none."""
    before = [turn for turn in transcript.turns if turn.span.start < end]
    if not before:
        raise GoldError(f"{transcript.id}: no turn ends at position {end}, a coded turn was expected there")
    return before[-1]


def _gold_files(home: Path) -> list[Path]:
    if not home.is_dir():
        raise GoldError(f'gold folder "{home.name}" not found, a folder with marked transcripts was expected')
    files = sorted(p for p in home.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not files:
        raise GoldError(f'no gold files in "{home.name}"; expected {", ".join(SUFFIXES)}')
    _one_per_stem(files)
    return files


def _raw_files(home: Path) -> dict[str, Path]:
    if not home.is_dir():
        return {}
    files = sorted(p for p in home.iterdir() if p.is_file() and not p.name.startswith("."))
    return _one_per_stem(files)


def _one_per_stem(files: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in files:
        if file.stem in found:
            raise GoldError(f"{found[file.stem].name} and {file.name} have one id; expected one file an id")
        found[file.stem] = file
    return found


def _known_themes(home: Path) -> frozenset[str] | None:
    """Return the theme ids of the set's codebook, or None where it has none."""
    file = home / "codebook.yaml"
    if not file.is_file():
        return None
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        return frozenset(theme["id"] for domain in data["domains"] for theme in domain["themes"])
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise GoldError(
            "codebook.yaml: not a codebook; expected domains with themes and their ids"
        ) from error


def _load(file: Path, raw: Path | None, known: Collection[str] | None) -> GoldTranscript:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GoldError(f"{file.name}: not UTF-8 at byte {error.start}; gold files are UTF-8") from error
    suffix = _format_of(file, text) if raw is None else raw.suffix.lower().removeprefix(".")
    if suffix in ("vtt", "srt"):
        text = resolved(text)[0]  # as `read` does, so that marks point into the text it returns
    marked = _take_apart(text, file.name, known)
    transcript = _transcript(marked.raw, file, raw)
    codes = tuple(coding for _, coding in marked.codes)
    for line, coding in marked.codes:
        _turn_for(transcript, coding.end, f"{file.name}:{line}")
    quotes = tuple(_quote(transcript, quote, file.name) for quote in marked.quotes)
    return GoldTranscript(file.stem, transcript, marked.mentions, codes, quotes)


def _transcript(text: str, file: Path, raw: Path | None) -> Transcript:
    if raw is None:
        return read_text(text, id=file.stem, format=_format_of(file, text))
    transcript = read(raw, id=file.stem)
    if transcript.text != text:
        both = enumerate(zip(transcript.text, text, strict=False))
        at = next((i for i, (a, b) in both if a != b), min(len(text), len(transcript)))
        line = text.count("\n", 0, at) + 1
        raise GoldError(
            f"{file.name}: differs from {raw.name} at position {at} (line {line} of the raw text)",
            hint="gold without its markup must be the raw text, character by character",
        )
    return transcript


def _format_of(file: Path, text: str) -> str:
    if file.suffix.lower() != ".txt":
        return file.suffix.lower().removeprefix(".")
    if text.lstrip("\ufeff").startswith("WEBVTT"):
        return "vtt"
    return "srt" if _SRT_CUE.match(text.replace("\r\n", "\n")) else "txt"


def _take_apart(text: str, name: str, known: Collection[str] | None) -> _Marked:
    """Take the markup off, line by line (only ``\\n`` ends a line; a form feed is text)."""
    parts: list[str] = []
    mentions: list[Mention] = []
    codes: list[tuple[int, Coding]] = []
    quotes: list[tuple[int, int, str, str]] = []
    at = end = 0  # end: where the last line of speech ends
    for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+$", text), start=1):
        where = f"{name}:{number}"
        if "{{" in line or "}}" in line:
            if not end:
                raise GoldError(f"{where}: code line before any turn")
            code, quote = _code_line(line, where, known)
            if code:
                codes.append((number, Coding(end, code)))
            else:
                quotes.append((number, end, *quote))
            continue
        bare, found = _mentions(line, where, at)
        parts.append(bare)
        mentions += found
        if bare.strip():
            end = at + len(bare.rstrip())
        at += len(bare)
    return _Marked("".join(parts), tuple(mentions), tuple(codes), tuple(quotes))


def _code_line(
    line: str, where: str, known: Collection[str] | None
) -> tuple[tuple[str, ...], tuple[str, str]]:
    """Return (themes, ()) of a code line or ((), (theme, words)) of a quote line."""
    code, quote = _CODE.fullmatch(line), _QUOTE.fullmatch(line)
    if quote:
        theme = quote["theme"]
        _check_themes((theme,), where, known)
        return (), (theme, _mentions(quote["words"], where, 0)[0])
    if not code:
        raise GoldError(
            f"{where}: malformed code line; "
            "expected {{code: THEME[, THEME]}} or {{quote: THEME | words}} on a line of its own"
        )
    themes = tuple(theme.strip() for theme in code["themes"].split(","))
    _check_themes(themes, where, known)
    return themes, ("", "")


def _check_themes(themes: Sequence[str], where: str, known: Collection[str] | None) -> None:
    if len(set(themes)) < len(themes):
        raise GoldError(f"{where}: a theme stands twice on one line")
    for theme in themes:
        if not theme:
            raise GoldError(f"{where}: an empty theme id between commas")
        if known is not None and theme not in known:
            raise GoldError(f'{where}: unknown theme "{theme}"; themes: {", ".join(sorted(known))}')


def _mentions(line: str, where: str, offset: int) -> tuple[str, list[Mention]]:
    """Return *line* without identifier markup, and its mentions at their places in the raw text."""
    parts: list[str] = []
    found: list[Mention] = []
    at, length = 0, 0
    for match in _matches(line, where):
        parts += (line[at : match.start()], match[3])
        start = offset + length + match.start() - at
        found.append(Mention(Span(start, start + len(match[3])), _label(match[1], where), match[2]))
        length += match.start() - at + len(match[3])
        at = match.end()
    parts.append(line[at:])
    return "".join(parts), found


def _matches(line: str, where: str) -> Iterator[re.Match[str]]:
    """Yield the marks of a line; everything that looks like markup must be some."""
    at = 0
    while (start := line.find("[[", at)) >= 0:
        _nothing_closed(line, at, start, where)
        match = _MENTION.match(line, start)
        if match is None:
            raise _fault(where, start, _what_is_wrong(line, start))
        if not match[2]:
            raise _fault(where, start, "the entity id is empty")
        if not any(c.isalnum() for c in match[3]):
            raise _fault(where, start, "no letter or digit is marked")
        yield match
        at = match.end()
    _nothing_closed(line, at, len(line), where)


def _nothing_closed(line: str, start: int, end: int, where: str) -> None:
    stray = line.find("]]", start, end)
    if stray >= 0:
        raise _fault(where, stray, '"]]" closes nothing')


def _what_is_wrong(line: str, start: int) -> str:
    close, inner = line.find("]]", start), line.find("[[", start + 2)
    if close < 0:
        return "markup is not closed on its line"
    return "nested markup" if 0 <= inner < close else "malformed markup"


def _fault(where: str, column: int, what: str) -> GoldError:
    return GoldError(f"{where}, column {column + 1}: {what}; expected [[LABEL:id|surface]]")


def _label(name: str, where: str) -> Label:
    if name not in Label.__members__:  # not shown: who mistakes the order puts a name there
        raise GoldError(f"{where}: unknown label; labels: {', '.join(Label)}")
    return Label(name)


def _turn_for(transcript: Transcript, end: int, where: str) -> Turn:
    try:
        return turn_ending_at(transcript, end)
    except GoldError as error:
        raise GoldError(f"{where}: code line before any turn") from error


def _quote(transcript: Transcript, quote: tuple[int, int, str, str], name: str) -> QuoteMark:
    line, end, theme, words = quote
    turn = _turn_for(transcript, end, f"{name}:{line}")
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    # The turn itself first; a reader may have cut one turn in two, so then those before it, nearest first.
    for candidate in reversed(transcript.turns[: turn.index + 1]):
        flow = Flow.of(transcript, candidate.speech)
        match = re.search(pattern, flow.text)
        if match:
            return QuoteMark(theme, flow.to_source(Span(*match.span())))
    raise GoldError(f"{name}:{line}: the quote does not stand verbatim in a turn above it")


def load_second_coder(file: Path) -> dict[tuple[str, int], frozenset[str]]:
    """Read what a second coder gave: CSV with the columns file, turn_index (from 0), codes (``;`` between).

    A turn with empty codes was read and no theme applies; a turn that is not listed was not read. Raises
    GoldError with the line.
    """
    found: dict[tuple[str, int], frozenset[str]] = {}
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        if not {"file", "turn_index", "codes"} <= set(rows.fieldnames or ()):
            raise GoldError(f"{file.name}: columns file, turn_index and codes were expected")
        for row in rows:
            where = f"{file.name}:{rows.line_num}"
            if not (row["turn_index"] or "").isdecimal():
                raise GoldError(f"{where}: turn_index is no number")
            key = row["file"], int(row["turn_index"])
            if key in found:
                raise GoldError(f"{where}: the turn stands twice")
            found[key] = frozenset(code.strip() for code in (row["codes"] or "").split(";") if code.strip())
    return found
