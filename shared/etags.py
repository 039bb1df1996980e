"""Version tags as clients send them back: If-Match and If-None-Match are read here and nowhere else (RFC 9110, 8.8.3).

Between us and a client stand proxies. One that compresses an answer marks its tag weak (`W/"3"`), or writes the coding
into it (`"3-gzip"`, `"3;br"`); a client may leave the quotation marks out. Every tag of this API names the version of a
record, not the bytes of an answer, so that all of these mean the same version: comparing them weakly is sound here also
for If-Match, for which RFC 9110 asks for strong comparison only because a tag may name bytes.
"""

from __future__ import annotations

import re

from shared.errors import Malformed

ANY = "*"
MOST_SIGNS = 4000
_CODING = re.compile(
    r"(?:[-;:+_.]{1,2}(?:x-)?(?:gzip|gz|br|brotli|deflate|df|zstd|zst|dcb|dcz|compress|identity))+$", re.I
)
_TAG = re.compile(
    r"""[ \t]*(?:
        (?:[Ww]/)?\\?"(?P<quoted>[^"\\]*)\\?"(?P<behind>[-;:+_.][A-Za-z-]*)?
        | (?:[Ww]/)?(?P<bare>[^\s,"\\]+)
    )?[ \t]*(?:,|$)""",
    re.X,
)
_FORM = 'Send the ETag as it was read, such as If-Match: "3"; several are separated by commas, and * stands alone.'


class UnreadableTag(Malformed):
    code = "unreadable_tag"
    title = "If-Match cannot be read"


def read_tags(header: str) -> tuple[str, ...]:
    """What stands between the quotation marks of each tag, without weakness and coding; `("*",)` for any version.

    UnreadableTag where the header is not of that form.
    """
    if header.strip() == ANY:
        return (ANY,)
    if len(header) > MOST_SIGNS:
        raise UnreadableTag(f"If-Match is longer than {MOST_SIGNS:,} characters. {_FORM}", parameter="If-Match")
    tags, place = [], 0
    while place < len(header):
        match = _TAG.match(header, place)
        if match is None:
            raise _unreadable(header[place:].strip(), "is no tag: a quotation mark is missing, or a comma")
        place = match.end()
        tag = match["quoted"] if match["quoted"] is not None else match["bare"]
        if tag is None:
            continue
        if tag == ANY or not tag.strip():
            raise _unreadable(match.group().strip(" \t,"), "names no version")
        if match["behind"] and not _CODING.fullmatch(match["behind"]):
            raise _unreadable(match.group().strip(" \t,"), "has signs behind its quotation mark")
        tags.append(plain(tag))
    if not tags:
        raise UnreadableTag(f"If-Match is empty. {_FORM}", parameter="If-Match")
    return tuple(tags)


def plain(tag: str) -> str:
    """The tag without what a proxy appended for the coding of the body."""
    return _CODING.sub("", tag.strip())


def names_version(tags: tuple[str, ...], version: int | str) -> bool:
    """Whether If-Match names this version. What stands behind a point describes live figures and does not count."""
    return tags == (ANY,) or str(version) in {re.sub(r"\.[^.]*$", "", tag) for tag in tags}


def not_modified(header: str, current: str) -> bool:
    """Whether If-None-Match names the tag of the answer as it is now. One that cannot be read asks for nothing."""
    try:
        tags = read_tags(header)
        return tags == (ANY,) or read_tags(current)[0] in tags
    except UnreadableTag:
        return False


def shown(tags: tuple[str, ...]) -> str:
    """The tags for a message, at most 64 characters."""
    return _printable(", ".join(f'"{tag}"' for tag in tags))


def _printable(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text)[:64]


def _unreadable(text: str, what: str) -> UnreadableTag:
    return UnreadableTag(f"If-Match cannot be read: {_printable(text)} {what}. {_FORM}", parameter="If-Match")
