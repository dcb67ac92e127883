"""A model that contradicts itself is refused with every problem at once."""

import pytest

from sciatrial.foundation import ModelError
from sciatrial.model import Parameter, State, assemble, formula, hill, mechanism, sciatica_model

STATES = (State("drug", "mg", "drug in the body"),)
RATE = Parameter("loss_rate", "1/day", "loss of the drug")


@mechanism(changes={"drug": -1}, sources=("assumption:test",))
def loss(loss_rate, drug):
    """Lose the drug."""
    return loss_rate * drug


def test_a_sound_model_gives_its_rates():
    model = assemble("toy", STATES, (RATE,), (), (loss,))
    assert model.rates({"drug": 10.0, "loss_rate": 0.1}) == {"drug": -1.0}


def test_a_rate_per_hour_is_caught_by_its_scale():
    with pytest.raises(ModelError, match="loss: the result is 24 times"):
        assemble("toy", STATES, (Parameter("loss_rate", "1/hour", "loss"),), (), (loss,))


def test_a_wrong_dimension_is_caught():
    with pytest.raises(ModelError, match="loss"):
        assemble("toy", STATES, (Parameter("loss_rate", "mmHg", "loss"),), (), (loss,))


def test_nanograms_for_milligrams_are_caught():
    @formula("dimensionless")
    def effect(drug, drug_for_half_effect):
        """Effect."""
        return hill(drug, half=drug_for_half_effect)

    @formula("ng")
    def again(drug):
        """Drug again."""
        return 1 * drug

    half = Parameter("drug_for_half_effect", "ng", "half")
    with pytest.raises(ModelError, match="times what"):
        assemble("toy", STATES, (RATE, half), (effect, again), (loss,))


def test_all_name_problems_are_told_at_once_with_the_nearest_name():
    @mechanism(changes={"drag": -1}, sources=())
    def bad(loss_rat, drug):
        """Mistyped."""
        return loss_rat * drug

    unused = Parameter("never_used_rate", "1/day", "nothing")
    with pytest.raises(ModelError) as caught:
        assemble("toy", STATES, (RATE, unused), (), (bad, loss))
    text = str(caught.value)
    assert "did you mean 'loss_rate'?" in text
    assert "changes 'drag'" in text
    assert "never_used_rate: is used by no equation" in text


def test_a_name_with_two_meanings_is_refused():
    with pytest.raises(ModelError, match="defined twice"):
        assemble("toy", (*STATES, *STATES), (RATE,), (), (loss,))


def test_a_law_can_be_left_out_by_name():
    model = sciatica_model().without("macrophage_resorption", "disc_leak")
    assert len(model.mechanisms) == len(sciatica_model().mechanisms) - 2


def test_leaving_out_an_unknown_law_names_the_nearest():
    with pytest.raises(ModelError, match="macrophage_resorption"):
        sciatica_model().without("macrophage_resorbtion")
