"""What detection remembers of a customer or an address: small values, advanced by events, written as plain JSON.

The statistics know nothing of thresholds: rules compare what they say with numbers that are data.
"""
