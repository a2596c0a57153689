# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import math
import re
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.html import render
from lvs_rawcheck.diagnose.audit.model import Audit
from lvs_rawcheck.diagnose.causes import CAUSES
from lvs_rawcheck.diagnose.finding import ERROR, Finding
from lvs_rawcheck.diagnose.fix import Fix
from lvs_rawcheck.registry.templates import Templates
from tests.diagnose.audit.hostile import HOSTILE, audit_saying
from tests.diagnose.audit.page_reader import Page, read_page
from tests.diagnose.audit.sites import INSTEAD, cell, healthy_site, large_site, troubled_site

TEMPLATES = Templates()  # compiled once: there are many examples
SKELETON = read_page(render(audit_saying("said"), TEMPLATES)).skeleton


@pytest.fixture(scope="module")
def troubled() -> Page:
    return read_page(render(troubled_site()))


@pytest.fixture(scope="module")
def large() -> Page:
    return read_page(render(large_site()))


def verdict_of(page: Page) -> tuple[str, str]:
    """Return the line that counts, and how it looks."""
    (line,) = page.of("p", "verdict")
    return line.text, line.classes[1]


# The summary -----------------------------------------------------------------------------------------------------


def test_a_healthy_site_is_told_in_one_line() -> None:
    page = read_page(render(healthy_site()))
    assert verdict_of(page) == ("all pass", "ok")
    assert [each.text for each in page.of("h2")] == ["Matrix", "Causes in the matrix"]
    assert [each.text for each in page.of("span", "cell")] == ["ok"] * 5  # the last one is the legend's


def test_the_summary_counts(troubled: Page) -> None:
    assert verdict_of(troubled) == ("9 errors, 1 warning (partial)", "down")
    (title,) = troubled.of("title")
    assert title.text == "Audit of lb1.example.net: 9 errors, 1 warning"
    told = dict(zip((e.text for e in troubled.of("dt")), (e.text for e in troubled.of("dd")), strict=True))
    assert told["Asked"] == "49 cells: real servers 15, VIPs and ports 7"
    assert told["Passed"] == "35 of 49"
    assert told["Source"] == "/etc/keepalived/keepalived.conf (keepalived)"
    assert re.fullmatch(r"2023-11-1\d \d\d:\d\d:20[+-]\d\d:\d\d, in 1.2 s", told["When"])
    assert told["Note"].startswith("10.0.0.80 is forwarded to by NAT")


def test_what_was_not_asked_is_no_good_news() -> None:
    assert verdict_of(read_page(render(Audit("nothing")))) == ("nothing was asked", "flaw")
    partial = healthy_site()
    partial.gaps.append("ended by SIGINT")
    page = read_page(render(partial))
    assert verdict_of(page) == ("all pass that were asked (partial)", "flaw")
    assert "ended by SIGINT" in [each.text for each in page.of("li")]


def test_a_failure_that_no_finding_tells_is_told() -> None:
    audit = healthy_site()
    audit.cells[1].result.verdict = Verdict(Reason.CLOSED, "the server hung up")
    audit.cells[1].cause = signatures.UNCLEAR
    page = read_page(render(audit))
    assert verdict_of(page) == ("1 of 4 fail", "down")
    assert page.by_id("unexplained").text.strip() == (
        "Without a finding\n\n10.0.0.100:443 via 10.0.0.42: unclear: closed: the server hung up"
    )


def test_a_finding_about_cells_that_pass_is_no_good_news() -> None:
    audit = healthy_site()
    audit.findings.append(Finding("certificate-differs", "warning", "10.0.0.100:443", "Two certificates."))
    audit.cells[1].findings.append(audit.findings[0])
    page = read_page(render(audit))
    assert verdict_of(page) == ("1 warning", "flaw")
    assert [each.text for each in page.of("span", "flaw")] == ["certificate-differs #1", "certificate-differs"]


# The matrix ------------------------------------------------------------------------------------------------------


