"""The behaviours that the model must show, computed through the rooms that a trial uses.

All at the reference values of the prior table with every cell effect and no effect of needle or fluid,
2000 patients a cause. Targets are those of the model's description (section 6); the reference values were set by hand
on many of the same targets, so a row that holds shows that the structure can do it, not that it predicts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.clinic import Protocol, sham_of
from sciatrial.engine import Events, Trajectories, simulate
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import CONTEXTS, Patients, cohort_named, sample_patients, treated_patients
from sciatrial.trial import Design, run_trial

SEED = 20261123
N_PATIENTS = 2000
NOT_ASKED = "not asked"
ENTRY_DAYS = 3.044  # a tenth of a month after onset, the earliest entry that a cohort allows
HARVEST = ("cultured.harvest_failure_fraction", "fresh.harvest_failure_fraction", "cultured.harvest_delay_fraction")
CELL_STATES = (
    "loose_disc_cells",
    "anchored_disc_cells",
    "converted_disc_cells",
    "loose_epidural_cells",
    "anchored_epidural_cells",
    "circulating_cells",
    "lost_cells",
)


@dataclass(frozen=True)
class Behaviour:
    """One row of the table."""

    behaviour: str
    expected: str
    got: str
    holds: bool


@cache
def people(cohort: str, n: int = N_PATIENTS, months: float = 0.1) -> Patients:
    """Return patients `months` after onset whom nobody has screened."""
    whole = reference_draw(read_prior(), included=CELL_EFFECTS).one(0)
    # every harvest succeeds in time: who gets no cells, or gets them late, says nothing about what cells do
    draw = replace(whole, values={**whole.values, **dict.fromkeys(HARVEST, 0.0)})
    open_door = cohort_named(cohort).model_copy(update={"eligible": {}, "symptom_months": (months, months)})
    return sample_patients(sciatica_model(), draw, open_door, n_patients=n, seed=SEED)


def course(
    patients: Patients,
    given: list[tuple[float, Protocol]],
    days: list[float],
    *,
    more: Events | None = None,
    outputs: tuple[str, ...] = (
        "leg_pain",
        "back_pain",
        "numbness",
        "tingling",
        "weakness",
        "root_pressure",
        "herniated_volume",
    ),
    tolerance: float | None = None,
    by_chance: bool = True,
) -> Trajectories:
    """Simulate patients from their entry; `given` holds (day after onset, what), `days` are days after onset.

    `tolerance` is the engine's own unless another is given.
    """
    model = sciatica_model()
    start = float(patients.covariates["symptom_months"].iloc[0]) * 30.44
    parameters = patients.parameters.copy()
    events = [patients.later_events(model, max(days) - start)] if by_chance else []
    events += [more] if more is not None else []
    for day, protocol in given:
        mine, given_events = treated_patients(model, patients, protocol, seed=SEED, last_day=max(days) - day)
        # an arm sets its own columns; the last of several arms decides where both set one
        changed = (mine != patients.parameters).any(axis=0)
        parameters[:, changed] = mine[:, changed]
        events.append(replace(given_events, day=given_events.day + day - start))
    times = np.maximum(np.asarray(days, dtype=float) - start, 0.0)
    return simulate(
        model,
        parameters,
        patients.entry_states,
        times_days=times,
        events=Events.joined(*events),
        outputs=outputs,
        **({} if tolerance is None else {"tolerance": tolerance}),
    )


def cells(dose: float, route: str = "epidural_transforaminal", **words: Any) -> Protocol:
    """Return an arm with cells, bone-marrow and from the patient unless said otherwise."""
    what = {"cell_type": "bm_msc", "donor": "autologous", "carrier": "saline", **words}
    return Protocol(intervention="cell_therapy", dose_million_cells=dose, route=route, **what)


SALINE = Protocol(intervention="saline", route="epidural_transforaminal")
DISC_SALINE = Protocol(intervention="saline", route="intradiscal")
PLACEBO = Protocol(intervention="placebo_oral")
SURGERY = Protocol(intervention="surgery")


def between(value: float, low: float, high: float) -> bool:
    """Return whether a value lies in the expected range."""
    return bool(low <= value <= high)


def every_behaviour() -> pd.DataFrame:
    """Return the whole table: columns ``behaviour, expected, prototype, got, holds``."""
    parts: list[Callable[[], list[Behaviour]]] = [
        exact_laws,
        natural_course,
        recurrence_and_deficits,
        at_the_door_of_a_trial,
        after_surgery,
        conservative_care,
        other_causes,
        cells_at_the_root,
        cells_in_the_disc,
        rejection,
    ]
    table = pd.DataFrame([vars(row) for part in parts for row in part()])
    said = prototype_results()
    table.insert(2, "prototype", [said.get(name, NOT_ASKED) for name in table["behaviour"]])
    return table


def prototype_results() -> dict[str, str]:
    """Return behaviour → what the prototype of the model's description gave, where it was asked."""
    table = pd.read_csv(Path(__file__).parent / "prototype.csv", dtype=str)
    return dict(zip(table["behaviour"], table["prototype"], strict=True))


