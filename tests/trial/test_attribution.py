"""Parts of an effect add up to the whole, and a part that is off has no share."""

import numpy as np
import pytest

from sciatrial.clinic import Protocol
from sciatrial.engine import simulate
from sciatrial.foundation import DAYS_PER_MONTH, TrialError
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients
from sciatrial.trial import CELL_PARTS, attribute, parts_of
from sciatrial.trial.attribution import shapley

MODEL = sciatica_model()
PRIOR = read_prior()
CELLS = Protocol(
    intervention="cell_therapy", cell_type="bm_msc", donor="allogeneic", dose_million_cells=40,
    route="epidural_transforaminal",
)  # fmt: skip


def divided(protocol=CELLS, groups=PRIOR.groups, cohort="chronic_radicular", **changes):
    words = {"n_patients": 60, "seed": 5, "months": (3.0, 12.0)} | changes
    draw = reference_draw(PRIOR, included=groups).one(0)
    return attribute(MODEL, protocol, [draw], cohort_named(cohort), **words)


@pytest.fixture(scope="module")
def whole():
    return divided()


def test_the_shapley_value_of_a_known_game():
    """Two left gloves and a right one: the right glove is worth two thirds, each left a sixth."""
    players = ("left", "other_left", "right")
    worth = {
        frozenset(s): float("right" in s and len(s) > 1)
        for s in [
            (),
            *[(p,) for p in players],
            ("left", "other_left"),
            ("left", "right"),
            ("other_left", "right"),
            players,
        ]
    }
    assert [shapley(p, players, worth) for p in players] == pytest.approx([1 / 6, 1 / 6, 2 / 3])


def test_shares_add_up_to_the_whole_effect(whole):
    total = whole.shares.groupby("month")["share"].sum()
    effect = (whole.whole["treated"] - whole.whole["natural"]).to_numpy()
    np.testing.assert_allclose(total, effect, atol=1e-9)


def test_cells_at_the_root_relieve_by_less_inflammation_and_context(whole):
    shares = whole.shares.query("month == 3").set_index("part")["share"]
    assert shares["less_inflammation"] < -1
    assert shares["context"] < -3
    assert abs(shares["repair"]) < 0.5


def test_a_mechanism_that_the_draw_leaves_out_has_no_share():
    got = divided(groups=[g for g in CELL_EFFECTS if g != "cell_anti_inflammatory"])
    mine = got.shares.query("part == 'needle_and_fluid'")["share"]
    assert mine.abs().max() < 0.05
    off = got.shares.query("part == 'less_inflammation'")["share"]
    assert off.abs().max() < 0.05


def test_what_is_divided_is_the_difference_from_no_cells_at_all():
    """Cells that do nothing still take up room in the disc, which is theirs to answer for."""
    protocol = Protocol(
        intervention="cell_therapy", cell_type="disc_cells", donor="allogeneic", dose_million_cells=40,
        route="intradiscal",
    )  # fmt: skip
    got = divided(protocol, cohort="chronic_discogenic", outcome="back_pain", months=(24.0,))
    draw = reference_draw(PRIOR, included=PRIOR.groups).one(0)
    patients = sample_patients(MODEL, draw, cohort_named("chronic_discogenic"), n_patients=60, seed=5)
    day = 24 * DAYS_PER_MONTH
    untreated = simulate(
        MODEL, patients.parameters, patients.entry_states, times_days=[day], outputs=["back_pain"],
        events=patients.later_events(MODEL, day),
    )  # fmt: skip
    assert got.whole["natural"].to_numpy() == pytest.approx([untreated["back_pain"].mean()], abs=1e-6)
    assert got.shares.set_index("part").loc["burden_of_cells", "share"] > 0.01


def test_tablets_have_their_drug_and_their_context():
    nsaid = Protocol(intervention="nsaid")
    assert parts_of(nsaid) == ("treatment", "context")
    got = divided(nsaid, months=(1.0,)).shares.set_index("part")
    assert got.loc["treatment", "share"] < -0.5
    assert got.loc["context", "share"] < -0.5


def test_a_sham_is_context_alone():
    assert parts_of(Protocol(intervention="sham", route="intradiscal")) == ("context",)


def test_every_part_of_cells_is_a_number_of_the_model():
    assert {n for numbers in CELL_PARTS.values() for n in numbers} <= set(MODEL.parameter_names)


def test_what_cannot_be_divided_is_told_at_once():
    with pytest.raises(TrialError) as error:
        divided(Protocol(intervention="usual_care"), outcome="leg_pian", months=(), n_patients=1)
    assert len(error.value.problems) == 4
    assert "leg_pain" in str(error.value)


@pytest.mark.parametrize("months", [(0.0,), (60.5,), (3.0, float("nan"))])
def test_months_beyond_the_horizon_are_refused(months):
    with pytest.raises(TrialError, match=r"months: (?s:.)*up to 60"):
        divided(months=months)


def test_the_table_holds_every_part_once_a_month(whole):
    assert len(whole.table()) == 2 * (len(parts_of(CELLS)) + 1)  # the burden of cells is a row of its own
    assert "context" in repr(whole)


def test_a_division_says_what_its_draws_are_of():
    assert divided(n_patients=4, months=(1.0,), scenario="posterior").scenario == "posterior"
