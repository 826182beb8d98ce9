"""svp.toml: what a study may set, checked once, then frozen."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from svp_nlp.errors import SettingsError

EmbeddingBackend = Literal["sentence-transformers", "onnx", "onnx-int8"]
"""What runs the embedding model; docs/coding.md says what each costs and whether it ranks alike."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StudySection(_Section):
    """What the study is called."""

    title: str = "Interview study"


class RedactionSection(_Section):
    """How identifiers are found and replaced; ``spacy_model`` is a pinned name or a folder.

    ``operators`` treats some labels differently from the profile: ``{PERSON = "surrogate"}``.
    """

    profile: str = "strict"
    operators: dict[str, str] = Field(default_factory=dict)
    spacy_model: str = "en_core_web_md"


class CodingSection(_Section):
    """How passages are cut, embedded and coded; ``embedding_model`` is a pinned name or a folder.

    ``embedding_backend`` runs it: "onnx" gives the same suggestions sooner, "onnx-int8" nearly so, faster.
    """

    codebook: str = ""
    embedding_model: str = "all-MiniLM-L6-v2"
    embedding_backend: EmbeddingBackend = "sentence-transformers"
    top: int = Field(default=3, ge=1, le=15)
    longest_passage: int = Field(default=220, ge=20)
    quotes_per_theme: int = Field(default=3, ge=1, le=20)


class TopicsSection(_Section):
    """How often emergent topics are tried; a topic is kept when most seeds agree on it."""

    seeds: int = Field(default=5, ge=1, le=50)


class ReviewSection(_Section):
    """Who codes and how: ``coders`` (empty: anyone), the blind first pass, where decisions are kept.

    ``database`` is a database URL that a team shares; empty means a file in the study. ``checks`` is the
    share of passages with one planted suggestion; coders are told that there are such.
    """

    coders: tuple[str, ...] = ()
    blind: bool = True
    checks: float = Field(default=0.0, ge=0.0, le=0.5)
    database: str = Field(default="", repr=False)


class Settings(_Section):
    """Everything a study may set in ``svp.toml``; every value has a default."""

    study: StudySection = StudySection()
    redaction: RedactionSection = RedactionSection()
    coding: CodingSection = CodingSection()
    topics: TopicsSection = TopicsSection()
    review: ReviewSection = ReviewSection()


TEMPLATE = """\
# Settings of this study. Every key may be left out; these are the defaults.

[study]
title = "{title}"

[redaction]
profile = "strict"                      # strict, safe_harbor, team or public
operators = {{}}                          # by label: pseudonym, mask, generalise, shift, surrogate, keep
spacy_model = "en_core_web_md"          # a pinned model (svp-nlp models list) or a folder

[coding]
codebook = ""                           # a YAML file; empty: the codebook of the founding study
embedding_model = "all-MiniLM-L6-v2"    # a pinned model or a folder
embedding_backend = "sentence-transformers"  # or onnx (the same, sooner), onnx-int8 (nearly, faster)
top = 3                                 # themes suggested for a passage
longest_passage = 220                   # words; longer turns are cut at sentence ends
quotes_per_theme = 3

[topics]
seeds = 5                               # a topic is kept when most seeds find it

[review]
coders = []                             # ids of those who may code, ["AB", "CD"]; empty: anyone
blind = true                            # coders commit their codes before suggestions open
checks = 0.0                            # share of passages with a planted suggestion; coders are told
database = ""                           # a database URL the team shares; empty: a file in coding/
"""


def load_settings(path: Path) -> Settings:
    """Read ``svp.toml``; a missing file means the defaults. Raises SettingsError naming key and file."""
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}") from None
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(_explain(path.name, error), hint="remove or mend the key and run again") from None


def _explain(file: str, error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{file}: {key}: {first['msg'].lower()}"
    known: list[str] = sorted(Settings.model_fields)
    if len(first["loc"]) > 1:
        section = Settings.model_fields[str(first["loc"][0])].annotation
        known = sorted(getattr(section, "model_fields", {}))
    return f"{file}: unknown key {key!r}; known here: {', '.join(known)}"
