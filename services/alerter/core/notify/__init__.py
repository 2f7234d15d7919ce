"""From alerts to notices: who is told of what, when, and why not."""
