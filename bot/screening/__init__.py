"""Screening of CVs, the rules of it: criteria, blinding, evidence, scores; no model, no Slack, no clock here."""

from __future__ import annotations
