import { Schema } from "effect"
import type { AudioFormat } from "../../../src/Audio.ts"
import type { Serializer, TransportInfo, WireEvent } from "../../../src/Transport.ts"

/** A carrier for tests: control as small JSON texts, audio as binary messages. */
const Control = Schema.Union([
  Schema.Struct({ e: Schema.Literal("start"), call: Schema.String, account: Schema.optionalKey(Schema.String) }),
  Schema.Struct({ e: Schema.Literal("mark"), name: Schema.String }),
  Schema.Struct({ e: Schema.Literal("digit"), digit: Schema.String }),
  Schema.Struct({ e: Schema.Literals(["stop", "noise", "defect", "wait", "go"]) })
])
const decodeControl = Schema.decodeUnknownOption(Schema.fromJsonString(Control))

export const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

const infoOf = (call: string): TransportInfo => ({
  providerCallId: call,
  streamId: `stream-${call}`,
  incomingFormat: format,
  outgoingFormat: format,
  parameters: {}
})

const eventOf = (control: typeof Control.Type): WireEvent => {
  switch (control.e) {
    case "start":
      return {
        _tag: "Started",
        info: infoOf(control.call),
        ...(control.account === undefined ? {} : { accountId: control.account })
      }
    case "mark":
      return { _tag: "MarkReached", name: control.name }
    case "digit":
      return { _tag: "Digit", digit: control.digit }
    case "stop":
      return { _tag: "Stopped" }
    case "wait":
    case "go":
      return { _tag: "FlowControl", hold: control.e === "wait" }
    case "noise":
      return { _tag: "Ignored" }
    case "defect":
      return JSON.parse("{")
  }
}

export const serializer = (knows: { readonly marks: boolean; readonly digits: boolean }): Serializer => ({
  decode: ({ data, binary }) => {
    if (binary) return { _tag: "Audio", chunk: data }
    const control = decodeControl(new TextDecoder().decode(data))
    return control._tag === "Some" ? eventOf(control.value) : undefined
  },
  encode: () => (command) => {
    switch (command._tag) {
      case "Audio":
        return command.chunk
      case "Mark":
        return knows.marks ? JSON.stringify({ e: "mark", name: command.name }) : undefined
      case "Clear":
        return JSON.stringify({ e: "clear" })
      case "Digits":
        return knows.digits ? JSON.stringify({ e: "digits", digits: command.digits }) : undefined
    }
  }
})

export const start = (call = "call-1", account = "account-1") => JSON.stringify({ e: "start", call, account })
export const mark = (name: string) => JSON.stringify({ e: "mark", name })
export const stop = JSON.stringify({ e: "stop" })
