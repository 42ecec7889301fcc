"""What /saude looks at: what `estoque status` shows, but for what is mended already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from estoque_pg import migracoes
from estoque_pg.situacao import Problema, Situacao, situacao


@dataclass(frozen=True)
class Saude:
    """What was found; `erro` is None when all is well, else one line about the first trouble."""

    erro: str | None
    detalhes: dict[str, Any]


def examinar(conn: psycopg.Connection[Any], schema: str | None, limite: int) -> Saude:
    """Look at the installation over a connection; raise ErroEstoque when it is no use,
    or takes more than `limite` seconds.

    What was mended already is told and is no trouble; nor is a minute job that nobody drives yet.
    One that used to run and has stopped is.
    """
    agora = situacao(conn, schema, limite)
    recusa = migracoes.recusa(agora.migracoes)
    if recusa is not None:
        return Saude(recusa.mensagem, _detalhes(agora))
    errados = _abertos(agora)
    if agora.operacao is not None and agora.operacao.execucoes:
        errados += agora.da_tarefa
    return Saude(errados[0].texto if errados else None, _detalhes(agora))


def _abertos(s: Situacao) -> list[Problema]:
    return [p for p in s.problemas if p not in s.corrigidos]


def _detalhes(s: Situacao) -> dict[str, Any]:
    detalhes: dict[str, Any] = {
        "migracoes_aplicadas": list(s.migracoes.aplicadas),
        "migracoes_pendentes": list(s.migracoes.pendentes),
        "problemas": [p.texto for p in _abertos(s)],
        "corrigidos": [p.texto for p in s.corrigidos],
        "avisos": [a.texto for a in s.avisos],
    }
    if (o := s.operacao) is not None:
        ultima = o.execucoes[0].fim if o.execucoes else None
        desde = o.comparado_desde
        detalhes |= {
            "produtos": o.produtos,
            "ultima_execucao": ultima.isoformat() if ultima else None,
            "comparado_desde": desde.isoformat() if desde else None,
            "idade_comparacao_s": round(o.idade(desde), 1) if desde else None,
        }
    return detalhes
