"""Random numbers by (seed, purpose, patient).

Every decision has its own stream, named in plain words, and every patient a fixed place in it. So a patient has the
same luck whoever else is enrolled, in every arm and whatever the number of cores, and a new purpose moves no other.
One Philox generator (counter based) is keyed by a hash of seed and purpose; patient `i` is element `i` of its stream.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

_WORDS_PER_COUNTER = 4  # Philox4x64 makes four 64-bit words for each step of its counter


def uniforms(seed: int, purpose: str, patients: ArrayLike) -> NDArray[np.float64]:
    """Return one uniform number in (0, 1) for each patient number.

    Parameters
    ----------
    seed
        Any whole number from 0 to 2**63 - 1. Never taken from the clock.
    purpose
        What the number decides, in plain words, for example ``"dropout at month 6"``.
    patients
        Patient numbers, 0 or more, in any order; dims ``patient``.

    Returns
    -------
    numpy.ndarray
        dims ``patient``; the value depends on seed, purpose and patient number alone.
    """
    numbers = np.asarray(patients, dtype=np.int64)
    if numbers.size == 0:
        return np.empty(0)
    first = int(numbers.min()) // _WORDS_PER_COUNTER
    digest = hashlib.blake2b(f"{int(seed)}|{purpose}".encode(), digest_size=16).digest()
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")).advance(first))
    stream = generator.random(int(numbers.max()) - first * _WORDS_PER_COUNTER + 1)
    # the generator can give an exact 0, which has no normal quantile
    return np.maximum(stream[numbers - first * _WORDS_PER_COUNTER], 2.0**-54)


def normals(seed: int, purpose: str, patients: ArrayLike) -> NDArray[np.float64]:
    """Return one standard normal number for each patient number (inverse distribution function of `uniforms`)."""
    from scipy.special import ndtri

    return ndtri(uniforms(seed, purpose, patients))


def derived_seed(seed: int, purpose: str) -> int:
    """Return a seed for a part of the work, for example one simulated trial of many."""
    digest = hashlib.blake2b(f"{int(seed)}|{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
