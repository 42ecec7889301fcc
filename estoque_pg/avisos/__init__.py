"""Delivers what was announced of ruptures: by e-mail, to webhooks, to all that Apprise reaches.

The database says what is due, to whom and in which order (sql/19_avisos); here it is put into
words (`mensagem`), sent (`correio`, `webhook`, `servicos`), and what became of it is noted
(`entregador`).
A message is delivered at least once, every time under the same key.
"""
