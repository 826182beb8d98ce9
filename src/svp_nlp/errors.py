"""Every error svp-nlp raises on purpose.

A message says what is wrong, where, and what was expected; `hint` says what to do next. Neither ever
holds transcript text: a traceback gets mailed, a transcript must not.
"""

from __future__ import annotations


class SvpError(Exception):
    """A problem the user can mend; printed as one sentence and a hint, never as a traceback."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n\nhint: {self.hint}"


class SvpWarning(UserWarning):
    """Something a person should know beside a result; holds no transcript text either."""


class ReadError(SvpError):
    """A source that cannot be read as a transcript."""


class SpanError(SvpError):
    """A position that does not fit the text it is said to point into."""


class RosterError(SvpError):
    """A study roster that cannot be used as it is."""


class CodebookError(SvpError):
    """A codebook that cannot be used as it is."""


class SettingsError(SvpError):
    """A setting that does not exist or has a value it cannot have."""


class ModelError(SvpError):
    """A model that is missing, damaged, or not the pinned one."""


class StudyError(SvpError):
    """A study folder in a state that does not allow what was asked."""


class LeakError(SvpError):
    """Identifiers are left on the clean side."""


class GoldError(SvpError):
    """Gold markup that cannot be scored."""


class ReviewError(SvpError):
    """A decision, or a file of decisions, that cannot be used as it is."""
