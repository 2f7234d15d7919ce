"""How full a battery is, how long it lasts, and how it ages: estimates that say how sure they are.

Rules:
1. The filter (``kalman``) knows two numbers, the state of charge and the logarithm of the capacity, and how their
   errors depend on each other. Current moves the first. Voltage, a gauge's percent, a full and an empty battery
   correct both.
2. A current is used where there is one, else power by voltage, else the bare fact of discharging: then the
   capacity is in hours of that load. One filter serves all three.
3. Nothing is summed over a silence. A silence makes the charge unknown again, and the first voltage corrects it.
4. A battery at rest shows its charge by its open-circuit voltage (``curves``). Under load the sag by the resistance
   is taken out, and the rest is believed less.
5. A discharge from full to empty measures the capacity, and the capacities measure the ageing (``life``).
6. An interval holds nine truths in ten.
"""
