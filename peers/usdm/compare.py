"""Our USDM documents by usdm4: its model, its rules (those of CDISC's Digital Data Flow), and CDISC terminology.

Writes ``tests/truth/peers/usdm.csv`` (one row a document and finding) and ``usdm_codes.csv`` (every code that we use
beside what terminology calls it); exits with 1 when a finding has no reason here, or a code is not what we call it.
usdm4 needs Python 3.12 and has the GPL; nothing of it is ours. CDISC's own rules engine fetches its rules from CDISC's
library with a key, and was not run.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sciatrial.exchange import to_usdm
from sciatrial.study import read_study

PROJECT = Path(__file__).parents[2]
RESULTS = PROJECT / "tests" / "truth" / "peers"
STUDIES = sorted((PROJECT / "studies").glob("*.toml"))
SPONSOR = ("A university", "academic_institution")
PROGRAM = ("sciatrial", "peers")
# what usdm4 finds and why it stays
KNOWN = {
    "DDF00031": "spares fixed references by their submission value; ours have the preferred term (DDF00051, DDF00007)",
    "DDF00177": "a study file says by which route, and not how much: no dose is made up",
    "DDF00140": "no sponsor is named: the list of kinds may be extended, and says so",
    "DDF00200": "no sponsor is named: the list of kinds may be extended, and says so",
}
# trials that the shipped studies do not show
CHANGES = {
    "response": [
        'trial.endpoint={ outcome="leg_pain", month=6, measure="response", rule="responder_50pct_pain", '
        'missing="non_responder" }',
        "trial.analysis=responders",
        'trial.estimand={ rescue="treatment_policy", summary_measure="risk_difference" }',
    ],
    "own cells and tablets": [
        "trial.visit_window_days=7",
        "trial.analysis=ancova",
        'arms.cells={ intervention="cell_therapy", cell_type="bm_msc", donor="autologous", dose_million_cells=20, '
        'route="perineural", weeks_until_treatment=4, n_doses=2, co_treatments=["physiotherapy"] }',
        'arms.saline={ intervention="gabapentinoid", daily_dose_mg=300 }',
    ],
    "principal stratum of surgery": [
        "trial.estimand.rescue=principal_stratum",
        'trial.rescue={ score="leg_pain", above=60, intervention="surgery", weeks_until_surgery=4, from_month=3 }',
    ],
    "factorial": [
        'trial.factorial={ first={ name="cells", arms=["cells", "both"] }, second={ name="exercise", '
        'arms=["exercise", "both"] } }',
        "trial.allocation={ cells=1, saline=1, exercise=1, both=1 }",
        'arms={ cells={ intervention="cell_therapy", cell_type="uc_msc", donor="allogeneic", dose_million_cells=20, '
        'route="perineural" }, saline={ intervention="saline", route="perineural" }, exercise={ intervention="saline", '
        'route="perineural", co_treatments=["physiotherapy"] }, both={ intervention="cell_therapy", '
        'cell_type="uc_msc", donor="allogeneic", dose_million_cells=20, route="perineural", '
        'co_treatments=["physiotherapy"] } }',
    ],
}


def documents() -> dict[str, str]:
    """Return name → document: the shipped studies with and without a sponsor, and changed ones."""
    found = {}
    for path in STUDIES:
        study = read_study(path)
        words: dict[str, Any] = {"study": study.name, "question": study.settings.question, "program": PROGRAM}
        found[study.name] = to_usdm(study.design, study.cohort, **words, sponsor=SPONSOR)
        found[f"{study.name}, no sponsor"] = to_usdm(study.design, study.cohort, **words)
    for name, changes in CHANGES.items():
        study = read_study(
            PROJECT / "studies" / "epidural_cells_radicular.toml", changes=[*changes, "trial.comparisons=[]"]
        )
        words = {"study": study.name, "question": study.settings.question, "program": PROGRAM}
        found[name] = to_usdm(study.design, study.cohort, **words, sponsor=SPONSOR)
    return found


def mark(text: str) -> str:
    """Return a short hash of a document."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def main() -> None:
    """Check every document."""
    if sys.version_info < (3, 12):
        sys.exit("usdm4 needs Python 3.12: remove .venv-peers/usdm, then make peers PYTHON=python3.12")
    from usdm4 import USDM4
    from usdm4.api.wrapper import Wrapper

    # also those that none of these documents needs
    rows, codes = [], {term.concept: term.meaning for term in every_term()}
    for name, text in documents().items():
        document = json.loads(text)
        Wrapper.model_validate(document)
        collect(document, codes)
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            result = USDM4().validate(file.name)
        statuses = [outcome.status.value for outcome in result.outcomes.values()]
        counts = {"rules": len(statuses), "passed": statuses.count("Success")}
        found = result.to_dict()
        rules = sorted({(row["rule_id"], row["level"] or row["status"]) for row in found})
        place = {"document": name, "mark": mark(text), "usdm4": version("usdm4"), **counts}
        rows += [{**place, "finding": rule, "level": level, "why": KNOWN.get(rule, "")} for rule, level in rules] or [
            {**place, "finding": "", "level": "", "why": ""}
        ]
    write("usdm.csv", rows)
    looked_up = [look_up(code, meaning) for code, meaning in sorted(codes.items())]
    write("usdm_codes.csv", looked_up)
    wrong = [row for row in rows if row["finding"] and not row["why"]] + [row for row in looked_up if not row["agrees"]]
    print(f"{len(rows)} rows, {len(looked_up)} codes, {len(wrong)} wrong")
    for row in wrong:
        print(row)
    sys.exit(bool(wrong))


def every_term() -> list[Any]:
    """Return every term that a document may use."""
    from sciatrial.exchange import usdm_terms

    named = [item for item in vars(usdm_terms).values() if isinstance(item, usdm_terms.Term)]
    return [*named, *usdm_terms.ROUTES.values(), *usdm_terms.SPONSOR_KINDS.values()]


def collect(piece: Any, codes: dict[str, str]) -> None:
    """Add every CDISC code of a document to `codes`."""
    if isinstance(piece, dict):
        if piece.get("instanceType") == "Code" and piece["codeSystem"] == "http://www.cdisc.org":
            codes[piece["code"]] = piece["decode"]
        for value in piece.values():
            collect(value, codes)
    elif isinstance(piece, list):
        for value in piece:
            collect(value, codes)


def look_up(code: str, meaning: str) -> dict[str, Any]:
    """Return what CDISC terminology, as usdm4 ships it, calls a concept."""
    theirs = sorted({meant for concept, meant in terminology() if concept == code})
    return {"code": code, "ours": meaning, "theirs": "; ".join(theirs), "agrees": meaning in theirs}


@cache
def terminology() -> tuple[tuple[str, str], ...]:
    """Return concept and preferred term of every word of CDISC terminology."""
    import usdm4
    import yaml

    path = Path(usdm4.__file__).parent / "ct" / "cdisc" / "library_cache" / "library_cache_usdm.yaml"
    lists = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return tuple((term["conceptId"], term["preferredTerm"]) for codes in lists.values() for term in codes["terms"])


def write(name: str, rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV beside the other results."""
    with (RESULTS / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
