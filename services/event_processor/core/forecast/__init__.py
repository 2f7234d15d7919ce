"""How full a battery is, how long it lasts, and how it ages: estimates with intervals.

Rules:
1. The filter (``kalman``) estimates two numbers, the state of charge and the logarithm of the capacity, with their
   covariance. Current moves the first. Voltage, a gauge's percent, a full and an empty battery correct both.
2. A current is used where there is one, else power by voltage, else only the fact of discharging: then the capacity is
   in hours of that load. One filter serves all three.
3. Nothing is summed over a silence. A silence makes the charge unknown again, and the first voltage corrects it.
4. A battery at rest shows its charge by its open-circuit voltage (``curves``). Under load the sag by the resistance is
   corrected, and the result gets a greater variance.
5. A discharge from full to empty measures the capacity, and the capacities measure the ageing (``life``).
6. An interval holds the true value nine times in ten.
"""
