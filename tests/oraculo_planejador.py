"""The planner's questions worked out the slow way, from source rows, and compared with ours.

Documents are plain dictionaries here, days are gone through one by one, and a change is made to
every document it meets: nothing is shared with the SQL of the package.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from oraculo import (
    ZERO,
    Conexao,
    Linha,
    Oraculo,
    _iguais,
    _numeradas,
    arredondar,
    com_datas_infinitas,
    como_codigo,
    como_dia,
    dia_mais,
)
from psycopg.rows import dict_row

CONTAM = ("conta", "atrasada")


class Planejador:
    """The right answers, for the rows and the day of an oracle."""

    def __init__(self, certo: Oraculo) -> None:
        self.certo = certo
        self.hoje = certo.hoje
        faturados = certo.lotes_faturados()
        self.abertos: list[Linha] = []
        for origem, data, quantidade, documento, lote, entra, estados in certo.DOCUMENTOS:
            for r in certo.fontes[origem]:
                codigo = como_codigo(r["cod_produto"])
                if codigo is None or (estados is not None and r["status"] not in estados):
                    continue
                self.abertos.append(
                    {
                        "produto": certo.canonico(codigo),
                        "codigo": codigo,
                        "origem": origem,
                        "numero": r["id"],
                        "id": str(r["id"]),
                        "documento": r.get(documento),
                        "linha": documento == "linha_producao",
                        "lote": r.get(lote) if lote else None,
                        "data": como_dia(r[data]),
                        "entra": entra,
                        "quanto": arredondar(r[quantidade] or 0),
                        "faturado": origem == "separacao" and r["separacao_lote_id"] in faturados,
                    }
                )

    # --- documents ----------------------------------------------------------------------------

    def situacao(self, d: Linha, fim: date) -> str:
        if d["faturado"]:
            return "faturado"
        if d["quanto"] <= 0:
            return "sem quantidade"
        if d["data"] is None:
            return "sem data"
        if d["data"] > fim:
            return "alem do horizonte"
        if d["data"] >= self.hoje:
            return "conta"
        return "entrada atrasada" if d["entra"] else "atrasada"

    def que_contam(self, produto: str, fim: date = date.max) -> list[Linha]:
        """The documents that count up to a day, in the order in which the balance is run down."""
        achados = [
            {**d, "dia": max(d["data"], self.hoje)}
            for d in self.abertos
            if d["produto"] == produto and self.situacao(d, fim) in CONTAM
        ]
        achados.sort(key=lambda d: (d["dia"], not d["entra"], d["origem"], d["numero"]))
        saldo = self.certo.produtos[produto].saldo
        for d in achados:
            saldo += d["quanto"] if d["entra"] else -d["quanto"]
            d["saldo"] = saldo
        return achados

    def documentos(self, codigo: str, dias: int = 28) -> list[Linha]:
        if codigo not in self.certo.conhecidos:
            return []
        produto, fim = self.certo.canonico(codigo), dia_mais(self.hoje, dias)
        outros = [
            {**d, "dia": None, "saldo": None}
            for d in self.abertos
            if d["produto"] == produto
            and self.situacao(d, fim) not in CONTAM
            and (d["data"] is None or d["data"] >= dia_mais(self.hoje, -30))
        ]
        return [
            {
                "dia": d["dia"],
                "data_prevista": d["data"],
                **{c: d[c] for c in ("origem", "id", "documento", "lote", "codigo")},
                "entrada": d["quanto"] if d["entra"] else ZERO,
                "saida": ZERO if d["entra"] else d["quanto"],
                "saldo": d["saldo"],
                "situacao": self.situacao(d, fim),
            }
            for d in [*self.que_contam(produto, fim), *outros]
        ]

    # --- days ---------------------------------------------------------------------------------

    def fins(self, produto: str, dias: int, abertos: Sequence[Linha] | None = None) -> list[Linha]:
        """Every day from today on, from the documents themselves."""
        saldo = self.certo.produtos[produto].saldo
        achados = self.abertos if abertos is None else abertos
        por_dia: dict[date, list[Linha]] = {}
        for d in achados:
            if d["produto"] == produto and self.situacao(d, date.max) in CONTAM:
                por_dia.setdefault(max(d["data"], self.hoje), []).append(d)
        linhas = []
        for n in range(dias + 1):
            dia = dia_mais(self.hoje, n)
            entrada = sum((d["quanto"] for d in por_dia.get(dia, []) if d["entra"]), ZERO)
            saida = sum((d["quanto"] for d in por_dia.get(dia, []) if not d["entra"]), ZERO)
            saldo += entrada - saida
            linhas.append({"data": dia, "entrada": entrada, "saida": saida, "saldo": saldo})
        return linhas

    def resumo(self, produto: str, fins: Sequence[Linha]) -> tuple[date | None, Decimal]:
        ruptura = next((f["data"] for f in fins if f["saldo"] < 0), None)
        return ruptura, min([self.certo.produtos[produto].saldo, *(f["saldo"] for f in fins)])

    @staticmethod
    def fim(fins: Sequence[Linha]) -> date | None:
        """The last day below zero, none where it is the last of all."""
        dias = [f["data"] for f in fins if f["saldo"] < 0]
        return dias[-1] if dias and dias[-1] != fins[-1]["data"] else None

    # --- what if ------------------------------------------------------------------------------

    def mudar(self, mudancas: Sequence[Mapping[str, Any]]) -> tuple[list[Linha], list[int]]:
        """The documents after the changes, and the items that met none."""
        fim = date.max
        de_fora: tuple[str, ...] = ("faturado", "sem quantidade")
        if not any("para" in m for m in mudancas):
            de_fora += ("sem data", "entrada atrasada")
        abertos = [dict(d) for d in self.abertos if self.situacao(d, fim) not in de_fora]
        avisos = []
        for n, m in enumerate(mudancas, 1):
            if m["acao"] == "somar":
                abertos.append(self._somado(m))
                continue
            achados = [d for d in abertos if self._encontra(m, d)]
            if not achados:
                avisos.append(n)
            for d in achados:
                if m["acao"] == "ignorar":
                    abertos.remove(d)
                elif m["acao"] == "escalar":
                    d["quanto"] = arredondar(d["quanto"] * Decimal(str(m["fator"])))
                elif "para" in m:
                    d["data"] = date.fromisoformat(m["para"])
                elif self.situacao({**d, "quanto": 1}, date.max) in CONTAM:
                    dia = max(d["data"], self.hoje)
                    d["data"] = max(dia_mais(dia, m["dias"]), self.hoje)
        return abertos, avisos

    def _somado(self, m: Mapping[str, Any]) -> Linha:
        return {
            "produto": self.certo.canonico(m["codigo"]),
            "codigo": None, "origem": None, "id": None, "numero": None, "documento": None,
            "linha": False, "lote": None, "data": date.fromisoformat(m["data"]),
            "entra": "entrada" in m, "faturado": False,
            "quanto": arredondar(Decimal(str(m.get("entrada", m.get("saida"))))),
        }  # fmt: skip

    def _encontra(self, m: Mapping[str, Any], d: Linha) -> bool:
        if d["faturado"]:
            return False
        provas: dict[str, Callable[[Any], bool]] = {
            "origem": lambda v: d["origem"] == v,
            "ids": lambda v: d["id"] in [str(x) for x in v],
            "pedidos": lambda v: not d["linha"] and d["documento"] in v,
            "linhas": lambda v: d["linha"] and d["documento"] in v,
            "lotes": lambda v: d["lote"] in v,
            "codigos": lambda v: d["produto"] in {self.certo.canonico(c) for c in v},
            "de": lambda v: d["data"] is not None and d["data"] >= date.fromisoformat(v),
            "ate": lambda v: d["data"] is not None and d["data"] <= date.fromisoformat(v),
        }
        return all(prova(m[chave]) for chave, prova in provas.items() if chave in m)

    def simular(self, mudancas: Sequence[Mapping[str, Any]], dias: int = 28) -> list[Linha]:
        depois, _ = self.mudar(mudancas)
        linhas = []
        for produto in sorted(self.certo.produtos):
            antes, agora = self.fins(produto, dias), self.fins(produto, dias, depois)
            if [f["saldo"] for f in antes] != [f["saldo"] for f in agora]:
                r1, m1 = self.resumo(produto, antes)
                r2, m2 = self.resumo(produto, agora)
                linhas.append(
                    {
                        "cod_produto": produto,
                        "nome_produto": self.certo.produtos[produto].nome,
                        "dia_ruptura_antes": r1,
                        "dia_ruptura_depois": r2,
                        "menor_antes": m1,
                        "menor_depois": m2,
                        "fim_ruptura_antes": self.fim(antes),
                        "fim_ruptura_depois": self.fim(agora),
                    }
                )
        return linhas

    def projecao_simulada(
        self, codigo: str, mudancas: Sequence[Mapping[str, Any]], dias: int = 28
    ) -> list[Linha]:
        if codigo not in self.certo.conhecidos:
            return []
        produto = self.certo.canonico(codigo)
        depois, _ = self.mudar(mudancas)
        return [
            {
                "dia": n,
                "data": a["data"],
                **{f"{c}_antes": a[c] for c in ("entrada", "saida", "saldo")},
                **{f"{c}_depois": b[c] for c in ("entrada", "saida", "saldo")},
            }
            for n, (a, b) in enumerate(
                zip(self.fins(produto, dias), self.fins(produto, dias, depois), strict=True)
            )
        ]

    # --- why ----------------------------------------------------------------------------------

    def explicar(self, codigo: str, dias: int = 28) -> list[Linha]:
        """The intervals, without the remedies: those are tried, see comparar_remedios."""
        if codigo not in self.certo.conhecidos:
            return []
        produto = self.certo.canonico(codigo)
        fins = self.fins(produto, dias)
        documentos = self.que_contam(produto)
        linhas = []
        n = 0
        while n <= dias:
            if fins[n]["saldo"] >= 0:
                n += 1
                continue
            m = n
            while m < dias and fins[m + 1]["saldo"] < 0:
                m += 1
            menor = min(f["saldo"] for f in fins[n : m + 1])
            inicio = fins[n]["data"]
            no_dia = [d for d in documentos if d["dia"] == inicio]
            comeco = fins[n - 1]["saldo"] if n else self.certo.produtos[produto].saldo
            cruza: Linha = {}
            if comeco >= 0:
                antes = comeco
                for d in no_dia:
                    if antes >= 0 > d["saldo"] and not d["entra"]:
                        cruza = d
                    antes = d["saldo"]
            entrada: Linha = next((d for d in documentos if d["entra"] and d["dia"] > inicio), {})
            linhas.append(
                {
                    "inicio": inicio,
                    "fim": fins[m]["data"] if m < dias else None,
                    "falta": -menor,
                    "dia_da_falta": next(f["data"] for f in fins[n:] if f["saldo"] == menor),
                    **{c: cruza.get(c) for c in ("origem", "id", "documento")},
                    "saida": cruza.get("quanto"),
                    "entrada_data": entrada.get("dia"),
                    "entrada_quantidade": entrada.get("quanto"),
                    "entrada_documento": entrada.get("documento"),
                }
            )
            n = m + 1
        return linhas

    def faltam_remedios(self, codigo: str, dias: int, linha: Linha) -> list[str]:
        """What is wrong with the remedies of an interval: each is carried out, and looked at."""
        produto = self.certo.canonico(codigo)
        inicio, fim, falta = linha["inicio"], linha["fim"], linha["falta"]
        ate = fim or dia_mais(self.hoje, dias)
        documentos = self.que_contam(produto)
        certos: dict[str, Any] = {"repor": (None, falta, inicio)}
        nela = [d for d in documentos if d["entra"] and d["dia"] > ate and d["quanto"] >= falta]
        if nela:
            certos["antecipar"] = (nela[0]["id"], nela[0]["quanto"], inicio)
        saidas = [
            d for d in documentos
            if not d["entra"] and d["dia"] <= inicio and d["quanto"] >= falta
        ]  # fmt: skip
        if saidas and fim:
            menor = min(d["quanto"] for d in saidas)
            certos["adiar"] = (None, menor, dia_mais(fim, 1))
        achados = {}
        erros = []
        for r in linha["remedios"]:
            achados[r["acao"]] = (
                r["id"] if r["acao"] == "antecipar" else None,
                r["quantidade"],
                date.fromisoformat(r["para"]),
            )
            depois, avisos = self.mudar(r["mudancas"])
            fins = self.fins(produto, dias, depois)
            if avisos or any(inicio <= f["data"] <= ate and f["saldo"] < 0 for f in fins):
                erros.append(f"{codigo}: {r} does not end {inicio} to {fim}")
            ruptura, menor = self.resumo(produto, fins)
            dito = r["dia_ruptura_depois"] and date.fromisoformat(r["dia_ruptura_depois"])
            if (dito, r["menor_depois"]) != (ruptura, menor):
                erros.append(f"{codigo}: {r}, but then {ruptura}, {menor}")
        return erros + _iguais(f"remedies of {codigo} {inicio}", achados, certos)

    # --- minimums -----------------------------------------------------------------------------

    def regra_vigente(self, codigo: str | None) -> list[Linha]:
        if codigo is not None and codigo not in self.certo.conhecidos:
            return []
        canonico = None if codigo is None else self.certo.canonico(codigo)
        regra = self.certo.regra(canonico)
        del regra["propria"]
        return [{"cod_produto": canonico, **regra}]

    def em_risco(self, dias: int = 28) -> list[Linha]:
        linhas = []
        for produto, o_que in self.certo.produtos.items():
            projetados = self.certo.projetar(produto, dias)
            sem, faltas = projetados[0]["saldo_inicial"], []
            for d in projetados:
                sem -= d["saida"]
                if sem < 0:
                    faltas.append(d["data"])
            if faltas and all(d["saldo_final"] >= 0 for d in projetados):
                linhas.append(
                    {
                        "cod_produto": produto,
                        "nome_produto": o_que.nome,
                        "estoque_atual": o_que.saldo,
                        "dia_ruptura": faltas[0],
                        "falta": -sem,
                        "proxima_entrada": min(d["data"] for d in projetados if d["entrada"] > 0),
                    }
                )
        return sorted(linhas, key=lambda r: (r["dia_ruptura"], r["cod_produto"]))

    def abaixo_do_minimo(self, dias: int = 28) -> list[Linha]:
        linhas = []
        for produto, o_que in self.certo.produtos.items():
            regra = self.certo.regra(produto)
            fins = self.fins(produto, dias)
            minimo, prazo = regra["minimo"], regra["prazo_reposicao"]
            abaixo = [f["data"] for f in fins if f["saldo"] < minimo - regra["tolerancia"]]
            if abaixo and (regra["propria"] or self._em_uso(produto)):
                menor = min(f["saldo"] for f in fins)
                linhas.append(
                    {
                        "cod_produto": produto,
                        "nome_produto": o_que.nome,
                        "minimo": minimo,
                        "primeiro_dia": abaixo[0],
                        "menor_saldo": menor,
                        "falta": minimo - menor,
                        "pedir_ate": None if prazo is None else dia_mais(abaixo[0], -prazo),
                    }
                )
        return sorted(linhas, key=lambda r: (r["primeiro_dia"], r["cod_produto"]))

    def _em_uso(self, produto: str) -> bool:
        ha_um_ano = self.hoje.replace(year=self.hoje.year - 1)
        return any(
            d["produto"] == produto and not d["faturado"] and d["quanto"] > 0 for d in self.abertos
        ) or any(
            (como_dia(r["data_movimentacao"]) or date.min) >= ha_um_ano
            and self.certo.canonico(str(r["cod_produto"])) == produto
            for r in self.certo.fontes["movimentacao_estoque"]
            if r["cod_produto"] is not None
        )

    # --- promises -----------------------------------------------------------------------------

    def prometer(self, linhas: Sequence[tuple[str, Decimal]], dias: int = 28) -> list[Linha]:
        pedido: dict[Any, Linha] = {}
        for codigo, quantidade in linhas:
            conhecido = codigo in self.certo.conhecidos
            produto = self.certo.canonico(codigo) if conhecido else None
            chave = (produto, None if conhecido else codigo)
            r = pedido.setdefault(chave, {"produto": produto, "quantidade": ZERO, "codigos": set()})
            r["quantidade"] += arredondar(quantidade)
            r["codigos"].add(codigo)
        saida = []
        for r in pedido.values():
            produto, hoje = r["produto"], None
            quando: tuple[date | None, Decimal | None] = (None, None)
            if produto is not None:
                saldos = [f["saldo"] for f in self.fins(produto, dias)]
                hoje = max(min(saldos), ZERO)
                quando = next(
                    (
                        (dia_mais(self.hoje, n), min(saldos[n:]))
                        for n in range(dias + 1)
                        if min(saldos[n:]) >= r["quantidade"]
                    ),
                    (None, None),
                )
            saida.append(
                {
                    "cod_produto": produto,
                    "nome_produto": produto and self.certo.produtos[produto].nome,
                    "quantidade": r["quantidade"],
                    "maximo_hoje": hoje,
                    "data_disponivel": quando[0],
                    "maximo_na_data": quando[1],
                    "codigos_pedidos": sorted(r["codigos"]),
                }
            )
        dias_disponiveis = [r["data_disponivel"] for r in saida]
        junta = None if None in dias_disponiveis else max(dias_disponiveis, default=None)
        return [{**r, "data_conjunta": junta} for r in saida]


# --- comparing --------------------------------------------------------------------------------


def alguns(sorteio: random.Random, de: Iterable[Any], quantos: int) -> list[Any]:
    lista = sorted(de)
    return sorteio.sample(lista, min(quantos, len(lista)))


def mudancas_ao_acaso(sorteio: random.Random, certo: Planejador) -> list[dict[str, Any]]:
    """Some changes that meet something, and some that may not."""
    hoje = certo.hoje

    def dia(de: int, ate: int) -> str:
        return (hoje + timedelta(days=sorteio.randint(de, ate))).isoformat()

    def filtro() -> dict[str, Any]:
        d = sorteio.choice(certo.abertos) if certo.abertos else {}
        escolhas: list[dict[str, Any]] = [
            {"de": dia(-40, 5)},
            {"ate": dia(-3, 20)},
            {"origem": sorteio.choice([t for t, *_ in certo.certo.DOCUMENTOS])},
            {"codigos": alguns(sorteio, certo.certo.conhecidos, 2) or ["none"]},
        ]
        if d:
            escolhas.append({"origem": d["origem"], "ids": [d["id"], "x"]})
            escolhas.append({"origem": d["origem"], "ids": [d["numero"]]})
            if d["documento"] is not None:
                escolhas.append({"linhas" if d["linha"] else "pedidos": [d["documento"]]})
            if d["lote"] is not None:
                escolhas.append({"lotes": [d["lote"], "none"]})
        juntas: dict[str, Any] = {}
        for escolha in sorteio.sample(escolhas, sorteio.choice([1, 1, 2])):
            juntas.update(escolha)
        return juntas

    def item() -> dict[str, Any]:
        acao = sorteio.choice(["somar", "ignorar", "adiar", "adiar", "escalar"])
        if acao == "somar":
            if not certo.certo.conhecidos:
                return {"acao": "ignorar", **filtro()}
            lado = sorteio.choice(["entrada", "saida"])
            return {
                "acao": acao,
                "codigo": sorteio.choice(sorted(certo.certo.conhecidos)),
                "data": dia(0 if lado == "entrada" else -3, 12),
                lado: sorteio.choice([1, 0.5, 7.0004, 40]),
            }
        mais: dict[str, Any] = {}
        if acao == "adiar":
            mais = sorteio.choice([{"dias": sorteio.randint(-6, 9)}, {"para": dia(0, 12)}])
        if acao == "escalar":
            mais = {"fator": sorteio.choice([0, 0.5, 1.3333, 3])}
        return {"acao": acao, **mais, **filtro()}

    return [item() for _ in range(sorteio.randint(0, 4))]


def comparar_planejador(conn: Conexao, oraculo: Oraculo, semente: int = 0) -> list[str]:
    """Ours against the slow answers, for some codes and some changes, by lot."""
    sorteio = random.Random(semente)
    certo = Planejador(oraculo)
    codigos = [*alguns(sorteio, oraculo.conhecidos, 8), "não existe"]
    cur = com_datas_infinitas(conn.cursor(row_factory=dict_row))
    erros: list[str] = []

    for codigo in codigos:
        linhas = cur.execute("SELECT * FROM estoque_documentos(%s, 20)", [codigo]).fetchall()
        esperado = certo.documentos(codigo, 20)
        # Those that count in their order; the others come after them, in no order that is promised.
        erros += _iguais(
            f"estoque_documentos({codigo}): those that count",
            _numeradas([r for r in linhas if r["dia"]]),
            _numeradas([r for r in esperado if r["dia"]]),
        )
        erros += _iguais(
            f"estoque_documentos({codigo}): the others",
            {(r["origem"], r["id"]): r for r in linhas if not r["dia"]},
            {(r["origem"], r["id"]): r for r in esperado if not r["dia"]},
        )
        explicadas = cur.execute(
            "SELECT inicio, fim, falta, dia_da_falta, origem, id, documento, saida, entrada_data,"
            " entrada_quantidade, entrada_documento, remedios::text"
            " FROM estoque_explicar(%s, 20)",
            [codigo],
        ).fetchall()
        for r in explicadas:
            r["remedios"] = json.loads(r["remedios"], parse_float=Decimal, parse_int=Decimal)
            erros += certo.faltam_remedios(codigo, 20, r)
        erros += _iguais(
            f"estoque_explicar({codigo})",
            _numeradas([{c: v for c, v in r.items() if c != "remedios"} for r in explicadas]),
            _numeradas(certo.explicar(codigo, 20)),
        )

    for _ in range(3):
        mudancas = mudancas_ao_acaso(sorteio, certo)
        texto = json.dumps(mudancas)
        linhas = cur.execute("SELECT * FROM _estoque_simulados(%s, 15)", [texto]).fetchall()
        avisos = [r["aviso"] for r in linhas if r["aviso"] is not None]
        erros += _iguais(f"avisos of {texto}", avisos, certo.mudar(mudancas)[1])
        linhas = [r for r in linhas if r.pop("aviso") is None]
        erros += _iguais(
            f"estoque_simular({texto})", _numeradas(linhas), _numeradas(certo.simular(mudancas, 15))
        )
        for codigo in codigos[:2]:
            linhas = cur.execute(
                "SELECT * FROM estoque_projecao_simulada(%s, %s, 15)", [codigo, texto]
            ).fetchall()
            erros += _iguais(
                f"estoque_projecao_simulada({codigo}, {texto})",
                _numeradas(linhas),
                _numeradas(certo.projecao_simulada(codigo, mudancas, 15)),
            )

    for codigo in (None, *codigos):
        linhas = cur.execute("SELECT * FROM estoque_regra_vigente(%s)", [codigo]).fetchall()
        erros += _iguais(
            f"estoque_regra_vigente({codigo})",
            _numeradas(linhas),
            _numeradas(certo.regra_vigente(codigo)),
        )
    linhas = cur.execute("SELECT * FROM estoque_em_risco(15)").fetchall()
    erros += _iguais("estoque_em_risco", _numeradas(linhas), _numeradas(certo.em_risco(15)))
    linhas = cur.execute("SELECT * FROM estoque_abaixo_do_minimo(15)").fetchall()
    erros += _iguais(
        "estoque_abaixo_do_minimo", _numeradas(linhas), _numeradas(certo.abaixo_do_minimo(15))
    )

    pedido = [(c, Decimal(sorteio.choice(["0.001", "3", "12.0004"]))) for c in codigos[:-1] * 2]
    for linhas_do_pedido in (pedido, [*pedido, (codigos[-1], Decimal(1))]):
        linhas = cur.execute(
            "SELECT * FROM estoque_prometer(%s, %s::numeric[], 20)",
            [[c for c, _ in linhas_do_pedido], [q for _, q in linhas_do_pedido]],
        ).fetchall()
        erros += _iguais(
            f"estoque_prometer({linhas_do_pedido})",
            _numeradas(linhas),
            _numeradas(certo.prometer(linhas_do_pedido, 20)),
        )
    return erros
