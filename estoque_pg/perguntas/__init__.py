"""Every question and repair, declared once, by theme; each row type stands beside its question.

A question is a function that returns a `Pergunta`: one statement of consultas.sql, so one round
trip, however many products it is about, and how the answer is read. All else comes from there:

- `estoque_pg.metodos` lists those that are methods of `APIEstoqueTempoReal` and
  `APIEstoqueTempoRealAsync`, which differ in nothing but how they carry a `Pergunta` out;
- a question that is `publicada` has an HTTP endpoint, a plain command, or both;
- what only the package itself asks is in `internas`.

Questions named `consultar_*` and `get_*` answer with JSON-ready dictionaries (floats, ISO dates),
the others with typed rows (`Decimal`, `date`). A code that is unified answers for its whole group,
under the canonical code. Days count from the business date, `hoje()`. All raise subclasses of
`ErroEstoque`.
"""
