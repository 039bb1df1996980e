"""How the command answers: a mistake of the operator with a sentence and code 1, a fault of ours with its traceback."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import typer

OPERATORS = frozenset(
    {
        errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR,
        errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.ELOOP, errno.EIO,
    }
)  # fmt: skip
"""What the system answers where a folder or its disk is at fault, not this program."""


class Refused(Exception):
    """Something the operator can correct; the text says what is wrong and what to do."""


class Failed(Exception):
    """A command that could not do its work; the text says why."""


@contextmanager
def in_words() -> Iterator[None]:
    """Answer a mistake with a sentence and code 1; a fault of ours keeps its traceback."""
    try:
        yield
    except (Refused, Failed) as error:
        typer.echo(f"outturn: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        if error.errno not in OPERATORS or error.filename is None:
            raise
        typer.echo(
            f"outturn: {error.filename} cannot be used ({error.strerror}). Correct that, or set OUTTURN_HOME to "
            "another folder.",
            err=True,
        )
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from None
