"""What the report shows: only what a study asks for has to be given."""

from dataclasses import MISSING, fields

from sciatrial.report import ReportInputs


def test_what_not_every_study_asks_for_may_be_left_out(inputs):
    needed = {item.name for item in fields(ReportInputs) if item.default is MISSING and item.default_factory is MISSING}
    least = ReportInputs(**{name: getattr(inputs, name) for name in needed})
    assert (least.posterior, least.population, least.imputed, least.pooled) == (None, None, None, None)
    assert (least.together, least.harm_boundary, dict(least.optimistic)) == ((), "", {})
    assert least.safety_sizes.empty
    assert least.new_sizes.empty
