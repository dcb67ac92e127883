"""The looks of many drawn trials at once: what `monitor` finds of one trial, found for thousands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import Sides, bounds_at_many
from sciatrial.trial.accrual import arrival_months
from sciatrial.trial.aims import Analysis, Strategy
from sciatrial.trial.analysis import Effects, effects_seen
from sciatrial.trial.design import Design
from sciatrial.trial.design_problems import CLOSEST_LOOKS
from sciatrial.trial.estimand import after_rescue, changes_of, known_visits
from sciatrial.trial.many_analyses import effects_of, sums_by_arm
from sciatrial.trial.monitoring import Decision
from sciatrial.trial.pool import PatientPool
from sciatrial.trial.resampling import Drawn, as_conducted

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]

WORDS = np.array([str(word) for word in Decision], dtype=object)
_CODE = {word: place for place, word in enumerate(Decision)}


@dataclass(frozen=True)
class ManyCalendars:
    """When trials are looked at, were they never to stop; dims ``trial, look`` for every planned look.

    Attributes
    ----------
    is_held
        Whether the look takes place: its information is reached before the end.
    months
        Month of the look; NaN without accrual.
    n_recruited
        Patients randomised by then.
    last_seen
        Patients of whom the endpoint's month has passed by then: those before this place in the order of enrolment.
    """

    is_held: Flags
    months: Floats
    n_recruited: Numbers
    last_seen: Numbers


@dataclass(frozen=True)
class ManyMonitored:
    """Many trials as their looks went.

    ``looks`` are the analyses at every planned look (dims ``trial, look, comparison``), ``final`` those of all who were
    randomised by the end (dims ``trial, comparison``). Of the looks, ``is_tested`` says which ones test a comparison;
    ``shares`` is information in units of the plan's, ``efficacy_z`` and ``lower_z`` the bounds there. ``place`` is the
    look, from 0, at which each comparison stops, ``decision`` the place of its word in `WORDS`, ``end`` the look at
    which the trial ends (dims ``trial``), ``final_efficacy_z`` as in `monitor`.
    """

    calendar: ManyCalendars
    looks: Effects
    final: Effects
    is_tested: Flags
    shares: Floats
    efficacy_z: Floats
    lower_z: Floats
    place: Numbers
    decision: Numbers
    end: Numbers
    final_efficacy_z: Floats

    def at_stop(self, values: NDArray) -> NDArray:
        """Return values with dims ``trial, look, comparison`` at the look where each comparison stops."""
        return np.take_along_axis(values, self.place[:, None, :], axis=1)[:, 0]

    @property
    def n_randomised(self) -> Numbers:
        """Patients randomised by the end of each trial."""
        return np.take_along_axis(self.calendar.n_recruited, self.end[:, None], axis=1)[:, 0]

    @property
    def months(self) -> Floats:
        """Month at which each trial ends."""
        return np.take_along_axis(self.calendar.months, self.end[:, None], axis=1)[:, 0]


@dataclass(frozen=True)
class _Endpoints:
    """What is known in the end; dims ``trial, patient``, and of ``known`` ``trial, patient, occasion``."""

    known: Flags
    has_endpoint: Flags
    change: Floats  # at the endpoint, NaN where never known
    baseline: Floats


def monitor_drawn(design: Design, pool: PatientPool, drawn: Drawn) -> ManyMonitored:
    """Look at each drawn trial as `monitor` does, all at once.

    An analysis of covariance is done from sums by arm. Any other analysis goes through `effects_seen`, some hundred
    times slower.

    Parameters
    ----------
    design, pool, drawn
        The trials.

    Returns
    -------
    ManyMonitored
        What `monitor` finds for the same patients, arms and visits.
    """
    ends = _endpoints(design, pool, drawn)
    calendar = _calendars(design, drawn, ends.has_endpoint)
    n_looks = calendar.months.shape[1]
    looks = _by_looks(design, pool, drawn, ends, calendar)
    shares = _shares(design, looks)
    is_tested = _tested(calendar, looks, shares)
    efficacy, lower = _bounds(design, is_tested, shares)
    place, decision, end = _stops(design, is_tested, looks.z, efficacy, lower)
    followed = np.take_along_axis(calendar.n_recruited, end[:, None], axis=1)[:, 0]
    final = _all_randomised(design, pool, drawn, ends, followed)
    found = ManyMonitored(
        calendar, looks, final, is_tested, shares, efficacy, lower, place, decision, end, np.empty_like(efficacy[:, 0])
    )
    return (
        replace(found, final_efficacy_z=_final_bounds(design, found))
        if n_looks > 1
        else replace(found, final_efficacy_z=_told(found.at_stop(efficacy)))
    )


def _told(bounds: Floats) -> Floats:
    return np.where(np.isfinite(bounds), bounds, np.nan)


def _endpoints(design: Design, pool: PatientPool, drawn: Drawn) -> _Endpoints:
    last = 1 + design.visits_months.index(design.endpoint.month)
    rows = drawn.assigned * len(pool) + drawn.patients
    baseline = pool.baseline[drawn.patients]
    shape = drawn.is_observed.shape
    rescued = drawn.rescued.reshape(-1, shape[2])
    known = known_visits(design.estimand, drawn.is_observed.reshape(-1, shape[2]), rescued)
    # only the last score before rescue asks for what came before the endpoint
    first = 0 if design.estimand.rescue is Strategy.WHILE_ON_TREATMENT else last
    used = slice(first, last + 1)
    score = pool.scores[:, :, used].reshape(-1, last + 1 - first)[rows.ravel()]
    change = np.where(known[:, used], score - baseline.reshape(-1, 1), np.nan)
    change = changes_of(design.estimand, change, after_rescue(rescued)[:, used])[:, -1].reshape(shape[:2])
    known = known.reshape(shape)
    return _Endpoints(known, known[:, :, last], change, baseline)


def _calendars(design: Design, drawn: Drawn, has_endpoint: Flags) -> ManyCalendars:
    """Return when the trials are looked at, as `calendar_of`."""
    n_trials, n = drawn.patients.shape
    whole = (n_trials, 1)
    if design.accrual is None:
        nothing = np.full(whole, np.nan)
        return ManyCalendars(np.ones(whole, dtype=bool), nothing, np.full(whole, n), np.full(whole, n))
    arrival = arrival_months(design.accrual, n)
    deciding = [list(design.arms).index(arm) for arm in design.deciding_arms()]
    so_far = (has_endpoint & np.isin(drawn.assigned, deciding)).cumsum(axis=1)
    held, last = [], []
    for target in design.look_endpoints():
        held.append(target < so_far[:, -1])
        last.append(np.where(held[-1], (so_far < target).sum(axis=1), n - 1))
    held.append(np.ones(n_trials, dtype=bool))
    last.append(np.full(n_trials, n - 1))
    seen = np.stack(last, axis=1)
    months = arrival[seen] + design.endpoint.month
    recruited = np.searchsorted(arrival, months, side="right")
    return ManyCalendars(np.stack(held, axis=1), months, recruited, seen + 1)


def _by_looks(design: Design, pool: PatientPool, drawn: Drawn, ends: _Endpoints, calendar: ManyCalendars) -> Effects:
    """Analyse every look of every trial; dims ``trial, look, comparison``."""
    n_trials, n_looks = calendar.months.shape
    if not _is_from_sums(design):
        parts = [_fully(design, pool, drawn, ends, np.arange(n_trials), calendar, look) for look in range(n_looks)]
        return Effects(
            **{item.name: np.stack([getattr(part, item.name) for part in parts], axis=1) for item in fields(Effects)}
        )
    order = np.arange(drawn.patients.shape[1])
    first = np.zeros(drawn.patients.shape, dtype=np.int64)
    for look in range(n_looks - 1):
        first += order >= calendar.last_seen[:, look, None]
    sums = sums_by_arm(ends.change, ends.baseline, drawn.assigned, first, len(design.arms), n_looks)

    def exact(number: int) -> Effects:
        trial, look = divmod(number, n_looks)
        return _fully(design, pool, drawn, ends, np.array([trial]), calendar, look)

    found = effects_of(design, sums.flat(), exact)
    return Effects(**{item.name: getattr(found, item.name).reshape(n_trials, n_looks, -1) for item in fields(Effects)})


def _is_from_sums(design: Design) -> bool:
    return design.analysis is Analysis.ANCOVA and not design.adjust_for


def _fully(
    design: Design, pool: PatientPool, drawn: Drawn, ends: _Endpoints, trials: Numbers, calendar: ManyCalendars,
    look: int,
) -> Effects:  # fmt: skip
    """Analyse one look of some trials by `effects_seen`."""
    seen = []
    for trial in trials:
        mine = ends.known[trial]
        if design.accrual is not None and look < calendar.months.shape[1] - 1:
            arrival = arrival_months(design.accrual, len(mine))
            visits = arrival[:, None] + np.array([0.0, *design.visits_months])
            mine = mine & (visits <= calendar.months[trial, look])
        seen.append(mine)
    return effects_seen(design, [as_conducted(design, pool, drawn, int(trial)) for trial in trials], seen)


def _all_randomised(design: Design, pool: PatientPool, drawn: Drawn, ends: _Endpoints, followed: Numbers) -> Effects:
    """Analyse all who were randomised by the end; dims ``trial, comparison``."""
    is_in = np.arange(drawn.patients.shape[1]) < followed[:, None]

    def exact(number: int) -> Effects:
        seen = ends.known[number] & is_in[number][:, None]
        return effects_seen(design, [as_conducted(design, pool, drawn, number)], [seen])

    if not _is_from_sums(design):
        trials = [as_conducted(design, pool, drawn, trial) for trial in range(len(drawn))]
        return effects_seen(design, trials, list(ends.known & is_in[..., None]))
    change = np.where(is_in, ends.change, np.nan)
    now = np.zeros(drawn.patients.shape, dtype=np.int64)
    sums = sums_by_arm(change, ends.baseline, drawn.assigned, now, len(design.arms), 1)
    return effects_of(design, sums.flat(), exact)


def _shares(design: Design, effects: Effects) -> Floats:
    """Return the information of each analysis in units of the planned; dims as those of the effects."""
    planned = design.expected_endpoints()
    full = np.array(
        [
            planned[item.arm] * planned[item.control] / (planned[item.arm] + planned[item.control])
            for item in design.compared()
        ]
    )
    product = effects.n_arm * effects.n_control
    information = product / np.maximum(effects.n_arm + effects.n_control, 1)
    return np.where(product > 0, information, 0.0) / full


def _tested(calendar: ManyCalendars, looks: Effects, shares: Floats) -> Flags:
    """Return which looks test a comparison, as `monitoring._path`; dims ``trial, look, comparison``."""
    tested = np.zeros(shares.shape, dtype=bool)
    tested[:, -1] = True
    so_far = np.zeros(shares[:, 0].shape)
    most = np.minimum(1.0, shares[:, -1]) - CLOSEST_LOOKS
    for look in range(shares.shape[1] - 1):
        now = shares[:, look]
        tested[:, look] = (
            calendar.is_held[:, look, None] & np.isfinite(looks.z[:, look]) & (so_far + CLOSEST_LOOKS <= now)
        ) & (now <= most)
        so_far = np.where(tested[:, look], now, so_far)
    return tested


def alike(is_tested: Flags) -> Iterator[tuple[tuple[int, ...], Numbers]]:
    """Yield the looks that test a comparison in some trials, and these; dims of the flags ``trial, look``."""
    code = is_tested @ (1 << np.arange(is_tested.shape[1]))
    for value in np.unique(code):
        rows = np.flatnonzero(code == value)
        yield tuple(np.flatnonzero(is_tested[rows[0]]).tolist()), rows


def _bounds(design: Design, is_tested: Flags, shares: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of every look that tests; NaN elsewhere, dims ``trial, look, comparison``."""
    planned = design.bounds()
    efficacy, lower = np.full(shares.shape, np.nan), np.full(shares.shape, np.nan)
    for comparison in range(shares.shape[2]):
        for looks, rows in alike(is_tested[:, :, comparison]):
            block = (rows[:, None], np.array(looks), comparison)
            reached = shares[block]
            if planned.n_looks == 1:
                efficacy[block], lower[block] = planned.efficacy_z[0], planned.lower_z[0]
                continue
            # who has nothing in the end has been tested nowhere before it
            some = reached[:, -1] > 0
            efficacy[rows[~some], -1, comparison] = planned.efficacy_z[0]
            block = (rows[some][:, None], np.array(looks), comparison)
            found = bounds_at_many(planned, reached[some], interim_looks=tuple(look + 1 for look in looks[:-1]))
            efficacy[block], lower[block] = found.efficacy_z, found.futility_z
    return efficacy, lower


