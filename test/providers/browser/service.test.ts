import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { WebSocket } from "ws"
import { simulator } from "../../../src/providers/browser/simulator.ts"
import type { FaultName } from "../../../src/simulator/Faults.ts"
import { App, callsOf, callsUntil, createdId, endOf, eventsOf, ours, setUp, speech, theirs } from "../../support/app.ts"
import { passTo } from "../../support/passes.ts"
import { ask } from "../../support/service.ts"

const Accepted = Schema.Struct({ media_url: Schema.String, call_id: Schema.String })
const Refused = Schema.Struct({ refused: Schema.String, message: Schema.String })
const Problem = Schema.Struct({ code: Schema.String, detail: Schema.String })
const Metadata = Schema.Struct({
  providers: Schema.Array(
    Schema.Struct({ provider: Schema.String, phone: Schema.Boolean, fields: Schema.Array(Schema.Json) })
  )
})

const configs = "/api/v1/organizations/telephony-configs"
const agents = "/api/v1/organizations/agents"

/** A configuration of this test's own, and an agent. */
const fresh = Effect.gen(function* () {
  const app = yield* App
  const name = `Phone ${crypto.randomUUID().slice(0, 8)}`
  const configuration = createdId(yield* app.request("POST", configs, { name, config: { provider: "browser" } }))
  const agent = createdId(yield* app.request("POST", agents, { name, kind: "echo", settings: {} }))
  return { app, name, configuration, agent }
})

const show = (pass: { readonly inboundUrl: string; readonly body: string }) =>
  ask(pass.inboundUrl, { method: "POST", body: pass.body })

const accepted = (body: unknown) => Schema.decodeUnknownSync(Accepted)(body)

/** Opens the media socket as a page does; gives it once it is open, or the status that refused it. */
const open = (url: string, origin?: string) =>
  Effect.acquireRelease(
    Effect.callback<WebSocket | number>((resume) => {
      const socket = new WebSocket(url, origin === undefined ? {} : { origin })
      socket.on("open", () => resume(Effect.succeed(socket)))
      socket.on("unexpected-response", (_request, { statusCode }) => resume(Effect.succeed(statusCode ?? 0)))
      socket.on("error", () => {})
    }),
    (socket) => Effect.sync(() => typeof socket !== "number" && socket.terminate())
  )

const opened = (socket: WebSocket | number) =>
  typeof socket === "number" ? Effect.die(`refused with ${socket}`) : Effect.succeed(socket)

const claimOf = (body: string) =>
  Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({ call: Schema.String })))(
    Buffer.from(body.split(".")[0] ?? "", "base64url").toString("utf8")
  )

