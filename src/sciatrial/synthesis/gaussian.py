"""Linear mixed models with few parameters that are not linear: those are sampled, the rest is known exactly.

Rows of study ``i`` are ``y = X M b + B a + R u + e`` with ``b ~ N(0, prior_sd²)``, ``a ~ N(0, baseline_sd²)``,
``u ~ N(0, 1)`` and ``e ~ N(0, D)``. Given the parameters that X, M, B, R and D depend on, everything else is Gaussian:
it is integrated out of the likelihood that NUTS sees, and drawn afterwards from its exact conditional distribution
(Rao-Blackwell; no funnel is left). Rows are padded to the largest study; absent rows are zero, with variance 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sciatrial.synthesis.sampling import libraries


class Parts(NamedTuple):
    """A model given its non-linear parameters; arrays of JAX.

    Attributes
    ----------
    y : dims ``study, row``
    design : X, dims ``study, row, effect``
    mixing : M, dims ``effect, b``
    baseline : B, dims ``study, row, a``
    random : R, dims ``study, row, u``
    error : D, dims ``study, row, row``
    prior_sd : dims ``b``
    baseline_sd : number
    """

    y: Any
    design: Any
    mixing: Any
    baseline: Any
    random: Any
    error: Any
    prior_sd: Any
    baseline_sd: Any


def _reduced(parts: Parts) -> Any:
    """Return what both the likelihood and the draws need: whitened pieces, with baselines integrated out."""
    jax, _ = libraries()
    jnp, solve = jax.numpy, jax.scipy.linalg.solve_triangular
    design = parts.design @ parts.mixing
    random = jnp.swapaxes(parts.random, 1, 2)
    lower = jnp.linalg.cholesky(parts.error + parts.random @ random)
    stacked = jnp.concatenate([design, parts.y[:, :, None], parts.baseline], axis=2)
    white = solve(lower, stacked, lower=True)
    n_b = design.shape[2]
    known, base = white[:, :, : n_b + 1], white[:, :, n_b + 1 :]
    base_t = jnp.swapaxes(base, 1, 2)
    inner = base_t @ base + jnp.eye(base.shape[2]) / parts.baseline_sd**2
    inner_lower = jnp.linalg.cholesky(inner)
    removed = solve(inner_lower, base_t @ known, lower=True)
    # (b and y, b and y): the normal equations of all studies together
    gram = jnp.einsum("snk,snl->kl", known, known) - jnp.einsum("sak,sal->kl", removed, removed)
    precision = gram[:n_b, :n_b] + jnp.diag(1 / parts.prior_sd**2)
    return design, lower, inner_lower, base, gram, precision


def log_likelihood(parts: Parts) -> Any:
    """Return the logarithm of the probability of the data, up to a constant, with all but the parameters integrated."""
    jax, _ = libraries()
    jnp, solve = jax.numpy, jax.scipy.linalg.solve_triangular
    _, lower, inner_lower, _, gram, precision = _reduced(parts)
    n_b = precision.shape[0]
    precision_lower = jnp.linalg.cholesky(precision)
    explained = solve(precision_lower, gram[:n_b, n_b], lower=True)
    volume = sum(
        jnp.log(jnp.diagonal(part, axis1=-2, axis2=-1)).sum() for part in (lower, inner_lower, precision_lower)
    )
    return -0.5 * (gram[n_b, n_b] - explained @ explained) - volume


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
    design, lower, inner_lower, base, gram, precision = _reduced(parts)
    n_b = precision.shape[0]
    keys = random.split(key, 4)
    precision_lower = jnp.linalg.cholesky(precision)
    half = solve(precision_lower, gram[:n_b, n_b], lower=True)
    b = solve(precision_lower.T, half + random.normal(keys[0], (n_b,)), lower=False)
    linear = design @ b
    rest = solve(lower, (parts.y - linear)[:, :, None], lower=True)
    half_a = solve(inner_lower, jnp.swapaxes(base, 1, 2) @ rest, lower=True)
    noise = random.normal(keys[1], half_a.shape)
    a = solve(jnp.swapaxes(inner_lower, 1, 2), half_a + noise, lower=False)
    linear = linear + (parts.baseline @ a)[:, :, 0]
    # a draw from the prior, moved by what the data say of it, is a draw from the posterior
    moved = (parts.random @ random.normal(keys[2], (*parts.random.shape[::2], 1)))[:, :, 0]
    error_lower = jnp.linalg.cholesky(parts.error)
    error = (error_lower @ random.normal(keys[3], (*parts.y.shape, 1)))[:, :, 0]
    gap = solve(lower, (parts.y - linear - moved - error)[:, :, None], lower=True)
    gap = solve(jnp.swapaxes(lower, 1, 2), gap, lower=False)
    moved = moved + (parts.random @ (jnp.swapaxes(parts.random, 1, 2) @ gap))[:, :, 0]
    fitted = linear + moved
    return {"b": b, "effect": parts.mixing @ b, "fitted": fitted, "deviance": deviance(parts.y, fitted, parts.error)}


def deviance(y: Any, fitted: Any, error: Any) -> Any:
    """Return the residual deviance of each study: ``(y - fitted)' D⁻¹ (y - fitted)``; dims ``study``."""
    jax, _ = libraries()
    jnp, solve = jax.numpy, jax.scipy.linalg.solve_triangular
    white = solve(jnp.linalg.cholesky(error), (y - fitted)[:, :, None], lower=True)
    return (white**2).sum((1, 2))
