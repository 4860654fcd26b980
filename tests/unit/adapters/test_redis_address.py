"""What is told of a URL of Redis that is not well-formed: nothing that may be a part of its password."""

from __future__ import annotations

import pytest

from mastery_engine.adapters.redis.address import read_address
from mastery_engine.domain.errors import ConfigurationError


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2?hunter3@host/0",
        "redis://user:pass@word?timeout=hunter2@host/0",
        "redis://host/0?hunter2=1",
        "redis://host/0?timeout=hunter2",
        "redis://user:pass@host/hunter2",
    ],
)
def test_no_part_of_a_url_is_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_address("MASTERY_STORE_URL", url)
    assert refused.value.message.startswith("MASTERY_STORE_URL")
    assert "hunter" not in refused.value.message


@pytest.mark.parametrize(
    ("written", "password"),
    [("p@s:s/w#d", "p@s:s/w#d"), ("%3F%25&+", "?%&+"), ("a%40b%3Ac", "a@b:c")],
)
def test_a_password_may_hold_anything_that_is_written_so(written: str, password: str) -> None:
    address = read_address("MASTERY_STORE_URL", f"redis://user:{written}@host:1/2?timeout=3")
    assert (address.username, address.password, address.nodes) == ("user", password, (("host", 1),))
