"""The chart as a picture: boxes drawn from the published data, narrow enough for a phone, readable without sight."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

WIDTH = 360
"""Of the drawing; a phone shows it at its own size."""
GAP, PAD, LINE = 12, 10, 18
INDENT = 16
NARROWEST = 200
SIGN_WIDTH, BOLD_WIDTH = 8.0, 9.2
"""Of a letter at this size, generously: fonts differ."""
MOST_SIDE_BY_SIDE = 2

STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#111}.t{font-weight:bold}"
    "rect{fill:#fff;stroke:#0b4a8f;stroke-width:1.5}.v rect{stroke-dasharray:6 4;fill:#f4f4f4}"
    "path{fill:none;stroke:#595959;stroke-width:1.5}a:focus rect{stroke:#b35900;stroke-width:4}"
    "a:hover rect{fill:#eef4fb}"
)


@dataclass(frozen=True)
class Box:
    """Where a post stands in the picture, and its lines of text."""

    post: Mapping[str, Any]
    x: float
    y: float
    width: float
    lines: tuple[str, ...]
    title_lines: int

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 2 * PAD - 4


def chart_svg(content: Mapping[str, Any], page: str) -> str:
    """A picture whose boxes lead to `page`, an address that holds each post at `#post-…`."""
    posts = content["posts"]
    side_by_side = _leaves(posts) <= MOST_SIDE_BY_SIDE
    boxes = _tree(posts) if side_by_side else _list(posts)
    height = max((box.y + box.height for box in boxes.values()), default=LINE * 2) + GAP
    title = f"Organisation chart of {content['organisation']} as at {_day(content['applicable_date'])}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="100%" '
        f'style="max-width:{WIDTH * 2}px" role="group" aria-labelledby="chart-title chart-text" lang="en-GB">',
        f'<title id="chart-title">{escape(title)}</title>',
        f'<desc id="chart-text">{escape(text_alternative(content))}</desc>',
        f"<style>{STYLE}</style>",
        '<g aria-hidden="true">',
        *(
            _line(boxes[post["reports_to"]], boxes[post["post_id"]], side_by_side)
            for post in posts
            if post["reports_to"]
        ),
        "</g>",
        '<g role="list">',
        *(_box(boxes[post["post_id"]], page) for post in posts),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def text_alternative(content: Mapping[str, Any]) -> str:
    """The chart in one sentence a post, from the top down."""
    posts = content["posts"]
    titles = {post["post_id"]: post["job_title"] for post in posts}
    sentences = [f"{len(posts)} posts are shown."]
    if content["posts_withheld"]:
        sentences.append(f"Withheld after an objection: {content['posts_withheld']}.")
    for post in posts:
        above = f" reports to {titles[post['reports_to']]}" if post["reports_to"] else " is at the top"
        sentences.append(f"{post['job_title']} ({post['post_id']}){above}; {', '.join(facts(post))}.")
    return " ".join(sentences)


def facts(post: Mapping[str, Any]) -> list[str]:
    """What a box says below the title: band, FTE, vacancy, and whose post it is."""
    if post["is_link"]:
        return [f"shared post, full entry at {post['shared_with']}"]
    found = []
    if post["salary_bands"]:
        found.append(" and ".join(_band(band) for band in post["salary_bands"]))
    elif post["employment_type"] == "contractor":
        found.append("contractor, no salary")
    else:
        found.append("no salary band shown")
    if post["fte"] is not None:
        found.append(f"{post['fte']} FTE")
    if post["vacancy"]:
        found.append("vacant")
    if post["holders"] > 1:
        found.append("job share")
    if post["shared_with"]:
        found.append("shared post")
    return found


def _band(band: str) -> str:
    floor, ceiling = band.split("-")
    return f"£{int(floor):,} to £{int(ceiling):,}"


def _list(posts: Sequence[Mapping[str, Any]]) -> dict[str, Box]:
    """One box below the other, indented by depth: never wider than the page."""
    boxes, y = {}, float(GAP)
    for post in posts:
        x = GAP + min(INDENT * (post["depth"] - 1), WIDTH - 2 * GAP - NARROWEST)
        box = _boxed(post, x, y, WIDTH - GAP - x)
        boxes[post["post_id"]] = box
        y += box.height + GAP
    return boxes


def _tree(posts: Sequence[Mapping[str, Any]]) -> dict[str, Box]:
    """A row for each depth; every post stands over the middle of those beneath it."""
    beneath = _beneath(posts)
    slots: dict[str, tuple[float, float]] = {}
    taken = 0.0
    for post in reversed(posts):
        below = [slots[child] for child in beneath.get(post["post_id"], [])]
        if below:
            slots[post["post_id"]] = (min(start for start, _ in below), max(end for _, end in below))
        else:
            slots[post["post_id"]] = (taken, taken + 1)
            taken += 1
    slot = (WIDTH - 2 * GAP) / max(taken, 1)
    boxes: dict[str, Box] = {}
    y = float(GAP)
    for depth in sorted({post["depth"] for post in posts}):
        row = [post for post in posts if post["depth"] == depth]
        for post in row:
            # Slots were given out from the right, because posts were met from the last to the first.
            start, end = taken - slots[post["post_id"]][1], taken - slots[post["post_id"]][0]
            width = min((end - start) * slot - GAP, WIDTH / 1.5) if taken > 1 else WIDTH - 2.0 * GAP
            x = GAP + (start + end) / 2 * slot - width / 2
            boxes[post["post_id"]] = _boxed(post, x, y, width)
        y += max(boxes[post["post_id"]].height for post in row) + 2 * GAP
    return boxes


def _boxed(post: Mapping[str, Any], x: float, y: float, width: float) -> Box:
    signs = max(int((width - 2 * PAD) / SIGN_WIDTH), 8)
    title = textwrap.wrap(post["job_title"], max(int((width - 2 * PAD) / BOLD_WIDTH), 8)) or [post["post_id"]]
    below = [line for fact in facts(post) for line in textwrap.wrap(fact, signs)]
    return Box(post, x, y, width, (*title, *below), len(title))


def _box(box: Box, page: str) -> str:
    post = box.post
    label = f"{post['job_title']}, {', '.join(facts(post))}"
    lines = "".join(
        f'<text x="{box.x + PAD:g}" y="{box.y + PAD + 10 + number * LINE:g}"'
        f"{' class=' + quoteattr('t') if number < box.title_lines else ''}>{escape(line)}</text>"
        for number, line in enumerate(box.lines)
    )
    link = f"{page}#post-{post['post_id']}"
    vacant = ' class="v"' if post["vacancy"] else ""
    return (
        f'<g role="listitem"{vacant}><a href={quoteattr(link)} aria-label={quoteattr(label)}>'
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="4"/>{lines}</a></g>'
    )


def _line(above: Box, below: Box, side_by_side: bool) -> str:
    if side_by_side:
        middle, end = above.x + above.width / 2, below.x + below.width / 2
        turn = below.y - GAP
        return f'<path d="M{middle:g} {above.y + above.height:g}V{turn:g}H{end:g}V{below.y:g}"/>'
    start = above.x + min(INDENT / 2, max(below.x - above.x, 4) / 2)
    return f'<path d="M{start:g} {above.y + above.height:g}V{below.y + PAD + 6:g}H{below.x:g}"/>'


def _beneath(posts: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for post in posts:
        if post["reports_to"]:
            found.setdefault(post["reports_to"], []).append(post["post_id"])
    return found


def _leaves(posts: Sequence[Mapping[str, Any]]) -> int:
    beneath = _beneath(posts)
    return sum(post["post_id"] not in beneath for post in posts)


def _day(text: str) -> str:
    year, month, day = text.split("-")
    return f"{day}/{month}/{year}"
