"""The closed lists of words that every room shares.

A word here is a cell in the evidence tables, a value in a study file, a Python argument and an axis label: one
spelling everywhere. The lists follow `evidence/tables/SCHEMA.md`; a house test compares the two.
"""

from __future__ import annotations

from enum import StrEnum


class Intervention(StrEnum):
    """What an arm receives."""

    CELL_THERAPY = "cell_therapy"
    SHAM = "sham"
    SALINE = "saline"
    HYALURONIC_ACID = "hyaluronic_acid"
    EPIDURAL_STEROID = "epidural_steroid"
    LOCAL_ANAESTHETIC = "local_anaesthetic"
    USUAL_CARE = "usual_care"
    PHYSIOTHERAPY = "physiotherapy"
    SURGERY = "surgery"
    NSAID = "nsaid"
    GABAPENTINOID = "gabapentinoid"
    OPIOID = "opioid"
    ANTIDEPRESSANT = "antidepressant"
    ORAL_STEROID = "oral_steroid"
    PRP = "prp"
    BOTULINUM_TOXIN = "botulinum_toxin"
    PLACEBO_ORAL = "placebo_oral"
    OTHER = "other"


class CellType(StrEnum):
    """Source and kind of the cells: `uc_msc` is cord tissue, `ucb_msc` cord blood."""

    BM_MSC = "bm_msc"
    AD_MSC = "ad_msc"
    UC_MSC = "uc_msc"
    UCB_MSC = "ucb_msc"
    MPC = "mpc"
    BMAC = "bmac"
    SVF = "svf"
    DISC_CELLS = "disc_cells"
    CHONDROCYTES = "chondrocytes"
    OTHER = "other"


class Donor(StrEnum):
    """Whose cells they are."""

    AUTOLOGOUS = "autologous"
    ALLOGENEIC = "allogeneic"


class Carrier(StrEnum):
    """What the cells are suspended in; the tables' free text is mapped onto these by the evidence room."""

    SALINE = "saline"
    HYALURONIC_ACID = "hyaluronic_acid"
    FIBRIN = "fibrin"


class Route(StrEnum):
    """How a treatment reaches the patient."""

    INTRADISCAL = "intradiscal"
    EPIDURAL_TRANSFORAMINAL = "epidural_transforaminal"
    EPIDURAL_INTERLAMINAR = "epidural_interlaminar"
    EPIDURAL_CAUDAL = "epidural_caudal"
    PERINEURAL = "perineural"
    INTRAMUSCULAR = "intramuscular"
    INTRAVENOUS = "intravenous"
    INTRATHECAL = "intrathecal"
    ORAL = "oral"
    OPERATIVE = "operative"
    NONE = "none"


class Drug(StrEnum):
    """Which drug is given, where a dose in mg needs one."""

    TRIAMCINOLONE = "triamcinolone"
    METHYLPREDNISOLONE = "methylprednisolone"
    BETAMETHASONE = "betamethasone"
    DEXAMETHASONE = "dexamethasone"
    NAPROXEN = "naproxen"
    PREGABALIN = "pregabalin"
    GABAPENTIN = "gabapentin"
    MORPHINE = "morphine"
    TRAMADOL = "tramadol"
    DULOXETINE = "duloxetine"
    PREDNISOLONE = "prednisolone"


class DoseBasis(StrEnum):
    """What was counted when a cell dose was given."""

    EXPANDED_CELLS = "expanded_cells"
    NUCLEATED = "nucleated"
    CFU_F = "cfu_f"
    UNSPECIFIED = "unspecified"


class Outcome(StrEnum):
    """What was measured in a published study."""

    LEG_PAIN = "leg_pain"
    BACK_PAIN = "back_pain"
    PAIN_UNSPECIFIED = "pain_unspecified"
    DISABILITY = "disability"
    QUALITY_OF_LIFE = "quality_of_life"
    RESPONDER = "responder"
    NUMBNESS = "numbness"
    WEAKNESS = "weakness"
    DISC_HEIGHT = "disc_height"
    PFIRRMANN = "pfirrmann"
    WORK = "work"
    OPIOID_USE = "opioid_use"


class Statistic(StrEnum):
    """How a published number summarises an arm."""

    MEAN = "mean"
    MEDIAN = "median"
    MEAN_CHANGE = "mean_change"
    PERCENT_CHANGE = "percent_change"
    PERCENT = "percent"
    COUNT = "count"


class SpreadKind(StrEnum):
    """What the spread beside a published number is."""

    SD = "sd"
    SE = "se"
    CI95 = "ci95"
    IQR = "iqr"
    RANGE = "range"
    NONE = "none"


class Condition(StrEnum):
    """The condition that a published study enrolled."""

    LUMBAR_RADICULAR_PAIN = "lumbar_radicular_pain"
    DISC_HERNIATION = "disc_herniation"
    DISCOGENIC_LOW_BACK_PAIN = "discogenic_low_back_pain"
    DEGENERATIVE_DISC_DISEASE = "degenerative_disc_disease"
    SPINAL_STENOSIS = "spinal_stenosis"
    SPONDYLOLISTHESIS = "spondylolisthesis"
    PIRIFORMIS_SYNDROME = "piriformis_syndrome"
    POST_DISCECTOMY = "post_discectomy"
    MIXED = "mixed"


