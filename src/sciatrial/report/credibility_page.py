"""Goals and evidence of a model's credibility → one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sciatrial.report import words
from sciatrial.report.page import css, html_table, rendered, write_page

if TYPE_CHECKING:
    from sciatrial.calibration import Credibility

_LIMIT_WORDS = ("THE FIT DOES NOT HOLD", "NOT BLIND")
_WORSE = "worse than a simpler model"


def write_credibility(credibility: Credibility, path: str | Path, *, stamp: Mapping[str, Any] | None = None) -> Path:
    """Write goals and evidence of a model's credibility as one HTML page that opens without a network.

    Parameters
    ----------
    credibility
        From `credibility`.
    path
        The HTML file.
    stamp
        ``created, is_quick`` for the head of the page, and ``self_check``, the address of the ranks behind the test of
        the sampler; may be left out.

    Raises
    ------
    StudyError
        When it cannot be written; what was there before stays.
    """
    return write_page(rendered("credibility.html.j2", _context(credibility, stamp or {})), path)


def _context(credibility: Credibility, stamp: Mapping[str, Any]) -> dict[str, Any]:
    from sciatrial.calibration import risk_matrix

    factors: Any = credibility.factors
    shown = pd.DataFrame({
        "factor": factors["factor"], "activity": factors["activity"], "goal": factors["goal"],
        "reached": factors["level"], "met": _yes_or_no(factors["met"]), "evidence": factors["evidence"],
    })  # fmt: skip
    levels = [name for name in factors.columns if name.startswith("level_")]
    gradations = factors[["factor", *levels, "level"]].rename(columns={"level": "reached"})
    item = {row["item"]: row for row in credibility.context.to_dict("records")}
    domains: Any = credibility.applicability
    return {
        "css": css(), "table": html_table, "disclaimer": words.DISCLAIMER,
        "stamp": {"version": version("sciatrial"), "created": "", "is_quick": False, "self_check": "", **stamp},
        "posterior": credibility.made_with["posterior"][:12],
        "question": item["question of interest"]["content"], "use": item["context of use"]["content"],
        "failures": _limits(credibility, _LIMIT_WORDS), "findings": _findings(credibility),
        "context": credibility.context, "matrix": risk_matrix(), "risk": credibility.made_with["risk"],
        "factors": [(name, part.drop(columns="activity")) for name, part in shown.groupby("activity", sort=False)],
        "gradations": gradations.rename(columns=lambda name: name.replace("level_", "")),
        "numerical": credibility.numerical, "uncertainty": credibility.uncertainty,
        "domains": [
            (kind, part[["domain", "n_studies", "n_counted", "verdict", "why"]].rename(
                columns={"n_studies": "studies", "n_counted": "that count"}))
            for kind, part in domains.groupby("kind", sort=False)
        ],
        "m15": credibility.m15, "limits": credibility.limits, "rules": credibility.rules,
    }  # fmt: skip


def _yes_or_no(flags: pd.Series) -> list[str]:
    return ["yes" if flag else "NO" for flag in flags.astype(bool)]


def _limits(credibility: Credibility, names: tuple[str, ...]) -> list[str]:
    return [f"{row['limit']}: {row['found']}" for row in credibility.limits.to_dict("records") if row["limit"] in names]


def _findings(credibility: Credibility) -> list[str]:
    """Return the few sentences that tell the whole; each follows from a row."""
    factors: Any = credibility.factors
    domains: Any = credibility.applicability
    rows = factors.to_dict("records")
    not_met = [f"{row['factor']} ({row['level']}, goal {row['goal']})" for row in rows if not row["met"]]
    outcome = credibility.m15.loc[(credibility.m15["element"] == "outcome of the assessment").to_numpy(), "content"]
    told = [
        f"{len(rows) - len(not_met)} of {len(rows)} goals are met. {outcome.iloc[0]}",
        f"Not met: {'; '.join(not_met)}." if not_met else "No goal is missed.",
    ]
    worse = [row for row in credibility.limits.to_dict("records") if str(row["limit"]).endswith(_WORSE)]
    told += [f"{_capital(row['limit'])}: {row['found']}." for row in worse]
    asked = domains[domains["is_question"].astype(bool)].to_dict("records")
    told += [f"{_capital(row['domain'])}: {row['verdict']} ({row['why']})." for row in asked]
    count = domains["verdict"].value_counts()
    told.append(f"Of {len(domains)} domains: {', '.join(f'{word} {n}' for word, n in count.items())}.")
    return told


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
