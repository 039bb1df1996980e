"""Folders of the journeys: servers live in them, so nobody else may tidy them away while they run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of the test's own; pytest would remove older ones while another session's server runs in them."""
    with tempfile.TemporaryDirectory(prefix="journey-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
