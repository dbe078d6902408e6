import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactElement, ReactNode } from "react";
import type { Identity } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { ana, atWork, config, people, session } from "./fixtures";

/** Renders inside of what the app gives every component, without retries and without transitions. */
export function renderInApp(element: ReactElement, identity: Identity | null = ana) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  queries.setQueryData(keys.config, config);
  queries.setQueryData(keys.session, session(identity));
  queries.setQueryData(keys.people, people);
  queries.setQueryData(keys.service, atWork);
  const wrapper = ({ children }: { children: ReactNode }) => (
    <MantineProvider env="test">
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </MantineProvider>
  );
  return { queries, ...render(element, { wrapper }) };
}
