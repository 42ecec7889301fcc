"""Several sessions at once through the cluster: an error may be, a wrong number never."""

from __future__ import annotations

import pytest
import test_concorrencia as um_servidor
from apoio import NIVEIS, Banco
from test_concorrencia import (  # noqa: F401
    test_lost_race_is_refused_when_tried_again,
    test_reader_sees_one_moment,
    test_readers_never_wait,
    test_storm_of_single_movements_and_forecasts_has_no_deadlock,
    test_storm_over_midnight,
    test_truncate_under_a_snapshot_is_refused,
    test_writers_of_different_products_do_not_wait,
)

# Of the interleavings of two sessions those in which most of the locks are met, each at one level.
CASOS = (
    ("two first movements of a new product", "coordenador", NIVEIS[0]),
    ("unified while a movement comes to the alias", "no", NIVEIS[1]),
    ("separated while its lot is invoiced", "coordenador", NIVEIS[1]),
    ("all recalculated while a product is born", "no", NIVEIS[2]),
    ("truncated while a movement comes", "coordenador", NIVEIS[0]),
)


@pytest.mark.lento
@pytest.mark.parametrize(("caso", "entrada", "nivel"), CASOS, indirect=["entrada"])
def test_two_sessions(banco: Banco, caso: str, nivel: str) -> None:
    um_servidor.duas_sessoes(banco, caso, [nivel])


# A serialization failure that the company's node finds at its COMMIT has no SQLSTATE of its own at
# the coordinator (XX000): SERIALIZABLE is for those who come in at the node.
@pytest.mark.lento
@pytest.mark.parametrize(
    ("entrada", "nivel"),
    [("coordenador", NIVEIS[0]), ("coordenador", NIVEIS[1]), ("no", NIVEIS[0]), ("no", NIVEIS[2])],
    indirect=["entrada"],
)
def test_storm_of_everything(banco: Banco, nivel: str) -> None:
    um_servidor.test_storm_of_everything(banco, nivel)


@pytest.mark.parametrize(
    ("entrada", "nivel"),
    zip(("no", "coordenador", "no"), NIVEIS, strict=True),
    indirect=["entrada"],
)
def test_opposite_unifications_at_once_one_must_fail(banco: Banco, nivel: str) -> None:
    um_servidor.test_opposite_unifications_at_once_one_must_fail(banco, "cycle of three", nivel)
