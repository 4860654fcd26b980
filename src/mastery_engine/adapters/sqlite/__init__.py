"""Every port on SQLite files of one folder, the embedded default.

    home        the folder: opens what is asked for, closes it in order
    database    one file: a thread that writes, a thread that reads
    schema      numbered steps that make a file and bring it up to date
    failures    SQLite's errors in the words of ours, in one place
    grouped     several callers' writes in one transaction
    lock        who folds
    state       StateStore          state.db
    log         EventLog, Results   log.db
    archive     Archive             archive.db
    records     DeadLetters, AuditTrail, Rosters, ErasureLedger   archive.db

Files are in WAL mode with `synchronous=FULL` and shared by processes; a write is one short transaction.
"""
