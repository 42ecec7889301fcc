"""Takes the pictures of the panel that the READMEs show: `make fotos`, after `make demo`.

Of the demo's data, in Portuguese, by the browser that the tests use; they are committed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RAIZ = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(RAIZ), str(RAIZ / "tests")]

from navegador import navegador  # noqa: E402

PASTA = RAIZ / "docs" / "imagens"
PORTA = 8765
PAGINAS = {"painel-hoje.png": "/", "painel-produto.png": "/produto/4310252"}


def main() -> None:
    onde = subprocess.run(
        [sys.executable, "-m", "servidor", "onde"],
        cwd=RAIZ, check=True, capture_output=True, text=True,
    )  # fmt: skip
    servico = subprocess.Popen(
        [sys.executable, "-m", "estoque_pg", "servir", "--porta", str(PORTA), "--dsn",
         onde.stdout.strip()],
        cwd=RAIZ, env={**os.environ, "ESTOQUE_IDIOMA": "en"}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert servico.stderr is not None
        while "listening" not in servico.stderr.readline():
            pass
        PASTA.mkdir(exist_ok=True)
        with navegador() as aberto:
            contexto = aberto.new_context(
                locale="pt-BR", viewport={"width": 1100, "height": 640}, color_scheme="light"
            )
            pagina = contexto.new_page()
            for nome, caminho in PAGINAS.items():
                pagina.goto(f"http://127.0.0.1:{PORTA}{caminho}")
                pagina.screenshot(path=PASTA / nome)
                print(PASTA.relative_to(RAIZ) / nome)
    finally:
        servico.terminate()
        servico.wait()


if __name__ == "__main__":
    main()
