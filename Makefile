# make demo   the whole road on a synthetic site: images, samples, model, map, report (needs no QGIS); RECIPE=... chooses another
# make test   every test: the library in a plain Python, the plugin in real QGIS, offscreen and on a virtual screen
# Both set up what is missing first. make lint | zip | try-zip | screenshots | catalogue | benchmarks | clean do what they say;
# make benchmarks-peers also installs the packages that others wrote, and compares with them.
SHELL := /bin/bash
export QT_QPA_PLATFORM ?= offscreen
export CROPMAP_PYTHON ?= $(CURDIR)/.venv-core/bin/python
export XDG_RUNTIME_DIR ?= $(CURDIR)/build/run
export PYTHONNOUSERSITE = 1
CORE := .venv-core/bin
QGIS := .venv-qgis/bin

demo: setup-core
	rm -rf build/demo
	$(CORE)/cropmap demo --out build/demo $(if $(RECIPE),--recipe $(RECIPE))

# Side by side: most tests use one core.
test: setup-all
	$(MAKE) --jobs 2 --output-sync=target test-core test-plugin

test-core: setup-core
	$(CORE)/coverage run -m pytest -q --durations 25 tests/core tests/packaging
	$(CORE)/coverage report --fail-under=90 | tail -n 40

test-plugin: setup-all
	timeout -k 10 900 $(QGIS)/python -m pytest -q tests/plugin
	timeout -k 10 900 bash tools/qgis340.sh $(QGIS)/python -m pytest -q tests/plugin

lint: setup-core
	$(CORE)/ruff check .
	$(CORE)/ruff format --check .
	$(CORE)/mypy
	$(CORE)/lint-imports
	$(CORE)/flake8 --select QGS1,QGS4 --ignore QGS105 cropmap_plugin __init__.py

catalogue: setup-core
	$(CORE)/cropmap catalogue --out cropmap_plugin/catalogue.json
	$(CORE)/python tools/translations.py

zip: setup-all
	rm -rf build/zip cropmap.zip && mkdir -p build/zip
	$(QGIS)/pb_tool translate
	$(QGIS)/pb_tool deploy -y -n -p build/zip
	$(QGIS)/pb_tool zip -q -n -p build/zip

try-zip: zip
	bash tools/try_zip.sh
	bash tools/qgis340.sh bash tools/try_zip.sh

screenshots: setup-all
	bash tools/screenshots.sh

benchmarks: setup-all
	$(CORE)/python benchmarks/resampling.py
	$(CORE)/python benchmarks/steps.py
	$(CORE)/python benchmarks/indices.py
	$(CORE)/python benchmarks/breizhcrops_tables.py
	$(CORE)/python benchmarks/extraction.py
	$(CORE)/python benchmarks/trusted.py
	$(CORE)/python benchmarks/trusted_purity.py
	$(CORE)/python benchmarks/drawing.py
	$(CORE)/python benchmarks/splits.py
	$(CORE)/python benchmarks/sample_file.py
	$(CORE)/python benchmarks/label_errors.py
	$(CORE)/python benchmarks/next_points.py
	$(CORE)/python benchmarks/cube_formats.py
	$(CORE)/python benchmarks/end_to_end.py
	$(CORE)/python benchmarks/imports.py
	$(CORE)/python benchmarks/mapping_memory.py
	$(CORE)/python benchmarks/models.py
	$(CORE)/python benchmarks/training.py
	$(CORE)/python benchmarks/synthetic_sites.py
	$(QGIS)/python benchmarks/plugin_load.py

benchmarks-peers: setup-core
	bash benchmarks/peers.sh
	.venv-peers/bin/python benchmarks/resampling.py
	.venv-peers/bin/python benchmarks/whittaker.py
	.venv-peers/bin/python benchmarks/networks.py

setup-core:
	@mkdir -p build && mkdir -p -m 700 build/run && bash tools/setup.sh core

setup-all:
	@mkdir -p build && mkdir -p -m 700 build/run && bash tools/setup.sh all

clean:
	rm -rf build dist cropmap.zip .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .qgis-settings

.PHONY: demo test test-core test-plugin lint catalogue zip try-zip screenshots benchmarks benchmarks-peers setup-core setup-all clean
