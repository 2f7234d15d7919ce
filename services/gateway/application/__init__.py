"""The gateway's application: it updates the view from messages, and sends requests and commands to the suite."""
