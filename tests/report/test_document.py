import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from sciatrial.calibration import ABOUT_CELLS
from sciatrial.evidence import read_evidence
from sciatrial.foundation import StudyError
from sciatrial.parameters import read_behaviours
from sciatrial.report import compare_with_published, population_lines, write_report
from sciatrial.report.document import render
from sciatrial.report.words import DISCLAIMER, findings
from sciatrial.synthesis import Question, certainty_of, evidence_map, synthesise, traffic_lights
from tests.report.compared import compared_with
from tests.report.conftest import STUDY, operating_of, trials
from tests.study.conftest import posterior_of
from tests.trial import enriched

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Collects what a browser would load and what it would find."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.anchors, self.loads, self.images = [], [], [], [], []
        self.captions, self.scripts = [], 0
        self._caption = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.scripts += tag == "script"
        if tag == "a":
            self.anchors.append(given.get("href", ""))
        elif "src" in given or "href" in given:
            self.loads.append(given.get("src") or given.get("href"))
        if tag == "img":
            self.images.append(given)
        if tag in ("caption", "figcaption"):
            self._caption = ""

    def handle_data(self, data):
        if self._caption is not None:
            self._caption += data

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag
        if tag in ("caption", "figcaption"):
            self.captions.append(" ".join(self._caption.split()))
            self._caption = None


@pytest.fixture(scope="module")
def text(inputs):
    return render(inputs)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_disclaimer_stands_at_the_top_and_at_the_bottom(text):
    words = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL).split())
    assert words.count(DISCLAIMER) == 2
    assert words.index(DISCLAIMER) < len(words) / 4
    assert words.rindex(DISCLAIMER) > len(words) - 400


def test_every_simulated_figure_and_table_says_that_nothing_is_calibrated(page):
    simulated = [c for c in page.captions if c != "Arms" and not c.startswith("Risk of bias")]
    assert len(simulated) >= 12
    assert all("not calibrated" in caption for caption in simulated)


def test_every_image_says_in_words_what_it_shows(page):
    assert len(page.images) == 10
    assert all(len(image["alt"]) > 40 and "not calibrated" in image["alt"] for image in page.images)


def test_the_flow_of_patients_is_told_in_words_and_as_a_table(page):
    told = next(image["alt"] for image in page.images if image["alt"].startswith("Assessed for eligibility"))
    assert "Allocated to cells" in told
    assert any(caption.startswith("The same flow as a table") for caption in page.captions)


def test_the_page_loads_nothing_from_anywhere(page, text):
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.loads)
    assert page.scripts == 0
    assert "@import" not in text
    assert "url(" not in text


def test_the_page_is_well_formed_and_its_links_lead_somewhere(page):
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    inner = [address[1:] for address in page.anchors if address.startswith("#")]
    assert set(inner) <= set(page.ids)
    assert len(inner) == 12


def test_the_page_is_small(text):
    assert len(text.encode()) < 3_000_000


def test_what_a_user_writes_is_shown_and_never_run(inputs):
    nasty = "<script>alert(1)</script>"
    study = {**STUDY, "question": nasty, "arms": {**STUDY["arms"], nasty: STUDY["arms"]["saline"]}}
    made = Page(render(replace(inputs, study=study, study_text=nasty)))
    assert made.scripts == 0


def test_what_the_tables_do_not_hold_is_not_reported(text):
    assert "not reported" in text
    assert "Not reported in the tables (2)" in text


def test_missing_numbers_are_shown_in_words(inputs, text):
    assert not re.search(r">\s*(nan|None|inf)\s*<", text)


def test_a_study_without_a_published_one_says_so(inputs):
    alone = replace(inputs, published=pd.DataFrame(), published_study={}, same_arm={})
    made = render(alone)
    assert "names no published study" in made
    assert "No published study stands beside this one" in made


