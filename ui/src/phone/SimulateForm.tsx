import { useNavigate, useSearch } from "@tanstack/react-router"
import { Radio } from "lucide-react"
import { type FormEvent, useState } from "react"
import type { AgentSummary } from "../agents/queries.ts"
import { Labelled, SelectInput } from "../form/inputs.tsx"
import { Button } from "../parts/Button.tsx"
import { Card, ProblemNote } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { SimulatedCall } from "./SimulatedCall.tsx"
import { type Direction, type SimulatedCarrier, useSimulate } from "./simulatorQueries.ts"

const directionWords: Readonly<Record<Direction, string>> = {
  inbound: "Inbound: somebody calls a number of yours",
  outbound: "Outbound: the service dials, and somebody answers"
}

/** A fault's name, such as `callbacks-lost`, as a person reads it. */
const faultWords = (name: string) => {
  const words = name.replaceAll("-", " ")
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

/** Which call to simulate, and what is to go wrong with it. */
export const SimulateForm = ({
  agents,
  carriers
}: {
  readonly agents: ReadonlyArray<AgentSummary>
  readonly carriers: ReadonlyArray<SimulatedCarrier>
}) => {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const navigate = useNavigate()
  const mayCall = useMay("operator")
  const [provider, setProvider] = useState("")
  const [wanted, setDirection] = useState<Direction>("inbound")
  const [faultName, setFault] = useState("")
  const simulate = useSimulate()

  const carrier = carriers.find((each) => each.provider === provider) ?? carriers[0]
  const agent = agents.find(({ id }) => id === search["agent"]) ?? agents[0]
  if (carrier === undefined || agent === undefined) return null
  const direction = carrier.directions.includes(wanted) ? wanted : (carrier.directions[0] ?? wanted)
  const fault = carrier.faults.find(({ name }) => name === faultName)

  const submit = (event: FormEvent) => {
    event.preventDefault()
    simulate.mutate({
      provider: carrier.provider,
      agent_id: agent.id,
      direction,
      ...(fault === undefined ? {} : { fault: fault.name })
    })
  }

  return (
    <Card>
      <form noValidate className="flex flex-col gap-4" onSubmit={submit}>
        <p className="text-muted">
          A fake carrier inside the service rings the agent, or is rung by it, over the carrier's own protocol. A
          recorded person says some sentences, listens, and hangs up. No real carrier is reached, and nothing is paid.
        </p>
        <div className="grid gap-4 sm:grid-cols-2">
          <Labelled id="simulated-carrier" label="Carrier">
            {(aria) => (
              <SelectInput {...aria} value={carrier.provider} onChange={(event) => setProvider(event.target.value)}>
                {carriers.map((each) => (
                  <option key={each.provider} value={each.provider}>
                    {each.display_name}
                  </option>
                ))}
              </SelectInput>
            )}
          </Labelled>
          <Labelled id="simulated-agent" label="Agent">
            {(aria) => (
              <SelectInput
                {...aria}
                value={agent.id}
                onChange={(event) =>
                  void navigate({
                    to: "/phone",
                    search: { tab: "simulator", agent: event.target.value },
                    replace: true
                  })
                }
              >
                {agents.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </SelectInput>
            )}
          </Labelled>
        </div>
        <Labelled id="simulated-direction" label="Direction">
          {(aria) => (
            <SelectInput
              {...aria}
              value={direction}
              onChange={(event) => {
                const chosen = carrier.directions.find((each) => each === event.target.value)
                if (chosen !== undefined) setDirection(chosen)
              }}
            >
              {carrier.directions.map((each) => (
                <option key={each} value={each}>
                  {directionWords[each]}
                </option>
              ))}
            </SelectInput>
          )}
        </Labelled>
        <Labelled
          id="simulated-fault"
          label="What goes wrong"
          description={fault?.description ?? "Nothing: the call goes as it should."}
        >
          {(aria) => (
            <SelectInput {...aria} value={fault?.name ?? ""} onChange={(event) => setFault(event.target.value)}>
              <option value="">Nothing</option>
              {carrier.faults.map(({ name }) => (
                <option key={name} value={name}>
                  {faultWords(name)}
                </option>
              ))}
            </SelectInput>
          )}
        </Labelled>
        <div>
          <Button
            type="submit"
            look="primary"
            busy={simulate.isPending}
            disabled={!mayCall}
            title={mayCall ? undefined : "Simulating calls needs the role operator."}
          >
            <Radio size={16} aria-hidden />
            Simulate
          </Button>
        </div>
        {simulate.error === null ? null : <ProblemNote cause={simulate.error} />}
        {simulate.data === undefined || simulate.isPending ? null : <SimulatedCall callId={simulate.data.call_id} />}
      </form>
    </Card>
  )
}
