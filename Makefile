# make run    set up and start everything on this machine
# make test   every check and test; installs what it needs
# make bench  measurements, as ratios

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench lock format clean

run: $(VENV)/run-ready
	@exec $(BIN)/python manage.py start

test: $(VENV)/test-ready
	@exec tests/run

bench: $(VENV)/test-ready
	@exec $(BIN)/python -m benchmarks

# The locked sets, with hashes. Change pyproject.toml, then run this.
lock: $(VENV)/test-ready
	$(BIN)/uv pip compile pyproject.toml -o requirements.txt --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -q --upgrade
	$(BIN)/uv pip compile pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q --upgrade

format: $(VENV)/test-ready
	$(BIN)/ruff check --fix -q .
	$(BIN)/ruff format -q .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Maskroom needs Python 3.11 or newer; $(PYTHON) is older. Try: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/run-ready: requirements.txt | $(VENV)/bin/python
	@echo "Installing …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/test-ready: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/run-ready
