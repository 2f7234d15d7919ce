"""What the processor touches: its tables, the handlers' threads, webhooks, plug-ins, this machine's figures."""
