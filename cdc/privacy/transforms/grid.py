"""`grid`: a number becomes the lower edge of its cell, always the same cell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from cdc.canonical import scaled, unscaled
from cdc.privacy.transforms.rule import (
    BoundRule,
    Columnar,
    Context,
    RefusedRuleError,
    Rule,
    columnar_of,
    slice_of,
)
from registry.derive.types import Canonical


class Grid(Rule):
    """Acts on decimals; the output is a decimal with the cell's own scale.

    A fixed cell, never noise: noise averages out over a row's updates. Whether the cells are large
    enough is a matter of how many rows fall into each, not of decimals.

    Example: `lat: {class: quasi, rule: grid, cell: 0.05}`
    """

    rule: Literal["grid"]
    cell: Decimal = Field(gt=0, description="width of a cell, in the column's unit")

    def bind(self, context: Context) -> BoundRule:
        """Work out the output's precision and scale.

        Raises:
            RefusedRuleError: the column is no decimal, or the cell is finer than the column.
        """
        source = context.type
        scale = -int(self.cell.normalize().as_tuple().exponent)
        if source.kind != "decimal":
            raise RefusedRuleError(f"rule `grid` acts on decimals, not on {source}")
        if scale > source.scale:
            raise RefusedRuleError(f"cell {self.cell} is finer than {source}: nothing is hidden")
        scale = max(scale, 0)
        # One digit more: the lower edge of -999.5 on a grid of 1 is -1000.
        target = Canonical("decimal", source.precision - source.scale + scale + 1, scale)

        cell = unscaled(self.cell, source.scale)

        def plain(value: Any) -> Decimal:
            edge = unscaled(value, source.scale) // cell * cell
            return scaled(edge // 10 ** (source.scale - scale), scale)

        def kernels() -> Columnar:
            from cdc.privacy.transforms.coarse_kernels import Cells, grid_kernel  # noqa: PLC0415 (numba)

            cells = Cells(cell, 10 ** (source.scale - scale), 10**target.precision)
            slow = slice_of(plain, source, target)
            return {"columnar": lambda column: grid_kernel(cells, column, slow)}

        return BoundRule(target, plain, columnar_of(plain, source, target), kernels=kernels)
