# Two commands do all the set-up: `make quickstart` runs the main job end to end,
# `make test` passes the tests. Each makes the virtual environment that it needs.
.POSIX:
.DELETE_ON_ERROR:
.PHONY: help quickstart test test-all lint format types wheel docs bench clean

# The first Python of a supported version; override with `make PYTHON=...`.
PYTHON = $(shell for p in python3 python3.12 python3.11; do \
  "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
  2>/dev/null && echo "$$p" && break; done)
# The backend of the default environment: an extra of pyproject.toml, for example
# `make test BACKEND=jax`. tensorflow-cpu is smaller, but built for Linux on x86-64 only.
BACKEND = $(shell test "$$(uname -sm)" = "Linux x86_64" \
  && echo tensorflow-cpu || echo tensorflow)
# The PyTorch release that the test environments use.
TORCH = torch==2.13.0
JOBS = 2
# Of `make test-all`, with the newest of everything.
CURRENT_BACKENDS = tensorflow jax torch
# What meets nothing of scikit-learn: beside giotto-tda, with the older releases, PyTorch
# runs it, and an older JAX its layers.
TENSORS = tests/layers tests/ops tests/models

VENV = .venv
CARD = .venv-card
CURRENT = .venv-current

help:
	@echo "make quickstart   train, score and picture a classifier and a generator"
	@echo "make test         test with the installed backend"
	@echo "make test-all     test three backends in both environments"
	@echo "make lint types wheel docs bench clean"

# TensorFlow takes its fast convolutions by itself on some processors only.
quickstart: $(VENV)/.installed
	TF_ENABLE_ONEDNN_OPTS=1 $(VENV)/bin/python examples/quickstart.py

test: $(VENV)/.installed
	$(VENV)/bin/python -m pytest -q -n $(JOBS) --dist worksteal

test-all: $(CARD)/.installed $(CURRENT)/.installed
	tests/run_all.sh $(CARD) torch -m "" $(TENSORS)
	tests/run_all.sh $(CARD) jax tests/layers
	tests/run_all.sh $(CARD) "tensorflow jax torch" $(TENSORS:%=--ignore=%)
	tests/run_all.sh $(CURRENT) "$(CURRENT_BACKENDS)"

lint: $(VENV)/.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

format: $(VENV)/.installed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

types: $(VENV)/.installed
	$(VENV)/bin/mypy

# Build the wheel, install it in a clean environment and import it there.
wheel: $(VENV)/.installed
	rm -rf dist .venv-wheel
	$(VENV)/bin/python -m build --wheel --outdir dist .
	tests/make_venv.sh "$(PYTHON)" .venv-wheel
	.venv-wheel/bin/pip install -q dist/*.whl
	cd dist && ../.venv-wheel/bin/python -c "import morphokeras; \
	  from morphokeras.datasets import make_phase_field; \
	  print('morphokeras', morphokeras.__version__, 'imported from its wheel')"
	rm -rf .venv-wheel

docs: $(VENV)/.installed-docs
	$(VENV)/bin/python -m sphinx -W --keep-going -q docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: $(CURRENT)/.installed
	$(CURRENT)/bin/python benchmarks/topology.py
	$(CURRENT)/bin/python benchmarks/descriptors.py
	$(CURRENT)/bin/python benchmarks/layers.py
	$(CURRENT)/bin/python benchmarks/train_step.py
	$(CURRENT)/bin/python -m benchmarks.fit_overhead
	$(CURRENT)/bin/python -m benchmarks.fit_overhead --memory
	$(CURRENT)/bin/python benchmarks/simulation.py

clean:
	rm -rf $(VENV) $(CARD) $(CURRENT) .venv-wheel build dist docs/_build

$(VENV)/.installed: pyproject.toml
	tests/make_venv.sh "$(PYTHON)" $(VENV)
	$(VENV)/bin/pip install -q -e ".[$(BACKEND),dev]"
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(VENV)/bin/pip install -q -e ".[docs]"
	touch $@

# giotto-tda, and with it scikit-learn 1.3.2 and NumPy 1.
$(CARD)/.installed: pyproject.toml
	tests/make_venv.sh "$(PYTHON)" $(CARD)
	$(CARD)/bin/pip install -q $(TORCH)
	$(CARD)/bin/pip install -q -e ".[$(BACKEND),jax,torch,giotto,dev]"
	touch $@

# The newest of everything.
$(CURRENT)/.installed: pyproject.toml
	tests/make_venv.sh "$(PYTHON)" $(CURRENT)
	$(CURRENT)/bin/pip install -q $(TORCH)
	$(CURRENT)/bin/pip install -q -e ".[$(BACKEND),jax,torch,dev]"
	touch $@
