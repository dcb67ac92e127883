"""The registry's words → the words of our tables. Every rule that an import follows stands here, in tables of patterns.

A rule is tried in the order in which it stands; the first that fits counts. A `doubt` is what a person has to look at
before the cell is believed. What fits no rule has no word: it is listed, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sciatrial.foundation import (
    DAYS_PER_MONTH,
    WEEKS_PER_MONTH,
    Blinding,
    CellType,
    Condition,
    Donor,
    Funding,
    Intervention,
    Outcome,
    Role,
    Route,
    SafetyEvent,
    SpreadKind,
    Statistic,
    StudyDesign,
)


class Rule(NamedTuple):
    """A pattern, the word that it stands for, and what is doubtful about that."""

    pattern: str
    word: str
    doubt: str = ""


class Found(NamedTuple):
    """The word of the first rule that fits, the text that it fitted, and what is doubtful."""

    word: str
    because: str
    doubt: str = ""


# enumerations of the registry; a value that is not here is unknown
DESIGNS = {
    "RANDOMIZED": StudyDesign.RCT,
    "NON_RANDOMIZED": StudyDesign.CONTROLLED_NONRANDOMISED,
    "NA": StudyDesign.SINGLE_ARM,
}
ROLES = {
    "EXPERIMENTAL": Role.EXPERIMENTAL,
    "ACTIVE_COMPARATOR": Role.CONTROL,
    "PLACEBO_COMPARATOR": Role.CONTROL,
    "SHAM_COMPARATOR": Role.CONTROL,
    "NO_INTERVENTION": Role.CONTROL,
}
SPONSORS = {
    "INDUSTRY": Funding.INDUSTRY,
    "NIH": Funding.ACADEMIC,
    "FED": Funding.ACADEMIC,
    "OTHER_GOV": Funding.ACADEMIC,
    "NETWORK": Funding.ACADEMIC,
    "OTHER": Funding.ACADEMIC,
    "INDIV": Funding.UNKNOWN,
    "AMBIG": Funding.UNKNOWN,
    "UNKNOWN": Funding.UNKNOWN,
}
AVERAGES = {
    "MEAN": (Statistic.MEAN, ""),
    "LEAST_SQUARES_MEAN": (Statistic.MEAN, "an adjusted (least squares) mean"),
    "MEDIAN": (Statistic.MEDIAN, ""),
}
COUNTS = ("NUMBER", "COUNT_OF_PARTICIPANTS")
WITHOUT_A_WORD = ("GEOMETRIC_MEAN", "GEOMETRIC_LEAST_SQUARES_MEAN", "LOG_MEAN", "COUNT_OF_UNITS")
# baseline measures use the first spelling, outcome measures the second; both are read without signs and capitals
SPREADS = {
    "standard deviation": SpreadKind.SD,
    "standard error": SpreadKind.SE,
    "confidence 95": SpreadKind.CI95,
    "95 confidence interval": SpreadKind.CI95,
    "inter quartile range": SpreadKind.IQR,
    "full range": SpreadKind.RANGE,
    "": SpreadKind.NONE,
    "na": SpreadKind.NONE,
    "not applicable": SpreadKind.NONE,
}
SPREADS_WITHOUT_A_WORD = (
    "confidence 80", "confidence 90", "confidence 975", "confidence 99", "confidence other", "geometric coefficient",
    "80 confidence interval", "90 confidence interval", "97 5 confidence interval", "99 confidence interval",
    "geometric coefficient of variation",
)  # fmt: skip

CONDITIONS = (
    Rule(r"piriformis", Condition.PIRIFORMIS_SYNDROME),
    Rule(r"spondylolisthesis", Condition.SPONDYLOLISTHESIS),
    Rule(r"(spinal|lumbar|canal) stenosis|neurogenic claudication", Condition.SPINAL_STENOSIS),
    Rule(r"failed back|post.?(laminectomy|discectomy)|recurrent disc herniation", Condition.POST_DISCECTOMY),
    Rule(r"herniat|disc prolapse|disk prolapse|protrusion|extrusion", Condition.DISC_HERNIATION),
    Rule(r"sciatica|radicul", Condition.LUMBAR_RADICULAR_PAIN),
    Rule(r"discogenic", Condition.DISCOGENIC_LOW_BACK_PAIN),
    Rule(r"(degenerat\w+).{0,30}dis[ck]|dis[ck].{0,30}degenerat", Condition.DEGENERATIVE_DISC_DISEASE),
)

INTERVENTIONS = (
    Rule(r"(stem|stromal|precursor|progenitor) cell|\bb?m?mscs?\b|\bmpcs?\b|marrow (aspirate )?concentrate|"
         r"\bbmac\b|stromal vascular|chondrocyte|cell therapy|disc cells", Intervention.CELL_THERAPY),
    Rule(r"platelet.rich|\bprp\b", Intervention.PRP),
    Rule(r"botulinum|botox", Intervention.BOTULINUM_TOXIN),
    Rule(r"\bsham\b|simulated (procedure|injection)", Intervention.SHAM),
    Rule(r"placebo.{0,20}(oral|tablet|capsule)|(oral|tablet|capsule).{0,20}placebo", Intervention.PLACEBO_ORAL),
    Rule(r"hyaluron", Intervention.HYALURONIC_ACID),
    Rule(r"(methyl)?prednisolone|prednisone|dexamethasone", Intervention.EPIDURAL_STEROID,
         "a steroid: epidural_steroid, or oral_steroid?"),
    Rule(r"triamcinolone|betamethasone|steroid", Intervention.EPIDURAL_STEROID,
         "a steroid: is it given epidurally?"),
    Rule(r"gabapentin|pregabalin", Intervention.GABAPENTINOID),
    Rule(r"morphine|oxycodone|tramadol|tapentadol|opioid", Intervention.OPIOID),
    Rule(r"duloxetine|amitriptyline|nortriptyline|antidepress", Intervention.ANTIDEPRESSANT),
    Rule(r"naproxen|ibuprofen|diclofenac|celecoxib|etoricoxib|nsaid|anti.inflammatory", Intervention.NSAID),
    Rule(r"discectomy|microdis|laminectomy|decompression|fusion|surgery|surgical", Intervention.SURGERY),
    Rule(r"lidocaine|bupivacaine|ropivacaine|mepivacaine|local an(a)?esthetic", Intervention.LOCAL_ANAESTHETIC),
    Rule(r"saline|sodium chloride", Intervention.SALINE),
    Rule(r"physio|physical therapy|exercise|manual therapy|rehabilitation", Intervention.PHYSIOTHERAPY),
    Rule(r"usual care|standard (of )?care|conservative|no treatment", Intervention.USUAL_CARE),
    Rule(r"placebo", Intervention.SALINE, "a placebo of an unknown kind"),
)  # fmt: skip
CELL_TYPES = (
    Rule(r"cord blood", CellType.UCB_MSC),
    Rule(r"umbilical|wharton", CellType.UC_MSC),
    Rule(r"stromal vascular|\bsvf\b", CellType.SVF),
    Rule(r"marrow (aspirate )?concentrate|\bbmac\b", CellType.BMAC),
    Rule(r"precursor cell|\bmpcs?\b", CellType.MPC),
    Rule(r"adipose|fat.derived", CellType.AD_MSC),
    Rule(r"chondrocyte", CellType.CHONDROCYTES),
    Rule(r"disc (derived )?cells|nucleus pulposus cells|discogenic cells", CellType.DISC_CELLS),
    Rule(r"marrow", CellType.BM_MSC),
)
DONORS = (Rule(r"autolog", Donor.AUTOLOGOUS), Rule(r"allogen", Donor.ALLOGENEIC))
ROUTES = (
    Rule(r"intradis[ck]al|into the .{0,30}dis[ck]|nucleus pulposus", Route.INTRADISCAL),
    Rule(r"transforaminal", Route.EPIDURAL_TRANSFORAMINAL),
    Rule(r"interlaminar", Route.EPIDURAL_INTERLAMINAR),
    Rule(r"caudal", Route.EPIDURAL_CAUDAL),
    Rule(r"perineural|nerve root block", Route.PERINEURAL),
    Rule(r"intrathecal", Route.INTRATHECAL),
    Rule(r"intramuscular", Route.INTRAMUSCULAR),
    Rule(r"intravenous", Route.INTRAVENOUS),
    Rule(r"\boral|tablet|capsule|by mouth", Route.ORAL),
    Rule(r"discectomy|laminectomy|surgery", Route.OPERATIVE),
)

# what is measured: looked for in the title first, then in the description
OUTCOMES = (
    Rule(r"oswestry|\bodi\b|roland|\brmdq?\b|functional rating index|disability", Outcome.DISABILITY),
    Rule(r"eq.?5d|euroqol|sf.?36|sf.?12|quality of life", Outcome.QUALITY_OF_LIFE),
    Rule(r"(leg|radicular|sciatic|radiating|limb).{0,25}pain|pain.{0,25}\b(leg|radicul|sciatic|limb)",
         Outcome.LEG_PAIN),
    Rule(r"(back|lumbar).{0,25}pain|pain.{0,25}\b(back|lumbar)", Outcome.BACK_PAIN),
    Rule(r"disc height|disk height", Outcome.DISC_HEIGHT),
    Rule(r"pfirrmann", Outcome.PFIRRMANN),
    Rule(r"numbness|hypoesthesia|hypaesthesia", Outcome.NUMBNESS),
    Rule(r"\bpain\b", Outcome.PAIN_UNSPECIFIED, "leg or back is not said"),
)  # fmt: skip
# how it is measured: looked for in title, description and unit together
INSTRUMENT_RULES = (
    Rule(r"modified oswestry|\bmodi\b", "modi_100", "a percentage?"),
    Rule(r"(oswestry|\bodi\b).*(percent|%|0 ?(to|-|–) ?100)", "odi_100"),
    Rule(r"oswestry|\bodi\b", "odi_raw_or_percent", "percent (odi_100) or a sum of 50 is not said"),
    Rule(r"(roland|rmdq?).*(0 ?(to|-|–) ?24|24 items)", "rmdq_24"),
    Rule(r"(roland|rmdq?).*(0 ?(to|-|–) ?23|23 items)", "rmdq_23"),
    Rule(r"roland|\brmdq?\b", "rmdq_24", "24 items (rmdq_24) or 23 (rmdq_23) is not said"),
    Rule(r"eq.?5d.*(index|utility)|(index|utility).*eq.?5d", "eq5d_index"),
    Rule(r"sf.?36.*(physical component|pcs)|(physical component|pcs).*sf.?36", "sf36_pcs"),
    Rule(r"sf.?36.*(mental component|mcs)|(mental component|mcs).*sf.?36", "sf36_mcs"),
    Rule(r"sf.?36.*bodily pain|bodily pain.*sf.?36", "sf36_bp"),
    Rule(r"sf.?36.*physical function|physical function.*sf.?36", "sf36_pf"),
    Rule(r"brief pain inventory.*severity|bpi.*severity", "bpi_severity"),
    Rule(r"(numeric|nrs\b|nprs\b|npr\b).*(0 ?(to|-|–) ?100)", "nrs_100"),
    Rule(r"(numeric|nrs\b|nprs\b).*(0 ?(to|-|–) ?10\b|11.point)", "nrs_10"),
    Rule(r"numeric(al)? (pain )?rating|\bnrs\b|\bnprs\b", "nrs_10", "0 to 10 is not said"),
    Rule(r"(visual analog|\bvas\b).*(\bmm\b|millimet|0 ?(to|-|–) ?100)", "vas_100"),
    Rule(r"(visual analog|\bvas\b).*(\bcm\b|centimet|0 ?(to|-|–) ?10\b)", "vas_10"),
    Rule(r"visual analog|\bvas\b", "vas_unstated", "100 mm (vas_100) or 10 cm (vas_10) is not said"),
    Rule(r"pfirrmann", "pfirrmann"),
    Rule(r"dis[ck] height.*\bmm\b", "disc_height_mm"),
)
# shares of responders that say their rule
SHARES = (
    Rule(r"\b(30|50|75) ?(%|percent).{0,60}\b(pain|\bvas|nrs)\b|"
         r"\b(pain|\bvas|nrs)\b.{0,60}\b(30|50|75) ?(%|percent)", "pain"),
    Rule(r"\b(30|50|75) ?(%|percent).{0,60}(oswestry|odi|disability)|"
         r"(oswestry|odi|disability).{0,60}\b(30|50|75) ?(%|percent)", "odi"),
)  # fmt: skip

EVENTS = (
    Rule(r"discitis|spondylodiscitis", SafetyEvent.DISCITIS),
    Rule(r"epidural abscess|extradural abscess", SafetyEvent.EPIDURAL_ABSCESS),
    Rule(r"dural (puncture|tear)|post.?dural|cerebrospinal fluid leak", SafetyEvent.DURAL_PUNCTURE),
    Rule(r"^dizziness|^vertigo", SafetyEvent.DIZZINESS),
    Rule(r"neoplasm|tumou?r|carcinoma|cancer|lymphoma|melanoma", SafetyEvent.TUMOUR),
    Rule(r"hypersensitiv|anaphyla|allergic", SafetyEvent.IMMUNE_REACTION),
    Rule(r"infection|sepsis|abscess", SafetyEvent.INFECTION),
)

_NUMBER_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "eighteen": "18", "twenty-four": "24",
}  # fmt: skip
_MONTHS_OF_ONE = {
    "hour": 1 / 24 / DAYS_PER_MONTH,
    "day": 1 / DAYS_PER_MONTH,
    "week": 1 / WEEKS_PER_MONTH,
    "month": 1.0,
    "year": 12.0,
}
_UNIT = r"(hour|day|week|month|year|hr|wk|mo|yr)s?\b"
_NUMBERS = r"\d+(?:\.\d+)?(?:(?:\s*(?:,|;|/|&|\band\b|\bor\b|\bto\b|-|–)\s*)+\d+(?:\.\d+)?)*"


class Visits(NamedTuple):
    """The months of the visits that a text names, in its order; `is_up_to`: the last is an end, perhaps no visit."""

    months: tuple[float, ...]
    is_up_to: bool = False


def first_rule(rules: Iterable[Rule], *texts: str) -> Found | None:
    """Return the first rule that fits; of several texts, the first in which any rule fits decides."""
    rules = tuple(rules)
    for text in texts:
        for rule in rules:
            if match := re.search(rule.pattern, text, flags=re.IGNORECASE | re.DOTALL):
                return Found(str(rule.word), " ".join(match[0].split())[:60], rule.doubt)
    return None


def all_rules(rules: Iterable[Rule], text: str) -> list[str]:
    """Return the words of every rule that fits, each once."""
    words = [str(rule.word) for rule in rules if re.search(rule.pattern, text, flags=re.IGNORECASE | re.DOTALL)]
    return list(dict.fromkeys(words))


def share_word(text: str) -> str | None:
    """Return the word of a share of responders whose threshold is in the text: 30, 50 or 75 percent."""
    found = first_rule(SHARES, text)
    thresholds = set(re.findall(r"\b(30|50|75) ?(?:%|percent)", text, flags=re.IGNORECASE))
    if found is None or len(thresholds) != 1:
        return None
    return f"responder_{thresholds.pop()}pct_{found.word}"


def blinding_of(masking: str, who: Iterable[str]) -> Found | None:
    """Return who was masked, in our words: patient and assessor, one of them, nobody."""
    masked = set(who)
    patient, assessor = "PARTICIPANT" in masked, bool(masked & {"OUTCOMES_ASSESSOR", "INVESTIGATOR"})
    if masking == "NONE":
        return Found(Blinding.OPEN, "masking NONE")
    if patient and assessor:
        return Found(Blinding.DOUBLE, "participant and assessor masked")
    if patient or assessor:
        return Found(Blinding.SINGLE, "participant or assessor masked")
    return None


def spread_of(dispersion: str) -> tuple[SpreadKind | None, bool]:
    """Return the word for a spread, None where there is none, and whether the registry's word is known at all."""
    folded = folded_words(dispersion)
    return SPREADS.get(folded), folded in SPREADS or folded in SPREADS_WITHOUT_A_WORD


