"""Kept records → the report: gathers what a reader is shown, from the run folder alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.clinic import unused_counts
from sciatrial.evidence import Evidence, harmonise, published_arms
from sciatrial.model import sciatica_model
from sciatrial.parameters import Draws, read_behaviours, read_prior, words_of_numbers
from sciatrial.report import ReportInputs, boundary_words, compare_with_published, write_report
from sciatrial.study.chain import compared_beside, kept_posterior
from sciatrial.study.folder import read_run
from sciatrial.study.read import Study, read_study
from sciatrial.synthesis import (
    CELLS,
    OUTCOMES,
    PAIN,
    RESPONDER,
    VISITS,
    Question,
    certainty_of,
    epidural_routes,
    evidence_map,
    synthesise_many,
    traffic_lights,
)
from sciatrial.trial import (
    ControlPrior,
    Design,
    OperatingCharacteristics,
    ResampledCharacteristics,
    TrialResult,
    boundary_of,
    drift_table,
    expected_harms,
    harm_stopping_table,
    imputed_effects,
    planned_new_sizes,
    safety_sizes,
    seen_errors,
    upper_cell_effects,
)


def write_run_report(folder: str | Path) -> Path:
    """Write ``report.html``, and the comparison with the published study as CSV, from the records in a run folder.

    Returns
    -------
    pathlib.Path
        The report.

    Raises
    ------
    StudyError
        When the folder holds no run, or cannot be written to.
    """
    folder = Path(folder)
    inputs = report_inputs(folder)
    comparison = compare_with_published(inputs.operating, inputs.published, inputs.same_arm)
    comparison.to_csv(folder / "comparison.csv", index=False)
    return write_report(inputs, folder / "report.html")


def report_inputs(folder: Path) -> ReportInputs:
    """Gather everything that the report of a run shows."""
    stamp = read_run(folder)
    study = read_study(folder / "study.toml")
    evidence = Evidence.load(folder / "evidence")
    compared = study.settings.evidence.compare_with
    published = published_arms(evidence, compared) if compared else pd.DataFrame()
    draws, trial = Draws.load(folder / "draws"), TrialResult.load(folder / "trial")
    posterior = kept_posterior(folder / "posterior")
    prior = _prior_rows(pd.read_csv(folder / "prior.csv", keep_default_na=False), draws)
    return ReportInputs(
        study=study.resolved,
        study_text=(folder / "study.toml").read_text(encoding="utf-8"),
        stamp=stamp,
        prior=prior,
        result=trial,
        operating=OperatingCharacteristics.load(folder / "operating"),
        published=published,
        published_study=_study_row(evidence, compared),
        same_arm=stamp["same_arm"],
        behaviours=read_behaviours(),
        sources=sources(prior, evidence),
        unusable_rows=_unusable(evidence),
        harms=expected_harms(study.design, evidence, draws.one(0), seed=stamp["seed"]),
        unused_counts=unused_counts(evidence.safety),
        posterior=posterior,
        population=None if posterior is None else compared_beside(folder / "posterior", posterior),
        cause=" ".join(study.cohort.causes),
        optimistic=upper_cell_effects(read_prior(), None if posterior is None else posterior.draws),
        **_safety(study, evidence, draws),
        imputed=imputed_effects(study.design, trial.patients, seed=stamp["seed"]),
        new_sizes=planned_new_sizes(study.design),
        pooled=ResampledCharacteristics.load(folder / "pooled") if study.settings.simulation.pool else None,
        **_together(study.design, evidence),
        **_borrowed(study.design, folder),
    )


def _safety(study: Study, evidence: Evidence, draws: Draws) -> dict[str, Any]:
    """Return what is planned for harms, nothing where the study plans nothing."""
    design = study.design
    if design.safety is None:
        return {}
    boundary = boundary_of(design)
    words = "" if boundary is None else boundary_words(study.resolved, boundary.patients, boundary.fewest_events)
    return {
        "safety_sizes": safety_sizes(design, evidence, draws.one(0)),
        "harm_stopping": harm_stopping_table(design),
        "harm_boundary": words,
    }


def _borrowed(design: Design, folder: Path) -> dict[str, Any]:
    """Return the prior of the control and what its drift does to each comparison, nothing where nothing is borrowed."""
    if design.borrowing is None:
        return {}
    prior, operating = ControlPrior.load(folder / "control_prior"), OperatingCharacteristics.load(folder / "operating")
    rows = []
    for item in design.compared():
        errors = seen_errors(operating, item.name)
        if errors is not None:
            rows.append(drift_table(design, prior, errors).assign(comparison=item.name))
    return {"control_prior": prior, "drifts": pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()}


def _together(design: Design, evidence: Evidence) -> dict[str, Any]:
    """Return what published trials of cells say together at the visit nearest to the endpoint's."""
    if not any(arm.intervention == CELLS for arm in design.arms.values()):
        return {}
    month = min(VISITS, key=lambda visit: abs(visit - design.endpoint.month))
    own = str(design.endpoint.outcome) if str(design.endpoint.outcome) in OUTCOMES else PAIN
    asked = [Question(outcome, month) for outcome in dict.fromkeys((own, PAIN, RESPONDER))]
    answers = synthesise_many(evidence, asked, with_sensitivity=False)
    routes = epidural_routes()
    together = [(answer, certainty_of(evidence, answer, asked_routes=routes)) for answer in answers]
    return {"together": together, "lights": traffic_lights(evidence), "mapped": evidence_map(evidence)}


