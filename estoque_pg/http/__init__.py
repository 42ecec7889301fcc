"""The questions over HTTP: an ASGI application on a pool of its own.

It needs fastapi, psycopg-pool and uvicorn, the extra `http`; nothing else of estoque_pg imports it.
`estoque servir` runs it; `criar_aplicacao` gives it to any other ASGI server:

>>> from estoque_pg.http import criar_aplicacao
>>> app = criar_aplicacao("dbname=erp", schema="public")
"""

from estoque_pg.http.aplicacao import criar_aplicacao

__all__ = ["criar_aplicacao"]
