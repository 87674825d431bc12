import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { Calls } from "../../src/telephony/Calls.ts"
import { CallEnding } from "../../src/telephony/CallEnding.ts"
import { UrlTokens } from "../../src/organizations/UrlTokens.ts"
import { Dialer } from "../../src/telephony/Dialer.ts"
import type { DialRequest } from "../../src/telephony/DialRequest.ts"
import { publicUrl, makeTenant, type Tenant, world } from "./support/world.ts"
import { Carrier, carrierError, makeScript } from "./support/fakeCarrier.ts"
import { allCalls, callOf, eventually, kindsOf, liveCalls, payloadOf } from "./support/place.ts"
import { send, told, webhook, webServer } from "./support/carrierHttp.ts"

const request = (tenant: Tenant, changes: Partial<DialRequest> = {}): DialRequest => ({
  organizationId: tenant.organizationId,
  agentId: tenant.agentId,
  to: "+44 20 7183 8750",
  context: { order: 7 },
  ...changes
})

/** A tenant, and a carrier that has seen nothing yet. */
const fresh = Effect.fnUntraced(function* (options?: Parameters<typeof makeTenant>[0]) {
  const carrier = yield* Carrier
  carrier.script = makeScript()
  return { tenant: yield* makeTenant(options), script: carrier.script, dialer: yield* Dialer }
})

