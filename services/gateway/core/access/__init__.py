"""Who may come in: sessions, the rate of logins, and where a request comes from."""
