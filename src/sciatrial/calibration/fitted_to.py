"""Which studies stand behind the model's numbers, so that nobody counts their evidence a second time unknowingly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pandas as pd

from sciatrial.calibration.cited_priors import cited_priors
from sciatrial.calibration.facts import fact_terms
from sciatrial.calibration.posterior import Posterior
from sciatrial.calibration.space import space_of
from sciatrial.calibration.terms import likelihood_terms
from sciatrial.evidence import Evidence
from sciatrial.parameters import Prior


def fit_uses(evidence: Evidence, prior: Prior, posterior: Posterior | None, studies: Iterable[str]) -> pd.DataFrame:
    """Return what the model's numbers owe to some studies, or to studies that share their patients.

    A posterior counts its targets and does not name them: they are worked out again from the tables, as the fit did. If
    the tables are no longer those of the fit, a study without a target today may have had one then.

    Parameters
    ----------
    evidence, prior
        The tables, and the prior table: some of its ranges cite a study.
    posterior
        What patients are drawn from; None for the prior alone.
    studies
        Ids.

    Returns
    -------
    pandas.DataFrame
        One row a study, in the order given: ``study_id``, ``uses`` (in words, empty where there is none) and
        ``is_certain`` (False where the posterior was fitted to other tables).
    """
    wanted = list(dict.fromkeys(studies))
    uses: dict[str, list[str]] = defaultdict(list)
    is_certain = True
    if posterior is not None:
        is_certain = posterior.made_with.get("evidence") == evidence.fingerprint()
        terms = likelihood_terms(evidence)
        for study in wanted:
            count = int(terms.of_studies([study]).sum())
            if count:
                uses[study].append(f"{count} number{'s' if count > 1 else ''} that the fit aims at")
        facts = fact_terms(evidence).rows
        for study in wanted:
            behind = [row["fact"] for row in facts.to_dict("records") if study in row["studies"]]
            if behind:
                uses[study].append(f"facts that the fit aims at: {', '.join(behind)}")
    cited = cited_priors(space_of(prior), evidence, wanted)
    for study, rows in cited.groupby("study_id", sort=False):
        keys = list(dict.fromkeys(rows["key"]))
        uses[str(study)].append(f"prior ranges that cite it: {', '.join(keys)}")
    return pd.DataFrame(
        [{"study_id": study, "uses": "; ".join(uses[study]), "is_certain": is_certain} for study in wanted],
        columns=["study_id", "uses", "is_certain"],
    )
