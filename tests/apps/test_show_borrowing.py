from sciatrial.apps.show_borrowing import borrowing_design_words
from sciatrial.study import read_study
from tests.study.test_borrowed import STUDY


def test_the_plan_tells_the_prior_its_arms_and_the_largest_error(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    told = "\n".join(borrowing_design_words(read_study(path)))
    assert "Published arms: chiba2018 (placebo)." in told
    assert "Left out: kim2024_discovery (sham): route none, not intradiscal." in told
    assert "the largest type I error on the grid" in told
    assert "No study of this prior stands behind the prior table" in told
    without = STUDY.replace('[trial.borrowing]\narm = "saline"\nevidence = "shared"\n', "")
    path.write_text(without, encoding="utf-8")
    assert borrowing_design_words(read_study(path)) == []