def test_every_cell_that_is_amiss_leads_to_its_finding(troubled: Page) -> None:
    ids = [each.attributes["id"] for each in troubled.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    links = [each.attributes["href"] for each in troubled.of("a")]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(ids), "only to places of this page, which are there"
    amiss = [each for name in ("down", "flaw", "unjudged") for each in troubled.of("span", name) if "#" in each.text]
    assert len(amiss) == 16
    for each in amiss:
        cause, number = each.text.split()[:2]
        article = troubled.by_id(f"f{number.removeprefix('#')}")
        assert article.text.count(number) == 1
        assert f"{cause} " in troubled.by_id("findings").text


def test_a_cell_with_two_faults_leads_to_the_one_that_it_names() -> None:
    audit = healthy_site()
    leak, down = Finding("arp-leak", ERROR, "here", "A leak."), Finding("service-down", ERROR, "there", "Down.")
    audit.findings += [leak, down]
    audit.cells[0].findings += [leak, down]
    audit.cells[0].cause = "service-down"
    page = read_page(render(audit))
    assert page.of("span", "flaw")[0].text == "service-down #2"
    assert "Cells: 10.0.0.100:80 via 10.0.0.42." in page.by_id("f1").text


def test_no_colour_stands_alone(troubled: Page) -> None:
    words = {name: {each.text.split()[0] for each in troubled.of("span", name)} for name in ("ok", "flaw", "unjudged")}
    assert words == {"ok": {"ok"}, "flaw": {"arp-leak"}, "unjudged": {"cannot-judge"}}


def test_a_sorry_server_is_marked(troubled: Page) -> None:
    (marked, legend) = troubled.of("span", "sorry")
    assert marked.text == "vip-missing-or-filtered #2 sorry"
    assert legend.text == "sorry"


def test_servers_that_share_nothing_stand_apart(troubled: Page) -> None:
    tables = [each.attributes["aria-label"] for each in troubled.of("div", "pool")]
    assert tables == [
        "Real servers of 10.0.0.100, 10.0.0.101",
        "Real servers of 10.0.0.102",
        "Real servers of 2001:db8::100",
    ]
    assert "53 udp" in [each.text for each in troubled.of("th")]
    assert "53 tcp" in [each.text for each in troubled.of("th")]


def test_what_was_asked_in_place_of_the_sites_check_is_said(troubled: Page) -> None:
    assert INSTEAD + " (2 cells)" in troubled.by_id("instead").text
    assert [each.attributes["title"] for each in troubled.of("span", "ok") if "title" in each.attributes] == [
        INSTEAD
    ] * 2


def test_of_many_servers_those_with_a_fault_are_shown_first(large: Page) -> None:
    rows = [each for each in large.of("tr") if each.text.startswith("10.1.0.")]
    assert (len(rows), sum("sound" in row.classes for row in rows)) == (200, 186)
    (label,) = large.of("label")
    assert label.text == "Show the 186 servers without a fault, too"
    assert label.attributes["for"] == large.of("input")[0].attributes["id"]
    assert len(large.of("td")) == 200 * 20 + 3 * 3  # and the legend


def test_few_servers_are_all_shown(troubled: Page) -> None:
    assert troubled.of("input") == []


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_of_the_table_has_a_meaning_without_a_server(cause: str) -> None:
    audit = healthy_site()
    for each in audit.cells:
        each.cause = cause
    (_, row) = read_page(render(audit)).by_id("legend").text.split("meaning")
    meaning = row.strip().partition("4")[2]
    assert re.fullmatch(r"[A-Z][^{}]+\.\)?", meaning), meaning
    assert not re.search(r"\b(\w+) \1\b|\d|_|: *\.", meaning), meaning


# The findings ----------------------------------------------------------------------------------------------------


def test_commands_are_there_to_be_copied_and_instructions_say_what_they_are() -> None:
    audit = healthy_site()
    command = "printf '%s\\n' \"a < b\" && x=$(cat /etc/<file>) > '/tmp/&amp;'\nsecond line"
    fixes = [Fix("10.0.0.42", command), Fix("this director", instruction="call the provider")]
    audit.findings.append(Finding("service-down", ERROR, "10.0.0.42", "It is down.", ["seen"], fixes))
    page = read_page(render(audit))
    assert [each.text for each in page.of("pre", "command")] == [command]
    steps = [each.text for each in page.of("li")]
    assert steps == [f"on 10.0.0.42{command}", "on this director, by hand: call the provider"]


def test_errors_come_first_and_long_evidence_is_folded(troubled: Page) -> None:
    severities = [each.text for each in troubled.of("span", "badge")]
    assert severities == ["error"] * 9 + ["warning"]
    (folded,) = troubled.of("details")
    assert folded.text == "2 more lines0.009 < header 9 of an answer that was long\n0.010 < body 0"


# A page by itself ------------------------------------------------------------------------------------------------


def test_nothing_is_fetched_and_nothing_runs(troubled: Page) -> None:
    assert {each.tag for each in troubled.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "base",
        "form",
    } == set()
    names = {name for each in troubled.elements for name in each.attributes}
    assert names & {"src", "srcset", "style", "action", "background", "ping"} == set()
    assert not [name for name in names if name.startswith("on")]
    (style,) = troubled.of("style")
    assert not re.search(r"url\(|@import|@font-face|expression|\bsrc\b", style.text)


def test_the_policy_allows_the_style_and_nothing_else(troubled: Page) -> None:
    (policy,) = [each.attributes["content"] for each in troubled.of("meta") if "http-equiv" in each.attributes]
    (style,) = troubled.of("style")
    digest = b64encode(sha256(style.text.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@given(said=HOSTILE)
def test_what_strangers_say_never_becomes_markup(said: str) -> None:
    text = render(audit_saying(said), TEMPLATES)
    assert read_page(text).skeleton == SKELETON
    text.encode("utf-8")
    assert all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\x00b", "a\\x00b"),
        ("\x1b[2J", "\\x1b[2J"),
        ("rm \u202efdp.exe", "rm \\u202efdp.exe"),
        ("\u2066x\u2069\ufeff\u200b", "\\u2066x\\u2069\\ufeff\\u200b"),
        ("\udcff", "\\udcff"),
        ("</style><script>alert(1)</script>", "</style><script>alert(1)</script>"),
        ("\"><img src=x onerror='alert(1)'>", "\"><img src=x onerror='alert(1)'>"),
        ("&lt;b&gt; &#0; &notanentity", "&lt;b&gt; &#0; &notanentity"),
        ("{{ 7 * 7 }}{% for %}", "{{ 7 * 7 }}{% for %}"),
    ],
)
def test_what_strangers_say_is_shown(said: str, shown: str) -> None:
    page = read_page(render(audit_saying(said)))
    assert page.of("pre", "command")[0].text == shown
    assert page.of("pre", "evidence")[0].text == shown
    assert page.of("title")[0].text == f"Audit of {shown}: 1 error"
    assert shown in page.of("span", "down")[0].attributes["title"]


# Colours ---------------------------------------------------------------------------------------------------------

_LEGIBLE = 4.5  # WCAG 2.2, 1.4.3, level AA, text of any size


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb, 0..1 (WCAG 2.2, glossary)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else math.pow((c + 0.055) / 1.055, 2.4) for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1..21 (WCAG 2.2, glossary)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_are_legible(troubled: Page, scheme: int) -> None:
    (style,) = troubled.of("style")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", style.text, re.S)[scheme]))
    inks = [name for name in colours if name.endswith("-ink")]
    assert len(inks) == 7
    for ink in inks:
        assert contrast(colours[ink], colours[ink.removesuffix("-ink")]) >= _LEGIBLE, ink
    for paper in ("page", "panel", "faint"):
        assert contrast(colours["page-link"], colours[paper]) >= _LEGIBLE, paper
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_cell_that_nobody_could_judge_looks_like_no_other() -> None:
    audit = healthy_site()
    audit.cells = [cell("10.0.0.42", "10.0.0.100", 80)]
    audit.cells[0].cause = signatures.CANNOT_JUDGE
    audit.cells[0].result.verdict = Verdict(Reason.CANNOT_JUDGE, "no packet socket")
    page = read_page(render(audit))
    assert page.of("span", "ok") == []
    assert len(page.of("span", "unjudged")) == 2
