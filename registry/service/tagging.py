"""Changing the tags of a version: what is asked for, and the schema to register for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.avro import TaggedPlace, change_tags
from registry.model import Json, NewSchema, RegisteredSchema, VersionNumber
from registry.service.extras import merge_rule_sets, remove_rules


@dataclass(frozen=True, slots=True)
class TagChange:
    """Tags to add and to remove, and extras of the version that this makes.

    `new_version` is the number that it must get, None for the next. `rules_to_merge` and
    `rules_to_remove` change the rule set that is there, `rule_set` replaces it.
    """

    added: Sequence[TaggedPlace] = ()
    removed: Sequence[TaggedPlace] = ()
    metadata: Json | None = None
    rule_set: Json | None = None
    new_version: VersionNumber | None = None
    rules_to_merge: Json | None = None
    rules_to_remove: Sequence[str] = ()

    def apply(self, version: RegisteredSchema) -> NewSchema:
        """Return the version's schema with the change made; references stay."""
        return NewSchema(
            change_tags(version.schema, self.added, self.removed),
            references=version.references,
            metadata=self.metadata if self.metadata is not None else version.metadata,
            rule_set=self._choose_rule_set(version.rule_set),
            version=self.new_version,
        )

    def _choose_rule_set(self, old: Json | None) -> Json | None:
        """Take the old rule set as the start only where it is to be changed."""
        if self.rules_to_merge is None and not self.rules_to_remove:
            return self.rule_set if self.rule_set is not None else old
        merged = merge_rule_sets(old or {}, self.rules_to_merge or {})
        return remove_rules(merged, self.rules_to_remove)
