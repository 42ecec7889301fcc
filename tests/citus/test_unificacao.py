"""Unifications and invoices; each at one of the two entries, so that all together stay short."""

from test_portao_embarque import (  # noqa: F401
    test_conversion_and_invoice_as_erp_does_it,
    test_exits_come_back,
    test_gate_over_unified_codes,
    test_gates_swapped_in_one_statement,
    test_invoice_movement_with_its_gate_leaves_the_projection_unchanged,
    test_invoiced_lot_takes_out_every_separation_row_of_all_its_products,
    test_item_moved_to_another_lot_closes_one_gate_and_opens_the_other,
    test_separation_moved_between_lots,
)
from test_unificacao import (  # noqa: F401
    test_any_code_of_the_group_gives_the_groups_answer,
    test_destination_changed,
    test_direction_turned_in_one_statement,
    test_error_names_the_codes,
    test_group_made_in_one_statement,
    test_middle_of_a_chain_taken_out_and_put_back,
    test_names_over_several_aliases,
    test_one_row_per_group_with_the_groups_sums,
    test_refusal_inside_a_savepoint_leaves_the_transaction_usable,
    test_refused_through_reactivation,
    test_two_groups_joined_and_parted,
    test_undoing_restores_both_sides_with_movements_made_meanwhile,
    test_unification_rolled_back,
    test_valid_at_the_end_of_the_statement_is_valid,
)

from citus.aglomerado import uma_entrada as entrada  # noqa: F401
