import pytest

from tests.admin.fakes import FakeParts, client_of


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:18081", "LOCALHOST", "[::1]:18081"])
def test_this_machines_names_pass(host: str) -> None:
    """A request to a loopback name is answered."""
    answer = client_of(FakeParts()).get("/health", headers={"host": host})

    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:18081", "192.0.2.1"])
def test_other_names_for_this_machine_are_refused(host: str) -> None:
    """A name that a web site points at 127.0.0.1 (DNS rebinding) gets no answer."""
    answer = client_of(FakeParts()).get("/api/v1/topics", headers={"host": host})

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_sites_are_refused(site: str) -> None:
    """A browser says that the request comes from another site's page: 403, in Confluent's form."""
    answer = client_of(FakeParts()).post("/subjects/x/versions", headers={"sec-fetch-site": site})

    assert answer.status_code == 403
    assert answer.json()["error_code"] == 403


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_persons_own_browser_passes(site: str) -> None:
    """An address typed into a browser, or our own answer's link, is answered."""
    answer = client_of(FakeParts()).get("/health", headers={"sec-fetch-site": site})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/health", "/api/v1/nothing", "/subjects"])
def test_every_answer_has_the_security_headers(path: str) -> None:
    """Ours, a problem and the registry's answers cannot be framed, sniffed or kept."""
    headers = client_of(FakeParts()).get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
