"""Transitions of ruptures and minimums, subscriptions, and the deliveries of what changed."""

import pytest
import test_avisos as um_servidor
from apoio import Banco, Sessao
from test_avisos import (  # noqa: F401
    avisado,
    test_a_digest_a_day_with_what_is_open_and_what_changed,
    test_a_merge_announces_the_end_and_names_the_code,
    test_a_rupture_from_its_appearance_to_its_end,
    test_an_old_snapshot_ends_in_40001_and_nothing_twice,
    test_each_subscription_gets_what_meets_its_conditions,
    test_midnight_alone_brings_what_comes_into_sight_and_ends_nothing,
    test_paused_until_it_is_taken_up,
    test_the_first_comparison_ever_takes_the_state_as_known,
    test_the_minute_job_announces_and_goes_on_when_it_cannot,
    test_tolerance_and_minimum_are_respected,
    test_two_who_share_a_destination_cancel_at_once,
    test_who_shares_a_destination_loses_nothing_when_another_cancels,
)
from test_entregas import (  # noqa: F401
    caixa,
    quem,
    servidor,
    test_a_lease_that_ran_out_is_not_heard_any_more,
    test_a_mail_in_the_language_of_the_subscription,
    test_a_webhook_is_signed_and_says_what_changed,
    test_after_so_many_attempts_it_is_given_up_and_blocks_no_more,
    test_gone_ends_the_subscription,
    test_the_commands_of_alerts,
    test_the_worker_delivers,
    test_what_fails_is_tried_again_under_its_id_and_the_next_waits,
)

from citus.aglomerado import uma_entrada as entrada  # noqa: F401


@pytest.mark.parametrize("entrada", ["no"], indirect=True)
def test_the_second_of_two_does_not_wait(avisado: Banco) -> None:  # noqa: F811
    """At the company's own node: what holds the turn there is of one server."""
    avisado.sep("P1", 5)
    outra = avisado.conectar(autocommit=False)
    assert outra.execute("SELECT estoque_anunciar()").fetchone() == (1,)
    with Sessao(avisado) as sessao:
        assert sessao.faz("SELECT estoque_anunciar()").result(20) == [(0,)]
    outra.rollback()


def test_random_writes_days_and_merges(avisado: Banco) -> None:  # noqa: F811
    um_servidor.test_random_writes_days_and_merges(avisado, 0)
