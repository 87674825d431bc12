import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Queue, Result } from "effect"
import { type AudioFormat, bytesForMs, msOf, sameFormat } from "../../../src/Audio.ts"
import { converter } from "../../../src/audio/converter.ts"
import { readWav } from "../../../src/audio/wav.ts"
import * as providers from "../../../src/providers/index.ts"
import type { ProviderSpec } from "../../../src/ProviderSpec.ts"
import type {
  CallSnapshot,
  CarrierSimulator,
  SimulatedCall,
  SpokenAudio
} from "../../../src/simulator/SimulatorModule.ts"
import { warmUp } from "../../contract/world.ts"
import { App, endOf, ours, setUp, theirs } from "../../support/app.ts"
import { root } from "../../support/imports.ts"
import { until } from "../support/legs.ts"
import { openAiBot } from "./support/openAiBot.ts"
import { realtimeModel } from "./support/realtimeModel.ts"
import { similarity } from "./support/similarity.ts"
import { token } from "./support/streams.ts"

const mulaw8: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

/** Spoken English in the bot's format, and pieces of it that are nowhere alike. */
const wav = Result.getOrThrow(readWav(readFileSync(join(root, "test/fixtures/speech.wav"))))
const recording = converter(wav.format, mulaw8).convert(wav.data)
const spoken = (fromMs: number, ms: number): SpokenAudio => ({
  format: mulaw8,
  bytes: recording.slice(fromMs * 8, (fromMs + ms) * 8)
})
const callersWords = spoken(300, 1000)
const botsWords = spoken(2000, 1200)
const longSpeech = spoken(1000, 6000)
const lastWords = spoken(7500, 800)

const playedMs = ({ heard }: CallSnapshot) => msOf(heard.format, heard.played.length)
const clears = ({ mediaMessages }: CallSnapshot) => mediaMessages.filter(({ kind }) => kind === "clear")

const frameMs = 20
/** What a carrier's own buffer and a busy machine add to the moment at which a message is read, ms. */
const tolerance = 150
/** The package sends speech in pieces of so many ms, with a mark behind each. */
const piece = 100
/** On a busy machine marks come back late, which is no error of ours: one interruption of so many must be known in time. */
const attempts = 5

/** Byte for byte where both speak the same format, else as good as a change of rate lets it, which holds back the last 5 ms. */
const assertHeard = (said: SpokenAudio, heard: SpokenAudio) => {
  if (sameFormat(said.format, heard.format)) {
    assert.isTrue(Buffer.from(heard.bytes).includes(Buffer.from(said.bytes)), "not the same bytes")
  } else {
    const sure = { ...said, bytes: said.bytes.subarray(0, -bytesForMs(said.format, 5)) }
    assert.isAbove(similarity(sure, heard), 0.99)
  }
}
const heardBy = ({ heard }: CallSnapshot): SpokenAudio => ({ format: heard.format, bytes: heard.played })

/** The service with a carrier's simulator, and a bot of OpenAI's own making behind its number. */
class Bot extends Context.Service<
  Bot,
  Effect.Success<typeof App> & {
    readonly model: Effect.Success<ReturnType<typeof realtimeModel>>
    readonly bot: Effect.Success<ReturnType<typeof openAiBot>>
  }
>()("test/OpenAiBot") {
  static readonly layer = (spec: ProviderSpec, simulator: CarrierSimulator) =>
    Layer.effect(
      Bot,
      Effect.gen(function* () {
        const app = yield* App
        const model = yield* realtimeModel()
        const bot = yield* openAiBot({ token, modelUrl: model.url })
        yield* setUp(app, {
          kind: "twilio-stream",
          settings: { url: bot.url, secret: token, parameters: ["plan=gold"] }
        })
        const first = yield* Effect.repeat(warmUp(app), {
          until: (call): call is SimulatedCall => call !== undefined,
          times: 60
        })
        if (first === undefined) return yield* Effect.die("No call gets through.")
        yield* Queue.take(bot.calls)
        yield* Queue.take(model.conversations)
        yield* first.hangUp
        yield* endOf(app, first.id)
        return Bot.of({ ...app, model, bot })
      })
    ).pipe(Layer.provide(App.layer(simulator, spec.name)))
}

/** A call that the bot took: the caller's side, the bot's, and the model's. */
const called = Effect.fnUntraced(function* () {
  const { bot, carrier, model } = yield* Bot
  const call = yield* carrier.placeInbound({ from: theirs, to: ours })
  const taken = yield* Queue.take(bot.calls)
  const conversation = yield* Queue.take(model.conversations)
  yield* call.until(({ media }) => media === "streaming")
  return { call, taken, conversation }
})

const events = (messages: ReadonlyArray<Readonly<Record<string, unknown>>>, event: string) =>
  messages.filter((message) => message["event"] === event)
