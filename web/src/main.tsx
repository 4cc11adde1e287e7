/** The portal in the browser. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { I18nProvider } from "react-aria-components";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/queries.js";
import { keepFocus } from "./keys/kept-focus.js";
import { router } from "./router.js";
import { allowEmptyMarkup } from "./trusted-types.js";
import "./styles/tokens.css";
import "./styles/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root.");
allowEmptyMarkup();
keepFocus();
createRoot(root).render(
  <StrictMode>
    {/* The one language of React Aria's own words that was built in (vite.config.mjs). */}
    <I18nProvider locale="en-US">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </I18nProvider>
  </StrictMode>,
);
