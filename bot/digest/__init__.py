"""The week and the quarter in words and pictures: figures in, Slack blocks and reports out; posts nothing."""

from __future__ import annotations

from bot.digest.advice import Advice, choose_advice, word_advice
from bot.digest.chart import chart_alt, chart_blocks, chart_png
from bot.digest.figures import Budget, Figures, gather, gather_totals, rates_of, watch_budget
from bot.digest.helping import Help, rank_works
from bot.digest.home import month_line, work_lines
from bot.digest.periods import LATE_AFTER, Due, Period, due_digests, parse_period, period_of
from bot.digest.report import report_blocks, report_pdf, report_text
from bot.digest.rows import Row, Table, make_table
from bot.digest.verdict import Verdict, judge
from bot.digest.week import is_quiet, week_message, week_text

__all__ = [
    "LATE_AFTER",
    "Advice",
    "Budget",
    "Due",
    "Figures",
    "Help",
    "Period",
    "Row",
    "Table",
    "Verdict",
    "chart_alt",
    "chart_blocks",
    "chart_png",
    "choose_advice",
    "due_digests",
    "gather",
    "gather_totals",
    "is_quiet",
    "judge",
    "make_table",
    "month_line",
    "parse_period",
    "period_of",
    "rank_works",
    "rates_of",
    "report_blocks",
    "report_pdf",
    "report_text",
    "watch_budget",
    "week_message",
    "week_text",
    "word_advice",
    "work_lines",
]
