"""A private PostgreSQL server for the demo, the tests and the benchmarks.

It listens on a unix socket only, inside a 0700 folder, and everyone who gets into that folder is
trusted. PostgreSQL refuses to run as root, so for root the folder and the server belong to
`postgres` (or `nobody`). A durable server outlives the program that started it and is taken up
again by the next one; a throwaway one lives in memory and goes with its program.

`python -m servidor` handles the durable server of the project.
"""

from servidor.binarios import obter_extras
from servidor.erros import ErroServidor
from servidor.pastas import pasta_padrao
from servidor.privado import Servidor

__all__ = ["ErroServidor", "Servidor", "obter_extras", "pasta_padrao"]