layer(webServer.pipe(Layer.provideMerge(world())), { excludeTestServices: true })("a dial", (it) => {
  it.effect("gives the carrier canonical addresses and signed links, and stores the carrier's id", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const tokens = yield* UrlTokens
      const call = yield* dialer.place(request(tenant))
      assert.deepInclude(call, { status: "initiated", from: tenant.number, to: "+442071838750", direction: "outbound" })
      assert.strictEqual(call.providerCallId, `CA-${call.id}-0`)
      const [placed] = script.placed
      assert.deepInclude(placed, { callId: call.id, from: tenant.number, to: "+442071838750", ringTimeoutSeconds: 60 })
      const token = tokens.sign("call", call.id)
      assert.strictEqual(placed?.links.answer, `${publicUrl}/api/v1/telephony/answer/${token}`)
      assert.strictEqual(placed?.links.route("/status"), `${publicUrl}/api/v1/telephony/fake/status/${token}`)
      assert.deepStrictEqual(yield* kindsOf(call.id), ["call.created", "dial.accepted"])
    })
  )

  it.effect("reads a national number by the organization's country, and refuses what is no address", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      assert.strictEqual((yield* dialer.place(request(tenant, { to: "(415) 555-2671" }))).to, "+14155552671")
      const refused = yield* Effect.flip(dialer.place(request(tenant, { to: "hello" })))
      assert.strictEqual(refused._tag, "InvalidDestination")
      assert.lengthOf(script.placed, 1)
      assert.strictEqual(yield* allCalls(tenant), 1)
    })
  )

  it.effect("does not start without a configuration, an agent, or a number to call from", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const other = yield* makeTenant()
      const tag = (changes: Partial<DialRequest>) =>
        Effect.map(Effect.flip(dialer.place(request(tenant, changes))), (error) => error._tag)
      assert.strictEqual(yield* tag({ configurationId: other.configurationId }), "NoConfigurationReady")
      assert.strictEqual(yield* tag({ agentId: other.agentId }), "AgentNotFound")
      assert.strictEqual(yield* tag({ fromPhoneNumberId: other.numberId }), "NoCallerId")
      assert.strictEqual(yield* tag({ to: "+979123456789" }), "DestinationNotAllowed")
      assert.lengthOf(script.placed, 0)
      assert.strictEqual(yield* allCalls(tenant), 0)
    })
  )

  it.effect("that the carrier refuses is failed with the carrier's words, and frees its slot", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh({ concurrent: 1 })
      script.placeCall = () => carrierError("rejected", "Number is not verified. Verify it first.")
      const keyed = request(tenant, { idempotencyKey: "k" })
      const error = yield* Effect.flip(dialer.place(keyed))
      assert.deepInclude(error, {
        _tag: "DialRejected",
        message: "Number is not verified. Verify it first.",
        code: "42"
      })
      const callId = error._tag === "DialRejected" ? error.callId : ""
      assert.deepInclude(yield* callOf(callId), {
        status: "failed",
        endReason: "carrier_rejected",
        endOwner: "carrier"
      })
      assert.deepInclude(yield* payloadOf(callId, "ending.carrier_rejected"), {
        message: "Number is not verified. Verify it first."
      })
      assert.strictEqual(yield* liveCalls(tenant), 0)
      assert.lengthOf(script.hungUp, 0)
      // The same request again is answered as the first was, without another dial.
      assert.deepStrictEqual(yield* Effect.flip(dialer.place(keyed)), error)
      assert.lengthOf(script.placed, 1)
    })
  )

  it.effect("with an idempotency key happens once, also while the first is in flight", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const gate = yield* Deferred.make<void>()
      script.placeCall = () => Effect.as(Deferred.await(gate), { providerCallId: "CA-gated", rawStatus: "queued" })
      const keyed = request(tenant, { idempotencyKey: "order-7" })
      const first = yield* Effect.forkChild(dialer.place(keyed))
      yield* eventually(
        Effect.sync(() => script.placed.length),
        (count) => count === 1
      )
      const second = yield* dialer.place(request(tenant, { idempotencyKey: "order-7", context: { order: 7 } }))
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(first)).id, second.id)
      assert.strictEqual((yield* dialer.place(keyed)).providerCallId, "CA-gated")
      assert.lengthOf(script.placed, 1)
      const other = yield* Effect.flip(dialer.place(request(tenant, { idempotencyKey: "order-7", context: {} })))
      assert.strictEqual(other._tag, "IdempotencyConflict")
    })
  )

  it.effect("goes on when whoever asked for it goes away", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const gate = yield* Deferred.make<void>()
      script.placeCall = () => Effect.as(Deferred.await(gate), { providerCallId: "CA-kept", rawStatus: "queued" })
      const asking = yield* Effect.forkChild(dialer.place(request(tenant)))
      yield* eventually(
        Effect.sync(() => script.placed.length),
        (count) => count === 1
      )
      yield* Fiber.interrupt(asking)
      yield* Deferred.succeed(gate, undefined)
      const callId = script.placed[0]?.callId ?? ""
      yield* eventually(callOf(callId), (call) => call.providerCallId === "CA-kept")
    })
  )

  it.effect("that timed out but reached the carrier is found there, and never dialled again", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      script.placeCall = () => carrierError("unknown-outcome")
      script.callStatus = (call) =>
        Effect.succeed({
          providerCallId: `found-${call.callId}`,
          status: "ringing",
          rawStatus: "ringing",
          dedupeKey: "asked"
        })
      const call = yield* dialer.place(request(tenant))
      assert.deepInclude(call, { status: "initiated", providerCallId: undefined, endReason: undefined })
      const found = yield* eventually(callOf(call.id), ({ providerCallId }) => providerCallId !== undefined)
      assert.deepInclude(found, { status: "ringing", providerCallId: `found-${call.id}` })
      assert.isUndefined(script.asked[0]?.providerCallId)
      assert.lengthOf(script.placed, 1)
      assert.include(yield* kindsOf(call.id), "dial.unknown")
    })
  )

  it.effect("whose call was ended meanwhile is hung up as soon as the carrier's id is known", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const ending = yield* CallEnding
      const gate = yield* Deferred.make<void>()
      script.placeCall = () => Effect.as(Deferred.await(gate), { providerCallId: "CA-late", rawStatus: "queued" })
      const asking = yield* Effect.forkChild(dialer.place(request(tenant)))
      yield* eventually(
        Effect.sync(() => script.placed.length),
        (count) => count === 1
      )
      yield* ending.hangUp(script.placed[0]?.callId ?? "", "operator_ended")
      assert.lengthOf(script.hungUp, 0)
      yield* Deferred.succeed(gate, undefined)
      const call = yield* Fiber.join(asking)
      assert.deepInclude(call, { status: "canceled", endReason: "operator_ended" })
      assert.strictEqual(script.hungUp[0]?.providerCallId, "CA-late")
    })
  )

  it.effect("may be called back before it returns: by the token, also with the end before the answer", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const gate = yield* Deferred.make<void>()
      script.placeCall = () => Effect.as(Deferred.await(gate), { providerCallId: "CA-early", rawStatus: "queued" })
      const asking = yield* Effect.forkChild(dialer.place(request(tenant)))
      yield* eventually(
        Effect.sync(() => script.placed.length),
        (count) => count === 1
      )
      const path = (script.placed[0]?.links.route("/status") ?? "").slice(publicUrl.length)
      const report = (status: string, duration?: number) =>
        webhook(tenant, path, { call: "CA-early", status, ...(duration === undefined ? {} : { duration }) })
      assert.strictEqual((yield* report("completed", 4)).status, 204)
      yield* Effect.forEach(["ringing", "in-progress", "ringing"], (status) => report(status), { concurrency: 3 })
      assert.strictEqual((yield* report("completed", 4)).status, 204)
      yield* Deferred.succeed(gate, undefined)
      const call = yield* Fiber.join(asking)
      assert.deepInclude(call, {
        status: "completed",
        providerCallId: "CA-early",
        endReason: "callee_hung_up",
        durationMs: 4000
      })
      assert.isDefined(call.answeredAt)
      assert.lengthOf(script.hungUp, 0)
    })
  )

  it.effect("is answered on its own URL, the same for every repetition, and over when the call is", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const calls = yield* Calls
      const call = yield* dialer.place(request(tenant))
      const answerPath = (script.placed[0]?.links.answer ?? "").slice(publicUrl.length)
      const ask = webhook(tenant, answerPath, { call: call.providerCallId ?? "", status: "in-progress" })
      const answers = yield* Effect.forEach([1, 2, 3], () => Effect.flatMap(ask, told), { concurrency: 3 })
      for (const answer of answers) assert.match(answer.connect ?? "", /^wss:\/\/gateway\.example\/.*\/ws\//)
      assert.strictEqual((yield* callOf(call.id)).status, "in-progress")

      const twiml = webhook(tenant, "/api/v1/telephony/twiml", {
        call: call.providerCallId ?? "",
        status: "in-progress"
      })
      assert.isDefined((yield* Effect.flatMap(twiml, told)).connect)
      const unknown = webhook(tenant, "/api/v1/telephony/twiml", { call: "CA-nobody", status: "in-progress" })
      assert.strictEqual((yield* Effect.flatMap(unknown, told)).reject, "over")

      yield* calls.end(call.id, "agent_ended")
      assert.strictEqual((yield* Effect.flatMap(ask, told)).reject, "over")
    })
  )

  it.effect("has callback URLs that nobody can make up, change or use with another account", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const other = yield* makeTenant()
      const call = yield* dialer.place(request(tenant))
      const path = (script.placed[0]?.links.route("/status") ?? "").slice(publicUrl.length)
      const body = { call: call.providerCallId ?? "", status: "completed" }
      const changed = path.slice(0, -1) + (path.endsWith("A") ? "B" : "A")
      const replies = yield* Effect.all([
        webhook(tenant, changed, body),
        webhook(tenant, path.replace(call.id, "01900000-0000-7000-8000-000000000000"), body),
        webhook(tenant, "/api/v1/telephony/fake/status/x", body),
        webhook(other, path, body),
        send("POST", path, {}, JSON.stringify(body)),
        send("GET", path.replace("fake/status", "answer"), {}, "")
      ])
      for (const reply of replies) assert.deepStrictEqual([reply.status, reply.body], [403, ""])
      assert.strictEqual((yield* callOf(call.id)).status, "initiated")
    })
  )

  it.effect("that we gave up, and that the carrier then reports as ringing, is hung up", () =>
    Effect.gen(function* () {
      const { tenant, script, dialer } = yield* fresh()
      const calls = yield* Calls
      const call = yield* dialer.place(request(tenant))
      const path = (script.placed[0]?.links.route("/status") ?? "").slice(publicUrl.length)
      yield* calls.end(call.id, "dial_unknown")
      yield* webhook(tenant, path, { call: call.providerCallId ?? "", status: "ringing" })
      yield* eventually(
        Effect.sync(() => script.hungUp.length),
        (count) => count === 1
      )
      assert.deepInclude(yield* callOf(call.id), { status: "failed", endReason: "dial_unknown" })
    })
  )

  it.effect("has account-wide callbacks that find it by the carrier's id", () =>
    Effect.gen(function* () {
      const { tenant, dialer } = yield* fresh()
      const call = yield* dialer.place(request(tenant))
      const path = "/api/v1/telephony/fake/account-status"
      assert.strictEqual((yield* webhook(tenant, path, { call: "CA-nobody", status: "busy" })).status, 204)
      yield* webhook(tenant, path, { call: call.providerCallId ?? "", status: "busy" })
      assert.deepInclude(yield* callOf(call.id), { status: "busy", endReason: "busy" })
    })
  )
})
