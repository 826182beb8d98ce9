"""The one-call front doors for notebooks: `deidentify` and `suggest_codes`."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import ReadError, SvpError, SvpWarning
from svp_nlp.model import Codebook, Finding, Leak, Redacted, Status, Suggestions, Transcript
from svp_nlp.progress import Progress, silent
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from svp_nlp.redaction.ledger import Ledger
    from svp_nlp.redaction.lists import NameList
    from svp_nlp.settings import EmbeddingBackend

Sources = Path | str | Transcript | Sequence[Path | str | Transcript]


@dataclass(frozen=True)
class Deidentified:
    """What `deidentify` returns: clean transcripts, what was found, and what verification says.

    ``ledger`` is the key (real names to pseudonyms): keep it apart from the clean transcripts.
    """

    redacted: tuple[Redacted, ...] = field(repr=False)
    findings: tuple[tuple[Finding, ...], ...] = field(repr=False)
    leaks: tuple[Leak, ...] = field(repr=False)
    ledger: Ledger = field(repr=False)

    def __repr__(self) -> str:
        found = sum(map(len, self.findings))
        verdict = "clean" if self.clean else f"{len(self.leaks)} left"
        made = plural(len(self.redacted), "transcript")
        return f"Deidentified({made}, {plural(found, 'finding')}, {verdict})"

    @property
    def transcripts(self) -> Mapping[str, Transcript]:
        """The clean transcripts by id."""
        return {r.transcript.id: r.transcript for r in self.redacted}

    @property
    def clean(self) -> bool:
        """Whether verification found no known identifier left."""
        return not self.leaks

    def to_frame(self) -> Any:
        """Return the findings as a pandas DataFrame: positions, labels and scores, no text."""
        import pandas as pd

        rows = [
            {
                "transcript": redacted.transcript.id,
                "start": x.span.start,
                "end": x.span.end,
                "label": x.label.value,
                "score": x.score,
                "entity": x.entity,
                "found_by": ", ".join(x.found_by),
                "status": x.status.value,
            }
            for redacted, found in zip(self.redacted, self.findings, strict=True)
            for x in found
        ]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        counts = Counter(x.label.value for found in self.findings for x in found)
        review = sum(x.status is Status.REVIEW for found in self.findings for x in found)
        verdict = "clean" if self.clean else f"NOT CLEAN: {len(self.leaks)} left"
        rows = "".join(f"<tr><td>{label}</td><td>{n}</td></tr>" for label, n in sorted(counts.items()))
        return (
            f"<p>{plural(len(self.redacted), 'transcript')}, <strong>{verdict}</strong>; "
            f"{plural(review, 'finding waits', 'findings wait')} for a person to look at</p>"
            f"<table>{rows}</table>"
        )


def deidentify(
    sources: Sources,
    *,
    roster: Path | str | None = None,
    lists: Sequence[Path | str | NameList] = (),
    profile: str = "strict",
    progress: Progress = silent,
) -> Deidentified:
    """Find and replace every identifier in interviews, and verify it; nothing is written.

    *sources* are paths (files or folders) or transcripts (`read`, `read_text`). One entity gets one
    pseudonym over all of them. *lists* are public lists of hospitals and the like, as files or from
    `load_list`: one more witness. For a study on disk use `Study`. Raises ReadError for a source that cannot
    be read, RosterError for an unusable roster or list and ModelError when the spaCy model is not here.
    """
    from svp_nlp.engines.models import model_path
    from svp_nlp.redaction.detect import default_engine, detect
    from svp_nlp.redaction.ledger import Ledger
    from svp_nlp.redaction.lists import NameList, load_list
    from svp_nlp.redaction.profiles import profile_named
    from svp_nlp.redaction.roster import Roster, load_roster
    from svp_nlp.study.redacting import Work, conclude, counted, with_authors

    policy = profile_named(profile)
    known = Roster() if roster is None else load_roster(roster)
    transcripts = _read_all(sources)
    known = with_authors(known, transcripts)
    given = [one if isinstance(one, NameList) else load_list(one) for one in lists]
    engine = default_engine(model_path("en_core_web_md"), given)
    found = detect(transcripts, roster=known, engine=engine, progress=counted(progress))
    done = conclude(Work((), transcripts, known, ()), found, Ledger(), policy)
    return Deidentified(done.redacted, done.findings, done.leaks, done.ledger)


def _read_all(sources: Sources) -> tuple[Transcript, ...]:
    from svp_nlp.reading import find_sources, read

    many = [sources] if isinstance(sources, Path | str | Transcript) else list(sources)
    given = [source for source in many if isinstance(source, Transcript)]
    paths = [_path(source) for source in many if not isinstance(source, Transcript)]
    taken = {transcript.id for transcript in given}
    if len(taken) < len(given):
        raise SvpError("two transcripts have one id", hint='read_text(text, id="T2") names a transcript')
    free = (f"T{n}" for n in range(1, len(taken) + 10**6) if f"T{n}" not in taken)
    return (*given, *(read(path, id=next(free)) for path in (find_sources(paths) if paths else ())))


def _path(source: Path | str) -> Path:
    """Return *source* as a path; ReadError for a text given by mistake, which the message must not repeat."""
    from svp_nlp.reading.files import FORMATS

    path = Path(source)
    try:
        there = path.exists()
    except (OSError, ValueError):  # too long for a file name, or with characters that none has
        there = False
    if isinstance(source, str) and not there and path.suffix.lower().lstrip(".") not in FORMATS:
        raise ReadError(
            "a source is neither a file nor a folder", hint="for a text: deidentify(read_text(text))"
        )
    return path


def suggest_codes(
    texts: Sequence[str],
    codebook: Codebook | Path | str | None = None,
    *,
    top: int = 3,
    backend: EmbeddingBackend = "sentence-transformers",
) -> tuple[Suggestions, ...]:
    """Propose themes for texts: one ranked list each, in order; nothing is decided.

    *codebook* is a `Codebook`, a YAML file, or None for the founding study's. Each result holds ``coded``
    (the probability that a coder would code the text at all), ``abstained`` and up to *top* suggestions
    with score and reason. *backend* runs the embedding model: "onnx" gives the same suggestions sooner. Warns
    (SvpWarning) of texts in another language than English. Raises CodebookError and ModelError.
    """
    from svp_nlp.coding.codebook import founding_codebook, load_codebook
    from svp_nlp.coding.language import foreign
    from svp_nlp.coding.suggest import ThemeSuggester
    from svp_nlp.engines.embedding import open_embedder
    from svp_nlp.engines.models import model_path

    if isinstance(texts, str):
        raise SvpError("suggest_codes takes a list of texts, got one text", hint="suggest_codes([text])")
    if codebook is None:
        book = founding_codebook()
    else:
        book = codebook if isinstance(codebook, Codebook) else load_codebook(Path(codebook))
    given = list(texts)
    for remark in foreign(given):
        warnings.warn(remark, SvpWarning, stacklevel=2)
    suggester = ThemeSuggester(book, open_embedder(model_path("all-MiniLM-L6-v2"), backend))
    return suggester.suggest(given, top=top)
