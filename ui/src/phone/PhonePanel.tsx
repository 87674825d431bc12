import { useSyncExternalStore } from "react"
import { useAgentKinds, useAgents } from "../agents/queries.ts"
import { Loading, ProblemNote } from "../parts/Page.tsx"
import { Dialler } from "./Dialler.tsx"
import { useEasyKind, usePhoneProviders, usePhones } from "./queries.ts"
import { SetUp } from "./SetUp.tsx"
import { insecureOrigin } from "./sound.ts"
import { softphone } from "./softphone.ts"
import { Talking } from "./Talking.tsx"

/** The phone, or what it still needs. */
export const PhonePanel = () => {
  const state = useSyncExternalStore(softphone.state.subscribe, softphone.state.get)
  const providers = usePhoneProviders()
  const phones = usePhones(providers.data ?? [])
  const agents = useAgents()
  const kinds = useAgentKinds()
  const kind = useEasyKind()
  const insecure = insecureOrigin()

  if (state.phase === "talking") return <Talking state={state} />
  if (
    providers.data !== undefined &&
    phones.data !== undefined &&
    agents.data !== undefined &&
    kinds.data !== undefined
  ) {
    const hasPhone = phones.data.length > 0
    const hasAgent = agents.data.length > 0
    return (
      <div className="flex flex-col gap-4">
        {insecure === undefined ? null : <ProblemNote cause={new Error(insecure)} />}
        {hasPhone && hasAgent ? (
          <Dialler agents={agents.data} phones={phones.data} state={state} />
        ) : (
          <SetUp providers={providers.data} hasPhone={hasPhone} hasAgent={hasAgent} kind={kind} />
        )}
      </div>
    )
  }
  const all = [providers, phones, agents, kinds]
  const failed = all.find(({ error }) => error !== null)
  return failed === undefined ? (
    <Loading />
  ) : (
    <ProblemNote cause={failed.error} retry={() => void Promise.all(all.map(({ refetch }) => refetch()))} />
  )
}
