import numpy as np
import pandas as pd

from sciatrial.calibration import reference_validation
from sciatrial.calibration.extrapolation import beyond_seen
from sciatrial.calibration.terms import likelihood_terms
from sciatrial.calibration.validation import fold_of_terms
from sciatrial.evidence import read_evidence

ROWS = pd.DataFrame(
    [
        ("a", "x", "cell_therapy", "intradiscal", 20, 6),
        ("b", "x", "cell_therapy", "intradiscal", 18, 3),
        ("b", "y", "cell_therapy", "intradiscal", 40, 3),
        ("c", "x", "cell_therapy", "intrathecal", 20, 3),
        ("c", "y", "saline", "intradiscal", np.nan, 12),
        ("d", "x", "surgery", "operative", np.nan, 24),
        ("e", "x", "surgery", "operative", np.nan, 12),
        ("f", "x", "cell_therapy", "intradiscal", np.nan, 3),
        ("f", "y", "cell_therapy", "intradiscal", 10, 3),
    ],
    columns=["study_id", "arm_id", "intervention", "route", "dose_million_cells", "month"],
)


def words_of(fold):
    return beyond_seen(ROWS, ROWS, np.array(fold)).tolist()


def test_a_route_a_dose_or_a_time_that_no_other_study_had_is_told():
    assert words_of([0, 1, 1, 2, 2, 3, 4, 5, 5]) == [
        "time",  # the others end at month 3
        "", "dose",  # 40 million is more than 20
        "route", "route, time",  # nobody else had saline at all
        "time", "",
        "", "dose",  # a dose that nobody tells is beyond nothing; 10 million is fewer than 18
    ]  # fmt: skip


def test_studies_of_one_fold_have_not_seen_one_another():
    assert words_of([0, 1, 1, 2, 2, 3, 3, 4, 4])[5:7] == ["route, time", "route, time"]


def test_what_was_found_does_not_matter():
    terms, evidence = likelihood_terms(read_evidence()), read_evidence()
    fold = fold_of_terms(terms, 10, 1)
    wild = terms.rows.assign(observed=1e6, se=1e6, baseline=np.nan)
    assert beyond_seen(wild, evidence.arms, fold).tolist() == beyond_seen(terms.rows, evidence.arms, fold).tolist()


def test_the_shipped_validation_tells_how_it_does_there():
    validation = reference_validation()
    scores = validation.scores
    mine = scores[(scores["stratum"] == "route, dose or time not seen") & (scores["what"] == "arms")]
    is_beyond = (validation.predictions["beyond"] != "") & ~validation.predictions["kind"].isin(["sd", "difference"])
    assert set(mine["n"]) == {int(is_beyond.sum())}
    assert 0 < is_beyond.mean() < 0.5