def folded_words(text: str) -> str:
    """Return a text in small letters, with one space for everything that is neither letter nor digit."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def visits_of(text: str) -> Visits:
    """Return the visits that a time frame names, in months from baseline.

    Days are divided by 30.44 and weeks by 4.348, to hundredths of a month; "baseline" is 0. Windows such as ± 7 days
    are passed over. "Up to 24 months" is the end of a time, perhaps no visit.

    Examples
    --------
    >>> visits_of("Baseline to Day 90")
    Visits(months=(0.0, 2.96), is_up_to=False)
    >>> visits_of("3, 6 and 12 months").months
    (3.0, 6.0, 12.0)
    """
    plain = re.sub(r"\(?\s*(±|\+/-|\+-|plus or minus)\s*\d+\s*(hours?|days?|weeks?|months?)?\s*\)?", " ", text.lower())
    for word, digit in _NUMBER_WORDS.items():
        plain = re.sub(rf"\b{word}\b", digit, plain)
    found: list[tuple[int, float]] = [(match.start(), 0.0) for match in re.finditer(r"\bbaseline\b", plain)]
    taken: list[tuple[int, int]] = []
    for pattern, numbers, unit in (
        (rf"\b{_UNIT}\s*(?:#|no\.?)?\s*({_NUMBERS})(?!\s*[-–]?\s*(?:{_UNIT}|%))", 2, 1),
        (rf"\b({_NUMBERS})\s*[-–]?\s*{_UNIT}", 1, 2),
    ):
        for match in re.finditer(pattern, plain):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            taken.append(match.span())
            for number in re.finditer(r"\d+(?:\.\d+)?", match[numbers]):
                month = float(number[0]) * _MONTHS_OF_ONE[_unit_name(match[unit])]
                found.append((match.start(numbers) + number.start(), round(month, 2)))
    months = tuple(dict.fromkeys(month for _, month in sorted(found)))
    is_up_to = bool(re.search(r"\b(up to|through|throughout|until|within|during|over)\b", plain)) and bool(months)
    return Visits(months, is_up_to)


def _unit_name(text: str) -> str:
    return {"hr": "hour", "wk": "week", "mo": "month", "yr": "year"}.get(text, text)
