import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { SignInGate } from "@/features/session/SignInGate";
import { styleNonce } from "@/shared/theme/style-nonce";
import { cssVariables, theme } from "@/shared/theme/theme";
import { LiveProvider } from "./LiveProvider";
import { createQueryClient } from "@/shared/api/query-client";
import { router } from "./router";

/** The providers around all pages. */
export function App() {
  const [queries] = useState(createQueryClient);
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <QueryClientProvider client={queries}>
        <SignInGate>
          <LiveProvider>
            <RouterProvider router={router} />
          </LiveProvider>
        </SignInGate>
      </QueryClientProvider>
    </MantineProvider>
  );
}
