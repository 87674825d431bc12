import { randomBytes } from "node:crypto"
import { Effect, Option, Queue, Schema } from "effect"
import { makeServiceApi } from "../../scripts/simulate/ServiceApi.ts"
import { startThrowAwayService } from "../../scripts/simulate/throwAwayService.ts"
import { msOf } from "../../src/Audio.ts"
import type {
  CallSnapshot,
  CarrierSimulator,
  FakeCarrier,
  SimulatedCall,
  SimulatorOptions,
  SpokenAudio
} from "../../src/simulator/SimulatorModule.ts"
import { agentFormat, type Conversation, talkingAgent } from "./agent.ts"

/** The person on the phone, and our number (both reserved for fiction). */
const person = "+442079460958"
const ours = "+14155550123"

/** What the agent says, and how much of it is heard before the person speaks over it, ms. */
const talkMs = 4000
const listenedMs = 700
/** How long nothing must be heard before the silence is believed, ms: longer than any carrier's buffer holds of ours. */
const silenceMs = 1000
/** Switchboard sends audio in messages of so many ms to every carrier. */
const messageMs = 20
const limit = "30 seconds"

/** What the person says: longer than one frame, so that every carrier's first message of it is loud. */
const interjection: SpokenAudio = {
  format: agentFormat,
  bytes: Uint8Array.from({ length: 2400 }, (_, index) => 0x10 + (index % 97))
}

/** No call got through, or one came to an end; the message says what became of it. */
export class NotInterrupted extends Schema.TaggedError<NotInterrupted>()("NotInterrupted", {
  message: Schema.String
}) {}

/** One interruption, ms. */
export interface Interruption {
  /** From the agent's `clear` to the moment from which the person hears nothing. */
  readonly toSilence: number
  /** From the agent's `clear` to the carrier's reading of it. */
  readonly toCarrier: number
  /** How much was still heard after the carrier had read it. */
  readonly heardAfter: number
  /** Messages with audio that came to the carrier after it, before the agent spoke again. */
  readonly audioAfter: number
  /** What the carrier had and the phone had not played when it read the clear: so much would be heard if it were not flushed. */
  readonly ahead: number
}

const streamMs = ({ heard }: CallSnapshot) => msOf(heard.format, heard.timeline.length)

const heardMs = ({ heard }: CallSnapshot, untilMs = Number.POSITIVE_INFINITY) =>
  heard.spans.reduce((sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, untilMs) - startMs), 0)

const audioIn = (messages: CallSnapshot["mediaMessages"]) => messages.filter(({ kind }) => kind === "audio").length

/** The agent talks, the person speaks over it, the agent is silenced. */
const interrupt = Effect.fnUntraced(function* (call: SimulatedCall, conversation: Conversation) {
  const before = yield* call.now
  yield* conversation.talk(talkMs)
  yield* call.until((now) => heardMs(now) >= heardMs(before) + listenedMs)
  yield* call.say(interjection)
  yield* conversation.interrupted
  const interrupted = yield* call.now
  yield* conversation.clear
  const clearedAt = streamMs(interrupted)
  yield* conversation.cleared
  const isClear = ({ kind }: CallSnapshot["mediaMessages"][number], index: number) =>
    kind === "clear" && index >= before.mediaMessages.length
  const after = yield* call.until(
    (now) => now.mediaMessages.some(isClear) && !now.speaking && streamMs(now) > clearedAt + silenceMs
  )
  const at = after.mediaMessages.findIndex(isClear)
  const readAt = after.mediaMessages[at]?.atMs ?? Number.NaN
  const silentFrom = after.heard.spans.at(-1)?.endMs ?? Number.NaN
  const sent = audioIn(after.mediaMessages.slice(before.mediaMessages.length, at)) * messageMs
  const interruption: Interruption = {
    toSilence: Math.max(0, silentFrom - clearedAt),
    toCarrier: readAt - clearedAt,
    heardAfter: Math.max(0, silentFrom - readAt),
    audioAfter: audioIn(after.mediaMessages.slice(at)),
    ahead: sent - (heardMs(after, readAt) - heardMs(before))
  }
  return interruption
})

const told = ({ errors, media, notes, state }: CallSnapshot) =>
  [`it was ${state}, its media ${media}`, ...errors, ...notes].join("; ")

/** A call that the agent took. A carrier whose calls are told over a connection of ours takes none before that connection stands. */
const answered = Effect.fnUntraced(function* (carrier: FakeCarrier, conversations: Queue.Dequeue<Conversation>) {
  yield* Queue.clear(conversations)
  const call = yield* carrier.placeInbound({ from: person, to: ours })
  const conversation = yield* Effect.timeoutOption(Queue.take(conversations), "3 seconds")
  if (Option.isSome(conversation)) {
    yield* Effect.timeoutOption(
      call.until(({ media }) => media === "streaming"),
      limit
    )
    return { call, conversation: conversation.value }
  }
  yield* call.hangUp
  return { call, conversation: undefined }
})

/**
 * Starts a service in a process of its own before a provider's fake carrier, with an agent of this process behind it, and has a
 * person interrupt that agent so many times in one call.
 */
export const interruptions = Effect.fnUntraced(function* (
  { name, simulator }: { readonly name: string; readonly simulator: CarrierSimulator },
  rounds: number,
  options: SimulatorOptions
) {
  const carrier = yield* simulator.start(options)
  const { apiKey, url } = yield* startThrowAwayService(name, carrier.baseUrl)
  yield* carrier.setMediaUrl?.(`${url.replace(/^http/, "ws")}/api/v1/telephony/ws`) ?? Effect.void
  const agent = yield* talkingAgent
  const api = yield* makeServiceApi(url, apiKey)
  const label = `barge-in-${randomBytes(4).toString("hex")}`
  const { encoding, sampleRate } = agentFormat
  const settings = { url: agent.url, encoding, sample_rate: sampleRate }
  const agentId = yield* api.createAgent(label, { kind: "websocket", settings })
  const configurationId = yield* api.createConfiguration(label, { provider: name, ...carrier.credentials })
  yield* carrier.setPasses?.(() => Effect.orDie(api.phonePass(configurationId, agentId))) ?? Effect.void
  yield* carrier.ownNumber(ours)
  yield* api.createNumber(configurationId, ours, agentId)
  const { call, conversation } = yield* answered(carrier, agent.conversations).pipe(
    Effect.repeat({ until: ({ conversation }) => conversation !== undefined, times: 15 })
  )
  if (conversation === undefined) {
    return yield* new NotInterrupted({ message: `No call gets through: ${told(yield* call.now)}.` })
  }
  const found: Array<Interruption> = []
  for (let round = 0; round < rounds; round++) {
    const interruption = yield* Effect.timeoutOption(interrupt(call, conversation), limit)
    if (Option.isNone(interruption)) {
      return yield* new NotInterrupted({ message: `The call broke off: ${told(yield* call.now)}.` })
    }
    found.push(interruption.value)
  }
  yield* call.hangUp
  yield* Effect.timeoutOption(call.settled, limit)
  return found
}, Effect.scoped)
