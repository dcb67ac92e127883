"""Write the committed baseline of the shipped studies: python -m tests.stories.make_baseline"""

import tempfile
from pathlib import Path

import tomlkit

from sciatrial.study import read_study, run_study

HERE = Path(__file__).parent
HEAD = """# What the shipped studies gave with simulation.n_trials = 2: python -m tests.stories.make_baseline
# A changed number needs a reason in CHANGELOG.md, under "Changed numbers".

"""


def numbers(path: Path) -> tuple[str, dict]:
    """Return a study's name, the estimates of its first trial, and the true effects at the reference values."""
    with tempfile.TemporaryDirectory() as folder:
        run = run_study(read_study(path, changes=["simulation.n_trials=2"]), out=folder)
    truths = run.operating.trials.query("scenario == 'reference' and trial == 0")
    estimates = run.result.contrasts
    return run.folder.name.rpartition("-")[0], {
        "estimates": dict(zip(estimates["comparison"], estimates["estimate"].round(4), strict=True)),
        "truths": dict(zip(truths["comparison"], truths["truth"].round(4), strict=True)),
    }


if __name__ == "__main__":
    table = dict(numbers(path) for path in sorted((HERE.parents[1] / "studies").glob("*.toml")))
    (HERE / "baseline.toml").write_text(HEAD + tomlkit.dumps(table), encoding="utf-8")
