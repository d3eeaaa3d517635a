"""Tijdwinst: a Slack bot that drafts a small firm's text work and measures, honestly, what that brings."""

__version__ = "0.1.0"
