"""All that is said of unifications and invoices holds for a company of Citus."""

from test_portao_embarque import *  # noqa: F403
from test_unificacao import *  # noqa: F403
