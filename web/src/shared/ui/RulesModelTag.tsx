import { RULES_MODEL } from "@/shared/format/words";
import { Tag } from "./Tag";

/** Says that no language model was at work; nothing for any other model. */
export function RulesModelTag({ model }: { model: string | null | undefined }) {
  if (model !== RULES_MODEL) return null;
  return (
    <Tag tone="warn" title={`${RULES_MODEL}: transparent rules that stand in for a language model`}>
      Rules model, not an LLM
    </Tag>
  );
}
