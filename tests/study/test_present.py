import html

import numpy as np

from sciatrial.report import population_lines
from sciatrial.study import read_study, report_inputs, write_run_report
from tests.report.compared import compared_with
from tests.study.conftest import posterior_of


def test_the_report_can_be_written_again_from_the_kept_records(finished):
    before = finished.report.read_bytes()
    assert write_run_report(finished.folder).read_bytes() == before


def test_every_row_of_the_prior_comes_with_what_was_drawn(finished):
    prior = report_inputs(finished.folder).prior
    assert np.isfinite(prior[["draws_low", "draws_median", "draws_high"]].to_numpy()).all()
    assert (prior["draws_low"] <= prior["draws_high"]).all()


def test_every_source_is_published_with_a_citation_or_is_called_an_assumption(finished):
    sources = report_inputs(finished.folder).sources
    published = sources.loc[sources["kind"] == "published"]
    assert set(sources["kind"]) == {"published", "assumption"}
    assert published["citation"].str.len().min() > 5


def test_rows_that_cannot_be_used_are_counted_by_reason(finished):
    assert sum(report_inputs(finished.folder).unusable_rows.values()) == 835 - 597


def test_what_trials_of_cells_say_together_stands_beside_a_study_of_cells(finished):
    inputs = report_inputs(finished.folder)
    asked = [answer.question for answer, _ in inputs.together]
    endpoint = inputs.operating.endpoint
    assert asked[0].outcome == endpoint["outcome"]
    assert asked[-1].outcome == "responder"
    assert (inputs.mapped["route"] == "perineural").any()
    assert 'id="together"' in finished.report.read_text(encoding="utf-8")


def test_a_report_from_a_posterior_names_it_and_never_says_prior_draws(from_posterior):
    text = from_posterior.report.read_text(encoding="utf-8")
    assert posterior_of().fingerprint()[:12] in text
    assert "prior draws" not in text.lower()
    assert "Posterior draws, calibrated to published trials" in text


def test_a_report_from_the_prior_never_speaks_of_posterior_draws(finished):
    text = finished.report.read_text(encoding="utf-8")
    assert "posterior" not in text.lower()


def test_a_report_from_a_posterior_shows_its_patients_beside_published_ones(from_posterior):
    text = html.unescape(from_posterior.report.read_text(encoding="utf-8"))
    cause = str(read_study(from_posterior.folder / "study.toml").cohort.cause)
    for sentence in population_lines(compared_with(posterior_of()), cause):
        assert sentence in text
