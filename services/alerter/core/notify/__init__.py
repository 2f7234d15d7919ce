"""From alerts to notices: who is notified of what, when, and why not."""
