"""A study is a folder. ``Study`` is thin: it knows where things lie and calls the verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import StudyError
from svp_nlp.files import write_whole
from svp_nlp.model import Transcript
from svp_nlp.progress import Progress, silent
from svp_nlp.settings import TEMPLATE, Settings, load_settings
from svp_nlp.study import (
    coding,
    lists,
    locking,
    redacting,
    removing,
    reporting,
    reviewing,
    stewarding,
    verifying,
)
from svp_nlp.study.coding import Proposals
from svp_nlp.study.folder import Layout, write_receipt
from svp_nlp.study.precoding import codebook_facts, same_codebook
from svp_nlp.study.redacting import Redaction
from svp_nlp.study.verifying import Verification
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from anywidget import AnyWidget

    from svp_nlp.coding.codebook_check import CodebookCheck
    from svp_nlp.coding.theme_map import ThemeMap
    from svp_nlp.model import Codebook
    from svp_nlp.redaction.canary import CanaryReport
    from svp_nlp.redaction.lists import NameList
    from svp_nlp.review.adjudication import FinalCoding
    from svp_nlp.review.checks import Imported
    from svp_nlp.review.fold import State
    from svp_nlp.review.identifiers import Clearance, IdentifierDesk
    from svp_nlp.review.migration import Migration
    from svp_nlp.review.saturation import Saturation
    from svp_nlp.review.session import CodingDesk
    from svp_nlp.study.accounting import Account
    from svp_nlp.study.exporting import Export
    from svp_nlp.study.learning import LearningCurve
    from svp_nlp.study.migrating import Migrated, MigrationPlan
    from svp_nlp.study.removing import Removal
    from svp_nlp.study.reviewing import Confirmed, Reliability
    from svp_nlp.study.stewarding import Decided, LedgerView, Marked, Missed

__all__ = ["Layout", "Proposals", "Redaction", "Study", "Verification"]


class Study:
    """A study folder: ``sources/ private/ clean/ coding/ reports/`` and ``svp.toml``.

    Raises StudyError when *folder* holds no study; `Study.create` makes one.
    """

    def __init__(self, folder: Path | str) -> None:
        self.layout = Layout(Path(folder))
        if not self.layout.is_study():
            what = "is not a study (no svp.toml in it)" if self.layout.root.exists() else "does not exist"
            raise StudyError(
                f"{self.layout.root.name or folder} {what}",
                hint="svp-nlp redact SOURCES... --study DIR makes one",
            )

    @classmethod
    def create(cls, folder: Path | str, *, title: str | None = None) -> Study:
        """Open the study in *folder*, or make one there; a folder with other things in it is refused."""
        layout = Layout(Path(folder))
        if not layout.is_study():
            if layout.root.exists() and (not layout.root.is_dir() or any(layout.root.iterdir())):
                raise StudyError(
                    f"{layout.root.name} exists and is not a study", hint="name a new or an empty folder"
                )
            layout.root.mkdir(parents=True, exist_ok=True)
            name = (title or "Interview study").replace("\\", "").replace('"', "'")
            layout.private.mkdir(mode=0o700, exist_ok=True)
            write_whole(layout.settings, TEMPLATE.format(title=name))
        return cls(folder)

    def __repr__(self) -> str:
        return f"Study({plural(redacting.count(self.layout), 'transcript')})"

    def _repr_html_(self) -> str:
        done = [p.name for p in (self.layout.clean, self.layout.coding, self.layout.reports) if p.exists()]
        count = redacting.count(self.layout)
        return f"<p>study of {plural(count, 'transcript')}; there is: {', '.join(done) or 'nothing yet'}</p>"

    @cached_property
    def settings(self) -> Settings:
        """The study's settings, from svp.toml."""
        return load_settings(self.layout.settings)

    @property
    def transcripts(self) -> Mapping[str, Transcript]:
        """The clean transcripts by id."""
        return coding.load_transcripts(self.layout)

    def codebook(self, given: Path | str | None = None) -> Codebook:
        """Return the codebook in use; *given* becomes the study's."""
        return coding.find_codebook(self.layout, self.settings, None if given is None else Path(given))

    def redact(
        self,
        sources: Sequence[Path | str] = (),
        *,
        roster: Path | str | None = None,
        force: bool = False,
        progress: Progress = silent,
    ) -> Redaction:
        """Redact interviews into the study; what cannot be read is refused and the rest still done.

        Without *sources*, what the study has is redacted again if decisions, settings or rules have changed.

        Raises StudyError when two sources share a name or a clean file was edited (unless *force*),
        RosterError, SettingsError and ModelError as they come.
        """
        return redacting.redact_sources(
            self.layout,
            self.settings,
            [Path(source) for source in sources],
            roster=None if roster is None else Path(roster),
            force=force,
            progress=progress,
        )

    @property
    def lists(self) -> tuple[NameList, ...]:
        """The public lists of names that are a witness in this study, in the order they were added."""
        return lists.kept_lists(self.layout)

    def add_list(
        self, path: Path | str, *, kind: str = "institution", column: str = "", name: str = ""
    ) -> NameList:
        """Keep a public list of names (see `svp_nlp.load_list`); one of the same name is replaced.

        In force from the next `redact` on. Raises RosterError for a list that cannot be used.
        """
        return lists.add_list(self.layout, Path(path), kind=kind, column=column, name=name)

    def remove_list(self, name: str) -> None:
        """Take the list called *name* out; StudyError where there is none of this name."""
        lists.remove_list(self.layout, name)

    def removal(self, source: str) -> Removal:
        """Say what `remove` would take out; nothing is changed. Raises StudyError for no such transcript."""
        return removing.removal(self.layout, source)

    def remove(self, source: str) -> Removal:
        """Take a transcript out, named by its letter or source file: source, clean file, findings, passages.

        Recorded decisions stay in the record and no longer count; the ledger keeps its pseudonyms. Raises
        StudyError when there is no such transcript or the key is locked.
        """
        return removing.remove(self.layout, source)

    def verify(self) -> Verification:
        """Search everything that may leave for every surface in ledger and roster."""
        return verifying.verify_study(self.layout, self.settings)

    @property
    def ledger(self) -> LedgerView:
        """Who and what the study knows, by pseudonym; real names only where ``show=True`` asks for them."""
        return stewarding.ledger_view(self.layout)

    def decide(self, kind: str, entity: str = "", *, by: str = "", **told: Any) -> Decided:
        """Record a decision: "merge" (into=), "split" (surfaces=), "rename" (pseudonym=), "keep", "confirm",
        "roster", "add" (surfaces=, label=) or "undo" (number=). In force from the next `redact` on.

        Raises StudyError for what cannot be or contradicts an earlier decision; nothing is recorded then.
        """
        return stewarding.decide(self.layout, stewarding.decision(kind, entity, **told), by=by)

    def restore(self, what: Path | str) -> str:
        """Put the names back into a clean transcript (its path or letter) or any text with quotes."""
        return stewarding.restore(self.layout, what)

    def missed(self, marked: Iterable[Marked]) -> Missed:
        """Compare transcripts marked by hand (`evaluation.gold.marked_by_hand`) with what was found."""
        return stewarding.missed(self.layout, marked)

    def add_missed(self, found: Missed, *, by: str = "") -> Decided:
        """Put the names missed on the roster, as decisions."""
        return stewarding.add_missed(self.layout, found, by=by)

    def audit(
        self, *, cases: Path | str | None = None, codes: bool = False, progress: Progress = silent
    ) -> Account:
        """Write reports/audit.md and audit.html: what was replaced and lost, and who might be told apart."""
        from svp_nlp.study import accounting

        table = None if cases is None else Path(cases)
        return accounting.account(self.layout, self.settings, cases=table, codes=codes, progress=progress)

    def canaries(self, *, each: int = 1, seed: str = "", progress: Progress = silent) -> CanaryReport:
        """Plant invented identifiers into copies of the sources and report how many were found."""
        from svp_nlp.study import accounting

        return accounting.canaries(self.layout, self.settings, each=each, seed=seed, progress=progress)

    def export(
        self,
        profile: str,
        folder: Path | str,
        *,
        operators: Mapping[str, str] | None = None,
        force: bool = False,
    ) -> Export:
        """Write the transcripts under another profile into *folder*, verified before they appear there.

        *operators* treat some labels differently: {"PERSON": "surrogate"}.
        """
        from svp_nlp.redaction.profiles import profile_named
        from svp_nlp.study import exporting

        policy = profile_named(profile).with_rules(operators or {})
        return exporting.export(self.layout, policy, Path(folder), force=force)

    def lock(self, passphrase: str) -> None:
        """Seal all that holds names, except the sources, into private/key."""
        locking.lock(self.layout, passphrase)

    def unlock(self, passphrase: str) -> None:
        """Open private/key for good."""
        locking.unlock(self.layout, passphrase)

    def unlocked(self, passphrase: str) -> AbstractContextManager[None]:
        """Open private/key for the time of a block."""
        return locking.unlocked(self.layout, passphrase)

    def suggest(
        self,
        codebook: Path | str | None = None,
        *,
        private: bool = False,
        coder: str = "",
        progress: Progress = silent,
    ) -> Proposals:
        """Propose themes for every passage and write coding/suggestions.jsonl. Decides nothing.

        Final codings are learned from, or those of *coder* alone. Raises StudyError when clean/ holds what
        redaction did not write, CodebookError for a codebook edited after coding began that still has its old
        version, and ReviewError for a coder who decided nothing.
        """
        proposals = self._proposed(codebook, coder, progress)
        back = redacting.ways_back(self.layout, proposals.transcripts) if private else None
        coding.save_proposals(self.layout, proposals, back)
        facts = self._facts(proposals) | {"learned_from": coder or "final codings"}
        write_receipt(self.layout.coding, "suggest", facts)
        return proposals

    def learning_curve(self, *, progress: Progress = silent) -> LearningCurve:
        """Compute how suggestions get better with each transcript coded, on the transcripts left out."""
        from svp_nlp.study import learning

        final = self.final_codings()
        return learning.learning_curve(self.layout, self.settings, self.codebook(), final, progress)

    def _proposed(self, given: Path | str | None, coder: str, progress: Progress) -> Proposals:
        from svp_nlp.coding.codebook import load_codebook
        from svp_nlp.review.adjudication import final_codings
        from svp_nlp.study import precoding

        precoding.require_redacted(self.layout, coding.clean_files(self.layout))
        book = self.codebook() if given is None else load_codebook(Path(given))
        codings = precoding.decisions_by_version(self.layout, self.settings)
        precoding.require_versioned(self.layout, book, codings)
        if given is not None:
            self.codebook(given)  # from now on the study's
        state = self.decisions
        final = reviewing.codings_of(state, coder) if coder else final_codings(state)
        made = coding.propose(self.layout, self.settings, book, final, progress)
        notes = precoding.remarks(made.transcripts, book, codings, final, state)
        return replace(made, notes=tuple(notes))

    def _facts(self, proposals: Proposals) -> dict[str, object]:
        return {
            "codebook": codebook_facts(proposals.codebook),
            "confirmed": proposals.confirmed,
            "embedding_model": coding.embedder(self.layout, self.settings).name,
            "settings": self.settings.coding.model_dump(exclude={"codebook", "embedding_model"}),
            "transcripts": {id: t.sha256 for id, t in proposals.transcripts.items()},
        }

    @property
    def proposals(self) -> Proposals:
        """The stored suggestions; made now when there are none or clean side or codebook changed since."""
        book = self.codebook()
        found = coding.load_proposals(self.layout, self.settings, book)
        return found if found is not None and same_codebook(self.layout, book) else self.suggest()

    def check_codebook(self) -> CodebookCheck:
        """Say which themes may be mixed up, which lack something or support; write coding/codebook_map.svg.

        Without clean transcripts support is not counted.
        """
        proposals = self.proposals if (self.layout.coding / "transcripts.jsonl").exists() else None
        return coding.look_at_codebook(self.layout, self.settings, self.codebook(), proposals)

    def find_more_like(self, theme: str, *, most: int = 20) -> list[dict[str, Any]]:
        """Return the passages likeliest to belong to *theme* that no final coding gives it, best first.

        Rows of passage, citation, score, pieces and text of the sentence that carries it. Raises
        CodebookError for a theme that is not in the codebook.
        """
        rows = coding.more_like(self.layout, self.settings, self.codebook(), self.final_codings(), theme)
        return rows[:most]

    def inconsistencies(self) -> list[dict[str, Any]]:
        """Return pairs of passages nearly alike whose final codings differ, the likest first."""
        return coding.coded_apart(self.layout, self.settings, self.final_codings())

    def exemplars(self, *, progress: Progress = silent) -> list[dict[str, object]]:
        """Propose quotes for every theme and write coding/exemplars.jsonl; returns its rows."""
        progress("choosing exemplars", 0, 1)
        made = self.proposals
        doubtful = redacting.doubtful_passages(self.layout, made.passages)
        rows = coding.find_quotes(self.layout, self.settings, made, doubtful)
        progress("choosing exemplars", 1, 1)
        return rows

    def topics(self, *, progress: Progress = silent) -> dict[str, Any]:
        """Look for themes the codebook does not have and write coding/topics.json; returns its contents."""
        return coding.find_topics(self.layout, self.settings, self.proposals, progress)

    def plan_migration(
        self, codebook: Path | str | None = None, themes: ThemeMap | None = None
    ) -> MigrationPlan:
        """Say what would become of all codings if the study went on with another *codebook*; writes nothing.

        *themes* (`coding.theme_map.theme_map`) says which themes were renamed, merged, split or dropped.
        Without *codebook*, the study's own was edited already. Raises CodebookError where the version is no
        new one, or a theme that is gone is not explained.
        """
        from svp_nlp.coding.theme_map import ThemeMap
        from svp_nlp.study import migrating

        given = None if codebook is None else Path(codebook)
        return migrating.plan_migration(self.layout, self.settings, given, themes or ThemeMap())

    def migrate(self, plan: MigrationPlan, *, by: str) -> None:
        """Carry a plan out: record who did, and go on with its codebook. Decisions keep their version."""
        from svp_nlp.study import migrating

        migrating.migrate(self.layout, self.settings, plan, by)

    def undo_migration(self, *, by: str) -> Migration:
        """Take back the last migration, also in the record, and put the codebook before it in its place.

        Raises StudyError where none holds, or codes were given since that the codebook before does not have.
        """
        from svp_nlp.study import migrating

        return migrating.undo_migration(self.layout, self.settings, by)

    @property
    def migrations(self) -> tuple[Migrated, ...]:
        """Every migration of the codebook in the record, also those undone."""
        from svp_nlp.study import migrating

        return migrating.migrations(self.layout, self.settings)

    @property
    def decisions(self) -> State:
        """What coders' decisions come to: each coder's codings, blind and final, and the adjudicated ones."""
        return reviewing.coding_state(self.layout, self.settings)

    def final_codings(self) -> dict[str, FinalCoding]:
        """Return the codings that count, by passage: adjudicated, or decided by all their coders alike."""
        from svp_nlp.review.adjudication import final_codings

        return final_codings(self.decisions)

    def confirmed(self) -> Confirmed:
        """Return the final codings with their texts, as `ThemeSuggester.fit` takes them."""
        return reviewing.confirmed(self.final_codings(), self.proposals)

    def agreement(self) -> Reliability:
        """Compute how far coders agree on blind codings, with the assisted figure beside it."""
        return reviewing.reliability(self.decisions, self.proposals)

    def saturation(self) -> Saturation:
        """Compute how many themes each further interview brings, from the final codings."""
        return reviewing.saturation_of(self.decisions, self.proposals)

    def figures(self) -> list[Path]:
        """Write reports/review/: agreement, saturation, acceptance, pace and drift, as far as decided."""
        return reviewing.write_figures(self.layout, self.settings, self.proposals)

    def export_sheet(self, path: Path | str, coder: str) -> int:
        """Write a coding sheet (XLSX) for *coder*; returns its number of rows."""
        return reviewing.export_sheet(Path(path), coder, self.layout, self.settings, self.proposals)

    def import_decisions(self, path: Path | str) -> Imported:
        """Take in decisions (JSONL) or a coding sheet (XLSX); what does not fit is listed, not lost."""
        return reviewing.import_decisions(Path(path), self.layout, self.settings, self.proposals)

    def export_decisions(self, path: Path | str) -> int:
        """Write every coding decision as one JSON object a line; returns how many."""
        log = reviewing.coding_log(self.layout, self.settings)
        try:
            return log.export_jsonl(Path(path))
        finally:
            log.close()

    def coding_desk(self, coder: str = "") -> CodingDesk:
        """Return the desk of the coding review, for `svp_nlp.review.server.ReviewServer` or a widget."""
        from svp_nlp.study import desks

        return desks.coding_desk(self.layout, self.settings, self.proposals, coder)

    def identifier_desk(self, coder: str = "") -> IdentifierDesk:
        """Return the desk of the redaction review; StudyError when nothing was redacted yet."""
        from svp_nlp.study import desks

        return desks.identifier_desk(self.layout, self.settings, coder)

    def review(self, coder: str = "", *, redaction: bool = False) -> AnyWidget:
        """Return the review as a notebook widget: of codes, or of what *redaction* found.

        The notebook stores no text of the study, only the page's own program.
        """
        from svp_nlp.review.widget import review_widget

        return review_widget(self.identifier_desk(coder) if redaction else self.coding_desk(coder))

    def export_page(self, path: Path | str, coder: str, *, assisted: bool = True) -> None:
        """Write one HTML file in which *coder* codes without Python; `import_decisions` reads the result."""
        from svp_nlp.review.page import coding_file
        from svp_nlp.study import desks

        material = desks.coding_material(self.layout, self.settings, self.proposals)
        write_whole(Path(path), coding_file(material, coder, assisted=assisted))

    @property
    def cleared(self) -> Clearance:
        """Whether people are done with what redaction asked them to look at, or who accepted the rest."""
        from svp_nlp.study import reviewed

        return reviewed.cleared(self.layout)

    def report(self) -> list[Path]:
        """Write reports/report.html and its tables; returns the paths, the page first."""
        return reporting.write_report(self.layout, self.settings, self.proposals)
