"""Several levels of one study: the transcripts again under another profile, verified before they appear."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from svp_nlp.errors import LeakError, StudyError
from svp_nlp.files import write_whole
from svp_nlp.model import Finding, Status
from svp_nlp.reading import clean_suffix, write
from svp_nlp.study import folder as f
from svp_nlp.study.redacting import (
    Outcome,
    Work,
    conclude,
    known_names,
    known_surrogates,
    raw_ledger,
    save_surrogates,
    with_authors,
)
from svp_nlp.study.reviewed import all_rulings
from svp_nlp.study.sides import Side, load_sides
from svp_nlp.study.verifying import places_in
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from svp_nlp.redaction.profiles import Profile


@dataclass(frozen=True)
class Export:
    """What was exported: under which profile, how many transcripts, in how many places verified."""

    profile: str
    transcripts: int
    places: int

    def _repr_html_(self) -> str:
        return (
            f"<p>{plural(self.transcripts, 'transcript')} under the profile {self.profile}; "
            f"no known identifier is left in {plural(self.places, 'place')} searched.</p>"
        )


def export(layout: f.Layout, profile: Profile, folder: Path, *, force: bool = False) -> Export:
    """Write the study's transcripts under *profile* into *folder*, with the pseudonyms they always have.

    They are written beside, searched for everything the study knows, and only then put in place. Raises
    LeakError when something is left (nothing is written then), StudyError when *folder* lies in a part of the
    study or has files in it (unless *force*).
    """
    _check_folder(layout, folder, force)
    sides = load_sides(layout)
    outcome = _redacted_again(layout, sides, profile)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as name:
        draft = Path(name)
        _write(draft, sides, outcome, profile)
        places = _require_clean(layout, draft, outcome, profile)
        if len(outcome.ledger) != len(raw_ledger(layout)):  # what was seen now keeps its pseudonym
            write_whole(layout.private / "ledger.json", outcome.ledger.to_json())
        save_surrogates(layout, known_surrogates(layout)[0], outcome.surrogates)
        _move(draft, folder)
    return Export(profile.name, len(sides), places)


def _check_folder(layout: f.Layout, folder: Path, force: bool) -> None:
    home, root = folder.resolve(), layout.root.resolve()
    parts = (layout.sources, layout.private, layout.clean, layout.coding, layout.reports)
    if home == root or any(home.is_relative_to(part.resolve()) for part in parts):
        raise StudyError("an export does not go into a part of the study", hint="name a folder of its own")
    if folder.exists() and not folder.is_dir():
        raise StudyError(f"{folder.name} is a file; a folder was expected")
    if folder.exists() and any(folder.iterdir()) and not force:
        raise StudyError(f"{folder.name} is not empty", hint="--force overwrites what has the same name")


def _redacted_again(layout: f.Layout, sides: Sequence[Side], profile: Profile) -> Outcome:
    sources = tuple(side.source for side in sides)
    roster = with_authors(known_names(layout), sources)
    records = tuple(side.record for side in sides)
    work = Work(records, sources, roster, (), all_rulings(layout), known_surrogates(layout)[1])
    found = [[_as_found(x) for x in side.findings] for side in sides]
    return conclude(work, found, raw_ledger(layout), profile)


def _as_found(finding: Finding) -> Finding:
    """Return a finding as before any profile or decision: both are applied anew."""
    return replace(finding, status=Status.REDACTED) if finding.status is Status.KEPT else finding


def _write(draft: Path, sides: Sequence[Side], outcome: Outcome, profile: Profile) -> None:
    for side, redacted in zip(sides, outcome.redacted, strict=True):
        write(redacted, side.source, draft / (redacted.transcript.id + clean_suffix(side.source.format)))
    hashes = {r.transcript.id: r.transcript.sha256 for r in outcome.redacted}
    f.write_receipt(draft, "export", {"profile": profile.name, "transcripts": hashes, "verified": True})


def _require_clean(layout: f.Layout, draft: Path, outcome: Outcome, profile: Profile) -> int:
    from svp_nlp.redaction.decisions import fold_ledger
    from svp_nlp.redaction.surrogates import labels_with_surrogates, with_names
    from svp_nlp.redaction.verify import require_clean

    if outcome.leaks:
        where = sorted({leak.place for leak in outcome.leaks})
        raise LeakError(
            f"{plural(len(outcome.leaks), 'identifier is', 'identifiers are')} left in "
            f"{', '.join(where)} under the profile "
            f"{profile.name}; nothing was written",
            hint="svp-nlp verify DIR lists what is left in the study itself; add names to the roster",
        )
    places = dict(places_in(draft, draft))
    told = fold_ledger(outcome.ledger, all_rulings(layout))
    ledger = with_names(told, labels_with_surrogates(profile), outcome.surrogates)
    require_clean(places, ledger=ledger, roster=known_names(layout), profile=profile)
    return len(places)


def _move(draft: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in sorted(draft.iterdir()):
        target = folder / path.name
        if target.is_dir():
            raise StudyError(f"{target.name} is a folder; a file was to be written there")
        shutil.move(path, target)
