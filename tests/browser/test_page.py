"""The page in a real browser, against a fake sensor with a strict content policy."""

import re
import time
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="no playwright")

from playwright.sync_api import Page, expect

expect.set_options(timeout=10_000)  # a dead link may take as long to show

ROWS = ".flows tbody tr:not(.spacer)"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NARROW = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}
DARK = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"


def loaded(page: Page) -> None:
    """Wait for the first flows and the first second."""
    expect(page.locator("h1")).to_contain_text("Watching eth0")
    expect(page.locator(ROWS)).to_have_count(25)


def labels(page: Page) -> list[str]:
    """Return the names of the rows for screen readers, which tell flows apart."""
    script = "rows => rows.map(row => row.getAttribute('aria-label') + row.title)"
    found: list[str] = page.locator(f"{ROWS} .row-open").evaluate_all(script)
    return found


def test_it_shows_what_goes_on_now(page: Page) -> None:
    loaded(page)
    expect(page.locator("h1")).to_contain_text("nothing lost")
    expect(page.locator(".pill")).to_have_text("Live")
    expect(page.locator(".chart canvas")).to_be_visible()
    expect(page.locator(".card-health")).to_contain_text("Saw 100\u202f% of packets")
    expect(page.locator(".card-talkers li").first).to_contain_text("NAS-2")
    expect(page.locator(".card-countries li").first).to_contain_text("Netherlands")
    expect(page.locator(".bottom")).to_contain_text("Example IP data")
    heads = page.locator(".flows th").all_text_contents()
    assert heads == [
        "Status", "Time", "Direction", "From", "To", "Geography", "Protocol", "Packets", "Bytes",
    ]  # fmt: skip
    before = page.locator(".figure").first.text_content() or ""
    expect(page.locator(".figure").first).not_to_have_text(before)


def test_new_flows_come_in_on_top(page: Page) -> None:
    loaded(page)
    page.mouse.move(5, 5)
    newest = page.locator(f"{ROWS} .row-open").first
    before = newest.get_attribute("title") or ""
    expect(newest).not_to_have_attribute("title", before)
    assert page.locator(ROWS).count() == 25


def test_a_typed_filter_goes_to_the_server_and_into_the_address(page: Page) -> None:
    loaded(page)
    box = page.locator("#flow-search")
    box.fill("Germany")
    expect(page.locator(".search-hint")).to_contain_text("Country Germany")
    with page.expect_response(re.compile(r"/api/v1/flows\?country=DE&")):
        box.press("Enter")
    expect(page).to_have_url(re.compile(r"\?country=DE$"))
    expect(page.locator(".chip")).to_contain_text("Germany")
    expect(page.locator(ROWS).first.locator(".c-where")).to_contain_text("Germany")
    assert set(page.locator(f"{ROWS} .c-where .value").all_text_contents()) == {"Germany"}
    page.reload()
    expect(page.locator(".chip")).to_contain_text("Germany")
    page.go_back()
    expect(page.locator(".chip")).to_have_count(0)
    loaded(page)


def test_a_click_on_a_value_asks_for_its_like(page: Page) -> None:
    loaded(page)
    row = page.locator(ROWS).filter(has_text="TV-lounge").first
    row.locator(".c-from .value", has_text="192.168.1.31").click()
    expect(page).to_have_url(re.compile("address=192.168.1.31"))
    expect(page.locator(ROWS).first).to_contain_text("TV-lounge")
    page.get_by_label("Protocol", exact=True).select_option("udp")
    expect(page).to_have_url(re.compile("proto=udp"))
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_a_count_leads_to_its_flows(page: Page) -> None:
    loaded(page)
    page.locator(".card-countries button").first.click()
    expect(page).to_have_url(re.compile("country=NL"))
    page.locator(".card-talkers button").first.click()
    expect(page).to_have_url(re.compile(r"\?address=192.168.1.20$"))


def test_a_filter_the_server_refuses_or_nothing_matches_says_so(page: Page) -> None:
    loaded(page)
    page.locator("#flow-search").fill("name:nobody.invalid")
    page.locator("#flow-search").press("Enter")
    expect(page.locator(".empty")).to_contain_text("No stored flow matches")
    page.get_by_role("button", name="Clear the filter").click()
    loaded(page)


