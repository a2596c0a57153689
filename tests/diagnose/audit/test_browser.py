# SPDX-License-Identifier: GPL-2.0-or-later
"""The page in a real browser: what it builds, fetches and shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lvs_rawcheck.diagnose.audit.html import render
from tests.diagnose.audit.browser import DARK, LIGHT, Browser
from tests.diagnose.audit.hostile import BREAKERS, audit_saying
from tests.diagnose.audit.page_reader import read_page
from tests.diagnose.audit.sites import large_site, troubled_site

pytestmark = [pytest.mark.full, pytest.mark.netns]

IMAGE = '<img alt="" src="http://192.0.2.1/picture.png">'
POLICY = re.compile(r"<meta http-equiv=[^>]*>")
# How wide page and window are; then where headings and first column of the matrix stand once it was scrolled.
MEASURE = """<script>
onload = () => {
  const place = element => element.getBoundingClientRect();
  const page = document.documentElement, pool = document.querySelector(".pool");
  const measures = {page: page.scrollWidth, window: page.clientWidth};
  pool.scrollTo(300, 300);
  requestAnimationFrame(() => {
    const table = place(pool), row = pool.querySelectorAll("tbody th")[9];
    measures.scrolled = [pool.scrollLeft, pool.scrollTop];
    measures.above = place(pool.querySelector("thead th")).top - table.top;
    measures.beside = place(row).left - table.left;
    document.body.innerHTML = "<pre id='measures'></pre>";
    document.getElementById("measures").textContent = JSON.stringify(measures);
  });
};
</script>"""


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path)


def test_it_is_built_as_it_is_written(browser: Browser) -> None:
    page = render(troubled_site())
    dom, console = browser.dom(page)
    assert read_page(dom).skeleton == read_page(page).skeleton
    assert console == []


def test_what_strangers_say_is_text_in_a_browser_too(browser: Browser) -> None:
    page = render(audit_saying("".join(BREAKERS) + "<script>document.title = 'broken'</script>"))
    dom, console = browser.dom(page)
    assert read_page(dom).skeleton == read_page(page).skeleton
    assert [each.text for each in read_page(dom).of("pre", "command")] == [
        each.text for each in read_page(page).of("pre", "command")
    ]
    assert console == []


def test_nothing_is_asked_of_a_network(browser: Browser) -> None:
    page = render(troubled_site())
    assert browser.requests(page) == []
    careless = POLICY.sub("", page).replace("</main>", f"{IMAGE}</main>")
    assert browser.requests(careless) == ["http://192.0.2.1/picture.png"], "else this test would see nothing"


def test_the_policy_forbids_what_might_slip_in(browser: Browser) -> None:
    page = render(troubled_site()).replace("</main>", f"{IMAGE}<script>document.title = 'broken'</script></main>")
    dom, console = browser.dom(page)
    assert read_page(dom).of("title")[0].text.startswith("Audit of lb1")
    assert len(console) == 2, console
    assert browser.requests(page) == []


@pytest.mark.parametrize(("flag", "scheme"), [(LIGHT, 0), (DARK, 1)], ids=["light", "dark"])
def test_it_is_light_or_dark_as_the_reader_likes(browser: Browser, flag: str, scheme: int) -> None:
    page = render(troubled_site())
    picture = browser.screenshot(page, 1280, 800, flag)
    assert (picture.width, picture.height) == (1280, 800)
    assert picture.corner == re.findall(r"--page: (#\w+);", page)[scheme]


@pytest.mark.parametrize("width", [1280, 500], ids=["wide", "narrow"])  # no window is narrower
def test_a_large_matrix_scrolls_in_its_own_frame_under_its_headings(browser: Browser, width: int) -> None:
    page = render(large_site())
    page = POLICY.sub("", page).replace('id="all"', 'id="all" checked').replace("</main>", f"</main>{MEASURE}")
    dom, console = browser.dom(page, f"--window-size={width},800")
    assert console == []
    measures = json.loads(read_page(dom).by_id("measures").text)
    assert measures["window"] == width
    assert measures["page"] <= width
    assert measures["scrolled"][1] == 300
    assert measures["scrolled"][0] == 300 or width == 1280, "there it fits"
    assert (abs(measures["above"]) <= 1, abs(measures["beside"]) <= 1) == (True, True), measures


def test_it_can_be_printed(browser: Browser) -> None:
    printed = browser.pdf(render(troubled_site()))
    assert printed.startswith(b"%PDF-")
    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert len(sheets) >= 2
    assert all(float(across) > float(down) for across, down in sheets), "laid across"
