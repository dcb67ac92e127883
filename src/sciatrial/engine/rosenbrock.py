"""The driver: one patient after another through a stiffly accurate Rosenbrock method, with visits, events and rules.

The text of `drive` and of the tableau is compiled together with the kernels of one model (see ``scalar.py``), under
whose names it calls them. Every patient is solved alone, so a result depends on nobody else in the batch.

Source: Hairer & Wanner, Solving Ordinary Differential Equations II (1996), section IV.7 and its code RODAS, order 4(3),
in the transformed variables of the same section.
"""

# pyright: reportUndefinedVariable=false
# ruff: noqa: F821

from __future__ import annotations

import math

import numpy as np

GAMMA = 0.25
A21 = 1.544
A31, A32 = 0.9466785280815826, 0.2557011698983284
A41, A42, A43 = 3.314825187068521, 2.896124015972201, 0.9986419139977817
A51, A52, A53, A54 = 1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950
C21 = -5.6688
C31, C32 = -2.430093356833875, -0.2063599157091915
C41, C42, C43 = -0.1073529058151375, -9.594562251023355, -20.47028614809616
C51, C52, C53, C54 = 7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160
C61, C62, C63, C64, C65 = (
    8.083246795921522,
    -7.981132988064893,
    -31.52159432874371,
    16.31930543123136,
    -6.058818238834054,
)

FIRST_STEP_DAYS = 0.1  # at the start and after every event; shorter where the first error says so
LONGEST_STEP_DAYS = 200.0
SHORTEST_STEP_DAYS = 1e-10
SAME_DAY = 1e-9  # days closer than this are the same moment

SOLVED, STEP_TOO_SMALL, TOO_MANY_STEPS, NOT_FINITE = 0, 1, 2, 3


def step(y, c, h, is_new, f, j, a, u1, u2, u3, u4, u5, u6, new, absolute, relative):
    """Take one step of h days from y to `new`; return the error estimate relative to the tolerance."""
    linearise(y, c, 1.0 / (h * GAMMA), is_new, f, j, a, u1)
    per_h = 1.0 / h
    c1 = per_h * C21
    for i in range(STATES):
        new[i] = y[i] + A21 * u1[i]
        u2[i] = c1 * u1[i]
    stage(new, c, a, u2)
    c1, c2 = per_h * C31, per_h * C32
    for i in range(STATES):
        new[i] = y[i] + A31 * u1[i] + A32 * u2[i]
        u3[i] = c1 * u1[i] + c2 * u2[i]
    stage(new, c, a, u3)
    c1, c2, c3 = per_h * C41, per_h * C42, per_h * C43
    for i in range(STATES):
        new[i] = y[i] + A41 * u1[i] + A42 * u2[i] + A43 * u3[i]
        u4[i] = c1 * u1[i] + c2 * u2[i] + c3 * u3[i]
    stage(new, c, a, u4)
    c1, c2, c3, c4 = per_h * C51, per_h * C52, per_h * C53, per_h * C54
    for i in range(STATES):
        new[i] = y[i] + A51 * u1[i] + A52 * u2[i] + A53 * u3[i] + A54 * u4[i]
        u5[i] = c1 * u1[i] + c2 * u2[i] + c3 * u3[i] + c4 * u4[i]
    stage(new, c, a, u5)
    c1, c2, c3, c4, c5 = per_h * C61, per_h * C62, per_h * C63, per_h * C64, per_h * C65
    for i in range(STATES):
        new[i] += u5[i]
        u6[i] = c1 * u1[i] + c2 * u2[i] + c3 * u3[i] + c4 * u4[i] + c5 * u5[i]
    stage(new, c, a, u6)
    total = 0.0
    for i in range(STATES):
        new[i] += u6[i]  # the last stage is the difference from the embedded method of order 3
        ratio = u6[i] / (absolute[i] + relative * max(abs(y[i]), abs(new[i])))
        total += ratio * ratio
    return math.sqrt(total / STATES)


