"""The R call that makes the same design, for readers who want to check a number with another program."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from sciatrial.statistics.design import (
    Binding,
    FixedFutility,
    GroupSequentialDesign,
    HaybittlePeto,
    Sides,
    WangTsiatis,
)
from sciatrial.statistics.spending import Spending, SpendingKind

_SPENDING_NAMES = {
    SpendingKind.O_BRIEN_FLEMING_TYPE: "OF",
    SpendingKind.POCOCK_TYPE: "P",
    SpendingKind.KIM_DEMETS: "KD",
    SpendingKind.HWANG_SHIH_DECANI: "HSD",
    SpendingKind.USER: "User",
}
# what rpact takes for a bound that is never crossed
_NEVER_CROSSED = -6.0


def rpact_call(design: GroupSequentialDesign) -> str:
    """Return the text of the R call with which rpact derives the same bounds.

    Bounds re-derived at other information than planned come back as user-defined spending, which is what they are.
    """
    rules = design.rules
    arguments = {
        "informationRates": _vector(design.information_rates),
        "alpha": _number(rules.alpha),
        "beta": _number(rules.beta),
        "sided": "2" if rules.sides is Sides.TWO else "1",
        **_efficacy(design),
        **_futility(design),
    }
    text = ", ".join(f"{name} = {value}" for name, value in arguments.items())
    return f"rpact::getDesignGroupSequential({text})"


def _efficacy(design: GroupSequentialDesign) -> dict[str, str]:
    rules, efficacy = design.rules, design.rules.efficacy
    if rules.futility_only_looks or (_was_moved(design) and isinstance(efficacy, Spending)):
        return {"typeOfDesign": '"asUser"', "userAlphaSpending": _vector((*design.alpha_spent[:-1], rules.alpha))}
    if isinstance(efficacy, HaybittlePeto):
        return {"typeOfDesign": '"HP"', "constantBoundsHP": _number(efficacy.interim_z)}
    if isinstance(efficacy, WangTsiatis):
        if efficacy.delta in (0.0, 0.5):
            return {"typeOfDesign": '"OF"' if efficacy.delta == 0 else '"P"'}
        return {"typeOfDesign": '"WT"', "deltaWT": _number(efficacy.delta)}
    return _spending(efficacy, "typeOfDesign", "as", "userAlphaSpending", "gammaA")


def _futility(design: GroupSequentialDesign) -> dict[str, str]:
    futility = design.rules.futility
    if futility is None or design.n_looks == 1:
        return {}
    binding = {"bindingFutility": "TRUE" if design.rules.binding is Binding.BINDING else "FALSE"}
    if isinstance(futility, FixedFutility) or _was_moved(design):
        bounds = (bound if bound > -inf else _NEVER_CROSSED for bound in design.futility_z)
        return {"futilityBounds": _vector(bounds), **binding}
    return {**_spending(futility, "typeBetaSpending", "bs", "userBetaSpending", "gammaB"), **binding}


def _spending(spending: Spending, kind: str, prefix: str, values: str, gamma: str) -> dict[str, str]:
    found = {kind: f'"{prefix}{_SPENDING_NAMES[spending.kind]}"'}
    if spending.kind is SpendingKind.USER:
        found[values] = _vector(spending.values)
    if spending.gamma is not None:
        found[gamma] = _number(spending.gamma)
    return found


def _was_moved(design: GroupSequentialDesign) -> bool:
    return design.spending_times != design.information_rates


def _vector(values: Iterable[float]) -> str:
    return "c(" + ", ".join(_number(value) for value in values) + ")"


def _number(value: float) -> str:
    return f"{value:.12g}"
