"""How much of a tablet reaches the patient: daily dose in mg → exposure, the reference dose being 1.

Half-lives of hours are short beside days between visits, so the average concentration over the day stands for the
whole day. Doses of one drug differ by their average concentration: dose times bioavailability over clearance, and
clearance is the patient's own and cancels.
"""

from __future__ import annotations

from sciatrial.clinic.numbers import Numbers
from sciatrial.foundation import Drug


def average_concentration(drug: Drug, daily_dose_mg: float, numbers: Numbers) -> float:
    """Return the average plasma concentration over a day at steady state, in mg/L for a person of 70 kg.

    Dose × bioavailability over clearance; clearance is ln 2 over the half-life, times the volume of distribution. The
    bioavailability falls with the dose where the gut's carrier saturates (gabapentin).
    """
    words = (str(drug),)
    saturation = numbers.value("bioavailability_loss_per_mg", words)
    bioavailability = numbers.value("bioavailability_fraction", words) / (1 + saturation * daily_dose_mg)
    clearance_litres_per_day = numbers.value("elimination_rate", words) * numbers.value("distribution_volume", words)
    return daily_dose_mg * bioavailability / clearance_litres_per_day


def exposure(drug: Drug, daily_dose_mg: float, numbers: Numbers) -> float:
    """Return the exposure to a tablet: 1 at the reference dose, saturating above it.

    Parameters
    ----------
    drug
        Which drug.
    daily_dose_mg
        0 or more.
    numbers
        One draw.

    Returns
    -------
    float
        0 without the drug; at most ``1 + concentration_for_half_effect`` of the reference concentration.
    """
    words = (str(drug),)
    reference = average_concentration(drug, numbers.value("reference_daily_dose", words), numbers)
    relative = average_concentration(drug, daily_dose_mg, numbers) / reference
    half = numbers.value("concentration_for_half_effect", words)
    return relative * (1 + half) / (relative + half)
