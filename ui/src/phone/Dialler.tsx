import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { AudioLines, Phone, PhoneOff } from "lucide-react"
import { useState } from "react"
import type { AgentSummary } from "../agents/queries.ts"
import type { ConfigurationSummary } from "../configurations/queries.ts"
import { Labelled, SelectInput } from "../form/inputs.tsx"
import { Button } from "../parts/Button.tsx"
import { Card } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import { CallOver } from "./CallOver.tsx"
import { type PhoneState, softphone } from "./softphone.ts"
import type { Voice } from "./sound.ts"

/** Whom to call, and how to speak. */
export const Dialler = ({
  agents,
  phones,
  state
}: {
  readonly agents: ReadonlyArray<AgentSummary>
  readonly phones: ReadonlyArray<ConfigurationSummary>
  readonly state: Exclude<PhoneState, { readonly phase: "talking" }>
}) => {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const navigate = useNavigate()
  const mayCall = useMay("operator")
  const [phoneId, setPhoneId] = useState("")
  const agent = agents.find(({ id }) => id === search["agent"]) ?? agents[0]
  const phone = phones.find(({ id }) => id === phoneId) ?? phones[0]
  const isStarting = state.phase === "starting"

  const call = (voice: Voice) => {
    if (agent === undefined || phone === undefined) return
    softphone.call({ configurationId: phone.id, agentId: agent.id, agentName: agent.name }, voice)
  }
  const button = {
    disabled: !mayCall,
    busy: isStarting,
    title: mayCall ? undefined : "Calling needs the role operator."
  }

  return (
    <Card>
      <div className="flex flex-col gap-4">
        <Labelled id="phone-agent" label="Agent">
          {(aria) => (
            <SelectInput
              {...aria}
              value={agent?.id}
              disabled={isStarting}
              onChange={(event) =>
                void navigate({ to: "/phone", search: { agent: event.target.value }, replace: true })
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
        {phones.length < 2 ? null : (
          <Labelled id="phone-configuration" label="Configuration">
            {(aria) => (
              <SelectInput
                {...aria}
                value={phone?.id}
                disabled={isStarting}
                onChange={(event) => setPhoneId(event.target.value)}
              >
                {phones.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </SelectInput>
            )}
          </Labelled>
        )}
        <div className="flex flex-wrap gap-2">
          <Button look="primary" {...button} onClick={() => call("microphone")}>
            {isStarting ? null : <Phone size={16} aria-hidden />}
            Call
          </Button>
          <Button {...button} onClick={() => call("sample")}>
            {isStarting ? null : <AudioLines size={16} aria-hidden />}
            Call with the sample voice
          </Button>
          {isStarting ? (
            <Button look="danger" onClick={softphone.hangUp}>
              <PhoneOff size={16} aria-hidden />
              Give up
            </Button>
          ) : null}
        </div>
        <p className="text-muted text-xs">
          Call asks the browser for the microphone. The sample voice is synthetic speech without words, made in this
          page, for machines without a microphone. Other agents:{" "}
          <Link to="/agents" className="text-accent underline">
            Agents
          </Link>
          .
        </p>
        {isStarting ? (
          <p role="status">
            {state.what}
            {"…"}
          </p>
        ) : null}
        {state.phase === "over" ? <CallOver state={state} /> : null}
      </div>
    </Card>
  )
}
