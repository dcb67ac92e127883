"""How much of a tablet reaches the patient: daily dose in mg → exposure, the reference dose being 1.

Half-lives of hours are short beside days between visits, so the average concentration over the day stands for the
whole day. Doses of one drug differ by their average concentration: dose times bioavailability over clearance, and
clearance is the patient's own and cancels.
"""

from __future__ import annotations

from sciatrial.clinic import equations
from sciatrial.clinic.numbers import Numbers
from sciatrial.foundation import Drug


def average_concentration(drug: Drug, daily_dose_mg: float, numbers: Numbers) -> float:
    """Return the average plasma concentration over a day at steady state, in mg/L for a person of 70 kg.

    Dose × bioavailability over clearance; clearance is ln 2 over the half-life, times the volume of distribution. The
    bioavailability falls with the dose where the gut's carrier saturates (gabapentin).
    """
    law = equations.concentration
    of_drug = {name: numbers.value(name, (str(drug),)) for name in law.needs if name != "daily_dose_mg"}
    return law.value(daily_dose_mg=daily_dose_mg, **of_drug)


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
    return equations.exposure_to_tablet.value(
        concentration=average_concentration(drug, daily_dose_mg, numbers),
        reference_concentration=reference,
        concentration_for_half_effect=numbers.value("concentration_for_half_effect", words),
    )
