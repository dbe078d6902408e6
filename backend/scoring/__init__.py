"""The risk score of a charge, learned online from late labels.

`backend.detection` makes the features and stays pure; here they are weighed (`scorecard`), events wait for what they
turn out to be (`late_labels`), drift is watched (`drift`), and the score is compared with the rules before it may alert
(`shadow`). `scorer` joins them, `partition` runs them for one partition of telemetry, and `learner` makes the versions
of the model that all partitions score with.
"""
