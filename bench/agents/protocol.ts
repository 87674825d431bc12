import { Schema } from "effect"
import { AudioFormat } from "../../src/Audio.ts"

/** When a call's frames were sent or came, by their numbers; ms of the machine's clock. */
const Times = Schema.Record(
  Schema.String,
  Schema.Struct({ numbers: Schema.Array(Schema.Finite), at: Schema.Array(Schema.Finite) })
)
export type Times = typeof Times.Type

/** What the callers' process is told first. */
export const TalkOrder = Schema.Struct({ port: Schema.Finite, calls: Schema.Finite, provider: Schema.String })

/** What the callers have said and heard again since the last reset; round trips in ms. */
export const Talked = Schema.Struct({
  said: Times,
  echoed: Schema.Finite,
  roundTrips: Schema.Array(Schema.Finite),
  /** What the carrier said about a message that it does not take. */
  complaint: Schema.optionalKey(Schema.String)
})
export type Talked = typeof Talked.Type

/** What the agent has heard since the last reset. */
export const Heard = Schema.Struct({ heard: Times })

/** Asks the agent to say when it has exactly so many calls. */
export const AwaitOrder = Schema.Struct({ calls: Schema.Finite })

/** What the servers and the agent are started with. */
export const Arguments = Schema.Struct({
  kind: Schema.String,
  format: AudioFormat,
  /** The agent's address, for the servers. */
  agentUrl: Schema.String,
  /** The carrier whose wire format the callers speak, for the servers. */
  provider: Schema.String
})
export type Arguments = typeof Arguments.Type

const readArguments = Schema.decodeUnknownSync(Schema.fromJsonString(Arguments))

/** The arguments of this process. */
export const ownArguments = () => readArguments(process.argv[2])

/** Takes down when frames pass, from one reset to the next. */
export class TimeSheet {
  private calls = new Map<string, { numbers: Array<number>; at: Array<number> }>()

  reset() {
    this.calls = new Map()
  }

  note(call: string, number: number, at: number) {
    let times = this.calls.get(call)
    if (times === undefined) this.calls.set(call, (times = { numbers: [], at: [] }))
    times.numbers.push(number)
    times.at.push(Math.round(at * 1000) / 1000)
  }

  read(): Times {
    return Object.fromEntries(this.calls)
  }
}
