import { LegalHoldIcon } from "@/shared/ui/icons";
import { Tag } from "@/shared/ui/Tag";

/** The mark of a case under a legal hold. */
export const LegalHoldTag = () => (
  <Tag tone="accent" title="Nothing of this case is purged or erased">
    <LegalHoldIcon size={12} /> Legal hold
  </Tag>
);
