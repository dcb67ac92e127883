"""What a dataset is."""

import pandas as pd

from sciatrial.exchange import AnalysisDataset


def test_files_have_small_letters():
    dataset = AnalysisDataset("ADSL", "Subjects", "kind", "structure", (), (), {}, pd.DataFrame())
    assert dataset.file_name == "adsl"
