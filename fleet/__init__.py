"""The centre of a fleet: what many sites report, counted exactly in one PostgreSQL. Nothing at a site imports it."""
