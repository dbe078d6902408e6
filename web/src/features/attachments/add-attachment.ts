import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Adds a file. The server says how large it may be and how many a case takes. */
export function useAddAttachment(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (file: File) => {
      const form = new FormData();
      form.append("file", file);
      return api.POST("/api/cases/{case_id}/attachments", {
        params: { path: { case_id: caseId } },
        body: { file: file.name },
        bodySerializer: () => form,
      });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.attachments(caseId) }),
  });
}
