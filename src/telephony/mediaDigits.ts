import { Effect } from "effect"
import type { DigitsNotSent } from "../agents/AgentSpec.ts"
import type { Transport } from "../Transport.ts"
import { reference } from "./CarrierDesk.ts"
import type { AdmittedCall } from "./mediaAdmission.ts"

const notSupported: DigitsNotSent = {
  reason: "digits_not_supported",
  message: "This carrier cannot send digits into a call."
}

/** Presses keys on a call: in the media stream where the carrier's can, else by its API. Gives why that was not done. */
export const pressDigits = (
  { call, configuration }: AdmittedCall,
  transport: Transport,
  digits: string
): Effect.Effect<DigitsNotSent | undefined> => {
  if (transport.sendDigits !== undefined) return Effect.as(transport.sendDigits(digits), undefined)
  const { sendDigits } = configuration.provider
  if (sendDigits === undefined) return Effect.succeed(notSupported)
  return sendDigits({ ...reference(call), providerCallId: transport.info.providerCallId }, digits).pipe(
    Effect.as(undefined),
    Effect.catchTag("CarrierError", ({ message }) =>
      Effect.succeed<DigitsNotSent>({ reason: "digits_failed", message })
    )
  )
}
