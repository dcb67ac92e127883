"""The page of a calibration: every section, the failure first, no network needed."""

import re
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest

from sciatrial.report import population_lines, write_calibration
from sciatrial.report.calibration_page import _durations
from sciatrial.report.words import DISCLAIMER
from tests.calibration.small import small_fit
from tests.report.compared import compared_with, small_comparison
from tests.report.fits import made_validation


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "calibration.html"
    return write_calibration(small_fit(), path, stamp={"created": "2026-11-27"}).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def validated(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "validated.html"
    return write_calibration(small_fit(), path, made_validation()).read_text(encoding="utf-8")


def test_every_section_is_there(page):
    places = re.findall(r'<a href="#(\w+)">', page)
    assert len(places) == 16
    for place in places:
        assert f'id="{place}"' in page


def test_that_it_did_not_converge_stands_before_every_number(page):
    assert page.index("NOT CONVERGED") < page.index("In short")


def test_a_fit_whose_checks_hold_says_nothing_of_failure(tmp_path):
    fit = small_fit()
    posterior = replace(fit.posterior, checks=fit.posterior.checks.assign(holds=True))
    text = write_calibration(replace(fit, posterior=posterior), tmp_path / "page.html").read_text(encoding="utf-8")
    assert "NOT CONVERGED" not in text
    assert "Every check of the fit holds" in text


def test_what_may_not_be_claimed_is_among_the_first_sentences(page):
    assert page.index("No claim for leg pain: no controlled data") < page.index('id="input"')


def test_the_page_opens_without_a_network(page):
    assert not re.findall(r'(?:src|href)="https?:', page)


def test_pictures_have_words_for_those_who_cannot_see_them(page):
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) > 8
    assert all(re.search(r'alt="[^"]{10,}"', picture) for picture in pictures)


def test_every_row_of_the_prior_is_printed(page):
    for key in small_fit().calibration.space.keys:
        assert f'<th scope="row">{key}</th>' in page


def test_every_study_and_every_assumption_is_on_the_page(page):
    fit, shown = small_fit(), unescape(page)
    for study in set(fit.calibration.terms.rows["study_id"]):
        assert study in shown
    for sentence in fit.posterior.made_with["assumptions"]:
        assert sentence[1:].split("%")[0] in shown


def test_arms_whose_patients_have_been_ill_for_another_time_than_printed_are_counted_and_named(page):
    assert "Where a mean duration of symptoms is printed" in page
    nan = float("nan")
    table = pd.DataFrame(
        [("a", "x", 58.0, 96.0, 12.0, nan, False), ("b", "y", 0.12, nan, nan, 0.099, False),
         ("c", "z", 4.2, 4.2, nan, nan, True), ("d", "z", 20.0, nan, 6.0, nan, True),
         ("e", "z", 4.0, nan, nan, nan, True)],
        columns=["study_id", "arm_id", "months", "months_printed", "months_from", "months_to", "months_agree"],
    )  # fmt: skip
    told = _durations(table)
    assert "is printed (2 arms), 1 enrol it; where only bounds are known (2 arms), 1 enrol" in told
    assert told.endswith("Not: a, x (58 months enrolled, 96 printed); b, y (0.12 months enrolled, to 0.099).")


def test_what_the_data_cannot_tell_is_counted_and_listed(page):
    table = small_fit().posterior.parameters
    unknown = table[~(table["contraction"] >= 0.1) & ~table["key"].str.startswith("trial_")]
    assert f"{len(unknown)} stay as the prior has them" in page
    assert f"Numbers with a contraction below 0.1: {len(unknown)}" in page


def test_without_a_validation_the_page_says_that_agreement_proves_nothing(page):
    assert "no evidence of prediction" in page


def test_with_a_validation_each_trial_left_out_stands_beside_the_claims(validated):
    assert validated.index("each controlled trial of cells left out") < validated.index('id="input"')
    assert "Scores by model and stratum" in validated
    assert "1 prior rows cite a study of the fit" in validated


def test_the_disclaimer_stands_at_both_ends(page):
    assert page.count(DISCLAIMER) == 2


def test_patients_at_the_door_stand_beside_published_ones_or_the_page_says_that_nobody_looked(page, tmp_path):
    assert "Not compared here" in page
    made = compared_with(small_fit().posterior)
    text = unescape(write_calibration(small_fit(), tmp_path / "page.html", population=made).read_text(encoding="utf-8"))
    assert "Not compared here" not in text
    for sentence in population_lines(made):
        assert sentence in text
    for reason in set(small_comparison().left_out["reason"]):
        assert reason in text
    assert text.index(population_lines(made)[0]) < text.index('id="input"')
    assert 'alt="Virtual patients at the door minus published ones' in text
