"""What the gateway does with what it hears: it keeps the view up to date, and asks and commands the suite."""
