"""The evals: what every task's prompt gives on real craft, graded; see `docs/evals.md`."""
