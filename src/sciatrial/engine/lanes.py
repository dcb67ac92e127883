"""The vector driver: several patients side by side, each with its own time, step, events and visits.

Plain functions that ``lower.py`` turns into machine code together with the kernels of one model, under whose names they
call them. A lane holds one patient; when that patient ends, the next takes the lane. What a lane computes never depends
on its neighbours, so a result is the same bit for bit in any company. Arrays of the caller are flat.

The names in capitals are the sizes of the model, the number of lanes, and the constants of ``rosenbrock.py``.
"""

# pyright: reportUndefinedVariable=false
# ruff: noqa: F821

from __future__ import annotations

import math

from sciatrial.engine.lower import Signature

LINEARISE = Signature(
    {
        "y": "vectors", "c": "vectors", "d": "vector", "is_new": "bool", "f": "vectors", "j": "vectors",
        "a": "vectors", "u": "vectors",
    }
)  # fmt: skip

STEP = Signature(
    {
        "y": "vectors", "c": "vectors", "h": "vector", "is_new": "bool", "f": "vectors", "j": "vectors", "a": "vectors",
        "u1": "vectors", "u2": "vectors", "u3": "vectors", "u4": "vectors", "u5": "vectors", "u6": "vectors",
        "new": "vectors", "absolute": "reals", "relative": "float",
    },
    "vector",
)  # fmt: skip

ADVANCE = Signature(
    {
        "y": "vectors", "c": "vectors", "step_days": "vectors", "limit": "vectors", "absolute": "reals",
        "relative": "float", "error": "vectors", "growth": "vectors",
    }
)  # fmt: skip

DRIVE = Signature(
    {
        "n_patients": "int", "next_patient": "ints", "stop": "ints", "patients_done": "ints",
        "parameters": "floats", "initial": "floats", "times": "floats", "n_visits": "int",
        "event_start": "ints", "event_day": "floats", "event_state": "ints", "event_factor": "floats",
        "event_amount": "floats",
        "n_rules": "int", "rule_column": "ints", "rule_threshold": "floats", "rule_at_most": "ints",
        "effect_start": "ints", "effect_state": "ints", "effect_factor": "floats", "effect_amount": "floats",
        "effect_delay": "floats", "most_waiting": "int", "waiting_day": "floats", "waiting_effect": "ints",
        "fired": "ints",
        "n_columns": "int", "columns": "ints", "absolute": "reals", "relative": "float", "max_steps": "int",
        "mesh_use": "int", "mesh": "floats", "mesh_width": "int", "mesh_of": "ints",
        "values": "floats", "final": "floats", "status": "ints", "stopped_day": "floats", "steps": "ints",
        "largest_error": "floats", "triggered": "bytes",
    }
)  # fmt: skip

# what the driver does with a mesh: nothing, write each patient's own accepted steps down, or take the steps it is given
FREE, RECORDED, FROZEN = 0, 1, 2
EMPTY = -(2**62)  # steps of a lane without a patient: it never makes too many


def linearise(y, c, d, is_new, f, j, a, u):  # noqa: ARG001 - the scalar reference keeps f and j
    """Do the first stage. Rates and Jacobian are used where they are computed: f and j, to keep them, stay unused."""
    factorise(y, c, d, a, u)


def advance(y, c, step_days, limit, absolute, relative, error, growth):
    """Take one step in every lane: y moves on where the error is within `limit`, and stays elsewhere."""
    u1, u2, u3, u4, u5, u6 = (
        vectors(STATES), vectors(STATES), vectors(STATES), vectors(STATES), vectors(STATES), vectors(STATES),
    )  # fmt: skip
    new, a = vectors(STATES), vectors(ENTRIES)
    size = step(y, c, step_days[0], True, u1, a, a, u1, u2, u3, u4, u5, u6, new, absolute, relative)
    error[0] = size
    longer = min(max(0.9 / math.sqrt(math.sqrt(max(size, 1e-12))), 0.15), 8.0)
    growth[0] = longer if size < math.inf else 0.15  # an error that is no number says no more than: too long
    within = limit[0]
    for i in range(STATES):
        y[i] = new[i] if size <= within else y[i]


