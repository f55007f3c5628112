"""An issuer of tokens: jwcrypto makes its keys and signs, Python's own server publishes them.

    issuer.py [CERTIFICATE KEY]

It writes a line of JSON with its port, then answers each line of JSON with another:

    {"make": "ES256", "kid": "a"}       makes a key, and publishes it beside those before
    {"withdraw": "a"}                   publishes it no longer; tokens can still be signed with it
    {"sign": {...}, "header": {...}}    a token with these claims, signed with the key that the header names
    {"sign": {...}, "header": {...}, "by": "b"}        signed with another key than the header names
    {"sign": {...}, "header": {...}, "secret": "..."}  signed with HS256 and this secret
    {"pem": "a"}                        the public key, as text
    {"set": null}                       the published set, as text
    {"answer": {"status": 500, "fields": {}, "body": "", "delay": 0}}   what is answered in place of the set; null for the set
    {"away": true}                      whether connections are refused
    {"asked": null}                     how often the set was asked for
"""

import base64
import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from jwcrypto import jwk, jws

KINDS = {
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "ES512": {"kty": "EC", "crv": "P-521"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}

keys, published = {}, []
state = {"answer": None, "asked": 0}


def jwks():
    return json.dumps({"keys": [json.loads(keys[kid].export_public()) for kid in published]})


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        state["asked"] += 1
        answer = state["answer"] or {"body": jwks(), "fields": {"Content-Type": "application/jwk-set+json"}}
        time.sleep(answer.get("delay", 0))
        body = answer.get("body", "").encode()
        try:
            self.send_response(answer.get("status", 200))
            for name, value in answer.get("fields", {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # Whoever asked has gone.

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def get_request(self):
        stream, address = super().get_request()
        stream.settimeout(20)
        return stream, address

    def finish_request(self, request, client_address):
        if tls:
            request = tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, *_):
        pass


tls = None
if len(sys.argv) > 2:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[1], sys.argv[2])


def serve(port):
    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


def sign(claims, header, by=None, secret=None):
    if secret:
        octets = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
        key, alg = jwk.JWK(kty="oct", k=octets), "HS256"
    else:
        key = keys[by or header["kid"]]
        alg = key["alg"]
    payload = claims if isinstance(claims, str) else json.dumps(claims)
    # What no registry knows a library would not sign by itself.
    header = json.dumps({"alg": alg, **header})
    signed = ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in (header, payload))
    return signed + "." + jws.JWSCore(alg, key, header, payload).sign()["signature"]


server = serve(0)
port = server.server_address[1]
print(json.dumps(port), flush=True)
for line in sys.stdin:
    told = json.loads(line)
    said = None
    if "make" in told:
        kind = KINDS.get(told["make"], {"kty": "RSA", "size": 2048})
        keys[told["kid"]] = jwk.JWK.generate(kid=told["kid"], alg=told["make"], use="sig", **kind)
        published.append(told["kid"])
    elif "withdraw" in told:
        published.remove(told["withdraw"])
    elif "sign" in told:
        said = sign(told["sign"], told["header"], told.get("by"), told.get("secret"))
    elif "pem" in told:
        said = keys[told["pem"]].export_to_pem().decode()
    elif "set" in told:
        said = jwks()
    elif "answer" in told:
        state["answer"] = told["answer"]
    elif "away" in told:
        if told["away"]:
            server.shutdown()
            server.server_close()
        else:
            server = serve(port)
    elif "asked" in told:
        said = state["asked"]
    print(json.dumps(said), flush=True)
