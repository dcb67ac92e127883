"""What must hold between the columns of one row, one small function a rule.

A rule is given a row whose cells are each valid, and yields one `Fault` for everything that contradicts itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any, NamedTuple

from sciatrial.evidence.instruments import INSTRUMENTS
from sciatrial.evidence.rows import ArmRow, FactRow, OutcomeRow, ParameterRow, Row, SafetyRow
from sciatrial.foundation import Intervention, SpreadKind, Statistic


class Fault(NamedTuple):
    """What is wrong in one cell of a row."""

    column: str
    found: str
    expected: str
    next_step: str = "check the number in the source"


_SPREADS_AROUND_VALUE = (SpreadKind.SD, SpreadKind.SE)
_SPREADS_WITH_TWO_ENDS = (SpreadKind.CI95, SpreadKind.IQR, SpreadKind.RANGE)
_ON_THE_SCALE = (Statistic.MEAN, Statistic.MEDIAN)
_UNITS_WITHOUT_NUMBERS = ("direction", "ranking", "qualitative")


def scale_has_two_ends_in_order(row: OutcomeRow) -> Iterator[Fault]:
    """Require that the lower end of a scale lies below its upper end."""
    if row.scale_min is not None and row.scale_max is not None and row.scale_min >= row.scale_max:
        yield Fault("scale_min", f"{row.scale_min:g} is not below scale_max {row.scale_max:g}", "scale_min < scale_max")


def scale_is_that_of_the_instrument(row: OutcomeRow) -> Iterator[Fault]:
    """Require the ends of the instrument; a change may state plus and minus its width instead."""
    instrument = INSTRUMENTS.get(row.instrument)
    if instrument is None or instrument.width is None or row.statistic is Statistic.PERCENT_CHANGE:
        return
    if row.scale_min is None or row.scale_max is None:
        yield Fault(
            "scale_min",
            f"the scale of {row.instrument} is empty",
            f"{instrument.lowest:g} and {instrument.highest:g}",
            "give both ends of the scale",
        )
        return
    allowed = [(instrument.lowest, instrument.highest)]
    if row.statistic is Statistic.MEAN_CHANGE:
        allowed.append((-instrument.width, instrument.width))
    if (row.scale_min, row.scale_max) not in allowed:
        yield Fault(
            "scale_max",
            f"{row.instrument} is said to run from {row.scale_min:g} to {row.scale_max:g}",
            " or ".join(f"{low:g} to {high:g}" for low, high in allowed),
            "correct the scale or the instrument",
        )


def value_lies_on_the_scale(row: OutcomeRow) -> Iterator[Fault]:
    """Require that a mean or a median lies on its scale."""
    if row.statistic not in _ON_THE_SCALE or list(scale_has_two_ends_in_order(row)):
        return
    below = row.scale_min is not None and row.value < row.scale_min
    above = row.scale_max is not None and row.value > row.scale_max
    if below or above:
        yield Fault(
            "value",
            f"{row.value:g} is outside the scale",
            f"{_end(row.scale_min)} to {_end(row.scale_max)}",
            "check value, scale_min and scale_max in the source",
        )


def change_fits_into_the_scale(row: OutcomeRow) -> Iterator[Fault]:
    """Require that a mean changes by no more than the width of its scale."""
    instrument = INSTRUMENTS.get(row.instrument)
    if row.statistic is Statistic.MEAN_CHANGE and instrument and instrument.width and abs(row.value) > instrument.width:
        yield Fault(
            "value",
            f"a change of {row.value:g} is wider than {row.instrument}",
            f"{-instrument.width:g} to {instrument.width:g}",
        )


def percent_lies_between_0_and_100(row: OutcomeRow) -> Iterator[Fault]:
    """Require 0 to 100 percent of patients, and that no score falls by more than all of it."""
    if row.statistic is Statistic.PERCENT and not 0 <= row.value <= 100:
        yield Fault("value", f"{row.value:g} percent of patients", "0 to 100")
    if row.statistic is Statistic.PERCENT_CHANGE and row.value < -100:
        yield Fault("value", f"a fall of {-row.value:g} percent", "-100 or more")


def count_is_at_most_n(row: OutcomeRow) -> Iterator[Fault]:
    """Require that a count of patients is a whole number, at most n."""
    if row.statistic is not Statistic.COUNT:
        return
    if row.value < 0 or row.value != round(row.value):
        yield Fault("value", f"{row.value:g} is not a count of patients", "a whole number, 0 or more")
    if row.n is not None and row.value > row.n:
        yield Fault("value", f"{row.value:g} patients of {row.n}", f"at most n = {row.n}")


def spread_cells_match_their_kind(row: OutcomeRow) -> Iterator[Fault]:
    """Require SD and SE in spread_low alone, intervals in both cells, and both empty for `none`."""
    kind = row.spread_kind
    if kind is SpreadKind.NONE:
        for column in ("spread_low", "spread_high"):
            if getattr(row, column) is not None:
                yield Fault(column, "holds a number but spread_kind is 'none'", "an empty cell", "say what it is")
        return
    if row.spread_low is None:
        yield Fault(
            "spread_low",
            f"spread_kind is '{kind}' but spread_low is empty",
            "a number",
            "give the value, or set spread_kind to 'none'",
        )
    if kind in _SPREADS_AROUND_VALUE and row.spread_high is not None:
        yield Fault(
            "spread_high",
            f"spread_kind is '{kind}' but spread_high is filled",
            "an empty cell",
            "put the value into spread_low alone",
        )
    if kind in _SPREADS_WITH_TWO_ENDS and row.spread_high is None:
        yield Fault(
            "spread_high",
            f"spread_kind is '{kind}' but spread_high is empty",
            "a number",
            "give the value, or set spread_kind to 'none'",
        )


def spread_is_possible(row: OutcomeRow) -> Iterator[Fault]:
    """Refuse a negative SD or SE, an interval without its value, and an SD that the scale does not allow."""
    if row.spread_low is None:
        return
    if row.spread_kind in _SPREADS_AROUND_VALUE and row.spread_low < 0:
        yield Fault("spread_low", f"{row.spread_kind} is {row.spread_low:g}", "0 or more")
    if row.spread_kind is SpreadKind.SD:
        yield from _sd_within_scale(row)
    if row.spread_kind in _SPREADS_WITH_TWO_ENDS and row.spread_high is not None:
        if row.spread_low > row.spread_high:
            yield Fault(
                "spread_low",
                f"{row.spread_low:g} is above spread_high {row.spread_high:g}",
                "spread_low <= spread_high",
                "swap the two cells",
            )
        elif not row.spread_low <= row.value <= row.spread_high:
            yield Fault(
                "value", f"{row.value:g} is outside its {row.spread_kind}", f"{row.spread_low:g} to {row.spread_high:g}"
            )


def _sd_within_scale(row: OutcomeRow) -> Iterator[Fault]:
    instrument = INSTRUMENTS.get(row.instrument)
    if instrument is None or instrument.width is None or row.statistic is not Statistic.MEAN:
        return
    patients = max(row.n or 2, 2)
    # half of the patients at each end of the scale
    largest = instrument.width / 2 * sqrt(patients / (patients - 1))
    if row.spread_low is not None and row.spread_low > largest:
        yield Fault(
            "spread_low",
            f"an SD of {row.spread_low:g} cannot occur on {row.instrument}",
            f"at most {largest:.3g}",
            "check whether the instrument or the spread is right",
        )


def events_are_at_most_patients(row: SafetyRow) -> Iterator[Fault]:
    """Require that no more patients have an event than are at risk."""
    if row.n_at_risk is not None and row.n_with_event > row.n_at_risk:
        yield Fault("n_with_event", f"{row.n_with_event} patients of {row.n_at_risk}", f"at most {row.n_at_risk}")


def cells_are_described_where_given(row: ArmRow) -> Iterator[Fault]:
    """Require that cell therapy names its cells and what was counted, and that no other arm does."""
    cell_columns = ("cell_type", "donor", "culture_expanded", "dose_million_cells", "dose_basis")
    if row.intervention is Intervention.CELL_THERAPY:
        for column in ("cell_type", "dose_basis"):
            if getattr(row, column) is None:
                yield Fault(
                    column,
                    "is empty in an arm of cell_therapy",
                    "a word",
                    "use 'other' or 'unspecified' when the source does not say",
                )
        return
    for column in cell_columns:
        if getattr(row, column) is not None:
            yield Fault(
                column,
                f"is filled but the intervention is '{row.intervention}'",
                "an empty cell",
                "empty the cell or set intervention to 'cell_therapy'",
            )


def interval_is_whole_and_holds_value(row: FactRow | ParameterRow) -> Iterator[Fault]:
    """Require both ends of an interval, in order, with the value between them."""
    if (row.low is None) != (row.high is None):
        empty = "low" if row.low is None else "high"
        yield Fault(empty, "is empty while the other end is given", "both ends or neither", "give both ends")
        return
    if row.low is None or row.high is None:
        return
    if row.low > row.high:
        yield Fault("low", f"{row.low:g} is above high {row.high:g}", "low <= high", "swap the two cells")
    elif row.value is not None and not row.low <= row.value <= row.high:
        yield Fault("value", f"{row.value:g} is outside low and high", f"{row.low:g} to {row.high:g}")


def some_number_is_given(row: FactRow | ParameterRow) -> Iterator[Fault]:
    """Require a value or an interval, unless the unit says that the row is in words."""
    if row.value is None and row.low is None and row.unit not in _UNITS_WITHOUT_NUMBERS:
        yield Fault(
            "value",
            "there is no number in this row",
            "a value, or low and high",
            "give one, or set unit to 'qualitative'",
        )


def _end(number: float | None) -> str:
    return "open" if number is None else f"{number:g}"


ROW_RULES: dict[str, tuple[Callable[[Any], Iterator[Fault]], ...]] = {
    "studies": (),
    "arms": (cells_are_described_where_given,),
    "outcomes": (
        scale_has_two_ends_in_order,
        scale_is_that_of_the_instrument,
        value_lies_on_the_scale,
        change_fits_into_the_scale,
        percent_lies_between_0_and_100,
        count_is_at_most_n,
        spread_cells_match_their_kind,
        spread_is_possible,
    ),
    "safety": (events_are_at_most_patients,),
    "risk_of_bias": (),
    "facts": (interval_is_whole_and_holds_value, some_number_is_given),
    "parameters": (interval_is_whole_and_holds_value, some_number_is_given),
}


def row_faults(table: str, row: Row) -> list[Fault]:
    """Return everything that contradicts itself in one row of a table."""
    return [fault for rule in ROW_RULES[table] for fault in rule(row)]