def exact_laws() -> list[Behaviour]:
    """Return what must hold exactly."""
    model = sciatica_model()
    states = model.state_names
    p = people("chronic_radicular", 1)
    healthy = dict.fromkeys(states, 0.0) | {
        "connected_axons": 1.0,
        "function_reserve": 1.0,
        "disc_aggrecan": 1.0,
        "native_disc_cells": 1.0,
    }
    parameters = dict(zip(model.parameter_names, p.parameters[0], strict=True)) | {"nutrition_capacity": 1.0}
    rest = max(abs(float(rate)) for rate in model.rates(parameters | healthy).values())
    group = people("chronic_radicular")
    days = [float(day) for day in range(60, 366, 5)]
    run = course(group, [(60.0, cells(10.0, donor="allogeneic"))], days, outputs=states)
    ledger = sum(run[name] for name in CELL_STATES)
    error = float(np.abs(ledger[:, 1:] - 10.0).max())
    lost = 1 - run["connected_axons"] - run["severed_axons"]
    fall = float(np.diff(lost, axis=1).min())
    fractions = [s.name for s in model.states if s.ceiling == 1.0]
    top = max(float(run[name].max()) for name in fractions)
    bottom = float(run.values.min())
    # tight, so that what is left is the biology and not the solver's steps
    treated = course(group, [(42.0, SALINE)], [126.0, 364.0], tolerance=1e-9)
    untreated = course(group, [], [126.0, 364.0], tolerance=1e-9)
    biology = [n for n in treated.outputs if n not in ("leg_pain", "back_pain")]
    moved = max(float(np.abs(treated[name] - untreated[name]).max()) for name in biology)
    eased = bool((treated["leg_pain"] <= untreated["leg_pain"] + 1e-6).all())
    return [
        Behaviour("Healthy state is a fixed point", "0", f"largest rate {rest:.1e} a day", rest < 1e-12),
        Behaviour(
            "States are 0 or more, fractions 1 or less",
            "0 to 1",
            f"{bottom:.1e} to {top:.4f}",
            bottom > -1e-4 and top < 1 + 1e-3,
        ),
        Behaviour("Cells alive and lost add up to the dose", "10 million", f"error {error:.1e} million", error < 1e-3),
        Behaviour("Lost axons never come back", "never falls", f"largest fall {max(-fall, 0):.1e}", fall > -1e-5),
        Behaviour(
            "Saline changes reported pain only",
            "biology identical, pain not higher",
            f"biology moves by {moved:.1e}; pain {'not higher' if eased else 'higher'}",
            moved < 1e-6 and eased,
        ),
    ]


