"""Write what R is to pool from our own tables: own_tables.csv. Then: Rscript make_own_tables.R."""

from pathlib import Path

import pandas as pd

from sciatrial.evidence import Assumptions, arm_estimates, published_contrasts, read_evidence
from sciatrial.synthesis import (
    OUTCOMES,
    VISITS,
    Question,
    arm_changes,
    at_visit,
    synthesise_many,
    trial_arms,
)

HERE = Path(__file__).parent


def pairs(evidence, assumptions):
    """Return every question of two treatments that a randomised trial of the tables can answer."""
    arms_of = {
        o: trial_arms(arm_estimates(evidence, assumptions), published_contrasts(evidence), outcome=o) for o in OUTCOMES
    }
    asked = []
    for outcome, arms in arms_of.items():
        for month in VISITS:
            for _, visit in at_visit(arms, month).groupby("study"):
                names = sorted(set(visit["treatment"]))
                asked += [Question(outcome, month, a, b) for i, b in enumerate(names) for a in names[i + 1 :]]
    asked += [Question("responder", month) for month in (3, 6, 12, 24, 36)]
    return list(dict.fromkeys(asked))


def answers():
    """Return name → answer, for the default assumptions and with the totals of studies shared."""
    evidence = read_evidence()
    made = {}
    for label, assumed in (("default", Assumptions()), ("shared", Assumptions(share_total=True))):
        asked = pairs(evidence, assumed)
        for question, answer in zip(
            asked, synthesise_many(evidence, asked, assumptions=assumed, with_sensitivity=False), strict=True
        ):
            if not answer.unanswered:
                made[f"{label}: {question.in_words()}"] = answer
    return made


def changes():
    """Return name → changes of the arms of a treatment, controlled or not."""
    evidence = read_evidence()
    made = {}
    for treatment in ("cell_therapy", "placebo_procedure", "epidural_steroid", "surgery"):
        for outcome in ("pain", "disability"):
            for month in (3, 12, 24):
                rows = arm_changes(evidence, treatment=treatment, outcome=outcome, month=month)
                if len(rows) > 1:
                    made[f"change: {treatment}, {outcome}, {month}"] = rows
    return made


def inputs(made):
    """Return the rows that R pools, of these answers and of the changes of arms."""
    frames = {name: answer.studies for name, answer in made.items()} | changes()
    rows = [
        {"case": name, "study": row["study"], "yi": row["estimate"], "vi": row["se"] ** 2}
        for name, frame in frames.items()
        for row in frame.to_dict("records")
    ]
    return pd.DataFrame(rows)


if __name__ == "__main__":
    table = inputs(answers())
    table.to_csv(HERE / "own_tables.csv", index=False)
    print(f"{table['case'].nunique()} cases, {len(table)} rows")
