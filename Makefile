# Every target sets up what it needs in .venv first; Python 3.11 and make are all that a machine must have.
PYTHON ?= python3.11
STACK ?= cn-northwest-1
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := requirements.txt requirements-dev.txt $(wildcard serverless/*/requirements.txt)

# A misspelt variable would be ignored, and the target would do something else than was asked. (In MAKEOVERRIDES a space
# within a value is written with a backslash.)
VARIABLES := PYTHON VENV STACK UP PRACTICE BENCH BASE POSITIONS CONFIG BACKEND ARCHIVES DEMO CVAT RELEASE PYTHON38 PYTHON312 REGION CVAT_COMMIT CVAT_V2_COMMIT TRIAL
UNKNOWN := $(filter-out $(VARIABLES),$(foreach word,$(subst \ ,_,$(MAKEOVERRIDES)),$(firstword $(subst =, ,$(word)))))
$(if $(UNKNOWN),$(error $(firstword $(UNKNOWN)) is no variable of this Makefile. It knows $(VARIABLES); `make help` says which target reads which))
$(if $(filter-out c48411ae v2,$(RELEASE)),$(error RELEASE = $(RELEASE): there is no such release of CVAT here. Say RELEASE=c48411ae or RELEASE=v2))

.DEFAULT_GOAL := help
.PHONY: help setup rehearse practice engine-test bench-account report-picture diff sweep scale policy doctor costs settings security checkov serve-gateway bench-gateway test test-fast matrix coverage lint bench-models model-samples demo-detections format check-patches lock-series lock-server lock-images mirror-images trial trial-home trial-home-c48411ae trial-home-v2 demo clean

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## *(.*)/\1\t\2/p' Makefile | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

$(VENV)/installed: $(REQUIREMENTS)
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: '$(PYTHON)' was not found. Say where it is with PYTHON=/path/to/python3.11."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements-dev.txt lists into $(VENV) (once; a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

setup: $(VENV)/installed  ## install everything into .venv

rehearse: $(VENV)/installed  ## create a stack in an in-memory AWS and check it (STACK=, CONFIG="--config KEY=VALUE")
	@$(BIN)/python -m rehearsal $(STACK) $(CONFIG)

practice: $(VENV)/installed  ## an account to practise on with the Pulumi CLI, and a stack for it (UP=1: create it)
	@exec $(BIN)/python -m rehearsal practice $(if $(UP),--up) $(PRACTICE)

engine-test: $(VENV)/installed  ## the life of a stack by Pulumi's engine and AWS provider on a served account (needs both)
	@$(BIN)/python -m pytest -n 0 -rs tests/engine

bench-account: $(VENV)/installed  ## measure the served account beside moto's own server (BENCH="--rounds 5")
	@exec $(BIN)/python -m rehearsal.server.bench $(BENCH)

report-picture: rehearse  ## draw docs/images/rehearsal.png from the report (needs Chromium)
	@$(BIN)/python -m rehearsal.report.picture build/rehearsal/$(STACK)/report.html docs/images/rehearsal.png

diff: $(VENV)/installed  ## what the checkout changes against BASE (BASE=main; of one stack only: STACK=)
	@$(BIN)/python -m rehearsal diff $(or $(BASE),main) . $(if $(filter-out file,$(origin STACK)),--stack $(STACK)) $(CONFIG)

sweep: $(VENV)/installed  ## let 40 API calls fail, one a run, and run again (POSITIONS=40)
	@$(BIN)/python -m rehearsal sweep $(STACK) --positions $(or $(POSITIONS),40)

scale: $(VENV)/installed  ## 200 functions, and 20 stacks in one account: time and memory
	@$(BIN)/python -m rehearsal scale $(STACK)

policy/.venv/installed: policy/requirements.txt
	@test -x policy/.venv/bin/python || $(PYTHON) -m venv policy/.venv
	@policy/.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement policy/requirements.txt
	@touch $@

policy: policy/.venv/installed  ## the environment of the policy pack, for `pulumi preview --policy-pack policy`

doctor: $(VENV)/installed  ## before the first `pulumi up`: what would fail, and what to do (STACK=cn-northwest-1)
	@$(BIN)/python -m cvatctl doctor --stack $(STACK)

costs: $(VENV)/installed  ## write the tables of docs/costs.md from prices and presets
	@$(BIN)/python -m rehearsal.report.cost_page

settings: $(VENV)/installed  ## write Pulumi.yaml and docs/configuration.md from settings/sections
	@$(BIN)/python -m settings.generate

security: $(VENV)/installed  ## write docs/security.md and .checkov.yaml from policy/baseline/findings.yaml
	@$(BIN)/python -m policy.baseline

build/checkov/installed: policy/baseline/requirements.txt
	@test -x build/checkov/bin/python || $(PYTHON) -m venv build/checkov
	@build/checkov/bin/python -m pip install --quiet --disable-pip-version-check --requirement policy/baseline/requirements.txt
	@touch $@

checkov: $(VENV)/installed build/checkov/installed  ## scan the rehearsed stack (STACK=, CONFIG="--config KEY=VALUE")
	@$(BIN)/python -m rehearsal.terraform_plan $(STACK) $(CONFIG) --output build/checkov/$(STACK).json
	@build/checkov/bin/checkov --config-file .checkov.yaml --skip-download --file build/checkov/$(STACK).json

serve-gateway: $(VENV)/installed  ## run the gateway on port 8070 with an echo for SageMaker (BACKEND=sagemaker)
	@cd serverless/gateway && BACKEND=$${BACKEND:-echo} exec ../../$(BIN)/python -m gateway

bench-gateway: $(VENV)/installed  ## measure the gateway beside direct calls (BENCH="--soak 20000")
	@cd serverless/gateway && exec ../../$(BIN)/python -m gateway_bench $(BENCH)

test: $(VENV)/installed policy/.venv/installed  ## run all tests
	@$(BIN)/python -m pytest -n auto --max-worker-restart 0

test-fast: $(VENV)/installed policy/.venv/installed  ## run the unit tests only: no rehearsal, about a minute
	@$(BIN)/python -m pytest -n auto tests/unit

matrix: $(VENV)/installed  ## change each setting of a running stack, and change it back: minutes
	@$(BIN)/python -m pytest -n auto --dist worksteal -m matrix tests/slow

coverage: $(VENV)/installed policy/.venv/installed  ## run all tests and say how many lines and branches they execute
	@$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered

lint: $(VENV)/installed  ## ruff, mypy, hadolint and jactionlint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/python -m settings.generate --check
	@$(BIN)/python -m policy.baseline --check
	@find . -path ./$(VENV) -prune -o -name '*Dockerfile' -print | xargs $(BIN)/hadolint
	@$(BIN)/jactionlint --shellcheck="$(CURDIR)/$(BIN)/shellcheck"

bench-models: $(VENV)/installed  ## time each model container's pre- and post-processing (ARCHIVES=folder of real ones)
	@cd serverless/models && ../../$(BIN)/python -m models_bench $(if $(ARCHIVES),--archives "$$(cd ../.. && cd "$(ARCHIVES)" && pwd)")
	@cd serverless/models && ../../$(BIN)/python -m models_bench --catalogue

model-samples: $(VENV)/installed  ## pack tiny but working model archives into build/model-samples
	@cd serverless/models && ../../$(BIN)/python -m models sample --all ../../build/model-samples

demo-detections: $(VENV)/installed  ## real models, from PyPI and npm, find things in photos: a page to look at
	@cd serverless/models && ../../$(BIN)/python -m models_demo $(DEMO)

format: $(VENV)/installed  ## reformat the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check-patches:  ## apply the patch series to a clone of CVAT (CVAT=path-or-url RELEASE=v2)
	@test -n "$(CVAT)" || { echo "Say which CVAT: make check-patches CVAT=/path/to/a/clone (or a URL)."; exit 2; }
	@$(PYTHON) patches/series.py check "$(CVAT)" --release $(or $(RELEASE),c48411ae)

lock-series:  ## write the digest of the patch series into the Dockerfiles
	@$(PYTHON) patches/series.py lock

# Must run under Python 3.8, whose wheels it chooses: PYTHON38=/path/to/python3.8. opencv-python is left out, as
# opencv-python-headless takes its place (Datumaro's wheel asks for the one with windows).
PYTHON38 ?= python3.8
lock-server:  ## resolve patches/requirements/*.in again (PYTHON38=python3.8)
	@$(PYTHON38) -m venv build/lock && build/lock/bin/pip install --quiet 'pip<25' pip-tools==7.4.1
	@cd patches/requirements && export CUSTOM_COMPILE_COMMAND="make lock-server" \
	  && compile="../../build/lock/bin/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links" \
	  && $$compile --allow-unsafe -o build.txt build.in && $$compile --unsafe-package opencv-python -o server.txt server.in

lock-images: $(VENV)/installed  ## write the digests of published images into mirror/images.lock (crane, skopeo or docker)
	@$(BIN)/python -m mirror

mirror-images: $(VENV)/installed  ## copy the base images of the builds into your ECR (REGION=cn-northwest-1)
	@$(BIN)/python -m mirror --region $(or $(REGION),$(error Say where to: make mirror-images REGION=cn-northwest-1))

CVAT_COMMIT ?= $(shell sed -n 's/^ARG CVAT_COMMIT=//p' patches/server.Dockerfile | head -1)
CVAT_V2_COMMIT ?= $(shell sed -n 's|.*"v2/series", "\([0-9a-f]*\)".*|\1|p' patches/series.py)
PYTHON312 ?= python3.12
trial-home:  ## make a patched checkout of CVAT and its Python in build/ (RELEASE=v2 PYTHON38=python3.8 PYTHON312=python3.12 CVAT=path-or-url)
	@$(MAKE) --no-print-directory trial-home-$(or $(RELEASE),c48411ae)

trial-home-c48411ae:
	@git init -q build/cvat && git -C build/cvat fetch -q --depth 1 "$(or $(CVAT),https://github.com/opencv/cvat.git)" "$(CVAT_COMMIT)"
	@git -C build/cvat checkout -q --force FETCH_HEAD
	@while read -r patch; do git -C build/cvat apply --whitespace=nowarn "$(CURDIR)/patches/series/$$patch" || exit 1; done < patches/series/series
	@"$(PYTHON38)" -m venv build/venv && build/venv/bin/pip install --quiet --require-hashes -r patches/requirements/build.txt
	@build/venv/bin/pip install --quiet --require-hashes --no-deps --no-build-isolation -r patches/requirements/server.txt
	@rm -rf build/venv/lib/python3.8/site-packages/cvat_aws && cp -r patches/overlay/cvat_aws build/venv/lib/python3.8/site-packages/

# As CVAT's Dockerfile installs them: lxml and xmlsec must share one libxml2, so both are compiled (libxml2-dev libxmlsec1-dev).
trial-home-v2:
	@git init -q build/cvat-v2 && git -C build/cvat-v2 fetch -q --depth 1 "$(or $(CVAT),https://github.com/cvat-ai/cvat.git)" "$(CVAT_V2_COMMIT)"
	@git -C build/cvat-v2 checkout -q --force FETCH_HEAD
	@while read -r patch; do git -C build/cvat-v2 apply --whitespace=nowarn "$(CURDIR)/patches/v2/series/$$patch" || exit 1; done < patches/v2/series/series
	@"$(PYTHON312)" -m venv build/venv-v2 && DATUMARO_HEADLESS=1 build/venv-v2/bin/pip install --quiet --no-deps --no-binary lxml,xmlsec \
	  -r build/cvat-v2/cvat/requirements/production.txt -r build/cvat-v2/utils/dataset_manifest/requirements.txt
	@printf '%s\n' "$(CURDIR)/patches/overlay" "$(CURDIR)/patches/v2/overlay" > build/venv-v2/lib/python3.12/site-packages/cvat-aws.pth

TRIAL_v2 = --home build/cvat-v2 --python build/venv-v2/bin/python
trial: $(VENV)/installed  ## run CVAT's processes on this machine (RELEASE=v2 TRIAL="--root DIR"; see docs/images.md)
	@$(BIN)/python -m patches.trial$(if $(filter v2,$(RELEASE)),.v2) $(or $(TRIAL),$(TRIAL_$(RELEASE)))

demo: $(VENV)/installed  ## draw the demo files again
	@$(BIN)/pip install --quiet --requirement demo/requirements.txt && $(BIN)/python demo/make.py

clean:  ## remove what make has built
	rm -rf $(VENV) policy/.venv build .mypy_cache .pytest_cache .ruff_cache
