import { useAgents } from "../agents/queries.ts"
import { EmptyState, Loaded } from "../parts/Page.tsx"
import { SimulateForm } from "./SimulateForm.tsx"
import { useSimulator } from "./simulatorQueries.ts"

/** Calls of fake carriers, broken on purpose if wanted; or why this service places none. */
export const SimulatorPanel = () => {
  const simulator = useSimulator()
  const agents = useAgents()
  return (
    <Loaded of={simulator}>
      {({ available, providers, reason }) =>
        available ? (
          <Loaded of={agents}>
            {(list) =>
              list.length === 0 ? (
                <EmptyState title="There is no agent to call yet">
                  Make one under “This browser”, or under Agents, and come back.
                </EmptyState>
              ) : (
                <SimulateForm agents={list} carriers={providers} />
              )
            }
          </Loaded>
        ) : (
          <EmptyState title="Carriers are not simulated here">
            {reason ?? "The service says that it does not simulate carriers."}
          </EmptyState>
        )
      }
    </Loaded>
  )
}
