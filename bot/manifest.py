"""The Slack app's manifest, generated from the task files; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.tasks import Task

SCOPES: dict[str, str] = {
    "app_mentions:read": "to hear `@Tijdwinst` in a thread",
    "assistant:write": "to show in its messages tab what it is doing, and what you could ask",
    "channels:history": "to read the thread that somebody asks about, in public channels",
    "channels:read": "to check that the asker is a member of the channel",
    "chat:write": "to post drafts",
    "commands": "for the slash commands and shortcuts",
    "files:read": "to read the files that somebody attaches, or that stand in the thread somebody asks about",
    "files:write": "to bring the evaluation and quotes as PDFs, and the digest's picture where Slack draws no charts",
    "groups:history": "to read the thread that somebody asks about, in private channels it was invited to",
    "groups:read": "to check that the asker is a member of the private channel",
    "im:history": "to hear what is written in its messages tab",
    "im:read": "to check who is in a direct conversation",
    "im:write": "to open the messages tab with the asker",
    "mpim:history": "to read the thread that somebody asks about, in group conversations",
    "mpim:read": "to check that the asker is in the group conversation",
    "users:read": "to write names instead of ids, and to tell admins when a key is refused",
}

EVENTS = (
    "agent_session_stopped",
    "app_context_changed",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "file_deleted",
    "message.im",
    "tokens_revoked",
)


def manifest(tasks: Mapping[str, Task], *, url: str | None = None, oauth: bool = False) -> dict[str, Any]:
    """Return the manifest: for Socket Mode, or for HTTP mode at the public address *url*.

    Args:
        oauth: with what it takes to be installed by many workspaces, at that address.
    """
    request_url = f"{url.rstrip('/')}/slack/events" if url else ""
    settings: dict[str, Any] = {
        "event_subscriptions": {"bot_events": list(EVENTS)},
        "interactivity": {"is_enabled": True},
        "org_deploy_enabled": False,
        "socket_mode_enabled": not url,
        "token_rotation_enabled": oauth,
    }
    if request_url:
        settings["event_subscriptions"]["request_url"] = request_url
        settings["interactivity"]["request_url"] = request_url
    return {
        "_metadata": {"major_version": 2, "minor_version": 0},
        "display_information": {
            "name": "Tijdwinst",
            "description": "Drafts your text work; you review it; it shows honestly what that saves.",
            "background_color": "#1f4b3f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "agent_view": {"agent_description": "Drafts summaries, replies and other texts for your review."},
            "bot_user": {"display_name": "Tijdwinst", "always_online": True},
            "shortcuts": [
                _shortcut("Summarize thread", "message", "summarize_thread", "Summarize this conversation"),
                _shortcut("Draft from this message", "message", "draft_from_message", "Write a text from it"),
                _shortcut("New draft", "global", "new_draft", "Choose a task and fill in a form"),
            ],
            "slash_commands": _commands(tasks, request_url),
        },
        "oauth_config": {
            **({"redirect_urls": [f"{url.rstrip('/')}/slack/oauth_redirect"]} if url and oauth else {}),
            "scopes": {"bot": sorted(SCOPES)},
        },
        "settings": settings,
    }


def _shortcut(name: str, kind: str, callback_id: str, description: str) -> dict[str, str]:
    return {"name": name, "type": kind, "callback_id": callback_id, "description": description}


def _commands(tasks: Mapping[str, Task], request_url: str) -> list[dict[str, Any]]:
    listed = [
        ("/draft", "Draft a text: any task, or a form", "[task] [text]"),
        ("/tijdwinst", "Help", "help"),
        *((task.command, task.title, "[link or text]") for task in tasks.values() if task.command),
    ]
    commands = []
    for command, description, hint in listed:
        made: dict[str, Any] = {
            "command": command,
            "description": description[:2000],
            "usage_hint": hint,
            "should_escape": True,
        }
        commands.append({**made, "url": request_url} if request_url else made)
    return commands
