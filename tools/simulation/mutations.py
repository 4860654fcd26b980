"""Clauses of the processing guarantees, each taken out in turn: the histories must notice every one."""

from __future__ import annotations

from typing import Final

from tools.simulation.code import Mutation

_LETTERS: Final = (
    "            await parts.store_letters(step, "
    "[refused for work in waiting for refused in work.batch.refused])\n"
)
_WRITE: Final = "            conflicts = await parts.write(step, waiting)\n"

MUTATIONS: Final = (
    Mutation(
        "`processed:` read before the document",
        "step_parts",
        "        return await self._processed(works)\n",
        "        return early\n",
        also=(
            "        store = self._ports.store\n        tenants =",
            "        store, early = self._ports.store, await self._processed(works)\n        tenants =",
        ),
    ),
    Mutation(
        "nothing read again after a conflict but the document",
        "process",
        "            processed = await parts.read(waiting)\n",
        (
            "            again = await parts.read(waiting)\n"
            "            processed = again if not done and waiting is works else processed\n"
        ),
    ),
    Mutation(
        "a repeat does not advance the offset",
        "fold_batch",
        """        document.advance(topic_id, record.partition, record.offset)
        batch.changed = True
        if isinstance(repeat, InvalidInput):
""",
        """        if repeat is not True:
            document.advance(topic_id, record.partition, record.offset)
            batch.changed = True
        if isinstance(repeat, InvalidInput):
""",
    ),
    Mutation(
        "the folded offset is not looked at",
        "fold_batch",
        "        if record.offset <= document.folded(topic_id, record.partition):\n",
        "        if record.offset < 0:\n",
    ),
    Mutation(
        "offsets are not told apart by the topic's id",
        "fold_batch",
        """    batch = FoldedBatch(document)
    waiting""",
        """    topic_id = "one"
    batch = FoldedBatch(document)
    waiting""",
    ),
    Mutation(
        "outcomes without a `processed:` record are not kept",
        "fold_batch",
        "    document.outcomes = waiting\n",
        "    document.outcomes = []\n",
    ),
    Mutation(
        "outcomes of the document are not looked at for repeats",
        "fold_batch",
        "    known = {outcome.event_id: outcome.digest for outcome in waiting}\n",
        "    known: dict[bytes, bytes] = {}\n",
    ),
    Mutation(
        "`processed:` is written before the outputs are sent",
        "process",
        "        # 5 and 6. Derived keys, archive and outputs: none of them reads another.\n",
        "        await parts.mark(present)\n        # 5 and 6.\n",
    ),
    Mutation(
        "the document is written without compare-and-set",
        "step_parts",
        "                ABSENT if work.entry is None else work.entry.version,\n",
        "                None,\n",
    ),
    Mutation(
        "offsets are committed before the work",
        "process",
        "        # 2 to 7, together where all goes well.\n",
        "        await ports.consumer.commit(_next_offsets(records))\n        # 2 to 7.\n",
    ),
    Mutation(
        "nobody finishes what a deleted topic left behind",
        "process",
        "                await self._leftovers.complete(topic_id, report)\n",
        "                pass\n",
    ),
    Mutation(
        "a given-up event is not noted in the document",
        "poison",
        "            document.given_up = [*document.given_up, letter]\n",
        "",
    ),
    Mutation(
        "a repeat of what counted meanwhile is given up",
        "poison",
        "        if _is_known(work, processed):\n",
        "        if not processed and work.erased:\n",
    ),
    Mutation(
        "letters of given-up events are not sent again at reading",
        "step_parts",
        "        if letters:\n            await self._ports.dead_letters.add(letters)\n",
        "",
    ),
    Mutation(
        "folding a given-up event leaves its note",
        "fold_batch",
        "    if document.given_up:\n",
        "    if not document.given_up:\n",
    ),
    Mutation(
        "letters are stored after the document",
        "process",
        f"{_LETTERS}            # 4. Write.\n{_WRITE}",
        f"{_WRITE}{_LETTERS}",
    ),
    Mutation(
        "a `processed:` record counts for every student",
        "fold_batch",
        " is None or record.student != pseudonym\n",
        " is None\n",
    ),
    Mutation(
        "a poison event is not split off from the others",
        "poison",
        "            halves = _split(works)\n",
        "            halves = None\n",
    ),
    Mutation(
        "without a document nobody looks for the erasure marker",
        "step_parts",
        "                work.erased = until is None\n",
        "                work.erased = False\n",
    ),
    Mutation(
        "a replay does not wait for what is not archived yet",
        "replay",
        "            if late or rebuilt.is_ahead or waiting.intersection(rebuilt.unarchived):\n",
        "            if late:\n",
    ),
    Mutation(
        "a replay switches without compare-and-set",
        "replay",
        "                version = ABSENT if entry is None else entry.version\n",
        "                version = None\n",
    ),
    Mutation(
        "marked as finished before it is archived",
        "step_parts",
        "                if not archived or outcome.event_id in ids or outcome.event_id in work.batch.damaged:\n",
        "                if ids is not None:\n",
    ),
    Mutation(
        "what was refused is taken for archived",
        "step_parts",
        "            ids = {accepted.event_id for accepted in work.batch.valid}\n",
        "            ids = {accepted.event_id for accepted in work.records}\n",
    ),
    Mutation(
        "the archive takes what was refused when it first came",
        "fold_batch",
        "            if repeat is True or _is_given_up(document, accepted):\n",
        "            if accepted:\n",
    ),
    Mutation(
        "a replay takes what is committed for still to come",
        "rebuild",
        "        if committed.is_to_come(one):\n",
        "        if one.topic_id in live.offsets:\n",
    ),
    Mutation(
        "a replay reads what is committed after the document",
        "replay",
        "            committed = await self._committed()\n            entry = (await self._live(tenant, [student_id]))[0]\n",
        "            entry = (await self._live(tenant, [student_id]))[0]\n            committed = await self._committed()\n",
    ),
    Mutation(
        "what a deleted topic took from the archive is not noted",
        "leftovers",
        "            if lacking:\n",
        "            if lacking and not held:\n",
    ),
    Mutation(
        "a replay drops what a deleted topic took from the archive",
        "replay",
        " and not rebuilt.lost\n",
        "\n",
    ),
    Mutation(
        "a damaged `processed:` record is taken for none",
        "fold_batch",
        "        return _unclear(accepted)\n",
        "        return False\n",
    ),
    Mutation(
        "a replay leaves damaged `processed:` records",
        "replay",
        "                if switch and damaged:\n",
        "                if switch and not damaged:\n",
    ),
    Mutation(
        "an id used twice in one batch is judged at once",
        "grouping",
        "        if digest != one.digest:\n",
        "        if digest != one.digest and not digest:\n",
    ),
    Mutation(
        "what contests an id waits for the first of the batch only",
        "grouping",
        "_MOST_ROUNDS: Final = 20\n",
        "_MOST_ROUNDS: Final = 2\n",
    ),
)
