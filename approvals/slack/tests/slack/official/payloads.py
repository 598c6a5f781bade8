"""Parses every payload with Slack's own models, validates it, and sees that nothing was lost on the way: a field that the
models don't know would be.

Reads lines of [method, body]; prints how many were good, or which was not and why.
"""

import json
import sys

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.basic_components import Option, PlainTextObject
from slack_sdk.models.blocks.block_elements import ButtonElement, PlainTextInputElement, StaticSelectElement
from slack_sdk.models.views import View

count = 0


def sound(blocks):
    parsed = Block.parse_all(blocks)
    assert len(parsed) == len(blocks) and all(parsed), "a block that is none"
    for block, sent in zip(parsed, blocks):
        block.validate_json()
        for element in getattr(block, "elements", None) or []:
            if hasattr(element, "validate_json"):
                element.validate_json()
        element = getattr(block, "element", None)
        if element is not None:
            element.validate_json()
        back = json.loads(json.dumps(block.to_dict(), default=lambda part: part.to_dict()))
        assert back == sent, f"{sent} came back as {back}"


for line in sys.stdin:
    method, body = json.loads(line)
    if method == "views.open":
        view = View(**body["view"])
        view.validate_json()
        sound(body["view"]["blocks"])
    elif "blocks" in body:
        sound(body["blocks"])
    else:
        continue
    count += 1
print(f"{count} good")
