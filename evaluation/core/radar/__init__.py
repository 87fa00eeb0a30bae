"""The radar: rules against outliers and copies over all counties of a year, columns in, hits out. Pure.

A hit is a place to look, never a finding: whether figures are wrong is for people to say.
"""
