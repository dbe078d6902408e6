import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { sentenceOf } from "@/shared/api/problem";
import { AlertIcon } from "./icons";
import classes from "./States.module.css";

interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
  retrying?: boolean;
  children?: ReactNode;
}

/** What went wrong, in one sentence, and the way to try again. */
export function ErrorState({ error, onRetry, retrying = false, children }: ErrorStateProps) {
  return (
    <div className={classes["state"]} role="alert">
      <span className={classes["errorIcon"]}>
        <AlertIcon size={20} />
      </span>
      <p className={classes["text"]}>{sentenceOf(error)}</p>
      {onRetry && (
        <Button variant="default" size="xs" onClick={onRetry} loading={retrying}>
          Try again
        </Button>
      )}
      {children}
    </div>
  );
}

/** Nothing to show, and why that is so. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={classes["state"]}>
      <p className={classes["title"]}>{title}</p>
      {children !== undefined && <div className={classes["text"]}>{children}</div>}
    </div>
  );
}
