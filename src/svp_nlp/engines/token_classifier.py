"""A small token classifier as a witness: it reads words and their company, never capitals.

MiniLM with one linear layer, int8, run by onnxruntime on one thread; the file comes with this package
(models/identifiers.md says what it was trained on and what it can do). Text is read in windows that overlap;
each word is judged in the window where it stands deepest. One window is one run, so the same text gets the
same answer whatever is read beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from svp_nlp.engines.models import shipped
from svp_nlp.engines.protocols import Analyzer, Hit
from svp_nlp.errors import ModelError
from svp_nlp.model import Label, Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MODEL = "identifiers"
"""The model's name among those that come with the package."""

WINDOW = 126
"""Word pieces read at once: as many as in training."""

STEP = 102
"""Word pieces from one window's start to the next: each piece has at least 12 others on either side."""

SEEN = 0.4
"""From this probability on a word is told of: alone below `FIRM` only beside a firmer one."""

FIRM = 0.6
"""From this probability on a word opens a hit."""

_CLS, _SEP = 101, 102
_TURN = re.compile(r"(?:(?!\n\n)[\s\S])+")

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Word:
    """A word with what the model thinks of it: ``tags`` holds a probability for each tag."""

    span: Span
    tags: Probabilities = field(repr=False)

    @property
    def score(self) -> float:
        """How probably the word identifies somebody."""
        return float(1 - self.tags[0])

    @property
    def opens(self) -> bool:
        """Whether a name rather begins here than goes on."""
        return bool(self.tags[1::2].sum() > self.tags[2::2].sum())