def test_details_open_by_keyboard_and_give_the_focus_back(page: Page) -> None:
    loaded(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    opener = page.locator(":focus")
    expect(opener).to_have_class("row-open")
    name = opener.get_attribute("aria-label")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Flow details")
    expect(panel).to_contain_text("Community ID")
    expect(panel).to_contain_text("In words")
    expect(page).to_have_url(re.compile(r"flow=\d+"))
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.locator(":focus")).to_have_attribute("aria-label", name or "")


def test_details_have_an_address_of_their_own(page: Page, sensor: Any) -> None:
    page.goto(f"{sensor.url}?flow=7")
    expect(page.get_by_role("dialog", name="Flow details")).to_contain_text("5-tuple")
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_url(sensor.url)
    page.go_back()


def test_copying_works_without_the_clipboard_api(page: Page, sensor: Any) -> None:
    page.add_init_script(NO_CLIPBOARD)
    page.goto(f"{sensor.url}?flow=7")
    panel = page.get_by_role("dialog", name="Flow details")
    panel.get_by_role("button", name="Copy Community ID").click()
    expect(panel.get_by_text("Copied").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#flow-search").press("Control+v")
    expect(page.locator("#flow-search")).to_have_value("1:wCb3OG7yAFWelaUydu0D+125CLM=")


def test_pause_holds_the_rows_and_counts_what_waits(page: Page) -> None:
    loaded(page)
    page.get_by_role("button", name="Pause").click()
    before = labels(page)
    expect(page.get_by_role("button", name=re.compile(r"\d+ new, show"))).to_be_visible()
    assert labels(page) == before
    page.get_by_role("button", name=re.compile(r"\d+ new, show")).click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert labels(page) != before


def test_no_row_moves_under_the_pointer(page: Page) -> None:
    loaded(page)
    page.locator(ROWS).nth(2).hover()
    before = labels(page)
    expect(page.locator(".new-flows")).to_be_visible()
    assert labels(page) == before
    page.mouse.move(5, 5)
    expect(page.locator(".new-flows")).to_have_count(0)


def test_older_flows_are_fetched_and_the_list_stands_still(page: Page) -> None:
    loaded(page)
    for _ in range(4):
        page.get_by_role("button", name="Older flows").click()
    table = page.locator(".flows")
    expect(table).to_have_attribute("aria-rowcount", "226")
    drawn = page.locator(ROWS).count()
    assert drawn < 100, "rows out of view must not be drawn"
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(f"{ROWS}[aria-rowindex='226']")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(table).to_have_attribute("aria-rowcount", "26")


def test_a_dead_link_shows_within_ten_seconds_and_heals(page: Page, sensor: Any) -> None:
    loaded(page)
    page.watched.expected_outage = True  # type: ignore[attr-defined]
    sensor.stop()
    begun = time.monotonic()
    expect(page.locator(".pill")).to_contain_text("Not live since")
    assert time.monotonic() - begun < 10
    expect(page.locator("h1")).to_contain_text("No news from the sensor since")
    expect(page.locator(".card-traffic")).to_have_class(re.compile("stale"))
    expect(page.locator(".card-traffic .as-of")).to_contain_text("as of")
    sensor.start()
    expect(page.locator(".pill")).to_have_text("Live", timeout=20_000)
    expect(page.locator("h1")).to_contain_text("Watching eth0")


def test_silence_on_an_open_link_is_noticed_too(page: Page, sensor: Any) -> None:
    loaded(page)
    sensor.turn("silent=1")
    expect(page.locator(".pill")).to_contain_text("Not live since")
    sensor.turn("silent=0")
    expect(page.locator(".pill")).to_have_text("Live", timeout=20_000)


def test_losses_come_first(page: Page, sensor: Any) -> None:
    loaded(page)
    sensor.turn("dropping=5000")
    expect(page.locator("h1")).to_contain_text("of the packets in the last minute")
    expect(page.locator(".verdict")).to_have_class(re.compile("warn"))
    expect(page.locator(".row-lost")).to_contain_text("Kernel ring")
    sensor.turn("down=1")
    expect(page.locator("h1")).to_have_text("Seeing nothing: eth0 is down")


def test_a_failing_server_keeps_the_page(page: Page, sensor: Any) -> None:
    loaded(page)
    page.watched.expected_outage = True  # type: ignore[attr-defined]
    sensor.turn("failing=1")
    page.get_by_role("button", name="24 h").click()
    expect(page.locator(".card-traffic")).to_contain_text("answered with an error (500)")
    page.locator("#flow-search").fill("443")
    page.locator("#flow-search").press("Enter")
    expect(page.locator(".failure")).to_contain_text("answered with an error (500)")
    sensor.turn("failing=0")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(ROWS).first).to_be_visible()


