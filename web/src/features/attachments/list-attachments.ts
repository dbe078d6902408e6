import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

async function listAttachments(caseId: string, signal: AbortSignal) {
  return bodyOf(
    await api.GET("/api/cases/{case_id}/attachments", { params: { path: { case_id: caseId } }, signal }),
  ).items;
}

/** The files that people added to a case, oldest first. */
export const useAttachments = (caseId: string) =>
  useQuery(
    queryOptions({
      queryKey: keys.attachments(caseId),
      queryFn: ({ signal }) => listAttachments(caseId, signal),
    }),
  );

/** Where a browser downloads the file. */
export const attachmentUrl = (caseId: string, attachmentId: string): string =>
  `/api/cases/${encodeURIComponent(caseId)}/attachments/${encodeURIComponent(attachmentId)}`;
