# The two commands to know are `make demo` and `make test`. Everything is installed into .venv from requirements.lock.

# Empty: the first suitable one on the PATH. `PYTHON=python3.12 make demo` names one.
PYTHON ?=
BIN := .venv/bin
EXIT ?=

.DEFAULT_GOAL := help
.PHONY: help demo up test lint bench docs install

help:
	@echo "make demo    install, run the main job on the real 2017/18 input, then keep serving (EXIT=1 ends instead)"
	@echo "make test    install, then every test"
	@echo "make up      install, then serve what the data folder holds"
	@echo "make lint    style, types and who may import whom"
	@echo "make bench   side-by-side benchmarks; prints ratios"
	@echo "make docs    write the generated documents again"

# Finds a Python that can, and makes .venv again where it is half-made, moved, or of another Python or lock.
install:
	@PYTHON="$(PYTHON)" GOAL="$(or $(MAKECMDGOALS),demo)" sh deploy/install.sh

demo: install
	$(BIN)/outturn demo $(if $(EXIT),--exit)

up: install
	$(BIN)/outturn up

test: install
	$(BIN)/python -m pytest -n 2

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m tests.benchmarks

docs: install
	$(BIN)/python -m deploy.write_docs
