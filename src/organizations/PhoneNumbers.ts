import { Context, type Effect, type Option } from "effect"
import type { SqlError } from "effect/sql/SqlError"

/** An active number as the call path needs it. */
export interface AttachedNumber {
  readonly id: string
  readonly address: string
  readonly addressType: "pstn" | "sip_uri" | "sip_extension"
  readonly agentId: string | undefined
}

/** Look-ups of phone numbers on the call path. Addresses are read leniently and compared in canonical form. */
export class PhoneNumbers extends Context.Service<
  PhoneNumbers,
  {
    /** The active number of a configuration that was called. */
    readonly called: (
      configurationId: string,
      address: string
    ) => Effect.Effect<Option.Option<AttachedNumber>, SqlError>
    /** The caller id of an outbound call: the explicit one, else the default, else any active one. */
    readonly callerId: (
      configurationId: string,
      phoneNumberId?: string
    ) => Effect.Effect<Option.Option<AttachedNumber>, SqlError>
  }
>()("switchboard/PhoneNumbers") {}
