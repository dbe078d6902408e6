import { ErrorState } from "@/shared/ui/States";
import classes from "./AlertDrawings.module.css";
import { AlertDrawing } from "./AlertDrawing";
import { useDrawings } from "./get-drawings";

/** The evidence of one alert, drawn; nothing where there is nothing to draw. */
export function AlertDrawings({ caseId, alertId }: { caseId: string; alertId: string }) {
  const drawings = useDrawings(caseId, alertId);
  if (drawings.isError) {
    return (
      <ErrorState
        error={drawings.error}
        onRetry={() => void drawings.refetch()}
        retrying={drawings.isFetching}
      />
    );
  }
  if (drawings.data === undefined || drawings.data.items.length === 0) return null;
  return (
    <div className={classes["drawings"]}>
      {drawings.data.items.map((drawing) => (
        <AlertDrawing key={drawing.title} drawing={drawing} />
      ))}
    </div>
  );
}
