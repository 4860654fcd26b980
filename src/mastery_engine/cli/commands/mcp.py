"""`mastery mcp`."""

from __future__ import annotations

from typing import Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples


@examples("mastery mcp --student amal", "mastery mcp --teacher ms-yun --tenant north")
def mcp(
    tenant: options.Tenant = None,
    student: Annotated[str | None, typer.Option(help="May see no more than this student may.")] = None,
    teacher: Annotated[str | None, typer.Option(help="May see no more than this teacher may.")] = None,
) -> None:
    """Serve tools for a language model, over standard input and output.

    Started by a client of the Model Context Protocol, and ended by it. Without --student and --teacher the model may see
    the whole school, as you may at this machine. Over HTTP, `mastery serve` has the same under /mcp.
    """
    from mastery_engine.bootstrap.extras import require
    from mastery_engine.cli.session import Session, run
    from mastery_engine.cli.students import check_student
    from mastery_engine.domain.errors import InvalidInput

    require("mcp", ("mcp",), "mastery mcp")
    if student is not None and teacher is not None:
        raise InvalidInput("name a student or a teacher, not both")
    if student is not None:
        check_student(student)
    if teacher is not None:
        _check_teacher(teacher)

    async def job(session: Session) -> None:
        from msgspec.structs import replace

        from mastery_engine.mcp.stdio import serve_stdio

        engine, caller = session
        await engine.tenants.get(caller.tenant_id)
        if student is not None:
            caller = replace(caller, role="student", subject=student, operator=caller.subject)
        elif teacher is not None:
            caller = replace(caller, role="teacher", subject=teacher, operator=caller.subject)
        await serve_stdio(engine, caller)

    run(job, tenant)


def _check_teacher(teacher: str) -> None:
    """Refuse what no token could name; a model would be told all the while that there is no such class.

    Raises:
        InvalidInput: It is none.
    """
    from mastery_engine.adapters.auth import Subject
    from mastery_engine.contracts.field_words import text_problems
    from mastery_engine.domain.errors import InvalidInput

    if problems := tuple(text_problems("teacher", Subject, teacher)):
        raise InvalidInput.of(*problems)
