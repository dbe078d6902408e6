import { Menu, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import type { Identity } from "@/api/types";
import { ROLE } from "@/shared/format/labels";
import { Avatar } from "@/shared/ui/Avatar";
import { SessionsIcon, SwitchUserIcon, SignOutIcon } from "@/shared/ui/icons";
import { Dialog } from "@/shared/ui/Dialog";
import classes from "./IdentityMenu.module.css";
import { PersonaPicker } from "./PersonaPicker";
import { useSignOut } from "./sign-out";

interface IdentityMenuProps {
  identity: Identity;
  personas: readonly Identity[];
}

/** Who is signed in, with switching persona and signing out. */
export function IdentityMenu({ identity, personas }: IdentityMenuProps) {
  const [choosing, { open, close }] = useDisclosure(false);
  const signOut = useSignOut();
  const roles = identity.roles.map((role) => ROLE[role].label).join(", ");
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <UnstyledButton className={classes["me"] ?? ""} title={`${identity.name}, ${roles}`}>
            <Avatar subject={identity.subject} name={identity.name} size={26} />
            <VisuallyHidden>Signed in as</VisuallyHidden>
            <span className={classes["name"]}>{identity.name}</span>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {identity.name} · {roles}
          </Menu.Label>
          {personas.length > 0 && (
            <Menu.Item leftSection={<SwitchUserIcon size={15} />} onClick={open}>
              Switch person…
            </Menu.Item>
          )}
          <Menu.Item component={Link} to="/sessions" leftSection={<SessionsIcon size={15} />}>
            Your sessions
          </Menu.Item>
          <Menu.Item leftSection={<SignOutIcon size={15} />} onClick={() => signOut.mutate()}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Dialog
        opened={choosing}
        onClose={close}
        size={520}
        title={<strong>Who is at the desk?</strong>}
        closeButtonProps={{ "aria-label": "Stay who you are" }}
      >
        <PersonaPicker personas={personas} onSignedIn={close} />
      </Dialog>
    </>
  );
}
