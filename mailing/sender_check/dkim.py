"""DKIM: the key by which a message's signature is checked (RFC 6376)."""

from __future__ import annotations

import base64
import binascii
import re

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailing.sender_check.records import Finding, advice, fault, tags_of


def check_dkim(record: str) -> list[Finding]:
    """What is wrong with a DKIM key's record (RFC 6376)."""
    tags, found = tags_of(record)
    version = tags.get("v", "DKIM1")
    if version != "DKIM1":
        return [fault(f"v={version} is no version of DKIM.", "Begin it with v=DKIM1.")]
    if "v" in tags and next(iter(tags)) != "v":
        found.append(fault("v=DKIM1 must come first.", "Move it to the beginning."))
    if "p" not in tags:
        return [*found, fault("It has no key (p=).", "Paste the whole record that your email provider shows.")]
    key = re.sub(r"\s", "", tags["p"])
    if not key:
        return [*found, fault("Its key (p=) is empty, which means that it was withdrawn.", "Publish the present key.")]
    if "y" in tags.get("t", "").split(":"):
        found.append(advice("t=y says that you are only trying, so some take no notice.", "Take t=y out."))
    hashes = tags.get("h")
    if hashes is not None and "sha256" not in hashes.split(":"):
        found.append(fault(f"h={hashes} leaves out sha256, which all use.", "Take h= out."))
    if "email" not in tags.get("s", "*").split(":") and "*" not in tags.get("s", "*").split(":"):
        found.append(fault(f"s={tags['s']} is not for email.", "Take s= out."))
    return found + _check_key(tags.get("k", "rsa"), key)


def _check_key(kind: str, key: str) -> list[Finding]:
    paste = "Paste the whole record again, with nothing lost at line ends or quotation marks."
    try:
        der = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return [fault("Its key (p=) is damaged.", paste)]
    if kind == "ed25519":
        return [] if len(der) == 32 else [fault("Its key (p=) has not the length of an ed25519 key.", paste)]
    if kind != "rsa":
        return [fault(f"k={kind} is no kind of key that servers know.", "Use k=rsa.")]
    try:
        public = load_der_public_key(der)
    except Exception:  # the library's errors differ by what is damaged; all mean that
        return [fault("Its key (p=) can not be read.", paste)]
    if not isinstance(public, RSAPublicKey):
        return [fault("Its key (p=) is not an RSA key.", "Say which kind it is with k=, or make an RSA key.")]
    if public.key_size < 1024:
        return [fault(f"Its key has {public.key_size} bits; servers refuse it.", "Make one of 2048 bits.")]
    if public.key_size < 2048:
        return [advice(f"Its key has {public.key_size} bits, which is weak.", "Make one of 2048 bits.")]
    return []
