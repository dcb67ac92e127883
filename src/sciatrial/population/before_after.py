"""Virtual patients of the prior and of a posterior beside the same published ones, fact by fact.

The same targets, the same luck, the same weights: what differs is what was learned. What no fact can be compared with,
and which facts cannot be compared, is told with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sciatrial.foundation import Progress, Record, silent
from sciatrial.population.cohort import cohort_named, cohort_names
from sciatrial.population.compare import PopulationCheck, population_check
from sciatrial.population.left_out import facts_left_out
from sciatrial.population.plausibility import Target, Use, cohorts_of, read_targets

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.evidence import Evidence
    from sciatrial.model import Model
    from sciatrial.parameters import Draws

PRIOR, POSTERIOR = "prior", "posterior"
MET, NOT_MET, NOT_COMPARABLE = "met", "not met", "not comparable"
_SOURCE = ("unit", "n", "citation", "source_url", "where")


@dataclass(frozen=True, repr=False)
class PopulationComparison(Record):
    """Published numbers beside virtual patients of the prior and of a posterior.

    ``targets`` has one row a number and ``drawn`` (``prior`` or ``posterior``): the columns of
    ``PopulationCheck.targets``, of its source ``unit, n, citation, source_url, where``, ``causes`` of its patients,
    and ``verdict_equal`` and ``verdict``: ``met`` or ``not met`` without weights and with them, by the median over
    draws. ``cohorts`` has one row a group and ``drawn``: the columns of ``PopulationCheck.cohorts``, ``meaning,
    causes``, and ``effective_patients`` with a 90 % interval: how many the weights leave the worth of. ``left_out`` are
    the facts that are not comparable, with the ``reason``, as of `facts_left_out`. ``shipped`` has one row a shipped
    cohort: ``groups`` of the same cause, and ``numbers``: how many published numbers speak of them alone or beside
    others. Medians and intervals are over draws, never of draws thrown together: published spreads are of one study.
    """

    targets: pd.DataFrame
    cohorts: pd.DataFrame
    left_out: pd.DataFrame
    shipped: pd.DataFrame
    n_patients: int
    n_draws: int
    seed: int
    made_with: Mapping[str, Any] = field(default_factory=dict)

    def is_of(self, posterior: str) -> bool:
        """Return whether it was made with the posterior of this fingerprint."""
        return self.made_with.get("posterior") == posterior

    def of(self, drawn: str = POSTERIOR) -> pd.DataFrame:
        """Return the numbers of the prior or of the posterior."""
        return self.targets.loc[(self.targets["drawn"] == drawn).to_numpy(dtype=bool)].reset_index(drop=True)

    def counts(self) -> pd.DataFrame:
        """Return how many numbers are met, given to the cohort left aside: what it was told it cannot miss.

        Returns
        -------
        pandas.DataFrame
            ``drawn``; ``numbers``; ``met_equal`` and ``met``; ``held_back`` from the weights, and how many of those are
            met, ``held_back_met_equal`` and ``held_back_met``.
        """
        import pandas as pd

        rows = []
        for drawn in (PRIOR, POSTERIOR):
            part = self.of(drawn)
            part = part.loc[~part["is_set_by_cohort"].to_numpy(dtype=bool)]
            equal, weighted = (part[name] == MET for name in ("verdict_equal", "verdict"))
            held = part["use"] == Use.CHECK
            rows.append(
                {
                    "drawn": drawn, "numbers": len(part), "met_equal": int(equal.sum()), "met": int(weighted.sum()),
                    "held_back": int(held.sum()), "held_back_met_equal": int((equal & held).sum()),
                    "held_back_met": int((weighted & held).sum()),
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    def table(self) -> pd.DataFrame:
        """Return every fact, one row a number of the posterior, those that are not comparable at the end."""
        import pandas as pd

        out = self.left_out.rename(columns={"reason": "why"}).assign(
            verdict_equal=NOT_COMPARABLE, verdict=NOT_COMPARABLE
        )
        frames = [self.of().drop(columns="drawn"), out.drop(columns="value")]
        return pd.concat([frame for frame in frames if len(frame)], ignore_index=True)

    def __repr__(self) -> str:
        told = []
        for row in self.counts().to_dict("records"):
            told.append(
                f"  {row['drawn']}: {row['met_equal']} met as they come, {row['met']} with weights, "
                f"{row['held_back_met']} of the {row['held_back']} held back"
            )
        n = self.counts()["numbers"].iloc[0]
        head = f"PopulationComparison: {n} published numbers, {len(self.left_out)} facts not comparable"
        return "\n".join([head, *told])


def compare_populations(
    model: Model,
    prior: Draws,
    posterior: Draws,
    evidence: Evidence,
    *,
    n_patients: int = 600,
    n_draws: int = 60,
    seed: int,
    targets: Sequence[Target] | None = None,
    made_with: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> PopulationComparison:
    """Compare virtual patients of the prior, and of a posterior, with the same published ones.

    Parameters
    ----------
    model, prior, posterior
        The equations, and draws of each.
    evidence
        Tables with the facts.
    n_patients, n_draws, seed, targets
        As for `population_check`; the same for both.
    made_with
        What to note of where the draws come from.

    Raises
    ------
    CohortError
        For too few patients or draws, or a faulty table of targets.
    """
    import pandas as pd

    chosen = read_targets(evidence) if targets is None else tuple(targets)
    checks = {
        name: population_check(
            model, draws, evidence, n_patients=n_patients, seed=seed, n_draws=n_draws, targets=chosen, threads=threads,
            progress=progress,
        )
        for name, draws in ((PRIOR, prior), (POSTERIOR, posterior))
    }  # fmt: skip
    return PopulationComparison(
        pd.concat([_targets(name, check, evidence) for name, check in checks.items()], ignore_index=True),
        pd.concat([_cohorts(name, check) for name, check in checks.items()], ignore_index=True),
        facts_left_out(evidence, {target.fact for target in chosen}),
        _shipped(chosen),
        n_patients, checks[POSTERIOR].n_draws, seed, dict(made_with or {}),
    )  # fmt: skip


def _targets(drawn: str, check: PopulationCheck, evidence: Evidence) -> pd.DataFrame:
    rows = check.targets
    known = evidence.facts.drop_duplicates("name").set_index("name")
    source = {name: known.loc[rows["fact"], name].to_numpy() for name in _SOURCE}
    words = {False: NOT_MET, True: MET}
    told = {
        "verdict_equal": [words[bool(flag)] for flag in rows["matches_equal"]],
        "verdict": [words[bool(flag)] for flag in rows["matches"]],
    }
    causes = [_causes(group) for group in rows["cohort"]]
    return rows.assign(drawn=drawn, causes=causes, **source, **told)


def _cohorts(drawn: str, check: PopulationCheck) -> pd.DataFrame:
    rows = check.cohorts
    left = {
        name.replace("share", "patients"): rows[name] * check.n_patients
        for name in ("effective_share", "effective_share_low", "effective_share_high")
    }
    meaning = [cohorts_of(group)[0].meaning for group in rows["cohort"]]
    return rows.assign(drawn=drawn, meaning=meaning, causes=[_causes(group) for group in rows["cohort"]], **left)


def _causes(group: str) -> str:
    return " ".join(dict.fromkeys(str(cohort.cause) for cohort in cohorts_of(group)))


def _shipped(targets: Sequence[Target]) -> pd.DataFrame:
    """Return of which shipped cohorts facts speak: those that share the cause with patients of a target."""
    import pandas as pd

    rows = []
    for name in cohort_names():
        cause = str(cohort_named(name).cause)
        mine = [target for target in targets if cause in _causes(target.cohort).split(" ")]
        alone = [target for target in mine if _causes(target.cohort) == cause]
        groups = ", ".join(dict.fromkeys(target.cohort for target in mine))
        rows.append(
            {"cohort": name, "cause": cause, "numbers": len(mine), "of_this_cause_alone": len(alone), "groups": groups}
        )
    return pd.DataFrame(rows)
