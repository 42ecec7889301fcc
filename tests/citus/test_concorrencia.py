"""Several sessions at once through the cluster: an error may be, a wrong number never."""

from __future__ import annotations

import pytest
import test_concorrencia as um_servidor
from apoio import Banco
from test_concorrencia import (  # noqa: F401
    test_lost_race_is_refused_when_tried_again,
    test_opposite_unifications_at_once_one_must_fail,
    test_reader_sees_one_moment,
    test_readers_never_wait,
    test_storm_of_everything,
    test_storm_of_single_movements_and_forecasts_has_no_deadlock,
    test_storm_over_midnight,
    test_truncate_under_a_snapshot_is_refused,
    test_writers_of_different_products_do_not_wait,
)

# Of the interleavings of two sessions those in which most of the locks are met.
CASOS = (
    "two first movements of a new product",
    "last mention goes, a new one comes",
    "unified while a movement comes to the alias",
    "split while a forecast comes to the alias",
    "separated while its lot is invoiced",
    "all recalculated while a product is born",
    "truncated while a movement comes",
)


@pytest.mark.lento
@pytest.mark.parametrize("caso", CASOS)
def test_two_sessions(banco: Banco, caso: str) -> None:
    um_servidor.test_two_sessions(banco, caso)
