import { UnstyledButton } from "@mantine/core";
import type { Identity } from "@/api/types";
import { ROLE } from "@/shared/format/labels";
import { Avatar } from "@/shared/ui/Avatar";
import { Tag } from "@/shared/ui/Tag";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import classes from "./PersonaPicker.module.css";
import { useSignIn } from "./sign-in";

interface PersonaPickerProps {
  personas: readonly Identity[];
  onSignedIn?: () => void;
}

/** The personas of this installation; choosing one signs in. */
export function PersonaPicker({ personas, onSignedIn }: PersonaPickerProps) {
  const signIn = useSignIn();
  return (
    <>
      <ul className={classes["list"]} aria-label="Personas">
        {personas.map((persona) => (
          <li key={persona.subject}>
            <UnstyledButton
              className={classes["persona"] ?? ""}
              disabled={signIn.isPending}
              onClick={() =>
                signIn.mutate(persona.subject, onSignedIn === undefined ? {} : { onSuccess: onSignedIn })
              }
            >
              <Avatar subject={persona.subject} name={persona.name} size={36} />
              <span className={classes["who"]}>
                <span className={classes["name"]}>{persona.name}</span>
                <span className={classes["what"]}>{whatOf(persona)}</span>
              </span>
              {persona.roles.map((role) => (
                <Tag key={role} tone={ROLE[role].tone}>
                  {ROLE[role].label}
                </Tag>
              ))}
            </UnstyledButton>
          </li>
        ))}
      </ul>
      <RefusedChange of={[signIn]} className={classes["error"]} />
    </>
  );
}

function whatOf({ roles }: Identity): string {
  const highest = roles.at(-1);
  return highest === undefined ? "" : ROLE[highest].may;
}
