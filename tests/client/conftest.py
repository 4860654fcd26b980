from tests.api.conftest import school

__all__ = ["school"]
