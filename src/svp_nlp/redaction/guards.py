"""What must stay: national bodies, products, eponyms, codes, countries, roles, ordinary words.

Finds nothing; refuses. A redaction that takes "Foley", "Epic" and "the Joint Commission" with it spoils
the text for coding and teaches people to ignore the review queue.
"""

from __future__ import annotations

import re
from functools import cache

from svp_nlp.model import Span
from svp_nlp.redaction.lexicon import on_name_lists, ordinary, read_list, surnames, words

ACRONYMS = frozenset(word for line in read_list("acronyms.txt") for word in line.split())
"""Upper-case abbreviations that identify nobody."""

ROLES = words(
    "interviewer interviewee respondent participant speaker moderator facilitator "
    "researcher narrator host guest "
    "chair chairman chairwoman chairperson president vice director officer chief manager "
    "supervisor lead leader head "
    "coordinator assistant associate deputy executive senior junior interim acting nurse "
    "doctor physician surgeon "
    "resident fellow intern student professor instructor lecturer dean provost "
    "chancellor minister secretary clerk "
    "member judge attorney counsel lawyer paralegal patient safety quality risk nursing "
    "medical clinical surgery "
    "surgical medicine pediatrics cardiology oncology radiology anesthesia "
    "anesthesiology pharmacy pharmacist "
    "psychiatry psychology psychologist psychiatrist therapist therapy social worker "
    "work chaplain chaplaincy "
    "spiritual care pastoral wellness wellbeing wellness human resources operations "
    "finance financial information "
    "technology education training research department division committee council board "
    "unit team office service "
    "services program staff support peer second victim employee health public affairs "
    "communications marketing "
    "emergency intensive critical acute trauma labor delivery maternity neonatal "
    "obstetrics gynecology orthopedics "
    "outpatient inpatient ambulatory primary family internal general hospital hospitalist administrator "
    "administration grad postdoc phd md rn witness victim child mother father mom dad court defense national "
    "defence state federal county city local regional government honourable honorable madam mister page part "
    "section chapter appendix question answer interview transcript recording study "
    "project english math science "
    "history q a dr mr mrs ms operator caller agent prime customer client user admin "
    "hearing presiding magistrate examiner arbitrator mediator ombudsman "
    "superintendent treasurer trustee councilor councillor councilman councilwoman alderman alderwoman "
    "selectman commissioner assessor auditor registrar principal teacher tutor librarian translator "
    "interpreter stenographer reporter bailiff juror plaintiff defendant petitioner applicant appellant "
    "respondents constituent citizen neighbor homeowner presenter panelist emcee announcer "
    "audience public comments family relative spouse partner wife husband son daughter sister brother aunt "
    "uncle cousin grandmother grandfather grandma grandpa grandson granddaughter parent guardian caregiver "
    "midwife doula dentist hygienist optometrist dietitian dietician paramedic medic technician tech "
    "phlebotomist receptionist scheduler scribe navigator advocate volunteer liaison "
    "supporter trainer mentor mentee preceptor trainee subject informant "
    "historian archivist curator editor camera cameraman videographer producer engineer "
    "matron orderly sitter aide practitioner transporter phlebotomy housekeeper housekeeping "
    "cleaner dispatcher theatre casualty ministry typist bleep greeter caretaker thurs tues weds "
    "redacted name date anonymous unknown unidentified multiple voice male female man "
    "woman boy girl person people "
    "group all both crowd senator senators representative congressman congresswoman "
    "assemblyman assemblywoman assemblymember governor mayor sheriff ambassador legislator "
    "lawmaker councilmember"
)
"""Words of roles, departments and transcription: alone, or among themselves, no name."""

QUALIFIERS = words(
    "charge ward porter cook driver warden steward bursar runner companion consultant security cleaning"
)
"""Words that say which role beside a role word ("CHARGE NURSE") and are surnames alone ("Mr. Ward")."""

_EDGE = re.compile(r"^(?:the|a|an) |[.,;:!?]+$", re.IGNORECASE)


@cache
def peoples() -> frozenset[str]:
    """Return words for nationalities, peoples, languages, faiths and countries, lower-cased."""
    return frozenset(
        word.replace("_", " ").lower() for line in read_list("peoples.txt") for word in line.split()
    )


@cache
def _guarded() -> frozenset[str]:
    return frozenset(name.lower() for name in read_list("guards.txt")) | peoples()


