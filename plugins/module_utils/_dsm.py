# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""The interfaces of a Deep Security Manager: an answer, or a DsmError with what to do. No secret is in a text."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import email.utils
import json
import re
import socket
import ssl
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.urls import ConnectionError as OpenUrlError
from ansible.module_utils.urls import open_url

from ansible_collections.deep_security.remediation.plugins.module_utils._masks import Masks

CLOUD_ONE = re.compile(r"(^|\.)cloudone\.trendmicro\.com$")
PAGE_SIZE = 5000
LONGEST_PAUSE = 60
LARGEST_ANSWER = 256 * 1024 * 1024
# OpenSSL's reasons for refusing a certificate. The first four: no CA that is trusted here has signed it.
UNTRUSTED = (18, 19, 20, 21)
BAD_CERTIFICATES = {
    9: "is not valid yet; compare the clocks of the Manager and of this machine",
    10: "has expired; have it renewed, and compare the clocks of the Manager and of this machine",
    62: "is for another host name; write the name in the certificate into url",
    64: "is for another address; write the name in the certificate into url",
}


class DsmError(Exception):
    """The Manager gave no answer that can be used; the message names the remedy.

    status: that of HTTP, None where there was none. answered: whether anything answered at the address, True also for
    a certificate that is not trusted; None where nothing was sent.
    """

    def __init__(self, message, status=None, answered=None):
        super(DsmError, self).__init__(message)
        self.status = status
        self.answered = answered

    @property
    def unclear(self):
        """Whether the Manager may have done what was requested."""
        return self.status is None or self.status < 300 or self.status >= 500


class Failure(Exception):
    """One attempt failed. again: another may succeed, after wait seconds if the Manager named so many."""

    def __init__(self, text, status=None, again=False, wait=0, answered=True):
        super(Failure, self).__init__(text)
        self.status = status
        self.again = again
        self.wait = wait
        self.answered = answered


class _Bytes:
    """What an answer is put together in, unless the caller brings something of his own with feed and close."""

    def __init__(self):
        self._pieces = []
        self.feed = self._pieces.append

    def close(self):
        return b"".join(self._pieces)


def argument_spec(needs_key=True):
    """The options that all modules for the Manager have."""

    def option(name, **keywords):
        return dict(keywords, fallback=(env_fallback, ["DSM_" + name]))

    return dict(
        url=option("URL", type="str", required=True),
        api_key=option("API_KEY", type="str", required=needs_key, no_log=True),
        api_key_type=option("API_KEY_TYPE", type="str", choices=["on_premises", "cloud_one"]),
        ca_path=option("CA_PATH", type="path"),
        validate_certs=option("VALIDATE_CERTS", type="bool", default=True),
        use_proxy=option("USE_PROXY", type="bool", default=True),
        timeout=option("TIMEOUT", type="int", default=60),
        retries=option("RETRIES", type="int", default=7),
        deadline=option("DEADLINE", type="int", default=600),
    )


def client(params):
    """A client made from a module's parameters."""
    return Client(**{name: params[name] for name in argument_spec()})


