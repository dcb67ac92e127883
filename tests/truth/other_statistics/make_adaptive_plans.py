"""Write the R code of plans that change at a look: python -m tests.truth.other_statistics.make_adaptive_plans"""

import json
from pathlib import Path

from tests.truth.other_statistics.adaptive_plans import EFFECTS, SIZE_EFFECTS, arm_designs, size_designs

from sciatrial.trial.planned_arms import r_of_arms
from sciatrial.trial.planned_reestimation import r_of_reestimation

if __name__ == "__main__":
    code = {name: r_of_arms(design, EFFECTS) for name, design in arm_designs().items()}
    sizes = {name: r_of_reestimation(design, SIZE_EFFECTS) for name, design in size_designs().items()}
    Path(__file__).with_name("adaptive_code.json").write_text(
        json.dumps({"arms": code, "sizes": sizes}, indent=1) + "\n", encoding="utf-8"
    )
