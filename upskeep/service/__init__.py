"""The suite as a service of the machine: what ``upskeep install`` does, as a list of steps, and what there is."""