def test_an_empty_sensor_says_why(page: Page, sensor: Any) -> None:
    sensor.turn("empty=1")
    page.reload()
    expect(page.locator(".card-flows .empty")).to_contain_text("No flow has ended yet")
    expect(page.locator(".card-talkers .empty")).to_be_visible()
    expect(page.locator(".card-countries .empty")).to_be_visible()


def test_a_gap_in_the_record_is_named(page: Page) -> None:
    loaded(page)
    page.get_by_role("button", name="24 h").click()
    expect(page.locator("figcaption")).to_contain_text("no record")
    expect(page).to_have_url(re.compile("range=24h"))
    page.get_by_role("button", name="Show as table").click()
    expect(page.locator(".chart-table")).to_contain_text("no record")


@pytest.mark.parametrize("options", [DARK])
def test_the_theme_follows_the_system_until_chosen(page: Page) -> None:
    loaded(page)
    background = "getComputedStyle(document.body.parentElement).backgroundColor"
    assert page.evaluate(background) == "rgb(15, 19, 24)"
    page.get_by_role("button", name=re.compile("Change to light")).click()
    assert page.evaluate(background) == "rgb(246, 247, 249)"
    page.reload()
    assert page.evaluate(background) == "rgb(246, 247, 249)"


@pytest.mark.parametrize("options", [PHONE, NARROW], ids=["390", "320"])
def test_a_phone_needs_no_sideways_scrolling(page: Page) -> None:
    loaded(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator(ROWS).first.tap()
    panel = page.get_by_role("dialog", name="Flow details")
    expect(panel).to_be_visible()
    assert panel.evaluate("panel => panel.scrollWidth - panel.clientWidth") <= 0
    small = page.evaluate(
        "[...document.querySelectorAll('.dialog button, .top button, .filters button, select')]"
        ".filter(one => one.offsetWidth && Math.min(one.offsetWidth, one.offsetHeight) < 24).length"
    )
    assert small == 0, "a target smaller than 24 px"


def test_names_from_the_network_stay_text(page: Page) -> None:
    loaded(page)
    expect(page.locator(".card-talkers")).to_contain_text("<script>window.hacked=1</script>")
    expect(page.locator(".card-talkers")).to_contain_text("טלפון של נועה")
    page.locator("#flow-search").fill("onerror")
    page.locator("#flow-search").press("Enter")
    expect(page.locator(ROWS).first.locator(".c-to")).to_contain_text("<img src=x onerror=")
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    expect(page.locator(".bottom")).to_contain_text("Sly")


def test_keys_work_and_can_be_switched_off(page: Page) -> None:
    loaded(page)
    page.keyboard.press("/")
    expect(page.locator("#flow-search")).to_be_focused()
    page.keyboard.type("p/?")
    expect(page.locator("#flow-search")).to_have_value("p/?")
    page.locator("#flow-search").blur()
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile("range=1h"))
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    sheet.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.keyboard.press("?")
    expect(sheet).to_have_count(0)


def test_everything_has_a_name_and_one_heading_leads(page: Page) -> None:
    loaded(page)
    assert page.locator("h1").count() == 1
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, select, a')].filter(one =>"
        " !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length)).length"
    )
    assert nameless == 0
    assert page.locator("main, header.top, footer").count() == 3
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
