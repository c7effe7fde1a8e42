# `make study` and `make test` need only Python 3.11 or newer and make; both build the same environment in .venv.
.SUFFIXES:
.PHONY: environment study test test-slurm test-debian lint format reference clean

PYTHON = python3
BIN = .venv/bin
STUDY = results/$(shell sed -n 's/^dataset: *//p' config.yaml)

study: environment
	$(BIN)/snakemake all --quiet host rules
	@$(MAKE) --no-print-directory results/report.html
	@$(BIN)/python scripts/summarise_study.py --members $(STUDY)/tables/members.csv --ensembles $(STUDY)/tables/ensembles.csv
	@echo "report: results/report.html"

# Made again only when something that it shows is newer.
results/report.html: config.yaml $(wildcard workflow/report/* $(STUDY)/tables/* $(STUDY)/figures/*.svg $(STUDY)/figures/*/*.svg)
	@$(BIN)/snakemake all --report $@ --quiet

environment: .venv/installed

.venv/installed: envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: $(PYTHON) is older than 3.11; call make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement envs/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

test: environment lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/slurm --ignore tests/debian

# The workflow on a real SLURM that lives for the tests only; needs root and, where SLURM is missing, Debian's packages.
SLURM = munge slurmctld slurmd slurm-client slurmdbd mariadb-server

test-slurm: environment
	@dpkg --status $(SLURM) > /dev/null 2>&1 || { apt-get update && \
	  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $(SLURM); }
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/slurm

# What needs a real browser or the real WordNet; needs root and, where they are missing, Debian's packages.
DEBIAN = chromium chromium-driver wordnet-base

test-debian: environment
	@dpkg --status $(DEBIAN) > /dev/null 2>&1 || { apt-get update && \
	  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $(DEBIAN); }
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/debian

lint: environment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: environment
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile workflow/rules

reference: environment
	$(BIN)/python workflow/configuration.py > docs/configuration.md

clean:
	rm -rf results .snakemake
