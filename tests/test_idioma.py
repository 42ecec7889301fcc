"""Portuguese where the locale is pt, English elsewhere; chosen per request, never per process."""

from __future__ import annotations

import pytest

from estoque_pg.idioma import com_idioma, do_ambiente, do_cabecalho, idioma, t

VARIAVEIS = ("ESTOQUE_IDIOMA", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def ambiente(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment without any of the variables that choose a language."""
    for nome in VARIAVEIS:
        monkeypatch.delenv(nome, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("variaveis", "esperado"),
    [
        ({}, "en"),
        ({"LANG": "pt_BR.UTF-8"}, "pt_BR"),
        ({"LANG": "pt_PT@euro"}, "pt_BR"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "pt_BR.UTF-8", "LANG": "en_US.UTF-8"}, "pt_BR"),
        ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "pt_BR.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "pt"}, "pt_BR"),
        ({"LANGUAGE": "pt_BR", "LC_ALL": "en_US.UTF-8"}, "pt_BR"),
        ({"LANGUAGE": "fr:pt:en", "LANG": "de_DE.UTF-8"}, "pt_BR"),
        ({"LANGUAGE": "fr:en:pt", "LANG": "pt_BR.UTF-8"}, "en"),
        ({"LANGUAGE": "pt_BR"}, "pt_BR"),
        ({"LANGUAGE": "pt_BR", "LC_ALL": "C"}, "en"),
        ({"LANGUAGE": "pt_BR", "LANG": "POSIX"}, "en"),
        ({"LANGUAGE": "pt_BR", "LANG": "C.UTF-8"}, "pt_BR"),
        ({"ESTOQUE_IDIOMA": "pt-BR", "LC_ALL": "C"}, "pt_BR"),
        ({"ESTOQUE_IDIOMA": "en", "LANGUAGE": "pt_BR"}, "en"),
        ({"ESTOQUE_IDIOMA": "xx", "LANG": "pt_BR.UTF-8"}, "en"),
        ({"ESTOQUE_IDIOMA": "", "LANG": "pt_BR.UTF-8"}, "pt_BR"),
    ],
)
def test_the_environment_chooses_as_for_other_programs(
    ambiente: pytest.MonkeyPatch, variaveis: dict[str, str], esperado: str
) -> None:
    for nome, valor in variaveis.items():
        ambiente.setenv(nome, valor)
    assert do_ambiente() == idioma() == esperado


@pytest.mark.parametrize(
    ("cabecalho", "esperado"),
    [
        ("pt-BR", "pt_BR"),
        ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", "pt_BR"),
        ("en-US,en;q=0.9,pt-BR;q=0.8", "en"),
        ("en;q=0.2, pt;q=0.6", "pt_BR"),
        ("de, pt;q=0.1", "pt_BR"),
        ("de, fr;q=0.5", "en"),
        ("pt;q=0, en;q=0.1", "en"),
        ("PT-br", "pt_BR"),
        ("fr, *;q=0.1", "en"),
        ("*", "en"),
        (";;q=,", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_header_chooses_by_its_weights(
    ambiente: pytest.MonkeyPatch, cabecalho: str | None, esperado: str
) -> None:
    assert do_cabecalho(cabecalho) == esperado


def test_without_a_choice_in_the_header_the_environment_decides(
    ambiente: pytest.MonkeyPatch,
) -> None:
    ambiente.setenv("LANG", "pt_BR.UTF-8")
    assert {do_cabecalho(None), do_cabecalho("fr, *;q=0.1")} == {"pt_BR"}
    assert do_cabecalho("fr") == do_cabecalho("en") == "en"


def test_a_language_holds_for_its_block(ambiente: pytest.MonkeyPatch) -> None:
    ambiente.setenv("LANG", "pt_BR.UTF-8")
    with com_idioma("en_US"):
        with com_idioma("pt-BR"):
            assert idioma() == "pt_BR"
        assert idioma() == "en"
        with com_idioma("fr"):  # which we do not have
            assert idioma() == "en"
    assert idioma() == "pt_BR"


def test_a_sentence_that_the_catalogue_lacks_stays_english() -> None:
    with com_idioma("pt_BR"):
        assert t("nobody says {isto}", isto="{x}") == "nobody says {x}"
