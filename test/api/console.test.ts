import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { WebSocket } from "ws"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { recordingsUntil } from "../recording/support/api.ts"
import { App, callsUntil, endOf, ours, setUp, speech, theirs } from "../support/app.ts"
import { temporaryFolder } from "../support/database.ts"

const app = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) => App.layer(simulator, "twilio", { SWITCHBOARD_RECORDINGS_DIR: folder }))
)
const Peaks = Schema.Struct({
  duration_ms: Schema.Int,
  caller: Schema.Array(Schema.Finite),
  agent: Schema.Array(Schema.Finite)
})
const Counts = Schema.Struct({ inbound: Schema.Int, outbound: Schema.Int, answered: Schema.Int, ended: Schema.Int })
const Overview = Schema.Struct({
  minutes: Schema.Int,
  calls: Schema.Array(Counts),
  answer_rate: Schema.NullOr(Schema.Finite),
  end_reasons: Schema.Array(Schema.Struct({ reason: Schema.String, owner: Schema.String, count: Schema.Int })),
  concurrent: Schema.Struct({ now: Schema.Int, limit: Schema.Int }),
  media: Schema.Struct({
    underruns: Schema.Int,
    frames_dropped: Schema.Int,
    event_loop_delay_p99_ms: Schema.Finite
  }),
  signature_failures: Schema.Array(Schema.Unknown)
})
const Key = Schema.Struct({ key: Schema.String })
const Ids = Schema.Struct({ calls: Schema.Array(Schema.Struct({ id: Schema.String })) })

/** Five seconds: long enough for somebody to come while it is said. */
const long = { ...speech, bytes: Uint8Array.from({ length: 40_000 }, (_, index) => 0x10 + (index % 97)) }

/** Listens in until the socket closes. */
const listen = (url: string, headers: Readonly<Record<string, string>>) => {
  const texts: Array<string> = []
  const audio: Array<Buffer> = []
  const socket = new WebSocket(url.replace("http", "ws"), { headers })
  socket.on("message", (data: Buffer, isBinary) => (isBinary ? audio.push(data) : texts.push(data.toString())))
  const code = new Promise<number>((resolve) => socket.on("close", resolve))
  const closed = Effect.promise(() => code)
  const refused = Effect.callback<number>((resume) => {
    socket.on("error", () => {})
    socket.on("unexpected-response", (_, response) => {
      resume(Effect.succeed(response.statusCode ?? 0))
      response.destroy()
    })
  })
  return { texts, audio, closed, refused }
}

/** How many samples of one side of 16-bit stereo are no silence; its first byte in a group is at `offset`. */
const soundIn = (audio: Buffer, offset: number) =>
  Array.from({ length: Math.floor(audio.length / 4) }, (_, n) => audio.readInt16LE(n * 4 + offset)).filter(
    (sample) => sample !== 0
  ).length

