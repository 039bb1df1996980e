"""What went wrong with an event: whether it is the event's fault, and how it is put in words."""

from __future__ import annotations

import traceback

import pydantic
import sqlalchemy.exc


def is_infrastructure(error: BaseException) -> bool:
    """Whether an error says nothing about the event: the database or network is away, full, or busy with a deadlock."""
    if isinstance(error, OSError | TimeoutError | sqlalchemy.exc.TimeoutError | sqlalchemy.exc.InterfaceError):
        return True
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if error.connection_invalidated or state is None:
            return isinstance(error, sqlalchemy.exc.OperationalError) or error.connection_invalidated
        # 08 connection, 40 deadlock and serialisation, 53 resources, 55P03 lock timeout, 57 shut down, 58 system error.
        # 42501 and 42P01 are a migration or grant not yet there: nothing is wrong with the event.
        return state[:2] in {"08", "40", "53", "57", "58"} or state in {"55P03", "25006", "42501", "42P01"}
    return False


def described(error: BaseException) -> str:
    """An error with the place it came from, short enough to keep. A database's words are kept without the values."""
    if isinstance(error, pydantic.ValidationError):
        words = "; ".join(f"{'/'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    elif isinstance(error, sqlalchemy.exc.DBAPIError):
        diagnostics = getattr(error.orig, "diag", None)
        words = f"{named(error)}: {getattr(diagnostics, 'message_primary', None) or 'no message'}"
    else:
        words = f"{type(error).__name__}: {error}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    place = f" (at {frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    return f"{words[:1800]}{place}".replace("\x00", "")


def named(error: BaseException) -> str:
    """Only the kind of an error, for what anyone may read: `OperationalError 57P01`."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__
