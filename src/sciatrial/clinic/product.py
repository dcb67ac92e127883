"""What is in the syringe: living cells, their potency by batch and donor, and harvests that failed or came late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import equations
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
    shares = {name: numbers.value(name, kind) for name in ("living_msc_fraction", "other_cell_worth")}
    stem = equations.stem_cells.value(dose_million_cells=counted, **shares)
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
    delay = equations.days_late.value(
        harvest_delay_weeks=numbers.value("harvest_delay_weeks"), days_per_week=DAYS_PER_WEEK
    )
    living = equations.living_cells.value(stem_cells=dose, viable_fraction=viable)
    makes_matrix = protocol.cell_type is CellType.DISC_CELLS
    return Product(
        living=np.zeros(len(patients)) if makes_matrix else living,
        dead=equations.dead_cells.value(stem_cells=dose, viable_fraction=viable),
        converted=living if makes_matrix else np.zeros(len(patients)),
        potency=_potency(protocol, numbers, patients, seed),
        is_given=given,
        delay_days=np.where(given & late, delay, 0.0),
    )


def _potency(protocol: Protocol, numbers: Numbers, patients: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return each patient's luck with the batch, and with the donor: their own, or the batch's; 1 on average."""
    batches = numbers.value("batches_per_product")
    batch = np.floor(batches * uniforms(seed, f"batch of {protocol.cell_type}", patients)).astype(np.int64)
    if protocol.donor is Donor.AUTOLOGOUS:
        donor = normals(seed, "potency of one's own cells", patients)
    else:
        donor = normals(seed, f"potency of a donor of {protocol.cell_type}", batch)
    return equations.potency.value(
        potency_batch_sd=numbers.value("potency_batch_sd"),
        batch_luck=normals(seed, f"potency of a batch of {protocol.cell_type}", batch),
        potency_donor_sd=numbers.value("potency_donor_sd"),
        donor_luck=donor,
    )