def _prior_rows(rows: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """Return the prior's rows with units, meanings and the middle 90 % of the draws."""
    words = words_of_numbers(sciatica_model())
    low, median, high = np.quantile(draws.values, [0.05, 0.5, 0.95], axis=0)
    spread = pd.DataFrame({"key": draws.keys, "draws_low": low, "draws_median": median, "draws_high": high})
    rows = rows.assign(
        unit=[words[name].unit for name in rows["name"]],
        meaning=[words[name].meaning for name in rows["name"]],
    )
    for column in ("low", "high"):
        rows[column] = pd.to_numeric(rows[column], errors="coerce")
    return rows.merge(spread, on="key", how="left", validate="one_to_one")


def _study_row(evidence: Evidence, study_id: str | None) -> Mapping[str, Any]:
    if study_id is None:
        return {}
    row = evidence.studies.loc[evidence.studies["study_id"] == study_id].iloc[0].to_dict()
    bias = evidence.risk_of_bias
    judged = bias.loc[bias["study_id"] == study_id]
    return {**row, "risk_of_bias": judged.to_dict(orient="records")}


def sources(prior: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Return every source and assumption that the prior's rows name.

    Returns
    -------
    pandas.DataFrame
        Columns ``slug, citation, url, kind``; kind is ``published`` or ``assumption``.
    """
    known: dict[str, tuple[str, str]] = {}
    for table in (evidence.parameters, evidence.facts):
        for row in table.to_dict(orient="records"):
            known.setdefault(row["name"], (row["citation"], row["source_url"]))
    slugs = dict.fromkeys(slug for text in prior["sources"] for slug in str(text).split(";") if slug)
    rows = []
    for slug in slugs:
        citation, url = known.get(slug, (slug.removeprefix("assumption:").replace("-", " "), ""))
        rows.append(
            {"slug": slug, "citation": citation, "url": url, "kind": "published" if slug in known else "assumption"}
        )
    return pd.DataFrame(rows, columns=["slug", "citation", "url", "kind"])


def _unusable(evidence: Evidence) -> Mapping[str, int]:
    rows = harmonise(evidence)
    counts = rows.loc[~rows["usable"], "why_not"].value_counts()
    return {str(reason): int(count) for reason, count in counts.items()}
