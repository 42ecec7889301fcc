"""`python -m estoque_pg` is the command line."""

from estoque_pg.cli import main

main()
