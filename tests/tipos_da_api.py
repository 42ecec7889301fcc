"""What mypy knows of the methods; a test has mypy read this, and nobody runs it.

`assert_type` fails where a type is another. A call that must be refused says so by `type: ignore`
with its code, which mypy reports where it is not needed.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from typing_extensions import assert_type

from estoque_pg import (
    APIEstoqueTempoReal,
    APIEstoqueTempoRealAsync,
    DiaProjetado,
    Disponibilidade,
    Divergencia,
    Estatisticas,
    Produto,
    Ruptura,
)


def sincrona(api: APIEstoqueTempoReal) -> None:
    assert_type(api.consultar_produto("P001"), dict[str, Any] | None)
    assert_type(api.produtos(["P001"]), list[Produto])
    assert_type(api.produtos(codigos=["P001"])[0].codigo_consultado, str)
    assert_type(api.rupturas(), list[Ruptura])
    assert_type(api.rupturas(dias=3)[0].dia_ruptura, date)
    assert_type(api.projecao("P001", dias=3), list[DiaProjetado])
    assert_type(api.disponibilidade("P001", "1.5"), Disponibilidade | None)
    assert_type(api.estatisticas(), Estatisticas)
    assert_type(api.verificar(), list[Divergencia])
    assert_type(api.hoje(), date)
    assert_type(api.recalcular("P001"), int)
    assert_type(APIEstoqueTempoReal.hoje(api), date)

    api.projecao()  # type: ignore[call-arg]
    api.projecao("P001", dia=3)  # type: ignore[call-arg]
    api.projecao(1)  # type: ignore[arg-type]
    api.rupturas("7")  # type: ignore[arg-type]
    api.nenhuma()  # type: ignore[attr-defined]


async def assincrona(api: APIEstoqueTempoRealAsync) -> None:
    assert_type(await api.consultar_produto("P001"), dict[str, Any] | None)
    assert_type(await api.produtos(["P001"]), list[Produto])
    assert_type((await api.produtos(codigos=["P001"]))[0].codigo_consultado, str)
    assert_type(await api.rupturas(), list[Ruptura])
    assert_type((await api.rupturas(dias=3))[0].dia_ruptura, date)
    assert_type(await api.projecao("P001", dias=3), list[DiaProjetado])
    assert_type(await api.disponibilidade("P001", "1.5"), Disponibilidade | None)
    assert_type(await api.estatisticas(), Estatisticas)
    assert_type(await api.verificar(), list[Divergencia])
    assert_type(await api.hoje(), date)
    assert_type(await api.recalcular("P001"), int)
    assert_type(await APIEstoqueTempoRealAsync.hoje(api), date)

    await api.projecao()  # type: ignore[call-arg]
    await api.projecao("P001", dia=3)  # type: ignore[call-arg]
    await api.projecao(1)  # type: ignore[arg-type]
    await api.rupturas("7")  # type: ignore[arg-type]
    api.rupturas().sort()  # type: ignore[attr-defined]