layer(App.layer(simulator, "browser"), { excludeTestServices: true, timeout: "60 seconds" })(
  "a page that calls the service",
  (it) => {
    it.effect("finds its provider among the others, with a phone and nothing to fill in", () =>
      Effect.gen(function* () {
        const { request } = yield* App
        const { body } = yield* request("GET", "/api/v1/organizations/telephony-providers/metadata")
        const { providers } = Schema.decodeUnknownSync(Metadata)(body)
        assert.deepStrictEqual(
          providers.filter(({ phone }) => phone),
          [{ provider: "browser", phone: true, fields: [] }]
        )
      })
    )

    it.effect("has its call once, however often and at once it shows the pass, and not after it is over", () =>
      Effect.gen(function* () {
        const { agent, app, configuration, name } = yield* fresh
        const pass = yield* passTo(app, configuration, agent)
        const { call } = claimOf(pass.body)
        assert.isFalse((yield* callsOf(app)).some(({ provider_call_id }) => provider_call_id === call))
        const answers = yield* Effect.all([show(pass), show(pass), show(pass)], { concurrency: 3 })
        const ids = new Set(answers.map(({ body }) => accepted(body).call_id))
        assert.strictEqual(ids.size, 1)
        const socket = yield* open(accepted(answers[0].body).media_url).pipe(Effect.flatMap(opened))
        socket.send(JSON.stringify({ type: "start", sample_rate: 24_000, call_id: Array.from(ids)[0] }))
        const row = yield* callsUntil(app, (calls) =>
          calls.some(({ media_state, provider_call_id }) => provider_call_id === call && media_state === "streaming")
        )
        assert.deepInclude(
          row.find(({ provider_call_id }) => provider_call_id === call),
          { from: "browser", to: name, mode: "browser", direction: "inbound", status: "in-progress" }
        )
        // A second socket for the call that is up, with another ticket of the same pass.
        assert.isNumber(yield* open(accepted(answers[1].body).media_url))
        socket.send(JSON.stringify({ type: "hangup" }))
        socket.close(1000)
        assert.deepInclude(yield* endOf(app, call), { end_reason: "caller_hung_up", status: "completed" })
        assert.strictEqual(Schema.decodeUnknownSync(Refused)((yield* show(pass)).body).refused, "over")
      })
    )

    it.effect("has nothing for a pass that is changed, or shown at another configuration's URL", () =>
      Effect.gen(function* () {
        const { agent, app, configuration } = yield* fresh
        const other = yield* fresh
        const pass = yield* passTo(app, configuration, agent)
        const elsewhere = yield* passTo(app, other.configuration, agent)
        const before = (yield* callsOf(app)).length
        assert.strictEqual((yield* show({ ...pass, inboundUrl: elsewhere.inboundUrl })).status, 403)
        assert.strictEqual((yield* show({ ...pass, body: `${pass.body.slice(0, -8)}AAAAAAAA` })).status, 403)
        const bare = pass.inboundUrl.slice(0, pass.inboundUrl.lastIndexOf("/"))
        assert.strictEqual((yield* show({ ...pass, inboundUrl: bare })).status, 403)
        assert.strictEqual(
          (yield* show({ ...pass, inboundUrl: `${app.url}/api/v1/telephony/inbound/run` })).status,
          403
        )
        assert.strictEqual((yield* callsOf(app)).length, before)
      })
    )

    it.effect("is told when its agent or its phone is gone meanwhile", () =>
      Effect.gen(function* () {
        const { agent, app, configuration } = yield* fresh
        const pass = yield* passTo(app, configuration, agent)
        yield* app.request("DELETE", `${agents}/${agent}`)
        const { refused } = Schema.decodeUnknownSync(Refused)((yield* show(pass)).body)
        assert.strictEqual(refused, "no-agent")
        const second = yield* fresh
        const late = yield* passTo(app, second.configuration, second.agent)
        yield* app.request("DELETE", `${configs}/${second.configuration}`)
        const answer = yield* show(late)
        assert.isTrue(answer.status === 403 || Schema.decodeUnknownSync(Refused)(answer.body).refused === "inactive")
      })
    )

    it.effect("gets no pass for what is not there, or cannot be called", () =>
      Effect.gen(function* () {
        const { agent, app, configuration } = yield* fresh
        const nobody = "01900000-0000-7000-8000-000000000000"
        const passFor = (id: string, agent_id: string) =>
          app.request("POST", `${configs}/${id}/phone-calls`, { agent_id })
        assert.strictEqual((yield* passFor(nobody, agent)).status, 404)
        assert.strictEqual((yield* passFor(configuration, nobody)).status, 422)
        const carrier = createdId(
          yield* app.request("POST", configs, {
            name: "A carrier",
            config: {
              provider: "vobiz",
              auth_id: "MA_ABCDEFGH",
              auth_token: "0123456789abcdef0123",
              default_country: "IN"
            }
          })
        )
        const refused = yield* passFor(carrier, agent)
        assert.strictEqual(refused.status, 409)
        assert.strictEqual(Schema.decodeUnknownSync(Problem)(refused.body).code, "no_phone")
      })
    )

    it.effect("opens no media socket from another site", () =>
      Effect.gen(function* () {
        const { agent, app, configuration } = yield* fresh
        const { body } = yield* show(yield* passTo(app, configuration, agent))
        const { media_url } = accepted(body)
        assert.strictEqual(yield* open(media_url, "https://evil.example"), 403)
        const again = yield* show(yield* passTo(app, configuration, agent))
        assert.isNotNumber(yield* open(accepted(again.body).media_url, app.url))
      })
    )

    it.effect("hangs up by going away, and its call is over at once", () =>
      Effect.gen(function* () {
        const { agent, app, configuration } = yield* fresh
        const pass = yield* passTo(app, configuration, agent)
        const { media_url } = accepted((yield* show(pass)).body)
        const socket = yield* open(media_url).pipe(Effect.flatMap(opened))
        socket.send(JSON.stringify({ type: "start", sample_rate: 48_000 }))
        const { call } = claimOf(pass.body)
        yield* callsUntil(app, (calls) =>
          calls.some(({ media_state, provider_call_id }) => provider_call_id === call && media_state === "streaming")
        )
        socket.close(1001)
        const over = yield* endOf(app, call).pipe(Effect.timeout("2500 millis"))
        assert.deepInclude(over, { end_reason: "caller_hung_up", end_owner: "caller" })
      })
    )
  }
)

layer(App.layer(simulator, "browser"), { excludeTestServices: true, timeout: "60 seconds" })(
  "a page that misbehaves",
  (it) => {
    const cases: ReadonlyArray<readonly [FaultName, string]> = [
      ["media-flood", "media_lost"],
      ["media-wrong-call", "media_never_started"],
      ["media-never-starts", "media_never_started"],
      ["media-drops", "media_lost"],
      ["media-half-open", "media_lost"]
    ]
    it.effect("is set up", () => Effect.flatMap(App, setUp))
    for (const [fault, reason] of cases)
      it.effect(
        `ends with ${reason} after ${fault}`,
        () =>
          Effect.gen(function* () {
            const app = yield* App
            const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech, faults: [fault] })
            const over = yield* endOf(app, call.id)
            assert.strictEqual(over.end_reason, reason, JSON.stringify(yield* eventsOf(app, over.id)))
            yield* call.hangUp
            yield* call.settled
          }),
        60_000
      )

    it.effect("is passed over when it only sends some garbage", () =>
      Effect.gen(function* () {
        const app = yield* App
        const call = yield* app.carrier.placeInbound({
          from: theirs,
          to: ours,
          audio: speech,
          faults: ["media-garbage"]
        })
        yield* call.until(({ heard }) => heard.played.length > 16_000)
        yield* call.hangUp
        assert.strictEqual((yield* endOf(app, call.id)).end_reason, "caller_hung_up")
        yield* call.settled
      })
    )
  }
)
