"""Events in words: each type's sentence, made of the event's data. Pure, but for ``load``."""
