"""Models of what estoque_pg lets everyone read: copy them into the models.py of an app.

They are unmanaged: Django reads them, and neither makes nor changes nor drops anything. Nobody but
the triggers writes these tables, so save() and delete() are of no use here. What is not listed of
their columns is for inner use and may change. Needs Django 5.2 or later for the key of two columns;
before, leave that out and give `cod_produto` of MovimentacaoPrevista primary_key=True, which is
good for filter() and values(), not for get() and in_bulk().
"""

from __future__ import annotations

from django.db import models


class EstoqueTempoReal(models.Model):
    """One row for each product; the fields of seven days hold from valido_desde to valido_ate."""

    cod_produto = models.TextField(primary_key=True)
    nome_produto = models.TextField(null=True)
    saldo_atual = models.DecimalField(max_digits=15, decimal_places=3)
    menor_estoque_d7 = models.DecimalField(max_digits=15, decimal_places=3)
    dia_ruptura = models.DateField(null=True)
    atualizado_em = models.DateTimeField()
    valido_desde = models.DateField()
    valido_ate = models.DateField()

    class Meta:
        managed = False
        db_table = "estoque_tempo_real"


class EstoquePorCodigo(models.Model):
    """The view: the row of its product for every known code, all fields right for today."""

    codigo = models.TextField(primary_key=True)
    cod_produto = models.TextField()
    nome_produto = models.TextField(null=True)
    saldo_atual = models.DecimalField(max_digits=15, decimal_places=3)
    menor_estoque_d7 = models.DecimalField(max_digits=15, decimal_places=3)
    dia_ruptura = models.DateField(null=True)
    atualizado_em = models.DateTimeField()
    valido_desde = models.DateField()
    valido_ate = models.DateField()

    class Meta:
        managed = False
        db_table = "estoque_por_codigo"


class MovimentacaoPrevista(models.Model):
    """Entries and exits of a product on a date, which may be infinite: filter by a range."""

    pk = models.CompositePrimaryKey("cod_produto", "data_prevista")
    cod_produto = models.TextField()
    data_prevista = models.DateField()
    entrada_prevista = models.DecimalField(max_digits=15, decimal_places=3)
    saida_prevista = models.DecimalField(max_digits=15, decimal_places=3)

    class Meta:
        managed = False
        db_table = "movimentacao_prevista"
