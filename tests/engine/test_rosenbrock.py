import numpy as np
import pytest

from sciatrial.engine import rosenbrock, simulate


def test_the_stages_of_the_method_are_consistent():
    # a method solves y' = 1 exactly only if its last two stages add up to the whole step
    u = [rosenbrock.GAMMA]
    rows = [
        (rosenbrock.C21,),
        (rosenbrock.C31, rosenbrock.C32),
        (rosenbrock.C41, rosenbrock.C42, rosenbrock.C43),
        (rosenbrock.C51, rosenbrock.C52, rosenbrock.C53, rosenbrock.C54),
        (rosenbrock.C61, rosenbrock.C62, rosenbrock.C63, rosenbrock.C64, rosenbrock.C65),
    ]
    for row in rows:
        u.append(rosenbrock.GAMMA * (1 + sum(c * v for c, v in zip(row, u, strict=True))))
    a5 = (rosenbrock.A51, rosenbrock.A52, rosenbrock.A53, rosenbrock.A54)
    assert sum(a * v for a, v in zip(a5, u, strict=False)) + u[4] + u[5] == pytest.approx(1.0, abs=1e-12)
    assert u[5] == pytest.approx(0.0, abs=1e-12)  # the error estimate of an exact step


def test_halving_the_tolerance_sixteenfold_halves_the_step(decay):
    def steps(tolerance):
        run = simulate(decay, [[1.0]], [[1.0]], times_days=[5.0], tolerance=tolerance)
        return int(run.steps[0])

    ratio = steps(1e-10) / steps(1.6e-9)
    assert 1.5 < ratio < 2.5  # error of order 4: the step goes with the fourth root of the tolerance


def test_an_exact_decay_is_reached_to_the_tolerance(decay, rates):
    times = np.array([0.0, 0.5, 3.0, 10.0])
    for tolerance in (1e-3, 1e-6, 1e-9):
        run = simulate(decay, rates, [[1.0]], times_days=times, tolerance=tolerance)
        assert np.abs(run["drug"] - np.exp(-rates * times)).max() < 20 * tolerance if "drug" in run.outputs else True
        assert np.abs(run["seen"] - 2 * np.exp(-rates * times)).max() < 20 * tolerance


def test_the_stiff_problem_agrees_with_an_independent_solver(stiff):
    from scipy.integrate import solve_ivp

    k = (0.04, 1e4, 3e7)

    def rhs(_, y):
        return [
            -k[0] * y[0] + k[1] * y[1] * y[2],
            k[0] * y[0] - k[1] * y[1] * y[2] - k[2] * y[1] ** 2,
            k[2] * y[1] ** 2,
        ]

    times = [0.4, 4.0, 40.0, 4000.0]
    reference = solve_ivp(rhs, (0, 4000), [1, 0, 0], t_eval=times, method="Radau", rtol=1e-10, atol=1e-14).y.T
    run = simulate(stiff, [k], [[1.0, 0.0, 0.0]], times_days=times, tolerance=1e-7, outputs=("a", "b", "c"))
    assert run.values[0] == pytest.approx(reference, rel=2e-5, abs=1e-11)


def test_a_tank_runs_empty_in_finite_time_and_stays_empty(tank):
    run = simulate(tank, [[1.0, 0.0, 0.5]], [[1.0]], times_days=[0.5, 1.0, 3.0, 100.0], outputs=["level"])
    assert run["level"][0] == pytest.approx([0.5625, 0.25, 0.0, 0.0], abs=2e-3)


def test_an_empty_tank_fills_to_where_out_equals_in(tank):
    run = simulate(tank, [[1.0, 2.0, 0.5]], [[0.0]], times_days=[0.0, 200.0], outputs=["level"])
    assert run["level"][0] == pytest.approx([0.0, 4.0], rel=1e-3)
