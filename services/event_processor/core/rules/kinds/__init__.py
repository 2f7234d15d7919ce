"""One module a kind of rule; the table that names them is ``core.compiled.ORDER``."""