class Cause(StrEnum):
    """What irritates the root in the model; `discogenic` is disc pain with no root involved."""

    HERNIATION = "herniation"
    STENOSIS = "stenosis"
    SPONDYLOLISTHESIS = "spondylolisthesis"
    PIRIFORMIS = "piriformis"
    DISCOGENIC = "discogenic"


class Score(StrEnum):
    """What the clinic measures in a virtual patient: 0 to 100, or else as said here. Higher is worse.

    `roland_morris` runs from 0 to 24; `quality_of_life` is an EQ-5D index, and its higher values are better.
    """

    LEG_PAIN = "leg_pain"
    BACK_PAIN = "back_pain"
    DISABILITY = "disability"
    NUMBNESS = "numbness"
    TINGLING = "tingling"
    WEAKNESS = "weakness"
    ROLAND_MORRIS = "roland_morris"
    QUALITY_OF_LIFE = "quality_of_life"


def scale_of(score: Score | str) -> tuple[float, float, str]:
    """Return a score's lowest and highest value and its scale in words.

    The EQ-5D index is that of the United Kingdom's value set of three levels, worst and best health state.
    """
    if score == Score.QUALITY_OF_LIFE:
        return -0.594, 1.0, "EQ-5D index"
    if score == Score.ROLAND_MORRIS:
        return 0.0, 24.0, "0 to 24"
    return 0.0, 100.0, "0 to 100"


class StudyDesign(StrEnum):
    """Design of a published study."""

    RCT = "rct"
    CONTROLLED_NONRANDOMISED = "controlled_nonrandomised"
    SINGLE_ARM = "single_arm"
    RETROSPECTIVE = "retrospective"


class Blinding(StrEnum):
    """Who was masked."""

    DOUBLE = "double"
    SINGLE = "single"
    OPEN = "open"


class Role(StrEnum):
    """The part that an arm plays in its study."""

    EXPERIMENTAL = "experimental"
    CONTROL = "control"
    SINGLE = "single"


class Funding(StrEnum):
    """Who paid for a published study."""

    INDUSTRY = "industry"
    ACADEMIC = "academic"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class SourceKind(StrEnum):
    """What of a study was read."""

    FULL_TEXT = "full_text"
    ABSTRACT = "abstract"
    REVIEW_TABLE = "review_table"
    REGISTRY = "registry"


class FigureFrom(StrEnum):
    """Who printed the number: the paper itself, a registry, somebody else's review, the press."""

    PAPER = "paper"
    REGISTRY = "registry"
    REVIEW = "review"
    PRESS = "press"


class SafetyEvent(StrEnum):
    """What happened to a patient."""

    ANY_ADVERSE_EVENT = "any_adverse_event"
    SERIOUS_ADVERSE_EVENT = "serious_adverse_event"
    TREATMENT_RELATED_ADVERSE_EVENT = "treatment_related_adverse_event"
    TREATMENT_RELATED_SERIOUS_ADVERSE_EVENT = "treatment_related_serious_adverse_event"
    INFECTION = "infection"
    DISCITIS = "discitis"
    EPIDURAL_ABSCESS = "epidural_abscess"
    PAIN_FLARE = "pain_flare"
    PAIN_REQUIRING_OPIOIDS = "pain_requiring_opioids"
    TUMOUR = "tumour"
    IMMUNE_REACTION = "immune_reaction"
    DURAL_PUNCTURE = "dural_puncture"
    DIZZINESS = "dizziness"
    SURGERY_ON_INDEX_LEVEL = "surgery_on_index_level"
    CROSSOVER_TO_SURGERY = "crossover_to_surgery"
    HAD_ASSIGNED_SURGERY = "had_assigned_surgery"
    REHERNIATION = "reherniation"
    DISC_HERNIATION_PROGRESSION = "disc_herniation_progression"
    SECOND_INJECTION = "second_injection"
    DROPOUT = "dropout"
    DEATH = "death"


class BiasTool(StrEnum):
    """The instrument behind a risk-of-bias judgement; `author_note` is ours, from the stated design."""

    ROB2 = "rob2"
    ROBINS_I = "robins_i"
    COCHRANE_ROB1 = "cochrane_rob1"
    AUTHOR_NOTE = "author_note"


class BiasDomain(StrEnum):
    """The part of a study that a risk-of-bias judgement speaks of."""

    OVERALL = "overall"
    RANDOMISATION = "randomisation"
    DEVIATIONS = "deviations"
    MISSING_DATA = "missing_data"
    MEASUREMENT = "measurement"
    SELECTION = "selection"


class Judgement(StrEnum):
    """A risk-of-bias judgement."""

    LOW = "low"
    SOME_CONCERNS = "some_concerns"
    HIGH = "high"
    UNCLEAR = "unclear"


class FactTopic(StrEnum):
    """What a row of the facts table is about."""

    NATURAL_HISTORY = "natural_history"
    RESORPTION = "resorption"
    NEUROLOGY = "neurology"
    DEMOGRAPHICS = "demographics"
    MEASUREMENT = "measurement"
    PLACEBO_RESPONSE = "placebo_response"
    NETWORK_META_ANALYSIS = "network_meta_analysis"
    COST = "cost"
    UTILITY = "utility"
    RECURRENCE = "recurrence"
    DROPOUT = "dropout"


class Confidence(StrEnum):
    """How far a biological parameter row is trusted."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
