from sciatrial.report import family_lines
from sciatrial.report.family_tables import alpha_words, arms_wide, drops_arms, family_facts, family_wide, is_family
from tests.trial.adaptive import arms_design, operating_of
from tests.trial.test_arm_quantities import holm


def told(design):
    return design.model_dump(mode="json", exclude_none=True)


def test_the_rule_of_several_arms_is_told_in_words():
    facts = dict(family_facts(told(arms_design(multi_arm={"most": [1], "above_z": [0], "freed": "not_recruited"}))))
    assert "Dunnett's test" in facts["Several arms"]
    assert facts["At each interim look"].startswith("arms go on: the best 1 by z and with z above 0 (not binding)")
    assert "are not recruited" in facts["At each interim look"]


def test_a_method_without_looks_is_told_in_words():
    assert family_facts(told(holm()))[0][1].startswith("Holm: shown when the adjusted p value")
    assert alpha_words(told(holm())) == "for all comparisons together"
    assert alpha_words({}) == "for each comparison, not adjusted for their number"


def test_error_power_and_arms_are_tables_with_their_errors():
    operating = operating_of(arms_design)
    wide, arms = family_wide(operating), arms_wide(operating)
    assert wide["scenario"].tolist() == ["no cell effect", "optimistic"]
    assert "±" in wide["one without true benefit is shown"].iloc[0]
    assert len(arms) == 4
    assert drops_arms(operating)
    assert any("All comparisons, no cell effect: any shown" in line for line in family_lines(operating))


def test_without_looks_no_table_of_arms_is_told():
    operating = operating_of(holm)
    assert is_family(operating)
    assert arms_wide(operating).empty
    assert "no look drops the best" not in family_wide(operating)
