"""`python -m deploy.demo ADDRESS FOLDER [--exit]`: the demonstration against a running instance."""

import sys
from pathlib import Path

from deploy.demo.run import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), stays="--exit" not in sys.argv[3:]))
