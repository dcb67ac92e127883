from dataclasses import replace

import pytest

from sciatrial.calibration import reference_posterior
from sciatrial.calibration.fitted_to import fit_uses
from sciatrial.evidence import read_evidence
from sciatrial.parameters import read_prior


@pytest.fixture(scope="module")
def evidence():
    return read_evidence()


def test_studies_whose_numbers_the_fit_aims_at_are_told(evidence):
    found = fit_uses(evidence, read_prior(), reference_posterior(), ["chiba2018", "khoromi2007", "chiba2018"])
    uses = found.set_index("study_id")["uses"]
    assert list(uses.index) == ["chiba2018", "khoromi2007"]
    assert "that the fit aims at" in uses["chiba2018"]
    assert found["is_certain"].all()


def test_without_a_posterior_only_ranges_that_cite_a_study_count(evidence):
    every = evidence.studies["study_id"]
    uses = fit_uses(evidence, read_prior(), None, every)["uses"]
    assert not uses.str.contains("aims at").any()
    cited = uses[uses != ""]
    assert len(cited) > 0
    assert cited.str.startswith("prior ranges that cite it").all()


def test_a_posterior_of_other_tables_is_not_certain(evidence):
    posterior = reference_posterior()
    other = replace(posterior, made_with={**posterior.made_with, "evidence": "another"})
    assert not fit_uses(evidence, read_prior(), other, ["chiba2018"])["is_certain"].any()
