"""The interface under /api/v1."""

import json
import urllib.error
import urllib.request

from .contract import hold

DEVICE = {"name": "A stranger", "platform": "python"}


class Problem(Exception):
    """A request that was refused, as RFC 9457 says it."""

    def __init__(self, body):
        super().__init__(f"{body['code']} {body.get('reason', '')}: {body['title']}")
        self.body = body


class Http:
    def __init__(self, origin):
        self.root = f"{origin}/api/v1"
        self.token = None

    def ask(self, method, path, body=None, sends=None, gives=None, many=False):
        """Sends a body of the type `sends` and reads one of the type `gives`."""
        headers = {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None
        if sends:
            data = json.dumps(hold(sends, body)).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(
            self.root + path, data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            kind = error.headers.get_content_type()
            assert kind == "application/problem+json", f"{method} {path}: {error.code} {kind}"
            problem = hold("Problem", json.loads(error.read()))
            assert problem["status"] == error.code, "the status is the problem's"
            raise Problem(problem) from None
        if gives is None:
            assert text == b"", f"{method} {path} gave {text!r}"
            return None
        value = json.loads(text)
        for one in value if many else [value]:
            hold(gives, one)
        return value

    def sign_up(self, username, display_name, password):
        """Makes an account and signs in; gives the sign-in."""
        body = {
            "username": username,
            "display_name": display_name,
            "password": password,
            "device": DEVICE,
        }
        return self.keep(self.ask("POST", "/auth/register", body, "Register", "SignedIn"))

    def sign_in(self, username, password):
        body = {"username": username, "password": password, "device": DEVICE}
        return self.keep(self.ask("POST", "/auth/login", body, "Login", "SignedIn"))

    def refresh(self, signed_in):
        body = {"refresh_token": signed_in["refresh_token"]}
        return self.keep(self.ask("POST", "/auth/refresh", body, "Refresh", "SignedIn"))

    def keep(self, signed_in):
        self.token = signed_in["access_token"]
        return signed_in
