import numpy as np
import pytest

from sciatrial.parameters import CELL_EFFECTS, draw_parameters, prior_quantile
from sciatrial.trial import CELL_PARTS, Scenario, draws_for, upper_cell_effects


@pytest.fixture(scope="module")
def posterior(prior):
    return draw_parameters(prior, n_draws=400, seed=77)


def drawn(prior, posterior, scenario):
    return draws_for(prior, scenario, first=0, count=60, seed=2, posterior=posterior)


def of_cells(prior):
    return np.array([row.inclusion in CELL_EFFECTS for row in prior.entries])


@pytest.mark.parametrize("scenario", [word for word in Scenario if word.startswith(("only", "optim", "unbl"))])
def test_a_scenario_changes_numbers_of_cell_effects_and_nothing_else(prior, posterior, scenario):
    whole, mine = drawn(prior, posterior, "posterior"), drawn(prior, posterior, scenario)
    np.testing.assert_array_equal(mine.values[:, ~of_cells(prior)], whole.values[:, ~of_cells(prior)])
    np.testing.assert_array_equal(mine.sds, whole.sds)
    assert (mine.values[:, of_cells(prior)] != whole.values[:, of_cells(prior)]).any()


@pytest.mark.parametrize("part", list(CELL_PARTS))
def test_only_one_mechanism_is_left_as_the_draw_has_it(prior, posterior, part):
    whole, mine = drawn(prior, posterior, "posterior"), drawn(prior, posterior, f"only_{part}")
    for column, row in enumerate(prior.entries):
        if row.inclusion in CELL_EFFECTS:
            expected = whole.values[:, column] if row.name in CELL_PARTS[part] else 0.0
            np.testing.assert_array_equal(mine.values[:, column], expected)
    for place, group in enumerate(mine.groups):
        columns = [i for i, row in enumerate(prior.entries) if row.inclusion == group]
        if group in CELL_EFFECTS:
            np.testing.assert_array_equal(mine.included[:, place], (mine.values[:, columns] != 0).any(axis=1))


def test_the_mechanisms_alone_share_out_every_number_of_a_cell_effect(prior, posterior):
    whole = drawn(prior, posterior, "posterior")
    alone = sum(drawn(prior, posterior, f"only_{part}").values[:, of_cells(prior)] for part in CELL_PARTS)
    np.testing.assert_allclose(alone, whole.values[:, of_cells(prior)])


def test_optimistic_is_the_value_that_19_of_20_draws_with_the_effect_do_not_exceed(prior, posterior):
    mine, upper = drawn(prior, posterior, "optimistic"), upper_cell_effects(prior, posterior)
    assert set(upper) == {row.key for row in prior.entries if row.inclusion in CELL_EFFECTS}
    for key, value in upper.items():
        row = next(row for row in prior.entries if row.key == key)
        present = posterior.values[posterior.included[:, posterior.groups.index(row.inclusion)]]
        column = posterior.keys.index(key)
        assert (present[:, column] <= value).mean() == pytest.approx(0.95, abs=0.01)
        assert (mine.values[:, column] == value).all()
    assert all(mine.included[:, mine.groups.index(group)].all() for group in CELL_EFFECTS)


def test_without_enough_draws_the_prior_tells_the_upper_value(prior):
    few = draw_parameters(prior, n_draws=30, seed=1)
    assert upper_cell_effects(prior, few) == upper_cell_effects(prior)
    row = next(row for row in prior.entries if row.key == "neurotrophic_per_cell")
    assert upper_cell_effects(prior)["neurotrophic_per_cell"] == prior_quantile(row, np.array(0.95))


def test_the_unblinded_null_has_the_biology_of_no_cell_effect(prior, posterior):
    null, broken = (drawn(prior, posterior, word) for word in ("no_cell_effect", "unblinded_null"))
    assert null.fingerprint() == broken.fingerprint()