def _stops(
    design: Design, is_tested: Flags, z: Floats, efficacy: Floats, lower: Floats
) -> tuple[Numbers, Numbers, Numbers]:
    """Return where each comparison stops and why, dims ``trial, comparison``, and where the trial does."""
    above, below = is_tested & (z > efficacy), is_tested & (z < lower)
    one_sided = design.sides is Sides.ONE
    word = _CODE[Decision.FUTILITY if one_sided else Decision.OTHER_DIRECTION]
    n_looks = z.shape[1]
    never = np.full((z.shape[0], z.shape[2]), n_looks - 1)
    place, decision = _first(above, below, word, never)
    deciding = design.looks.deciding
    if deciding is None:
        return place, decision, place.max(axis=1)
    names = [(item.arm, item.control) for item in design.compared()]
    first = names.index((deciding.arm, deciding.control))
    end = place[:, first].copy()
    in_time = is_tested & (np.arange(n_looks)[:, None] <= end[:, None, None])
    latest = np.where(in_time.any(axis=1), n_looks - 1 - in_time[:, ::-1].argmax(axis=1), end[:, None])
    others = _first(above & in_time, below & in_time if not one_sided else np.zeros_like(below), word, latest)
    mine = np.arange(len(names)) == first
    return np.where(mine, place, others[0]), np.where(mine, decision, others[1]), end


