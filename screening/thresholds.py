"""Every number in the rules. A score is the baseline plus the weights of all signals, then clamped."""

from datetime import timedelta

# How a score is made
BASELINE = 0.35
"""The score of a customer about whom an alert was raised and nothing else is known."""
LOWEST_SCORE = 0.03
HIGHEST_SCORE = 0.97
HIGH_RISK = 0.6
"""From here on a person should act rather than clear."""
FLOOR_WITHOUT_RECORDS = 0.6
"""The lowest score of a verdict from the alert's own events only, because records are missing."""
ENOUGH_FROM_ALERT = 0.25
"""Weight that the alert's own events need for a verdict without records."""

# The rule floor
UNSUSPICIOUS_BELOW = 0.6
"""From here on the rules of a speciality are suspicious, whatever the threshold of a case is."""
REACH = timedelta(days=14)
"""Records must have been read so far back before the alert."""
CLOCKS_APART = timedelta(minutes=5)
"""How much the clock of the records may be behind that of the telemetry."""
FEWEST_CUT = 5
"""No server shows fewer entries than that and keeps others back; from here on, entries must show how far they reach."""
MOST_ASKED = 3_650

# What a reviewer states as a fact
STATED_FACT_SHIFT = 0.30
STATED_FACT_LOWEST = 0.15
STATED_FACT_HIGHEST = 0.95

# Aggregation
CORROBORATION = 0.05
"""Added for every further specialist at or above HIGH_RISK."""
UNEVALUATED_FLOOR = 0.6
"""The lowest overall score when a specialist could not evaluate its part."""

# How long a reason holds
TICKET_HOLDS_DAYS = 45
"""A ticket that is older than this explains nothing."""
STAFF_TICKET_DAYS = 7
"""Staff change an account only for a ticket that is not older than this."""
NEW_DEVICE_DAYS = 30
"""How long after its order or ticket a device may first be seen; later it is another device."""
PACKAGE_ECHO_DAYS = 7
"""How long after its end a roaming package still suggests the journey."""

# Location
IMPOSSIBLE_SPEED_KMH = 900.0
"""Faster than an airliner."""
IMPOSSIBLE_BORDER_HOURS = 2.0
"""Two countries inside this time are impossible where no coordinates are known."""
MIN_TRAVEL_KM = 100.0
FAILURES_IN_A_BURST = 5
BURST_GAP_HOURS = 1.0
AFTER_BURST_HOURS = 2.0
UNKNOWN_DEVICE_ABROAD = 0.35
UNIDENTIFIED_DEVICE_ABROAD = 0.25
UNKNOWN_DEVICE_AT_HOME = 0.15
KNOWN_DEVICE_ABROAD_UNEXPLAINED = 0.10
KNOWN_DEVICE_ABROAD_EXPLAINED = -0.20
IMPOSSIBLE_TRAVEL = 0.30
IMPOSSIBLE_TRAVEL_EXPLAINED = 0.10
BROKEN_IN_AFTER_FAILURES = 0.35
FAILURES_FROM_STRANGERS = 0.20
FAILURES_FROM_HOME = 0.05
MANY_FAILURES = 20
MANY_ADDRESSES = 3
FAILURES_OF_AN_ATTACK = 0.30
"""Nobody mistypes so often, or from so many places: an attack, though none got in yet."""
FORGOTTEN_PASSWORD = -0.30
CREDENTIAL_CHANGE = 0.15
MOST_CREDENTIAL_CHANGES = 3
SIM_SWAP_REPORTED = 0.10
STRANGER_ORDERS = 0.15
"""A stranger's device that gets in and orders is more than a glance."""
INSIDER = 0.30
"""Staff changed the account, and nobody had asked them to."""
STAFF_WAS_ASKED = -0.05
FAMILIAR_PLACE_DAYS = 3
"""On how many days the customer's own devices must have been in a country for it to be a familiar one,"""
FAMILIAR_PLACE_SINCE_DAYS = 7
"""and how long ago the first of them must be."""
NOTHING_UNUSUAL = -0.15

# Grounds for a journey or a new device
TRAVEL_TICKET = -0.20
ROAMING_COVERS = -0.20
TRAVEL_ORDER = -0.10
FAMILIAR_PLACE = -0.20
PACKAGE_ENDED = -0.05
WEAK_GROUNDS = -0.05
"""A ground for a journey counts only this much when a stranger's device made it."""
NEW_DEVICE_EXPLAINED = -0.15

# Billing
LARGE_CHARGE_FACTOR = 4.0
"""A charge is large from this multiple of the customer's median charge."""
CHARGES_FOR_A_MEDIAN = 5
SUSPICION_FOREIGN_REMOTE = 2
SUSPICION_FOREIGN_PRESENT = 1
SUSPICION_LARGE = 1
SUSPICION_STRANGE_DEVICE = 1
SUSPICION_DISPUTED = 2
SUSPICION_IN_ALERT = 1
SUSPICION_SAME_SPREE = 1
SPREE_HOURS = 24.0
SUSPICIOUS_FROM = 2
"""Points from which a charge counts as suspicious."""
ONE_SUSPICIOUS_CHARGE = 0.30
SEVERAL_SUSPICIOUS_CHARGES = 0.45
CHARGES_AFTER_FOREIGN_LOGIN = 0.10
CHARGE_DISPUTED = 0.15
DISPUTE_CONTRADICTED = 0.30
"""The customer disputes what their own device ordered."""
DISPUTES_OF_A_HABIT = 3
DISPUTES_REPEATED = 0.15
SPIKE_UNEXPLAINED = 0.15
OVERDUE_INVOICES = 2
INVOICES_OVERDUE = 0.15
GOODS_SENT_ABROAD = 0.25
UNPAID_AND_SENT_ABROAD = 0.15
"""Goods leave the country while nothing is paid, whoever's device ordered them."""
ORDERS_SENT_HOME = -0.25
TRAVEL_CHARGES = -0.30
GIFTS_ANNOUNCED = -0.25
FAMILY_PLAN = -0.30
CHARGES_ORDINARY = -0.15
GOOD_STANDING = -0.05

# Usage
HEAVY_DAY_FACTOR = 4.0
EXTREME_DAY_FACTOR = 8.0
RECENT_DAYS = 14
SUSTAINED_DAYS = 3
RECENT_PLAN_DAYS = 45
MANY_NEW_SUBSCRIPTIONS = 3
RESALE_PATTERN = 0.40
EXTREME_USAGE = 0.15
OVER_CAP = 0.15
UNUSUAL_PEAK = 0.20
PEAK_WITHIN_PLAN = -0.25
PLAN_RAISED = -0.15
STREAMING_TICKET = -0.15
ROAMING_UNEXPLAINED = 0.10
NEW_SUBSCRIPTIONS = 0.30
USAGE_ORDINARY = -0.15
ALERT_USAGE_RATIO = 3.0
ALERT_USAGE_SPIKE = 0.10
ALERT_USAGE_EXTREME = 0.25
API_CALLS_IN_A_BURST = 25
API_BURST = 0.20
API_MANY_ERRORS = 0.20
API_MANY_WRITES = 0.15
API_ENUMERATION = 0.10
API_ERROR_SHARE = 0.3
API_WRITE_SHARE = 0.2
API_ENDPOINTS_OF_AN_ENUMERATION = 15
