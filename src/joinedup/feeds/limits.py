"""How large, deep and numerous what comes in may be (rules: trust T51).

Two figures of T51 meet here: a resource may have 10 MB, a line of NDJSON or CSV 1 MB. A line of NDJSON is a resource
or a whole Bundle, and a discharge letter as a PDF inside a DocumentReference passes 1 MB easily, so a line of NDJSON
has the resource's limit, and one that is a Bundle the Bundle's. A row of CSV has no such excuse: 1 MB.

T51's "50 MB of output" is meant for one request. A first load from a practice system is one compressed file of several
gigabytes, and is read as a stream whose memory is bounded by the longest line, so a total would only refuse honest
files. What gives a bomb away is its ratio: past the first 50 MB, more than 100 bytes out of one byte in is refused.
Feeds of clinical text compress 8 to 30 times.
"""

from __future__ import annotations

MB = 1_000_000
RESOURCE_BYTES = 10 * MB
BUNDLE_BYTES = 50 * MB
BUNDLE_ENTRIES = 5_000
CSV_LINE_BYTES = MB
HL7_MESSAGE_BYTES = 5 * MB
# The longest FHIR string: 1,048,576 characters (FHIR R4, datatypes).
STRING_CHARACTERS = 1_048_576
DEPTH = 64
NODES = 100_000  # of one resource
BUNDLE_NODES = 5_000_000
NUMBER_DIGITS = 40

INFLATED_FREELY = 50 * MB
INFLATED_RATIO = 100
CHUNK_BYTES = 256 * 1024
# A zstd frame may ask for a window of 2 GB; 128 MB is what its own `--long` makes, and what we give.
ZSTD_WINDOW_LOG = 27

# How much of a thing that is set aside for its size is kept: enough to see what it is, not enough to fill a disk.
KEPT_OF_TOO_LARGE = 64 * 1024
