"""Trials whose datasets R analyses with the code that the export gives: one of each kind of analysis."""

from pathlib import Path

from sciatrial.study import read_study, study_trial

HERE = Path(__file__).parent
FOLDER = HERE / "exported"
_PLAN, _LOOKED_AT, _SELECTING = "epidural_cells_radicular", "epidural_cells_phase2b", "cell_sources_select"
_ARRIVING = "trial.accrual={ per_month=6 }"
_BOTH = 'trial.comparisons=[{ arm="cells", control="saline" }, { arm="steroid", control="saline" }]'
_OPEN = "arms={ steroid={ enters_month=6 }, cells={ leaves_month=14 } }"


def _judged_by(endpoint, analysis, measure):
    return [
        f'trial.endpoint={{ outcome="leg_pain", month=6, {endpoint} }}', f"trial.analysis={analysis}",
        f'trial.estimand={{ rescue="treatment_policy", summary_measure="{measure}" }}',
    ]  # fmt: skip


def _response(analysis, measure):
    rule = 'measure="response", rule="responder_30pct_pain", missing="observed_only"'
    return _judged_by(rule, analysis, measure)


# name → study, settings; the second trial of each is taken
CASES = {
    "ancova": (_PLAN, []),
    "composite": (_PLAN, ["trial.estimand.rescue=composite"]),
    "principal_stratum": (_PLAN, ["trial.estimand.rescue=principal_stratum"]),
    "mmrm": (_LOOKED_AT, []),
    "mmrm_unadjusted": (_PLAN, ["trial.analysis=mmrm"]),
    "clda": (_LOOKED_AT, ["trial.analysis=clda"]),
    "responders": (_PLAN, _response("responders", "risk_difference")),
    "odds_ratio": (_PLAN, _response("logistic", "odds_ratio")),
    "marginal_odds_ratio": (_PLAN, _response("logistic", "marginal_odds_ratio")),
    "risk_difference": (_PLAN, _response("logistic", "risk_difference")),
    "categories": (
        _PLAN, _judged_by('measure="category", categories=[20, 50]', "proportional_odds", "common_odds_ratio"),
    ),
    "several_arms": (_SELECTING, []),
    "platform": (_PLAN, [_ARRIVING, _BOTH, f"trial.platform={{ {_OPEN} }}"]),
    "platform_all_controls": (_PLAN, [_ARRIVING, _BOTH, f'trial.platform={{ controls="all", {_OPEN} }}']),
    "platform_without_periods": (_PLAN, [_ARRIVING, _BOTH, f"trial.platform={{ adjust_for_period=false, {_OPEN} }}"]),
    "response_adaptive": (_PLAN, [_ARRIVING, _BOTH, "trial.response_adaptive={ burn_in=40, every=30 }"]),
    "enriched": ("enrich_inflamed", [
        "trial.enrichment.by=effect", "trial.enrichment.most=[1]", "trial.enrichment.above=[]",
        "trial.enrichment.within=[]",
    ]),
    "subgroup_without_looks": ("enrich_inflamed", [
        "trial.looks={}", "trial.enrichment.above=[]", "trial.enrichment.within=[]",
    ]),
    "stopped_for_harm": (_LOOKED_AT, [
        "trial.looks={}", "trial.analysis=ancova",
        'trial.safety={ follow_up_months=12, stopping={ event="serious adverse event", arm="cells", acceptable=0.05, '
        'every=10, rule="pocock", alpha=0.05, true_share=0.3 } }',
    ]),
}  # fmt: skip


def exported(name):
    """Return the design of a case and one trial of it."""
    study, changes = CASES[name]
    read = read_study(HERE.parents[2] / "studies" / f"{study}.toml", changes=changes)
    return read, study_trial(read, trial=1)
