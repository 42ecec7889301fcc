# Everything a checkout needs: `make help` lists it. Nothing has to be installed beforehand but
# Python 3.10 and make; what is missing is fetched into .venv, .estoque and ~/.cache/estoque_pg.
.DEFAULT_GOAL := help
PY := .venv/bin/python
SERVIDOR := $(PY) -m servidor
PREPARAR := @sh ferramentas/preparar.sh

.PHONY: help demo painel fotos test test-citus bench bench-citus stop clean fontes migration lancar minimos reference traducoes check psql

help:  ## this list
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' Makefile | expand -t 12

demo:  ## a year of an ERP and the life of a day, on a private server in .estoque
	$(PREPARAR)
	@.venv/bin/estoque demo $(ARGS)

painel:  ## serve the panel on the demo's data, at http://127.0.0.1:8000/; ARGS="--porta 9000"
	$(PREPARAR)
	@dsn="$$($(SERVIDOR) onde)" && .venv/bin/estoque servir --dsn "$$dsn" $(ARGS)

fotos:  ## take the pictures of the panel that the READMEs show, of the demo's data
	$(PREPARAR)
	@$(PY) ferramentas/fotografar.py

test:  ## run the tests, on all processors; ARGS="-n 0 -k gate -x" goes to pytest
	$(PREPARAR)
	@$(PY) -m pytest -n auto --dist worksteal $(ARGS)

test-citus:  ## run the tests on a cluster of Citus, which ferramentas/citus/construir.sh builds
	$(PREPARAR)
	@bindir="$$(sh ferramentas/citus/construir.sh --onde)" && \
	CITUS_BINDIR="$$bindir" $(PY) -m pytest -n auto --dist worksteal tests/citus $(ARGS)

bench:  ## measure, and write bench/RESULTADOS.md; ARGS=--rapido takes a minute or two
	$(PREPARAR)
	@$(PY) bench/executar.py $(ARGS)

bench-citus:  ## measure what Citus costs, and write bench/CITUS.md; ARGS=--rapido rehearses it
	$(PREPARAR)
	@bindir="$$(sh ferramentas/citus/construir.sh --onde)" && \
	CITUS_BINDIR="$$bindir" $(PY) bench/em_citus.py $(ARGS)

check:  ## linter and type checker
	$(PREPARAR)
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy

minimos:  ## some of the tests, with the oldest versions of other packages that are allowed
	$(PREPARAR)
	@$(PY) ferramentas/minimos.py $(ARGS)

fontes:  ## write what follows from the declared sources (ferramentas/fontes.py)
	$(PREPARAR)
	@$(PY) ferramentas/gerar_fontes.py $(ARGS)

migration: fontes  ## write the open migration anew from sql/; NOME=... begins a new one
	@$(PY) ferramentas/gerar_migracao.py "$(NOME)" $(ARGS)

lancar: migration  ## freeze the open migration with its checksum
	@$(PY) ferramentas/lancar.py

reference:  ## write docs/comandos.md anew from the help of the commands
	$(PREPARAR)
	@$(PY) ferramentas/gerar_referencia.py $(ARGS)

traducoes:  ## bring the catalogue of Portuguese up to what the code says, and compile it
	$(PREPARAR)
	@$(PY) ferramentas/traduzir.py $(ARGS)

psql:  ## open psql on the demo's database, starting its server where it is stopped
	$(PREPARAR)
	@$(SERVIDOR) psql $(ARGS)

stop:  ## stop the private server; the data stay
	@if [ -e .estoque ]; then sh ferramentas/preparar.sh && $(SERVIDOR) parar; \
	else echo "no server is running"; fi

clean:  ## stop the server and remove it with its data, the virtual environment and all caches
	@if [ -e .estoque ] || [ -L .estoque ]; then \
	sh ferramentas/preparar.sh && $(SERVIDOR) remover; fi
	@rm -rf .venv .venv-minimos build dist bench/tmp .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
