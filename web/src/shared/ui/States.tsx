import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { errorMessage } from "@/shared/api/problem";
import { AlertIcon } from "./icons";
import classes from "./States.module.css";

interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
  retrying?: boolean;
  /** The page has no other heading: this one is what it is about. */
  heading?: string;
  children?: ReactNode;
}

/** What went wrong, in one sentence, and the way to try again. */
export function ErrorState({ error, onRetry, retrying = false, heading, children }: ErrorStateProps) {
  return (
    <div className={classes["state"]} role="alert">
      <span className={classes["errorIcon"]}>
        <AlertIcon size={20} />
      </span>
      {heading !== undefined && <h1 className={classes["title"]}>{heading}</h1>}
      <p className={classes["text"]}>{errorMessage(error)}</p>
      {onRetry && (
        <Button variant="default" size="xs" onClick={onRetry} loading={retrying}>
          Try again
        </Button>
      )}
      {children}
    </div>
  );
}

interface EmptyStateProps {
  title: string;
  /** The page has no other heading. */
  isHeading?: boolean;
  children?: ReactNode;
}

/** Nothing to show, and why that is so. */
export function EmptyState({ title, isHeading = false, children }: EmptyStateProps) {
  const Title = isHeading ? "h1" : "p";
  return (
    <div className={classes["state"]}>
      <Title className={classes["title"]}>{title}</Title>
      {children !== undefined && <div className={classes["text"]}>{children}</div>}
    </div>
  );
}