class Client:
    """One Manager, for at most deadline seconds from now on. Counts its requests in requests, retried, rate_limited.

    Without an api_key (None) it has the legacy interface only, which never gets one.
    """

    def __init__(
        self,
        url,
        api_key,
        api_key_type=None,
        ca_path=None,
        validate_certs=True,
        use_proxy=True,
        timeout=60,
        retries=7,
        deadline=600,
        clock=time,
    ):
        self._masks = Masks()
        self._key = None
        if api_key is not None:
            self._key = api_key.strip()
            if not re.match(r"[\x21-\x7e]+\Z", self._key):
                raise DsmError("api_key is empty or holds a character that no key has; copy the key once more")
            self.hide(self._key)
        for name, value, least in (("timeout", timeout, 1), ("retries", retries, 0), ("deadline", deadline, 1)):
            if value < least:
                raise DsmError("%s is %d; give at least %d" % (name, value, least))
        self.url, host = _manager(url, self._clean)
        self.api_key_type = api_key_type or ("cloud_one" if CLOUD_ONE.search(host) else "on_premises")
        if ca_path and validate_certs:
            try:
                ssl.create_default_context(cafile=ca_path)
            except (OSError, ValueError) as error:
                raise DsmError(
                    self._clean("ca_path %s cannot be used: %s; name a readable PEM file of CAs" % (ca_path, error))
                )
        self._options = {
            "ca_path": ca_path,
            "validate_certs": validate_certs,
            "use_proxy": use_proxy,
            "follow_redirects": "none",  # a secret goes nowhere but where the operator sends it
            "use_netrc": False,
            "decompress": False,
        }
        self._timeout = timeout
        self._retries = retries
        self._deadline = deadline
        self._clock = clock
        self._ends = clock.monotonic() + deadline
        self.requests = 0
        self.retried = 0
        self.rate_limited = 0

    def get(self, path, query=()):
        """The object at that path below /api."""
        return self._api("GET", path, query, None, True)

    def post(self, path, body, query=(), repeatable=False):
        """Send an object. What must not happen twice is sent again only when the Manager took none of it (429)."""
        return self._api("POST", path, query, body, repeatable)

    def delete(self, path):
        """Delete the object at that path; whether there was one."""
        try:
            self._ask("DELETE", "api/" + path, None, True, self._retries)
        except DsmError as error:
            if error.status != 404:
                raise
            return False
        return True

    def text(self, path):
        """A plain text of the legacy interface, asked for once and without the key."""
        return self.legacy("GET", path).decode("utf-8", "replace")

    def legacy(self, method, path, body=None, headers=(), retries=0, explain=None, receiver=_Bytes):
        """One request to the legacy interface, below /rest or /webservice, without the key.

        retries: how often it may be repeated, None for as often as the operator says. explain(status, data) gives the
        whole text for a refusal that must not be repeated, or None for one that is as everywhere else. The answer goes
        piece by piece into what receiver() makes, and what its close() gives is returned.
        """
        return self._ask(
            method, path, body, True, self._retries if retries is None else retries, headers, explain, receiver
        )

    def hide(self, secret):
        """Keep a secret out of all texts from now on."""
        self._masks.add(secret)

    def grace(self, seconds):
        """Allow that many seconds for what must still be tidied up, whatever is left of the deadline."""
        self._ends = self._clock.monotonic() + seconds

    def search(self, path, name, query=(), criteria=(), after=0, size=PAGE_SIZE):
        """Objects with an ID above after, in the order of their IDs; of one page at a time, so that memory suffices.

        A page may be shorter than asked for, and what is deleted between two pages makes no gap: only an empty page
        is the end.
        """
        while True:
            body = {
                "maxItems": size,
                "sortByObjectID": True,
                "searchCriteria": [{"idTest": "greater-than", "idValue": after}] + list(criteria),
            }
            found = self.post(path + "/search", body, query, repeatable=True).get(name)
            if not isinstance(found, list):
                raise self.strange(path, "there is no list %s" % name)
            ids = [item.get("ID") if isinstance(item, dict) else None for item in found]
            if not all(isinstance(number, int) for number in ids):
                raise self.strange(path, "not all of %s are objects with an ID" % name)
            if not found:
                return
            if ids[0] <= after or any(left >= right for left, right in zip(ids, ids[1:])):
                raise self.strange(path, "its pages are not in the order of the IDs above the last one")
            after = ids[-1]
            found.reverse()
            while found:
                yield found.pop()

    def statistics(self):
        """What was asked of the Manager so far."""
        return {"sent": self.requests, "retried": self.retried, "rate_limited": self.rate_limited}

    def _api(self, method, path, query, body, repeatable):
        path = "api/" + path + ("?" + urlencode(query) if query else "")
        answer = self._ask(method, path, None if body is None else json.dumps(body), repeatable, self._retries)
        if not isinstance(answer, dict):
            raise self.strange(path, "it is no JSON object")
        return answer

    def _ask(self, method, path, body, repeatable, retries, headers=(), explain=None, receiver=_Bytes):
        """One request with its repetitions: parsed JSON from below /api, else what the receiver gives."""
        tries = 0
        while True:
            self.requests += 1
            try:
                return self._once(method, path, body, headers, explain, receiver)
            except Failure as failure:
                failed = failure
            self.rate_limited += failed.status == 429
            if not failed.again or not (repeatable or failed.status == 429) or tries >= retries:
                times = " (%d attempts)" % (tries + 1) if tries else ""
                raise DsmError(self._clean("%s%s" % (failed, times)), failed.status, failed.answered)
            pause = max(min(2**tries, LONGEST_PAUSE), failed.wait)
            if self._clock.monotonic() + pause >= self._ends:
                raise DsmError(
                    self._clean(
                        "%s. The next attempt would be in %d s, after the deadline of %d s; raise deadline or try later"
                        % (failed, pause, self._deadline)
                    ),
                    failed.status,
                    failed.answered,
                )
            tries += 1
            self.retried += 1
            self._clock.sleep(pause)

    def _once(self, method, path, body, headers, explain, receiver):
        left = self._ends - self._clock.monotonic()
        if left <= 0:
            raise self._late()
        keyed = path.startswith("api/")
        # The legacy interface answers in plain text or XML, and refuses those who want JSON alone.
        headers = dict(headers, Accept="application/json" if keyed else "*/*")
        if keyed:
            if self._key is None:
                raise Failure(
                    "api_key is missing; only the legacy interface of %s works without" % self.url, answered=None
                )
            headers["api-version"] = "v1"
            if self.api_key_type == "cloud_one":
                headers["Authorization"] = "ApiKey " + self._key
            else:
                headers["api-secret-key"] = self._key
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        answer = receiver()
        try:
            response = open_url(
                self.url + path,
                data=body,
                headers=headers,
                method=method,
                timeout=min(self._timeout, left),
                **self._options,
            )
            try:
                self._read(response, answer.feed)
            finally:
                response.close()
        except HTTPError as error:
            raise self._refused(error, path, explain)
        except (HTTPException, OSError, OpenUrlError, ValueError) as error:
            raise self._unreached(error)
        data = answer.close()
        # What was deleted is not described.
        return self._parse(data, path) if keyed and method != "DELETE" else data

    def _read(self, response, feed, largest=LARGEST_ANSWER):
        """The whole body, piece by piece, so that a slow one cannot outlast the deadline."""
        size = 0
        while True:
            piece = response.read1(65536)
            if not piece:
                break
            feed(piece)
            size += len(piece)
            if self._clock.monotonic() >= self._ends:
                raise self._late()
            if size > largest:
                raise Failure("%s sends more than 256 MiB at once; request less, or correct url" % self.url)
        expected = response.headers.get("Content-Length")
        if expected and expected.isdigit() and size < int(expected):
            raise self.broken_off()

    def _parse(self, data, path):
        try:
            return json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError):
            if data.lstrip()[:1] in (b"{", b"["):
                raise self.broken_off()
            raise Failure(
                "%s is not the API of a Deep Security Manager: its answer to %s is no JSON; write the address of the "
                "Manager's console into url, such as https://dsm.example.com:4119" % (self.url, path.split("?")[0]),
                200,
            )

    def _refused(self, error, path, explain):
        """A failure from an HTTP status."""
        status, body, keyed, path = error.code, _Bytes(), path.startswith("api/"), path.split("?")[0]
        try:
            self._read(error, body.feed, 65536)
        except (Failure, HTTPException, OSError, ValueError, AttributeError):
            pass  # a broken explanation; the status is enough
        text = explain(status, body.close()) if explain else None
        if text:
            return Failure(text, status)
        words = self.words(body.close())
        answer = "; the answer is: %s" % words if words else ""
        if status == 401 and keyed:
            text = (
                "%s does not accept the API key (HTTP 401)%s. The key is wrong, expired, locked or switched off, or of "
                "another type than api_key_type %s" % (self.url, answer, self.api_key_type)
            )
        elif status == 403 and keyed:
            text = (
                "%s does not let this API key do %s (HTTP 403)%s. Give the key a role that may: Auditor for reading, "
                "Full Access for the rest. Or the key is wrong" % (self.url, path, answer)
            )
        elif status == 404 and words:
            text = "%s does not know %s (HTTP 404)%s" % (self.url, path, answer)
        elif status == 404:
            text = (
                "%s has no %s (HTTP 404): it is no Deep Security Manager, or one older than 11.1; write the address of "
                "the Manager's console into url, such as https://dsm.example.com:4119" % (self.url, path)
            )
        elif 300 <= status < 400:
            text = "%s redirects to %s, and no secret is sent there; write the Manager's own address into url" % (
                self.url,
                self.short(error.headers.get("Location") or "nowhere"),
            )
        elif status == 429:
            text = "%s: too many API requests (HTTP 429)%s. Run fewer jobs at once or have the limit raised" % (
                self.url,
                answer,
            )
        elif status >= 500:
            text = "%s has trouble of its own (HTTP %d)%s. Look at the Manager's services, then try again" % (
                self.url,
                status,
                answer,
            )
        else:
            text = "%s refuses %s (HTTP %d)%s" % (self.url, path, status, answer)
        return Failure(text, status, status == 429 or status >= 500, _retry_after(error.headers))

    def _unreached(self, error):
        """A failure from an exception on the way there or back."""
        reason = error.reason if isinstance(getattr(error, "reason", None), Exception) else error
        number, words = getattr(reason, "verify_code", None), self.short(reason)
        if isinstance(reason, (socket.timeout, TimeoutError)):
            return Failure(
                "%s did not answer within %d s. Look whether a firewall is between, or raise timeout"
                % (self.url, self._timeout),
                again=True,
                # After the connection was made the exception comes as it is.
                answered=reason is error,
            )
        if number in UNTRUSTED:
            problem = "is self-signed" if number == 18 else "is signed by no CA that is trusted here"
            where = "another file than the given one" if self._options["ca_path"] else "a file"
            return Failure(
                "the certificate of %s %s. Save the Manager's certificate, or that of its CA, to %s and name it in "
                "ca_path, after comparing its fingerprint" % (self.url, problem, where)
            )
        if number in BAD_CERTIFICATES:
            return Failure("the certificate of %s %s" % (self.url, BAD_CERTIFICATES[number]))
        if isinstance(reason, ssl.SSLError) and not isinstance(reason, ssl.SSLEOFError):
            return Failure(
                "no secure connection to %s: %s. Look whether the port is that of the Manager's console, 4119 by "
                "default" % (self.url, words)
            )
        if isinstance(reason, socket.gaierror):
            return Failure(
                "the host name of %s cannot be resolved (%s); correct url or the DNS" % (self.url, words),
                answered=False,
            )
        if isinstance(reason, ConnectionRefusedError):
            return Failure(
                "nothing answers at %s (connection refused). The port of the Manager's console is 4119 by default; "
                "check that the Manager runs, and that https_proxy is right if it is set" % self.url,
                answered=False,
            )
        if isinstance(reason, (ConnectionError, ssl.SSLEOFError, HTTPException)):
            return self.broken_off(words)
        if "Tunnel connection failed" in words:
            return Failure(
                "the proxy does not let through to %s: %s. Correct https_proxy, or set no_proxy or use_proxy=false"
                % (self.url, words),
                answered=None,
            )
        return Failure("%s cannot be reached: %s" % (self.url, words), answered=False)

    def broken_off(self, words=""):
        """The failure of an answer that is not whole."""
        return Failure(
            "an answer of %s broke off%s. Look at the network, proxies and load balancers between"
            % (self.url, " (%s)" % words if words else ""),
            again=True,
        )

    def _late(self):
        return Failure(
            "%s did not give all answers within %d s; raise deadline or request less" % (self.url, self._deadline),
            answered=None,
        )

    def strange(self, path, why):
        """The error of an answer that no Manager gives."""
        return DsmError(
            self._clean(
                "the answer of %s to %s is not that of a Manager: %s. Check that url is the Manager's own address"
                % (self.url, path, why)
            ),
            200,
            True,
        )

    def words(self, data):
        """The message in an answer's JSON, or nothing."""
        try:
            answer = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError):
            return ""
        return self.short(answer.get("message") or "") if isinstance(answer, dict) else ""

    def _clean(self, text):
        return self._masks.hide(text)

    def short(self, value):
        """One printable line of it. Secrets are masked first, before anything is folded or cut."""
        text = "".join(letter if letter.isprintable() else " " for letter in self._clean(str(value)))
        text = " ".join(text.split())
        return text if len(text) <= 200 else text[:200] + "..."


