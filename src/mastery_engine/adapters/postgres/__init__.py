"""Archive, audit trail, rosters and dead letters in one PostgreSQL database, 15 or newer.

    records       opens the database and refuses a schema that is not this release's
    address       the URL as the user writes it, and how it may be shown
    database      connections: bounded, with time limits, found again after a restart
    failures      PostgreSQL's errors in the words of ours, in one place
    tables        what lies where
    schema        which version the database has, and what to do about it
    upgrade       brings it to the newest, by the steps in `migrations`
    archive       Archive, in a partition a day; archive_sql has its statements, archive_rows packs its rows
    audit         AuditTrail; several callers share a transaction
    dead_letters  DeadLetters
    erasures      ErasureLedger, and whose events the archive keeps out
    rosters       Rosters

Needs the extra `postgres`. Nothing is migrated by itself: `mastery db upgrade` does it.
"""