const marksBack = (messages: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
  events(messages, "mark").map(({ mark }) => Reflect.get(Object(mark), "name"))

/** The bot talks for long and is interrupted: how far what it knows of what was heard is from the truth, ms. */
const interrupted = Effect.fnUntraced(function* ({
  call,
  conversation
}: Pick<Effect.Success<ReturnType<typeof called>>, "call" | "conversation">) {
  const before = yield* call.now
  const speech = yield* conversation.say(longSpeech.bytes)
  yield* call.until((now) => playedMs(now) >= playedMs(before) + 700)
  yield* conversation.noticeSpeech
  const clearOf = (now: CallSnapshot) => clears(now)[clears(before).length]
  const silenced = yield* call.until((now) => {
    const atMs = clearOf(now)?.atMs
    return atMs !== undefined && msOf(now.heard.format, now.heard.timeline.length) > atMs + 400
  })
  assert.isAtMost(silenced.heard.spans.at(-1)?.endMs ?? 0, (clearOf(silenced)?.atMs ?? 0) + frameMs + tolerance)
  yield* until(() => conversation.truncated().has(speech))
  return Math.abs((conversation.truncated().get(speech) ?? 0) - (playedMs(silenced) - playedMs(before)))
})

const carriers: ReadonlyArray<ProviderSpec> = [providers.twilio.spec, providers.vonage.spec, providers.ari.spec]

for (const spec of carriers) {
  const module = await spec.simulator?.()
  if (module === undefined) continue
  layer(Bot.layer(spec, module.simulator), { excludeTestServices: true, timeout: "60 seconds" })(
    `OpenAI's bot for Twilio on calls over ${spec.name}`,
    (it) => {
      it.effect("hears the caller, and is heard", () =>
        Effect.gen(function* () {
          const bot = yield* Bot
          const { call, conversation, taken } = yield* called()
          assert.include(conversation.session(), "audio/pcmu")
          yield* call.say(callersWords)
          const { heard, said } = yield* call.until((now) => !now.speaking && now.said.length > 0)
          yield* until(() => conversation.heard().length >= callersWords.bytes.length + 4000)
          assertHeard({ format: heard.format, bytes: said }, { format: mulaw8, bytes: conversation.heard() })

          yield* conversation.say(botsWords.bytes)
          const now = yield* call.until((later) => playedMs(later) >= 1200)
          assertHeard(botsWords, heardBy(now))
          // What was heard is over for the bot, too: its marks are back, and there is nothing to interrupt any more.
          yield* until(() => marksBack(taken.received).length === taken.marks.length)
          assert.strictEqual(taken.marks.length, 13)
          assert.deepStrictEqual(marksBack(taken.received), [...taken.marks])
          yield* conversation.noticeSpeech
          yield* conversation.say(lastWords.bytes)
          const end = yield* call.until((later) => playedMs(later) >= 2000)
          assert.deepStrictEqual(clears(end), [])
          assert.strictEqual(conversation.truncated().size, 0)

          yield* call.hangUp
          yield* until(() => !conversation.isOpen() && !taken.isOpen())
          assert.strictEqual(events(taken.received, "stop").length, 1)
          assert.strictEqual(taken.received.at(-1)?.["event"], "stop")
          assert.strictEqual((yield* endOf(bot, call.id)).end_reason, "caller_hung_up")
          assert.deepStrictEqual(taken.errors, [])
        })
      )

      it.effect("silences the phone when its caller interrupts it, knows what was heard, and goes on", () =>
        Effect.gen(function* () {
          const bot = yield* Bot
          const { call, conversation, taken } = yield* called()
          const off = yield* Effect.repeat(interrupted({ call, conversation }), {
            until: (ms) => ms <= piece + tolerance,
            times: attempts - 1
          })
          assert.isAtMost(off, piece + tolerance)
          yield* until(() => marksBack(taken.received).length === taken.marks.length)
          assert.deepStrictEqual(marksBack(taken.received), [...taken.marks])

          const before = playedMs(yield* call.now)
          yield* conversation.say(lastWords.bytes)
          const now = yield* call.until((later) => playedMs(later) >= before + 800)
          // Its first frame is faded in: what was cut off must not click.
          const rest = { ...lastWords, bytes: lastWords.bytes.subarray(frameMs * 8) }
          assertHeard(rest, heardBy(now))

          yield* Effect.sync(() => taken.socket.close())
          assert.deepInclude(yield* endOf(bot, call.id), { end_reason: "agent_ended", end_owner: "agent" })
          assert.deepStrictEqual(taken.errors, [])
          assert.deepStrictEqual((yield* call.settled).errors, [])
        })
      )

      it.effect("is told what call it is, and of the keys that the caller presses", () =>
        Effect.gen(function* () {
          const bot = yield* Bot
          const { call, taken } = yield* called()
          yield* call.pressDigits("7#")
          yield* until(() => events(taken.received, "dtmf").length === 2)
          assert.deepStrictEqual(
            events(taken.received, "dtmf").map(({ dtmf }) => dtmf),
            [
              { track: "inbound_track", digit: "7" },
              { track: "inbound_track", digit: "#" }
            ]
          )
          yield* call.hangUp
          const row = yield* endOf(bot, call.id)
          yield* until(() => !taken.isOpen())
          const [started] = events(taken.received, "start")
          const start = Object(started?.["start"])
          assert.deepInclude(start.customParameters, {
            call_id: row.id,
            direction: "inbound",
            from: row.from,
            to: row.to,
            provider: spec.name,
            plan: "gold"
          })
          assert.strictEqual(start.callSid, `CA${row.id.replaceAll("-", "")}`)
        })
      )
    }
  )
}
