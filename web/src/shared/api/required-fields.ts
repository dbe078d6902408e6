import type { CaseAction, RequiredField } from "@/api/types";
import { useConfig } from "./config";

/** What this installation requires of a decision, by what it says. */
export function useRequiredFields(
  answer: CaseAction | "reject" | "reject_reply" | undefined,
): readonly RequiredField[] {
  const required = useConfig().data?.required_fields ?? {};
  return (answer && required[answer]) ?? [];
}
