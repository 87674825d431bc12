import { Schema } from "effect"

const OptionalText = Schema.optionalKey(Schema.NullOr(Schema.String))
const OptionalFlag = Schema.optionalKey(Schema.NullOr(Schema.Boolean))
/** Whether the numbers of a record are JSON numbers or text is not documented: both are read. */
const OptionalFigure = Schema.optionalKey(Schema.NullOr(Schema.Union([Schema.Finite, Schema.String])))

/** The answer to a dial (Vobiz: Make a call). The id has had several names. */
export const PlacedCallAnswer = Schema.Struct({
  call_uuid: OptionalText,
  CallUUID: OptionalText,
  request_uuid: OptionalText,
  RequestUUID: OptionalText
})

/** A call that is up or queued (Vobiz: Retrieve a live call). */
export const LiveCall = Schema.Struct({ call_status: Schema.String, direction: OptionalText })
export type LiveCall = typeof LiveCall.Type

/** The record of a call that is over (Vobiz: Get CDR). `duration` includes the ringing, `billsec` does not. */
export const CallRecord = Schema.Struct({
  data: Schema.Struct({
    answer_time: OptionalText,
    billsec: OptionalFigure,
    total_cost: OptionalFigure,
    currency: OptionalText,
    hangup_cause: OptionalText,
    hangup_cause_code: OptionalFigure,
    hangup_source: OptionalText
  })
})
export type CallRecord = (typeof CallRecord.Type)["data"]

/** A number of the account (Vobiz: List account phone numbers). */
export const AccountNumber = Schema.Struct({
  e164: Schema.String,
  status: OptionalText,
  application_id: OptionalText,
  is_blocked: OptionalFlag,
  is_trial_number: OptionalFlag
})
export type AccountNumber = typeof AccountNumber.Type

export const NumberPage = Schema.Struct({
  items: Schema.Array(AccountNumber),
  total: Schema.optionalKey(Schema.NullOr(Schema.Finite))
})

/** An application: where the calls to its numbers are announced (Vobiz: Applications). */
export const Application = Schema.Struct({
  app_id: Schema.NonEmptyString,
  app_name: OptionalText,
  answer_url: OptionalText,
  hangup_url: OptionalText
})
export type Application = typeof Application.Type

export const CreatedApplication = Schema.Struct({ app_id: Schema.NonEmptyString })

/** The name of the list is not documented; `objects` is what the API that Vobiz follows calls it. */
export const ApplicationPage = Schema.Union([
  Schema.Struct({ objects: Schema.Array(Application) }),
  Schema.Struct({ items: Schema.Array(Application) })
])
