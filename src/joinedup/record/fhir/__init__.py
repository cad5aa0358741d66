"""The record as FHIR R4, under /fhir: what it answers, how it searches, and what it says of itself."""
