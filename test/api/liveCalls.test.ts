import { assert, layer } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { CallLevel } from "../../src/telephony/CallCommands.ts"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, endOf, ours, setUp, speech, theirs } from "../support/app.ts"
import { ask } from "../support/service.ts"

interface Event {
  readonly event: string
  readonly data: unknown
}

const LiveCall = Schema.Struct({
  id: Schema.String,
  status: Schema.String,
  media_state: Schema.String,
  end_reason: Schema.NullOr(Schema.String)
})
const Levels = Schema.Struct({ levels: Schema.Array(CallLevel) })
const callIn = ({ data }: Event) => Option.getOrUndefined(Schema.decodeUnknownOption(LiveCall)(data))
const levelsIn = ({ data }: Event) =>
  Option.getOrElse(Schema.decodeUnknownOption(Levels)(data), () => ({ levels: [] })).levels

/** Reads server-sent events until the scope closes. */
const follow = Effect.fnUntraced(function* (url: string, apiKey: string) {
  const events: Array<Event> = []
  const leaving = new AbortController()
  yield* Effect.addFinalizer(() => Effect.sync(() => leaving.abort()))
  const response = yield* Effect.promise(() =>
    fetch(`${url}/api/v1/telephony/calls/live`, { headers: { "x-api-key": apiKey }, signal: leaving.signal })
  )
  assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
  const read = async () => {
    let rest = ""
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + text).split("\n\n")
      rest = blocks.pop() ?? ""
      for (const block of blocks) {
        const event = /^event: (.*)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (event !== undefined) events.push({ event, data: JSON.parse(data ?? "null") })
      }
    }
  }
  yield* Effect.forkScoped(Effect.ignore(Effect.tryPromise(read)))
  const until = (is: (event: Event) => boolean) =>
    Effect.repeat(
      Effect.delay(
        Effect.sync(() => events.find(is)),
        "20 millis"
      ),
      { until: (found) => found !== undefined }
    )
  return { events, until }
})

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("the organization's calls, live", (it) => {
  it.effect("are told as they begin, change and end, with levels while their media is open", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* setUp(app)
      const early = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      yield* early.until(({ media }) => media === "streaming")
      const live = yield* follow(app.url, app.apiKey)
      yield* live.until(({ event }) => event === "ready")
      const [first] = live.events
      assert.strictEqual(first?.event, "call")
      const firstId = callIn(first ?? { event: "", data: null })?.id
      assert.strictEqual(live.events[1]?.event, "ready")

      const late = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      const begun = yield* live.until((event) => event.event === "call" && callIn(event)?.id !== firstId)
      const id = callIn(begun ?? { event: "", data: null })?.id ?? ""
      yield* live.until((event) => callIn(event)?.id === id && callIn(event)?.media_state === "streaming")
      const heard = yield* live.until((event) =>
        levelsIn(event).some(({ call_id, caller_dbfs }) => call_id === id && caller_dbfs !== null)
      )
      const level = levelsIn(heard ?? { event: "", data: null }).find(({ call_id }) => call_id === id)
      assert.isAtMost(level?.caller_dbfs ?? 1, 0)
      assert.isAtLeast(level?.caller_dbfs ?? -100, -60)
      yield* live.until((event) => levelsIn(event).some((each) => each.call_id === id && each.agent_dbfs !== null))
      yield* late.hangUp
      yield* live.until((event) => callIn(event)?.id === id && callIn(event)?.end_reason !== null)
      yield* early.hangUp
      yield* endOf(app, early.id)
    })
  )

  it.effect("are not told to strangers", () =>
    Effect.gen(function* () {
      const app = yield* App
      const nobody = yield* ask(`${app.url}/api/v1/telephony/calls/live`, {})
      assert.strictEqual(nobody.status, 401)
    })
  )
})
