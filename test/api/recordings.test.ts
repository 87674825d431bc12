import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import * as fc from "fast-check"
import { SqlClient } from "effect/sql"
import { byteRange } from "../../src/api/byteRange.ts"
import { ApiKeys } from "../../src/organizations/ApiKeys.ts"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, callsUntil, createdId, endOf, ours, setUp, speech, theirs } from "../support/app.ts"
import { temporaryFolder } from "../support/database.ts"
import { ask } from "../support/service.ts"
import { download, recordingsOf, recordingsUntil } from "../recording/support/api.ts"

describe("a range of bytes", () => {
  it("is read as RFC 9110 has it", () => {
    const cases: ReadonlyArray<readonly [string | undefined, ReturnType<typeof byteRange>]> = [
      [undefined, undefined],
      ["bytes=0-0", { offset: 0, length: 1 }],
      ["bytes=10-19", { offset: 10, length: 10 }],
      ["bytes=90-", { offset: 90, length: 10 }],
      ["bytes=90-1000", { offset: 90, length: 10 }],
      ["bytes=-10", { offset: 90, length: 10 }],
      ["bytes=-1000", { offset: 0, length: 100 }],
      ["BYTES=0-9", { offset: 0, length: 10 }],
      ["bytes=100-", "unsatisfiable"],
      ["bytes=-0", "unsatisfiable"],
      ["bytes=9-8", undefined],
      ["bytes=0-1,5-6", undefined],
      ["bytes=-", undefined],
      ["lines=0-1", undefined]
    ]
    for (const [header, expected] of cases) assert.deepStrictEqual(byteRange(header, 100), expected, header)
  })

  it("never leaves the file, whatever the header says", () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.nat()).map(([from, to]) => `bytes=${from}-${to}`),
      fc.nat().map((from) => `bytes=${from}-`),
      fc.nat().map((length) => `bytes=-${length}`)
    )
    fc.assert(
      fc.property(header, fc.nat(), (text, size) => {
        const range = byteRange(text, size)
        if (range === undefined || range === "unsatisfiable") return
        assert.isAtLeast(range.offset, 0)
        assert.isAbove(range.length, 0)
        assert.isAtMost(range.offset + range.length, size)
      })
    )
  })
})

const app = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) => App.layer(simulator, "twilio", { SWITCHBOARD_RECORDINGS_DIR: folder }))
)

const Key = Schema.Struct({ key: Schema.String })
const Problem = Schema.Struct({ code: Schema.String })
const codeOf = ({ body }: { readonly body: unknown }) =>
  Option.getOrUndefined(Schema.decodeUnknownOption(Problem)(body))?.code