def _manager(url, clean):
    """(address with one slash at its end and without /api, host name) of what the operator wrote."""
    shown = clean(url or "")
    try:
        parts = urlsplit((url or "").strip())
        port = parts.port
    except ValueError as error:
        raise DsmError("url %s cannot be used: %s" % (shown, clean(str(error))))
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise DsmError("url must hold no password, question mark or #; write https://dsm.example.com:4119")
    if parts.scheme != "https" or not parts.hostname:
        raise DsmError(
            "url %s cannot be used: write https:// and the Manager's address, such as https://dsm.example.com:4119; "
            "without TLS the API key, or a password, could be read on the way" % shown
        )
    host = parts.hostname
    path = re.sub(r"/api$", "", parts.path.rstrip("/"))
    name = "[%s]" % host if ":" in host else host
    return "https://%s%s%s/" % (name, "" if port is None else ":%d" % port, path), host


def _retry_after(headers):
    """How many seconds the Manager wants to be left alone; 0 if it does not say. Its own clock is what counts."""
    value = (headers.get("Retry-After") or "").strip()
    if re.match(r"[0-9]{1,9}\Z", value):
        return int(value)
    until, now = email.utils.parsedate_tz(value), email.utils.parsedate_tz(headers.get("Date") or "")
    try:
        return max(0, email.utils.mktime_tz(until) - email.utils.mktime_tz(now)) if until and now else 0
    except (ValueError, OverflowError):
        return 0
