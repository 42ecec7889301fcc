"""The source tables, each declared once: what the ERP calls it, which columns count, what it moves.

`make fontes` writes from this list, by the models beside it, what the database needs to know of
a source: its trigger function, its arm of the one reader that recomputation, audit and documents
share, its place in the search for names, its columns as installing checks them, its indexes, and
its row in the list that locking, rights, bad-row queries and status go by. By hand remain the table
itself (sql/01_fontes), the contribution (sql/04_contribuicoes), and what is really special: the
gate of lots and the unification of codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

# What a column may be in an ERP: the names that _estoque_tipos_aceitos knows.
Tipo = Literal["qualquer", "texto", "codigo", "quantidade", "data", "momento", "logico"]

# How a column of a row is read, whatever the ERP has made of it.
LEITURA: Mapping[Tipo, str] = {
    "qualquer": "{}.{}::text",
    "texto": "{}.{}::text",
    "codigo": "{}.{}::text",
    "quantidade": "{}.{}::numeric",
    "data": "{}.{}::date",
    "momento": "{}.{}",
    "logico": "{}.{}",
}


@dataclass(frozen=True)
class Indice:
    """An index of ours on a source; `opcional`: only where the ERP has the column."""

    nome: str
    tabela: str
    colunas: tuple[str, ...]
    definicao: str  # what follows the table in CREATE INDEX
    opcional: bool


@dataclass(frozen=True)
class Fonte:
    """One source table.

    `nome` is short for it in names of ours: `_estoque_gatilho_<nome>`, `estoque_<nome>_produto`.
    `colunas` are those without which an installation is refused; `opcionais` are texts that an ERP
    may lack, and are NULL then. A source that moves something has `id`, `cod_produto` and
    `nome_produto` among the one or the other.
    """

    tabela: str
    nome: str
    colunas: Mapping[str, Tipo]
    opcionais: tuple[str, ...] = ()

    # What a row moves; None for a source that says how others count. `quantidade` is the column
    # that is refused when it cannot be counted, `data` the day it counts on (None: at once), and
    # `contribuicao` the columns that `_estoque_contribuicao_<nome>` is given, in its order.
    move: Literal["saldo", "entrada", "saida"] | None = None
    quantidade: str | None = None
    data: str | None = None
    contribuicao: tuple[str, ...] = ()
    # Whether a row counts only while its lot is not invoiced; the contribution is told last.
    portao: bool = False

    # What people call its documents, and the column of the lot, where there are such.
    documento: str | None = None
    lote: str | None = None
    # By which key of a simulation's filter its documents are found; None: by none of these.
    filtro: Literal["pedidos", "linhas"] | None = None
    # Indexes beside the one by product that every source that moves something has. One of an
    # optional column is made where the ERP has it, and holds the rows that bear something there;
    # one of a name in `resumidos` is a summary by ranges of blocks (BRIN).
    indices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resumidos: tuple[str, ...] = ()

    def ler(self, coluna: str, linha: str = "f") -> str:
        """The expression that reads a column of a row."""
        if coluna in self.opcionais:
            return f"to_jsonb({linha}) ->> '{coluna}'"
        return LEITURA[self.colunas[coluna]].format(linha, coluna)

    def contribuir(self, faturado: str = "false", linha: str = "f") -> str:
        """The contribution of a row; `faturado` says whether its lot is invoiced."""
        argumentos = [self.ler(coluna, linha) for coluna in self.contribuicao]
        argumentos += [faturado] if self.portao else []
        return f"_estoque_contribuicao_{self.nome}({', '.join(argumentos)})"

    def aberta(self, linha: str = "f") -> str:
        """Whether a row is an open document by its state, whatever its date and quantity."""
        if self.data is None:
            return "false"
        valores = {self.quantidade: "1", self.data: "'2000-01-01'::date"}
        argumentos = [valores.get(c) or self.ler(c, linha) for c in self.contribuicao]
        argumentos += ["false"] if self.portao else []
        return f"_estoque_contribuicao_{self.nome}({', '.join(argumentos)}) > 0"

    def todos_os_indices(self) -> Iterator[Indice]:
        """Each index on the table."""
        produto = {"produto": ("cod_produto", "id")} if self.move else {}
        for sufixo, colunas in {**produto, **self.indices}.items():
            metodo = "brin" if sufixo in self.resumidos else "btree"
            definicao = f"USING {metodo} ({', '.join(colunas)})"
            opcional = any(coluna in self.opcionais for coluna in colunas)
            if opcional:
                definicao += f" WHERE {colunas[0]} IS NOT NULL"
            yield Indice(f"estoque_{self.nome}_{sufixo}", self.tabela, colunas, definicao, opcional)


# In this order they are locked (the busiest first), and a product's name is looked for.
FONTES = (
    Fonte(
        tabela="movimentacao_estoque",
        nome="movimentacao",
        colunas={
            "id": "qualquer",
            "cod_produto": "texto",
            "nome_produto": "texto",
            "data_movimentacao": "momento",
            "qtd_movimentacao": "quantidade",
            "ativo": "logico",
        },
        opcionais=("numero_nf", "separacao_lote_id"),
        move="saldo",
        quantidade="qtd_movimentacao",
        contribuicao=("qtd_movimentacao", "ativo"),
        documento="numero_nf",
        lote="separacao_lote_id",
        # What left in the last month, of one product and of all; what bears a lot or an invoice.
        indices={
            "data": ("cod_produto", "data_movimentacao"),
            "dia": ("data_movimentacao",),
            "lote": ("separacao_lote_id",),
            "nota": ("numero_nf",),
        },
        resumidos=("dia",),
    ),
    Fonte(
        tabela="pre_separacao_item",
        nome="pre_separacao",
        colunas={
            "id": "qualquer",
            "cod_produto": "texto",
            "nome_produto": "texto",
            "qtd_selecionada_usuario": "quantidade",
            "data_expedicao_editada": "data",
            "status": "texto",
        },
        opcionais=("num_pedido", "separacao_lote_id"),
        move="saida",
        quantidade="qtd_selecionada_usuario",
        data="data_expedicao_editada",
        contribuicao=("cod_produto", "data_expedicao_editada", "qtd_selecionada_usuario", "status"),
        documento="num_pedido",
        filtro="pedidos",
        lote="separacao_lote_id",
    ),
    Fonte(
        tabela="separacao",
        nome="separacao",
        colunas={
            "id": "qualquer",
            "separacao_lote_id": "texto",
            "cod_produto": "texto",
            "nome_produto": "texto",
            "qtd_saldo": "quantidade",
            "expedicao": "data",
        },
        opcionais=("num_pedido",),
        move="saida",
        quantidade="qtd_saldo",
        data="expedicao",
        contribuicao=("cod_produto", "expedicao", "qtd_saldo"),
        portao=True,
        documento="num_pedido",
        filtro="pedidos",
        lote="separacao_lote_id",
        # The gate finds the rows of one lot without reading history.
        indices={"lote": ("separacao_lote_id",)},
    ),
    Fonte(
        tabela="programacao_producao",
        nome="programacao",
        colunas={
            "id": "qualquer",
            "cod_produto": "texto",
            "data_programacao": "data",
            "qtd_programada": "quantidade",
        },
        opcionais=("nome_produto", "linha_producao"),
        move="entrada",
        quantidade="qtd_programada",
        data="data_programacao",
        contribuicao=("cod_produto", "data_programacao", "qtd_programada"),
        documento="linha_producao",
        filtro="linhas",
    ),
    Fonte(
        tabela="embarque_itens",
        nome="embarque",
        colunas={
            "separacao_lote_id": "texto",
            "status": "texto",
            "nota_fiscal": "texto",
            "erro_validacao": "texto",
        },
        indices={"lote": ("separacao_lote_id",)},
    ),
    Fonte(
        tabela="unificacao_codigos",
        nome="unificacao",
        colunas={"codigo_origem": "codigo", "codigo_destino": "codigo", "ativo": "logico"},
    ),
)
