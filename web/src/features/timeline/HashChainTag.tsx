import { AlertIcon, HashChainIcon } from "@/shared/ui/icons";
import { Tag } from "@/shared/ui/Tag";
import { useCaseAudit } from "./get-case-audit";

const placeOf = ({ row, seq }: { row: string; seq: number }): string =>
  row.startsWith("access") ? row : `#${seq}`;

/** What the server found when it followed the chain of hashes through the case's log. */
export function HashChainTag({ caseId }: { caseId: string }) {
  const audit = useCaseAudit(caseId).data;
  if (audit === undefined) return null;
  if (audit.intact) {
    return (
      <Tag tone="good" title={`Every entry follows from the one before it. Newest: ${audit.head ?? "none"}`}>
        <HashChainIcon size={12} /> Chain intact
      </Tag>
    );
  }
  return (
    <Tag tone="bad">
      <AlertIcon size={12} /> Chain broken{audit.broken !== null && ` at ${placeOf(audit.broken)}`}
    </Tag>
  );
}
