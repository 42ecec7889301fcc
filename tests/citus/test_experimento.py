from apoio import Banco, Sessao


def test_a(banco: Banco) -> None:
    print(banco.no.host)
    banco.execute(
        "insert into movimentacao_estoque(cod_produto,nome_produto,data_movimentacao,tipo_movimentacao,qtd_movimentacao,ativo) values('A','a',now(),'E',1,true)"
    )


def test_b(banco: Banco) -> None:
    banco.cru("CREATE TABLE t (id int primary key, a int)")
    banco.cru("insert into t values (1,1)")
    with Sessao(banco) as a, Sessao(banco) as b:
        a.faz("BEGIN").result(20)
        a.faz("UPDATE t SET a=2").result(20)
        f = b.faz("UPDATE t SET a=3")
        assert not b.assenta(f)
        a.faz("COMMIT").result(20)
        assert b.assenta(f)