class TokenClassifier:
    """Finds identifiers word by word; nothing heavy is imported before the first call."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._last: tuple[str, list[Hit]] = ("", [])

    @property
    def name(self) -> str:
        """The model's name and version, e.g. "identifiers-2"."""
        return self.folder.name

    @cached_property
    def folder(self) -> Path:
        """Where the model lies; raises ModelError where the one that comes with the package is damaged."""
        return self._folder or shipped(MODEL)

    def __call__(self, text: str) -> list[Hit]:
        """Return what the model takes for identifiers in *text*, by position; capitals make no difference."""
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
        if low != self._last[0]:  # text is read again with other capitals in it: once is enough
            self._last = (low, list(_hits(low, self.words(low))))
        return self._last[1]

    def words(self, text: str) -> list[Word]:
        """Return every word of *text* (lower case) with the probabilities of the tags."""
        ids, places = self._pieces(text)
        return list(_words(text, places, self._tags(ids))) if ids else []

    def _pieces(self, text: str) -> tuple[list[int], list[Span | None]]:
        """Return word pieces and their places; [SEP], which has none, stands between turns."""
        ids: list[int] = []
        places: list[Span | None] = []
        for turn in _TURN.finditer(text):
            if ids:
                ids.append(_SEP)
                places.append(None)
            encoded = self.tokenizer.encode(turn[0], add_special_tokens=False)
            ids += encoded.ids
            places += [Span(start, end).shifted(turn.start()) for start, end in encoded.offsets]
        return ids, places

    def _tags(self, ids: Sequence[int]) -> Probabilities:
        """Return the tags' probabilities for each piece, shape (pieces, tags)."""
        found = np.zeros((len(ids), 1 + 2 * len(Label)), dtype=np.float32)
        depth = np.full(len(ids), -1)
        for start in range(0, max(1, len(ids) - WINDOW + STEP), STEP):
            inside = np.arange(start, min(start + WINDOW, len(ids)))
            window = np.array([_CLS, *ids[start : start + WINDOW], _SEP], dtype=np.int64)
            read = self.session.run(None, {"ids": window})[0][1:-1]
            deep = _depth(inside, len(ids))
            better = inside[deep > depth[inside]]
            found[better], depth[better] = read[better - start], deep[better - start]
        return found

    @cached_property
    def session(self) -> InferenceSession:
        """The loaded model; raises ModelError when it cannot be read."""
        import onnxruntime

        onnxruntime.disable_telemetry_events()  # on Windows it would tell the system what runs
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(
                self.folder / "model.onnx", options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors share no class
            raise self._unreadable("model.onnx") from error
        if json.loads(session.get_modelmeta().custom_metadata_map.get("tags", "null")) != _tag_names():
            raise self._unreadable("model.onnx")
        return session

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer, set to neither pad nor cut."""
        from tokenizers import Tokenizer

        try:
            made = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # the library raises no class of its own
            raise self._unreadable("tokenizer.json") from error
        made.no_padding()
        made.no_truncation()
        return made

    def _unreadable(self, file: str) -> ModelError:
        return ModelError(
            f"{file} of the token classifier {self.folder.name} cannot be read", hint="install svp-nlp again"
        )


class WithClassifier:
    """An analyzer that lets the token classifier read beside another one."""

    def __init__(self, analyzer: Analyzer, classifier: TokenClassifier) -> None:
        self.analyzer = analyzer
        self.classifier = classifier

    @property
    def name(self) -> str:
        """Both names, joined by a plus sign."""
        return f"{self.analyzer.name} + {self.classifier.name}"

    def __call__(self, texts: Sequence[str]) -> list[list[Hit]]:
        """Return the hits of each text: the analyzer's, then the classifier's."""
        return [
            [*hits, *self.classifier(text)] for text, hits in zip(texts, self.analyzer(texts), strict=True)
        ]


def _tag_names() -> list[str]:
    return ["O", *(f"{part}-{label}" for label in Label for part in "BI")]


def _depth(inside: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Return how far each place is from the window's ends; an end of the text is no end."""
    before = inside - inside[0] if inside[0] else np.full(len(inside), count)
    behind = inside[-1] - inside if inside[-1] < count - 1 else np.full(len(inside), count)
    deep: npt.NDArray[Any] = np.minimum(before, behind)
    return deep


def _words(text: str, places: Sequence[Span | None], tags: Probabilities) -> Iterator[Word]:
    """Put pieces together to words (runs of letters and digits); what has neither is left out."""
    run: list[int] = []
    for number, place in enumerate(places):
        if place is None or not text[place.start : place.end].strip():
            continue
        last = places[run[-1]] if run else None
        if last and not (last.end == place.start and text[place.start - 1 : place.start + 1].isalnum()):
            yield from _word(text, places, run, tags)
            run = []
        run.append(number)
    yield from _word(text, places, run, tags)


def _word(
    text: str, places: Sequence[Span | None], run: Sequence[int], tags: Probabilities
) -> Iterator[Word]:
    ends = [place for number in run if (place := places[number])]
    if not ends:
        return
    span = Span(ends[0].start, ends[-1].end)
    if any(c.isalnum() for c in text[span.start : span.end]):
        mean = tags[list(run)].mean(axis=0)
        mean[1::2], mean[2::2] = _begun(tags[run[0]], mean)
        yield Word(span, mean)


def _begun(first: Probabilities, mean: Probabilities) -> tuple[Probabilities, Probabilities]:
    """Return the mean of each label's two tags, parted as the word's first piece parts them."""
    both = mean[1::2] + mean[2::2]
    begins, inside = first[1::2].sum(), first[2::2].sum()
    share = begins / max(begins + inside, 1e-9)
    return both * share, both * (1 - share)


def _hits(text: str, words: Sequence[Word]) -> Iterator[Hit]:
    """Join words that are probably one name to hits; one of them at least must be firm."""
    run: list[Word] = []
    for word in words:
        if run and (word.score < SEEN or word.opens or _parted(text, run[-1].span, word.span)):
            yield from _hit(run)
            run = []
        if word.score >= SEEN:
            run.append(word)
    yield from _hit(run)


def _parted(text: str, one: Span, two: Span) -> bool:
    between = text[one.end : two.start]
    return "\n" in between or len(between) > 3


def _hit(run: Sequence[Word]) -> Iterator[Hit]:
    if not run or max(word.score for word in run) < FIRM:
        return
    mass = sum((word.tags[1::2] + word.tags[2::2] for word in run), np.zeros(len(Label), np.float32))
    label = list(Label)[int(mass.argmax())]
    score = float(np.mean([word.score for word in run]))
    yield Hit(Span(run[0].span.start, run[-1].span.end), label, round(score, 3), f"classifier:{label}")
