"""The R code that finds a trial's own estimates in its datasets, or the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from sciatrial.foundation import Problem, StudyError
from sciatrial.trial import Analysis, Controls, Decision, Design, ReestimationKind, SummaryMeasure, TrialInFull

_SHARES = """  fit <- glm(AVAL ~ arm + BASE, family = binomial, data = known)
  share <- sapply(c(arm, control), function(word) {
    known$arm <- factor(word, levels = c(control, arm))
    mean(predict(fit, known, type = "response"))
  })
"""


def why_no_code(design: Design) -> str:
    """Return why no code is given that finds a design's estimates in its datasets; empty where there is some.

    Only code that R was seen to agree with is given.
    """
    kind = None if design.reestimation is None else design.reestimation.kind
    if kind is not None and kind is not ReestimationKind.BLINDED:
        return "the estimate combines the stages before and after the look by fixed weights"
    if design.analysis is Analysis.WIN_STATISTICS:
        return "it compares every patient of one arm with every one of the other, outcome by outcome"
    if design.adjust_for:
        return f"it adjusts for {', '.join(design.adjust_for)} too, in the levels of the study file; see ADSL"
    return ""


def _has_periods(design: Design) -> bool:
    """Whether the analysis adjusts for the period of randomisation."""
    if design.response_adaptive is not None:
        return design.response_adaptive.adjust_for_period
    if design.platform is not None:
        return design.platform.adjust_for_period
    return design.multi_arm is not None


def r_of_trial(trial: TrialInFull, design: Design) -> str:
    """Return R code that finds the trial's own estimates in its datasets, in the folder in which they are.

    Parameters
    ----------
    trial, design
        One trial, patient by patient, and its design.

    Returns
    -------
    str
        A function of two arms, and a call for each number of the trial: first what each comparison was decided on, then
        everybody followed.

    Raises
    ------
    StudyError
        For a design of which `why_no_code` gives a reason.
    """
    if why := why_no_code(design):
        raise StudyError("R code", Problem("analysis", f"has none: {why}", "another analysis", "use the estimates"))
    has_groups = _has_periods(design) or design.platform is not None or design.enrichment is not None
    groups = '"RANDPER"' if design.enrichment is None else '"RANDPER", "SUBGRFL"'
    lines = ['adeff <- haven::read_xpt("adeff.xpt")']
    if has_groups:
        lines.append('adsl <- haven::read_xpt("adsl.xpt")')
        lines.append(f'adeff <- merge(adeff, adsl[c("USUBJID", {groups})])')
    lines.append(f"compared <- function(arm, control, look = Inf{', among = adeff' if has_groups else ''}) {{")
    lines.append(f"  known <- {'among' if has_groups else 'adeff'}")
    lines.append("  if (is.finite(look)) known <- subset(known, LOOKN <= look)")
    if design.analysis in (Analysis.RESPONDERS, Analysis.LOGISTIC, Analysis.PROPORTIONAL_ODDS):
        lines.append("  known <- subset(known, TRTP %in% c(arm, control))")
    lines.append("  known$arm <- relevel(factor(known$TRTP), ref = control)")
    return "\n".join([*lines, *_fit(trial, design), "}", *_calls(trial, design)]) + "\n"


def _fit(trial: TrialInFull, design: Design) -> list[str]:
    """Return the lines that estimate one comparison."""
    has_visits = len(set(trial.analysed["occasion"])) > 1
    if design.analysis is Analysis.MMRM and has_visits:
        terms = "CHG ~ 0 + visit + visit:arm + visit:BASE"
        return ["  known$visit <- factor(known$AVISITN)", *_repeated(design, terms)]
    if design.analysis is Analysis.CLDA:
        return [
            "  known$visit <- factor(known$AVISITN)",
            "  later <- model.matrix(~ 0 + visit:arm, known)",
            '  is_control <- colnames(later) %in% paste0("visit", levels(known$visit), ":arm", control)',
            "  # one mean at baseline",
            '  known$later <- later[, !is_control & !startsWith(colnames(later), "visit0:"), drop = FALSE]',
            *_repeated(design, "AVAL ~ 0 + visit + later", prefix="later"),
        ]
    if design.analysis in (Analysis.ANCOVA, Analysis.MMRM):
        terms = ["  terms <- CHG ~ arm + BASE"]
        if _has_periods(design):
            terms.append("  if (length(unique(known$RANDPER)) > 1) terms <- CHG ~ arm + BASE + factor(RANDPER)")
        if design.enrichment is not None:
            terms.append("  if (length(unique(known$SUBGRFL)) > 1) terms <- CHG ~ arm + BASE + SUBGRFL")
        return [*terms, "  fit <- lm(terms, data = known)", '  summary(fit)$coefficients[paste0("arm", arm), 1:2]']
    return _of_two(design)


def _repeated(design: Design, terms: str, prefix: str = "") -> list[str]:
    """Return the lines of a fit by restricted likelihood with an unstructured covariance."""
    return [
        f"  fit <- nlme::gls({terms}, data = known,",
        "    correlation = nlme::corSymm(form = ~ as.integer(visit) | USUBJID),",
        "    weights = nlme::varIdent(form = ~ 1 | visit))",
        f'  summary(fit)$tTable[paste0("{prefix}visit{design.endpoint.month:g}:arm", arm), 1:2]',
    ]


def _of_two(design: Design) -> list[str]:
    """Return the lines of an analysis that takes the patients of two arms alone."""
    if design.analysis is Analysis.RESPONDERS:
        return ["  share <- tapply(known$AVAL, known$TRTP, mean)", "  share[[arm]] - share[[control]]"]
    if design.analysis is Analysis.PROPORTIONAL_ODDS:
        return [
            "  fit <- MASS::polr(factor(AVAL) ~ arm + BASE, data = known, Hess = TRUE)",
            '  summary(fit)$coefficients[paste0("arm", arm), 1:2]',
        ]
    if design.estimand.summary_measure is SummaryMeasure.ODDS_RATIO:
        return [
            "  fit <- glm(AVAL ~ arm + BASE, family = binomial, data = known)",
            '  summary(fit)$coefficients[paste0("arm", arm), 1:2]',
        ]
    last = "share[[1]] - share[[2]]"
    if design.estimand.summary_measure is SummaryMeasure.MARGINAL_ODDS_RATIO:
        last = "qlogis(share[[1]]) - qlogis(share[[2]])"
    return [*_SHARES.splitlines(), f"  {last}"]


def _calls(trial: TrialInFull, design: Design) -> Iterator[str]:
    """Yield a call for each comparison that has an estimate: as it was decided, and with everybody followed."""
    for row in trial.contrasts.to_dict(orient="records"):
        if row["why_not"]:
            continue
        among = _among(trial, design, row)
        arms = f"{_quoted(row['arm'])}, {_quoted(row['control'])}"
        if design.looks.information and row["decision"] != str(Decision.STOPPED_FOR_HARM):
            yield f"compared({arms}, look = {row['look']}{among})"
        yield f"compared({arms}{among})"


def _among(trial: TrialInFull, design: Design, row: dict) -> str:
    """Return whom the comparison of an arm, or of a population, takes, as an argument."""
    if design.enrichment is not None:
        if row["comparison"] == design.hypotheses()[-1]:
            return ', among = subset(adeff, SUBGRFL == "Y")'
        # whoever was recruited from the subgroup alone says nothing of the full population
        has_later = bool((trial.subjects["period"].to_numpy(dtype=float) > 1).any())
        return ", among = subset(adeff, RANDPER == 1)" if has_later else ""
    if design.multi_arm is not None:
        # everybody who was randomised until the arm stopped, with which a period ends
        period = trial.subjects["period"].to_numpy(dtype=float)
        last = period[trial.subjects["arm"].to_numpy(dtype=object) == row["arm"]].max()
        return f", among = subset(adeff, RANDPER <= {last:g})" if last < period.max() else ""
    if design.platform is None:
        return ""
    mine = trial.allocation.loc[trial.allocation["arm"] == row["arm"]]
    was_open = mine.loc[np.isfinite(mine["share"].to_numpy(dtype=float)), "period"].to_numpy(dtype=int) + 1
    if design.platform.controls is Controls.ALL:
        return f", among = subset(adeff, RANDPER <= {was_open.max()})"
    periods = ", ".join(map(str, was_open))
    arms = f"{_quoted(row['arm'])}, {_quoted(row['control'])}"
    return f", among = subset(adeff, RANDPER %in% c({periods}) & TRTP %in% c({arms}))"


def _quoted(arm: str) -> str:
    """Return an arm's name as a string of R: what a study file calls an arm must not become code."""
    return json.dumps(arm)
