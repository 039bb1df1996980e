"""What anyone may read: only what an edition published, as JSON, CSV, picture and page, without a name too many."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from services.transparency.pay.publication import draft_multiple
from services.transparency.people.picture import chart_svg
from services.transparency.people.publication import draft_structure
from shared.http import HouseRoute
from tests.harness import Running
from tests.transparency.people.bench import (
    MANAGER,
    SYNTHETIC,
    as_csv,
    decide,
    drafted,
    imported,
    post,
    publish,
    records,
)

CHART = "/v1/organisation-chart/body/2018-03-31"
ROOMS = ("/v1/posts", "/v1/organisation-chart", "/v1/pay-runs", "/v1/pay-multiple")
SVG = "{http://www.w3.org/2000/svg}"


def public_paths(transparency: Running) -> list[str]:
    """Every public address of these rooms, filled in."""
    found = []
    for router in transparency.service.routers:
        for route in router.routes:
            assert isinstance(route, HouseRoute)
            if route.access is not None and route.access.public and route.path.startswith(ROOMS):
                path = route.path.format(publisher="body", day="2018-03-31", year="2017-18")
                found.append(f"{path}?publisher=body" if path.startswith("/v1/posts") else path)
    return sorted(found)


async def test_no_public_route_shows_a_planted_name_or_salary_before_or_after_publication(
    transparency: Running,
) -> None:
    """Section 3, T-33, T-37: nothing before an edition, then only what the rules allow."""
    planted = post(
        "A2", "83333.00", bonus="7777.00", objection="raised", holder_name="Planted Person", person_id="planted-number"
    )
    shown = post("A3", "91919.00", holder_name="Other Planted", benefits_in_kind="4242.00", person_id="planted-too")
    await imported(transparency, as_csv(MANAGER, planted, shown, post("A4", "20202.00")))
    finance = transparency.as_("transparency:finance", sub="person:fay")
    run = await finance.post("/v1/pay-runs", json={"publisher": "body", "pay_date": "2018-03-31"})
    await transparency.as_("transparency:approver", sub="person:abe").post(
        f"/v1/pay-runs/{run.json()['pay_run_id']}/approvals"
    )
    paths = public_paths(transparency)
    assert len(paths) == 11
    waiting = await drafted(transparency, draft_multiple)
    await publish(transparency, "pay_multiple", waiting, state="checked")
    for path in paths:
        answer = await transparency.anonymous.get(path)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_published"), path
    await decide(transparency, "A2")
    await publish(transparency, "organisation_structure", await drafted(transparency, draft_structure))
    await publish(transparency, "pay_multiple", waiting)
    secrets = (
        "Planted", "planted", "83333", "8333300", "91919", "9191900", "7777", "4242", "20202", "2020200", "A2", "A4",
        "person:",
    )  # fmt: skip
    for path in paths:
        answer = await transparency.anonymous.get(path)
        assert answer.status_code == 200, path
        for secret in secrets:
            assert secret not in answer.text, f"{path} shows {secret}"
    assert "90000-94999" in (await transparency.anonymous.get(f"{CHART}/posts.csv")).text
    for path in ("/v1/pay-runs?publisher=body", f"/v1/pay-runs/{run.json()['pay_run_id']}", f"{CHART}/preview"):
        assert (await transparency.anonymous.get(path)).status_code == 401


async def test_the_published_chart_is_a_tree_with_levels_and_two_tables(transparency: Running) -> None:
    """T-36, T-37."""
    await imported(transparency, SYNTHETIC, rows_of="example-lead")
    await decide(transparency, "L005")
    await publish(transparency, "organisation_structure", await drafted(transparency, draft_structure))
    answer = await transparency.anonymous.get(CHART)
    chart = answer.json()
    assert (chart["posts"], chart["posts_withheld"], chart["edition"], len(chart["tree"])) == (33, 1, 1, 1)
    top = chart["tree"][0]
    assert (top["post_id"], top["level"], top["names"]) == ("L001", 1, ["Aled Specimen"])
    assert [below["post_id"] for below in top["reports"]] == ["L002", "L003", "L004", "L040", "L041"]
    unchanged = await transparency.anonymous.get(CHART, headers={"If-None-Match": answer.headers["etag"]})
    assert unchanged.status_code == 304
    posts = records((await transparency.anonymous.get(f"{CHART}/posts.csv")).content)
    edges = records((await transparency.anonymous.get(f"{CHART}/edges.csv")).content)
    assert (len(posts), len(edges)) == (33, 32)
    assert ("L012", "L043") in {(edge["senior_post_id"], edge["junior_post_id"]) for edge in edges}
    shared = next(row for row in posts if row["post_id"] == "L017")
    assert (shared["holders"], shared["salary_bands"], shared["fte"]) == ("2", "70000-74999", "1.00")
    listed: list[str] = []
    path: str | None = "/v1/posts?publisher=body&applicable_date=2018-03-31&limit=20"
    while path:
        page = (await transparency.anonymous.get(path)).json()
        listed += [item["post_id"] for item in page["items"]]
        path = page["links"]["next"].removeprefix("http://test/transparency") if page["links"]["next"] else None
    assert listed == sorted(row["post_id"] for row in posts)
    other = await transparency.anonymous.get("/v1/organisation-chart/body/2017-09-30")
    assert (other.status_code, other.json()["errors"][0]["code"]) == (404, "not_published")
    assert "as at 2018-03-31, not 2017-09-30" in other.json()["detail"]


async def test_the_picture_is_narrow_and_readable_by_keyboard_and_without_sight(transparency: Running) -> None:
    """T-30: every box within a phone's width, each a link to the entry on the page, no script, a text alternative."""
    await imported(transparency, SYNTHETIC, rows_of="example-lead")
    await decide(transparency, "L005")
    await publish(transparency, "organisation_structure", await drafted(transparency, draft_structure))
    answer = await transparency.anonymous.get(f"{CHART}.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    picture = ElementTree.fromstring(answer.text)
    assert picture.get("viewBox", "").split()[2] == "360"
    for box in picture.iter(f"{SVG}rect"):
        left, width = float(box.get("x", "")), float(box.get("width", ""))
        assert left >= 0
        assert left + width <= 360
        assert width >= 200
    links = list(picture.iter(f"{SVG}a"))
    assert len(links) == 33
    page = (await transparency.anonymous.get(f"{CHART}.html")).text
    for link in links:
        address, _, anchor = link.get("href", "").partition("#")
        assert address == f"http://test/transparency{CHART}.html"
        assert f'id="{anchor}"' in page
        assert link.get("aria-label")
    labelled = [element.get("id") for element in picture if element.tag in (f"{SVG}title", f"{SVG}desc")]
    assert picture.get("aria-labelledby") == " ".join(str(name) for name in labelled)
    for text in picture.iter(f"{SVG}text"):
        assert float(text.get("x", "")) + len(text.text or "") * (9 if text.get("class") == "t" else 7.5) <= 348
    alternative = picture.findtext(f"{SVG}desc") or ""
    assert "Data Specialist (L043) reports to Head of Finance; £50,000 to £54,999, 1.00 FTE." in alternative
    assert "Withheld after an objection: 1." in alternative
    boxes = {link.get("href", "").rpartition("-")[2]: "".join(link.itertext()) for link in links}
    for number, words in (("L011", "vacant"), ("L017", "job share"), ("L008", "0.80 FTE")):
        assert words in boxes[number]
    for document in (answer.text, page):
        assert not re.search(r"<script|\son\w+=", document)
    assert page.count("<details>") == 33
    assert 'name="viewport"' in page
    assert '<html lang="en-GB">' in page


def test_a_narrow_tree_stands_side_by_side_and_overlaps_nowhere() -> None:
    """T-30."""

    def entry(number: str, above: str | None, depth: int) -> dict[str, object]:
        return {
            "post_id": number, "reports_to": above, "depth": depth, "job_title": f"Adviser & editor {number} <long>",
            "salary_bands": ["60000-64999"], "employment_type": "permanent", "fte": "1.00", "vacancy": False,
            "holders": 1, "shared_with": None, "is_link": False,
        }  # fmt: skip

    content = {
        "organisation": "Body & Co", "applicable_date": "2018-03-31", "posts_withheld": 0,
        "posts": [entry("A", None, 1), entry("B", "A", 2), entry("C", "A", 2)],
    }  # fmt: skip
    boxes = [
        [float(rect.get(name, "")) for name in ("x", "y", "width", "height")]
        for rect in ElementTree.fromstring(chart_svg(content, "")).iter(f"{SVG}rect")
    ]
    (_, top, _, height), (left, y1, width, _), (right, y2, last, _) = boxes
    assert y1 == y2 > top + height
    assert left + width <= right
    assert right + last <= 360


def test_a_deep_chart_stays_within_the_page() -> None:
    """T-30: 14 levels under each other, and beside them enough to be drawn as a list."""
    posts: list[dict[str, object]] = [
        {
            "post_id": f"A{depth:02d}", "reports_to": f"A{depth - 1:02d}" if depth > 1 else None, "depth": depth,
            "job_title": "Adviser", "salary_bands": [], "employment_type": "contractor", "fte": None, "vacancy": False,
            "holders": 1, "shared_with": None, "is_link": False,
        }
        for depth in range(1, 15)
    ]  # fmt: skip
    posts += [{**posts[1], "post_id": f"B{number}"} for number in range(3)]
    content = {"organisation": "Body", "applicable_date": "2018-03-31", "posts_withheld": 0, "posts": posts}
    for rect in ElementTree.fromstring(chart_svg(content, "")).iter(f"{SVG}rect"):
        assert float(rect.get("x", "")) + float(rect.get("width", "")) <= 360
        assert float(rect.get("width", "")) >= 200


async def test_a_preview_is_for_those_who_prepare_it(transparency: Running) -> None:
    """T-37: what waits for a decision is left out as if upheld."""
    await imported(transparency, as_csv(MANAGER, post("A2", objection="raised"), post("A3")))
    preview = await transparency.as_("transparency:preparer").get(f"{CHART}/preview")
    assert (preview.json()["posts"], preview.json()["edition"], preview.json()["posts_withheld"]) == (2, None, 1)
    assert "Holder A3" not in preview.text
    other = transparency.as_("transparency:preparer", organisations=["other"])
    assert (await other.get(f"{CHART}/preview")).status_code == 404