def _first(above: Flags, below: Flags, word: int, otherwise: Numbers) -> tuple[Numbers, Numbers]:
    """Return the first look at which a bound is crossed, and what is shown by it."""
    crossed = above | below
    place = np.where(crossed.any(axis=1), crossed.argmax(axis=1), otherwise)
    is_above = np.take_along_axis(above, place[:, None], axis=1)[:, 0]
    is_below = np.take_along_axis(below, place[:, None], axis=1)[:, 0]
    decision = np.where(is_below, word, _CODE[Decision.ENDED])
    return place, np.where(is_above, _CODE[Decision.EFFICACY], decision)


def _final_bounds(design: Design, found: ManyMonitored) -> Floats:
    """Return the bound for efficacy at the information of the final analysis, as `monitoring._final_bound`."""
    planned = design.bounds()
    bounds = found.at_stop(found.efficacy_z).copy()
    stopped_at = found.at_stop(found.shares)
    final = _shares(design, found.final)
    n_looks = found.shares.shape[1]
    counts = found.place < n_looks - 1
    counts &= found.at_stop(found.is_tested) & (final >= stopped_at + CLOSEST_LOOKS)
    looks = np.arange(n_looks)[:, None]
    for comparison in range(bounds.shape[1]):
        rows = np.flatnonzero(counts[:, comparison])
        before = found.is_tested[rows, :, comparison] & (looks[:, 0] <= found.place[rows, comparison, None])
        for tested, some in alike(before):
            mine = rows[some]
            reached = found.shares[mine[:, None], np.array(tested), comparison]
            reached = np.concatenate([reached, final[mine, comparison, None]], axis=1)
            interim = tuple(look + 1 for look in tested)
            bounds[mine, comparison] = bounds_at_many(planned, reached, interim_looks=interim).efficacy_z[:, -1]
    return _told(bounds)
