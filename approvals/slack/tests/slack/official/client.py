"""Slack's own Python client against the double: each method as the adapter uses it, then a press over Socket Mode.

Prints `ready`, answers one press, prints what it was, and ends. Any surprise is an exception.
"""

import json
import sys
import threading

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, InputBlock, PlainTextInputElement, PlainTextObject
from slack_sdk.models.blocks import SectionBlock
from slack_sdk.models.views import View
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.webhook import WebhookClient

api, bot, app, room, member = sys.argv[1:]
web = WebClient(token=bot, base_url=api)


def refused(code, call):
    try:
        call()
    except SlackApiError as error:
        assert error.response["error"] == code, (code, error.response["error"])
    else:
        raise AssertionError(f"not refused: {code}")


who = web.auth_test()
assert who["team_id"] == "T0DOUBLE"
assert "chat:write" in who.headers["x-oauth-scopes"]
assert web.users_info(user=member)["user"]["is_email_confirmed"]
assert web.conversations_info(channel=room)["channel"]["is_member"]
names = [c["name"] for page in web.conversations_list(limit=200) for c in page["channels"]]
assert "access" in names, names

blocks = [
    SectionBlock(text=PlainTextObject(text="asked for")),
    ActionsBlock(elements=[ButtonElement(text="Yes", action_id="yes", value="1")]),
]
posted = web.chat_postMessage(channel=room, text="asked for", blocks=blocks)
web.chat_update(channel=room, ts=posted["ts"], text="decided", blocks=blocks)
web.chat_postMessage(channel=room, thread_ts=posted["ts"], text="in the thread")
web.chat_postEphemeral(channel=room, user=member, text="for you alone")
alone = web.conversations_open(users=member)["channel"]["id"]
web.chat_postMessage(channel=alone, text="news")

refused("channel_not_found", lambda: web.chat_postMessage(channel="C0NOWHERE", text="x"))
refused("message_not_found", lambda: web.chat_update(channel=room, ts="1.0", text="x"))
refused("user_not_found", lambda: web.users_info(user="U0NOBODY"))
refused("invalid_auth", lambda: WebClient(token="xoxb-wrong", base_url=api).auth_test())
refused("not_allowed_token_type", lambda: web.apps_connections_open(app_token=bot))
refused("invalid_blocks", lambda: web.chat_postMessage(channel=room, text="x", blocks=[{"type": "actions"}]))
modal = View(
    type="modal",
    callback_id="why",
    title=PlainTextObject(text="Why"),
    submit=PlainTextObject(text="Send"),
    blocks=[
        InputBlock(
            block_id="why",
            label=PlainTextObject(text="Why?"),
            element=PlainTextInputElement(action_id="why", multiline=True),
        )
    ],
)
refused("exchanged_trigger_id", lambda: web.views_open(trigger_id="none", view=modal))

socket = SocketModeClient(app_token=app, web_client=web)
done = threading.Event()


def heard(client, request):
    client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
    payload = request.payload
    opened = web.views_open(trigger_id=payload["trigger_id"], view=modal)
    assert opened["view"]["id"]
    answer = WebhookClient(payload["response_url"]).send(text="heard", response_type="ephemeral", replace_original=False)
    assert answer.status_code == 200, answer.status_code
    action = payload["actions"][0]
    print(json.dumps({"user": payload["user"]["id"], "action": action["action_id"]}), flush=True)
    done.set()


socket.socket_mode_request_listeners.append(heard)
socket.connect()
print("ready", flush=True)
assert done.wait(20), "nothing was pressed"
socket.close()
