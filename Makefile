# make play: set up, let a robot play with a door, then show it five pictures
# make test: every check there is
# make learn: what takes longer: a thousand killed writers, a door learned to the end
# make docs: the documentation as a site, in site/
# make pictures: a picture of every screen, page and plot, in docs/pictures (needs Chromium)
# make guide: runs what README and docs/first-hour.md tell a newcomer to run, as it stands there
# make licences: which licence every package has that is installed with it
# Needs Python 3.11 or newer, with its venv module, and make; nothing else.

PLAY  = $(BIN)/rumpus play door --run runs/first --steps 4000 --seed 0
SHOW  = $(BIN)/rumpus evaluate runs/first --goals 5
LEARN = $(BIN)/rumpus play door --run runs/door --steps 10000 --seed 0 && \
        $(BIN)/rumpus evaluate runs/door --goals 100

BIN   = .venv/bin
READY = .venv/ready
DOCS  = .venv/docs-ready
PIP   = $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

# The first interpreter that runs, is new enough and can make an environment.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
            $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null && echo $$p && break; done)

# One thread: the tests run on two processes, and more threads only wait for each other.
export OMP_NUM_THREADS ?= 1

.PHONY: play learn test docs pictures guide guide-readme guide-first-hour licences setup clean

play: setup
	$(PLAY)
	$(SHOW)
	@echo "The report with its pictures is runs/first/report/index.html."

learn: setup
	RUMPUS_KILLS=1000 $(BIN)/pytest tests/faults/test_memory_kill.py
	$(LEARN)

# Files in their order: files of few tests, put last, are the long ones, and one core waited.
test: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

# Every warning is an error: a link that leads nowhere, a name that is not there.
docs: $(DOCS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs --quiet build --strict
	@echo "The site is site/index.html."

# Trains a robot for it: about ten minutes on two cores.
pictures: setup
	$(BIN)/python docs/take_pictures.py

# Both at once: make -j2 guide.
guide: guide-readme guide-first-hour

guide-readme: setup
	$(BIN)/python docs/run_guide.py README.md --section "The first five minutes"

guide-first-hour: setup
	$(BIN)/python docs/run_guide.py docs/first-hour.md

# Which licence each package has that a full install brings, as the packages themselves say.
licences: setup
	@$(BIN)/python tests/packaging/licences.py

setup: $(READY)

# torch first and alone: pip then takes a CPU wheel it knows of instead of what others ask for.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "rumpus needs Python 3.11 or newer with its venv module, and \
	found none on the PATH; install it, or name one: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .venv
	$(PIP) torch
	$(PIP) -e '.[all,dev]'
	@touch $(READY)

# What the site is built with is not part of the set-up: 140 MB that nobody else needs.
$(DOCS): $(READY) constraints-docs.txt
	$(PIP) -c constraints-docs.txt -e '.[docs]'
	@touch $(DOCS)

clean:
	rm -rf .venv site
