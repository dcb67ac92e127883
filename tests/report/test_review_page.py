"""The page of a review: every section, honest where there is nothing, no network needed."""

import re

import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.report import write_review
from sciatrial.report.review_page import _no_split, _splits, findings, observed_only
from sciatrial.synthesis import Question, review_evidence

STAMP = {"version": "0.1.0", "created": "2026-11-27", "tables": "shipped", "is_quick": False}
ASKED = (Question("leg_pain", 12), Question("pain", 12), Question("responder", 12))


@pytest.fixture(scope="module")
def review():
    return review_evidence(read_evidence(), questions=ASKED)


@pytest.fixture(scope="module")
def page(review, tmp_path_factory):
    return write_review(review, tmp_path_factory.mktemp("page") / "review.html", stamp=STAMP).read_text(
        encoding="utf-8"
    )


def test_the_first_finding_is_that_nobody_has_treated_the_root(review):
    assert findings(review)[0].startswith("No controlled trial of cells by an epidural or perineural route")


def test_findings_tell_that_an_answer_hangs_on_single_trials(review):
    assert any("hangs on single trials" in sentence for sentence in findings(review))


def test_every_section_is_there(page):
    for place in re.findall(r'<a href="#(\w+)">', page):
        assert f'id="{place}"' in page


def test_no_answer_is_said_as_such(page):
    assert "No answer:" in page
    assert "No pooled answer." in page


def test_the_page_opens_without_a_network(page):
    assert not re.findall(r'(?:src|href)="https?:', page)


def test_pictures_have_words_for_those_who_cannot_see_them(page):
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) >= 6
    assert all(re.search(r'alt="[^"]{10,}"', picture) for picture in pictures)


def test_the_same_answer_in_r_is_on_the_page(page):
    assert "library(metafor)" in page


def test_every_assumption_is_on_the_page(page, review):
    for name in review.estimates.assumed["assumption"]:
        assert name.replace("_", " ") in page or name in page


def test_without_a_fit_over_time_the_page_says_so(page):
    assert "Not fitted here" in page


def test_the_disclaimer_stands_at_both_ends(page):
    assert page.count("not a standard treatment") == 2


def test_months_after_the_last_that_was_observed_are_not_drawn():
    class Fitted:
        observed_months = pd.DataFrame({"treatment": ["cells"], "last": [12.0]})

    frame = pd.DataFrame({"treatment": ["cells", "cells", "other"], "month": [12.0, 24.0, 24.0]})
    assert observed_only(Fitted(), frame)["month"].tolist() == [12.0, 24.0]
    assert np.isfinite(frame["month"]).all()


def split_of(treatment):
    class Splits:
        splits = pd.DataFrame(
            [{"treatment": treatment, "comparator": "usual_care", "p_value": 0.2, "converged": True}
             | {f"{name}{end}": value for name in ("direct", "indirect", "difference")
                for end, value in (("", -1.0), ("_low", -3.0), ("_high", 1.0))}]
        )  # fmt: skip

    return Splits()


def test_that_cells_cannot_be_checked_is_said_only_where_it_is_so():
    assert "cannot be checked" in _no_split(split_of("surgery"))
    assert _no_split(split_of("cell_therapy: mpc")) == ""


def test_direct_and_indirect_effects_stand_side_by_side():
    assert _splits(split_of("surgery"))["direct"].tolist() == ["−1.0 (−3.0 to 1.0)"]
    assert _splits(None).empty


def test_a_trial_that_lacks_only_a_number_of_patients_is_told(review):
    told = [sentence for sentence in findings(review) if "equal shares" in sentence]
    assert any(sentence.startswith("Pain at 12 months would rest on 2 trials") for sentence in told)
