import { RULES_MODEL } from "@/shared/format/labels";
import { Tag } from "./Tag";

interface RulesModelTagProps {
  model: string | null | undefined;
  /** Small, where the page already says it aloud. */
  quiet?: boolean;
}

/** Says that no language model was at work; nothing for any other model. */
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
