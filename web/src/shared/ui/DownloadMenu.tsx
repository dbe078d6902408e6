import { Button, Menu } from "@mantine/core";
import { ChevronDownIcon, DownloadIcon } from "./icons";

export interface Download {
  href: string;
  label: string;
  title?: string;
}

interface DownloadMenuProps {
  downloads: readonly Download[];
  variant: "default" | "subtle";
  width: number;
  title?: string;
}

/** What can be saved as a file. */
export function DownloadMenu({ downloads, variant, width, title }: DownloadMenuProps) {
  return (
    <Menu position="bottom-end" width={width}>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant={variant}
          leftSection={<DownloadIcon size={13} />}
          rightSection={<ChevronDownIcon size={12} />}
          {...(title !== undefined && { title })}
        >
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {downloads.map(({ href, label, ...more }) => (
          <Menu.Item key={href} component="a" href={href} download {...more}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
