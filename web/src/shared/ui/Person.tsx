import { useActorName, useIdentity } from "@/shared/api/session";
import { Avatar } from "./Avatar";
import classes from "./Person.module.css";

/** A person with avatar and name; "You" for the person who is signed in. */
export function Person({ subject, size = 20 }: { subject: string; size?: number }) {
  const name = useActorName()(subject);
  const mine = useIdentity()?.subject === subject;
  return (
    <span className={classes["person"]} title={name}>
      <Avatar subject={subject} name={name} size={size} />
      <span className={classes["name"]}>{mine ? "You" : name}</span>
    </span>
  );
}
