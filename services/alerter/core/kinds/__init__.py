"""The kinds of conditions: one module for each, all of the shape of ``condition.Condition``."""
