"""The planner's morning, worked out the slow way: contradictions, coverage, search.

As tests/oraculo.py: from the raw rows, in Python, without any SQL of the package.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from oraculo import (
    ZERO,
    Conexao,
    Linha,
    Oraculo,
    arredondar,
    com_datas_infinitas,
    como_codigo,
    como_dia,
    dia_mais,
)
from psycopg.rows import dict_row

TIPOS = {
    "faturado sem movimento": "lancar_movimento",
    "movimento sem fatura": "conferir_fatura",
    "pre-separacao repetida": "encerrar_pre_separacao",
    "lote faturado em parte": "faturar_pedido",
    "lote reutilizado": "trocar_lote",
    "separacao repetida": "excluir_repetida",
    "estorno repetido": "conferir_estorno",
    "demanda sem data": "informar_data",
    "saida atrasada": "remarcar_saida",
    "codigos parecidos": "unificar_codigos",
}


class OraculoDaManha:
    """What the three functions of the morning answer, of what an Oraculo knows."""

    def __init__(self, certo: Oraculo) -> None:
        self.certo = certo
        self.hoje = certo.hoje
        self.faturados = certo.lotes_faturados()
        self.separacoes = [self._exit(r, "qtd_saldo", "expedicao") for r in self._de("separacao")]
        self.reservas = [
            self._exit(r, "qtd_selecionada_usuario", "data_expedicao_editada")
            for r in self._de("pre_separacao_item")
            if r["status"] in (None, "CRIADO", "RECOMPOSTO")
        ]
        self.movimentos = [
            {**r, "produto": certo.canonico(str(r["cod_produto"])), "q": arredondar(q)}
            for r in self._de("movimentacao_estoque")
            if r["ativo"] is True and (q := r["qtd_movimentacao"]) is not None and arredondar(q)
        ]
        self.itens: dict[str, list[Linha]] = defaultdict(list)
        for r in self._de("embarque_itens"):
            if r["separacao_lote_id"] is not None:
                self.itens[r["separacao_lote_id"]].append(r)

    def _de(self, tabela: str) -> list[Linha]:
        return self.certo.fontes[tabela]

    def _exit(self, r: Linha, quantidade: str, data: str) -> Linha:
        codigo = como_codigo(r["cod_produto"])
        return {
            **r,
            "produto": None if codigo is None else self.certo.canonico(codigo),
            "q": max(arredondar(r[quantidade] or 0), ZERO),
            "dia": como_dia(r[data]),
        }

    # --- contradictions -----------------------------------------------------------------------

    def incoerencias(self) -> list[Linha]:
        achadas: list[Linha] = []

        def dizer(
            tipo: str, produto: str, docs: Iterable[tuple[str, Any]], desde: Any, quanto: Any
        ) -> None:
            achadas.append(
                {
                    "tipo": tipo,
                    "cod_produto": produto,
                    "documentos": sorted((o, str(i)) for o, i in docs),
                    "desde": desde,
                    "quantidade": quanto,
                    "o_que_fazer": TIPOS[tipo],
                }
            )

        self._dos_lotes(dizer)
        self._dos_abertos(dizer)
        self._dos_estornos(dizer)
        parecidos: dict[str, list[str]] = defaultdict(list)
        for codigo in self.certo.conhecidos:
            parecidos["".join(codigo.lower().split()).lstrip("0")].append(codigo)
        for codigos in parecidos.values():
            produtos = {self.certo.canonico(c) for c in codigos}
            if len(produtos) > 1:
                docs = [("estoque_codigo_conhecido", c) for c in codigos]
                dizer("codigos parecidos", min(produtos), docs, None, None)
        ordem = list(TIPOS)
        return sorted(
            achadas,
            key=lambda r: (
                ordem.index(r["tipo"]),
                r["desde"] or date.max,
                r["cod_produto"],
                r["documentos"],
            ),
        )

    def _recentes(self) -> set[str]:
        desde, lotes = dia_mais(self.hoje, -90), set()
        for s in self.separacoes:
            dias = [d for d in (s["dia"], como_dia(s.get("criado_em"))) if d is not None]
            if s["separacao_lote_id"] is not None and (not dias or max(dias) >= desde):
                lotes.add(s["separacao_lote_id"])
        return lotes

    def _dos_lotes(self, dizer: Callable[..., None]) -> None:
        recentes = self._recentes()
        validas = {
            i["nota_fiscal"] for lote in recentes for i in self.itens[lote] if self._fatura(i)
        }
        for lote in sorted(recentes):
            itens, faturado = self.itens[lote], lote in self.faturados
            seps = [
                s
                for s in self.separacoes
                if s["separacao_lote_id"] == lote and s["produto"] is not None
            ]
            for s in seps:
                s["desde"] = s["dia"] or como_dia(s.get("criado_em"))
            notas = {
                i["nota_fiscal"]
                for i in itens
                if i["nota_fiscal"] and (self._fatura(i) or not faturado)
            }
            if not faturado:
                notas -= validas
            movs = [
                m
                for m in self.movimentos
                if m.get("separacao_lote_id") == lote or m.get("numero_nf") in notas
            ]
            faturas = [("embarque_itens", i["id"]) for i in itens if self._fatura(i)]
            for produto in sorted({s["produto"] for s in seps}):
                dele = [s for s in seps if s["produto"] == produto]
                meus = [m for m in movs if m["produto"] == produto]
                total, saldo = sum(s["q"] for s in dele), sum((m["q"] for m in meus), ZERO)
                docs = [("separacao", s["id"]) for s in dele]
                if faturado and total > 0 and saldo >= 0:
                    desde = min((s["desde"] for s in dele if s["desde"]), default=None)
                    dizer("faturado sem movimento", produto, docs + faturas, desde, total)
                if not faturado and saldo < 0:
                    docs += [("movimentacao_estoque", m["id"]) for m in meus]
                    desde = min(_dia(m)
                                for m in meus if m["q"] < 0)  # fmt: skip
                    dizer("movimento sem fatura", produto, docs, desde, -saldo)
            if faturado:
                self._em_parte(dizer, itens, seps)
                self._reutilizado(dizer, itens, seps, movs, faturas)

    def _fatura(self, item: Linha) -> bool:
        return (
            item["status"] == "ativo"
            and bool(item["nota_fiscal"])
            and item["erro_validacao"] is None
        )

    def _em_parte(self, dizer: Callable[..., None], itens: list[Linha], seps: list[Linha]) -> None:
        for pedido in {i["pedido"] for i in itens} - {None}:
            meus = [i for i in itens if i["pedido"] == pedido]
            certo = any(map(self._fatura, meus)) and not any(
                i["status"] == "ativo" and i["erro_validacao"] is not None for i in meus
            )
            for produto in {s["produto"] for s in seps}:
                dele = [s for s in seps if s["produto"] == produto and s["num_pedido"] == pedido]
                total = sum(s["q"] for s in dele)
                if not certo and total > 0:
                    docs = [("separacao", s["id"]) for s in dele]
                    docs += [("embarque_itens", i["id"]) for i in meus]
                    desde = min((s["desde"] for s in dele if s["desde"]), default=None)
                    dizer("lote faturado em parte", produto, docs, desde, total)

    def _reutilizado(
        self,
        dizer: Callable[..., None],
        itens: list[Linha],
        seps: list[Linha],
        movs: list[Linha],
        faturas: list[tuple[str, Any]],
    ) -> None:
        saidas = [m["criado_em"] for m in movs if m["q"] < 0 and m.get("criado_em") is not None]
        pedidos = {i["pedido"] for i in itens}
        for s in seps:
            if not s["q"]:
                continue
            feita: datetime | None = s.get("criado_em")
            if feita is not None and saidas:
                outro = feita > max(saidas)
            else:
                outro = s["num_pedido"] is not None and None not in pedidos
                outro = outro and s["num_pedido"] not in pedidos
            if outro:
                docs = [("separacao", s["id"]), *faturas]
                dizer("lote reutilizado", s["produto"], docs, s["desde"], s["q"])

    def _dos_abertos(self, dizer: Callable[..., None]) -> None:
        contam = [
            (origem, r)
            for origem, linhas in (
                ("pre_separacao_item", self.reservas),
                ("separacao", self.separacoes),
            )
            for r in linhas
            if r["produto"] is not None
            and r["q"] > 0
            and not (origem == "separacao" and r["separacao_lote_id"] in self.faturados)
        ]
        iguais: dict[Any, list[Linha]] = defaultdict(list)
        for origem, r in contam:
            if r["dia"] is None:
                dizer("demanda sem data", r["produto"], [(origem, r["id"])], None, r["q"])
            elif r["dia"] < dia_mais(self.hoje, -7):
                dizer("saida atrasada", r["produto"], [(origem, r["id"])], r["dia"], r["q"])
            lote = r["separacao_lote_id"]
            if lote is None:
                continue
            no_lote = [s for s in self.separacoes if s["separacao_lote_id"] == lote]
            if origem == "pre_separacao_item" and (no_lote or lote in self.faturados):
                docs = [(origem, r["id"])]
                docs += [("separacao", s["id"]) for s in no_lote if s["produto"] == r["produto"]]
                dizer("pre-separacao repetida", r["produto"], docs, r["dia"], r["q"])
            if origem == "separacao" and r["num_pedido"] is not None:
                chave = (lote, r["num_pedido"], r["cod_produto"], r["q"], r["dia"])
                iguais[chave].append(r)
        for linhas in iguais.values():
            if len(linhas) > 1:
                r, docs = linhas[0], [("separacao", x["id"]) for x in linhas]
                quanto = r["q"] * (len(linhas) - 1)
                dizer("separacao repetida", r["produto"], docs, r["dia"], quanto)

    def _dos_estornos(self, dizer: Callable[..., None]) -> None:
        grupos: dict[Any, list[Linha]] = defaultdict(list)
        for m in self.movimentos:
            nota, lote = m.get("numero_nf") or None, m.get("separacao_lote_id")
            if nota is not None or lote is not None:
                chave = (m["produto"], nota, lote if nota is None else None)
                grupos[chave].append(m)
        for (produto, _, _), movs in grupos.items():
            entradas = [_dia(m) for m in movs if m["q"] > 0]
            total = sum(m["q"] for m in movs)
            if not entradas or total <= 0 or all(m["q"] > 0 for m in movs):
                continue
            ultima = max(entradas)
            if ultima >= dia_mais(self.hoje, -90):
                docs = [("movimentacao_estoque", m["id"]) for m in movs]
                dizer("estorno repetido", produto, docs, ultima, total)

    # --- coverage -----------------------------------------------------------------------------

    def cobertura(self, codigos: Iterable[str | None]) -> list[Linha]:
        linhas = []
        for codigo in sorted({c for c in codigos if c in self.certo.conhecidos}, key=str):
            assert codigo is not None
            canonico = self.certo.canonico(codigo)
            produto = self.certo.produtos[canonico]
            soma = -sum(
                m["q"]
                for m in self.movimentos
                if m["produto"] == canonico
                and m["q"] < 0
                and dia_mais(self.hoje, -30) <= _dia(m) < self.hoje
            )
            linhas.append(
                {
                    "codigo_consultado": codigo,
                    "cod_produto": canonico,
                    "nome_produto": produto.nome,
                    "estoque_atual": produto.saldo,
                    "saida_diaria": _arredondar(Decimal(soma) / 30, "0.001"),
                    "dias_por_consumo": _arredondar(max(produto.saldo, ZERO) * 30 / soma, "0.1")
                    if soma
                    else None,
                    "dias_por_documentos": self._ate_faltar(canonico, produto.saldo),
                }
            )
        return linhas

    def _ate_faltar(self, canonico: str, saldo: Decimal) -> int | None:
        if saldo < 0:
            return 0
        saidas: dict[date, Decimal] = defaultdict(lambda: ZERO)
        for dia, _, saida in self.certo.dias_de.get(canonico, []):
            saidas[max(dia, self.hoje)] += saida
        total = ZERO
        for dia in sorted(saidas):
            total += saidas[dia]
            if total > saldo:
                return (dia - self.hoje).days if dia < date.max else None
        return None

    # --- search -------------------------------------------------------------------------------

    def buscar(self, texto: str | None, limite: int = 50) -> list[str]:
        """The codes of the products found, in order."""
        procurado = " ".join(simples(texto or "").split())
        if not procurado:
            return []
        achados = []
        for canonico, produto in self.certo.produtos.items():
            codigos = [c for c in self.certo.conhecidos if self.certo.canonico(c) == canonico]
            nome = simples(produto.nome or "")
            textos = [nome, *map(simples, codigos)]
            if not all(any(p in t for t in textos) for p in procurado.split(" ")):
                continue
            ordem = 3
            if any(t.startswith(procurado) for t in textos):
                ordem = 2
            if procurado in textos[1:]:
                ordem = 1
            if texto is not None and (texto in codigos or texto.strip(" ") in codigos):
                ordem = 0
            achados.append((ordem, canonico))
        return [codigo for _, codigo in sorted(achados)[:limite]]


def _dia(movimento: Linha) -> date:
    dia = como_dia(movimento["data_movimentacao"])
    assert dia is not None
    return dia


def simples(texto: str) -> str:
    """Without accents, composed or not, and without capitals."""
    partes = unicodedata.normalize("NFD", texto)
    return "".join(c for c in partes if not "\u0300" <= c <= "\u036f").lower()


def _arredondar(valor: Decimal, passo: str) -> Decimal:
    return valor.quantize(Decimal(passo), ROUND_HALF_UP)


def comparar_manha(conn: Conexao, certo: Oraculo) -> list[str]:
    """The three functions against the oracle."""
    manha, erros = OraculoDaManha(certo), []
    cur = com_datas_infinitas(conn.cursor(row_factory=dict_row))
    linhas = cur.execute("SELECT * FROM estoque_incoerencias()").fetchall()
    for r in linhas:
        r["documentos"] = sorted((d["origem"], d["id"]) for d in r["documentos"])
    esperadas = manha.incoerencias()
    erros += [f"estoque_incoerencias: {r}" for r in linhas if r not in esperadas]
    erros += [f"estoque_incoerencias lacks: {r}" for r in esperadas if r not in linhas]
    ordem = [(r["tipo"], r["desde"], r["cod_produto"]) for r in linhas]
    if ordem != [(r["tipo"], r["desde"], r["cod_produto"]) for r in esperadas]:
        erros.append(f"estoque_incoerencias is not in order: {ordem}")

    codigos = [*sorted(certo.conhecidos), "não existe", None]
    linhas = cur.execute("SELECT * FROM estoque_cobertura(%s::text[])", [codigos]).fetchall()
    if linhas != (esperadas := manha.cobertura(codigos)):
        erros.append(f"estoque_cobertura: {linhas} is not {esperadas}")
    for texto in ("um", "A", "2 um", "123", "%", " ", None):
        linhas = cur.execute("SELECT cod_produto FROM estoque_buscar(%s)", [texto]).fetchall()
        if (achados := [r["cod_produto"] for r in linhas]) != manha.buscar(texto):
            erros.append(f"estoque_buscar({texto!r}): {achados} is not {manha.buscar(texto)}")
    return erros
