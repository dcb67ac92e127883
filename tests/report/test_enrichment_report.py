from sciatrial.report import enrichment_lines
from sciatrial.report.enrichment_report import has_subgroup, plot_selections, recruitment_wide, selections_wide
from tests.trial.adaptive import arms_design, operating_of
from tests.trial.enriched import operating


def test_selections_are_a_table_with_their_errors_one_row_a_scenario():
    found = selections_wide(operating())
    assert found["scenario"].tolist() == ["no cell effect", "optimistic"]
    assert "±" in found["right"].iloc[0]
    shares = found[["full population alone", "subgroup alone", "both go on", "stopped at a look"]]
    assert shares.map(lambda text: float(text.split(" ")[0])).sum(axis=1).between(99, 101).all()


def test_screening_and_misplaced_patients_are_a_table():
    found = recruitment_wide(operating()).set_index("scenario")
    assert found["true effect outside it"].iloc[0].startswith("0.0")
    assert found["truly in it, of those told"].iloc[0].endswith("%")


def test_what_looks_select_is_told_in_lines():
    lines = enrichment_lines(operating())
    assert lines[0].startswith("Selected, no cell effect: ")
    assert "screened" in lines[0]


def test_trials_without_a_subgroup_have_none_of_it():
    other = operating_of(arms_design)
    assert not has_subgroup(other)
    assert selections_wide(other).empty
    assert enrichment_lines(other) == []


def test_estimates_at_the_look_and_shares_are_drawn():
    figure = plot_selections(operating())
    left, right = figure.axes
    assert left.get_xlabel() == "Estimate at the first look, full population"
    assert len(right.patches) >= 2
