"""Which numbers matter, for which outcome, when.

Takes the model, the prior rows, a cohort and an arm; gives a `Sensitivity`: elementary effects of every uncertain
number and of every module, and variance shares of the most influential. Never fits anything, and never says that a
number is known because it does not matter.
"""

from sciatrial.sensitivity.analyse import analyse_sensitivity
from sciatrial.sensitivity.inputs import Input, uncertain_inputs
from sciatrial.sensitivity.parts import forget_parts, refuse_other_folder
from sciatrial.sensitivity.response import Setting, responses
from sciatrial.sensitivity.results import Sensitivity

__all__ = [
    "Input",
    "Sensitivity",
    "Setting",
    "analyse_sensitivity",
    "forget_parts",
    "refuse_other_folder",
    "responses",
    "uncertain_inputs",
]
