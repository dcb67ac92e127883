import dataclasses

import pandas as pd

from sciatrial.synthesis.bias import DOMAINS, Light, traffic_lights


def lights_of(evidence, *rows):
    columns = list(evidence.risk_of_bias.columns)
    table = pd.DataFrame([{"study_id": "noriega2017", "source_url": "", "figure_from": "paper"} | row for row in rows])
    changed = dataclasses.replace(evidence, risk_of_bias=table[columns] if rows else evidence.risk_of_bias.iloc[:0])
    return traffic_lights(changed).set_index("study_id").loc["noriega2017"]


def row(tool, domain, judgement):
    return {"tool": tool, "domain": domain, "judgement": judgement}


def test_a_study_that_nobody_assessed_is_not_low(evidence):
    assert lights_of(evidence)["overall"] == Light.NOT_ASSESSED


def test_a_note_of_ours_never_speaks_for_a_study(evidence):
    lights = lights_of(evidence, *(row("author_note", domain, "low") for domain in DOMAINS))
    assert lights["overall"] == Light.NOT_ASSESSED
    assert lights["source"] == "author note"


def test_a_note_of_ours_may_speak_against_a_study(evidence):
    assert lights_of(evidence, row("author_note", "measurement", "high"))["overall"] == Light.HIGH


def test_low_needs_every_domain_from_a_published_tool(evidence):
    every = [row("rob2", domain, "low") for domain in DOMAINS]
    assert lights_of(evidence, *every)["overall"] == Light.LOW
    assert lights_of(evidence, *every[1:])["overall"] == Light.NOT_ASSESSED


def test_of_two_published_judgements_the_worse_counts(evidence):
    lights = lights_of(evidence, row("rob2", "measurement", "low"), row("cochrane_rob1", "measurement", "high"))
    assert lights["measurement"] == Light.HIGH


def test_no_shipped_study_is_low_only_by_a_note(evidence):
    lights = traffic_lights(evidence)
    assert not ((lights["overall"] == Light.LOW) & (lights["source"] != "published tool")).any()
    assert (lights["overall"] == Light.NOT_ASSESSED).sum() > len(lights) / 2
