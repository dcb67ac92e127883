import pytest

from sciatrial.evidence import Assumptions
from sciatrial.foundation import EvidenceError, FigureFrom


def test_every_assumption_is_told_with_its_reason_and_what_else_to_try():
    table = Assumptions().table()
    assert set(table["assumption"]) == set(Assumptions.__dataclass_fields__)
    assert (table[["value", "why", "vary"]] != "").all().all()


def test_correlations_are_never_zero_by_default():
    default = Assumptions()
    assert default.correlation_over_visits > 0
    assert default.correlation_over_outcomes > 0


def test_every_number_out_of_range_is_told_at_once():
    with pytest.raises(EvidenceError) as error:
        Assumptions(correlation_over_visits=1.2, dropout_per_year=-0.1, standard_error_factor={FigureFrom.PAPER: 0.5})
    told = str(error.value)
    assert all(
        word in told for word in ("correlation_over_visits", "dropout_per_year", "standard_error_factor", "press")
    )