def drive(
    low, high, sizes, parameters, initial, times,
    event_start, event_day, event_state, event_factor, event_amount,
    rule_column, rule_threshold, rule_at_most, effect_start, effect_state, effect_factor, effect_amount, effect_delay,
    columns, absolute, relative, max_steps,
    values, final, status, stopped_day, steps, triggered,
):  # fmt: skip
    """Solve patients `low` to `high` − 1; all results are written into the last six arrays.

    ``sizes`` holds the lengths of the kernels' arrays: constants, Jacobian entries, formula outputs, and the most
    effects that can wait at one time. ``event_start`` (patient + 1) says where each patient's events begin; they are
    in order of day. Output columns count the formula outputs first, then the states.
    """
    n = initial.shape[1]
    n_visits = times.shape[1]
    n_rules = len(rule_column)
    n_outputs = sizes[2]
    c, j, a = np.empty(sizes[0]), np.empty(sizes[1]), np.empty(sizes[1])
    o = np.empty(n_outputs)
    y, new, f = np.empty(n), np.empty(n), np.empty(n)
    u1, u2, u3, u4, u5, u6 = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    waiting_day = np.empty(sizes[3])
    waiting_effect = np.empty(sizes[3], np.int64)
    fired = np.zeros(n_rules, np.int64)
    for patient in range(low, high):
        fill_constants(parameters[patient], c)
        for i in range(n):
            y[i] = initial[patient, i]
        fired[:] = 0
        n_waiting = 0
        event = event_start[patient]
        visit = 0
        day = 0.0
        h = FIRST_STEP_DAYS
        is_new = True
        taken = 0
        outcome = SOLVED
        while True:
            # a visit sees the patient before whatever is given on the same day
            while visit < n_visits and times[patient, visit] <= day + SAME_DAY:
                outputs(y, c, o)
                for k in range(len(columns)):
                    column = columns[k]
                    values[patient, visit, k] = o[column] if column < n_outputs else y[column - n_outputs]
                for rule in range(n_rules):
                    column = rule_column[rule]
                    seen = o[column] if column < n_outputs else y[column - n_outputs]
                    if seen > rule_threshold[rule, patient, visit] and fired[rule] < rule_at_most[rule]:
                        fired[rule] += 1
                        triggered[patient, rule, visit] = True
                        for effect in range(effect_start[rule], effect_start[rule + 1]):
                            waiting_day[n_waiting] = day + effect_delay[effect]
                            waiting_effect[n_waiting] = effect
                            n_waiting += 1
                visit += 1
            while event < event_start[patient + 1] and event_day[event] <= day + SAME_DAY:
                i = event_state[event]
                y[i] = event_factor[event] * y[i] + event_amount[event]
                event += 1
                h = FIRST_STEP_DAYS
                is_new = True
            kept = 0
            for k in range(n_waiting):
                effect = waiting_effect[k]
                if waiting_day[k] <= day + SAME_DAY:
                    i = effect_state[effect]
                    y[i] = effect_factor[effect] * y[i] + effect_amount[effect]
                    h = FIRST_STEP_DAYS
                    is_new = True
                else:
                    waiting_day[kept] = waiting_day[k]
                    waiting_effect[kept] = effect
                    kept += 1
            n_waiting = kept
            if visit == n_visits:
                break
            if taken >= max_steps:
                outcome = TOO_MANY_STEPS
                break
            target = times[patient, visit]
            if event < event_start[patient + 1] and event_day[event] < target:
                target = event_day[event]
            for k in range(n_waiting):
                target = min(target, waiting_day[k])
            # steps land on the target exactly: interpolating there costs more accuracy than it saves steps
            while day < target:
                left = target - day
                is_last = h * 1.0001 >= left
                if is_last:
                    now = left
                elif 2.0 * h > left:
                    now = 0.5 * left
                else:
                    now = h
                error = step(y, c, now, is_new, f, j, a, u1, u2, u3, u4, u5, u6, new, absolute, relative)
                taken += 1
                if error <= 1.0:
                    suggested = now * min(8.0, 0.9 * max(error, 1e-12) ** -0.25)
                    # a step cut short to land on the target says nothing against the longer one planned
                    if not (is_last and now < h and suggested < h):
                        h = min(suggested, LONGEST_STEP_DAYS)
                    day = target if is_last else day + now
                    is_new = True
                    y, new = new, y
                else:
                    is_new = False
                    is_number = math.isfinite(error)
                    h = now * (max(0.15, 0.9 * error**-0.25) if is_number else 0.15)
                    if h < SHORTEST_STEP_DAYS:
                        outcome = STEP_TOO_SMALL if is_number else NOT_FINITE
                        break
                if taken >= max_steps and day < target:
                    outcome = TOO_MANY_STEPS
                    break
            if outcome != SOLVED:
                break
        status[patient] = outcome
        stopped_day[patient] = day
        steps[patient] = taken
        for i in range(n):
            final[patient, i] = y[i] if outcome == SOLVED else np.nan