layer(app, { excludeTestServices: true })("the recordings of the API", (it) => {
  it.effect("are begun, listed, downloaded, deleted, each by who may, and found in one's own organization only", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* setUp(app)
      const keyOf = Effect.fnUntraced(function* (role: string) {
        const { body } = yield* app.request("POST", "/api/v1/organizations/api-keys", { name: role, role })
        return Schema.decodeUnknownSync(Key)(body).key
      })
      const stranger = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const keys = yield* ApiKeys
        const organizationId = crypto.randomUUID()
        yield* sql`INSERT INTO organizations (id, name) VALUES (${organizationId}, 'Another one')`
        return Redacted.value((yield* keys.create(organizationId, { name: "admin", role: "admin" })).key)
      }).pipe(Effect.provide(app.context))
      const [operator, viewer, other] = [yield* keyOf("operator"), yield* keyOf("viewer"), yield* stranger]
      const as = (apiKey: string) => (method: string, path: string, body?: unknown) =>
        ask(`${app.url}/api/v1/telephony/calls/${path}`, {
          method,
          headers: { "x-api-key": apiKey, ...(body === undefined ? {} : { "content-type": "application/json" }) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) })
        })

      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      yield* call.until((now) => now.heard.played.length > 0)
      const [row] = yield* callsUntil(app, (calls) => calls.some(({ media_state }) => media_state === "streaming"))
      const id = row?.id ?? ""

      assert.strictEqual((yield* as(viewer)("POST", `${id}/recording`, { action: "start" })).status, 403)
      assert.strictEqual((yield* as(other)("POST", `${id}/recording`, { action: "start" })).status, 404)
      const wrong = yield* as(operator)("POST", `${id}/recording`, { action: "burn" })
      assert.deepStrictEqual([wrong.status, codeOf(wrong)], [422, "validation_failed"])
      const early = yield* as(operator)("POST", `${id}/recording`, { action: "pause" })
      assert.deepStrictEqual([early.status, codeOf(early)], [409, "recording_refused"])
      const began = yield* as(operator)("POST", `${id}/recording`, { action: "start" })
      assert.strictEqual(began.status, 200, JSON.stringify(began.body))
      const [recording] = yield* recordingsOf(app, id)
      const rid = recording?.id ?? ""
      assert.deepInclude(recording, { state: "recording", duration_ms: null, bytes: null })
      const live = yield* as(app.apiKey)("DELETE", `${id}/recordings/${rid}`)
      assert.deepStrictEqual([live.status, codeOf(live)], [409, "still_recording"])

      yield* call.hangUp
      yield* endOf(app, call.id)
      yield* recordingsUntil(app, id, ([one]) => one?.state === "ready")
      const over = yield* as(operator)("POST", `${id}/recording`, { action: "start" })
      assert.deepStrictEqual([over.status, codeOf(over)], [409, "call_over"])

      assert.strictEqual((yield* as(viewer)("GET", `${id}/recordings`)).status, 200)
      assert.strictEqual((yield* download({ ...app, apiKey: viewer }, id, rid)).status, 403)
      const whole = yield* download({ ...app, apiKey: operator }, id, rid)
      assert.deepStrictEqual(
        [whole.status, whole.headers.get("accept-ranges"), whole.headers.get("cache-control")],
        [200, "bytes", "private, no-store"]
      )
      const part = yield* download(app, id, rid, { range: "bytes=44-143" })
      assert.deepStrictEqual(
        [part.status, part.headers.get("content-range"), part.headers.get("content-length")],
        [206, `bytes 44-143/${whole.bytes.length}`, "100"]
      )
      assert.deepStrictEqual(part.bytes, whole.bytes.slice(44, 144))
      assert.strictEqual((yield* download(app, id, rid, { range: "bytes=99999999-" })).status, 416)

      for (const [path, code] of [
        [`${id}/recordings`, "call_not_found"],
        [`${id}/recordings/${rid}`, "call_not_found"]
      ] as const) {
        const hidden = yield* as(other)("GET", path)
        assert.deepStrictEqual([hidden.status, codeOf(hidden)], [404, code])
      }
      assert.strictEqual((yield* as(other)("DELETE", `${id}/recordings/${rid}`)).status, 404)
      for (const unknown of ["nonsense", id]) {
        const missing = yield* as(operator)("GET", `${id}/recordings/${unknown}`)
        assert.deepStrictEqual([missing.status, codeOf(missing)], [404, "recording_not_found"])
      }

      assert.strictEqual((yield* as(operator)("DELETE", `${id}/recordings/${rid}`)).status, 403)
      assert.strictEqual((yield* as(app.apiKey)("DELETE", `${id}/recordings/${rid}`)).status, 204)
      const gone = yield* as(operator)("GET", `${id}/recordings/${rid}`)
      assert.deepStrictEqual([gone.status, codeOf(gone)], [404, "recording_deleted"])
      assert.strictEqual((yield* recordingsOf(app, id))[0]?.state, "deleted")
    })
  )

  it.effect("are asked for with the call itself", () =>
    Effect.gen(function* () {
      const app = yield* App
      const agentId = createdId(
        yield* app.request("POST", "/api/v1/organizations/agents", { name: "Other echo", kind: "echo", settings: {} })
      )
      yield* app.carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20 })
      const place = (record: unknown) =>
        app.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId, record })
      assert.strictEqual((yield* place("yes")).status, 422)
      const id = createdId(yield* place(true))
      const call = yield* app.carrier.nextOutbound
      const [recording] = yield* recordingsUntil(app, id, ([one]) => one?.state === "recording")
      assert.strictEqual(recording?.call_id, id)
      yield* call.hangUp
      yield* recordingsUntil(app, id, ([one]) => one?.state === "ready")
    })
  )
})
