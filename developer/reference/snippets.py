"""Each call as a program text in four languages, with a key that is none: our own texts, made from the call.

Whatever a value holds, it stays a value: each language's own way of writing texts is used (tests run them).
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from developer import wording
from developer.reference.calls import Call
from flipdash.mode import Mode


@dataclass(frozen=True)
class Snippet:
    """A program text for people to copy."""

    language: str
    text: str


def placeholder(mode: Mode) -> str:
    """Return what stands where the key belongs: it shows the mode, and no check takes it for a key."""
    return f"{wording.PREFIXES[mode]}YOUR_API_SECRET_KEY"


@dataclass(frozen=True)
class Sent:
    """What a program sends."""

    method: str
    address: str
    key: str
    """The key, or its placeholder; empty for an open call."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, str]
    has_ids: bool


def snippets(call: Call, *, site: str, key: str, values: Mapping[str, str] | None = None) -> list[Snippet]:
    """Return a call in each language. `values` go in place of the examples; an open call sends no key."""
    if values is None:
        values = {parameter.name: parameter.example for parameter in call.parameters if parameter.is_shown}
    given = {
        place: {one.name: values[one.name] for one in call.parameters if values.get(one.name) and one.place == place}
        for place in ("query", "header", "body")
    }
    sent = Sent(
        method=call.method,
        address=site + filled_path(call, values),
        key="" if call.is_open else key,
        query=given["query"],
        headers=given["header"],
        body=given["body"],
        has_ids=call.has_ids,
    )
    return [
        Snippet("curl", _curl(sent)),
        Snippet("Python", _python(sent)),
        Snippet("PHP", _php(sent)),
        Snippet("JavaScript", _javascript(sent)),
    ]


def filled_path(call: Call, values: Mapping[str, str]) -> str:
    """Return the path of a call with the values of its parameters, encoded."""
    path = call.path
    for parameter in call.parameters:
        if parameter.is_in_path:
            path = path.replace("{" + parameter.name + "}", quote(values.get(parameter.name, ""), safe=""))
    return path


def _curl(sent: Sent) -> str:
    parts = [f"curl --get {shlex.quote(sent.address)}" if sent.query else f"curl {shlex.quote(sent.address)}"]
    if sent.key:
        parts.append(f"--user {shlex.quote(sent.key + ':')}")
    parts += [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in sent.headers.items()]
    fields = {**sent.query, **sent.body}
    parts += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in fields.items()]
    return " \\\n  ".join(parts)


def _python(sent: Sent) -> str:
    lines = ["import requests", "", f"answer = requests.{sent.method.lower()}(", f"    {_text(sent.address)},"]
    named = {"params": sent.query, "headers": sent.headers, "data": sent.body}
    for name, values in named.items():
        if values:
            lines.append(
                f"    {name}={{{', '.join(f'{_text(one)}: {_text(value)}' for one, value in values.items())}}},"
            )
    if sent.key:
        lines.append(f'    auth=({_text(sent.key)}, ""),')
    lines += ["    timeout=30,", ")", "print(answer.status_code, answer.json())"]
    return "\n".join(lines)


def _php(sent: Sent) -> str:
    whole = _php_text(sent.address)
    if sent.query:
        whole = f"{whole} . '?' . http_build_query({_php_pairs(sent.query)})"
    lines = ["<?php", f"$call = curl_init({whole});", "curl_setopt_array($call, ["]
    if sent.key:
        lines.append(f"    CURLOPT_USERPWD => {_php_text(sent.key + ':')},")
    if sent.headers:
        headers = ", ".join(_php_text(f"{name}: {value}") for name, value in sent.headers.items())
        lines.append(f"    CURLOPT_HTTPHEADER => [{headers}],")
    if sent.body:
        lines.append(f"    CURLOPT_POSTFIELDS => http_build_query({_php_pairs(sent.body)}),")
    lines += [
        "    CURLOPT_RETURNTRANSFER => true,",
        "    CURLOPT_TIMEOUT => 30,",
        "]);",
        "$answer = curl_exec($call);",
        "var_dump(curl_getinfo($call, CURLINFO_RESPONSE_CODE), json_decode($answer, true));",
    ]
    return "\n".join(lines)


def _php_pairs(values: Mapping[str, str]) -> str:
    return f"[{', '.join(f'{_php_text(name)} => {_php_text(value)}' for name, value in values.items())}]"


def _javascript(sent: Sent) -> str:
    lines = [f"const address = new URL({_text(sent.address)});"]
    lines += [f"address.searchParams.set({_text(name)}, {_text(value)});" for name, value in sent.query.items()]
    options = "{\n  signal: AbortSignal.timeout(30_000),\n"
    headers = [f"{_text(name)}: {_text(value)}" for name, value in sent.headers.items()]
    if sent.key:
        headers.insert(0, f'Authorization: "Basic " + btoa({_text(sent.key + ":")})')
    if sent.method != "GET":
        options += f"  method: {_text(sent.method)},\n"
    if headers:
        options += f"  headers: {{ {', '.join(headers)} }},\n"
    if sent.body:
        fields = ", ".join(f"{_text(name)}: {_text(value)}" for name, value in sent.body.items())
        options += f"  body: new URLSearchParams({{ {fields} }}),\n"
    lines.append(f"const answer = await fetch(address, {options}}});")
    if sent.has_ids:
        lines.append("// JSON.parse would round ids, which have 19 digits: use a parser that keeps them.")
        lines.append("console.log(answer.status, await answer.text());")
    else:
        lines.append("console.log(answer.status, await answer.json());")
    return "\n".join(lines)


def _text(value: str) -> str:
    """Write a text as JSON does, which Python and JavaScript read as the same."""
    return json.dumps(value, ensure_ascii=False)


def _php_text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
