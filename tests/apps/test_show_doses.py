from sciatrial.apps.show_doses import dose_design_words
from tests.trial.conftest import small_design
from tests.trial.test_dose_finding import dose_design


def test_the_plan_tells_contrasts_critical_value_and_power():
    first, *shapes = dose_design_words(dose_design())
    assert "critical value 1.97" in first
    assert shapes[0].startswith("linear: contrast saline -0.")
    assert "0.8 SD" in shapes[0]
    assert dose_design_words(small_design()) == []
