"""Write the R code that we print for every plan: plans_code.json. Then, in this folder: Rscript make_plans.R."""

import json
from pathlib import Path

from tests.truth.other_statistics.plans import PLANS, code_of

if __name__ == "__main__":
    code = {name: code_of(name).splitlines() for name in PLANS}
    path = Path(__file__).parent / "plans_code.json"
    path.write_text(json.dumps(code, indent=1) + "\n", encoding="utf-8")
