"""SBML that the library of the field finds nothing to say against, and that another engine solves as we do."""

import numpy as np
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.exchange import (
    CAUSES,
    REFERENCE_TREATMENTS,
    Case,
    Change,
    largest_difference,
    our_course,
    reference_case,
    source_links,
    to_sbml,
)
from sciatrial.parameters import read_prior
from tests.exchange.conftest import DAYS, by_roadrunner

libsbml = pytest.importorskip("libsbml")


PRIOR = read_prior()


def read(case, links=None, prior=None):
    return libsbml.readSBMLFromString(to_sbml(case, links, prior))


@pytest.fixture(scope="module")
def sourced(case):
    """The document with everything that is known of its sources, and the addresses."""
    links = source_links(read_evidence())
    return read(case, links, PRIOR), links


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("treatment", REFERENCE_TREATMENTS)
def test_libroadrunner_agrees_to_one_in_a_million(cause, treatment):
    """Every cause and treatment, all states and outputs, doses and random events included."""
    case = reference_case(cause, treatment)
    worst, where = largest_difference(case, our_course(case, DAYS), by_roadrunner(to_sbml(case), case))
    assert worst <= 1e-6, where


@pytest.mark.parametrize("prior", [None, PRIOR], ids=["bare", "with sources"])
@pytest.mark.parametrize("cause", CAUSES)
def test_the_consistency_check_has_nothing_to_say_units_included(cause, prior):
    links = None if prior is None else source_links(read_evidence())
    document = read(reference_case(cause, "cells_intradiscal"), links, prior)
    assert document.getLevel() == 3
    assert document.getVersion() == 2
    for category in (libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, libsbml.LIBSBML_CAT_MODELING_PRACTICE):
        document.setConsistencyChecks(category, True)
    document.checkConsistency()
    assert [document.getError(i).getMessage() for i in range(document.getNumErrors())] == []


def test_the_unit_check_can_fail(case):
    """A dose in mmHg is found: the check above is not blind."""
    wrong = to_sbml(case).replace('sbml:units="million_cells"', 'sbml:units="mmHg"')
    wrong = wrong if wrong != to_sbml(case) else to_sbml(case).replace('units="million_cells"', 'units="mmHg"', 1)
    document = libsbml.readSBMLFromString(wrong)
    document.checkConsistency()
    assert document.getNumErrors() > 0


def test_every_word_of_the_model_is_there_with_its_unit_and_meaning(case):
    model = read(case).getModel()
    words = [*case.model.states, *case.model.parameters, *case.model.formulas, *case.model.mechanisms]
    for word in words:
        parameter = model.getParameter(word.name)
        assert parameter is not None, word.name
        assert parameter.isSetUnits()
        assert parameter.isSetNotes()
    assert model.getNumParameters() == len(words)


def test_a_law_carries_the_address_of_its_source(case):
    model = read(case, {"graded_compression_pathology": "https://identifiers.org/doi:10.1/x"}).getModel()
    parameter = model.getParameter("compression_stimulus")
    assert parameter.getNumCVTerms() == 1
    assert parameter.getCVTerm(0).getResourceURI(0) == "https://identifiers.org/doi:10.1/x"


def test_several_changes_of_one_day_are_one_line_as_our_engine_does_them(case):
    assert len({(change.day, change.state) for change in case.changes}) == len(case.changes)
    assert [change.day for change in case.changes] == sorted(change.day for change in case.changes)


def test_a_dose_on_the_first_day_is_given_and_a_visit_sees_the_patient_before_it(case):
    at_start = Case(**{**vars(case), "changes": (Change(0.0, "steroid_depot", 1.0, 80.0),)})
    theirs = by_roadrunner(to_sbml(at_start), at_start)["steroid_depot"]
    assert theirs[0] == pytest.approx(80 * np.exp(-0.5 * case.parameters["steroid_loss_rate"]), rel=1e-6)
    assert our_course(at_start, [0.0])["steroid_depot"][0] == case.initial["steroid_depot"]


def test_the_same_case_gives_the_same_text(case):
    assert to_sbml(case) == to_sbml(reference_case("herniation", "cells_epidural"))


def test_every_parameter_says_whether_it_is_measured_tuned_or_assumed(case, sourced):
    model = sourced[0].getModel()
    words = ("measured (", "tuned (", "assumed (", "a choice of scale (")
    for name in case.model.parameter_names:
        notes = model.getParameter(name).getNotesString()
        assert "Reference" in notes, name
        assert any(word in notes for word in words), name


def test_a_parameter_with_a_source_that_can_be_looked_up_carries_its_address(case, sourced):
    document, links = sourced
    rows = [row for row in PRIOR.entries if row.name in case.model.parameter_names]
    expected = {row.name for row in rows if links.keys() & set(row.sources.split(";"))}
    annotated = {p.getId() for p in document.getModel().getListOfParameters() if p.getNumCVTerms()}
    assert annotated & set(case.model.parameter_names) == expected
    assert len(expected) > len(case.model.parameters) / 2
    term = document.getModel().getParameter("resorption_rate").getCVTerm(0)
    assert term.getBiologicalQualifierType() == libsbml.BQB_IS_DESCRIBED_BY
    assert term.getResourceURI(0) == links["herniation_regression_incidence_pooled"]


def test_numbers_of_several_classes_name_each(sourced):
    notes = sourced[0].getModel().getParameter("fragment_exposure_factor").getNotesString()
    assert "Reference for bulge: tuned (resorption_incidence_bulge)." in notes
    assert "Reference for sequestration:" in notes


def test_the_model_names_its_creator_and_no_date(sourced):
    history = sourced[0].getModel().getModelHistory()
    assert history.getNumCreators() == 1
    assert history.getCreator(0).getName() == "sciatrial"
    assert not history.isSetCreatedDate()


def test_sources_change_nothing_that_is_simulated(case):
    text = to_sbml(case, source_links(read_evidence()), PRIOR)
    bare, told = by_roadrunner(to_sbml(case), case), by_roadrunner(text, case)
    assert all(np.array_equal(bare[name], told[name]) for name in bare)


def test_without_sources_there_is_no_annotation(case):
    text = to_sbml(case)
    assert "annotation" not in text
    assert "Reference" not in text
