"""A local Slack and a local model: to try the bot without an account, and the only fakes of the tests."""