def test_a_run_in_which_no_trial_enrolled_can_be_written(inputs):
    reason = "could not enrol: fewer than 1 in 100 candidates met the criteria"
    rows = trials().assign(estimate=np.nan, ci_low=np.nan, ci_high=np.nan, truth=np.nan, p_value=np.nan, why_not=reason)
    empty = operating_of(rows, inputs.operating.courses.iloc[:0], inputs.operating.inside.iloc[:0])
    made = render(replace(inputs, operating=empty))
    assert "No simulated trial could enrol" in made
    assert not re.search(r">\s*(nan|None)\s*<", made)


def test_failures_are_counted_and_listed(text):
    assert "1 of 2 required behaviours hold" in " ".join(text.split())
    assert '<span class="no">no</span>' in text
    assert "no scale 3" in text


def test_the_report_prints_exactly_what_the_table_of_behaviours_says(inputs):
    told = read_behaviours()
    page = render(replace(inputs, behaviours=told))
    after = page[page.index("Required behaviours") :]
    printed = {}
    for name, cells in re.findall(r'<tr><th scope="row">(.*?)</th>((?:<td>.*?</td>)+)</tr>', after):
        texts = [re.sub("<.*?>", "", cell) for cell in re.findall("<td>(.*?)</td>", cells)]
        printed[html.unescape(name)] = [html.unescape(text) for text in texts]
    for row in told.to_dict("records"):
        expected = [row["expected"], row["prototype"], row["got"], "yes" if row["holds"] else "no"]
        assert printed[row["behaviour"]] == expected
    assert f"{told['holds'].sum()} of {len(told)} required behaviours hold" in " ".join(page.split())


def test_a_harm_that_nobody_had_is_told_by_its_bound(text):
    assert "none of 38; up to 14.6 %" in text
    assert "<td class=n>not estimable</td>" in text


def test_a_quick_run_says_so(inputs):
    assert "quick run: rough numbers" in render(replace(inputs, stamp={**inputs.stamp, "is_quick": True}))


def test_the_same_records_give_the_same_file(inputs, text):
    assert render(inputs) == text


