"""`mastery formula`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.domain.formulas import Formulas


@examples("mastery formula list")
def list_formulas(json: options.Json = False) -> None:
    """List the formulas that this installation knows."""
    from mastery_engine.cli import output
    from mastery_engine.cli.views.formulas import formulas_table

    found = _formulas().all()
    if json:
        output.print_json(found)
    else:
        output.show(formulas_table(found))


@examples("mastery formula show adr-004")
def show(
    name: Annotated[str, typer.Argument(help="Name, or name@version.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Show one formula: weights, levels, and from where on a component is weak."""
    from mastery_engine.cli import output
    from mastery_engine.cli.views.formulas import formula_page

    formula = _formulas().get(name)
    if json:
        output.print_json(formula)
    else:
        output.show(formula_page(formula))


def _formulas() -> Formulas:
    from mastery_engine.bootstrap import load_formulas
    from mastery_engine.config import load_settings

    return load_formulas(load_settings().formulas)[0]
