from dataclasses import replace

import pytest

from sciatrial.clinic import hazards
from sciatrial.evidence import read_evidence
from sciatrial.exchange import REFERENCE_TREATMENTS, source_links
from sciatrial.parameters import read_prior, reference_draw
from sciatrial.report.clinicians import (
    cell_evidence,
    cell_treatments,
    harm_lines,
    study_links,
    trial_findings,
    usual_treatments,
)

EVIDENCE = read_evidence()
LINKS = source_links(EVIDENCE)
HAZARDS = hazards(EVIDENCE, reference_draw(read_prior()).one(0))


def test_studies_of_cells_are_counted_as_the_tables_hold_them():
    told = cell_evidence(EVIDENCE)
    assert told.n_randomised == len(told.randomised) <= told.n_studies
    assert told.n_randomised_in_sciatica <= told.n_in_sciatica <= told.n_studies
    arms = EVIDENCE.arms
    assert sum(told.arms_by_route.values()) == int((arms["intervention"] == "cell_therapy").sum())


def test_a_study_is_told_by_author_and_year_with_an_address():
    links = study_links(EVIDENCE.studies)
    assert links["centeno2017"].words == "Centeno 2017"
    assert links["centeno2017"].address.startswith("https://doi.org/10.")
    assert links["ldh_registry_9930"].words == "ldh registry 9930"  # no author is known
    assert len(links) == len(EVIDENCE.studies)


def test_what_trials_found_has_its_interval_and_its_source():
    found = trial_findings(EVIDENCE, LINKS)
    assert all(" to " in link.words and link.address.startswith("https://") for link in found)
    assert any("Exercise" in link.words and "−11.4" in link.words for link in found)  # less pain is negative


def test_every_reference_treatment_is_told_once_and_cells_apart():
    ways, sources = cell_treatments()
    assert "into the disc" in ways
    assert "bone marrow" in sources
    assert not any("cell" in word or "marrow" in word for word in usual_treatments())
    cells = [p for p in REFERENCE_TREATMENTS.values() if p is not None and p.is_cell_therapy]
    assert len(usual_treatments()) == len(REFERENCE_TREATMENTS) - len(cells) - 2  # neither none nor sham


def test_every_harm_is_told_counted_or_not():
    lines, without = harm_lines(HAZARDS, EVIDENCE.studies, LINKS)
    told = " ".join(line.says for line in lines)
    for hazard in HAZARDS:
        if hazard.is_estimable:
            assert hazard.in_words() in told
    uncounted = [hazard for hazard in HAZARDS if not hazard.is_estimable]
    assert sum(len(text.split(": ")[1].split(", ")) for text in without) == len(uncounted)
    assert "up to" in told
    assert all(line.sources for line in lines)


@pytest.mark.parametrize("field", ["harm", "exposure"])
def test_a_word_without_a_translation_stands_as_it_is(field):
    changed = replace(HAZARDS[0], **{field: "something_new"})
    lines, _ = harm_lines([changed], EVIDENCE.studies, LINKS)
    assert "something new" in f"{lines[0].after.lower()} {lines[0].says}"
