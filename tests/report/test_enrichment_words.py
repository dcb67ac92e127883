from sciatrial.report.enrichment_words import enrichment_assumptions, enrichment_facts
from sciatrial.report.family_tables import alpha_words
from tests.trial.enriched import RULE, design_of, enriched_design


def told(design):
    return design.model_dump(mode="json", exclude_none=True)


def test_subgroup_test_and_rule_are_told_in_words():
    facts = dict(enrichment_facts(told(enriched_design())))
    assert facts["Subgroup"].startswith("inflamed: inflammatory mediators at least 0.09")
    assert "Spiessens and Debois' test" in facts["Full population and subgroup"]
    assert facts["At each interim look"].startswith(
        "populations go on: the one with the larger estimated effect; after"
    )
    assert "of 192 eligible patients at most" in facts["At each interim look"]


def test_every_condition_of_a_rule_is_told():
    rule = RULE | {"by": "conditional_power", "above": [0.2], "within": [0.1], "n_after": 30, "stop": "first_shown"}
    words = dict(enrichment_facts(told(design_of({"enrichment": rule}))))["At each interim look"]
    assert "with a conditional power above 0.2 (not binding) and within 0.1 of the larger" in words
    assert "30 patients of the subgroup are randomised" in words
    assert "one of them is shown" in words
    changing = design_of({"enrichment": RULE | {"most": [2, 1]}, "looks": {"information": [0.4, 0.7]}})
    words = dict(enrichment_facts(told(changing)))["At each interim look"]
    assert "go on: the better 2, then 1 by estimated effect; after" in words


def test_simple_randomisation_is_not_said_to_be_stratified():
    simple = design_of({"enrichment": RULE, "randomisation": {"method": "simple"}})
    assert "assignment is not stratified by it" in dict(enrichment_facts(told(simple)))["Subgroup"]
    blocks = dict(enrichment_facts(told(design_of({"enrichment": RULE}))))["Subgroup"]
    assert "assignment is stratified by it" in blocks


def test_without_looks_no_rule_is_told_and_without_a_subgroup_nothing():
    design = design_of({"enrichment": RULE, "looks": {"information": []}})
    assert "At each interim look" not in dict(enrichment_facts(told(design)))
    assert enrichment_facts({}) == []
    assert enrichment_assumptions({}) == []


def test_prevalence_and_assay_are_called_assumptions():
    first, second = enrichment_assumptions(told(enriched_design()))
    assert first == "Prevalence of inflamed, for the plan alone: 50 %."
    assert "coefficient of variation of 0.3" in second
    assert len(enrichment_assumptions(told(design_of({"enrichment": RULE})))) == 1


def test_the_error_is_that_of_both_together():
    assert alpha_words(told(enriched_design())) == "for full population and subgroup together"
