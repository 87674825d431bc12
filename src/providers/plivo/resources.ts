import { Schema } from "effect"

const OptionalText = Schema.optionalKey(Schema.NullOr(Schema.String))
const OptionalFlag = Schema.optionalKey(Schema.NullOr(Schema.Boolean))

/** Plivo writes some figures as numbers and some as text. */
const OptionalFigure = Schema.optionalKey(Schema.NullOr(Schema.Union([Schema.String, Schema.Finite])))

/** The answer to a dial. Which of the ids is there has changed over time. */
export const FiredCall = Schema.Struct({
  message: Schema.optionalKey(Schema.String),
  request_uuid: Schema.optionalKey(Schema.NonEmptyString),
  call_uuid: Schema.optionalKey(Schema.NonEmptyString),
  call_uuids: Schema.optionalKey(Schema.Array(Schema.NonEmptyString))
})

/** A call that rings or is up (Plivo: Live call), or waits (Queued call). `session_start` is in UTC, without saying so. */
export const LiveCall = Schema.Struct({
  call_status: Schema.String,
  call_uuid: Schema.NonEmptyString,
  direction: OptionalText,
  from: OptionalText,
  to: OptionalText,
  request_uuid: OptionalText,
  session_start: OptionalText
})
export type LiveCall = typeof LiveCall.Type

export const LiveCalls = Schema.Struct({ calls: Schema.Array(Schema.NonEmptyString) })

/** A call that is over (Plivo: Call detail record). Durations are in seconds; there is no currency. */
export const CallRecord = Schema.Struct({
  call_uuid: Schema.NonEmptyString,
  call_state: OptionalText,
  from_number: OptionalText,
  to_number: OptionalText,
  initiation_time: OptionalText,
  answer_time: OptionalText,
  call_duration: OptionalFigure,
  hangup_cause_code: OptionalFigure,
  hangup_cause_name: OptionalText,
  hangup_source: OptionalText,
  total_amount: OptionalFigure
})
export type CallRecord = typeof CallRecord.Type

export const CallRecords = Schema.Struct({ objects: Schema.Array(CallRecord) })

/** A number of the account. `application` is the path of an application, or of a SIP trunk. */
export const PhoneNumber = Schema.Struct({
  number: Schema.String,
  application: OptionalText,
  voice_enabled: OptionalFlag
})
export type PhoneNumber = typeof PhoneNumber.Type

/** A voice application: it has the URLs that a number is answered by. */
export const Application = Schema.Struct({
  app_id: Schema.NonEmptyString,
  app_name: OptionalText,
  answer_url: OptionalText,
  answer_method: OptionalText,
  hangup_url: OptionalText,
  hangup_method: OptionalText
})
export type Application = typeof Application.Type

export const ApplicationList = Schema.Struct({ objects: Schema.Array(Application) })
export const CreatedApplication = Schema.Struct({ app_id: Schema.NonEmptyString })

export const Account = Schema.Struct({
  account_type: OptionalText,
  cash_credits: OptionalFigure,
  auto_recharge: OptionalFlag
})
