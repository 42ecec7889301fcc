"""The product catalogue of the demonstration: codes, names and how each product behaves."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product

ACABADOS = 400
MATERIAS_PRIMAS = 80
EMBALAGENS = 120

_FAMILIAS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AZEITONA VERDE", ("INTEIRA", "FATIADA", "SEM CAROÇO", "RECHEADA COM PIMENTÃO")),
    ("AZEITONA PRETA", ("INTEIRA", "FATIADA", "SEM CAROÇO")),
    ("PALMITO AÇAÍ", ("INTEIRO", "PICADO", "RODELAS")),
    ("PALMITO PUPUNHA", ("INTEIRO", "PICADO", "RODELAS")),
    ("COGUMELO", ("FATIADO", "INTEIRO")),
    ("PEPINO EM CONSERVA", ("INTEIRO", "FATIADO")),
    ("PIMENTA BIQUINHO", ("VERMELHA", "AMARELA")),
    ("PIMENTA JALAPEÑO", ("FATIADA",)),
    ("ALCAPARRA", ("INTEIRA",)),
    ("CEBOLINHA EM CONSERVA", ("CRISTAL", "AO VINAGRE")),
    ("TOMATE SECO", ("EM ÓLEO", "FATIADO")),
    ("MILHO VERDE", ("EM CONSERVA",)),
    ("ERVILHA", ("EM CONSERVA",)),
    ("SELETA DE LEGUMES", ("EM CONSERVA",)),
    ("MOLHO DE PIMENTA", ("TRADICIONAL", "EXTRA FORTE")),
    ("MOLHO SHOYU", ("TRADICIONAL", "LIGHT")),
    ("MOLHO INGLÊS", ("TRADICIONAL",)),
    ("KETCHUP", ("TRADICIONAL", "PICANTE")),
    ("MOSTARDA", ("AMARELA", "ESCURA")),
    ("MAIONESE", ("TRADICIONAL", "TEMPERADA")),
    ("AZEITE DE OLIVA", ("EXTRA VIRGEM", "TIPO ÚNICO")),
    ("VINAGRE", ("DE ÁLCOOL", "DE MAÇÃ", "DE VINHO TINTO")),
)
_APRESENTACOES = (
    "VIDRO 100G", "VIDRO 300G", "VIDRO 500G", "POUCH 150G", "SACHÊ 80G",
    "PET 200G", "BALDE 2KG", "BALDE 3,2KG", "GALÃO 5KG", "BOMBONA 50KG",
)  # fmt: skip
_INSUMOS = (
    "AZEITONA VERDE A GRANEL", "AZEITONA PRETA A GRANEL", "PALMITO AÇAÍ IN NATURA",
    "PALMITO PUPUNHA IN NATURA", "COGUMELO FRESCO", "PEPINO FRESCO", "SAL REFINADO",
    "AÇÚCAR CRISTAL", "ÁCIDO CÍTRICO", "ÁCIDO LÁTICO", "ÓLEO DE SOJA", "AMIDO DE MILHO",
    "PIMENTÃO EM TIRAS", "EXTRATO DE TOMATE", "VINAGRE A GRANEL", "GOMA XANTANA",
    "SORBATO DE POTÁSSIO", "BENZOATO DE SÓDIO", "CORANTE CARAMELO", "SEMENTE DE MOSTARDA",
)  # fmt: skip
_ORIGENS = ("NACIONAL", "IMPORTADO", "TIPO A", "TIPO B")
_ABREVIACOES = (
    ("SEM CAROÇO", "S/ CAROÇO"), ("RECHEADA COM PIMENTÃO", "RECH. PIMENTÃO"),
    ("BALDE", "BD"), ("VIDRO", "VD"), ("GALÃO", "GL"), ("BOMBONA", "BB"),
    ("EM CONSERVA", "CONS."), ("TRADICIONAL", "TRAD."), ("CAIXA PAPELÃO", "CX PAPELÃO"),
    ("EXTRA VIRGEM", "EXTRA VIRG."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Produto:
    """A product and the habits that its history is generated from."""

    codigo: str
    nome: str
    nome_antigo: str | None  # older rows of the ERP often bear another name
    tipo: str  # 'acabado', 'materia_prima' or 'embalagem'
    peso: float  # share of the movements
    consumo: float  # what leaves on an average day
    grao: int  # the smallest step of its quantities, in thousandths

    @property
    def acabado(self) -> bool:
        return self.tipo == "acabado"


def _nomes(sorteio: random.Random) -> list[tuple[str, str, str]]:
    """(kind, code, name) of every product, in the order of the codes."""
    variantes = [f"{familia} {corte}" for familia, cortes in _FAMILIAS for corte in cortes]
    acabados = [f"{v} {a}" for v, a in product(variantes, _APRESENTACOES)]
    acabados = sorted(sorteio.sample(acabados, ACABADOS))
    insumos = [f"{i} {o}" for i, o in product(_INSUMOS, _ORIGENS)][:MATERIAS_PRIMAS]
    rotulos = [f"RÓTULO {n}" for n in sorteio.sample(acabados, EMBALAGENS * 3 // 4)]
    caixas = [
        f"{caixa} {medida}"
        for caixa, medida in product(
            ("CAIXA PAPELÃO", "TAMPA METÁLICA", "FRASCO DE VIDRO"),
            ("6X500", "12X300", "12X500", "24X100", "24X150", "36X80", "48X100", "4X3,2", "6X2",
             "2X5"),
        )
    ]  # fmt: skip
    embalagens = sorted(rotulos + caixas[: EMBALAGENS - len(rotulos)])
    return (
        [("acabado", f"43{10000 + 7 * i}", n) for i, n in enumerate(acabados)]
        # the leading zero is part of the code
        + [("materia_prima", f"01{10000 + 11 * i}", n) for i, n in enumerate(sorted(insumos))]
        + [("embalagem", f"EMB-{201 + i}", n) for i, n in enumerate(embalagens)]
    )


def _nome_antigo(nome: str) -> str:
    for inteiro, abreviado in _ABREVIACOES:
        nome = nome.replace(inteiro, abreviado)
    return nome


def gerar_catalogo(sorteio: random.Random) -> list[Produto]:
    nomes = _nomes(sorteio)
    # A few products make most of the movement: weights fall off with a shuffled rank.
    postos = list(range(1, len(nomes) + 1))
    sorteio.shuffle(postos)
    produtos = []
    for (tipo, codigo, nome), posto in zip(nomes, postos, strict=True):
        peso = posto**-0.7
        consumo = max(3.0, 900 * peso * sorteio.lognormvariate(0, 0.4))
        antigo = _nome_antigo(nome) if sorteio.random() < 0.25 else nome
        produtos.append(
            Produto(
                codigo=codigo,
                nome=nome,
                nome_antigo=antigo if antigo != nome else None,
                tipo=tipo,
                peso=peso,
                consumo=consumo,
                grao=125 if tipo == "materia_prima" else 1000,
            )
        )
    return produtos
