"""The page of a model's credibility: failures first, every factor, every domain, no network."""

import html
import re

import pytest

from sciatrial.report import write_credibility
from sciatrial.report.words import DISCLAIMER
from tests.calibration.credible import assess, made_validation, posterior_with


def text_of(made, folder):
    return html.unescape(write_credibility(made, folder / "credibility.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made():
    return assess(made_validation(apart=2.0))


@pytest.fixture(scope="module")
def page(made, tmp_path_factory):
    return text_of(made, tmp_path_factory.mktemp("page"))


def test_every_section_is_there(page):
    places = re.findall(r'<a href="#(\w+)">', page)
    assert len(places) == 9
    assert all(f'id="{place}"' in page for place in places)


def test_every_factor_stands_with_its_evidence_and_every_domain_with_its_reason(made, page):
    for row in made.factors.to_dict("records"):
        assert row["factor"] in page
        assert row["evidence"] in page
    for row in made.applicability.to_dict("records"):
        assert row["domain"] in page
        assert row["why"] in page


def test_the_page_names_the_ranks_of_the_sampler_s_test_where_they_are_kept(made, page, tmp_path):
    assert "Simulation-based calibration of the sampler" not in page
    stamp = {"self_check": "self_check/ranks.csv"}
    text = write_credibility(made, tmp_path / "credibility.html", stamp=stamp).read_text(encoding="utf-8")
    assert '<a href="self_check/ranks.csv">' in text


def test_what_is_not_met_and_where_a_simpler_model_is_better_are_told_first(made, page):
    short = page[page.index('id="short"') : page.index('id="context"')]
    assert all(name in short for name in made.not_met)
    assert "Predicts arms worse than a simpler model" in short
    assert "not applicable (no trials of cells with a control)" in short


def test_a_fit_that_does_not_hold_stands_before_everything(tmp_path):
    text = text_of(assess(posterior=posterior_with(effective="12 (a)")), tmp_path)
    assert text.index("THE FIT DOES NOT HOLD") < text.index("In short")


def test_a_sound_fit_says_nothing_of_failure(page):
    assert "THE FIT DOES NOT HOLD" not in page


def test_without_a_validation_the_page_says_not_done(tmp_path):
    text = text_of(assess(), tmp_path)
    assert "Not done: no validation" in text


def test_the_page_opens_without_a_network_and_warns_at_both_ends(page):
    assert not re.findall(r'(?:src|href)="https?:', page)
    assert page.count(DISCLAIMER) == 2


def test_quick_runs_are_called_rough(made, tmp_path):
    path = write_credibility(made, tmp_path / "page.html", stamp={"is_quick": True, "created": "2026-11-27"})
    text = path.read_text(encoding="utf-8")
    assert "rough numbers" in text
    assert "2026-11-27" in text
