# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages of WinRM, as far as pywinrm sends and reads them."""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import escape

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
STATE = f"{SHELL}/CommandState"
# "The operation could not be completed in time": whoever waits for output asks again.
TIMED_OUT = 2150858793
NO_SUCH_SHELL = 2150858843
ENVELOPE = f"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" \
xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:x="{TRANSFER}" \
xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="{SHELL}" \
xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault">\
<s:Header><a:Action>{{action}}</a:Action><a:MessageID>uuid:{{message}}</a:MessageID>\
<a:RelatesTo>{{relates_to}}</a:RelatesTo></s:Header><s:Body>{{body}}</s:Body></s:Envelope>"""


@dataclass
class Message:
    """What a request asks for."""

    action: str
    identity: str
    shell: str = ""
    command: str = ""
    line: str = ""
    signal: str = ""
    data: bytes = b""
    end: bool = False
    limit: float = 20.0
    streams: list[str] = field(default_factory=list)


def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def read(text: bytes) -> Message:
    """Raises ElementTree.ParseError or ValueError where it is not such a message."""
    root = ElementTree.fromstring(text)
    message = Message("", "")
    words = []
    for node in root.iter():
        name, content = local(node.tag), node.text or ""
        if name == "Action":
            message.action = content.strip().rpartition("/")[2]
        elif name == "MessageID":
            message.identity = content.strip()
        elif name == "Selector" and node.get("Name") == "ShellId":
            message.shell = content.strip()
        elif name == "OperationTimeout" and (match := re.fullmatch(r"PT([\d.]+)S", content.strip())):
            message.limit = float(match[1])
        elif name in ("Command", "Arguments"):
            words.append(content)
        elif name == "Stream":
            message.command = node.get("CommandId", "")
            message.data += base64.b64decode(content)
            message.end = message.end or node.get("End", "").lower() == "true"
        elif name in ("DesiredStream", "Signal"):
            message.command = node.get("CommandId", "")
        elif name == "Code":
            message.signal = content.strip().rpartition("/")[2]
    message.line = " ".join(words)
    if not message.action or not message.identity:
        raise ValueError("no Action or no MessageID")
    return message


def answer(request: Message, body: str = "") -> bytes:
    place = TRANSFER if request.action in ("Create", "Delete") else SHELL
    text = ENVELOPE.format(
        action=f"{place}/{request.action}Response",
        message=str(uuid.uuid4()).upper(),
        relates_to=escape(request.identity),
        body=body,
    )
    return text.encode()


def created(request: Message, shell: str) -> bytes:
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>'
    body = f"<x:ResourceCreated><a:ReferenceParameters>{selector}</a:ReferenceParameters></x:ResourceCreated>"
    return answer(request, f"{body}<rsp:Shell><rsp:ShellId>{shell}</rsp:ShellId></rsp:Shell>")


def started(request: Message, command: str) -> bytes:
    return answer(request, f"<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>")


def output(request: Message, out: bytes, err: bytes, code: int) -> bytes:
    """All of the output at once, and that the command is done."""

    def stream(name: str, data: bytes) -> str:
        place = f'<rsp:Stream Name="{name}" CommandId="{request.command}"'
        text = f"{place}>{base64.b64encode(data).decode()}</rsp:Stream>" if data else ""
        return f'{text}{place} End="true"/>'

    state = (
        f'<rsp:CommandState CommandId="{request.command}" State="{STATE}/Done">'
        f"<rsp:ExitCode>{code}</rsp:ExitCode></rsp:CommandState>"
    )
    body = stream("stdout", out) + stream("stderr", err) + state
    return answer(request, f"<rsp:ReceiveResponse>{body}</rsp:ReceiveResponse>")


def fault(request: Message, code: int, text: str) -> bytes:
    reason = f'<s:Reason><s:Text xml:lang="en-US">{escape(text)}</s:Text></s:Reason>'
    detail = f'<s:Detail><f:WSManFault Code="{code}"><f:Message>{escape(text)}</f:Message></f:WSManFault></s:Detail>'
    kind = "<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:TimedOut</s:Value></s:Subcode></s:Code>"
    return answer(request, f"<s:Fault>{kind}{reason}{detail}</s:Fault>")
