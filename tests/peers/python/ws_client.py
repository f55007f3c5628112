"""A WebSocket client that brings a Negotiate token with its first request, since websockets answers no 401.

    ws_client.py URL HOST [MESSAGE]...

The token is for HTTP@HOST and asks the service to prove itself. Each message is sent after the answer to the one
before. Prints one JSON object: the status of a refusal, or sub-protocol, answers, and whether the service proved itself.
"""

import base64
import json
import ssl
import sys

import gssapi
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")


def proved(context, headers):
    """Whether the service's token completes the context."""
    scheme, _, token = headers.get("WWW-Authenticate", "").partition(" ")
    if scheme != "Negotiate" or not token:
        return False
    context.step(base64.b64decode(token))
    return context.complete and gssapi.RequirementFlag.mutual_authentication in context.actual_flags


def main(url, host, *messages):
    service = gssapi.Name(f"HTTP@{host}", gssapi.NameType.hostbased_service)
    context = gssapi.SecurityContext(
        name=service, mech=SPNEGO, flags=gssapi.RequirementFlag.mutual_authentication, usage="initiate"
    )
    token = base64.b64encode(context.step()).decode()
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    try:
        with connect(
            url,
            additional_headers={"Authorization": f"Negotiate {token}"},
            ssl=trusting if url.startswith("wss:") else None,
            proxy=None,
        ) as socket:
            received = []
            for message in messages:
                socket.send(message)
                answer = socket.recv(timeout=20)
                received.append(answer if isinstance(answer, str) else answer.decode())
            mutual = proved(context, socket.response.headers)
            print(json.dumps({"protocol": socket.subprotocol, "received": received, "mutual": mutual}))
    except InvalidStatus as refused:
        print(json.dumps({"status": refused.response.status_code}))


main(*sys.argv[1:])
