import { Button, FileButton, Skeleton } from "@mantine/core";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { formatBytes } from "@/shared/format/numbers";
import { AttachIcon, DownloadIcon } from "@/shared/ui/icons";
import { Hash } from "@/shared/ui/Hash";
import { Panel } from "@/shared/ui/Panel";
import { ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useAddAttachment } from "./add-attachment";
import { attachmentUrl, useAttachments } from "./list-attachments";
import classes from "./AttachmentsPanel.module.css";

/** The files of the case. */
export function AttachmentsPanel({ caseId }: { caseId: string }) {
  const attachments = useAttachments(caseId);
  const add = useAddAttachment(caseId);
  const working = mayActAs(useIdentity(), "analyst");
  return (
    <Panel
      title="Attachments"
      aside={
        working && (
          <FileButton
            onChange={(file) => file !== null && add.mutate(file)}
            inputProps={{ "aria-label": "File to attach" }}
          >
            {(props) => (
              <Button
                {...props}
                size="compact-xs"
                variant="default"
                leftSection={<AttachIcon size={13} />}
                loading={add.isPending}
              >
                Attach a file
              </Button>
            )}
          </FileButton>
        )
      }
    >
      <RefusedChange of={[add]} className={classes["error"]} />
      {attachments.isPending && <Skeleton height={24} />}
      {attachments.isError && attachments.data === undefined && (
        <ErrorState
          error={attachments.error}
          onRetry={() => void attachments.refetch()}
          retrying={attachments.isFetching}
        />
      )}
      {attachments.data?.length === 0 && <p className={classes["none"]}>No files.</p>}
      {attachments.data !== undefined && attachments.data.length > 0 && (
        <AttachmentList caseId={caseId} attachments={attachments.data} />
      )}
    </Panel>
  );
}

interface AttachmentListProps {
  caseId: string;
  attachments: NonNullable<ReturnType<typeof useAttachments>["data"]>;
}

function AttachmentList({ caseId, attachments }: AttachmentListProps) {
  const nameOf = useActorName();
  // Files hold personal data as it is.
  const may = mayActAs(useIdentity(), "analyst");
  return (
    <ul className={classes["list"]}>
      {attachments.map((attachment) => (
        <li key={attachment.attachment_id}>
          {may ? (
            <a href={attachmentUrl(caseId, attachment.attachment_id)} download={attachment.name}>
              <DownloadIcon size={14} /> {attachment.name}
            </a>
          ) : (
            <span>{attachment.name}</span>
          )}
          <span className={classes["meta"]}>
            {formatBytes(attachment.size)} · {nameOf(attachment.added_by)},{" "}
            <Time at={attachment.added_at} format="day" /> · <Hash value={attachment.content_hash} />
          </span>
        </li>
      ))}
    </ul>
  );
}
