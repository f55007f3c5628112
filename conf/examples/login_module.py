#!/usr/bin/env python3
"""An example of a login module of your own, for the modules `exec` and `http`.

It judges tokens such as `1:joe:welcome`: a number, a user and a password. Each
number is good once, so that nobody who has seen a token can use it again.

As a program, which the gateway starts and asks over standard input:

    <login-module>
      <type>exec</type>
      <success>required</success>
      <options>
        <command>examples/login_module.py</command>
        <argument>--state</argument>
        <argument>/var/lib/ticketgate/tokens.db</argument>
      </options>
    </login-module>

As a web service, which the gateway asks over HTTP:

    examples/login_module.py --listen 127.0.0.1:8099

    <login-module>
      <type>http</type>
      <success>required</success>
      <options><url>http://127.0.0.1:8099/</url></options>
    </login-module>

docs/login-modules.md has the questions and answers in full.
"""

import argparse
import hmac
import http.server
import json
import sqlite3
import sys

# Who may log in. Look your users up where they are instead, and keep hashes of
# their passwords (hashlib.scrypt), not the passwords.
USERS = {
    "joe": {"password": "welcome", "roles": ["AUTHORIZED"]},
    "ann": {"password": "wonderland", "roles": ["AUTHORIZED", "ADMINISTRATOR"]},
}


class Tokens:
    """The last number of each user. Several processes may share the file."""

    def __init__(self, path):
        self.path = path
        with self.open() as store:
            store.execute("CREATE TABLE IF NOT EXISTS last (user TEXT PRIMARY KEY, number INTEGER NOT NULL)")

    def open(self):
        return sqlite3.connect(self.path, timeout=2)

    def use(self, user, number):
        """Whether the number is new; from now on it is not."""
        with self.open() as store:
            # One statement: of two who come with one number, one is let in.
            used = store.execute(
                "INSERT INTO last VALUES (?, ?) ON CONFLICT (user) DO"
                " UPDATE SET number = excluded.number WHERE excluded.number > number",
                (user, number),
            )
            return used.rowcount == 1

    def next(self, user):
        with self.open() as store:
            row = store.execute("SELECT number FROM last WHERE user = ?", (user,)).fetchone()
            return row[0] + 1 if row else 1


def judge(question, tokens):
    """The answer to a question about a login."""
    if question["phase"] != "login":
        # Only with <phases>true</phases>: there is nothing to make good, or to undo.
        return {"result": "success"}
    token = question.get("token", "")
    if not token:
        # The client is told what is asked for: WWW-Authenticate: Token form="..."
        return {"result": "challenge", "data": ['form="number:user:password"'], "why": "there is no token"}
    number, _, rest = token.partition(":")
    user, _, password = rest.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        return {"result": "failure", "why": "the token has no number"}
    known = USERS.get(user, {"password": "", "roles": []})
    # Unknown users take as long as known ones.
    is_good = hmac.compare_digest(known["password"].encode(), password.encode())
    if user not in USERS or not is_good:
        return {"result": "failure", "why": "the user is not known, or the password is wrong"}
    if not tokens.use(user, int(number)):
        data = ['next="%d"' % tokens.next(user)]
        return {"result": "challenge", "data": data, "why": "the token was used before"}
    return {"result": "success", "principals": [user], "roles": known["roles"], "session_timeout": 8 * 3600}


def answer(text, tokens):
    """The answer in JSON, in one line. It repeats the number of the login."""
    question = json.loads(text)
    said = judge(question, tokens)
    said["login"] = question["login"]
    return json.dumps(said)


def serve_lines(tokens):
    """As a program: a line comes in, a line goes out, until the gateway closes."""
    for line in sys.stdin.buffer:
        sys.stdout.write(answer(line, tokens) + "\n")
        # Without this the answer waits in a buffer, and the gateway for it.
        sys.stdout.flush()


def serve_http(address, tokens):
    """As a web service."""

    class Handler(http.server.BaseHTTPRequestHandler):
        # Connections are kept, which spares the gateway a new one each time.
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 60

        def do_POST(self):
            length = int(self.headers["Content-Length"])
            body = answer(self.rfile.read(length), tokens).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Quiet: the gateway logs each login."""

    host, _, port = address.rpartition(":")
    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    print("listening on %s:%d" % server.server_address, flush=True)
    server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description="An example of a login module.")
    parser.add_argument("--state", default="tokens.db", help="file that keeps which tokens were used")
    parser.add_argument("--listen", metavar="HOST:PORT", help="serve HTTP there, not standard input")
    arguments = parser.parse_args()
    tokens = Tokens(arguments.state)
    if arguments.listen:
        serve_http(arguments.listen, tokens)
    else:
        serve_lines(tokens)


if __name__ == "__main__":
    main()
