-- What has to hold before anything of ours goes onto the sources. Rehearsed, and done again for good.
SELECT _estoque_exigir_fontes();
SELECT _estoque_avisar_criadores();
