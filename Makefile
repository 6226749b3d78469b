# Everything a newcomer or a machine needs, in an environment of its own (.venv): Python 3.11 or newer and a C compiler
# are all it expects.
PYTHON ?= python3
BIN := .venv/bin
C_FILES := $(shell find firmware tests -name '*.[ch]')
# Shifting negative values right is arithmetic on every compiler for these targets.
CPPCHECK := --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	--suppress=shiftTooManyBitsSigned

.PHONY: help demo test lint format clean

help:
	@echo "make demo    starter logs -> model -> C array -> firmware -> recognised gestures, and what it all costs"
	@echo "make test    all tests, on emulators where a board would be"
	@echo "make lint    formats, types and warnings; make format mends what can be mended"
	@echo "make clean   removes .venv and build"

demo: .venv/.demo
	$(BIN)/gesture demo data/starter --out build/demo

test: .venv/.test
ifdef PYTEST_ARGS
	$(BIN)/python -m pytest $(PYTEST_ARGS)
else
	$(BIN)/python -m pytest -m "not realtime" -n auto --dist loadfile
	$(BIN)/python -m pytest -m realtime
endif

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(C_FILES)
ifneq ($(shell command -v cppcheck),)
	cppcheck $(CPPCHECK) -I firmware/core firmware/core firmware/drivers firmware/app firmware/link
else
	@echo "cppcheck is not installed: left out"
endif

format: .venv/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(C_FILES)

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.demo: .venv/.python pyproject.toml $(C_FILES)
	@echo "installing TensorFlow and the rest into .venv: about 2.5 GB, a few minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train,emulate]'
	@touch $@

.venv/.test: .venv/.python pyproject.toml $(C_FILES)
	@echo "installing TensorFlow, the test tools and the rest into .venv: about 3 GB, a few minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ .venv/.demo

clean:
	rm -rf .venv build
