import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link } from "@tanstack/react-router"
import { EmptyState, Loading } from "./parts/Page.tsx"
import { Fault, Shell } from "./shell/Shell.tsx"

const root = createRootRoute({
  component: Shell,
  errorComponent: Fault,
  notFoundComponent: () => (
    <EmptyState
      title="There is no such page"
      action={
        <Link to="/" className="text-accent underline">
          To the dashboard
        </Link>
      }
    >
      The address may be mistyped, or what it showed was deleted.
    </EmptyState>
  )
})

const page = <const Path extends string>(path: Path, component: Parameters<typeof createRoute>[0]["component"]) =>
  createRoute({ getParentRoute: () => root, path, ...(component === undefined ? {} : { component }) })

const tree = root.addChildren([
  page(
    "/",
    lazyRouteComponent(() => import("./dashboard/DashboardPage.tsx"), "DashboardPage")
  ),
  page(
    "/calls",
    lazyRouteComponent(() => import("./calls/CallsPage.tsx"), "CallsPage")
  ),
  page(
    "/calls/$callId",
    lazyRouteComponent(() => import("./calls/CallPage.tsx"), "CallPage")
  ),
  page(
    "/phone",
    lazyRouteComponent(() => import("./phone/PhonePage.tsx"), "PhonePage")
  ),
  page(
    "/agents",
    lazyRouteComponent(() => import("./agents/AgentsPage.tsx"), "AgentsPage")
  ),
  page(
    "/agents/new",
    lazyRouteComponent(() => import("./agents/NewAgentPage.tsx"), "NewAgentPage")
  ),
  page(
    "/agents/$agentId",
    lazyRouteComponent(() => import("./agents/AgentPage.tsx"), "AgentPage")
  ),
  page(
    "/configurations",
    lazyRouteComponent(() => import("./configurations/ConfigurationsPage.tsx"), "ConfigurationsPage")
  ),
  page(
    "/configurations/new",
    lazyRouteComponent(() => import("./configurations/NewConfigurationPage.tsx"), "NewConfigurationPage")
  ),
  page(
    "/configurations/$configurationId",
    lazyRouteComponent(() => import("./configurations/ConfigurationPage.tsx"), "ConfigurationPage")
  ),
  page(
    "/numbers",
    lazyRouteComponent(() => import("./numbers/NumbersPage.tsx"), "NumbersPage")
  ),
  page(
    "/doctor",
    lazyRouteComponent(() => import("./doctor/DoctorPage.tsx"), "DoctorPage")
  )
])

/** The pages of the console. Each is loaded when it is first opened. */
export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  defaultPendingComponent: () => <Loading />,
  defaultErrorComponent: Fault
})

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router
  }
}
