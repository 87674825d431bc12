"""A voice agent for Switchboard that plays back what the caller says. Protocol: docs/agent-protocol.md

    pip install "websockets>=13"
    python3 -u echo_agent.py 9000 a-long-shared-secret

Then make an agent of kind "websocket" with the URL ws://127.0.0.1:9000 and the same secret. Try the keys of the phone:
1 asks for a mark, * is a barge-in, # hangs up. Needs Python 3.10 or newer.
"""

import asyncio
import hmac
import json
import sys
from http import HTTPStatus
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

port = sys.argv[1] if len(sys.argv) > 1 else "9000"
secret = sys.argv[2] if len(sys.argv) > 2 else ""
asked_by = {"1": [{"type": "mark", "name": "heard everything"}], "*": [{"type": "clear"}], "#": [{"type": "hangup"}]}


def admit(connection, request):
    given = request.headers.get("Authorization", "")
    if secret and not hmac.compare_digest(given.encode(), f"Bearer {secret}".encode()):
        return connection.respond(HTTPStatus.UNAUTHORIZED, "wrong secret\n")


def answers(message):
    match message:
        case {"type": "call.start", "call": call, "audio": audio}:
            print(f"call {call['id']} from {call['from']}: {audio['encoding']} at {audio['sample_rate']} Hz")
            return [{"type": "call.accept", "agent": {"name": "echo", "version": "1"}}]
        case {"type": "digit", "digit": digit}:
            return [{"type": "event", "name": "key", "data": {"digit": digit}}, *asked_by.get(digit, [])]
        case {"type": "mark" | "cleared" | "event" | "error" | "call.end"}:
            print(json.dumps(message))
    return []


async def call(socket):
    try:
        async for data in socket:
            for answer in [data] if isinstance(data, bytes) else map(json.dumps, answers(json.loads(data))):
                await socket.send(answer)
    except ConnectionClosed:
        print("the connection was cut; if the call goes on, it comes back with the same resume_token")


async def main():
    async with serve(call, "127.0.0.1", int(port), subprotocols=["switchboard.v1"], process_request=admit) as server:
        print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await server.serve_forever()


asyncio.run(main())
