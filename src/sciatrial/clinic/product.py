"""What is in the syringe: living cells, their potency by batch and donor, and harvests that failed or came late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic.numbers import Numbers
from sciatrial.clinic.protocol import FRESH, Protocol
from sciatrial.foundation import DAYS_PER_WEEK, CellType, Donor, normals, uniforms


@dataclass(frozen=True)
class Product:
    """Cells as each patient receives them, at one administration.

    ``living``, ``dead`` and ``converted`` are million cells (dims ``patient``): living stem cells, cells that are dead
    on arrival, and living cells that make matrix from the start. ``potency`` multiplies what a living cell secretes.
    ``is_given`` is False where the patient's own cells could not be made; ``delay_days`` is how much later than
    planned they were ready.
    """

    living: NDArray[np.float64]
    dead: NDArray[np.float64]
    converted: NDArray[np.float64]
    potency: NDArray[np.float64]
    is_given: NDArray[np.bool_]
    delay_days: NDArray[np.float64]


def product(protocol: Protocol, numbers: Numbers, *, patients: NDArray[np.int64], seed: int) -> Product:
    """Return what the patients of a cell arm receive.

    Parameters
    ----------
    protocol
        A cell arm.
    numbers
        One draw.
    patients
        Patient numbers; dims ``patient``.
    seed
        Seed of the trial: batches, donors and harvests are the same in every arm that uses the same kind of cells.

    Returns
    -------
    Product
        The share of stem cells among counted cells is 1 in an expanded product and far below in a marrow concentrate
        or a stromal vascular fraction. What else a concentrate may do is counted as so many stem cells; that share may
        be 0. Cells of a concentrate are counted by the colonies that they form, so all of them live.
    """
    kind = (str(protocol.cell_type),)
    counted = protocol.dose_million_cells or 0.0
    stem = counted * min(1.0, numbers.value("living_msc_fraction", kind) + numbers.value("other_cell_worth", kind))
    viable = numbers.value("viable_fraction", kind)
    if protocol.viability_percent is not None:
        viable = protocol.viability_percent / 100
    given, late = np.ones(len(patients), dtype=bool), np.zeros(len(patients), dtype=bool)
    if protocol.donor is Donor.AUTOLOGOUS:
        made = ("fresh" if protocol.cell_type in FRESH else "cultured",)
        given = uniforms(seed, f"harvest of {protocol.cell_type}", patients) >= numbers.value(
            "harvest_failure_fraction", made
        )
        late = uniforms(seed, f"delay of {protocol.cell_type}", patients) < numbers.value(
            "harvest_delay_fraction", made
        )
    dose = np.where(given, stem, 0.0)
    makes_matrix = protocol.cell_type is CellType.DISC_CELLS
    return Product(
        living=np.zeros(len(patients)) if makes_matrix else dose * viable,
        dead=dose * (1 - viable),
        converted=dose * viable if makes_matrix else np.zeros(len(patients)),
        potency=_potency(protocol, numbers, patients, seed),
        is_given=given,
        delay_days=np.where(given & late, numbers.value("harvest_delay_weeks") * DAYS_PER_WEEK, 0.0),
    )


def _potency(protocol: Protocol, numbers: Numbers, patients: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return each patient's luck with the batch, and with the donor: their own, or the batch's; 1 on average."""
    batch = np.floor(
        numbers.value("batches_per_product") * uniforms(seed, f"batch of {protocol.cell_type}", patients)
    ).astype(np.int64)
    batch_sd, donor_sd = numbers.value("potency_batch_sd"), numbers.value("potency_donor_sd")
    score = batch_sd * normals(seed, f"potency of a batch of {protocol.cell_type}", batch)
    if protocol.donor is Donor.AUTOLOGOUS:
        score = score + donor_sd * normals(seed, "potency of one's own cells", patients)
    else:
        score = score + donor_sd * normals(seed, f"potency of a donor of {protocol.cell_type}", batch)
    return np.exp(score - (batch_sd**2 + donor_sd**2) / 2)
