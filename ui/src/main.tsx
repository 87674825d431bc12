import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { RouterProvider } from "@tanstack/react-router"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { Problem } from "./api/problem.ts"
import { Notices } from "./parts/Notices.tsx"
import { router } from "./router.tsx"
import { forgetSession } from "./session/session.ts"
import { applyStoredTheme } from "./shell/theme.ts"
import "./theme.css"

const isSignedOut = (cause: unknown) => cause instanceof Problem && cause.status === 401
/** Only a service that could not be reached or is busy is asked again. */
const isPassing = (cause: unknown) => !(cause instanceof Problem) || cause.status === 0 || cause.status >= 500

const onError = (cause: unknown) => {
  if (isSignedOut(cause)) forgetSession(queries)
}
const queries = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: { queries: { retry: (count, cause) => isPassing(cause) && count < 2, staleTime: 5000 } }
})

applyStoredTheme()
const element = document.getElementById("root")
if (element !== null) {
  createRoot(element).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Notices>
          <RouterProvider router={router} />
        </Notices>
      </QueryClientProvider>
    </StrictMode>
  )
}
