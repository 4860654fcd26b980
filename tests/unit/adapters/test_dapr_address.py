"""Which sidecar a URL and the environment name."""

import pytest

from mastery_engine.adapters.dapr.address import ENDPOINT, PORT, DaprAddress, read_address
from mastery_engine.domain.errors import ConfigurationError

SETTING = "MASTERY_STORE_URL"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("dapr://statestore", DaprAddress("127.0.0.1:50001", "statestore")),
        ("dapr://my.state-store_2", DaprAddress("127.0.0.1:50001", "my.state-store_2")),
        ("dapr://sidecar:3500/statestore", DaprAddress("sidecar:3500", "statestore")),
        ("dapr://sidecar/statestore", DaprAddress("sidecar:50001", "statestore")),
        ("dapr://[::1]:3500/statestore", DaprAddress("[::1]:3500", "statestore")),
        (
            "dapr://statestore?keys=redis://u:p?ss@r:6379/0?timeout=3",
            DaprAddress("127.0.0.1:50001", "statestore", keys_url="redis://u:p?ss@r:6379/0?timeout=3"),
        ),
        (
            "dapr://h:1/statestore?keys=redis%3A%2F%2Fr%2F2",
            DaprAddress("h:1", "statestore", keys_url="redis://r/2"),
        ),
    ],
)
def test_a_url_names_a_component_and_perhaps_its_sidecar_and_its_keys(url: str, address: DaprAddress) -> None:
    assert read_address(SETTING, url, {}) == address


@pytest.mark.parametrize(
    ("environment", "target", "tls"),
    [
        ({PORT: "3501"}, "127.0.0.1:3501", False),
        ({ENDPOINT: "sidecar:3502", PORT: "3501"}, "sidecar:3502", False),
        ({ENDPOINT: "dns:sidecar:3502"}, "sidecar:3502", False),
        ({ENDPOINT: "dns:///sidecar:3502?tls=true"}, "sidecar:3502", True),
        ({ENDPOINT: "https://api.example.org"}, "api.example.org:443", True),
        ({ENDPOINT: "http://sidecar/"}, "sidecar:80", False),
        ({ENDPOINT: "unix:/run/dapr.sock"}, "unix:/run/dapr.sock", False),
    ],
)
def test_the_environment_tells_where_the_sidecar_is(
    environment: dict[str, str], target: str, *, tls: bool
) -> None:
    assert read_address(SETTING, "dapr://statestore", environment) == DaprAddress(target, "statestore", tls)
    named = read_address(SETTING, "dapr://other:1/statestore", environment)
    assert named == DaprAddress("other:1", "statestore")


@pytest.mark.parametrize(
    ("url", "environment", "words"),
    [
        ("dapr://", {}, f"{SETTING} names no component"),
        ("dapr://h:1/", {}, f"{SETTING} names no component"),
        ("dapr://h:1/a/b", {}, f"{SETTING} names no component"),
        ("dapr://hush@h:1/statestore", {}, f"{SETTING} names no sidecar"),
        ("dapr://h:0/statestore", {}, f"{SETTING} names no sidecar"),
        ("dapr://h:65536/statestore", {}, f"{SETTING} names no sidecar"),
        ("dapr://statestore?hush=1", {}, f"{SETTING} has an option other than `keys`"),
        ("dapr://statestore?keys=", {}, f"{SETTING} has an option other than `keys`"),
        ("dapr://statestore", {PORT: "hush"}, f"{PORT} names no sidecar"),
        ("dapr://statestore", {ENDPOINT: "ftp://hush"}, f"{ENDPOINT} names no sidecar"),
    ],
)
def test_what_is_not_well_formed_is_refused_and_not_repeated(
    url: str, environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_address(SETTING, url, environment)
    assert str(refused.value).startswith(words)
    assert "hush" not in str(refused.value)


def test_where_the_keys_are_is_never_shown() -> None:
    address = read_address(SETTING, "dapr://statestore?keys=redis://u:hush@r/0", {})
    assert "hush" not in repr(address) + address.shown
