"""The addresses under /fhir."""

from __future__ import annotations

from django.urls import path

from joinedup.record.fhir import api

app_name = "fhir"
urlpatterns = [
    path("metadata", api.metadata, name="metadata"),
    path("Patient/<str:id_>/$everything", api.everything, name="everything"),
    path("<str:type_>/_search", api.search, name="post-search"),
    path("<str:type_>/<str:id_>/_history", api.history, name="history"),
    path("<str:type_>/<str:id_>/_history/<str:version>", api.vread, name="vread"),
    path("<str:type_>/<str:id_>", api.read, name="read"),
    path("<str:type_>", api.search, name="search"),
]