def natural_course() -> list[Behaviour]:
    """Return how herniation goes by itself."""
    p = people("chronic_radicular")
    run = course(p, [], [7.0, 14.0, 28.0, 37.0, 84.0, 182.0, 364.0])
    leg = run["leg_pain"]
    halved = float(100 * (leg[:, 4] < 0.5 * leg[:, 0]).mean())
    left = run["herniated_volume"] / p.entry_states[:, [sciatica_model().state_names.index("herniated_volume")]]
    shrunk = float(100 * (left[:, 6] < 0.75).mean())
    classes = p.covariates["herniation_class"].to_numpy()
    order = ("bulge", "protrusion", "extrusion", "sequestration")
    shares = [float(100 * (left[classes == word, 6] < 0.75).mean()) for word in order]
    stuck = float(100 * (leg[:, 6] > 30).mean())
    month, fortnight = (float(100 * (1 - leg[:, b].mean() / leg[:, a].mean())) for a, b in ((0, 3), (1, 2)))
    return [
        Behaviour(
            "Herniation: leg pain at least halved by 12 weeks", "60 to 80 %", f"{halved:.0f} %", between(halved, 60, 80)
        ),
        Behaviour(
            "Herniation: volume down by a quarter at 12 months",
            "63 (49 to 77) %",
            f"{shrunk:.0f} %",
            between(shrunk, 49, 77),
        ),
        Behaviour(
            "Resorption by class: bulge, protrusion, extrusion, sequestration",
            "rising; reported 13, 38, 67, 88 %",
            ", ".join(f"{share:.0f}" for share in shares) + " %",
            shares[0] < shares[1] < shares[2] <= shares[3],
        ),
        Behaviour(
            "Resorption by class, size",
            "each within 15 points of 13, 38, 67, 88 %",
            ", ".join(f"{share:.0f}" for share in shares) + " %",
            all(abs(a - b) <= 15 for a, b in zip(shares, (13, 38, 67, 88), strict=True)),
        ),
        Behaviour("Herniation: leg pain above 30 at one year", "15 to 45 %", f"{stuck:.0f} %", between(stuck, 15, 45)),
        Behaviour(
            "Herniation: fall of mean leg pain in the month after day 7",
            "35 to 60 % (58 in mixed back pain and sciatica)",
            f"{month:.0f} %",
            between(month, 35, 60),
        ),
        Behaviour(
            "Herniation: fall of mean leg pain from day 14 to 28",
            "40 % or more (58 in a month, in mixed back pain and sciatica)",
            f"{fortnight:.0f} %",
            fortnight >= 40,
        ),
    ]


def recurrence_and_deficits() -> list[Behaviour]:
    """Return how often leg pain comes back in those who had got rid of it, and how long deficits last."""
    p = people("chronic_radicular")
    fortnights = np.arange(14.0, 365.0 * 4.5, 14.0)
    run = course(p, [], list(fortnights))
    leg, weak, numb = run["leg_pain"], run["weakness"], run["numbness"]
    well = leg < 15
    resolved = well[:, 2:] & well[:, 1:-1] & well[:, :-2]  # on three looks in a row, as "for a month or more"
    when = resolved.argmax(axis=1) + 2
    came_back = {}
    for years in (1, 3):
        ahead = round(years * 365 / 14)
        rows = np.flatnonzero(resolved.any(axis=1) & (when + ahead < len(fortnights)))
        came_back[years] = 100 * np.mean([(leg[i, when[i] + 1 : when[i] + 1 + ahead] >= 30).any() for i in rows])
    early, year = np.searchsorted(fortnights, 42.0), np.searchsorted(fortnights, 365.0)
    had_weakness, had_numbness = weak[:, early] > 15, numb[:, early] > 30
    still_weak = float(100 * (weak[had_weakness, year] > 15).mean())
    still_numb = float(100 * (numb[had_numbness, year] > 30).mean())
    share = float(100 * had_weakness.mean())
    return [
        Behaviour(
            "Leg pain back within 1 and 3 years of resolving",
            "25 (15 to 35) and 51 (40 to 62) %",
            f"{came_back[1]:.0f} and {came_back[3]:.0f} %",
            between(came_back[1], 15, 35) and between(came_back[3], 40, 62),
        ),
        Behaviour("Weakness at six weeks", "30 to 50 %", f"{share:.0f} %", between(share, 30, 50)),
        Behaviour(
            "Weakness still there at one year, unoperated",
            "38 (28 to 48) %",
            f"{still_weak:.0f} %",
            between(still_weak, 28, 48),
        ),
        Behaviour(
            "Numbness still there at one year, unoperated",
            "53 (40 to 66) %",
            f"{still_numb:.0f} %",
            between(still_numb, 40, 66),
        ),
    ]


