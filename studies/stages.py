"""The one table of moves that a study may make from stage to stage, and what each asks of whoever makes it.

A study goes forward one stage at a time and may go back one. Before it is active it may be not taken forward (the
consultation that chose the paper's studies left some there: Rowley et al. 2012); staff may take that back.
"""

from __future__ import annotations

from itertools import pairwise

from studies.models import Study

_S = Study.Stage
_FORWARD = (_S.PROPOSED, _S.SCOPING, _S.PROTOCOL, _S.ACTIVE, _S.ANALYSIS, _S.IMPLEMENTING, _S.COMPLETED)
_BEFORE_ACTIVE = (_S.PROPOSED, _S.SCOPING, _S.PROTOCOL)

#: (from, to) → the permission that the move needs. What is not here cannot be done.
MOVES: dict[tuple[str, str], str] = {
    **dict.fromkeys(pairwise(_FORWARD), "studies.move_study"),
    **{(there, here): "studies.move_study" for here, there in pairwise(_FORWARD[:-1])},
    (_S.COMPLETED, _S.IMPLEMENTING): "studies.reopen_study",
    **{(here, _S.NOT_TAKEN_FORWARD): "studies.stop_study" for here in _BEFORE_ACTIVE},
    (_S.NOT_TAKEN_FORWARD, _S.PROPOSED): "studies.reopen_study",
}


def moves_from(stage: str) -> dict[str, str]:
    """Where a study in this stage may go next, and the permission that each move needs; the next stage first."""
    reached = {there: permission for (here, there), permission in MOVES.items() if here == stage}
    order = [*_FORWARD, _S.NOT_TAKEN_FORWARD]
    here = order.index(_S(stage))
    return dict(sorted(reached.items(), key=lambda move: (order.index(_S(move[0])) < here, order.index(_S(move[0])))))


def is_back(here: str, there: str) -> bool:
    """Whether the move takes the study to an earlier stage."""
    order = [*_FORWARD, _S.NOT_TAKEN_FORWARD]
    return order.index(_S(there)) < order.index(_S(here))
