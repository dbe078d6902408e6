import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.css";
import "@/shared/theme/tokens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { styleNonce } from "@/shared/theme/style-nonce";

// The library that keeps the page behind a dialog from scrolling looks for its nonce here.
Object.assign(window, { __webpack_nonce__: styleNonce() });

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id 'root'.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
