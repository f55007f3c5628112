#!/usr/bin/env python3
"""Login modules that answer as a token says: the module at /0 by its first letter, the one at /1 by its second.

    table.py LOG

s: success with the role AUTHORIZED; S: success without a role; f: failure; i: ignored; c: another challenge; x: no answer
that makes sense. Where nothing is presented, the letter is the one behind the number, as in /0/c, or f.
Each question is appended to LOG as the token, a blank and the number of the module.
"""

import http.server
import json
import sys

CHALLENGE = ['foo="bar"', 'baz="quxx"']
ANSWERS = {
    "s": {"result": "success", "principals": ["joe"], "roles": ["AUTHORIZED"]},
    "S": {"result": "success", "principals": ["joe"]},
    "f": {"result": "failure", "why": "the table says so"},
    "i": {"result": "ignored"},
    "c": {"result": "challenge", "data": CHALLENGE},
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # In one segment, or each answer waits for the delayed acknowledgement of its head.
    wbufsize = -1

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        _, number, *empty = self.path.split("/")
        said = question.get("token") or question.get("password") or ""
        letter = said[int(number)] if said else "".join(empty) or "f"
        with open(sys.argv[1], "a") as log:
            log.write(f"{said or '-'} {number}\n")
        body = b"<html>broken" if letter == "x" else self.answer(ANSWERS[letter], question)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, answer, question):
        return json.dumps(dict(answer, login=question["login"])).encode()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