def at_the_door_of_a_trial() -> list[Behaviour]:
    """Return what becomes of people who enrol with leg pain of 40 or more after three months to two years."""
    draw = reference_draw(read_prior(), included=CELL_EFFECTS)
    p = sample_patients(sciatica_model(), draw, cohort_named("chronic_radicular"), n_patients=1000, seed=SEED)
    design = Design(
        arms={"sham": sham_of(cells(10.0)), "usual": Protocol(intervention="usual_care")},
        n_total=1000,
        visits_months=(1.0, 2.0, 3.0, 6.0, 12.0),
        endpoint={"outcome": "leg_pain", "month": 3.0},  # type: ignore[arg-type]
    )
    arms = run_trial(sciatica_model(), design, p, seed=SEED).arms
    pain = arms[arms["score"] == "leg_pain"].pivot_table(index="arm", columns="month", values="mean")
    fall = float(pain.loc["sham", 3.0] - pain.loc["sham", 0.0])
    by_itself = float(pain.loc["usual", 3.0] - pain.loc["usual", 0.0])
    later = float(pain.loc["sham", 12.0] - pain.loc["sham", 2.0])
    return [
        Behaviour(
            "Chronic sciatica, sham injection, three months after entry at 40 or more",
            "−22 (−30 to −14) points",
            f"{fall:.0f} points, of which {by_itself:.0f} without any care",
            between(fall, -30, -14),
        ),
        Behaviour(
            "Chronic sciatica, sham injection, from month 2 to 12",
            "a plateau: −1 (within 6); 31 at 8 weeks, 30 at 52 in a placebo arm",
            f"{later:.1f} points",
            abs(later) < 6,
        ),
    ]


def after_surgery() -> list[Behaviour]:
    """Return recovery after decompression of those who still hurt at nine weeks."""
    p = people("chronic_radicular")
    days = [63.0, *np.arange(66.0, 365.0, 3.0), 119.0]
    order = np.argsort(days, kind="stable")
    days = [days[i] for i in order]
    operated = course(p, [(63.0, SURGERY)], days)
    waited = course(p, [(63.0, Protocol(intervention="sham", route="operative"))], days)
    chosen = waited["leg_pain"][:, 0] >= 40

    def days_to_recovery(run: Trajectories) -> float:
        below = run["leg_pain"][chosen] <= 30
        when = np.where(below.any(axis=1), np.array(days)[below.argmax(axis=1)] - 63, np.inf)
        return float(np.median(when))

    fast, slow = days_to_recovery(operated), days_to_recovery(waited)
    weak = chosen & (waited["weakness"][:, 0] > 15)
    at_8_weeks = days.index(119.0)
    felt = ("leg_pain", "weakness", "numbness", "tingling")
    pain, weakness, numb, tingling = (
        float(100 * (1 - operated[name][weak, at_8_weeks].mean() / operated[name][weak, 0].mean())) for name in felt
    )
    cleared = float(100 * (operated["weakness"][weak, -1] < 5).mean())
    return [
        Behaviour(
            "Persistent at 9 weeks: median days to leg pain 30 or less",
            "surgery 28 (14 to 56), conservative 84 (56 to 200)",
            f"{fast:.0f}, {slow:.0f}",
            between(fast, 14, 56) and between(slow, 56, 200),
        ),
        Behaviour(
            "Order of recovery, 8 weeks after decompression",
            "pain and weakness first; numbness and tingling last (pain −56, both −22 % at 6 weeks)",
            f"pain −{pain:.0f} %, weakness −{weakness:.0f} %, numbness −{numb:.0f} %, tingling −{tingling:.0f} %",
            pain > numb + 10 and pain > tingling + 10 and weakness > max(numb, tingling),
        ),
        Behaviour(
            "Pain before deficits, 8 weeks after decompression",
            "pain falls most, by 3 points or more",
            f"pain −{pain:.0f} %, weakness −{weakness:.0f} %, numbness −{numb:.0f} %",
            pain > weakness + 3 and pain > numb + 3,
        ),
        Behaviour(
            "Weakness cleared 10 months after surgery",
            "75 to 76 % at 1 to 6 years (65 to 90)",
            f"{cleared:.0f} %",
            between(cleared, 65, 90),
        ),
    ]


