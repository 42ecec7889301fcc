"""What an Accept header of any kind prefers, however oddly it is written."""

from __future__ import annotations

import pytest

from estoque_pg.preferencias import preferido

NOSSOS = {"a": "A", "b": "B"}


@pytest.mark.parametrize(
    ("aceitos", "esperado"),
    [
        ("b", "B"),
        (" b ;q=1 , a", "B"),  # the first of equals
        ("a;q=0.5,b;q=0.51", "B"),
        ("b;q=1.,a;q=0.9", "B"),
        ("a; q = 0.2 ;x=1, b ;level=1; q=0.3", "B"),
        ("a;q=0, b;q=0.001", "B"),
        ("a;q=0.000", "none"),
        ("c, d;q=0.9", "none"),
        ("b;q=x, a", "B"),  # no weight at all is 1
        ("b;q=2, a;q=1", "B"),
        ("a;q=.9;, b", "A"),
        ("a;sq=0, b;q=0.5", "A"),
        (";;q=,,;", "none"),
        ("", "none"),
    ],
)
def test_the_heaviest_of_ours(aceitos: str, esperado: str) -> None:
    assert preferido(aceitos, NOSSOS.get, "none") == esperado
