from sciatrial.report import new_size_lines
from sciatrial.report.new_size_report import has_new_size, new_size_facts, new_sizes_wide, plot_new_sizes, zones_wide
from sciatrial.trial import planned_new_sizes
from tests.trial.adaptive import blinded_design, operating_of, size_design
from tests.trial.test_arm_quantities import holm


def told(design):
    return design.model_dump(mode="json", exclude_none=True)


def test_the_rule_is_told_in_words():
    facts = dict(new_size_facts(told(size_design())))
    assert "from 20 % to below 80 %" in facts["Size estimated anew"]
    assert "Cui, Hung and Wang" in facts["Final test"]
    assert "Chen, DeMets and Lan" in dict(new_size_facts(told(size_design(lowest=0.5, test="ordinary"))))["Final test"]
    assert "arms unknown" in new_size_facts(told(blinded_design()))[0][1]
    assert new_size_facts({}) == []


def test_sizes_and_zones_are_tables_with_their_errors():
    operating = operating_of(size_design)
    assert len(new_sizes_wide(operating)) == 2
    assert set(zones_wide(operating)["zone"]) <= {"unfavourable", "promising", "favourable", "stopped at the look"}
    assert new_size_lines(operating)[0].startswith("Size, no cell effect: ")
    assert not has_new_size(operating_of(holm))
    assert new_sizes_wide(operating_of(holm)).empty


def test_the_picture_has_the_plan_and_the_sizes_and_a_blinded_one_the_sizes_alone():
    assert len(plot_new_sizes(operating_of(size_design), planned_new_sizes(size_design())).axes) == 2
    assert len(plot_new_sizes(operating_of(blinded_design), planned_new_sizes(blinded_design())).axes) == 1
