# The few commands of the project. The work is in setup/, which needs Python 3.11 and nothing else.
# Another interpreter: make PYTHON=python3.12 …   Arguments for the demo: make demo DEMO="--port 9000"
PYTHON ?= python3
DEMO ?=

.PHONY: demo install test check fix e2e load docs clean

demo: install
	@exec .venv/bin/ward-hub demo $(DEMO)

install:
	@$(PYTHON) setup install

test:
	@$(PYTHON) setup test

check:
	@$(PYTHON) setup check

fix:
	@$(PYTHON) setup fix

e2e:
	@$(PYTHON) setup e2e

load:
	@$(PYTHON) setup load

docs:
	@$(PYTHON) setup docs

clean:
	@$(PYTHON) setup clean
