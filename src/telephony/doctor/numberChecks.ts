import { Effect } from "effect"
import { originOf } from "../../carrier/publicUrl.ts"
import type { TelephonyProvider } from "../../carrier/TelephonyProvider.ts"
import type { Agents } from "../../organizations/Agents.ts"
import type { NumberSync } from "../../organizations/NumberSync.ts"
import { type PhoneNumber, UNKNOWN } from "../../organizations/numberRow.ts"
import { failed, ok, skipped, warning } from "./Check.ts"

const pathOf = ({ id, telephony_configuration_id }: PhoneNumber) =>
  `/api/v1/organizations/telephony-configs/${telephony_configuration_id}/phone-numbers/${id}`

/** Whether the carrier's account holds the number. */
export const held = Effect.fnUntraced(function* (number: PhoneNumber, sync: NumberSync["Service"]) {
  const { address_normalized: address, address_type } = number
  const name = `${address}: the account holds it`
  if (address_type !== "pstn") return skipped(name, "Only phone numbers belong to a carrier's account.")
  const { ownership, warning: unsure } = yield* sync.ownership(number.telephony_configuration_id, address)
  switch (ownership) {
    case "owned":
      return ok(name, `The carrier's account holds ${address}.`)
    case "not-owned":
      return failed(
        name,
        `The carrier's account does not hold ${address}.`,
        "Buy or port it there, or move the number to the configuration of the account that has it."
      )
    case "unknown":
      return unsure === undefined
        ? skipped(name, "This carrier cannot be asked which numbers an account holds.")
        : warning(name, unsure, "Look for the number in the carrier's console.")
  }
})

/** Whether calls to the number are sent here, as far as we know: what the carrier was told last. Pure. */
export const webhook = (
  number: PhoneNumber,
  sync: NumberSync["Service"],
  configureInbound: TelephonyProvider["configureInbound"]
) => {
  const { address_normalized: address, sync_state } = number
  const { desired, last_error, observed } = sync_state
  const name = `${address}: its webhook`
  const resync = `POST ${pathOf(number)}/sync`
  const wanted = sync.wanted(number)
  if (wanted === null) return skipped(name, "Without an agent no webhook is wanted: the carrier sends no calls here.")
  if (configureInbound === undefined) {
    return skipped(
      name,
      `This carrier's webhooks cannot be set from here: calls must be sent to ${originOf(wanted)} by hand, to the address in the number's sync_state.`
    )
  }
  if (desired !== wanted) {
    return failed(
      name,
      `The carrier was told to send calls to ${originOf(desired ?? "") || "no address"}, but by PUBLIC_URL it is ${originOf(wanted)} now.`,
      `Tell the carrier the new address: ${resync}.`
    )
  }
  if (observed === desired) return ok(name, `The carrier was told to send calls for ${address} here.`)
  const why = last_error === null ? "" : ` The last try failed: ${last_error}`
  return failed(
    name,
    observed === UNKNOWN
      ? `It is not known whether the carrier sends calls for ${address} here.${why}`
      : `The carrier was not told yet to send calls for ${address} here.${why}`,
    last_error === null ? `Try again: ${resync}.` : `Mend that, then try again: ${resync}.`
  )
}

/** Whether somebody answers. */
export const answering = (organizationId: string, number: PhoneNumber, agents: Agents["Service"]) => {
  const { address_normalized: address, agent_id } = number
  const name = `${address}: its agent`
  if (agent_id === null) {
    return Effect.succeed(
      warning(name, `${address} has no agent: calls to it are refused.`, `Give it one: PUT ${pathOf(number)}.`)
    )
  }
  return agents.load(organizationId, agent_id).pipe(
    Effect.map((agent) => ok(name, `Calls to ${address} are answered by the agent "${agent.name}" (${agent.kind}).`)),
    Effect.catchTag("AgentNotFound", () =>
      Effect.succeed(
        failed(
          name,
          `The agent of ${address} cannot be used: its kind or its secrets cannot be read.`,
          `The log says why. Save agent ${agent_id} again, or give the number another one.`
        )
      )
    )
  )
}
