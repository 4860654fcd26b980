"""What every copy of the tenants' settings keeps to."""

from __future__ import annotations

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.contracts.tenant_privacy import TenantPrivacy
from mastery_engine.ports import TenantBook

FIRST = Tenant(tenant_id="b-school", retention_days=None, time_zone="Europe/Berlin", created_ms=5)
SECOND = Tenant(tenant_id="a_school", retention_days=30, formula="adr-004-observed")


async def test_an_empty_book_has_nobody(book: TenantBook) -> None:
    await book.keep([])
    assert await book.all() == []


async def test_tenants_are_kept_whole_and_told_by_id(book: TenantBook) -> None:
    await book.keep([FIRST])
    await book.keep([SECOND, FIRST])
    assert await book.all() == [SECOND, FIRST]


async def test_what_a_tenant_says_of_the_processing_changes_and_is_its_own(book: TenantBook) -> None:
    assert await book.privacy("b-school") is None
    said = TenantPrivacy(legal_basis="consent", purposes=("to téach",), controller="B school", changed_ms=1)
    await book.set_privacy("b-school", TenantPrivacy())
    await book.set_privacy("b-school", said)
    assert await book.privacy("b-school") == said
    assert await book.privacy("a_school") is None
    assert await book.all() == []
    await book.remove("b-school")
    assert await book.privacy("b-school") is None


async def test_what_was_kept_first_stays(book: TenantBook) -> None:
    await book.keep([FIRST])
    await book.keep([Tenant(tenant_id="b-school", retention_days=60), SECOND])
    assert await book.all() == [SECOND, FIRST]
