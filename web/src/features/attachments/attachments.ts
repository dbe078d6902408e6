import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const pathOf = (caseId: string) => ({ path: { case_id: caseId } });

async function listAttachments(caseId: string, signal: AbortSignal) {
  return bodyOf(await api.GET("/api/cases/{case_id}/attachments", { params: pathOf(caseId), signal })).items;
}

/** The files that people added to a case, oldest first. */
export const useAttachments = (caseId: string) =>
  useQuery(
    queryOptions({
      queryKey: keys.attachments(caseId),
      queryFn: ({ signal }) => listAttachments(caseId, signal),
    }),
  );

/** Adds a file. The server says how large it may be and how many a case takes. */
export function useAddAttachment(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (file: File) => {
      const form = new FormData();
      form.append("file", file);
      return api.POST("/api/cases/{case_id}/attachments", {
        params: pathOf(caseId),
        body: { file: file.name },
        bodySerializer: () => form,
      });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.attachments(caseId) }),
  });
}

export const addressOf = (caseId: string, attachmentId: string): string =>
  `/api/cases/${encodeURIComponent(caseId)}/attachments/${encodeURIComponent(attachmentId)}`;
