"""Write the R code of the trials of exported.py beside this file, and their datasets into the folder that is named.

Run in this folder, then make_exported.R with the same folder.
"""

import sys
from pathlib import Path

from exported import CASES, FOLDER, exported

from sciatrial.exchange import adam_datasets
from sciatrial.exchange.adam_code import r_of_trial
from sciatrial.exchange.xpt import write_xpt

for name in CASES:
    study, trial = exported(name)
    (FOLDER / f"{name}.R").write_text(r_of_trial(trial, study.design), encoding="utf-8")
    into = Path(sys.argv[1]) / name
    into.mkdir(parents=True, exist_ok=True)
    for dataset in adam_datasets(trial, study.design, study=study.name):
        write_xpt(dataset, into / f"{dataset.file_name}.xpt")
