"""Designs as a user writes them, whose plans rpact is asked about; made by hand to cover every kind of bound."""

from sciatrial.trial import Design, r_of_design

ARMS = {
    "cells": {
        "intervention": "cell_therapy", "cell_type": "uc_msc", "donor": "allogeneic", "dose_million_cells": 20,
        "carrier": "saline", "volume_ml": 2.0, "route": "epidural_transforaminal",
    },
    "saline": {"intervention": "saline", "route": "epidural_transforaminal"},
}  # fmt: skip
SHARED = {
    "arms": ARMS, "n_total": 180, "visits_months": (1, 3, 6, 12), "endpoint": {"outcome": "leg_pain", "month": 6},
    "accrual": {"per_month": 8},
}  # fmt: skip
ONE = {"sides": "one_sided", "alpha": 0.025}
EFFECTS = (0.2, 0.35, 0.5, 0.65, 0.8)


def looks(*information, power=0.8, **words):
    return {"looks": {"information": information, "power": power, **words}}


def spent(kind, **words):
    return {"spending": {"kind": kind, **words}}


def futile(kind, **words):
    return {"futility": {"kind": kind, **words}}


PLANS = {
    "fixed, two-sided": {},
    "fixed, one-sided, 2 : 1, 20 % dropout a year": {
        **ONE, "allocation": {"cells": 2, "saline": 1}, "dropout_per_year": 0.2,
    },
    "fixed, two-sided, alpha 0.01, power 95 %": {"alpha": 0.01, **looks(power=0.95)},
    "O'Brien-Fleming, 2 looks": looks(0.5, **spent("o_brien_fleming")),
    "O'Brien-Fleming, 4 looks, one-sided": ONE | looks(0.25, 0.5, 0.75, **spent("o_brien_fleming")),
    "Pocock, 3 looks": looks(1 / 3, 2 / 3, **spent("pocock")),
    "Pocock, 3 uneven looks, one-sided": ONE | looks(0.3, 0.8, **spent("pocock")),
    "Wang-Tsiatis 0.25, 3 looks": looks(0.4, 0.7, **spent("wang_tsiatis", delta=0.25)),
    "Haybittle-Peto 3, 3 looks": ONE | looks(0.4, 0.7, **spent("haybittle_peto", interim_z=3.0)),
    "Lan-DeMets O'Brien-Fleming, 2 looks": looks(0.5, **spent("lan_demets_o_brien_fleming")),
    "Lan-DeMets O'Brien-Fleming, 4 looks, one-sided, power 90 %": (
        ONE | looks(0.3, 0.55, 0.8, power=0.9, **spent("lan_demets_o_brien_fleming"))
    ),
    "Lan-DeMets Pocock, 3 looks": looks(0.35, 0.7, **spent("lan_demets_pocock")),
    "Kim-DeMets 2, 3 looks, one-sided": ONE | looks(0.4, 0.75, **spent("kim_demets", gamma=2)),
    "Hwang-Shih-DeCani -4, 3 looks": looks(0.4, 0.75, **spent("hwang_shih_decani", gamma=-4)),
    "user spending, 3 looks, one-sided": ONE | looks(0.4, 0.75, **spent("user", values=(0.002, 0.01, 0.025))),
    "futility at z 0, non-binding": ONE | looks(0.5, **futile("fixed", bounds_z=(0.0,))),
    "futility at z 0 and 0.5, binding": (
        ONE | looks(0.4, 0.7, **futile("fixed", bounds_z=(0.0, 0.5), binding="binding"))
    ),
    "beta by Hwang-Shih-DeCani -2, non-binding": (
        ONE | {"dropout_per_year": 0.1} | looks(0.5, **futile("hwang_shih_decani", gamma=-2))
    ),
    "beta by Hwang-Shih-DeCani -2, binding": (
        ONE | looks(0.5, **futile("hwang_shih_decani", gamma=-2, binding="binding"))
    ),
    "beta by Kim-DeMets 1.5, 3 looks, non-binding": (
        ONE | looks(0.4, 0.7, **spent("kim_demets", gamma=3), **futile("kim_demets", gamma=1.5))
    ),
    "beta by Lan-DeMets O'Brien-Fleming, 3 looks, binding": (
        ONE | looks(0.4, 0.7, **futile("lan_demets_o_brien_fleming", binding="binding"))
    ),
    "beta by Lan-DeMets Pocock, 2 looks, non-binding, 3 : 1": (
        ONE | {"allocation": {"cells": 3, "saline": 1}} | looks(0.6, **futile("lan_demets_pocock"))
    ),
    "beta by the user, 3 looks, non-binding": (
        ONE | looks(0.4, 0.7, **futile("user", values=(0.05, 0.12, 0.2)))
    ),
    "futility only at the first look": (
        ONE | looks(0.3, 0.7, futility_only=(1,), **futile("fixed", bounds_z=(0.2, 0.6)))
    ),
    "phase-2b, 90 % power, 5 looks": (
        ONE | looks(0.2, 0.4, 0.6, 0.8, power=0.9, **futile("hwang_shih_decani", gamma=-1))
    ),
}  # fmt: skip


def design_of(name: str) -> Design:
    """Return one of the designs."""
    return Design.model_validate(SHARED | PLANS[name])


def code_of(name: str) -> str:
    """Return what the design's page prints as R code."""
    return r_of_design(design_of(name), EFFECTS)
