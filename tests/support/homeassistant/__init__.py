"""Home Assistant's own rules for what it takes, from its documentation, and its templates rendered by Jinja."""