layer(app, { excludeTestServices: true })("what the console shows of calls", (it) => {
  it.effect("a live call can be listened to, its recording drawn, and found again; the overview counts it", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { agentId } = yield* setUp(app, { kind: "echo", settings: { recording: { enabled: true } } })
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: long })
      yield* call.until(({ media }) => media === "streaming")
      const [live] = yield* callsUntil(app, (calls) => calls.some(({ media_state }) => media_state === "streaming"))
      const id = live?.id ?? ""
      const url = `${app.url}/api/v1/telephony/calls/${id}/listen`
      const key = { "x-api-key": app.apiKey }

      const listener = listen(url, key)
      const made = yield* app.request("POST", "/api/v1/organizations/api-keys", { name: "V", role: "viewer" })
      const viewerKey = Schema.decodeUnknownSync(Key)(made.body).key
      const session = yield* Effect.promise(() =>
        fetch(`${app.url}/api/v1/session`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ api_key: app.apiKey })
        })
      )
      const cookie = session.headers.get("set-cookie")?.split(";")[0] ?? ""
      assert.notInclude(session.headers.get("set-cookie") ?? "", "Secure")
      const refusals: ReadonlyArray<readonly [number, string, Readonly<Record<string, string>>]> = [
        [401, url, {}],
        [401, url, { "x-api-key": "sb_wrong" }],
        [403, url, { "x-api-key": viewerKey }],
        [403, url, { cookie }],
        [403, url, { cookie, origin: "https://evil.example" }],
        [404, url.replace(id, crypto.randomUUID()), key]
      ]
      for (const [status, to, headers] of refusals) assert.strictEqual(yield* listen(to, headers).refused, status)
      const plain = yield* app.request("GET", `/api/v1/telephony/calls/${id}/listen`)
      assert.strictEqual(plain.status, 426)
      const byCookie = listen(url, { cookie, origin: app.url })
      // Both sides are heard: the caller left, the echo of it right.
      const sides = Effect.sync(() => [0, 2].map((offset) => soundIn(Buffer.concat(listener.audio), offset)))
      yield* Effect.repeat(Effect.delay(sides, "50 millis"), { until: (each) => each.every((count) => count > 2000) })
      yield* Effect.repeat(
        Effect.delay(
          Effect.sync(() => byCookie.audio.length),
          "50 millis"
        ),
        { until: (count) => count > 0 }
      )
      yield* call.hangUp
      assert.deepStrictEqual([yield* listener.closed, yield* byCookie.closed], [1000, 1000])
      assert.deepStrictEqual(JSON.parse(listener.texts.join()), {
        type: "format",
        encoding: "pcm_s16le",
        sample_rate: 8000,
        channels: 2
      })
      for (const message of listener.audio.slice(0, -1)) assert.isAtMost(message.length, 3200)

      yield* endOf(app, call.id)
      assert.strictEqual(yield* listen(url, key).refused, 409)
      const [recording] = yield* recordingsUntil(app, id, (all) => all.some(({ state }) => state === "ready"))
      const path = `/api/v1/telephony/calls/${id}/recordings/${recording?.id ?? ""}/peaks`
      const drawn = Schema.decodeUnknownSync(Peaks)((yield* app.request("GET", `${path}?buckets=50`)).body)
      assert.deepStrictEqual([drawn.caller.length, drawn.agent.length], [50, 50])
      assert.strictEqual(drawn.duration_ms, recording?.duration_ms)
      assert.isAbove(Math.max(...drawn.caller), 0.1)
      assert.strictEqual((yield* app.request("GET", `${path}?buckets=0`)).status, 400)

      const found = (query: string) =>
        Effect.map(app.request("GET", `/api/v1/telephony/calls?${query}`), ({ body }) =>
          Schema.decodeUnknownSync(Ids)(body).calls.map((each) => each.id)
        )
      for (const query of [
        "provider=twilio",
        `agent_id=${agentId}`,
        "end_reason=caller_hung_up",
        `search=${encodeURIComponent(theirs.slice(3, 9))}`,
        `search=${call.id.toLowerCase()}`
      ])
        assert.deepStrictEqual(yield* found(query), [id], query)
      for (const query of [
        "provider=other",
        `agent_id=${crypto.randomUUID()}`,
        "agent_id=x",
        "end_reason=busy",
        "search=%25",
        "search=_",
        "search=%5C",
        "search=%00",
        "direction=outbound"
      ])
        assert.deepStrictEqual(yield* found(query), [], query)

      const view = yield* app.request("GET", "/api/v1/telephony/overview?minutes=5")
      const overview = Schema.decodeUnknownSync(Overview)(view.body)
      assert.deepStrictEqual([overview.minutes, overview.calls.length, overview.answer_rate], [5, 5, 1])
      const sum = (of: keyof typeof Counts.Type) => overview.calls.reduce((total, minute) => total + minute[of], 0)
      assert.deepStrictEqual([sum("inbound"), sum("outbound"), sum("answered"), sum("ended")], [1, 0, 1, 1])
      assert.deepStrictEqual(overview.end_reasons, [{ reason: "caller_hung_up", owner: "caller", count: 1 }])
      assert.strictEqual(overview.concurrent.now, 0)
      assert.isAbove(overview.concurrent.limit, 0)
    })
  )
})
