"""The uncertain numbers are those that the cohort and the arm can meet."""

from sciatrial.clinic import Protocol
from sciatrial.foundation import Cause
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior
from sciatrial.sensitivity import uncertain_inputs

CELLS = Protocol(
    intervention="cell_therapy", cell_type="mpc", donor="allogeneic", dose_million_cells=6, route="intradiscal",
    carrier="hyaluronic_acid",
)  # fmt: skip


def keys(cause, protocol=CELLS):
    return {item.key for item in uncertain_inputs(sciatica_model(), read_prior(), causes=(cause,), protocol=protocol)}


def test_numbers_of_other_causes_and_products_are_left_out():
    found = keys(Cause.DISCOGENIC)
    assert "hyaluronic_acid.anchored_fraction" in found
    assert "mpc.anti_inflammatory_cell_factor" in found
    assert not {"stenosis.narrowing_growth_rate", "fibrin.anchored_fraction", "bulge.fragment_exposure_factor"} & found
    assert "bulge.fragment_exposure_factor" in keys(Cause.HERNIATION)


def test_numbers_without_a_range_and_errors_of_measurement_are_left_out():
    found = keys(Cause.HERNIATION)
    assert "expulsion_rate" not in found
    assert not [key for key in found if "measurement" in key or "fluctuation" in key]


def test_a_number_knows_the_modules_that_use_it():
    modules = {
        item.key: item.module
        for item in uncertain_inputs(sciatica_model(), read_prior(), causes=(Cause.HERNIATION,), protocol=CELLS)
    }
    assert modules["resorption_rate"] == "disc"
    assert "nerve" in modules["axon_loss_rate"]
    assert modules["viable_fraction"] == "clinic"


def test_effects_that_may_be_absent_are_inputs_where_the_arm_has_them():
    cells = keys(Cause.DISCOGENIC)
    assert {"presence.cell_anti_inflammatory"} <= cells
    tablets = keys(Cause.HERNIATION, Protocol(intervention="nsaid"))
    assert not [key for key in tablets if key.startswith("presence.cell")]
