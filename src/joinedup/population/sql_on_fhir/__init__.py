"""Views over FHIR resources, as SQL on FHIR v2 defines them: read, compiled, run (rules: population PB2 to PB5)."""
