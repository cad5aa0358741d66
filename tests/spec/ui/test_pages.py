"""What stands on every page, and what every response says to the browser."""

from __future__ import annotations

import re

import pytest
from django.db import OperationalError
from django.test import Client, override_settings
from tests.spec.ui.site import CANARY

from joinedup.ui.headers import HEADERS

EVERYWHERE = [
    "/",
    "/drawings/",
    "/broken/",
    "/unknown/",
    "/refused/",
    "/no-database/",
    "/nowhere/",
    "/?as_of=2020-02-30",
]


def test_a_page_has_its_title_word_mark_search_menu_breadcrumbs_and_footer(site: Client) -> None:
    page = site.get("/").content.decode()
    assert "<title>A &lt;system&gt; – joinedup</title>" in page
    assert 'alt="joinedup"' in page
    assert "nhsuk-header__logo" not in page  # the class of the NHS logo, a trade mark
    assert re.search(r'<form[^>]*action="/search/"[^>]*method="get"', page)
    assert 'name="q"' in page
    assert 'href="/england"' in page
    assert 'href="#maincontent"' in page
    assert 'id="maincontent"' in page
    assert "not an NHS website" in page


def test_signing_out_is_a_form_with_its_token(site: Client) -> None:
    page = site.get("/").content.decode()
    assert re.search(r'action="/access/sign-out/" method="post"><input type="hidden" name="csrfmiddlewaretoken"', page)


@pytest.mark.parametrize("address", EVERYWHERE)
def test_no_page_names_another_host_or_carries_script_or_style_of_its_own(site: Client, address: str) -> None:
    page = site.get(address).content.decode()
    page = page.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"""(?:href|src|action)=["'](?:https?:)?//""", page)
    assert "<style" not in page
    assert not re.search(r"\sstyle=", page)
    assert not re.search(r"\son[a-z]+=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)


@pytest.mark.parametrize("address", [*EVERYWHERE, "/?as_of=today", "/?bodies-download=csv", "/api/broken/"])
def test_every_response_carries_the_security_headers(site: Client, address: str) -> None:
    response = site.get(address)
    assert {name: response[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"] or "no-cache" in response["Cache-Control"]


def test_a_page_for_somebody_with_a_session_is_not_kept(site: Client) -> None:
    assert site.get("/")["Cache-Control"] == "private, no-cache"
    assert site.get("/?as_of=2022-07-01")["Cache-Control"] == "no-store"  # the session begins here
    assert site.get("/?as_of=2022-07-02")["Cache-Control"] == "no-store"


def test_simulated_residents_are_named_wherever_demo_data_are_loaded(site: Client) -> None:
    for address in ["/", "/drawings/", "/nowhere/"]:
        assert "All residents and small areas marked simulated here are made up" in site.get(address).content.decode()
    with override_settings(LOADED_DEMO_DATA=[]):
        assert "made up" not in site.get("/").content.decode()


def test_the_language_is_chosen_by_a_link_and_kept(site: Client) -> None:
    answer = site.get("/language/cy/?next=/drawings/")
    assert (answer.status_code, answer["Location"]) == (302, "/drawings/")
    assert site.cookies["django_language"].value == "cy"
    # The Welsh catalogue is empty: the page is English, and says so to a screen reader.
    assert '<html lang="en-GB">' in site.get("/").content.decode()


def test_the_language_link_leads_to_no_other_site(site: Client) -> None:
    assert site.get("/language/cy/?next=https://example.org/")["Location"] == "/"
    assert site.get("/language/fr/").status_code == 404


# address         status  what the page says
ERRORS = [
    ("/broken/", 500, "Sorry, something went wrong"),
    ("/unknown/", 404, "Did you mean &#39;Harlow&#39;?"),
    ("/refused/", 403, "Your role may not correct facts."),
    ("/no-database/", 503, "The service is unavailable"),
    ("/nowhere/", 404, "Page not found"),
    ("/no%00where/", 400, "This address cannot be read"),
    ("/form/", 405, "Go back, and use the button"),
]


@pytest.mark.parametrize(("address", "status", "words"), ERRORS)
def test_an_error_page_says_what_to_do_and_nothing_else(
    site: Client, address: str, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = site.get(address)
    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    assert response["X-Request-ID"] in page
    assert CANARY not in page
    assert "Traceback" not in page


def test_a_database_that_went_away_before_the_page_began_is_said_as_such(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions are looked up before any page runs: their failure is the database's, not the program's."""

    def gone(*_: object) -> None:
        raise OperationalError(CANARY)

    monkeypatch.setattr("joinedup.ui.moments._asked", gone)
    response = site.get("/")
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "The service is unavailable" in response.content.decode()
    assert CANARY not in response.content.decode()


def test_an_error_under_api_is_json(site: Client) -> None:
    response = site.get("/api/broken/")
    assert response.status_code == 500
    assert response.json().keys() == {"error", "request_id"}
    assert CANARY not in response.content.decode()
