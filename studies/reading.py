"""How hard a plain-English summary is to read."""

from __future__ import annotations

import re

#: The age that the NHS content style aims at: what most 9 to 11 year olds can read.
AIM = 11
_FEWEST_WORDS = 30


def _syllables(word: str) -> int:
    """About how many syllables a word has: groups of vowels, without a silent e at the end."""
    groups = len(re.findall(r"[aeiouy]+", word))
    if word.endswith("e") and not word.endswith("le") and groups > 1:
        groups -= 1
    return max(groups, 1)


def reading_age(text: str) -> int | None:
    """The age, in years, at which most people can read a text; None where it is too short to tell (under 30 words).

    The Flesch–Kincaid grade (Kincaid et al. 1975: 0.39 words a sentence + 11.8 syllables a word - 15.59) and five
    years. A guide to long sentences and long words, not a judgement of what is said.
    """
    words = re.findall(r"[a-z]+(?:['’][a-z]+)?", text.lower())
    if len(words) < _FEWEST_WORDS:
        return None
    sentences = max(len(re.findall(r"[.!?]+(?:\s|$)", text)), 1)
    grade = 0.39 * len(words) / sentences + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59
    return min(max(round(grade) + 5, 6), 25)
