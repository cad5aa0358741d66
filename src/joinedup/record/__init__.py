"""The shared care record: store, FHIR API, summary, timeline, hand-over."""
