import { useMutation } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { type FormEvent, useRef, useState } from "react"
import type { RequestOf } from "../api/endpoints.ts"
import { Problem } from "../api/problem.ts"
import { request } from "../api/request.ts"
import { useConfigurationChoices } from "../configurations/queries.ts"
import { Labelled, SelectInput, TextInput } from "../form/inputs.tsx"
import { useEveryNumber } from "../numbers/queries.ts"
import { Button } from "../parts/Button.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { ProblemNote } from "../parts/Page.tsx"
import { usePhoneProviders } from "../phone/queries.ts"
import type { AgentSummary } from "./queries.ts"

type NewCall = RequestOf<"POST", "/api/v1/telephony/calls">["payload"]

/** One attempt to dial: sent again while nobody answers, it stays the same attempt. */
interface Attempt {
  readonly idempotencyKey: string
  readonly payload: NewCall
}

/** Random, also on pages without TLS, which have no `crypto.randomUUID`. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-")

/** Whether the service, not a proxy before it, told how the attempt went. */
const isAnswered = (error: unknown) =>
  error instanceof Problem && error.code !== "unreachable" && error.code !== "unknown"

const fieldNames: ReadonlyArray<string> = ["to", "telephony_configuration_id", "from_phone_number_id"]

/** Dials a destination and joins it to the agent, then shows the call. */
export const DialOut = ({
  agent,
  onClose
}: {
  readonly agent: Pick<AgentSummary, "id" | "name">
  readonly onClose: () => void
}) => {
  const [to, setTo] = useState("")
  const [configurationId, setConfigurationId] = useState("")
  const [numberId, setNumberId] = useState("")
  const navigate = useNavigate()
  const { good } = useNotices()
  const { data: configurations = [] } = useConfigurationChoices()
  const { data: allNumbers = [] } = useEveryNumber()
  const { data: phones = [] } = usePhoneProviders()
  const unanswered = useRef<Attempt>(undefined)
  const dial = useMutation({
    mutationFn: (attempt: Attempt) => request("POST", "/api/v1/telephony/calls", attempt),
    onError: (error) => {
      if (isAnswered(error)) unanswered.current = undefined
    },
    onSuccess: (call) => {
      good(`${call.to} is being called.`)
      void navigate({ to: "/calls/$callId", params: { callId: call.id } })
    }
  })

  const dialling = configurations.filter(
    ({ provider, simulated }) => !simulated && phones.every((each) => each.provider !== provider)
  )
  const numbers =
    configurationId === ""
      ? undefined
      : allNumbers.filter(
          ({ is_active, telephony_configuration_id }) => is_active && telephony_configuration_id === configurationId
        )
  const errors = dial.error instanceof Problem ? dial.error.errors : []
  const errorOf = (field: string) => errors.find((each) => each.field === field)?.message
  const isAtFields = errors.length > 0 && errors.every(({ field }) => fieldNames.includes(field))

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const payload: NewCall = {
      to: to.trim(),
      agent_id: agent.id,
      ...(configurationId === "" ? {} : { telephony_configuration_id: configurationId }),
      ...(numberId === "" ? {} : { from_phone_number_id: numberId })
    }
    const before = unanswered.current
    const isSame = JSON.stringify(before?.payload) === JSON.stringify(payload)
    const attempt = before !== undefined && isSame ? before : { idempotencyKey: newKey(), payload }
    unanswered.current = attempt
    dial.mutate(attempt)
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={`Dial out with ${agent.name}`}
      description="Whoever answers is joined to this agent. This places a real call where the configuration is a real carrier's."
    >
      <form noValidate className="flex flex-col gap-4" onSubmit={submit}>
        <Labelled
          id="dial-to"
          label="Destination"
          required
          description="A number with its country, such as +44 20 7183 8750, a national one of your organization's country, or a SIP URI."
          error={errorOf("to")}
        >
          {(aria) => (
            <TextInput
              {...aria}
              value={to}
              autoComplete="off"
              placeholder="+44 20 7183 8750"
              onChange={(event) => setTo(event.target.value)}
            />
          )}
        </Labelled>
        <Labelled id="dial-configuration" label="Configuration" error={errorOf("telephony_configuration_id")}>
          {(aria) => (
            <SelectInput
              {...aria}
              value={configurationId}
              onChange={(event) => {
                setConfigurationId(event.target.value)
                setNumberId("")
              }}
            >
              <option value="">The default one</option>
              {dialling.map(({ id, inactive_since, name }) => (
                <option key={id} value={id} disabled={inactive_since !== null}>
                  {inactive_since === null ? name : `${name} (inactive)`}
                </option>
              ))}
            </SelectInput>
          )}
        </Labelled>
        {numbers === undefined ? null : (
          <Labelled
            id="dial-number"
            label="Caller id"
            description={
              numbers.length === 0 ? "This configuration has no active number. Add one to it first." : undefined
            }
            error={errorOf("from_phone_number_id")}
          >
            {(aria) => (
              <SelectInput {...aria} value={numberId} onChange={(event) => setNumberId(event.target.value)}>
                <option value="">The configuration's default</option>
                {numbers.map(({ address, id, label }) => (
                  <option key={id} value={id}>
                    {label === null ? address : `${address} (${label})`}
                  </option>
                ))}
              </SelectInput>
            )}
          </Labelled>
        )}
        {dial.error === null || isAtFields ? null : <ProblemNote cause={dial.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={dial.isPending} disabled={to.trim() === ""}>
            Dial
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
