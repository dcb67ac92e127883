"""Which analysis aims at what: the endpoint that it takes, the summary measures and the strategies that it can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Strategy(StrEnum):
    """How an intercurrent event is dealt with.

    ``treatment_policy``: the score counts whatever was taken. ``hypothetical``: the score that there would have been,
    had no rescue been given to anybody. ``composite``: taking rescue is part of the outcome, a failure: no change from
    baseline from then on, no response, the worst category. ``while_on_treatment``: the last score before rescue.
    ``principal_stratum``: those who would need rescue before the endpoint in neither of two arms.
    """

    TREATMENT_POLICY = "treatment_policy"
    HYPOTHETICAL = "hypothetical"
    COMPOSITE = "composite"
    WHILE_ON_TREATMENT = "while_on_treatment"
    PRINCIPAL_STRATUM = "principal_stratum"


class Analysis(StrEnum):
    """How the endpoint is analysed.

    ``ancova``: change at the endpoint on arm and baseline, those with an endpoint value. ``mmrm``: change at every
    visit up to the endpoint on arm and baseline by visit, unstructured covariance; whoever was seen at one visit takes
    part. ``clda``: constrained longitudinal data analysis: baseline and every visit up to the endpoint are outcomes,
    the arms share the mean at baseline, unstructured covariance; everybody takes part. ``responders``: shares of
    responders, interval by Newcombe, test by Mantel and Haenszel; with `adjust_for` within strata. ``logistic``:
    logistic regression of response on arm and baseline; its odds ratio is conditional on the baseline, what it gives
    for a population is standardised over the patients. ``proportional_odds``: ordered categories on arm and baseline.
    ``win_statistics``: each patient of an arm against each of the control, outcome by outcome. The last four compare
    two arms by their own patients. All regressions take `adjust_for`.
    """

    ANCOVA = "ancova"
    MMRM = "mmrm"
    CLDA = "clda"
    RESPONDERS = "responders"
    LOGISTIC = "logistic"
    PROPORTIONAL_ODDS = "proportional_odds"
    WIN_STATISTICS = "win_statistics"


class EndpointMeasure(StrEnum):
    """What the endpoint is of a patient.

    ``change_from_baseline``: of one score. ``response``: whether a rule is met. ``category``: of one score, in order.
    ``hierarchy``: several outcomes, the weightiest first.
    """

    CHANGE_FROM_BASELINE = "change_from_baseline"
    RESPONSE = "response"
    CATEGORY = "category"
    HIERARCHY = "hierarchy"


class SummaryMeasure(StrEnum):
    """How two arms are compared: the first less the second, or natural logarithms of ratios.

    ``difference_in_means``: of changes, in points. ``risk_difference``: of shares of responders, −1 to 1.
    ``marginal_odds_ratio``: of the shares of responders of a population. ``odds_ratio``: of response, conditional on
    the baseline score and on what the analysis adjusts for: further from 1 than the marginal one.
    ``common_odds_ratio``: of a better category at every cut, conditional on the same. ``win_odds``: pairs won over
    pairs lost, ties half to each. ``win_ratio``: without ties. ``net_benefit``: share of pairs won less share lost.
    Above 0 favours the first arm, but for differences in means of scores of which lower is better.
    """

    DIFFERENCE_IN_MEANS = "difference_in_means"
    RISK_DIFFERENCE = "risk_difference"
    MARGINAL_ODDS_RATIO = "marginal_odds_ratio"
    ODDS_RATIO = "odds_ratio"
    COMMON_ODDS_RATIO = "common_odds_ratio"
    WIN_ODDS = "win_odds"
    WIN_RATIO = "win_ratio"
    NET_BENEFIT = "net_benefit"


@dataclass(frozen=True)
class Aim:
    """What an analysis takes and can estimate; the first summary measure is the usual one."""

    endpoint: EndpointMeasure
    summary_measures: tuple[SummaryMeasure, ...]
    strategies: tuple[Strategy, ...]


_POLICY, _HYPOTHETICAL, _COMPOSITE = Strategy.TREATMENT_POLICY, Strategy.HYPOTHETICAL, Strategy.COMPOSITE
_AT_ENDPOINT = (_POLICY, _COMPOSITE, Strategy.WHILE_ON_TREATMENT, Strategy.PRINCIPAL_STRATUM)
_OVER_VISITS = (_POLICY, _HYPOTHETICAL, _COMPOSITE)
_MEANS = (SummaryMeasure.DIFFERENCE_IN_MEANS,)
_OF_RESPONSE = (SummaryMeasure.ODDS_RATIO, SummaryMeasure.MARGINAL_ODDS_RATIO, SummaryMeasure.RISK_DIFFERENCE)
_OF_PAIRS = (SummaryMeasure.WIN_ODDS, SummaryMeasure.WIN_RATIO, SummaryMeasure.NET_BENEFIT)

AIMS: Mapping[Analysis, Aim] = {
    Analysis.ANCOVA: Aim(EndpointMeasure.CHANGE_FROM_BASELINE, _MEANS, _AT_ENDPOINT),
    Analysis.MMRM: Aim(EndpointMeasure.CHANGE_FROM_BASELINE, _MEANS, _OVER_VISITS),
    Analysis.CLDA: Aim(EndpointMeasure.CHANGE_FROM_BASELINE, _MEANS, _OVER_VISITS),
    Analysis.RESPONDERS: Aim(EndpointMeasure.RESPONSE, (SummaryMeasure.RISK_DIFFERENCE,), _AT_ENDPOINT),
    Analysis.LOGISTIC: Aim(EndpointMeasure.RESPONSE, _OF_RESPONSE, _AT_ENDPOINT),
    Analysis.PROPORTIONAL_ODDS: Aim(
        EndpointMeasure.CATEGORY, (SummaryMeasure.COMMON_ODDS_RATIO,), (_POLICY, _COMPOSITE)
    ),
    Analysis.WIN_STATISTICS: Aim(EndpointMeasure.HIERARCHY, _OF_PAIRS, (_POLICY, _COMPOSITE)),
}
LONGITUDINAL = (Analysis.MMRM, Analysis.CLDA)

_WHY_NOT: Mapping[Strategy, str] = {
    Strategy.HYPOTHETICAL: "it would compare those who needed no rescue",
    Strategy.WHILE_ON_TREATMENT: "it would fill visits after rescue with the last one before",
    Strategy.PRINCIPAL_STRATUM: "visits before rescue would count too",
}


def aim_problems(
    analysis: Analysis, endpoint: EndpointMeasure, summary_measure: SummaryMeasure, strategy: Strategy
) -> list[str]:
    """Return where an analysis does not aim at what is asked for, as ``key: found; expected; next``."""
    aim, problems = AIMS[analysis], []
    if endpoint is not aim.endpoint:
        fitting = [word for word, other in AIMS.items() if other.endpoint is endpoint]
        told = f"{analysis} takes {_article(aim.endpoint)}, and the endpoint is {_article(endpoint)}; {_or(fitting)}"
        problems.append(f'analysis: {told}; write analysis = "{fitting[0]}", or endpoint.measure = "{aim.endpoint}"')
    elif summary_measure not in aim.summary_measures:
        fitting = [word for word, other in AIMS.items() if summary_measure in other.summary_measures]
        told = f"{summary_measure} is not what {analysis} estimates; {_or(aim.summary_measures)}"
        next_step = f'write summary_measure = "{aim.summary_measures[0]}", or analysis = "{fitting[0]}"'
        problems.append(f"estimand.summary_measure: {told}; {next_step}")
    if strategy not in aim.strategies:
        fitting = [word for word, other in AIMS.items() if strategy in other.strategies]
        same = [word for word in fitting if AIMS[word].endpoint is endpoint]
        why = _WHY_NOT.get(strategy, "")
        told = f"{analysis} does not aim at a {strategy.replace('_', ' ')} estimand{f': {why}' if why else ''}"
        next_step = f'write analysis = "{same[0]}", or another strategy' if same else "choose another strategy"
        problems.append(f"analysis: {told}; {_or(same or fitting)}; {next_step}")
    return problems


def _article(measure: EndpointMeasure) -> str:
    return f"a {measure.replace('_', ' ')}"


def _or(words: tuple[StrEnum, ...] | list[Analysis]) -> str:
    return " or ".join(words)
