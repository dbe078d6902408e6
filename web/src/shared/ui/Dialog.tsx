import { Drawer, type DrawerProps, Modal, type ModalProps } from "@mantine/core";
import { useLayoutEffect } from "react";

let opened = 0;

/**
 * Whether a dialog asks something. One that is only fading out does not, although it is still in the page: keys pressed
 * meanwhile are meant for what is below.
 */
export const isDialogOpen = (): boolean => opened > 0;

function useCounted(isOpen: boolean): void {
  useLayoutEffect(() => {
    if (!isOpen) return;
    opened += 1;
    return () => {
      opened -= 1;
    };
  }, [isOpen]);
}

/** A question on top of the page. */
export function Dialog(props: ModalProps) {
  useCounted(props.opened);
  return <Modal {...props} />;
}

/** More about something, beside the page. */
export function SidePanel(props: DrawerProps) {
  useCounted(props.opened);
  return <Drawer {...props} />;
}
