import { RULES_MODEL } from "@/shared/format/labels";
import { RulesModelTag } from "./RulesModelTag";

interface ModelNameProps {
  model: string | null;
  /** Where it answered, without credentials; missing where no model answered. */
  host?: string | null | undefined;
}

/** Which model answered, and where; nothing where none did. */
export function ModelName({ model, host }: ModelNameProps) {
  if (model === null) return null;
  return (
    <span>
      {model === RULES_MODEL ? <RulesModelTag model={model} quiet /> : model}
      {host != null && ` at ${host}`}
    </span>
  );
}
