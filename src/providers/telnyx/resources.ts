import { Schema } from "effect"

const OptionalText = Schema.optionalKey(Schema.NullOr(Schema.String))

/** The answer to a dial (Telnyx: Dial). */
export const Dialled = Schema.Struct({ call_control_id: Schema.NonEmptyString })

/** A call, until ten minutes after its end (Telnyx: Retrieve a call status). It has no word for its state. */
export const CallResource = Schema.Struct({
  call_control_id: OptionalText,
  is_alive: Schema.Boolean,
  call_duration: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  end_time: OptionalText
})
export type CallResource = typeof CallResource.Type

/** A call that is up, in an application's list (Telnyx: List all active calls for given connection). */
export const ActiveCall = Schema.Struct({ call_control_id: Schema.NonEmptyString, client_state: OptionalText })
export type ActiveCall = typeof ActiveCall.Type

/** A conference (Telnyx: Create conference). The answer to a repeated command may lack it. */
export const Conference = Schema.Struct({ id: OptionalText })
export const Conferences = Schema.Struct({
  data: Schema.Array(Schema.Struct({ id: Schema.NonEmptyString, name: Schema.String, status: OptionalText }))
})

/** A Voice API application, whose id is the connection id (Telnyx: Call Control Applications). */
export const Application = Schema.Struct({
  id: Schema.NonEmptyString,
  application_name: Schema.String,
  active: Schema.optionalKey(Schema.NullOr(Schema.Boolean)),
  webhook_event_url: OptionalText,
  webhook_api_version: OptionalText,
  call_cost_in_webhooks: Schema.optionalKey(Schema.NullOr(Schema.Boolean)),
  outbound: Schema.optionalKey(
    Schema.NullOr(
      Schema.Struct({
        channel_limit: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
        outbound_voice_profile_id: OptionalText
      })
    )
  )
})
export type Application = typeof Application.Type

export const OutboundVoiceProfile = Schema.Struct({ id: Schema.NonEmptyString })

/** A number of the account (Telnyx: Phone Numbers). */
export const PhoneNumber = Schema.Struct({
  id: Schema.NonEmptyString,
  phone_number: Schema.String,
  status: OptionalText,
  connection_id: OptionalText
})
export type PhoneNumber = typeof PhoneNumber.Type

/** Whether the account has money (Telnyx: Retrieve user balance). Only that it could be read matters. */
export const Balance = Schema.Struct({ currency: OptionalText })
