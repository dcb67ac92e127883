import pytest

from sciatrial.foundation import TrialError
from sciatrial.trial import Borrowing, ControlPrior, given_prior, published_prior
from sciatrial.trial.control_prior import prior_of
from tests.trial.conftest import small_design
from tests.trial.test_borrowing import OWN, PUBLISHED


def test_a_given_prior_is_what_the_study_says():
    prior = given_prior(Borrowing.model_validate(OWN))
    assert prior.informative.mean == -25
    assert prior.table()["part"].tolist() == ["informative", "vague"]
    assert prior.table()["sd"].tolist() == [5, 20]
    assert "worth" in repr(prior)


def test_its_size_falls_with_the_weight_of_the_vague_part():
    sizes = [
        given_prior(Borrowing.model_validate(OWN | {"robust_weight": weight})).sizes()["robust"]
        for weight in (0, 0.2, 0.6, 1)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(16)
    assert sizes[-1] == pytest.approx(1)


def test_the_informative_part_has_all_or_no_weight_at_the_ends():
    for weight, expected in ((0, 1), (1, 0)):
        prior = given_prior(Borrowing.model_validate(OWN | {"robust_weight": weight}))
        assert prior.informative_weight(prior.mixture.given(-60.0, 3.0)) == expected
    prior = given_prior(Borrowing.model_validate(OWN))
    assert prior.informative_weight(prior.mixture.given(-25.0, 3.0)) > 0.8
    assert prior.informative_weight(prior.mixture.given(-80.0, 3.0)) < 0.05


def test_the_design_says_a_spread_between_patients_before_the_arms_do():
    parts = ([1.0], [-30.0], [6.0])
    assert published_prior(Borrowing.model_validate(PUBLISHED), parts, 25.0).robust_sd == 25
    asked = Borrowing.model_validate(PUBLISHED | {"patient_sd": 18, "robust_sd": 40})
    found = published_prior(asked, parts, 25.0, told="so")
    assert (found.patient_sd, found.robust_sd, found.told) == (18, 40, "so")


def test_a_design_that_takes_published_arms_needs_their_prior():
    assert prior_of(small_design(), None) is None
    assert prior_of(small_design(borrowing=OWN), None).arm == "saline"
    with pytest.raises(TrialError, match="control_prior: is missing"):
        prior_of(small_design(borrowing=PUBLISHED), None)


def test_a_prior_is_kept_and_read_again(tmp_path):
    prior = given_prior(Borrowing.model_validate(OWN))
    prior.save(tmp_path / "prior")
    assert ControlPrior.load(tmp_path / "prior").mixture == prior.mixture
