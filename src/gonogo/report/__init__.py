"""Verdicts as pages, tables and figures; computes nothing."""
