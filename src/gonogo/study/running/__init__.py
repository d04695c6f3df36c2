"""Trials and reference rows from data to scores, here or in workers."""