def test_a_report_that_was_there_is_replaced_whole(inputs, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    assert write_report(inputs, path) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_is_told(inputs, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="cannot be written"):
        write_report(inputs, tmp_path / "file" / "report.html")


def test_trials_together_are_told_with_and_without_an_answer(inputs):
    evidence = read_evidence()
    asked = (Question("leg_pain", 12), Question("pain", 12))
    answers = [synthesise(evidence, question, with_sensitivity=False) for question in asked]
    together = [(answer, certainty_of(evidence, answer)) for answer in answers]
    page = render(replace(inputs, together=together, lights=traffic_lights(evidence), mapped=evidence_map(evidence)))
    section = page[page.index('id="together"') : page.index('id="sources"')]
    assert section.count("No answer:") == 1
    assert "in one trial; a new trial may see" in section
    assert section.count("<img") == 2


def test_without_them_there_is_no_section(inputs):
    assert 'id="together"' not in render(inputs)


def of_posterior(frame):
    """Return the rows with draws of a posterior in place of the prior's."""
    return frame.assign(scenario=frame["scenario"].replace("prior", "posterior")) if len(frame) else frame


@pytest.fixture(scope="module")
def calibrated(inputs):
    before = inputs.operating
    names = ("trials", "summary", "looks", "stopping", "courses", "inside", "counts", "responses")
    after = replace(before, **{name: of_posterior(getattr(before, name)) for name in names})
    return replace(inputs, operating=after, posterior=posterior_of())


@pytest.fixture(scope="module")
def calibrated_text(calibrated):
    return " ".join(render(calibrated).split())


def test_a_report_of_a_posterior_never_says_prior_draws_nor_that_nothing_is_calibrated(calibrated, calibrated_text):
    assert "prior draws" not in calibrated_text.lower()
    assert "nothing here is calibrated" not in calibrated_text.lower()
    told = [caption for caption in Page(render(calibrated)).captions if "Posterior draws, calibrated" in caption]
    assert len(told) >= 10


def test_a_report_of_a_posterior_has_the_same_numbers_under_another_name(inputs, calibrated):
    told = [
        findings(one.operating, compare_with_published(one.operating, one.published, one.same_arm))
        for one in (inputs, calibrated)
    ]
    assert told[0][0].replace("prior", "posterior") == told[1][0]
    assert "agreement is no evidence of prediction" in " ".join(told[1])


def test_a_posterior_is_told_with_what_it_was_made_with_and_its_assumptions(calibrated, calibrated_text):
    assert f"<code>{calibrated.posterior.fingerprint()[:12]}</code>" in calibrated_text
    assert "<dt>trials</dt><dd>noriega2017</dd>" in calibrated_text
    assert "<li>cells of one kind act alike</li>" in calibrated_text
    assert "Every check of its fit holds" in calibrated_text


def test_the_probability_of_no_cell_effect_stands_before_and_after(calibrated, calibrated_text):
    after = f"{100 * calibrated.posterior.probability_of_no_cell_effect:.0f} %"
    row = f'<th scope="row">No cell effect at all</th><td class=n>6 %</td><td class=n>{after}</td>'
    assert row in calibrated_text  # four effects, each there with probability one half: one in sixteen


def test_what_a_posterior_says_of_cells_is_marked(calibrated_text, text):
    assert ABOUT_CELLS in html.unescape(calibrated_text)
    assert ABOUT_CELLS not in html.unescape(text)


def test_a_fit_that_does_not_hold_is_told_first(calibrated):
    made = render(replace(calibrated, posterior=posterior_of(holds=False)))
    assert made.index("does not hold (no divergence)") < made.index("of trials of this design")
    assert "Its fit does not hold" in made


def test_a_calibrated_report_makes_no_claim_for_which_there_is_no_controlled_trial(calibrated):
    mapped = evidence_map(read_evidence())
    sentence = "no direct evidence, and no claim can be made"
    assert sentence in render(replace(calibrated, mapped=mapped))


def test_patients_of_the_posterior_stand_beside_published_ones_of_the_cause_of_the_study(calibrated):
    made = compared_with(calibrated.posterior)
    text = html.unescape(render(replace(calibrated, population=made, cause="discogenic")))
    section = text[text.index('id="population"') : text.index('id="sources"')]
    for sentence in population_lines(made, "discogenic"):
        assert sentence in section
    assert "chronic back pain from a degenerated disc" in section
    assert "six to twelve weeks of severe leg pain" not in section
    assert section.count("<img") >= 1


def test_where_nobody_compared_them_the_report_says_how(calibrated_text):
    assert "Nobody has compared the patients of this posterior" in calibrated_text
    assert "sciatrial show population --posterior FOLDER" in calibrated_text


def test_a_cause_without_published_numbers_leaves_words_and_no_picture(calibrated):
    made = compared_with(calibrated.posterior)
    text = render(replace(calibrated, population=made, cause="piriformis"))
    assert "speaks of piriformis" in text
    assert "Virtual patients at the door minus" not in text


def test_a_report_of_the_prior_has_no_such_section(inputs):
    assert 'id="population"' not in render(inputs)


def test_a_design_with_one_look_tells_nothing_of_looks(inputs):
    one = replace(inputs.operating, stopping=inputs.operating.stopping.query("look == 1"))
    assert "By look" not in render(replace(inputs, operating=one))


def test_the_looks_are_told_with_their_bounds(text):
    for part in ("By look", "stops for efficacy", "bias, adjusted", "Look by look", "crosses its bound for efficacy"):
        assert part in text


def test_where_a_subgroup_is_tested_the_page_speaks_of_populations(inputs):
    told = " ".join(render(replace(inputs, operating=enriched.operating())).split())
    assert "until each population stops" in told
    assert "holds for all populations together" in told
    assert "of the full population, before only the subgroup was recruited" in told
    assert "arm stopped" not in told
