"""The domain: what a claim is, which rules it obeys, and the one function that decides.

Everything in this package is pure: no I/O beyond reading shipped data when rules are loaded, no clock, no randomness,
no logging, no framework.
"""
