"""Outcome measures: numbers as they were posted, and a reason for each that becomes no row."""

import pytest

from sciatrial.exchange import candidate_study
from sciatrial.foundation import Confidence
from tests.exchange.registry_samples import measure, measurement, registered_study, visit

PAIN = "Leg Pain, Numeric Rating Scale (0-10)"
ONE = [visit("", ("3.9", "2.2"), ("4.8", "2.3"))]


def _read(*measures):
    candidate = candidate_study(registered_study(measures=list(measures)))
    reasons = [problem.found for problem in candidate.left_out if problem.where.startswith("outcomeMeasures")]
    return candidate.outcomes, reasons


def _texts(row, *columns):
    return tuple(row.cells[column].text for column in columns)


def test_numbers_are_taken_as_they_were_posted():
    rows, reasons = _read(measure(PAIN, [visit("", ("3.90", "2.20"), ("4.8", "2.3"))]))
    assert _texts(rows[0], "arm_id", "outcome", "instrument", "month") == ("marrow_cells", "leg_pain", "nrs_10", "6")
    assert _texts(rows[0], "n", "statistic", "value", "spread_kind") == ("28", "mean", "3.90", "sd")
    assert _texts(rows[0], "spread_low") == ("2.20",)
    assert rows[0].confidence is Confidence.HIGH
    assert reasons == []


def test_where_names_the_module_the_title_and_the_visit():
    rows, _ = _read(measure(PAIN, [visit("Month 6", ("3.9", "2.2"))]))
    assert rows[0].cells["where"].text == f"outcomeMeasuresModule: {PAIN}; primary; Month 6; 6 months"


def test_classes_are_visits():
    rows, _ = _read(measure(PAIN, [visit("Baseline", ("7", "1")), visit("Week 12", ("5", "2"))], timeFrame="12 weeks"))
    assert [row.cells["month"].text for row in rows] == ["0", "2.76"]


@pytest.mark.parametrize(
    ("param", "title", "statistic", "is_doubtful"),
    [
        ("MEAN", PAIN, "mean", False), ("LEAST_SQUARES_MEAN", PAIN, "mean", True), ("MEDIAN", PAIN, "median", False),
        ("MEAN", f"Change From Baseline in {PAIN}", "mean_change", True),
        ("MEAN", f"Percent Change in {PAIN}", "percent_change", True),
    ],
)  # fmt: skip
def test_a_kind_of_number_has_its_statistic(param, title, statistic, is_doubtful):
    rows, _ = _read(measure(title, ONE, paramType=param))
    assert rows[0].cells["statistic"].text == statistic
    assert bool(rows[0].cells["statistic"].doubt) is is_doubtful


@pytest.mark.parametrize(
    ("dispersion", "more", "kind", "low", "high"),
    [
        ("Standard Error", {"spread": "0.4"}, "se", "0.4", ""),
        ("95% Confidence Interval", {"lowerLimit": "3.1", "upperLimit": "4.7"}, "ci95", "3.1", "4.7"),
        ("Inter-Quartile Range", {"lowerLimit": "2", "upperLimit": "6"}, "iqr", "2", "6"),
        ("Full Range", {"lowerLimit": "0", "upperLimit": "9"}, "range", "0", "9"),
        ("90% Confidence Interval", {"lowerLimit": "3", "upperLimit": "5"}, "none", "", ""),
        ("Standard Deviation", {"spread": "NA"}, "none", "", ""),
    ],
)
def test_a_spread_has_its_word_or_is_left_out_with_a_doubt(dispersion, more, kind, low, high):
    classes = [{"categories": [{"measurements": [measurement(0, "3.9", **more)]}]}]
    rows, _ = _read(measure(PAIN, classes, dispersionType=dispersion))
    cells = rows[0].cells
    assert cells["spread_kind"].text == kind
    assert [cells[column].text if column in cells else "" for column in ("spread_low", "spread_high")] == [low, high]
    assert bool(cells["spread_kind"].doubt) is (kind == "none")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"paramType": "GEOMETRIC_MEAN"}, "paramType GEOMETRIC_MEAN has no word"),
        ({"paramType": "MODE"}, "paramType 'MODE' is not a known value"),
        ({"dispersionType": "Guess"}, "dispersionType 'Guess' is not a known value"),
        ({"title": "Walking distance"}, "no rule for what is measured"),
        ({"title": "Leg pain by our own scale"}, "no rule for how it is measured"),
        ({"reportingStatus": "NOT_POSTED"}, "results are not posted yet"),
        ({"timeFrame": "at discharge"}, "no rule for the time frame: at discharge"),
        ({"timeFrame": "3 months and 6 months"}, "the class names no visit, and the time frame several"),
        ({"paramType": "COUNT_OF_PARTICIPANTS", "unitOfMeasure": "Participants"}, "a share of patients whose rule"),
        ({"paramType": "NUMBER", "unitOfMeasure": "tablets"}, "a NUMBER of tablets"),
        ({"title": f"Median change in {PAIN}", "paramType": "MEDIAN"}, "a median of changes has no word"),
    ],
)  # fmt: skip
def test_what_has_no_word_is_listed_with_the_reason(changed, reason):
    rows, reasons = _read({**measure(PAIN, ONE), **changed})
    assert rows == ()
    assert any(found.startswith(reason) for found in reasons), reasons


def test_subgroups_are_no_visits():
    rows, reasons = _read(measure(PAIN, [visit("Women", ("3", "1")), visit("Men", ("4", "1"))]))
    assert rows == ()
    assert reasons == ["one of several classes, and no visit: 'Women'", "one of several classes, and no visit: 'Men'"]


def test_a_remark_in_the_place_of_a_number_is_listed_with_its_comment():
    classes = [{"categories": [{"measurements": [measurement(0, "NA", comment="too few"), measurement(1, "4")]}]}]
    rows, reasons = _read(measure(PAIN, classes))
    assert len(rows) == 1
    assert reasons == ["'NA' is no number: too few"]


def test_responders_are_counted_in_the_category_that_says_yes():
    categories = [{"title": title, "measurements": [measurement(0, "14")]} for title in ("Yes", "No")]
    rows, reasons = _read(
        measure("At Least 50% Reduction in Leg Pain", [{"categories": categories}], dispersionType="NA",
                paramType="COUNT_OF_PARTICIPANTS", unitOfMeasure="Participants")
    )  # fmt: skip
    assert [_texts(row, "outcome", "instrument", "statistic", "value") for row in rows] == [
        ("responder", "responder_50pct_pain", "count", "14")
    ]
    assert reasons == ["a category that is not the number of the measure"]


def test_a_change_to_a_visit_is_that_visit_and_up_to_is_doubtful():
    rows, _ = _read(measure(f"Change in {PAIN}", ONE, timeFrame="Baseline to Day 90"))
    assert rows[0].cells["month"].text == "2.96"
    rows, _ = _read(measure(PAIN, ONE, timeFrame="Up to 24 months"))
    assert rows[0].cells["month"].doubt == "up to: Up to 24 months"


def test_a_rise_called_a_change_of_pain_is_doubtful():
    rows, _ = _read(measure(f"Reduction in {PAIN}", ONE))
    assert rows[0].cells["value"].doubt == "above 0: a fall with its sign lost?"
    assert rows[0].confidence is Confidence.LOW


def test_a_group_that_is_no_arm_is_listed():
    groups = [{"id": "OG000", "title": "Everybody"}]
    rows, reasons = _read(measure(PAIN, ONE, groups=groups))
    assert rows == ()
    assert reasons == ["cannot be told to be one of the arms"]
