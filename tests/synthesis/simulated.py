"""Simulated trials with known truth; every table comes from an explicit seed."""

import numpy as np
import pandas as pd

TRUE = {"usual": 0.0, "drug": -6.0, "cells": -10.0, "block": -4.0}
PLANS = [("usual", "drug"), ("usual", "cells"), ("usual", "drug", "cells"), ("drug", "cells"), ("usual", "block")]


def normal_arms(seed=1, repeats=3, spread=2.0, se=1.0):
    """Studies of two and three arms; baselines of their own, random effects with correlation 1/2 within a study."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, plan in enumerate(PLANS * repeats):
        baseline = rng.normal(50, 20)
        deviates = rng.normal(0, spread / np.sqrt(2), len(plan))
        for arm, deviate in zip(plan, deviates, strict=True):
            error = se * rng.uniform(0.7, 1.5)
            estimate = baseline + TRUE[arm] + deviate + rng.normal(0, error)
            rows.append((f"study {number:02d}", arm, estimate, error))
    return pd.DataFrame(rows, columns=["study", "treatment", "estimate", "se"])


def event_arms(seed=2, repeats=3):
    """The same plans with log odds ratios of a tenth of the effects."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, plan in enumerate(PLANS * repeats):
        baseline = rng.normal(-0.5, 0.5)
        for arm in plan:
            n = int(rng.integers(80, 200))
            share = 1 / (1 + np.exp(-(baseline + TRUE[arm] / 10)))
            rows.append((f"study {number:02d}", arm, int(rng.binomial(n, share)), n))
    return pd.DataFrame(rows, columns=["study", "treatment", "events", "n"])


def visits(seed=3, repeats=2, spread=0.0, rho=0.5, se=1.0):
    """Courses of two exponentials: cells late, drug early, block early and gone; visits differ between studies."""
    late_and_early = {"usual": (0, 0), "drug": (-8, 0), "cells": (0, -12), "block": (-10, 10)}
    rng = np.random.default_rng(seed)
    rows = []
    for number, plan in enumerate(PLANS * repeats):
        months = np.array([[0, 1, 3, 6], [0, 0.5, 2, 6, 12], [0, 3, 12, 24]][number % 3], dtype=float)
        course = 60 - rng.uniform(5, 25) * (1 - np.exp(-months / rng.uniform(1, 4)))
        size = len(months)
        within = se**2 * (rho + (1 - rho) * np.eye(size))
        for arm in plan:
            early, late = late_and_early[arm]
            effect = early * (1 - np.exp(-months / 0.7)) + late * (1 - np.exp(-months / 6))
            shift = rng.normal(0, spread / np.sqrt(2)) * (months > 0)
            estimate = course + effect + shift + rng.multivariate_normal(np.zeros(size), within)
            rows += [(f"study {number:02d}", arm, m, y, se) for m, y in zip(months, estimate, strict=True)]
    return pd.DataFrame(rows, columns=["study", "treatment", "months", "estimate", "se"])


def doses(seed=4):
    """Two agents of four doses with Emax curves, and one agent of one dose."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(12):
        agent, top, half = [("alpha", 2.0, 1.0), ("beta", 1.5, 2.0)][number % 2]
        chosen = [0.0, 0.5, 2.0, 8.0]
        baseline = rng.normal(-1, 0.3)
        arms = [(agent if dose else "placebo", dose, top * dose / (half + dose)) for dose in chosen]
        if number < 3:
            arms.append(("gamma", 1.0, 0.5))
        for name, dose, effect in arms:
            events = rng.binomial(400, 1 / (1 + np.exp(-(baseline + effect))))
            rows.append((f"study {number:02d}", name, dose, int(events), 400))
    return pd.DataFrame(rows, columns=["study", "agent", "dose", "events", "n"])


def least_squares(frame, reference="usual"):
    """Effects by generalised least squares with a free mean for every study: another way to the same numbers."""
    names = [reference, *sorted(set(frame["treatment"]) - {reference})]
    studies = sorted(frame["study"].unique())
    design = np.zeros((len(frame), len(names) - 1 + len(studies)))
    for row, (study, treatment) in enumerate(zip(frame["study"], frame["treatment"], strict=True)):
        if treatment != reference:
            design[row, names.index(treatment) - 1] = 1
        design[row, len(names) - 1 + studies.index(study)] = 1
    weight = 1 / frame["se"].to_numpy() ** 2
    precision = design.T @ (weight[:, None] * design)
    covariance = np.linalg.inv(precision)
    mean = covariance @ design.T @ (weight * frame["estimate"].to_numpy())
    count = len(names) - 1
    return names[1:], mean[:count], np.sqrt(np.diag(covariance)[:count])


def by_quadrature(frame, scale, reference="usual"):
    """Mean of effects and of tau under random effects, by adding up over a grid of tau (half-normal prior)."""
    names = [reference, *sorted(set(frame["treatment"]) - {reference})]
    blocks = []
    for _, rows in frame.groupby("study"):
        order = rows.iloc[np.argsort([names.index(t) for t in rows["treatment"]])]
        own = np.array([[float(t == name) for name in names[1:]] for t in order["treatment"]])
        differences = np.column_stack([-np.ones(len(order) - 1), np.eye(len(order) - 1)])
        known = differences @ np.diag(order["se"] ** 2) @ differences.T
        blocks.append((differences @ order["estimate"].to_numpy(), differences @ own, known))
    grid = np.linspace(1e-3, 4 * scale, 1500)
    log, means = [], []
    for tau in grid:
        precision, right, total = np.zeros((len(names) - 1,) * 2), np.zeros(len(names) - 1), -((tau / scale) ** 2) / 2
        for y, x, known in blocks:
            inverse = np.linalg.inv(known + tau**2 * (np.eye(len(y)) + 1) / 2)
            precision, right = precision + x.T @ inverse @ x, right + x.T @ inverse @ y
            total += 0.5 * np.linalg.slogdet(inverse)[1] - 0.5 * y @ inverse @ y
        mean = np.linalg.solve(precision, right)
        log.append(total - 0.5 * np.linalg.slogdet(precision)[1] + 0.5 * right @ mean)
        means.append(mean)
    weight = np.exp(np.array(log) - max(log))
    weight /= weight.sum()
    return names[1:], weight @ np.array(means), float(weight @ grid)
