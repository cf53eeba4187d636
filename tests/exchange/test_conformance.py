import inspect
import json

from cdc.exchange import RegistryDoor, check_registry, probes
from cdc.exchange.conformance import CHECKS
from cdc.findings import Severity
from registry.client import RegistryClient
from registry.model import Subject
from tests.exchange.foreign import NOT_IN_KARAPACE, Lacking
from tests.registry.cases import X_INT
from tests.schemas.running import run_cdc


def lacks(url: str) -> set[str]:
    """Return the names of the checks that find something."""
    report = check_registry(RegistryDoor(url), lambda _done, _total: None)
    return {check.name for check in report.checks if check.findings}


def test_our_own_registry_does_it_all(serve_registry):
    """Every check passes against the registry of this project."""
    assert lacks(serve_registry("ours")) == set()


def test_nothing_is_left_behind(serve_registry):
    """Subjects, levels and modes of the check are gone; those of others are untouched."""
    url = serve_registry("ours")
    client = RegistryClient(url)
    client.register(Subject("mine"), X_INT)
    lacks(url)
    assert RegistryDoor(url).ask("GET", "/subjects?deleted=true") == ["mine"]
    assert client.versions(Subject("mine")) == [1]


def test_what_a_registry_lacks_is_named_with_what_degrades(serve_registry):
    """Against a registry that can do what Karapace can, what it cannot is told, and no more."""
    url = serve_registry("foreign", lambda app: Lacking(app, NOT_IN_KARAPACE))
    assert lacks(url) == {
        "subjects of an id",
        "compatibility with all versions",
        "modes",
        "import with ids",
        "contexts",
    }
    done = run_cdc("registry", "check", url)
    assert done.returncode == 0
    assert "warning[lacks-subjects-of-an-id]" in done.stdout
    assert "without it: kafbat UI shows no value" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_something_essential_fails_the_check(serve_registry):
    """Without what every consumer needs, the exit code is 1 and the finding an error."""
    refused = ((r"GET /schemas/ids/\d+$", 501),)
    url = serve_registry("foreign", lambda app: Lacking(app, refused))
    done = run_cdc("registry", "check", url, "--format", "json")
    assert done.returncode == 1
    shown = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    (finding,) = shown["schema by id"]["findings"]
    assert finding["severity"] == Severity.ERROR
    assert "answers HTTP 501" in finding["title"]


def test_the_checks_are_a_table():
    """Each row has a name, a probe of its own and words; each probe has a row."""
    names = [feature.name for feature in CHECKS]
    assert len(set(names)) == len(names)
    assert all(feature.degrades for feature in CHECKS)
    public = {
        function
        for name, function in inspect.getmembers(probes, inspect.isfunction)
        if function.__module__ == probes.__name__ and "probe" in function.__annotations__
    }
    assert {feature.probe for feature in CHECKS} >= {
        function for function in public if not function.__name__.startswith("_")
    }
