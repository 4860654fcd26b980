"""What a sidecar's errors mean."""

import pytest
from grpc import StatusCode

from mastery_engine.adapters.dapr.address import DaprAddress
from mastery_engine.adapters.dapr.failures import meaning, shortened
from mastery_engine.adapters.dapr.sidecar import CallFailed
from mastery_engine.domain.errors import ConfigurationError, DependencyDown

ADDRESS = DaprAddress("127.0.0.1:50001", "statestore")
KEY = "student:ann:profile"


@pytest.mark.parametrize(
    ("code", "details", "kind", "words"),
    [
        (StatusCode.UNAVAILABLE, "connect: refused", DependencyDown, r"does not answer \(connect: refused\)"),
        (StatusCode.DEADLINE_EXCEEDED, "", DependencyDown, "took longer than 10 s; see whether the Redis of"),
        (StatusCode.INTERNAL, f"fail to get {KEY}: EOF", DependencyDown, r"INTERNAL: fail to get KEY: EOF"),
        (StatusCode.UNAUTHENTICATED, "authentication error", ConfigurationError, "look at MASTERY_DAPR_API"),
        (StatusCode.PERMISSION_DENIED, "not allowed", ConfigurationError, "look at MASTERY_DAPR_API_TOKEN"),
        (StatusCode.RESOURCE_EXHAUSTED, "larger than max", ConfigurationError, "--max-body-size"),
        (StatusCode.UNIMPLEMENTED, "unknown method", ConfigurationError, "the API of state"),
        (
            StatusCode.INVALID_ARGUMENT,
            "state store x is not found",
            ConfigurationError,
            "no state store named",
        ),
        (StatusCode.FAILED_PRECONDITION, "is not configured", ConfigurationError, "no state store named"),
        (StatusCode.INVALID_ARGUMENT, "something else", DependencyDown, "INVALID_ARGUMENT: something else"),
        (
            StatusCode.INTERNAL,
            "EXECABORT Transaction discarded",
            DependencyDown,
            "takes no writes; see whether",
        ),
        (StatusCode.INTERNAL, "failed to set key k: ERR", ConfigurationError, "first-write"),
    ],
)
def test_each_failure_says_where_and_what_to_do(
    code: StatusCode, details: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as told:
        raise meaning(CallFailed(code, details), ADDRESS, [KEY])
    assert str(told.value).startswith("the Dapr sidecar at 127.0.0.1:50001")


def test_a_component_that_was_there_is_waited_for() -> None:
    missing = CallFailed(StatusCode.INVALID_ARGUMENT, "state store statestore is not found")
    assert isinstance(meaning(missing, ADDRESS, was_there=True), DependencyDown)


def test_a_reason_is_one_short_line_without_keys() -> None:
    assert shortened(f"failed  {KEY}:x and {KEY}\nsecond", [KEY, f"{KEY}:x"]) == "failed KEY and KEY"
    assert len(shortened("x" * 1_000)) == 200
    assert shortened("") == "no reason told"
