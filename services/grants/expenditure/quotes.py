"""Quotation marks that are a file's and not a name's: blanks outside of them, and other marks used in their place."""

from __future__ import annotations

import re

from services.grants.expenditure.cells import SPACES

QUOTES_REMOVED = "quotes_removed"
"""A cell stood as a whole in marks that are not the file's quotation marks; it is read without them."""

BLANKS = SPACES + "\t\u1680\u2000-\u2006\u2008\u200a-\u200f\u202a-\u202e\u205f-\u2064\u2066-\u206f\u3000\ufeff\u00ad"
"""Inside brackets of a pattern: signs that show nothing."""
WRAPS = {
    "\u201c": "\u201d\u201c\u201f", "\u201d": "\u201d", "\u201e": "\u201c\u201d", "\u201f": "\u201d",
    "\uff02": "\uff02",
    "\u2018": "\u2019\u2018\u201b", "\u2019": "\u2019", "\u201a": "\u2018\u2019", "\u201b": "\u2019", "'": "'",
    "\u00ab": "\u00bb", "\u00bb": "\u00ab", "\u2039": "\u203a", "\u2033": "\u2033", "\u00b4": "\u00b4", "`": "`'\u00b4",
    '"': '"',
}  # fmt: skip
"""Marks that may stand around a whole cell → those that close it."""
SINGLE = "'\u2018\u2019\u201a\u201b\u00b4`"
INNER_MARK = re.compile(rf"(?<![^\W\d_])[{SINGLE}]|[{SINGLE}](?![^\W\d_])")
"""A single mark at the beginning or the end of a word."""
LOOK_AHEAD = 20
"""Cells over which a mark that opened may close."""


class Quotes:
    """Takes blanks away that stand between a delimiter and a quotation mark, so that the mark is known as one."""

    def __init__(self, quote: str, delimiter: str, escape: str) -> None:
        self.quote, self._delimiter = quote, delimiter
        self._before, self._behind = f" {quote}", f"{quote} "
        self._tabs = delimiter != "\t"
        self._single = (f"{delimiter}'", f"{quote}'", " '", "\t'")
        blank = "[" + BLANKS.replace(delimiter, "") + "]"
        mark, divider = re.escape(quote), re.escape(delimiter)
        end = rf"(?={divider}|[\r\n]|\Z)"
        inside = (
            rf"[^{mark}\\]*(?:(?:{mark}{mark}|\\.)[^{mark}\\]*)*"
            if escape
            else rf"[^{mark}]*(?:{mark}{mark}[^{mark}]*)*"
        )
        self._candidate = re.compile(rf"(?:\A|{divider}){blank}+{mark}|{mark}{blank}+{end}")
        self._whole = re.compile(rf"{blank}*({mark}{inside}{mark}){blank}*{end}", re.DOTALL)
        self._begun = re.compile(rf"{blank}*({mark}{inside})\Z", re.DOTALL)
        self._ended = re.compile(rf"({inside}{mark}){blank}*{end}", re.DOTALL)

    def straightened(self, line: str, *, inside: bool) -> str:
        """A line with a quotation mark as CSV wants it. `inside`: it begins in a quoted cell of the line above."""
        if self._before in line or self._behind in line or (self._tabs and "\t" in line) or not line.isascii():
            return self._without_blanks(line, inside=inside) if self._candidate.search(line) else line
        return line

    def may_wrap(self, line: str) -> bool:
        """Whether an apostrophe of a line may stand around a cell."""
        return line[0] == "'" or any(text in line for text in self._single)

    def _without_blanks(self, line: str, *, inside: bool) -> str:
        parts, place = [], 0
        while True:
            if match := (self._ended if inside else self._whole).match(line, place):
                parts.append(match[1])
                place = match.end()
            elif inside:
                return line
            elif match := self._begun.match(line, place):
                return "".join([*parts, match[1]])
            else:
                # Its marks, if it has any, do not stand around the whole cell: they are its own.
                end = line.find(self._delimiter, place)
                end = len(line) if end < 0 else end
                parts.append(line[place:end])
                place = end
            inside = False
            if not line.startswith(self._delimiter, place):
                return "".join([*parts, line[place:]])
            parts.append(self._delimiter)
            place += len(self._delimiter)


def without_wraps(cells: list[str], quote: str, delimiter: str, width: int | None) -> list[str] | None:
    """The cells without marks that stand around them in place of the file's quotation marks; None where none do.

    A delimiter between such marks divides no cells where the record has too many for its header otherwise.
    """
    whole = _joined(cells, quote, delimiter, width) if width is not None and len(cells) > width else cells
    bare = [_bare(cell, quote) for cell in whole]
    return bare if bare != cells else None


def _bare(cell: str, quote: str) -> str:
    text = cell.strip()
    closing = WRAPS.get(text[:1])
    if closing is None or len(text) < 2 or text[0] == quote or text[-1] not in closing:
        return cell
    inner = text[1:-1]
    if text[0] not in SINGLE:
        return cell if text[0] in inner or text[-1] in inner else inner
    # An apostrophe within a word is no mark; one behind a word (`Hirers'`) is none either where it stands alone.
    marks = list(INNER_MARK.finditer(inner))
    alone = len(marks) == 1 and inner[marks[0].start() - 1 : marks[0].start()].isalpha()
    return inner if not marks or alone else cell


def _joined(cells: list[str], quote: str, delimiter: str, width: int) -> list[str]:
    """The cells with those put together again that stand between marks; as they are where that is not the answer."""
    found: list[str] = []
    place = 0
    while place < len(cells):
        text = cells[place].strip()
        closing = WRAPS.get(text[:1]) if text[:1] != quote else None
        if closing and not (len(text) > 1 and text[-1] in closing):
            for end in range(place + 1, min(place + LOOK_AHEAD, len(cells))):
                if cells[end].rstrip()[-1:] in tuple(closing):
                    found.append(delimiter.join(cells[place : end + 1]))
                    place = end + 1
                    break
            else:
                found.append(cells[place])
                place += 1
        else:
            found.append(cells[place])
            place += 1
    return found if len(found) == width else cells
