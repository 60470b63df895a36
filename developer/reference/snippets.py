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


def snippets(call: Call, *, site: str, key: str, values: Mapping[str, str] | None = None) -> list[Snippet]:
    """Return a call in each language. `values` go in place of the examples; an open call sends no key."""
    if values is None:
        values = {parameter.name: parameter.example for parameter in call.parameters if parameter.is_shown}
    query = {one.name: values[one.name] for one in call.parameters if values.get(one.name) and not one.is_in_path}
    address, sent_key = site + filled_path(call, values), "" if call.is_open else key
    return [
        Snippet("curl", _curl(address, query, sent_key)),
        Snippet("Python", _python(address, query, sent_key)),
        Snippet("PHP", _php(address, query, sent_key)),
        Snippet("JavaScript", _javascript(address, query, sent_key, has_ids=call.has_ids)),
    ]


def filled_path(call: Call, values: Mapping[str, str]) -> str:
    """Return the path of a call with the values of its parameters, encoded."""
    path = call.path
    for parameter in call.parameters:
        if parameter.is_in_path:
            path = path.replace("{" + parameter.name + "}", quote(values.get(parameter.name, ""), safe=""))
    return path


def _curl(address: str, query: Mapping[str, str], key: str) -> str:
    parts = [f"curl --get {shlex.quote(address)}" if query else f"curl {shlex.quote(address)}"]
    if key:
        parts.append(f"--user {shlex.quote(key + ':')}")
    parts += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in query.items()]
    return " \\\n  ".join(parts)


def _python(address: str, query: Mapping[str, str], key: str) -> str:
    lines = ["import requests", "", "answer = requests.get(", f"    {_text(address)},"]
    if query:
        lines.append(f"    params={{{', '.join(f'{_text(name)}: {_text(value)}' for name, value in query.items())}}},")
    if key:
        lines.append(f'    auth=({_text(key)}, ""),')
    lines += ["    timeout=30,", ")", "print(answer.status_code, answer.json())"]
    return "\n".join(lines)


def _php(address: str, query: Mapping[str, str], key: str) -> str:
    pairs = ", ".join(f"{_php_text(name)} => {_php_text(value)}" for name, value in query.items())
    whole = f"{_php_text(address)} . '?' . http_build_query([{pairs}])" if query else _php_text(address)
    lines = ["<?php", f"$call = curl_init({whole});", "curl_setopt_array($call, ["]
    if key:
        lines.append(f"    CURLOPT_USERPWD => {_php_text(key + ':')},")
    lines += [
        "    CURLOPT_RETURNTRANSFER => true,",
        "    CURLOPT_TIMEOUT => 30,",
        "]);",
        "$answer = curl_exec($call);",
        "var_dump(curl_getinfo($call, CURLINFO_RESPONSE_CODE), json_decode($answer, true));",
    ]
    return "\n".join(lines)


def _javascript(address: str, query: Mapping[str, str], key: str, *, has_ids: bool) -> str:
    lines = [f"const address = new URL({_text(address)});"]
    lines += [f"address.searchParams.set({_text(name)}, {_text(value)});" for name, value in query.items()]
    options = "{\n  signal: AbortSignal.timeout(30_000),\n"
    if key:
        options += f'  headers: {{ Authorization: "Basic " + btoa({_text(key + ":")}) }},\n'
    lines.append(f"const answer = await fetch(address, {options}}});")
    if has_ids:
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
