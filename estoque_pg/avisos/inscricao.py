"""A subscription in words: of what it tells, and when."""

from __future__ import annotations

from estoque_pg.idioma import marcar, t
from estoque_pg.perguntas.avisos import TIPOS, Inscricao

# What the database itself gives as the reason of a delivery that was given up.
PAUSADA = marcar("the subscription was paused")


def motivo(erro: str | None) -> str:
    """Say why a delivery could not be made: mostly what a server answered, as it said it."""
    return t(erro or "")


def de_que(i: Inscricao) -> str:
    """Say of which products and transitions it tells."""
    partes = [*(i.produtos or ()), *([f"{i.prefixo}*"] if i.prefixo else [])]
    partes += [i.responsavel] if i.responsavel else []
    partes += [t(TIPOS[tipo]) for tipo in i.tipos or ()]
    return ", ".join(partes) or t("everything")


def quando(i: Inscricao) -> str:
    """Say when it tells, or why it does not."""
    if not i.ativa:
        return t("no longer: {motivo}", motivo=i.motivo) if i.motivo else t("paused")
    return t("daily at {hora}", hora=f"{i.resumo_as:%H:%M}") if i.resumo_as else t("at once")