def describes_people(name: str) -> bool:
    """Tell whether *name* says of what nation, people, tongue or faith somebody is ("Greek Catholics")."""
    words = [w for w in re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", name.lower()) if w not in _SMALL]
    return bool(words) and all(_one_of_a_people(w) for w in words)


def _one_of_a_people(word: str) -> bool:
    return any(w in _guarded() for w in (word, word.removesuffix("s"), word.removesuffix("es"))) or (
        "-" in word and all(_one_of_a_people(part) for part in word.split("-") if part != "afro")
    )


@cache
def _sayings() -> re.Pattern[str]:
    """Match sayings, prayers, figures of speech and guarded names of several words."""
    phrases = {*read_list("phrases.txt"), *(name for name in _guarded() if " " in name)}
    longest = sorted(phrases, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)


def sayings(text: str) -> tuple[Span, ...]:
    """Return where *text* holds a saying, prayer, song or figure of speech with a name in it."""
    return tuple(Span(m.start(), m.end()) for m in _sayings().finditer(text))


@cache
def _inside() -> re.Pattern[str]:
    """Match guarded names of two words or more inside a longer one ("President of the Treasury Board")."""
    longer = sorted((re.escape(n) for n in _guarded() if " " in n), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longer)})(?!\w)")


def _bare(name: str) -> str:
    bare = _EDGE.sub("", name.strip()).lower()
    return bare.removesuffix("'s")


def is_guarded(name: str) -> bool:
    """Tell whether *name* (a surface in running text) is known to identify nobody."""
    if _EDGE.sub("", name.strip()).lower() in _guarded() or _bare(name) in _guarded():
        return True
    if describes_people(name):
        return True
    if re.fullmatch(r"[A-Z]\d{1,2}[a-z]?", name.strip()):
        return True  # a vertebra, a tooth, a form's question, a test
    if is_clinical(_bare(name)):
        return True
    words = re.findall(r"[\w&]+", _inside().sub(" ", _bare(name)))
    if not words:
        return True
    if re.fullmatch(r"[A-Z0-9&.-]{2,}(?:'?s)?", name.strip()) and _acronym(name):
        return True
    return all(word in ROLES or word in _SMALL or word.isdigit() for word in words)


_CLINICAL = re.compile(
    # Stems of drug names (WHO, International Nonproprietary Names, 2018), those left out that end names ...
    r"\w{2,}(?:sartan|prilat|nopril|alapril|olol|vastatin|tinib|ciclib|cillin|mycin|micin|cycline|floxacin|"
    r"conazole|prazole|dipine|gliptin|gliflozin|glutide|glitazone|heparin|xaparin|xaban|gatran|ciclovir|tegravir|"
    r"buvir|navir|(?:do|piva|vo|pro|zo|tra)caine|grelor|oxetine|azepam|azolam|barbital|setron|triptan|dronate|thiazide|"
    r"semide|lukast|terol|tropium|(?:eth|tic|et)asone|solone|sonide|profen|coxib|oxicam|fenac|codone|morphone|"
    r"fentanil|curium|curonium|pidem|piclone|piprazole|zapine|tiapine|peridone|azodone|triptyline|ipramine|"
    r"faxine|racetam|gabalin|trexate|(?:is|rbo|li)platin|taxel|rubicin|fibrate|bitril|rafenib|parib|zomib|limus)"
    # ... and endings of anatomy, findings and procedures.
    r"|\w+(?:spinatus|icipital|icular|iform|(?<!a)itis|ectomy|otomy|ostomy|plasty|oscopy|oscopic|ography|"
    r"(?:glyc|an|uk|ox|ter|natr|kal|calc|lipid|vol|isch|ur)emia|pathy|algia|plegia|paresis|trophic|megaly|penia|"
    r"sthesia|pnea|(?:chy|dy)cardia|lysis|stenosis|sclerosis|thrombosis|fibrosis|necrosis|porosis|phagia|phasia|"
    r"kinesia|reflexia|diabet(?:es|ic)|humeral|clavicular)"
    r"|(?:pre|post|intra|peri)-?op"
)
"""What ends like a drug, a part of the body, a finding or a procedure."""


def is_clinical(word: str) -> bool:
    """Tell whether *word* (lower case) is built like a clinical term and is on no list of names or places."""
    parts = word.split("-") if not word.startswith(("pre-", "post-", "intra-", "peri-")) else [word]
    return all(_CLINICAL.fullmatch(p) and not on_name_lists(p) and p not in surnames() for p in parts)


_SMALL = words("of the and for in on at to a an or with by from")


def _acronym(name: str) -> bool:
    """Tell whether an upper-case surface is a known abbreviation, also in the plural or possessive."""
    bare = name.strip()
    return bool({bare, re.sub(r"'?[sS]$", "", bare), re.sub(r"-?\d+s?$", "", bare)} & ACRONYMS)


def is_role(name: str) -> bool:
    """Tell whether *name* is roles, numbers and single letters only ("Speaker 1", "PhD E")."""
    words = re.findall(r"[^\W\d_]+(?:'[a-z]+)?|\d+", name.lower())
    return all(w in ROLES or w in _SMALL or w.isdigit() or len(w) == 1 for w in words)


def is_plain(name: str) -> bool:
    """Tell whether *name* consists of ordinary words only."""
    words = re.findall(r"[^\W\d_]+(?:'[a-z]+)?", name)
    return bool(words) and all(ordinary(w) or w.lower() in _SMALL for w in words)
