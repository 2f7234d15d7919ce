"""Why an event came, or did not: the decisions of the rules, recorded while frames pass through them."""