def conservative_care() -> list[Behaviour]:
    """Return what drugs, steroid and exercise add to placebo in those with leg pain of 40 or more at day 35."""
    p = people("chronic_radicular")
    days = [35.0, 49.0, 63.0, 91.0, 217.0, 335.0]
    tablets = course(p, [(35.0, PLACEBO)], days)
    injected = course(p, [(35.0, SALINE)], days)
    chosen = tablets["leg_pain"][:, 0] >= 40

    def gain(run: Trajectories, against: Trajectories, place: int) -> float:
        return float((run["leg_pain"] - against["leg_pain"])[chosen, place].mean())

    nsaid = gain(course(p, [(35.0, Protocol(intervention="nsaid"))], days), tablets, 1)
    pregabalin = gain(course(p, [(35.0, Protocol(intervention="gabapentinoid"))], days), tablets, 3)
    steroid = Protocol(intervention="epidural_steroid", route="epidural_transforaminal", drug_dose_mg=80)
    depot = course(p, [(35.0, steroid)], days)
    exercise = course(p, [(35.0, Protocol(intervention="physiotherapy", course_weeks=8))], days)
    entry = ENTRY_DAYS
    rows = np.arange(len(p))
    blocker = Events.joined(
        Events.every(sciatica_model(), rows, 35.0 - entry, "tnf_inhibitor_exposure", factor=0.0, amount=1.0),
        Events.every(sciatica_model(), rows, 63.0 - entry, "tnf_inhibitor_exposure", factor=0.0, amount=0.0),
    )
    tnf = gain(course(p, [(35.0, PLACEBO)], days, more=blocker), tablets, 2)
    early, late = gain(depot, injected, 2), gain(depot, injected, 4)
    prednisolone = gain(course(p, [(35.0, Protocol(intervention="oral_steroid"))], days), tablets, 1)
    soluble = Protocol(
        intervention="epidural_steroid", route="epidural_transforaminal", drug="dexamethasone", drug_dose_mg=15
    )
    short = gain(course(p, [(35.0, soluble)], days), injected, 2)
    during, after = gain(exercise, tablets, 3), gain(exercise, tablets, 5)
    return [
        Behaviour("NSAID at 2 weeks", "−5 (−8 to −1) points", f"{nsaid:.1f}", between(nsaid, -8, -1)),
        Behaviour("Pregabalin at 8 weeks", "none (−3 to 0.5)", f"{pregabalin:.1f}", between(pregabalin, -3, 0.5)),
        Behaviour(
            "Epidural steroid at 4 weeks",
            "−12.6 (−27.9 to 2.7); at least −2",
            f"{early:.1f}",
            between(early, -27.9, -2),
        ),
        Behaviour("Epidural steroid at 26 weeks", "small (within 5)", f"{late:.1f}", abs(late) < 5),
        Behaviour(
            "Oral steroid at the end of two weeks",
            "−12.2 (−20.9 to −3.4)",
            f"{prednisolone:.1f}",
            between(prednisolone, -20.9, -3.4),
        ),
        Behaviour(
            "Soluble steroid is gone sooner than triamcinolone, 4 weeks",
            "smaller effect",
            f"{short:.1f} and {early:.1f}",
            early < short <= 0.1,
        ),
        Behaviour("TNF blocker at 4 weeks", "−13.6 (−26.8 to −0.4)", f"{tnf:.1f}", between(tnf, -26.8, -0.4)),
        Behaviour("Exercise at 8 weeks", "−11.4 (−22 to −0.7)", f"{during:.1f}", between(during, -22, -0.7)),
        Behaviour("Exercise, 300 days after its start", "0 (within 4)", f"{after:.1f}", abs(after) < 4),
    ]


def other_causes() -> list[Behaviour]:
    """Return the course of stenosis, spondylolisthesis and the piriformis syndrome."""
    rows = []
    for cohort, word in (("stenosis", "Stenosis"), ("spondylolisthesis", "Spondylolisthesis")):
        leg = course(people(cohort), [], [364.0, 1820.0])["leg_pain"]
        change = leg[:, 1] - leg[:, 0]
        same, better, worse = (
            float(100 * flags.mean()) for flags in (np.abs(change) < 10, change <= -10, change >= 10)
        )
        holds = between(same, 50, 70) and between(better, 15, 25) and between(worse, 15, 25)
        rows.append(
            Behaviour(
                f"{word} over 4 years: same, better, worse",
                "50 to 70, 15 to 25, 15 to 25 %",
                f"{same:.0f}, {better:.0f}, {worse:.0f} %",
                holds,
            )
        )
    p = people("piriformis")
    alone = course(p, [], [84.0, 126.0, 168.0])["leg_pain"].mean(axis=0)
    stretched = course(p, [(84.0, Protocol(intervention="physiotherapy", course_weeks=52))], [84.0, 126.0, 168.0])
    toxin = course(p, [(84.0, Protocol(intervention="botulinum_toxin"))], [84.0, 126.0, 168.0])
    a, b = float(stretched["leg_pain"][:, 2].mean()), float(toxin["leg_pain"][:, 1].mean())
    holds = a < alone[2] - 5 and b < alone[1] - 5 and abs(alone[2] - alone[0]) < 10
    rows.append(
        Behaviour(
            "Piriformis: stretching and toxin help, no self-cure",
            "both lower, untreated stays",
            f"untreated {alone[0]:.0f} then {alone[2]:.0f}; stretching {a:.0f}; toxin {b:.0f}",
            bool(holds),
        )
    )
    return rows


