"""The study file and the whole chain behind it.

Takes a study file; gives a run folder with every record and the report. Never computes anything that a room below it
could compute.
"""

from sciatrial.study.chain import check_study, planned_control_prior, study_draws
from sciatrial.study.folder import read_run
from sciatrial.study.one_trial import study_responses, study_trial
from sciatrial.study.present import report_inputs, write_run_report
from sciatrial.study.read import Study, read_study
from sciatrial.study.rerun import Rerun, rerun_study
from sciatrial.study.run import Run, read_finished, run_study
from sciatrial.study.sizing import Wanted, study_size

__all__ = [
    "Rerun",
    "Run",
    "Study",
    "Wanted",
    "check_study",
    "planned_control_prior",
    "read_finished",
    "read_run",
    "read_study",
    "report_inputs",
    "rerun_study",
    "run_study",
    "study_draws",
    "study_responses",
    "study_size",
    "study_trial",
    "write_run_report",
]
