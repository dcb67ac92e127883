import re

import pytest
import tomlkit

from sciatrial.foundation import StudyError
from sciatrial.study import read_study
from tests.study.conftest import SMALL, STUDIES


def problems_of(path, text, **how):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(path, **how)
    return {problem.where: problem for problem in caught.value.problems}


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_study_has_no_problem(path):
    assert read_study(path).design.size >= 100


def test_the_demo_randomises_in_the_ratio_of_the_published_trial():
    sizes = read_study(STUDIES / "mpc_intradiscal.toml").design.expected_sizes()
    assert sizes == {"saline": 20, "ha": 20, "mpc_6m": 30, "mpc_18m": 30}


def test_the_resolved_study_read_again_is_the_same_study(small, tmp_path):
    path = tmp_path / "again.toml"
    path.write_text(tomlkit.dumps(dict(small.resolved)), encoding="utf-8")
    assert read_study(path).fingerprint() == small.fingerprint()


def test_every_default_is_written_out(small):
    assert small.resolved["trial"]["alpha"] == 0.05
    assert small.resolved["trial"]["comparisons"] == [{"arm": "cells", "control": "sham"}]
    assert small.resolved["population"]["symptom_months"] == [3.0, 24.0]


def test_the_order_of_the_arms_makes_another_study(small, tmp_path):
    head, cells, sham = re.split(r"(?=\[arms\.)", SMALL)
    path = tmp_path / "turned.toml"
    path.write_text(head + sham + "\n" + cells, encoding="utf-8")
    assert read_study(path).fingerprint() != small.fingerprint()


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        ("dose_million_cells = 20", "dose_milion_cells = 20", "arms.cells.dose_milion_cells", "'dose_million_cells'"),
        ("dose_million_cells = 20", "dose_cells = 20", "arms.cells.dose_cells", "'dose_million_cells'"),
        ("dose_million_cells = 20", "dose_million_cells = 0", "arms.cells.dose_million_cells", "0.01 to 2000"),
        ("dose_million_cells = 20", "dose_million_cells = -5", "arms.cells.dose_million_cells", "0.01 to 2000"),
        ("dose_million_cells = 20", "dose_million_cells = 1e9", "arms.cells.dose_million_cells", "million cells"),
        ("dose_million_cells = 20", "dose_million_cells = nan", "arms.cells.dose_million_cells", "finite"),
        ("dose_million_cells = 20", "dose_million_cells = inf", "arms.cells.dose_million_cells", "finite"),
        ("dose_million_cells = 20", 'dose_million_cells = "20 million"', "arms.cells.dose_million_cells", "without quotes"),
        ('"bm_msc"', '"bmmsc"', "arms.cells.cell_type", "'bm_msc'"),
        ('"bm_msc"', '"chondrocytes"', "arms.cells", "cannot be simulated"),
        ('route              = "epidural_transforaminal"', 'route = "oral"', "arms.cells", "cannot go by the route"),
        ("visits_months    = [1, 3]", "visits_weeks = [4, 12]", "trial.visits_weeks", "'visits_months'"),
        ("visits_months    = [1, 3]", "visits_months = [3, 1]", "trial.visits_months", "increasing order"),
        ("visits_months    = [1, 3]", "visits_months = [1, 3, 3]", "trial.visits_months", "once"),
        ("month = 3", "month = 4", "trial.endpoint.month", "not a visit"),
        ('outcome = "leg_pain"', 'outcome = "leg_pian"', "trial.endpoint.outcome", "'leg_pain'"),
        ("n_total          = 12", "n_total = 12\nn_per_arm = 6", "trial", "one of them and not both"),
        ("n_total          = 12", "n_total = 12\nallocation = { cells = 1 }", "trial.allocation", "arm sham is missing"),
        ("n_total          = 12", "n_total = 12\nallocation = { cells = 1, sham = 1, x = 1 }", "trial.allocation.x", "no such"),
        ("n_total          = 12", "n_total = 12.5", "trial.n_total", "whole number"),
        ("n_total          = 12", "n_total = 2", "trial.n_total", "4 to 1e+06"),
        ('"chronic_radicular"', '"chronic_radiculr"', "population.cohort", "'chronic_radicular'"),
        ('cohort = "chronic_radicular"', "", "population.cohort", "missing"),
        ('cohort = "chronic_radicular"', 'cohort = "stenosis"\nages = 3', "population.ages", "no such setting"),
        ('cohort = "chronic_radicular"', 'cohort = "stenosis"\nsymptom_months = [9, 3]', "population.symptom_months", "shorter"),
        ("seed     = 11", "seed = -1", "seed", "0 or more"),
        ("seed     = 11", "sead = 11", "sead", "'seed'"),
        ("schema   = 1", "schema = 2", "schema", "1"),
        ('name     = "small"', 'name = "../up"', "name", "letters"),
        ("n_trials = 12", "n_trials = 1", "simulation.n_trials", "2 to 100000"),
        ("visits_months    = [1, 3]", 'visits_months = [1, 3]\nrandomisation = { strata = ["leg_pain>=30"] }',
         "trial.randomisation.strata.0", "parts nobody"),
        ("visits_months    = [1, 3]", 'visits_months = [1, 3]\nadjust_for = ["symptom_months>=40"]',
         "trial.adjust_for.0", "3 to 24"),
        ("visits_months    = [1, 3]", 'visits_months = [1, 3]\nrandomisation = { strata = ["sx"] }',
         "trial.randomisation.strata.0", "'sex'"),
        ("visits_months    = [1, 3]", 'visits_months = [1, 3]\nrandomisation = { method = "minimization" }',
         "trial.randomisation.method", "'minimisation'"),
        ("visits_months    = [1, 3]", "visits_months = [1, 3]\nmissing_visits = { probability_ = 0.1 }",
         "trial.missing_visits.probability_", "'probability'"),
        ("visits_months    = [1, 3]", "visits_months = [1, 3]\nmissing_visits = { probability = 1.1 }",
         "trial.missing_visits.probability", "0 to 0.9"),
        ("visits_months    = [1, 3]", "visits_months = [1, 3]\ndropout_hazard = { arm_ratio = { shame = 2 } }",
         "trial.dropout_hazard.arm_ratio.shame", "cells, sham"),
        ("visits_months    = [1, 3]", "visits_months = [1, 3]\naccrual = { per_month = 5, sites = { number = 3 } }",
         "trial.accrual.arrivals", "poisson"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_with_its_place_and_what_to_do(tmp_path, old, new, where, told):
    assert old in SMALL
    found = problems_of(tmp_path / "wrong.toml", SMALL.replace(old, new, 1))
    assert where in found
    assert told in str(found[where])
    assert found[where].next_step


def test_every_problem_of_a_file_is_told_at_once(tmp_path):
    text = SMALL.replace("seed     = 11", "sead = 11").replace('"bm_msc"', '"bmmsc"').replace("month = 3", "month = 4")
    text = text.replace("dropout_per_year = 0.2", "dropout_per_year = inf").replace('"chronic_radicular"', '"x"')
    expected = {
        "seed",
        "sead",
        "arms.cells.cell_type",
        "trial.endpoint.month",
        "trial.dropout_per_year",
        "population.cohort",
    }
    assert expected <= set(problems_of(tmp_path / "wrong.toml", text))


@pytest.mark.parametrize(
    ("text", "told"),
    [("[arms.x]\n", "is empty"), ("", "two arms or more")],
    ids=["an arm without words", "no arms"],
)
def test_a_study_without_usable_arms_is_refused(tmp_path, text, told):
    head = SMALL.split("[arms.cells]")[0]
    found = problems_of(tmp_path / "wrong.toml", f"{head}\n[arms]\n{text}")
    assert any(told in str(problem) for problem in found.values())


def test_an_unreadable_file_is_told(tmp_path):
    with pytest.raises(StudyError, match="no such file"):
        read_study(tmp_path / "nothing.toml")
    with pytest.raises(StudyError, match="is a folder"):
        read_study(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match="not text in UTF-8"):
        read_study(tmp_path / "bytes.toml")
    (tmp_path / "broken.toml").write_text("seed = = 1", encoding="utf-8")
    with pytest.raises(StudyError, match="line 1"):
        read_study(tmp_path / "broken.toml")


def test_the_nearest_file_is_named(small_file):
    with pytest.raises(StudyError, match=r"small\.toml"):
        read_study(small_file.with_name("smal.toml"))


def test_a_change_is_put_in_place_of_what_the_file_says(small_file):
    study = read_study(small_file, changes=["trial.n_total=90", "arms.cells.route=perineural"])
    assert study.design.n_total == 90
    assert study.design.arms["cells"].route == "perineural"
    assert study.changes == ("trial.n_total=90", "arms.cells.route=perineural")


@pytest.mark.parametrize("change", ["trial.n_total", "=3", "seed.x=1"])
def test_a_change_that_is_none_is_told(small_file, change):
    with pytest.raises(StudyError, match="--set"):
        read_study(small_file, changes=[change])


def test_a_change_of_an_unknown_setting_names_the_nearest(small_file):
    with pytest.raises(StudyError, match="n_total"):
        read_study(small_file, changes=["trial.n_totl=90"])


def test_quick_keeps_the_path_and_makes_few_trials(small_file):
    assert read_study(small_file, quick=True).settings.simulation.n_trials == 6


def test_own_cells_in_culture_need_their_weeks(small_file):
    own = ["arms.cells.donor=autologous", "arms.cells.cell_type=bm_msc"]
    with pytest.raises(StudyError, match=r"arms\.cells\.weeks_until_treatment[\s\S]*take some to grow"):
        read_study(small_file, changes=own)
    assert read_study(small_file, changes=[*own, "arms.cells.weeks_until_treatment=0"])


def test_a_study_with_a_posterior_is_written_out_without_an_inclusion_probability(small_file):
    read = read_study(small_file, changes=["calibration.parameters=reference"])
    assert read.resolved["calibration"] == {"parameters": "reference"}


def test_an_inclusion_probability_beside_a_posterior_is_told_where_it_stands(small_file):
    changes = ["calibration.parameters=reference", "calibration.inclusion_probability=0.5"]
    with pytest.raises(StudyError) as caught:
        read_study(small_file, changes=changes)
    (problem,) = caught.value.problems
    assert problem.where == "calibration.inclusion_probability"
    assert "draws say which effects are there" in problem.found


SEQUENTIAL = "looks = {{ information = [{}], spending = {{ {} }} }}\naccrual = {{ per_month = 5 }}\n"


def problems_with(folder, lines):
    """Return where → problem of the small study with some lines replaced."""
    text = SMALL
    for line, new in lines.items():
        assert line in text
        text = text.replace(line, new)
    return problems_of(folder / "wrong.toml", text)


VISITS = "visits_months    = [1, 3]\n"


def test_looks_that_cannot_be_are_told_all_at_once_before_anything_runs(tmp_path):
    wrong = SEQUENTIAL.format("0, 0.5, 1", 'kind = "user", values = [0.01, 0.05, 0.05, 0.06]')
    told = problems_with(tmp_path, {VISITS: VISITS + wrong, "month = 3 }": "month = 4 }"})
    assert "at zero observed endpoints" in told["trial.looks.information.0"].found
    assert "at or beyond full information" in told["trial.looks.information.2"].found
    assert "4 is not a visit" in told["trial.endpoint.month"].found
    assert all(problem.expected and problem.next_step for problem in told.values())


def test_spending_more_than_alpha_is_told(tmp_path):
    wrong = SEQUENTIAL.format("0.5", 'kind = "user", values = [0.01, 0.06]')
    told = problems_with(tmp_path, {VISITS: VISITS + wrong})
    assert "0.06 is spent of 0.05" in told["trial.looks.spending.values"].found


def test_looks_without_accrual_have_no_month(tmp_path):
    told = problems_with(tmp_path, {VISITS: VISITS + "looks = { information = [0.5] }\n"})
    assert "per_month" in told["trial.accrual"].next_step


def test_an_accrual_of_nobody_is_told_with_its_unit(tmp_path):
    told = problems_with(tmp_path, {VISITS: VISITS + "accrual = { per_month = 0 }\n"})
    assert told["trial.accrual.per_month"].expected == "more than 0 and 100000 or less (patients a month)"


def test_a_look_with_hardly_an_endpoint_is_told(tmp_path):
    wrong = SEQUENTIAL.format("0.1", 'kind = "pocock"')
    told = problems_with(tmp_path, {VISITS: VISITS + wrong})
    assert "observed endpoints in arm" in told["trial.looks.information.0"].found


def test_shares_in_place_of_a_ratio_and_more_arms_than_patients_are_told(tmp_path):
    told = problems_with(tmp_path, {VISITS: VISITS + "allocation = { cells = 0.7, sham = 0.4 }\n"})
    assert "sum to 1.1" in told["trial.allocation"].found
    more = "\n".join(f'[arms.sham{arm}]\nintervention = "sham"\nroute = "oral"\n' for arm in range(6))
    told = problems_with(tmp_path, {"[arms.sham]": more + "\n[arms.sham]"})
    assert "every arm needs two patients or more" in told["trial.n_total"].expected


def test_a_kind_of_bounds_that_is_not_known_is_told_with_the_nearest(tmp_path):
    wrong = SEQUENTIAL.format("0.5", 'kind = "pocok"')
    told = problems_with(tmp_path, {VISITS: VISITS + wrong})
    assert "'pocock'" in told["trial.looks.spending.kind"].next_step


SCENARIOS = '[simulation]\nscenarios = ["optimistic", "unblinded_null"]\n'


def test_a_scenario_that_is_not_known_is_told_with_the_nearest(tmp_path):
    (problem,) = problems_of(
        tmp_path / "x.toml", SMALL.replace("[simulation]\n", SCENARIOS.replace("imis", "imiz"))
    ).values()
    assert problem.where == "simulation.scenarios.0"
    assert "did you mean 'optimistic'" in problem.next_step


def test_a_blinding_that_nobody_breaks_is_told(tmp_path):
    (problem,) = problems_of(tmp_path / "x.toml", SMALL.replace("[simulation]\n", SCENARIOS)).values()
    assert problem.where == "simulation.unblinding.learn"
    assert "cells = 0.5" in problem.next_step


def test_a_blinding_of_an_unknown_arm_is_told(tmp_path):
    broken = SCENARIOS + "unblinding = { learn = { saline = 0.5 } }\n"
    (problem,) = problems_of(tmp_path / "x.toml", SMALL.replace("[simulation]\n", broken)).values()
    assert problem.where == "simulation.unblinding.learn.saline"


def test_scenarios_costs_and_safety_read_again_are_the_same_study(tmp_path):
    more = SCENARIOS + "unblinding = { learn = { cells = 0.5 } }\n"
    costs = 'costs = { currency = "EUR", per_dose = { cells = 9000 } }\nsafety = { follow_up_months = 24 }\nrescue '
    path = tmp_path / "x.toml"
    path.write_text(SMALL.replace("[simulation]\n", more).replace("rescue ", costs), encoding="utf-8")
    first = read_study(path)
    again = tmp_path / "again.toml"
    again.write_text(tomlkit.dumps(dict(first.resolved)), encoding="utf-8")
    assert read_study(again).fingerprint() == first.fingerprint()
    assert first.design.costs.per_dose == {"cells": 9000}


def test_a_cost_of_an_unknown_arm_is_told_with_its_key(tmp_path):
    costs = 'costs = { currency = "EUR", per_dose = { cell = 9000 } }\nrescue '
    (problem,) = problems_of(tmp_path / "x.toml", SMALL.replace("rescue ", costs)).values()
    assert problem.where == "trial.costs.per_dose.cell"


ENDPOINT = 'endpoint         = { outcome = "leg_pain", month = 3 }'
RESPONSE = 'endpoint = { outcome = "leg_pain", month = 3, measure = "response", rule = "responder_50pct_pain"'
AS_RESPONDERS = 'analysis = "responders"\nestimand = { summary_measure = "risk_difference" }\n'


@pytest.mark.parametrize(
    ("changes", "where", "told"),
    [
        ({ENDPOINT: AS_RESPONDERS + RESPONSE + " }"}, "trial.endpoint.missing", "non_responder or observed_only"),
        (
            {ENDPOINT: AS_RESPONDERS + RESPONSE.replace("50pct_pain", "50pct_pian") + ', missing = "observed_only" }'},
            "trial.endpoint.rule",
            "responder_50pct_pain",
        ),
        (
            {ENDPOINT: AS_RESPONDERS.replace("responders", "responder") + RESPONSE + ', missing = "observed_only" }'},
            "trial.analysis",
            "responders",
        ),
        ({ENDPOINT: 'analysis = "responders"\n' + ENDPOINT}, "trial.analysis", 'analysis = "ancova"'),
    ],
)
def test_what_is_wrong_with_a_response_is_told_once_where_it_is(tmp_path, changes, where, told):
    found = problems_with(tmp_path, changes)
    assert list(found) == [where]
    assert told in str(found[where])


def test_a_study_of_responders_has_no_problem(tmp_path):
    path = tmp_path / "responders.toml"
    path.write_text(
        SMALL.replace(ENDPOINT, AS_RESPONDERS + RESPONSE + ', missing = "non_responder" }'), encoding="utf-8"
    )
    study = read_study(path)
    assert study.resolved["trial"]["endpoint"]["missing"] == "non_responder"


COHORT_LINE = 'cohort = "chronic_radicular"'
MIXED_LINE = "cohorts = { chronic_radicular = 0.6, stenosis = 0.4 }"


def test_several_cohorts_are_read_and_written_out_as_they_are(tmp_path):
    path, again = tmp_path / "mixed.toml", tmp_path / "again.toml"
    path.write_text(SMALL.replace(COHORT_LINE, MIXED_LINE + "\nsymptom_months = [6, 12]"), encoding="utf-8")
    study = read_study(path)
    assert [part.name for part in study.cohort.parts] == ["chronic_radicular", "stenosis"]
    assert all(part.symptom_months == (6, 12) for part in study.cohort.parts)
    assert study.resolved["population"] == {
        "cohorts": {"chronic_radicular": 0.6, "stenosis": 0.4}, "symptom_months": [6.0, 12.0],
    }  # fmt: skip
    again.write_text(tomlkit.dumps(dict(study.resolved)), encoding="utf-8")
    assert read_study(again).fingerprint() == study.fingerprint()


@pytest.mark.parametrize(
    ("line", "where", "told"),
    [
        ("cohorts = { stenosis = 1 }", "population.cohorts", "two or more"),
        ('cohorts = ["stenosis", "piriformis"]', "population.cohorts", "two or more"),
        ("cohorts = { stenosys = 0.5, piriformis = 0.5 }", "population.cohorts.stenosys", "'stenosis'"),
        ("cohorts = { stenosis = 0.5, piriformis = 0.6 }", "population.cohorts", "sum to 1"),
        ('cohorts = { stenosis = "half", piriformis = 0.5 }', "population.cohorts", "sum to 1"),
        (f"{COHORT_LINE}\n{MIXED_LINE}", "population.cohorts", "one of the two"),
        (f"{MIXED_LINE}\neligible = {{ leg_pain = [60, 40] }}", "population.eligible.leg_pain", "lies below"),
    ],
)
def test_cohorts_that_cannot_be_are_named(tmp_path, line, where, told):
    found = problems_of(tmp_path / "wrong.toml", SMALL.replace(COHORT_LINE, line))
    assert where in found
    assert told in f"{found[where].found} {found[where].expected} {found[where].next_step}"
    assert len(found) == 1


def test_surgery_in_patients_of_several_causes_is_refused_by_its_key(tmp_path):
    rescue = next(line for line in SMALL.splitlines() if line.startswith("rescue"))
    surgery = (
        'rescue = { score = "leg_pain", above = 60, intervention = "surgery", weeks_until_surgery = 4, from_month = 1 }'
    )
    found = problems_with(tmp_path, {COHORT_LINE: MIXED_LINE, rescue: surgery})
    assert "differs by cause" in found["trial.rescue.intervention"].expected


def test_what_is_wrong_within_a_subgroup_is_told_with_all_the_rest():
    changes = ['trial.enrichment.subgroup={ measure = "leg_pains", at_least = 50 }', "trial.enrichment.prevalence=1.5"]
    with pytest.raises(StudyError) as caught:
        read_study(STUDIES / "enrich_inflamed.toml", changes=changes)
    told = {problem.where: problem.next_step for problem in caught.value.problems}
    assert told["trial.enrichment.subgroup.measure"] == "did you mean 'leg_pain'?"
    assert "trial.enrichment.prevalence" in told
