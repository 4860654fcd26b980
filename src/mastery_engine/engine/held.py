"""How much of what was ever folded lies in the events that a replay rebuilds from."""

from __future__ import annotations

from msgspec import Struct

from mastery_engine.contracts.document import Document


class Held(Struct, frozen=True, kw_only=True):
    """What of a log is held.

    Attributes:
        topic_id: Id of the log's topic.
        ends: By partition, the offset before which all that counted is held; a partition without one is not held.
        whole_since_ms: Events older than this may have been dropped from the log before they were held.
        began_ms: Events older than this may have stood in a topic before this one.
        is_final: Whether it stays so; else more will be held in a moment.
    """

    topic_id: str
    ends: dict[int, int]
    whole_since_ms: int = 0
    began_ms: int = 0
    is_final: bool = False

    def lacks(self, document: Document) -> bool:
        """Whether the learner's document is done with a record that is not held."""
        folded = document.offsets.get(self.topic_id, {})
        return any(offset >= self.ends.get(partition, 0) for partition, offset in folded.items())

    def whole_since(self, document: Document) -> int:
        """Moment from which on all events of the learner's document are held; 0 if all of them are."""
        elsewhere = document.offsets.keys() - {self.topic_id}
        return max(self.whole_since_ms, self.began_ms if elsewhere else 0)
