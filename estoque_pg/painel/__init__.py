"""The panel: the questions as pages, for planners with a browser.

All logic stays in SQL and in the questions: a page asks, and draws. Pages are read without
JavaScript; htmx renews what they show when the stock changes (`aovivo`). `Painel` puts them beside
the API.
"""

from estoque_pg.painel.montagem import Painel

__all__ = ["Painel"]