def drive(
    n_patients, next_patient, stop, patients_done, parameters, initial, times, n_visits,
    event_start, event_day, event_state, event_factor, event_amount,
    n_rules, rule_column, rule_threshold, rule_at_most,
    effect_start, effect_state, effect_factor, effect_amount, effect_delay,
    most_waiting, waiting_day, waiting_effect, fired,
    n_columns, columns, absolute, relative, max_steps, mesh_use, mesh, mesh_width, mesh_of,
    values, final, status, stopped_day, steps, largest_error, triggered,
):  # fmt: skip
    """Solve patients until none is left to take, or `stop` is set."""
    y, c, o = reals(STATES * LANES), reals(CONSTANTS * LANES), reals(OUTPUTS * LANES)
    step_days, limit, error, growth = reals(LANES), reals(LANES), reals(LANES), reals(LANES)
    # constants are computed for as many patients at a time as there are lanes, and wait here for a lane
    queue_p, queue_c = reals(PARAMETERS * LANES), reals(CONSTANTS * LANES)
    queue_first, queue_at, queue_end = 0, 0, 0
    patient, visit, event, n_waiting, taken = ints(LANES), ints(LANES), ints(LANES), ints(LANES), ints(LANES)
    day, planned, target = floats(LANES), floats(LANES), floats(LANES)
    is_there, is_last, accepted = ints(LANES), ints(LANES), ints(LANES)
    worst, next_visit = floats(LANES), floats(LANES)
    for i in range(STATES * LANES):
        y[i] = 0.0
    for i in range(CONSTANTS * LANES):
        c[i] = 0.0
    for i in range(PARAMETERS * LANES):
        queue_p[i] = 0.0
    for lane in range(LANES):
        patient[lane] = -1
        is_there[lane] = 0
        is_last[lane] = 0
        accepted[lane] = 0
        taken[lane] = EMPTY
        limit[lane] = 1.0
        worst[lane] = 0.0
        day[lane] = 0.0
        planned[lane] = FIRST_STEP_DAYS
        target[lane] = math.inf
        next_visit[lane] = math.inf
    n_living = 0
    is_open = True
    while True:
        # empty lanes take the next patients
        for lane in range(LANES if is_open and n_living < LANES else 0):
            if patient[lane] < 0 and is_open:
                if queue_at == queue_end:
                    queue_first = n_patients if stop[0] != 0 else take(next_patient, LANES)
                    queue_at = queue_first
                    queue_end = min(queue_first + LANES, n_patients)
                    if queue_at < queue_end:
                        for place in range(queue_end - queue_first):
                            for i in range(PARAMETERS):
                                queue_p[i * LANES + place] = parameters[(queue_first + place) * PARAMETERS + i]
                        fill_constants(queue_p, queue_c)
                    else:
                        queue_end = queue_at
                        is_open = False
                if queue_at < queue_end:
                    row = queue_at
                    for i in range(CONSTANTS):
                        c[i * LANES + lane] = queue_c[i * LANES + row - queue_first]
                    for i in range(STATES):
                        y[i * LANES + lane] = initial[row * STATES + i]
                    for rule in range(n_rules):
                        fired[lane * n_rules + rule] = 0
                    queue_at += 1
                    patient[lane] = row
                    visit[lane] = 0
                    event[lane] = event_start[row]
                    n_waiting[lane] = 0
                    taken[lane] = 0
                    accepted[lane] = 0
                    day[lane] = 0.0
                    planned[lane] = FIRST_STEP_DAYS
                    limit[lane] = math.inf if mesh_use == FROZEN else 1.0
                    worst[lane] = 0.0
                    next_visit[lane] = times[row * n_visits]
                    is_there[lane] = 1
                    n_living += 1
        if n_living == 0:
            break
        # lanes that have reached what they were going to: a visit, an event, or their start
        is_visit = False
        for lane in range(LANES):
            if is_there[lane] and next_visit[lane] <= day[lane] + SAME_DAY:
                is_visit = True
        if is_visit:
            outputs(y, c, o)
        n_ended = 0
        for lane in range(LANES):
            if is_there[lane]:
                row = patient[lane]
                now = day[lane]
                # a visit sees the patient before whatever is given on the same day
                while visit[lane] < n_visits and times[row * n_visits + visit[lane]] <= now + SAME_DAY:
                    at = row * n_visits + visit[lane]
                    for k in range(n_columns):
                        column = columns[k]
                        values[at * n_columns + k] = (
                            o[column * LANES + lane] if column < OUTPUTS else y[(column - OUTPUTS) * LANES + lane]
                        )
                    for rule in range(n_rules):
                        column = rule_column[rule]
                        seen = o[column * LANES + lane] if column < OUTPUTS else y[(column - OUTPUTS) * LANES + lane]
                        times_fired = fired[lane * n_rules + rule]
                        if (
                            seen > rule_threshold[rule * n_patients * n_visits + at]
                            and times_fired < rule_at_most[rule]
                        ):
                            fired[lane * n_rules + rule] = times_fired + 1
                            triggered[(row * n_rules + rule) * n_visits + visit[lane]] = 1
                            for effect in range(effect_start[rule], effect_start[rule + 1]):
                                waiting_day[lane * most_waiting + n_waiting[lane]] = now + effect_delay[effect]
                                waiting_effect[lane * most_waiting + n_waiting[lane]] = effect
                                n_waiting[lane] += 1
                    visit[lane] += 1
                while event[lane] < event_start[row + 1] and event_day[event[lane]] <= now + SAME_DAY:
                    place = event_state[event[lane]] * LANES + lane
                    y[place] = event_factor[event[lane]] * y[place] + event_amount[event[lane]]
                    event[lane] += 1
                    planned[lane] = FIRST_STEP_DAYS
                kept = 0
                for k in range(n_waiting[lane]):
                    effect = waiting_effect[lane * most_waiting + k]
                    when = waiting_day[lane * most_waiting + k]
                    if when <= now + SAME_DAY:
                        place = effect_state[effect] * LANES + lane
                        y[place] = effect_factor[effect] * y[place] + effect_amount[effect]
                        planned[lane] = FIRST_STEP_DAYS
                    else:
                        waiting_day[lane * most_waiting + kept] = when
                        waiting_effect[lane * most_waiting + kept] = effect
                        kept += 1
                n_waiting[lane] = kept
                is_there[lane] = 0
                if visit[lane] == n_visits or taken[lane] >= max_steps:
                    is_done = visit[lane] == n_visits
                    for i in range(STATES):
                        final[row * STATES + i] = y[i * LANES + lane] if is_done else math.nan
                    status[row] = SOLVED if is_done else TOO_MANY_STEPS
                    stopped_day[row] = now
                    steps[row] = taken[lane]
                    largest_error[row] = worst[lane]
                    # an empty lane makes small steps that nobody looks at
                    patient[lane] = -1
                    taken[lane] = EMPTY
                    planned[lane] = FIRST_STEP_DAYS
                    target[lane] = math.inf
                    n_ended += 1
                else:
                    soonest = times[row * n_visits + visit[lane]]
                    next_visit[lane] = soonest
                    if event[lane] < event_start[row + 1]:
                        soonest = min(soonest, event_day[event[lane]])
                    for k in range(n_waiting[lane]):
                        soonest = min(soonest, waiting_day[lane * most_waiting + k])
                    target[lane] = soonest
        # Steps, until a lane is there or has failed. What nearly always happens is written without a branch: lanes
        # differ, and a processor that guesses wrong waits longer than the arithmetic takes.
        is_waited_for = n_ended == 0
        while is_waited_for:
            for lane in range(LANES):
                left = target[lane] - day[lane]
                wanted = planned[lane]
                lands = wanted * 1.0001 >= left
                shorter = 0.5 * left if 2.0 * wanted > left else wanted
                is_last[lane] = 1 if lands else 0
                step_days[lane] = left if lands else shorter
            if mesh_use == FROZEN:
                for lane in range(LANES):
                    if patient[lane] >= 0:
                        wanted = mesh[mesh_of[patient[lane]] * mesh_width + accepted[lane]]
                        is_last[lane] = 1 if wanted < 0.0 else 0
                        step_days[lane] = target[lane] - day[lane] if wanted < 0.0 else wanted
            advance(y, c, step_days, limit, absolute, relative, error, growth)
            if mesh_use == RECORDED:
                for lane in range(LANES):
                    if patient[lane] >= 0 and error[lane] <= limit[lane] and accepted[lane] < mesh_width:
                        taken_days = -step_days[lane] if is_last[lane] else step_days[lane]
                        mesh[patient[lane] * mesh_width + accepted[lane]] = taken_days
            n_arrived = 0
            n_odd = 0
            for lane in range(LANES):
                now = step_days[lane]
                size = error[lane]
                before = planned[lane]
                fine = 1 if size <= limit[lane] else 0
                suggested = min(now * growth[lane], LONGEST_STEP_DAYS)
                # a step cut short to land on the target says nothing against the longer one planned
                shortened = 1 if now < before else 0
                less = 1 if suggested < before else 0
                suggested = before if fine * is_last[lane] * shortened * less > 0 else suggested
                planned[lane] = suggested
                reached = target[lane] if is_last[lane] > 0 else day[lane] + now
                day[lane] = reached if fine > 0 else day[lane]
                worst[lane] = max(worst[lane], size if fine > 0 else 0.0)
                taken[lane] += 1
                accepted[lane] += fine
                is_there[lane] = fine * is_last[lane]
                n_arrived += fine * is_last[lane]
                too_short = 1 if suggested < SHORTEST_STEP_DAYS else 0
                too_many = 1 if taken[lane] >= max_steps else 0
                n_odd += (1 - fine) * too_short + too_many
            if mesh_use == FROZEN:
                n_odd = 1
            if n_odd > 0:
                for lane in range(LANES):
                    if patient[lane] >= 0:
                        outcome = SOLVED
                        if not error[lane] <= limit[lane]:
                            if mesh_use == FROZEN:
                                outcome = NOT_FINITE
                            elif planned[lane] < SHORTEST_STEP_DAYS:
                                outcome = STEP_TOO_SMALL if error[lane] < math.inf else NOT_FINITE
                        if taken[lane] >= max_steps and is_there[lane] == 0 and outcome == SOLVED:
                            outcome = TOO_MANY_STEPS
                        if outcome != SOLVED:
                            status[patient[lane]] = outcome
                            stopped_day[patient[lane]] = day[lane]
                            steps[patient[lane]] = taken[lane]
                            largest_error[patient[lane]] = worst[lane]
                            patient[lane] = -1
                            taken[lane] = EMPTY
                            planned[lane] = FIRST_STEP_DAYS
                            target[lane] = math.inf
                            n_ended += 1
            is_waited_for = n_arrived == 0 and n_ended == 0
        n_living -= n_ended
        if n_ended > 0:
            take(patients_done, n_ended)
