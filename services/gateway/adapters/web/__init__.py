"""HTTP: the server, the routes and what each answers."""
