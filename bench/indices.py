"""What the indexes on movements that questions need cost a writer: with all of them, without each.

Processor time, so that it is the work that is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from bancada import Bancada, avisar
from cargas import CARGAS
from cenario import NOSSO, alvo
from comandos import COMANDOS
from medidas import cpu, mediana_das_razoes, nanossegundos
from resultado import Resultado, Secao

# Those that came after the one by product and id, which the rebuild of a product goes by.
INDICES = {
    "data": "cod_produto, data_movimentacao",
    "dia": "data_movimentacao (BRIN)",
    "lote": "separacao_lote_id",
    "nota": "numero_nf",
}
TODOS = "todos"
# Which are missing, by the name of what is measured then.
VARIANTES: dict[str, tuple[str, ...]] = {
    "": (),
    **{nome: (nome,) for nome in INDICES},
    TODOS: tuple(INDICES),
}


def medir_indices(bancada: Bancada, banco: str) -> list[Secao]:
    """Measure single and many inserts; the indexes are back afterwards."""
    ritmo = bancada.ritmo
    lote = f"{ritmo.lote:,} movements in one statement"
    medidas: dict[str, tuple[str, str, Callable[[], float]]] = {
        "um": (
            "movement inserted",
            "µs",
            lambda: cpu(bancada, banco, NOSSO, CARGAS[0], alvo(ritmo.escritas)),
        ),
        "lote": (lote, "ms", lambda: _lote(bancada, banco, "lote_de_movimentos")),
        "faturados": (
            f"{lote}, with invoice number and lot",
            "ms",
            lambda: _lote(bancada, banco, "lote_de_faturados"),
        ),
    }
    definicoes = _definicoes(bancada, banco)
    tempos: dict[tuple[str, str], list[float]] = {}
    variantes = list(VARIANTES)
    for rodada in range(ritmo.rodadas):
        for i in range(len(variantes)):
            variante = variantes[(rodada + i) % len(variantes)]
            avisar(f"  without {', '.join(VARIANTES[variante]) or 'none'}")
            _deixar(bancada, banco, definicoes, VARIANTES[variante])
            for chave, (_, _, medir) in medidas.items():
                tempos.setdefault((chave, variante), []).append(medir())
    _deixar(bancada, banco, definicoes, ())
    resultados = [
        Resultado(
            f"indice.{chave}.{variante}",
            f"{nome}, index by {INDICES.get(variante, 'any of these')}",
            mediana_das_razoes(tempos[chave, ""], tempos[chave, variante]),
            "×",
            {
                "with all": median(tempos[chave, ""]),
                "without": median(tempos[chave, variante]),
            },
            unidade,
        )
        for chave, (nome, unidade, _) in medidas.items()
        for variante, faltam in VARIANTES.items()
        if faltam
    ]
    return [Secao("Indexes on movements, of the processor time without", resultados)]


def _definicoes(bancada: Bancada, banco: str) -> dict[str, str]:
    with bancada.conectar(banco, NOSSO) as conn:
        linhas = conn.execute(
            "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = %s", [NOSSO]
        ).fetchall()
    todas = dict(linhas)
    return {nome: todas[f"estoque_movimentacao_{nome}"] for nome in INDICES}


def _deixar(
    bancada: Bancada, banco: str, definicoes: dict[str, str], faltam: tuple[str, ...]
) -> None:
    """Have all of the indexes but these, all newly built: none is fuller than another."""
    with bancada.conectar(banco, NOSSO) as conn:
        for nome, definicao in definicoes.items():
            conn.execute(f"DROP INDEX IF EXISTS estoque_movimentacao_{nome}".encode())
            if nome not in faltam:
                conn.execute(definicao.encode())
        conn.execute("VACUUM (ANALYZE) movimentacao_estoque")
        conn.execute("CHECKPOINT")


def _lote(bancada: Bancada, banco: str, comando: str) -> float:
    """Milliseconds of processor time of a bulk statement, which is rolled back."""
    parametros = {**alvo(bancada.ritmo.escritas), "quantos": bancada.ritmo.lote}
    with bancada.conectar(banco, NOSSO) as conn:
        with conn.transaction(force_rollback=True):
            antes = nanossegundos(conn.info.backend_pid)
            conn.execute(COMANDOS[comando], parametros)
            total = nanossegundos(conn.info.backend_pid) - antes
        conn.execute("VACUUM movimentacao_estoque, estoque_tempo_real")
    return total / 1_000_000
