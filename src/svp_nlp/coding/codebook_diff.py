"""What changed between two codebooks: ids gone, ids new, words edited. Guesses nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from svp_nlp.model import Codebook, Theme

_PARTS = ("label", "domain", "definition", "include", "exclude", "exemplars")


@dataclass(frozen=True, slots=True)
class Edited:
    """A theme that both codebooks have, and which parts of it differ ("label", "definition", ...)."""

    theme: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class CodebookDiff:
    """How a codebook differs from an older one, theme by theme, in the order of the codebooks.

    That a theme is gone and another is new does not say that one became the other: people say that.
    """

    old: str
    new: str
    gone: tuple[Theme, ...] = field(default=(), repr=False)
    added: tuple[Theme, ...] = field(default=(), repr=False)
    edited: tuple[Edited, ...] = ()
    domains_gone: tuple[str, ...] = ()
    domains_added: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything differs but the version."""
        return any((self.gone, self.added, self.edited, self.domains_gone, self.domains_added))

    def table(self) -> str:
        """Return the differences as lines of text, "no difference" where there is none."""
        rows = [f"gone     {theme.id}  ({theme.label})" for theme in self.gone]
        rows += [f"new      {theme.id}  ({theme.label})" for theme in self.added]
        rows += [f"edited   {one.theme}  ({', '.join(one.parts)})" for one in self.edited]
        rows += [f"gone     {id}  (domain)" for id in self.domains_gone]
        rows += [f"new      {id}  (domain)" for id in self.domains_added]
        return "\n".join([f"codebook {self.old} -> {self.new}", *(rows or ["no difference"])])

    def as_dict(self) -> dict[str, object]:
        """Return the differences as plain values for JSON."""
        return {
            "old": self.old,
            "new": self.new,
            "gone": [theme.id for theme in self.gone],
            "added": [theme.id for theme in self.added],
            "edited": {one.theme: list(one.parts) for one in self.edited},
            "domains_gone": list(self.domains_gone),
            "domains_added": list(self.domains_added),
        }


def codebook_diff(old: Codebook, new: Codebook) -> CodebookDiff:
    """Compare two codebooks by the ids of their themes and domains."""
    before, after = ({theme.id: theme for theme in book.themes} for book in (old, new))
    changed = (Edited(id, _differing(before[id], after[id])) for id in before if id in after)
    domains = [[domain.id for domain in book.domains] for book in (old, new)]
    return CodebookDiff(
        old.version,
        new.version,
        tuple(theme for id, theme in before.items() if id not in after),
        tuple(theme for id, theme in after.items() if id not in before),
        tuple(one for one in changed if one.parts),
        tuple(id for id in domains[0] if id not in domains[1]),
        tuple(id for id in domains[1] if id not in domains[0]),
    )


def _differing(before: Theme, after: Theme) -> tuple[str, ...]:
    return tuple(part for part in _PARTS if getattr(before, part) != getattr(after, part))
