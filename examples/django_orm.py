"""An ERP on Django writes its tables and reads the stock within one transaction.

    DATABASE_URL="dbname=erp" python examples/django_orm.py

The database has estoque_pg installed (`estoque install`). Nothing stays: it ends with a rollback.
A project has its settings and models in places of their own; here all is in one file.
"""

from __future__ import annotations

import os
from decimal import Decimal

import django
from django.conf import settings
from django.db import connection, models, transaction
from psycopg.conninfo import conninfo_to_dict

from estoque_pg import APIEstoqueTempoReal

_dsn = conninfo_to_dict(os.environ["DATABASE_URL"])
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _dsn.get("dbname", ""),
            "USER": _dsn.get("user", ""),
            "PASSWORD": _dsn.get("password", ""),
            "HOST": _dsn.get("host", ""),
            "PORT": str(_dsn.get("port", "")),
        }
    },
    USE_TZ=True,
)
django.setup()


class MovimentacaoEstoque(models.Model):
    cod_produto = models.CharField(max_length=50)
    nome_produto = models.CharField(max_length=200)
    data_movimentacao = models.DateField()
    tipo_movimentacao = models.CharField(max_length=50)
    qtd_movimentacao = models.DecimalField(max_digits=15, decimal_places=3)
    ativo = models.BooleanField(null=True, default=True)

    class Meta:
        app_label = "erp"
        managed = False
        db_table = "movimentacao_estoque"


class Separacao(models.Model):
    separacao_lote_id = models.CharField(max_length=50, null=True)
    cod_produto = models.CharField(max_length=50, null=True)
    qtd_saldo = models.FloatField(null=True)
    expedicao = models.DateField(null=True)

    class Meta:
        app_label = "erp"
        managed = False
        db_table = "separacao"


def estoque() -> APIEstoqueTempoReal:
    """Return the API on Django's own connection, within the transaction it is in, if any."""
    connection.ensure_connection()
    return APIEstoqueTempoReal(connection.connection)


def main() -> None:
    with transaction.atomic():
        hoje = estoque().hoje()
        MovimentacaoEstoque.objects.create(
            cod_produto="EXEMPLO-1",
            nome_produto="Azeitona verde 200 g",
            data_movimentacao=hoje,
            tipo_movimentacao="ENTRADA",
            qtd_movimentacao=Decimal(100),
        )
        Separacao.objects.create(
            separacao_lote_id="L1", cod_produto="EXEMPLO-1", qtd_saldo=120, expedicao=hoje
        )
        print(estoque().consultar_produto("EXEMPLO-1"))
        Separacao.objects.filter(cod_produto="EXEMPLO-1").update(qtd_saldo=80)
        print(estoque().consultar_produto("EXEMPLO-1"))
        transaction.set_rollback(True)
    print(estoque().consultar_produto("EXEMPLO-1"))


if __name__ == "__main__":
    main()
