"""Linear mixed models with few parameters that are not linear: those are sampled, the rest is known exactly.

Rows of study ``i`` are ``y = X E M b + B a + R u + e`` with ``b ~ N(0, prior_sd²)``, ``a ~ N(0, baseline_sd²)``,
``u ~ N(0, 1)`` and ``e ~ N(0, D)``. Given the parameters that these matrices depend on, everything else is Gaussian:
it is integrated out of the likelihood that NUTS sees, and drawn afterwards from its exact conditional distribution
(Rao-Blackwell; no funnel is left). Rows and columns are padded to the largest study; what is absent is zero.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sciatrial.synthesis.sampling import libraries


class Parts(NamedTuple):
    """A model given its non-linear parameters; arrays of JAX.

    Attributes
    ----------
    y : dims ``study, row``
    design : X, dims ``study, row, local``: one column for each effect that the study's own rows hold
    expand : E, dims ``study, local, effect``: those in terms of the effects of the network
    mixing : M, dims ``effect, b``; None where effects are b themselves
    baseline : B, dims ``study, row, a``
    random : R, dims ``study, row, u``
    whiten : W, dims ``study, row, row``, with ``W D W' = 1``; zero in absent rows
    log_whiten : logarithm of the determinant of W over the rows that are there, all studies together
    prior_sd : dims ``b``
    baseline_sd : number
    """

    y: Any
    design: Any
    expand: Any
    mixing: Any
    baseline: Any
    random: Any
    whiten: Any
    log_whiten: Any
    prior_sd: Any
    baseline_sd: Any


class _Reduced(NamedTuple):
    """Normal equations: of each study for what is its own, and of all studies together for b."""

    known: Any  # whitened [X, y], dims ``study, row, local + 1``
    own: Any  # whitened [B, R], dims ``study, row, a + u``
    own_lower: Any  # Cholesky factor of their normal equations
    cross: Any  # dims ``study, a + u, local + 1``
    b_lower: Any  # Cholesky factor of the precision of b
    b_half: Any  # that factor's solution for y
    total: Any  # what is left of the squares of y


def _reduced(parts: Parts) -> _Reduced:
    jax, _ = libraries()
    jnp, solve = jax.numpy, jax.scipy.linalg.solve_triangular
    n_local, n_baseline = parts.design.shape[2], parts.baseline.shape[2]
    stacked = jnp.concatenate([parts.design, parts.y[:, :, None], parts.baseline, parts.random], axis=2)
    white = parts.whiten @ stacked
    known, own = white[:, :, : n_local + 1], white[:, :, n_local + 1 :]
    own_t = jnp.swapaxes(own, 1, 2)
    n_own = own.shape[2]
    prior = jnp.where(jnp.arange(n_own) < n_baseline, 1 / parts.baseline_sd**2, 1.0)
    own_lower = jnp.linalg.cholesky(own_t @ own + jnp.diag(prior))
    cross = own_t @ known
    removed = solve(own_lower, cross, lower=True)
    left = jnp.swapaxes(known, 1, 2) @ known - jnp.swapaxes(removed, 1, 2) @ removed  # (study, local + 1, local + 1)
    n_effects = parts.expand.shape[2]
    flat = parts.expand.reshape(-1, n_effects)  # (study and local, effect): one product of matrices is fastest
    weighted = (left[:, :n_local, :n_local] @ parts.expand).reshape(-1, n_effects)
    of_effects, right = flat.T @ weighted, flat.T @ left[:, :n_local, n_local].ravel()
    if parts.mixing is not None:
        of_effects, right = parts.mixing.T @ of_effects @ parts.mixing, parts.mixing.T @ right
    precision = of_effects + jnp.diag(1 / parts.prior_sd**2)
    b_lower = jnp.linalg.cholesky(precision)
    return _Reduced(
        known, own, own_lower, cross, b_lower, solve(b_lower, right, lower=True), left[:, n_local, n_local].sum()
    )


def log_likelihood(parts: Parts) -> Any:
    """Return the logarithm of the probability of the data, up to a constant, with all but the parameters integrated."""
    jax, _ = libraries()
    jnp = jax.numpy
    reduced = _reduced(parts)
    volume = sum(
        jnp.log(jnp.diagonal(lower, axis1=-2, axis2=-1)).sum() for lower in (reduced.own_lower, reduced.b_lower)
    )
    return -0.5 * (reduced.total - reduced.b_half @ reduced.b_half) - volume + parts.log_whiten


def draw(parts: Parts, key: Any) -> dict[str, Any]:
    """Return one draw of everything that was integrated out.

    Returns
    -------
    dict
        `b`, `effect` (M b), `fitted` (dims ``study, row``: the mean of each row) and `deviance` (dims ``study``: the
        residual deviance of each study's rows).
    """
    jax, _ = libraries()
    jnp, solve, random = jax.numpy, jax.scipy.linalg.solve_triangular, jax.random
    reduced = _reduced(parts)
    key_b, key_own = random.split(key)
    n_b = parts.prior_sd.shape[0]
    b = solve(reduced.b_lower.T, reduced.b_half + random.normal(key_b, (n_b,)), lower=False)
    effect = b if parts.mixing is None else parts.mixing @ b
    local = parts.expand @ effect  # (study, local)
    right = reduced.cross[:, :, -1] - (reduced.cross[:, :, :-1] @ local[:, :, None])[:, :, 0]
    half = solve(reduced.own_lower, right[:, :, None], lower=True)
    noise = random.normal(key_own, half.shape)
    own = solve(jnp.swapaxes(reduced.own_lower, 1, 2), half + noise, lower=False)
    both = jnp.concatenate([parts.baseline, parts.random], axis=2)
    fitted = (parts.design @ local[:, :, None] + both @ own)[:, :, 0]
    return {"b": b, "effect": effect, "fitted": fitted, "deviance": deviance(parts.y, fitted, parts.whiten)}


def deviance(y: Any, fitted: Any, whiten: Any) -> Any:
    """Return the residual deviance of each study: ``(y - fitted)' D⁻¹ (y - fitted)``; dims ``study``."""
    return ((whiten @ (y - fitted)[:, :, None]) ** 2).sum((1, 2))
