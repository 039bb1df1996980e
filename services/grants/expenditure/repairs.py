"""Text that somebody decoded wrongly before it was sent: known by its signs, put right where one reading is possible.

UTF-8 that was read as Windows text and written again stands as `CafÃ©`; done twice, as `CafÃƒÂ©`. What was meant is
found by going back the same way. Real text is left as it is: `SÃO`, a lone `Â`, `CAFÉ’S`.
"""

from __future__ import annotations

import re

REPAIRED = "text_repaired"
"""Characters of the line were mangled before it was sent, and are put right."""
DECODED_TWICE = "text_decoded_twice"
"""Text of the line may have been decoded wrongly before it was sent; it stands as it came."""
LOST = "text_lost"
"""Text of the line holds U+FFFD: what stood there was lost before it was sent."""

ROUNDS = 4
CACHE_SIZE = 20_000
REPLACEMENT = "\ufffd"

_WINDOWS = {bytes([code]).decode("cp1252", errors="ignore"): code for code in range(0x80, 0xA0)}
_TO_BYTES = str.maketrans({sign: chr(code) for sign, code in _WINDOWS.items() if sign})
_SEQUENCE = re.compile(
    "[\xc2-\xdf][\x80-\xbf]"
    "|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    "|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
"""One character of UTF-8, its bytes read as one sign each."""

_QUOTES = "\x91\x92\x93\x94"
_BEHIND_A_WORD = _QUOTES + "\x85\x95\x96\x97\x99\x9b\xa0\xa9\xae\xbb"
"""What may follow a word that ends in a capital letter with an accent."""
_PUNCTUATION = "\x80\x81\x82\x84\x86\x88\x89\x9c\x9d\x9e"
_SCRIPTS = 3
"""From so many characters in a row on, letters of any script are meant."""

_LOST_BYTES = re.compile("\u00e2\u20ac|[a-z\u00df-\u00ff][\u00c2\u00c3]|\u00c3\\?")
"""What is left of wrongly decoded text after one of its bytes was dropped."""


def _pattern(codec: str, leads: bytes) -> re.Pattern[str]:
    def signs(data: bytes) -> str:
        return re.escape(data.decode(codec))

    behind = f"[{signs(bytes(range(0x80, 0xC0)))}]"
    return re.compile(f"[{signs(leads)}]{behind}|{signs(bytes([0xE2, 0x80]))}{behind}")


_OTHERS = [
    (codec, _pattern(codec, leads))
    for codec, leads in (("mac_roman", b"\xc3\xc5"), ("cp850", b"\xc2\xc3\xc4\xc5"), ("cp437", b"\xc2\xc3\xc4\xc5"))
]
"""Other encodings that UTF-8 is taken for, where the signs of their own (`√©`, `├®`) can mean nothing else."""

_known: dict[str, tuple[str, str | None]] = {}


def put_right(text: str) -> tuple[str, str | None]:
    """The text as it was meant, and REPAIRED, DECODED_TWICE, LOST, or None where nothing was found."""
    if text.isascii():
        return text, None
    found = _known.get(text)
    if found is None:
        found = _read(text)
        if len(text) < 1000:
            if len(_known) > CACHE_SIZE:
                _known.clear()
            _known[text] = found
    return found


def is_plain(text: str) -> bool:
    """Whether bytes that are valid UTF-8, each read as one sign, can hardly have been meant as anything else."""
    as_bytes = text.translate(_TO_BYTES)
    for match in _SEQUENCE.finditer(as_bytes):
        certain = _certain(text, as_bytes, match)
        # A small letter behind a capital one is likelier than a © or a blank behind a word that ends in Ã.
        if certain or len(match[0]) > 2 or (certain is False and match[0][-1] >= "\xa0"):
            return True
    return False


def _read(text: str) -> tuple[str, str | None]:
    now, doubtful = text, False
    for _ in range(ROUNDS):
        before = now
        now, doubtful = _once(before)
        if now == before:
            break
    if REPLACEMENT in now:
        return now, LOST
    if doubtful or _LOST_BYTES.search(now):
        return now, DECODED_TWICE
    return now, REPAIRED if now != text else None


def _once(text: str) -> tuple[str, bool]:
    """One step back, and whether something is left that may be real or wrong."""
    as_bytes = text.translate(_TO_BYTES)
    found = list(_SEQUENCE.finditer(as_bytes))
    certain = [_certain(text, as_bytes, match) for match in found]
    if not any(certain):
        return _of_others(text), any(answer is False for answer in certain)
    parts, place = [], 0
    for match, answer in zip(found, certain, strict=True):
        if answer is not None:
            # Beside what is certainly wrong, what may be wrong is so too.
            meant = match[0].encode("latin-1").decode()
            parts += [text[place : match.start()], meant]
            place = match.end()
    return "".join([*parts, text[place:]]), False


def _certain(text: str, as_bytes: str, match: re.Match[str]) -> bool | None:
    """True: these signs are one character decoded wrongly. False: they may be. None: they are what they are."""
    first, last = match[0][0], match[0][-1]
    start, end = match.span()
    if first in "\xc2\xc3\xc4\xc5":
        if first == "\xc2" and last in _QUOTES and not text[start - 1 : start].isalnum():
            return False
        if not text[start - 1 : start].isupper() or last not in _BEHIND_A_WORD:
            return True
        if first == "\xc2":
            return last in "\xa0\xa9\xae"
        return text[end : end + 1].isalpha() and last not in _QUOTES + "\xa0"
    if first == "\xc8" and "\x98" <= last <= "\x9b":
        return True
    if first == "\xe2":
        return True if match[0][1] in _PUNCTUATION else None
    if first == "\xef" and (match[0][1] in "\xac\xbc\xbd" or match[0][1:] in ("\xbb\xbf", "\xbf\xbd")):
        return True
    if first == "\xe1" and match[0][1] in "\xba\xbb":
        return text[start - 1 : start].isalpha() and text[end : end + 1].isalpha()
    if first == "\xf0":
        return True
    return True if _neighbours(as_bytes, start, end) >= _SCRIPTS else None


def _neighbours(as_bytes: str, start: int, end: int) -> int:
    """How many characters of UTF-8 stand in a row around this one."""
    count = 1
    while match := _SEQUENCE.match(as_bytes, end):
        count, end = count + 1, match.end()
        if count >= _SCRIPTS:
            return count
    while start >= 2:
        width = next(
            (width for width in (2, 3, 4) if start >= width and _SEQUENCE.fullmatch(as_bytes, start - width, start)), 0
        )
        if not width or count >= _SCRIPTS:
            break
        count, start = count + 1, start - width
    return count


def _of_others(text: str) -> str:
    for codec, pattern in _OTHERS:
        # Every sign the pattern takes is one byte of this encoding, and together they are a character of UTF-8.
        text = pattern.sub(lambda match, codec=codec: match[0].encode(codec).decode(), text)  # type: ignore[misc]
    return text