def cells_at_the_root() -> list[Behaviour]:
    """Return what cells add to saline in those with leg pain of 40 or more at 12 weeks."""
    p = people("chronic_radicular")
    days = [84.0, 112.0, 168.0, 266.0, 448.0]
    saline = course(p, [(84.0, SALINE)], days)
    chosen = saline["leg_pain"][:, 0] >= 40

    def gain(protocol: Protocol) -> float:
        # the context of the injection is saline's own, whatever the route: only cells differ
        run = course(_with_context_of(p, protocol), [(84.0, protocol)], days)
        return float((run["leg_pain"] - saline["leg_pain"])[chosen, 2].mean())

    routes = {
        "perineural": gain(cells(10.0, "perineural")),
        "epidural": gain(cells(10.0)),
        "intradiscal": gain(cells(10.0, "intradiscal")),
        "intravenous": gain(cells(100.0, "intravenous")),
    }
    doses = [gain(cells(dose)) for dose in (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)]
    marrow = gain(cells(240.0, cell_type="bmac"))
    place = sciatica_model().parameter_names.index("anti_inflammatory_per_cell")
    strong = p.parameters.copy()
    strong[:, place] *= 16
    sixteenfold = course(replace(p, parameters=strong), [(84.0, cells(10.0))], days)
    ceiling = float((sixteenfold["leg_pain"] - saline["leg_pain"])[chosen, 2].mean())
    ordered = routes["perineural"] <= routes["epidural"] < min(routes["intradiscal"], routes["intravenous"])
    rising = all(a >= b - 1e-3 for a, b in pairwise(doses))
    flattening = abs(doses[7] - doses[6]) < abs(doses[5] - doses[4])
    flattening_by_100 = abs(doses[5] - doses[4]) < abs(doses[3] - doses[1])
    return [
        Behaviour(
            "Leg pain: perineural ≥ epidural > intradiscal, intravenous",
            "that order of benefit",
            ", ".join(f"{name} {value:.2f}" for name, value in routes.items()),
            ordered,
        ),
        Behaviour(
            "Epidural dose-response rises and flattens, 0.3 to 1000 million",
            "rises, then flattens",
            ", ".join(f"{value:.2f}" for value in doses),
            rising and flattening,
        ),
        Behaviour(
            "Epidural dose-response flattens by 100 million",
            "30 to 100 million adds less than 1 to 10 million",
            f"30 to 100 million {doses[5] - doses[4]:.2f}; 1 to 10 million {doses[3] - doses[1]:.2f}",
            flattening_by_100,
        ),
        Behaviour(
            "Persistent pain leaves room: 10 million cells of 16-fold potency",
            "at least twice the relief of the reference potency",
            f"{ceiling:.1f} against {routes['epidural']:.1f}",
            ceiling < 2 * routes["epidural"],
        ),
        Behaviour("BMAC by its stem-cell count alone", "near zero (within 0.5)", f"{marrow:.3f}", abs(marrow) < 0.5),
    ]


def _with_context_of(p: Patients, protocol: Protocol) -> Patients:
    """Return the patients with the context response of an injection put in place of the arm's own kind."""
    if protocol.context is None or protocol.context == "injection":
        return p
    maxima = p.context_maximum.copy()
    maxima[:, CONTEXTS.index(protocol.context)] = maxima[:, CONTEXTS.index("injection")]
    return replace(p, context_maximum=maxima)


