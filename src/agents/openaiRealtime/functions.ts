import { Effect, Result, Schema } from "effect"
import type { AgentCall, CallLine, NotDone } from "../AgentSpec.ts"
import type { RealtimeSettings } from "./settings.ts"
import { toolsOf } from "./session.ts"
import { callTool, type WebhookPorts } from "./webhook.ts"

/** A call of a function by the model: its name, the API's id of it, and its arguments as JSON text. */
export interface FunctionCall {
  readonly name: string
  readonly callId: string
  readonly arguments: string
}

/** What came of a function call: the output for the model, and whether it was done. */
export interface Outcome {
  readonly output: string
  readonly isDone: boolean
}

const TransferArguments = Schema.Struct({
  destination: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(256)),
  announcement: Schema.optionalKey(Schema.NullOr(Schema.String.check(Schema.isMaxLength(500))))
})
const DigitArguments = Schema.Struct({
  digits: Schema.String.check(Schema.isPattern(/^[0-9A-D*#wW]{1,64}$/))
})

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Json))
const decodeTransfer = Schema.decodeUnknownResult(Schema.fromJsonString(TransferArguments))
const decodeDigits = Schema.decodeUnknownResult(Schema.fromJsonString(DigitArguments))

const done = (facts: Readonly<Record<string, string>>): Outcome => ({
  output: JSON.stringify({ ok: true, ...facts }),
  isDone: true
})
/** The output of a function that was not carried out. */
export const failed = (reason: string, message: string): Outcome => ({
  output: JSON.stringify({ ok: false, reason, message }),
  isDone: false
})
const refused = ({ message, reason }: NotDone) => failed(reason, message)
const badArguments = (message: string) => Effect.succeed(failed("invalid_arguments", message))

/** What the model's functions act on, beside what `end_call` does, which is the leg's own. */
export interface FunctionPorts {
  readonly call: AgentCall
  readonly settings: RealtimeSettings
  readonly line: Pick<CallLine, "press" | "transfer">
  readonly webhook: WebhookPorts
}

/** Gives what carries out a function call. It does not fail: what goes wrong is the function's output. */
export const makeFunctions = ({ call, line, settings, webhook }: FunctionPorts) => {
  const tools = new Map(toolsOf(settings).map((tool) => [tool.name, tool]))

  const transfer = (text: string) => {
    const wish = decodeTransfer(text)
    if (Result.isFailure(wish)) return badArguments("The destination is a text of at most 256 characters.")
    const { announcement, destination } = wish.success
    const said = announcement === undefined || announcement === null || announcement === "" ? {} : { announcement }
    return Effect.map(line.transfer({ destination, ...said }), (why) =>
      why === undefined
        ? done({ state: "dialing", message: "The destination is being called. You are told if that fails." })
        : refused(why)
    )
  }

  const press = (text: string) => {
    const keys = decodeDigits(text)
    if (Result.isFailure(keys)) return badArguments("Digits are 1 to 64 of 0-9, A-D, *, #, w and W.")
    return Effect.map(line.press(keys.success.digits), (why) => (why === undefined ? done({}) : refused(why)))
  }

  const post = (url: string, { arguments: text, callId, name }: FunctionCall) => {
    const given = decodeJson(text.trim() === "" ? "{}" : text)
    if (Result.isFailure(given)) return badArguments("The arguments are not JSON.")
    const message = { call_id: call.id, tool_call_id: callId, name, arguments: given.success }
    return callTool(webhook, url, message).pipe(
      Effect.map((output): Outcome => ({ output, isDone: true })),
      Effect.catchTag("ToolFailed", ({ message: why }) => Effect.succeed(failed("tool_failed", why)))
    )
  }

  return (wanted: FunctionCall): Effect.Effect<Outcome> => {
    if (wanted.name === "transfer_call" && settings.allow_transfer === true) return transfer(wanted.arguments)
    if (wanted.name === "send_digits" && settings.allow_digits === true) return press(wanted.arguments)
    const tool = tools.get(wanted.name)
    return tool === undefined
      ? Effect.succeed(failed("unknown_function", "There is no such function."))
      : post(tool.url, wanted)
  }
}
