"""The risk score of a charge, learned online from late labels.

`backend.detection` makes the features and stays pure; here they are weighed (`scorecard`), events wait for what they
turn out to be (`late_labels`), drift is watched (`drift`), the score is compared with the rules before it may alert
(`shadow`), and models are kept as numbered files (`model_files`). `scorer` joins them for one partition.
"""
