"""Case tables: what each recognizer must cover and must leave, in sentences of our own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.redaction.recognizers import RECOGNIZERS, Rules
from svp_nlp.redaction.recognizers.ages import AGES
from svp_nlp.redaction.recognizers.capitals import CAPITALS
from svp_nlp.redaction.recognizers.contacts import CONTACTS
from svp_nlp.redaction.recognizers.dates import DATES
from svp_nlp.redaction.recognizers.ids import IDS
from svp_nlp.redaction.recognizers.institutions import INSTITUTIONS
from svp_nlp.redaction.recognizers.labels import names_in_label
from svp_nlp.redaction.recognizers.people import PEOPLE
from svp_nlp.redaction.recognizers.places import PLACES
from svp_nlp.redaction.recognizers.spelled import SPELLED

# Each case: the recognizer, a sentence, and what of it must be covered (nothing: must be left alone).
FOUND: list[tuple[Rules, str, list[str]]] = [
    (DATES, "We opened on the third of March, 2012.", ["third of March, 2012"]),
    (DATES, "It was January of '09 or so.", ["January of '09"]),
    (DATES, "She signed it 04/17/2015.", ["04/17/2015"]),
    (DATES, "That was march of twenty sixteen", ["march of twenty sixteen"]),
    (
        DATES,
        "He came on Thanksgiving and left by Christmas Eve 2018.",
        ["Thanksgiving", "Christmas Eve 2018"],
    ),
    (DATES, "In Q2 of 2017 we doubled.", ["Q2 of 2017"]),
    (DATES, "Tuesday the eleventh, I think.", ["eleventh"]),
    (DATES, "It began in April. She died on the ninth.", ["April", "ninth"]),
    (DATES, "back in oh-nine", ["oh-nine"]),
    (DATES, "since nineteen ninety-six", ["nineteen ninety-six"]),
    (DATES, "Her follow-up on 214 , we felt , was fine", ["214"]),
    (DATES, "the summer of 2011 was hard", ["summer of 2011"]),
    (DATES, "In 1987 and again in '91.", ["1987", "'91"]),
    (DATES, "no surgery in 15 the whole house by 17 and then everyone", ["15", "17"]),
    (AGES, "She was ninety-one.", ["ninety-one"]),
    (AGES, "We had a 34-year-old in bay two.", ["34"]),
    (AGES, "a baby, nine days old", ["nine days"]),
    (AGES, "I had a man, sixty-six, retired, on the table.", ["sixty-six"]),
    (AGES, "a girl of seventeen", ["seventeen"]),
    (AGES, "He retired at 54 and moved away.", ["54"]),
    (AGES, "She turned forty last week.", ["forty"]),
    (AGES, "She's in her fifties.", ["fifties"]),
    (AGES, "How old was he?\n\nUm, about seventy-two.", ["seventy-two"]),
    (IDS, "Her MRN is 4482193.", ["4482193"]),
    (IDS, "case number NT-20-4417", ["NT-20-4417"]),
    (IDS, "it's four four dash one nine oh two", ["four four dash one nine oh two"]),
    (IDS, "the lady in room 412", ["412"]),
    (IDS, "a code up in 614.", ["614"]),
    (IDS, "my badge number's 30921", ["30921"]),
    (CONTACTS, "Call me at 612-555-0148.", ["612-555-0148"]),
    (CONTACTS, "(503) 555-0112 is the fax", ["(503) 555-0112"]),
    (CONTACTS, "it's extension 4410", ["4410"]),
    (CONTACTS, "If you page 4418 nobody comes.", ["4418"]),
    (CONTACTS, "write to r.lund@oakvale.example.org please", ["r.lund@oakvale.example.org"]),
    (CONTACTS, "ruth dot lund at oakvale dot org", ["ruth dot lund at oakvale dot org"]),
    (CONTACTS, "five five five, oh one four two, six six", ["five five five, oh one four two, six six"]),
    (CONTACTS, "see www.oakvale.example.org/peer for it", ["www.oakvale.example.org/peer"]),
    (CONTACTS, "in Duluth, Minnesota 55802", ["55802"]),
    (SPELLED, "That's L-U-N-D-Q.", ["L-U-N-D-Q"]),
    (SPELLED, "spelled h s u", ["h s u"]),
    (SPELLED, "You say it val-KAY-ra.", ["val-KAY-ra"]),
    (PEOPLE, "I asked Dr. Ferreira about it.", ["Ferreira"]),
    (PEOPLE, "Thank you, Marisol.", ["Marisol"]),
    (PEOPLE, "Hope Barnhill runs quality.", ["Hope Barnhill"]),
    (PEOPLE, "Grace, she's a student with us.", ["Grace"]),
    (PEOPLE, "My paralegal, Christian, has it.", ["Christian"]),
    (INSTITUTIONS, "I work at Oakvale Regional Medical Center.", ["Oakvale Regional Medical Center"]),
    (INSTITUTIONS, "down in the Lundgren Pavilion", ["Lundgren Pavilion"]),
    (INSTITUTIONS, "She came from Mass General.", ["Mass General"]),
    (INSTITUTIONS, "The program's called Second Breath.", ["Second Breath"]),
    (INSTITUTIONS, "at the University of North Erie", ["University of North Erie"]),
    (INSTITUTIONS, "over at St. Odhran's", ["St. Odhran's"]),
    (INSTITUTIONS, "Oakvale Family Trust (OFT) paid.", ["Oakvale Family Trust", "OFT"]),
    (PLACES, "He lives in Duluth.", ["Duluth"]),
    (PLACES, "at 1180 North Alder Street", ["1180 North Alder Street"]),
    (PLACES, "over on Poplar Avenue", ["Poplar Avenue"]),
    (PLACES, "It is in Ohio now.", ["Ohio"]),
    (PLACES, "out in Whitley County", ["Whitley County"]),
    (PLACES, "It came off I-94 near Exit 12.", ["I-94"]),
    (CAPITALS, "We all just called her Brunhilda.", ["Brunhilda"]),
    (CAPITALS, "and then Steady Lamp was born", ["Steady Lamp"]),
    (DATES, "We met Thursday the 9th the whole crew.", ["9th"]),
    (DATES, "The board sat on the 18th with the architect.", ["18th"]),
    (DATES, "Come back on the twenty-sixth. The twenty-sixth!", ["twenty-sixth.", "twenty-sixth!"]),
    (DATES, "And your date of birth?\n\nOh nine, fourteen, fifty-one.", ["Oh nine, fourteen, fifty-one"]),
    (DATES, "It closed on Three Kings Day.", ["Three Kings Day"]),
    (AGES, "How old are you, son?\n\nI says seventeen.", ["seventeen"]),
    (AGES, "So you're sixty-eight, ma'am.", ["sixty-eight"]),
    (AGES, "Three came in that night. One was 22.", ["22"]),
    (AGES, "It was a burn, a burn, eight years old.", ["eight"]),
    (IDS, "the girl in bed four was crying", ["four"]),
    (SPELLED, "It's Zosia with a Z-O.", ["Z-O"]),
    (PLACES, "It's 88 Kestrel Lane, apartment 9C.", ["88 Kestrel Lane", "9C"]),
    (PLACES, "You bring it to 2207 Hruska, the yellow door.", ["2207 Hruska"]),
    (INSTITUTIONS, "She drove for Battalion 17.", ["Battalion 17"]),
    (INSTITUTIONS, "The union came in. Local 4410.", ["Local 4410"]),
    (INSTITUTIONS, "We ate at J&R.", ["J&R"]),
    (INSTITUTIONS, "People just say the General.", ["General"]),
    (DATES, "The hip was done on the 27th by another surgeon.", ["27th"]),
    (IDS, "Which rooms?\n\nShe had 331 through 334, and the drip was for 332.", ["331", "334", "332"]),
    (IDS, "under license number LPN 77310", ["LPN 77310"]),
    (CONTACTS, "the cards have our pager on the back, 6612.", ["6612"]),
    (
        CONTACTS,
        "it's d lindholm at oakvale dot example dot org",
        ["d lindholm at oakvale dot example dot org"],
    ),
    (DATES, "We have her down for the fourteenth. The fourteenth suits us.", ["fourteenth"]),
    (DATES, "He was moved on the seventh, and then it was a good repair.", ["seventh"]),
    (DATES, "I finish on 28/02 and he on 03/11.", ["28/02", "03/11"]),
    (
        DATES,
        "It was Whit Monday, and then the August bank holiday Monday.",
        ["Whit Monday", "August bank holiday Monday"],
    ),
    (DATES, "since 'seventy-eight or so", ["'seventy-eight"]),
    (DATES, "it was on waitangi day that she rang", ["waitangi day"]),
    (AGES, "Two sisters, five and nine, in the back seat.", ["five", "nine"]),
    (AGES, "Her aunt had to be eighty, easily.", ["eighty"]),
    (IDS, "My number in Personnel is QT/4471 now.", ["QT/4471"]),
    (IDS, "see circular GHL/WD/31 about that", ["GHL/WD/31"]),
    (IDS, "his folder number LMTH 204-11-38", ["LMTH 204-11-38"]),
    (IDS, "with a risk number b two two nine", ["b two two nine"]),
    (IDS, "He said it twice. QR 31 0 442.", ["QR 31 0 442"]),
    (IDS, "File: holt_marsh_0622.m4a", ["holt_marsh_0622.m4a"]),
    (IDS, "His tag was 2-2-4-0.", ["2-2-4-0"]),
    (CONTACTS, "I carry a bleep. 3-1-0-9.", ["3-1-0-9"]),
    (CONTACTS, "My bleep is 482.", ["482"]),
    (CONTACTS, "ring 01632 960 158 or 0701 555 0163", ["01632 960 158", "0701 555 0163"]),
    (CONTACTS, "off a ward phone it's star 61", ["star 61"]),
    (CONTACTS, "the pin is 600 014, the postcode's 2042", ["600 014", "2042"]),
    (
        CONTACTS,
        "it's oh three five five five oh two eight four hundred",
        ["oh three five five five oh two eight four hundred"],
    ),
    (PLACES, "They closed the A66 for it.", ["A66"]),
    (
        PLACES,
        "Send it to 14 Miller's Wynd, or PO Box 77, or po box four one.",
        ["14 Miller's Wynd", "PO Box 77", "four one"],
    ),
    (PLACES, "Old No. 9, New No. 22, Second Cross", ["Old No. 9, New No. 22"]),
    (PEOPLE, "Corrections to V. Brankovich, please.", ["V. Brankovich"]),
    (
        DATES,
        "It came on St. Ninian's weekend, 21/8/19, and by Canada Day weekend, 2014, it was gone.",
        ["St. Ninian's weekend", "21/8/19", "Canada Day weekend, 2014"],
    ),
    (DATES, "from holy thursday till little christmas", ["holy thursday", "little christmas"]),
    (AGES, "Marit, tiny, a widow, about seventy. She stayed.", ["seventy"]),
    (AGES, "The baby was nine weeks. Her boy turned six.", ["nine weeks", "six"]),
    (AGES, "I went to his fiftieth in Leith.", ["fiftieth"]),
    (AGES, "And your age, for the form.\n\nFifty-two. Don't print it.", ["Fifty-two"]),
    (AGES, "a little boy last spring. Seven. A tumour.", ["Seven"]),
    (AGES, "She'd be, what, ninety herself.", ["ninety"]),
    (IDS, "It was booked as OB number 14/2/7, cot 9.", ["14/2/7", "9"]),
    (IDS, "The van is KCB 402T, hers is LN19 ABX.", ["KCB 402T", "LN19 ABX"]),
    (CONTACTS, "The line is 4-0-2, 5-5-5, 0-1-3-3.", ["4-0-2, 5-5-5, 0-1-3-3"]),
    (CONTACTS, "or page HELP, that is 4357.", ["4357"]),
    (CONTACTS, "write to r t b at oakvale dot e d u", ["oakvale dot e d u"]),
    (CONTACTS, "the clerk at north hill assembly dot go dot ke", ["north hill assembly dot go dot ke"]),
    (CONTACTS, "under the same name, d two four r x six one", ["d two four r x six one"]),
    (PLACES, "Box number? Box 412, Alder Crossing", ["Box 412"]),
    (SPELLED, "i was sent up to m g h and t k came along", ["m g h", "t k"]),
    (DATES, "It was the fourth, not the third. Easter Sunday, anyway.", ["fourth", "third"]),
    (DATES, "back on the, what was it, the seventeenth?", ["seventeenth"]),
    (DATES, "The phones came the 14th. Is the 22nd good?", ["14th", "22nd"]),
    (DATES, "When was that?\n\nSixty-three. It snowed.", ["Sixty-three"]),
    (DATES, "from June one of this year", ["June one"]),
    (AGES, "she'd be six, going on seven.", ["seven"]),
    (IDS, "It's on a sticky. 14-0331-07.", ["14-0331-07"]),
    (IDS, "We have a five-digit badge, mine's 30912, yes.", ["30912"]),
    (IDS, "the social security, it ends in 7713.", ["7713"]),
    (IDS, "it was twenty nineteen dash one four four two", ["twenty nineteen dash one four four two"]),
    (IDS, "I know the number. B21 404 118.", ["B21 404 118"]),
    (CONTACTS, "Text 641-555-0137, not the desk. The 0137.", ["641-555-0137", "0137"]),
    (CONTACTS, "It's 77 Alder Lane, suite 12, 50111.", ["50111"]),
    (INSTITUTIONS, "They came from F and K, out of Dalby.", ["F and K"]),
    (PLACES, "I'm from Liberal, Kansas.", ["Liberal, Kansas"]),
    (INSTITUTIONS, "the proper title is Carers and Quiet Hours, but", ["Carers and Quiet Hours"]),
    (INSTITUTIONS, "The full name's the Office for Staff Repair.", ["Office for Staff Repair"]),
    (
        AGES,
        "So that makes you, what, seventy-one?\n\nPATIENT: Seventy-two. In May.",
        ["seventy-one", "Seventy-two"],
    ),
    (AGES, "He went down the pit at fifteen. He told them seventeen.", ["fifteen", "seventeen"]),
    (AGES, "she 's what , she's thirty eight , thirty nine next month", ["thirty eight", "thirty nine"]),
    (AGES, "She was four and a half, the youngest.", ["four and a half"]),
    (AGES, "How old's she now?\n\n[00:11:42] NURSE: Ten months. Nearly walking.", ["Ten months"]),
    (DATES, "We were to meet the 21st, no, the 22nd. The 23rd is fine.", ["21st", "22nd", "23rd"]),
    (DATES, "Due when? The thirtieth. Of October.", ["thirtieth. Of October"]),
    (DATES, "Send it by, let's say the twenty-sixth, and I'll read it.", ["twenty-sixth"]),
    (PLACES, "It's 1190 Kestrel, suite 204, on the left.", ["1190 Kestrel, suite 204"]),
    (PLACES, "We lived at 212 Fern River Drive, unit 3.", ["212 Fern River Drive, unit 3"]),
    (PLACES, "The letter said Harrow Avenue, 1147. And it came.", ["Harrow Avenue, 1147"]),
]

LEFT: list[tuple[Rules, str]] = [
    (DATES, "You may march right in, and it may rain."),
    (DATES, "It's 24/7, three weeks on, Monday to Friday."),
    (DATES, "We had 2000 patients and 24 beds."),
    (DATES, "Second, we asked the first group."),
    (AGES, "It was ten minutes. I was one of twelve."),
    (AGES, "The program is three years old now, it was three years old then."),
    (AGES, "She was thirty minutes late and he was two blocks away."),
    (IDS, "COVID-19, a PHQ-9 of 12 and an ICD-10 code."),
    (IDS, "six or eight a month"),
    (CONTACTS, "We saw 555 people in four days."),
    (CONTACTS, "the line was long, one two three people"),
    (SPELLED, "The I C U and the r c a team."),
    (SPELLED, "It was a non-ICU X-ray."),
    (PEOPLE, "Madam Chair, the Foley was in."),
    (PEOPLE, "Will you mark that? May I?"),
    (INSTITUTIONS, "The Joint Commission came, and Risk Management, and the Board."),
    (INSTITUTIONS, "We use Epic and Zoom at the hospital."),
    (PLACES, "We hope the best for Reading, Math and the arts."),
    (PLACES, "He moved to Canada."),
    (CAPITALS, "I told the CEO, and the ICU and HR agreed. Monday was fine."),
    (CAPITALS, "Okay. So we Skype. Yeah. Well, thank God."),
    (CAPITALS, "[laughs] Right. The Director of Patient Safety and the Chief Nursing Officer."),
    (DATES, "We've had two thousand three hundred visits."),
    (DATES, "We sat on the third floor and on the fourth chair."),
    (AGES, "How many have you got? Sixty. She counted."),
    (IDS, "He was in OR five, next to room two."),
    (SPELLED, "We write N for nurse, P for physician."),
    (SPELLED, "I'm a nurse, and it's a plan."),
    (INSTITUTIONS, "We have L&D and a Q&A at M&M."),
    (INSTITUTIONS, "I'm at the desk and we're in the ICU."),
    (PLACES, "He'd say Guyana, Haiti or Uzbekistan."),
    (CAPITALS, "My wife's Choctaw, he's Armenian and the cook is a Venezuelan."),
    (CAPITALS, "They sold to the Greek Catholics and the Romans both."),
    (CAPITALS, "I wrote it in Sharpie on a Folgers can beside the Tic Tacs."),
    (CAPITALS, "So I paged a Sherpa, and another Sherpa came. The best Sherpa is a janitor."),
    (CAPITALS, "And then he said, Aye, and I said, Inshallah."),
    (IDS, "We had 250 to 300 patients a year, and 310 the year before."),
    (CAPITALS, "Sorry, Your Honor."),
    (PEOPLE, "You were kind to him, Doctor. You sat down."),
    (DATES, "He lives on the ninth floor and came twentieth in the fourteenth round."),
    (DATES, "A pressure of 118/72, pain 8/10, open 24/7."),
    (IDS, "and/or, AM/PM, a 50/50 chance, B12, HIV, 9-1-1"),
    (CONTACTS, "It cost a pound twenty, four star rooms. One of us went."),
    (PLACES, "I'm on the twenty to six. One Dr Novak came. The A1c was high."),
    (AGES, "We were fifty miles out. There must be forty of them."),
    (AGES, "How many kids? Nine. It was two days."),
    (IDS, "a large number 300 of them, the bus number 41"),
    (SPELLED, "in the i c u an r n took the b p"),
    (INSTITUTIONS, "Any Q and A? He and I had R and R."),
    (PLACES, "Present: Ilse Brandvold, MD"),
    (DATES, "How many came? Sixty-three. We sat on the fourth chair, not the third."),
    (CONTACTS, "I called them all, 2019 was hard, and rang about 4000 people."),
    (CONTACTS, "They had a list. I was number three hundred and something."),
    (PEOPLE, "I asked the dr about it and my dr said no; mr right, dr who."),
    (AGES, "She was nineteen years a health aide. Ticagrelor, ninety, twice a day."),
    (CONTACTS, "Yes. Not dot com. There's a dot com as well."),
    (INSTITUTIONS, "At the store, Marit came. At the bar, Monday, we left. The 99th percentile."),
    (AGES, "We were fifty-four years married. Who's on it? We're eleven."),
    (AGES, "It's a new title, it's about eighteen months old."),
    (AGES, "She was a mother of four, a father of two."),
    (AGES, "I was forty minutes. Forty-two beds we had."),
    (DATES, "On the 22nd floor, in the 19th century, at the 25th percentile."),
    (DATES, "Her pressure's one-oh-eight over sixty."),
    (CAPITALS, "He tells people, Y'all can go now."),
    (INSTITUTIONS, "Her full name is Ilse Brandvold. The official title is Vice President of Quality."),
    (CAPITALS, "Thank you, Senator. The A1c was high. I take Sacubitril-valsartan."),
    (CAPITALS, "He has a tear, Supraspinatus, full thickness."),
]


def covered(rules: Rules, text: str) -> set[int]:
    """The positions that the findings of likely confidence cover."""
    return {i for span, _, score in rules(text) if score >= 0.5 for i in range(span.start, span.end)}


@pytest.mark.parametrize(("rules", "text", "names"), FOUND, ids=[f"{r.name}: {t}" for r, t, _ in FOUND])
def test_covers_every_letter(rules: Rules, text: str, names: list[str]) -> None:
    seen = covered(rules, text)
    for name in names:
        start = text.index(name)
        left = [text[i] for i in range(start, start + len(name)) if text[i].isalnum() and i not in seen]
        assert not left, f"{name!r} is not covered: {left}"


@pytest.mark.parametrize(("rules", "text"), LEFT, ids=[f"{r.name}: {t}" for r, t in LEFT])
def test_leaves_what_identifies_nobody(rules: Rules, text: str) -> None:
    seen = covered(rules, text)
    assert "".join(c for i, c in enumerate(text) if i in seen) == ""


LABELS = [
    ("MS. VANG", ["VANG"]),
    ("Dr. Jefferson-Hall", ["Jefferson-Hall"]),
    ("RM", ["RM"]),
    ("Rachel Kim, MD", ["Rachel Kim"]),
    ("M. Y. Vang", ["M. Y. Vang"]),
    ("The Acting Chair (Mrs. Carla Ruiz)", ["Carla Ruiz"]),
    ("Interviewer", []),
    ("Speaker 1", []),
    ("P08", []),
    ("Q", []),
    ("PhD E", []),
    ("Nurse Manager", []),
    ("SUPERINTENDENT", []),
    ("CHARGE NURSE", []),
    ("Mr. Ward", ["Ward"]),
    ("Ward", ["Ward"]),
    ("The Interpreter", []),
    ("HEARING OFFICER ROURKE", ["ROURKE"]),
]


@pytest.mark.parametrize(("label", "names"), LABELS, ids=[label for label, _ in LABELS])
def test_names_in_labels_without_titles_and_roles(label: str, names: list[str]) -> None:
    assert [label[s.start : s.end] for s in names_in_label(label)] == names


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=80))
def test_spans_stay_inside_any_text(text: str) -> None:
    for rules in RECOGNIZERS:
        for span, _, score in rules(text):
            assert 0 <= span.start < span.end <= len(text)
            assert 0 < score <= 1
