"""The contract between the services: messages, topics, delivery, settings. Never a rule of the domain."""

__version__ = "0.2.0.dev0"  # the one place: wheel, pages, statuses and ledgers take it from here
