import numpy as np
import pytest

from sciatrial.statistics import larger_p_value
from sciatrial.trial import population_plan, populations_in_words, r_of_populations
from sciatrial.trial.planned_enrichment import is_planned_in_points, population_paths
from tests.trial.enriched import RULE, design_of

PICK = {"enrichment": RULE | {"most": [1]}}


def plan(case, effects=(0.5,), n_trials=4_000):
    return population_plan(design_of(case), effects, n_trials=n_trials).set_index("who")


@pytest.mark.parametrize("changes", [{"most": [1]}, {"by": "conditional_power", "within": [0.2]}, {"test": "simes"}])
def test_the_error_is_at_most_alpha_whoever_benefits(changes):
    found = plan({"enrichment": RULE | changes}, n_trials=20_000)
    for who in ("nobody", "those outside"):
        row = found.loc[who]
        assert row["familywise_error"] < 0.025 + 3 * row["familywise_error_se"]
    assert np.isnan(found.loc["everybody", "familywise_error"])


def test_a_design_without_looks_has_the_error_of_its_one_test():
    found = plan({"enrichment": RULE, "looks": {"information": []}}, n_trials=20_000)
    z = 1.959963985
    # both must be rejected, so that a population with z above the bound needs the test of both as well
    assert found.loc["nobody", "any_shown"] < larger_p_value(z, np.sqrt(0.4))
    assert found["expected_endpoints"].tolist() == [120.0] * 4
    assert np.isnan(found.loc["nobody", "both"])


def test_the_subgroup_is_selected_where_only_it_benefits():
    found = plan(PICK)
    assert found.loc["the subgroup", "subgroup_alone"] > 0.7
    assert found.loc["those outside", "full_alone"] > 0.7


def test_one_population_goes_on_where_the_better_one_is_selected():
    paths = population_paths(design_of(PICK), design_of(PICK).enrichment, np.zeros(2), n_trials=500, seed=2)
    assert paths.goes_on.sum(axis=1).max() == 1


def test_fewer_patients_after_the_look_are_fewer_endpoints():
    few = plan({"enrichment": RULE | {"most": [1], "n_after": 20}})
    assert few.loc["the subgroup", "expected_endpoints"] < plan(PICK).loc["the subgroup", "expected_endpoints"] - 20


def test_distances_in_points_are_left_to_trials_of_patients():
    design = design_of({"enrichment": RULE | {"within": [4]}})
    assert is_planned_in_points(design.enrichment)
    assert population_plan(design).empty
    assert "simulate them" in populations_in_words(design, population_plan(design))
    assert r_of_populations(design).startswith("# rpact has no such selection")


def test_the_plan_is_told_in_words_and_as_r():
    design = design_of(PICK)
    told = populations_in_words(design, population_plan(design, (0.5,), n_trials=200))
    assert "those outside benefit by 0.5 SD: full shown" in told
    assert "planned prevalence 0.4" in told
    assert "getSimulationEnrichmentMeans" in r_of_populations(design)
