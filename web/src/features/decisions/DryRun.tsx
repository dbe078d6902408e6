import type { usePreview } from "./preview-action";
import classes from "./DryRun.module.css";

/** What the customer store would do now, in its own words; nothing where it was not asked. */
export function DryRun({ preview }: { preview: ReturnType<typeof usePreview> }) {
  if (preview.isError) {
    return <p className={classes["silent"]}>{preview.error.message}</p>;
  }
  if (preview.data === undefined) return null;
  return (
    <p className={classes["sentence"]} role="status" data-partly={preview.data.preview.left_out.length > 0}>
      <span className={classes["now"]}>Now:</span> {preview.data.sentence}
    </p>
  );
}
