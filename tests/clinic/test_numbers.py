"""A draw of the prior is what the clinic asks for its numbers."""

from sciatrial.clinic import Numbers
from sciatrial.parameters import read_prior, reference_draw


def test_a_draw_answers_as_the_clinic_asks():
    numbers: Numbers = reference_draw(read_prior()).one(0)
    general, special = numbers.value("steroid_loss_rate"), numbers.value("steroid_loss_rate", ("dexamethasone",))
    assert special > general
    assert numbers.value("steroid_loss_rate", ("triamcinolone",)) == general
