"""`make bench`: every benchmark in turn, each printing a table of ratios measured side by side in one run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run all benchmarks, or those whose names are given: `python -m tests.benchmarks ingest`."""
    names = sorted(file.stem for file in Path(__file__).parent.glob("bench_*.py"))
    wanted = [f"bench_{name.removeprefix('bench_')}" for name in sys.argv[1:]] or names
    for name in wanted:
        if name not in names:
            sys.exit(f"There is no benchmark {name}; there are: {', '.join(names)}.")
        print(f"\n== {name.removeprefix('bench_')} ==", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()


if __name__ == "__main__":
    main()
