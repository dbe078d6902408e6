import { Button, Skeleton, Textarea } from "@mantine/core";
import { useState } from "react";
import type { Note } from "@/api/types";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { saveDraft, readDraft } from "@/shared/drafts";
import { formatNumber } from "@/shared/format/numbers";
import { Avatar } from "@/shared/ui/Avatar";
import { Panel } from "@/shared/ui/Panel";
import { EarlierPageButton } from "@/shared/ui/EarlierPageButton";
import { ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useAddNote } from "./add-note";
import { useNotes } from "./list-notes";
import classes from "./NotesPanel.module.css";

/** What people wrote about the case. Notes stay as they are: another one can correct them. */
export function NotesPanel({ caseId }: { caseId: string }) {
  const notes = useNotes(caseId);
  const working = mayActAs(useIdentity(), "analyst");
  return (
    <Panel
      title="Notes"
      aside={notes.data && <span className={classes["count"]}>{formatNumber(notes.data.total)}</span>}
    >
      {notes.isPending && <Skeleton height={40} />}
      {notes.isError && notes.data === undefined && (
        <ErrorState error={notes.error} onRetry={() => void notes.refetch()} retrying={notes.isFetching} />
      )}
      {notes.data?.total === 0 && <p className={classes["none"]}>Nobody has written anything yet.</p>}
      <EarlierPageButton what="notes" list={notes} />
      {notes.data !== undefined && notes.data.total > 0 && <NoteList notes={notes.data.items} />}
      {working && <NoteForm caseId={caseId} />}
    </Panel>
  );
}

function NoteList({ notes }: { notes: readonly Note[] }) {
  const nameOf = useActorName();
  return (
    <ol className={classes["list"]}>
      {notes.map((note) => (
        <li key={note.note_id} className={classes["note"]}>
          <Avatar subject={note.author} name={nameOf(note.author)} size={24} />
          <div>
            <div className={classes["meta"]}>
              <strong>{nameOf(note.author)}</strong> <Time at={note.created_at} format="day" />
            </div>
            <p>{note.text}</p>
          </div>
        </li>
      ))}
    </ol>
  );
}

const LONGEST_NOTE = 4_000;

/** What this person has begun to write, kept until it is sent. */
function useNoteDraft(caseId: string): [string, (text: string) => void] {
  const subject = useIdentity()?.subject ?? "";
  const [text, setText] = useState(() => {
    const kept = readDraft(subject, caseId, "note");
    return typeof kept === "string" ? kept : "";
  });
  const change = (typed: string) => {
    setText(typed);
    saveDraft(subject, caseId, "note", typed === "" ? undefined : typed);
  };
  return [text, change];
}

function NoteForm({ caseId }: { caseId: string }) {
  const add = useAddNote(caseId);
  const [text, setText] = useNoteDraft(caseId);
  const words = text.trim();
  return (
    <form
      className={classes["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (words !== "") add.mutate(words, { onSuccess: () => setText("") });
      }}
    >
      <Textarea
        aria-label="New note"
        placeholder="Write down what the next person should know"
        minRows={2}
        maxRows={12}
        maxLength={LONGEST_NOTE}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        disabled={add.isPending}
      />
      <RefusedChange of={[add]} className={classes["error"]} />
      <Button type="submit" size="xs" variant="default" loading={add.isPending} disabled={words === ""}>
        Add note
      </Button>
    </form>
  );
}
