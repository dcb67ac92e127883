"""Code for a trial's own numbers; what R makes of it is in tests/truth/other_statistics/test_exported.py."""

import pytest

from sciatrial.exchange.adam_code import r_of_trial, why_no_code
from sciatrial.foundation import StudyError
from sciatrial.study import read_study
from tests.exchange.conftest import exported

PLAN = "studies/epidural_cells_radicular.toml"


def test_there_is_a_call_for_what_each_look_knew_and_for_everybody(phase2b, mpc):
    study, full, _ = phase2b
    assert r_of_trial(full, study.design).splitlines()[-2:] == [
        'compared("cells", "saline", look = 1)', 'compared("cells", "saline")',
    ]  # fmt: skip
    study, full, _ = mpc
    calls = [line for line in r_of_trial(full, study.design).splitlines() if line.startswith("compared(")]
    assert calls == [f'compared("{item.arm}", "{item.control}")' for item in study.design.compared()]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([], ""),
        (['trial.adjust_for=["sex"]'], "adjusts for sex"),
        (["trial.endpoint={ outcome='leg_pain', month=6, measure='hierarchy', hierarchy=[{ event='rescue' }] }",
          "trial.analysis=win_statistics",
          "trial.estimand={ rescue='composite', summary_measure='win_odds' }"], "every patient of one arm"),
    ],
)  # fmt: skip
def test_where_no_code_is_given_the_reason_is(changes, told):
    why = why_no_code(read_study(PLAN, changes=changes).design)
    assert (told in why) if told else not why


def test_a_design_without_code_is_refused_by_its_reason(mpc):
    study, full, _ = mpc
    design = study.design.model_copy(update={"adjust_for": ("sex",)})
    with pytest.raises(StudyError, match="adjusts for sex"):
        r_of_trial(full, design)


def test_a_size_that_a_look_sets_has_no_code_and_a_blinded_one_has():
    words = 'most=200, effect=10, power=0.8, at_endpoints=40, kind="blinded"'
    zone = 'kind="promising_zone", most=300, lowest=0.4'
    shared = ["trial.analysis=ancova", "trial.safety={}"]
    blinded, promising = (
        read_study("studies/epidural_cells_phase2b.toml", changes=[*shared, f"trial.looks={looks}", *rule])
        for looks, rule in (
            ("{}", [f"trial.reestimation={{ {words} }}"]),
            ("{ information=[0.5] }", [f"trial.reestimation={{ {zone} }}"]),
        )
    )
    assert why_no_code(blinded.design) == ""
    assert "combines the stages" in why_no_code(promising.design)


def test_an_arms_name_is_no_code():
    name = 'a", system("x"), "'
    arms = ", ".join((
        f"'{name}'={{ intervention='saline', route='epidural_transforaminal' }}",
        "b={ intervention='sham', route='epidural_transforaminal' }",
    ))  # fmt: skip
    changes = [f"arms={{ {arms} }}", "trial.comparisons=[]", "trial.n_total=40",
               f"trial.allocation={{ '{name}'=1, b=1 }}"]  # fmt: skip
    study, full, _ = exported("epidural_cells_radicular", changes=changes)
    code = r_of_trial(full, study.design)
    assert code.splitlines()[-1] == r'compared("b", "a\", system(\"x\"), \"")'
