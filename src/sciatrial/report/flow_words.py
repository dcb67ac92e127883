"""Who was where in the one trial of a report: the participant flow of CONSORT 2025, in words and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sciatrial.foundation import Problem, StudyError
from sciatrial.trial import TrialResult

STAGES = ("Allocation", "Follow-up", "Analysis")
_ENDINGS = {
    "efficacy": "a benefit was shown", "other_direction": "a harm was shown", "futility": "stopped for futility",
    "stopped_for_harm": "the boundary for harm was reached",
}  # fmt: skip
_CLOSINGS = _ENDINGS | {"dropped": "others were selected"}


@dataclass(frozen=True)
class Flow:
    """The texts of a flow: of everybody, and of each arm by stage; the first line of each is its heading."""

    screened: tuple[str, ...]
    excluded: tuple[str, ...]
    randomised: tuple[str, ...]
    arms: Mapping[str, tuple[tuple[str, ...], ...]]

    def in_words(self) -> str:
        """Return the whole flow as sentences, for whoever cannot see the picture."""
        parts = [_sentence(self.screened), _sentence(self.excluded), _sentence(self.randomised)]
        for arm, stages in self.arms.items():
            parts.append(f"Arm {arm}: {' '.join(_sentence(stage) for stage in stages)}")
        return " ".join(parts)


def _sentence(lines: Sequence[str]) -> str:
    first, *rest = lines
    return f"{first}{': ' if rest else ''}{', '.join(rest)}."


def _of(what: str, count: int) -> str:
    """Return what is counted with its number, which no line break parts."""
    return f"{what} (n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{count})"


def flow_of(result: TrialResult, study: Mapping[str, Any]) -> Flow:
    """Return who was where in one trial.

    Parameters
    ----------
    result
        The trial.
    study
        The resolved study file as nested values: it says how many patients are planned, and what rescue is.

    Raises
    ------
    StudyError
        When the trial was kept by a version that did not count the flow.
    """
    if "flow" not in result.conduct:
        expected = "a trial kept by this version"
        problem = Problem("conduct.flow", "is missing", expected, "run the study again with another --out")
        raise StudyError(result.name, problem)
    plan = study["trial"]
    planned = plan["n_total"] if "n_total" in plan else plan["n_per_arm"] * len(study["arms"])
    counts = result.conduct
    n = sum(counts["randomised"].values())
    excluded = counts["screened"] - n
    reasons = [_of(f"{name.replace('_', ' ')}", count) for name, count in counts["excluded"].items() if count]
    if counts["unsolved"]:
        reasons.append(_of("could not be solved", counts["unsolved"]))
    if len(reasons) > 1:
        reasons.append("one candidate may miss several criteria")
    closed, rescue = _closed_arms(result, plan), _rescue(study)
    return Flow(
        screened=(_of("Assessed for eligibility", counts["screened"]),),
        excluded=(_of("Excluded", excluded), *reasons),
        randomised=(_of("Randomised", n), *_ending(result, n, planned)),
        arms={arm: _stages(arm, own, closed.get(arm), rescue) for arm, own in counts["flow"].items()},
    )


def _ending(result: TrialResult, n: int, planned: int) -> list[str]:
    """Return where the trial ended, nothing for a design with one look that went as planned."""
    last = result.contrasts.sort_values("look").iloc[-1]
    told = _ENDINGS.get(str(last["decision"]))
    if last["decision"] == "stopped_for_harm":
        return [f"{planned} planned; {told}"]
    if n > planned:
        return [f"{planned} planned; the size was estimated anew"]
    if set(result.looks["look"]) <= {1} and n == planned:
        return []
    if n < planned:
        return [f"{planned} planned; look {last['look']}: {told or 'ended'}"]
    return [f"all {planned} that were planned" + (f"; look {last['look']}: {told}" if told else "")]


def _closed_arms(result: TrialResult, plan: Mapping[str, Any]) -> dict[str, str]:
    """Return arm → at which look it was closed while others went on, and why; of several arms against one control."""
    if not plan.get("multi_arm"):
        return {}
    ended = result.contrasts["look"].max()
    return {
        str(row["arm"]): f"closed at look {row['look']}: {_CLOSINGS[str(row['decision'])]}"
        for row in result.contrasts.to_dict("records")
        if row["look"] < ended and str(row["decision"]) in _CLOSINGS
    }


def _rescue(study: Mapping[str, Any]) -> tuple[str, str]:
    """Return what rescue is, and what somebody does who gets it."""
    is_surgery = (study["trial"].get("rescue") or {}).get("intervention") == "surgery"
    return ("surgery", "crossed over to surgery") if is_surgery else ("rescue", "took rescue")


def _stages(
    arm: str, own: Mapping[str, Any], closed: str | None, rescue: tuple[str, str]
) -> tuple[tuple[str, ...], ...]:
    allocated = [_of(f"Allocated to {arm}", own["allocated"]), _of("received it", own["received"])]
    allocated += [_of(f"not received: {reason}", count) for reason, count in own["not_received"].items()]
    if closed is not None:
        allocated.append(closed)
    lost = own["left_before_endpoint"] + own["left_later"]
    followed = [
        _of("Lost to follow-up", lost),
        *([_of("before the endpoint", own["left_before_endpoint"])] if lost else []),
        *([_of("after it", own["left_later"])] if own["left_later"] else []),
        _of("missed the endpoint's visit", own["missed_endpoint"]),
        _of(f"{rescue[1]} before it", own["rescued_before_endpoint"]),
    ]
    if own["stopped_before_endpoint"]:
        followed.append(_of("the trial stopped before that visit", own["stopped_before_endpoint"]))
    if own["unsolved"]:
        followed.append(_of("could not be solved", own["unsolved"]))
    analysed = [_of("Analysed", own["analysed"]), _of("with a value at the endpoint", own["with_endpoint"])]
    left_out = own["allocated"] - own["analysed"]
    analysed.append(_of("not analysed", left_out))
    analysed += [_of(f"{reason}", count) for reason, count in own["not_analysed"].items()]
    return tuple(allocated), tuple(followed), tuple(analysed)


def flow_wide(result: TrialResult, study: Mapping[str, Any]) -> pd.DataFrame:
    """Return the flow as a table, one row an arm; `study` as in `flow_of`."""
    counts, (rescue, _) = result.conduct, _rescue(study)
    stopped = any(own["stopped_before_endpoint"] for own in counts["flow"].values())
    rows = [
        {
            "arm": arm,
            "allocated": own["allocated"],
            "received": own["received"],
            "lost before the endpoint": own["left_before_endpoint"],
            "lost later": own["left_later"],
            **({"trial stopped before the endpoint": own["stopped_before_endpoint"]} if stopped else {}),
            "missed the endpoint's visit": own["missed_endpoint"],
            "visits missed in all": counts["missed_visits"][arm],
            f"{rescue} before the endpoint": own["rescued_before_endpoint"],
            f"{rescue} at any time": counts["rescued"][arm],
            "analysed": own["analysed"],
            "with the endpoint": own["with_endpoint"],
        }
        for arm, own in counts["flow"].items()
    ]
    return pd.DataFrame(rows)
