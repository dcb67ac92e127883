import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import DoseCandidate, DoseShape, dose_curve, tells_doses_apart

GUESSES = {
    DoseShape.EMAX: (20,), DoseShape.SIGMOID_EMAX: (20, 3), DoseShape.EXPONENTIAL: (50,), DoseShape.QUADRATIC: (60,),
    DoseShape.LOGISTIC: (30, 5), DoseShape.BETA: (1, 1.5),
}  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "dose", "share"),
    [(DoseShape.LINEAR, 50, 0.5), (DoseShape.EMAX, 20, 0.5), (DoseShape.SIGMOID_EMAX, 20, 0.5),
     (DoseShape.LOGISTIC, 30, 0.5), (DoseShape.BETA, 48, 1.0)],
)  # fmt: skip
def test_curves_are_where_their_numbers_say(shape, dose, share):
    assert dose_curve(shape, dose, GUESSES.get(shape, ()), largest=100) == pytest.approx(share)


def test_a_parabola_turns_at_its_peak_and_an_exponential_grows_e_fold():
    doses = np.arange(0, 101, 1.0)
    assert doses[dose_curve(DoseShape.QUADRATIC, doses, (60,), largest=100).argmax()] == 60
    growth = np.diff(dose_curve(DoseShape.EXPONENTIAL, [0, 1, 50, 51], (50,), largest=100))
    assert growth[2] / growth[0] == pytest.approx(np.e)


@pytest.mark.parametrize("shape", DoseShape)
def test_every_shape_tells_doses_apart_and_is_told_in_words(shape):
    item = DoseCandidate(shape, GUESSES.get(shape, ()))
    assert tells_doses_apart(item, [0, 5, 20, 100])
    assert item.in_words.startswith(str(shape).replace("_", " "))


def test_curves_that_are_flat_or_beyond_all_numbers_are_found():
    assert not tells_doses_apart(DoseCandidate(DoseShape.LOGISTIC, (1e6, 1)), [0, 5, 20])
    assert not tells_doses_apart(DoseCandidate(DoseShape.EXPONENTIAL, (0.01,)), [0, 5, 20])


def test_guesses_must_be_those_of_the_shape():
    with pytest.raises(TrialError, match="half_dose, hill"):
        DoseCandidate(DoseShape.SIGMOID_EMAX, (20,))
    with pytest.raises(TrialError, match="none"):
        DoseCandidate(DoseShape.LINEAR, (1,))
