"""What stands around a text and what speaks against a theme in it, as corrections of how themes share it.

An interview follows its guide: people speak of one domain for a while. So the domains of the answers before
and after count a little, the nearer the more, and the likelier they are coded at all. And a theme whose
exclusion cue is nearer to the text than all that speaks for it is less likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.abstain import Column
from svp_nlp.coding.words import Matrix
from svp_nlp.model import Role

# Chosen on the development interviews and three others together. Answers so far away still count, each one
# further half as much; louder neighbours, or their themes instead of domains, ranked worse.
_REACH = 3
_LOUDNESS = 0.1
_FURTHER = 0.5
# What an exclusion cue leaves of a theme's odds: flat from .4 to .8.
_EXCLUDED = 0.6


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Corrects shares: ``near`` (texts, texts) weighs the answers around each, ``domains`` are the themes'.

    ``excluded`` (texts, themes) says where an exclusion cue speaks against a theme.
    """

    near: Any = field(repr=False)
    domains: npt.NDArray[np.intp] = field(repr=False)
    excluded: npt.NDArray[np.bool_] = field(repr=False)

    @classmethod
    def of(
        cls,
        interviews: Sequence[str] | None,
        roles: Sequence[Role],
        likely: Column,
        domains: Sequence[str],
        excluded: npt.NDArray[np.bool_],
    ) -> Surroundings:
        """Take what is said around each text; *interviews* says whose it is, in the order said.

        *likely* is how likely each text is coded, *domains* names that of every theme.
        """
        of_themes = np.unique(np.array(domains), return_inverse=True)[1]
        return cls(_near(interviews, roles, likely), of_themes, excluded)

    def __call__(self, shares: Matrix) -> Matrix:
        """Return *shares* (texts, themes) corrected, rows adding up to 1 again."""
        kept = np.where(self.excluded, _EXCLUDED, 1.0) * shares
        kept /= kept.sum(axis=1, keepdims=True)
        domains = np.stack([kept[:, self.domains == d].sum(axis=1) for d in np.unique(self.domains)], axis=1)
        level = np.log(np.maximum(domains, 1e-9))
        around = self.near @ (level - level.mean(axis=1, keepdims=True))
        found = kept * np.exp(np.asarray(around)[:, self.domains])
        return np.asarray(found / found.sum(axis=1, keepdims=True))


def _near(interviews: Sequence[str] | None, roles: Sequence[Role], likely: Column) -> Any:
    """Return what the answers around each text weigh, a sparse matrix (texts, texts)."""
    from scipy.sparse import csr_array

    count = len(roles)
    if interviews is None:
        return csr_array((count, count))
    said = np.array([i for i, r in enumerate(roles) if r is not Role.INTERVIEWER], dtype=np.intp)
    whose = np.array([interviews[i] for i in said], dtype=object)
    found = csr_array((count, count))
    for step in range(1, _REACH + 1):
        pairs = np.flatnonzero(whose[:-step] == whose[step:])
        before, after = said[pairs], said[pairs + step]
        rows, columns = np.concatenate([before, after]), np.concatenate([after, before])
        weights = _LOUDNESS * _FURTHER ** (step - 1) * likely[columns]
        found += csr_array((weights, (rows, columns)), shape=(count, count))
    return found
