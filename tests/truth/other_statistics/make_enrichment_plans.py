"""Write the R code of plans with a subgroup: python -m tests.truth.other_statistics.make_enrichment_plans"""

import json
from pathlib import Path

from tests.truth.other_statistics.enrichment_plans import EFFECTS, plan_designs

from sciatrial.trial import r_of_populations

if __name__ == "__main__":
    code = {name: r_of_populations(design, EFFECTS) for name, design in plan_designs().items()}
    Path(__file__).with_name("enrichment_code.json").write_text(json.dumps(code, indent=1) + "\n", encoding="utf-8")
