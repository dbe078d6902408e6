import { RULES_MODEL } from "@/shared/format/labels";
import { Tag } from "./Tag";

interface RulesModelTagProps {
  model: string | null | undefined;
  /** Small, where the page already shows it prominently. */
  quiet?: boolean;
}

/** Marks answers of the rules model, which is no language model; nothing for other models. */
export function RulesModelTag({ model, quiet = false }: RulesModelTagProps) {
  if (model !== RULES_MODEL) return null;
  const title = `${RULES_MODEL}: transparent rules that stand in for a language model`;
  if (quiet) return <span title={title}>rules model</span>;
  return (
    <Tag tone="warn" title={title}>
      Rules model, not an LLM
    </Tag>
  );
}
