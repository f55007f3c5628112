#!/usr/bin/env python3
"""A login module that does what the token says, as a program or as a web service.

    judge.py program LOG
    judge.py service LOG [CERTIFICATE KEY]

Each question is appended to LOG, a line each. The service says where it listens.
"""

import http.server
import json
import os
import ssl
import sys
import time

GARBAGE = {
    "html": "<html><body>Bad gateway</body></html>",
    "garbage": "\x00\x01 nonsense",
    "huge": '{"result":"failure","why":"' + "x" * 100_000 + '"}',
    "twice": '{"login":"%s","result":"failure","result":"success","principals":["boss"]}',
    "other": '{"login":"00000000-0000-0000-0000-000000000000","result":"success","principals":["boss"]}',
    "nobody": '{"login":"%s","result":"success","principals":[]}',
    "newline": '{"login":"%s","result":"success","principals":["joe\\nboss"]}',
    "word": '{"login":"%s","result":"yes","principals":["joe"]}',
    "misspelt": '{"login":"%s","result":"success","principals":["joe"],"sesion_timeout":1}',
    "header": '{"login":"%s","result":"challenge","data":["a\\r\\nSet-Cookie: b=c"]}',
}


def answer(question, log):
    with open(log, "a") as file:
        file.write(json.dumps(question) + "\n")
    token = question.get("token", "")
    login = question["login"]
    if question["phase"] != "login":
        refuses = question["phase"] == "commit" and os.path.exists(log + ".refuses")
        return json.dumps({"login": login, "result": "failure" if refuses else "success"})
    if token in GARBAGE:
        text = GARBAGE[token]
        return text % login if "%s" in text else text
    said = {"result": "failure", "why": "it says " + token}
    if os.path.exists(log + ".always"):
        return json.dumps({"login": login, "result": "success", "principals": ["boss"], "roles": ["AUTHORIZED"]})
    if token == "ignored":
        said = {"result": "ignored"}
    elif question.get("user") == "joe" and question.get("password") == "wel:come":
        said = {"result": "success", "principals": ["joe"]}
    elif token in ("again", ""):
        said = {"result": "challenge", "data": ['foo="bar"', 'baz="quxx"']}
    elif token.startswith("good"):
        said = {"result": "success", "principals": ["joe"], "roles": ["AUTHORIZED"]}
    elif token == "local":
        said = {"result": "success", "principals": ["joe"], "local_name": "j", "claims": {"team": ["x", "staff"]}}
    elif token == "ended":
        said = {"result": "success", "principals": ["joe"], "ends": int(time.time()) - 1}
    elif token == "timeless":
        said = {"result": "success", "principals": ["joe"], "session_timeout": 0}
    return json.dumps(dict(said, login=login))


def program(log):
    for line in sys.stdin:
        question = json.loads(line)
        token = question.get("token", "")
        text = answer(question, log)
        if token == "die":
            sys.exit(3)
        if token == "hang":
            time.sleep(600)
        if token == "half":
            sys.stdout.write(text[:20])
            sys.stdout.flush()
            sys.exit(0)
        if token == "late":
            # In time for the next question.
            time.sleep(4)
        if token == "stderr":
            for _ in range(5000):
                sys.stderr.write("trouble\x1b[31m with it " + "y" * 200 + "\n")
            sys.stderr.flush()
        if token == "flood":
            while True:
                sys.stdout.write("z" * 65536)
        sys.stdout.write(text + "\n")
        if token == "good-two":
            sys.stdout.write('{"login":"x","result":"success","principals":["boss"]}\n')
        if token == "good-env":
            sys.stderr.write("env " + ",".join(sorted(os.environ)) + "\n")
        sys.stdout.flush()
        if token == "good-last":
            sys.exit(0)


def service(log, certificate=None, key=None):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            token = question.get("token", "")
            body = answer(dict(question, port=self.client_address[1]), log).encode()
            if token == "hang":
                time.sleep(600)
            if token == "cut":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body)
                self.close_connection = True
                return
            if token == "nothing":
                self.close_connection = True
                return
            status = {"error": 500, "redirect": 302}.get(token, 200)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            if status != 200:
                body = json.dumps({"result": "success", "principals": ["boss"]}).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if token == "good-close":
                # Without a word, as servers do that close idle connections.
                self.close_connection = True

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    {"program": program, "service": service}[sys.argv[1]](*sys.argv[2:])
