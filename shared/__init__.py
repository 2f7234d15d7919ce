"""The contract between the services: messages, topics, delivery, settings. Never a rule of the domain."""

__version__ = "0.1.0"
