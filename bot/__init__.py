"""Tijdwinst: a Slack bot that drafts a small firm's text work and measures, honestly, what that brings."""

__version__ = "0.1.0"


class TijdwinstError(Exception):
    """The root of our errors; here, because what reads a file in a process of its own imports no task for it."""