def cells_in_the_disc() -> list[Behaviour]:
    """Return what cells in the disc add to saline in chronic discogenic pain, and how slowly structure follows."""
    p = people("chronic_discogenic", months=12.0)
    start = 12.0 * 30.44
    days = [start, start + 364.0, start + 700.0]
    outputs = ("back_pain", "root_pressure", "disc_aggrecan")
    saline = course(p, [(start, DISC_SALINE)], days, outputs=outputs)

    def with_cells(dose: float) -> Trajectories:
        return course(p, [(start, cells(dose, "intradiscal", carrier="hyaluronic_acid"))], days, outputs=outputs)

    runs = {dose: with_cells(dose) for dose in (6.0, 18.0, 40.0)}
    pain = {dose: float((run["back_pain"] - saline["back_pain"])[:, 1].mean()) for dose, run in runs.items()}
    pressure = float((runs[40.0]["root_pressure"] - saline["root_pressure"])[:, 2].mean())
    matrix = float((runs[40.0]["disc_aggrecan"] - saline["disc_aggrecan"])[:, 2].mean())
    alive = [_share_alive(dose) for dose in (2.0, 40.0)]
    return [
        Behaviour(
            "Disc: 6 and 18 million differ little at 12 months",
            "within 3.5 points",
            f"{pain[6.0]:.1f} and {pain[18.0]:.1f}",
            abs(pain[18.0] - pain[6.0]) < 3.5,
        ),
        Behaviour(
            "Structural repair is slow, 23 months after 40 million",
            "root pressure falls by less than 3 mmHg",
            f"{pressure:.2f} mmHg; aggrecan {matrix:+.3f} of healthy",
            between(pressure, -3, 0.01),
        ),
        Behaviour(
            "Starved disc: more cells, a smaller share alive",
            "at 40 million less than 0.8 of the share at 2 million",
            f"{alive[1]:.3f} and {alive[0]:.3f}, a ratio of {alive[1] / alive[0]:.2f}",
            alive[1] < 0.8 * alive[0],
        ),
    ]


def _share_alive(dose: float) -> float:
    """Return the share of donor cells alive after half a year in a disc that holds what poor nutrition carries."""
    poor = 0.45
    model = sciatica_model()
    p = people("chronic_discogenic", 1, 12.0)
    start = 12.0 * 30.44
    starved, entry = p.parameters.copy(), p.entry_states.copy()
    starved[:, model.parameter_names.index("nutrition_capacity")] = poor
    # else the cells of a better fed disc would starve first, and drown what donor cells do
    entry[:, model.state_names.index("native_disc_cells")] = poor
    kept = ("anchored_disc_cells", "converted_disc_cells")
    days = [start, start + 1.0, start + 190.0]
    disc = replace(p, parameters=starved, entry_states=entry)
    run = course(disc, [(start, cells(dose, "intradiscal"))], days, outputs=kept)
    total = run[kept[0]][0] + run[kept[1]][0]
    return float(total[2] / total[1])


def rejection() -> list[Behaviour]:
    """Return how long donor cells stay in a recipient who makes antibodies, dose by dose."""
    p = people("chronic_radicular", 1)
    place = sciatica_model().parameter_names.index("donor_antibody_factor")
    days = [30.0, *np.arange(31.0, 121.0), 210.0, *np.arange(211.0, 301.0)]
    kept = ("loose_epidural_cells", "anchored_epidural_cells")

    def cell_days(donor: str, makes_antibodies: float) -> list[float]:
        parameters = p.parameters.copy()
        parameters[:, place] = makes_antibodies
        given = [(30.0, cells(10.0, donor=donor)), (210.0, cells(10.0, donor=donor))]
        run = course(replace(p, parameters=parameters), given, days, outputs=kept)
        total = run[kept[0]][0] + run[kept[1]][0]
        return [float(total[1:91].sum()), float(total[92:].sum())]

    own = cell_days("autologous", 1.0)
    first, second = (a / b for a, b in zip(cell_days("allogeneic", 1.0), own, strict=True))
    tolerant = [a / b for a, b in zip(cell_days("allogeneic", 0.0), own, strict=True)]
    return [
        Behaviour(
            "Donor cells, antibody maker: each dose stays shorter",
            "dose 2 < dose 1 < own cells (1)",
            f"dose 1 {first:.2f}, dose 2 {second:.2f}",
            second < first < 1,
        ),
        Behaviour(
            "Donor cells, no antibodies: no loss",
            "1, 1",
            f"{tolerant[0]:.3f}, {tolerant[1]:.3f}",
            all(abs(share - 1) < 1e-3 for share in tolerant),
        ),
    ]
