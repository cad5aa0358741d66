"""MB14: the text of a transaction that is chained is canonical, so that the rule's own hashes come out of it."""

from __future__ import annotations

from hashlib import sha256

from joinedup.access import canonical

SPENT = [["5000", "ICB", 120000], ["1000", "ICB", -120000]]
FIRST = {"txn": "T1", "seq": 1, "effective": "2026-04-01", "lines": [["1000", "ICB", 500000], ["4000", "ICB", -500000]]}
SECOND = {
    "txn": "T2",
    "seq": 2,
    "effective": "2026-04-30",
    "lines": [["5000", "ICB", 120000], ["1000", "ICB", -120000]],
}


def chained(before: str, text: bytes | str) -> str:
    return sha256(before.encode() + (text if isinstance(text, bytes) else text.encode())).hexdigest()


def test_the_canonical_text_gives_the_hashes_of_the_rule() -> None:
    first = chained("0" * 64, canonical(FIRST))
    assert first.startswith("5bd13069a2ebc85d")
    assert chained(first, canonical(SECOND)).startswith("a6ff9a91fb79a4aa")
    # One changed penny changes every later hash.
    changed = chained("0" * 64, canonical(FIRST | {"lines": [["1000", "ICB", 500001], ["4000", "ICB", -500001]]}))
    assert chained(changed, canonical(SECOND)) != chained(first, canonical(SECOND))
