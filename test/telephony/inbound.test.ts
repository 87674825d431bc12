import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Calls } from "../../src/telephony/Calls.ts"
import { UrlTokens } from "../../src/organizations/UrlTokens.ts"
import { Drain } from "../../src/telephony/Drain.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { embeddedDatabase } from "../support/database.ts"
import { inbound, inboundPath, type Reply, send, told, webhook, webServer } from "./support/carrierHttp.ts"
import { fakeSpec, signature, signatureHeader } from "./support/fakeCarrier.ts"
import { allCalls, callOf, liveCalls } from "./support/place.ts"
import { makeTenant, publicUrl, type Tenant, world } from "./support/world.ts"

const ticketOf = (reply: Reply) =>
  Effect.map(told(reply), ({ connect = "" }) => Redacted.make(connect.slice(connect.lastIndexOf("/") + 1)))

const rejected = (reply: Reply) => Effect.map(told(reply), ({ reject }) => reject)

const signed = (changed: string) => ({ [signatureHeader]: changed })

const headersOf = ({ headers }: Reply) => Object.keys(headers).sort()

const timed = (account: string) =>
  Effect.timed(send("POST", inboundPath, signed("no"), JSON.stringify({ account, call: "CA" })))

const onlyCall = Effect.fnUntraced(function* (tenant: Tenant, providerCallId: string) {
  const calls = yield* Calls
  const found = yield* calls.findByProviderId(tenant.configurationId, providerCallId)
  return found._tag === "Some" ? found.value : yield* Effect.die("no call")
})

const served = webServer.pipe(Layer.provideMerge(world()))

layer(served, { excludeTestServices: true })("an inbound call", (it) => {
  it.effect("is answered with a media address whose ticket opens it", () =>
    Effect.gen(function* () {
      const tickets = yield* Tickets
      const tenant = yield* makeTenant()
      const reply = yield* inbound(tenant, "CA-in")
      assert.strictEqual(reply.status, 200)
      const { connect = "", status = "" } = yield* told(reply)
      assert.match(connect, /^wss:\/\/gateway\.example\/api\/v1\/telephony\/ws\/[\w-]{22}$/)
      assert.match(status, /^https:\/\/gateway\.example\/api\/v1\/telephony\/fake\/status\/[0-9a-f-]{36}\.[\w-]{43}$/)
      const call = yield* onlyCall(tenant, "CA-in")
      assert.deepInclude(call, {
        direction: "inbound",
        agentId: tenant.agentId,
        to: tenant.number,
        from: "+442071838750",
        mode: "fake"
      })
      assert.deepStrictEqual(call.context, { city: "Delft" })
      assert.deepStrictEqual(yield* tickets.consume(yield* ticketOf(reply)), { callId: call.id })
    })
  )

  it.effect("is recognised on the URL that all carriers share", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      const reply = yield* inbound(tenant, "CA-shared", "/api/v1/telephony/inbound/run")
      assert.isDefined((yield* told(reply)).connect)
      assert.strictEqual(yield* liveCalls(tenant), 1)
    })
  )

  it.effect("goes, where tenants share an account, to the one that has the number", () =>
    Effect.gen(function* () {
      const first = yield* makeTenant({ accountId: "AC-shared", secret: "shared" })
      const second = yield* makeTenant({ accountId: "AC-shared", secret: "shared" })
      yield* inbound(second, "CA-second")
      assert.strictEqual(yield* allCalls(first), 0)
      assert.strictEqual(yield* allCalls(second), 1)
    })
  )

  it.effect("is refused alike and without a word when its sender is not proved", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      const body = JSON.stringify({ account: tenant.accountId, call: "CA-x", from: "+1", to: tenant.number })
      const url = publicUrl + inboundPath
      const good = signature(tenant.secret, "POST", url, body)
      const unknownAccount = body.replace(tenant.accountId, "AC-nobody")
      const other = yield* makeTenant()
      const replies = yield* Effect.all(
        {
          unsigned: send("POST", inboundPath, {}, body),
          badlySigned: send("POST", inboundPath, signed(good.slice(0, -1) + (good.endsWith("0") ? "1" : "0")), body),
          changedBody: send("POST", inboundPath, signed(good), body.replace("CA-x", "CA-y")),
          otherTenant: send("POST", inboundPath, signed(signature(other.secret, "POST", url, body)), body),
          unknownAccount: send(
            "POST",
            inboundPath,
            signed(signature(tenant.secret, "POST", url, unknownAccount)),
            unknownAccount
          ),
          wrongHost: send(
            "POST",
            inboundPath,
            {
              ...signed(signature(tenant.secret, "POST", `https://evil.example${inboundPath}`, body)),
              host: "evil.example"
            },
            body
          ),
          replayedElsewhere: send("POST", `${inboundPath}?again=1`, signed(good), body),
          noBody: send("POST", inboundPath, {}, ""),
          notUtf8: send("POST", inboundPath, signed(good), Uint8Array.of(0xff, 0xfe, 0x00)),
          unknownCarrier: send("POST", "/api/v1/telephony/inbound/nobody", signed(good), body),
          nobodysOnRun: send("POST", "/api/v1/telephony/inbound/run", {}, body),
          unsignedOnRun: send("POST", "/api/v1/telephony/inbound/run", signed("no"), body)
        },
        { concurrency: 4 }
      )
      for (const [name, reply] of Object.entries(replies)) {
        assert.strictEqual(reply.status, 403, name)
        assert.strictEqual(reply.body, "", name)
        assert.deepStrictEqual(headersOf(reply), headersOf(replies.unsigned), name)
      }
      assert.strictEqual(yield* allCalls(tenant), 0)
    })
  )

  it.effect("takes as long to be refused for an unknown account as for a wrong signature", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      for (const account of [tenant.accountId, "AC-nobody"]) {
        const [took] = yield* timed(account)
        assert.isAtLeast(Duration.toMillis(took), 45)
      }
    })
  )

  it.effect("delivered twice, and twice at once, is one call, one slot and the same answer", () =>
    Effect.gen(function* () {
      const tickets = yield* Tickets
      const tenant = yield* makeTenant({ concurrent: 1 })
      const replies = yield* Effect.forEach([1, 2, 3, 4], () => inbound(tenant, "CA-dup"), { concurrency: 4 })
      const later = yield* inbound(tenant, "CA-dup")
      assert.strictEqual(yield* allCalls(tenant), 1)
      const answers = yield* Effect.forEach([...replies, later], told)
      for (const answer of answers) {
        assert.isDefined(answer.connect)
        assert.strictEqual(answer.status, answers[0]?.status)
      }
      // Whichever of the replies the carrier follows: it opens the call, and no other one does afterwards.
      const [followed, ...others] = yield* Effect.forEach([...replies, later], ticketOf)
      yield* tickets.consume(followed ?? Redacted.make(""))
      for (const ticket of others)
        assert.strictEqual((yield* Effect.flip(tickets.consume(ticket)))._tag, "TicketRefused")
    })
  )

  it.effect("replayed after its media was opened gets the same answer with a ticket that opens nothing", () =>
    Effect.gen(function* () {
      const tickets = yield* Tickets
      const tenant = yield* makeTenant()
      yield* Effect.flatMap(Effect.flatMap(inbound(tenant, "CA-replay"), ticketOf), tickets.consume)
      const ticket = yield* Effect.flatMap(inbound(tenant, "CA-replay"), ticketOf)
      assert.deepInclude(yield* Effect.flip(tickets.consume(ticket)), { reason: "unknown" })
      assert.strictEqual(yield* allCalls(tenant), 1)
    })
  )

  it.effect("delivered again after its end is told that it is over", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const tenant = yield* makeTenant()
      yield* inbound(tenant, "CA-over")
      const call = yield* onlyCall(tenant, "CA-over")
      yield* calls.end(call.id, "agent_ended")
      assert.strictEqual(yield* Effect.flatMap(inbound(tenant, "CA-over"), rejected), "over")
      assert.strictEqual(yield* allCalls(tenant), 1)
    })
  )

  it.effect("for an unknown number, a number without agent, or a parked configuration is refused in words", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const tenant = yield* makeTenant()
      const unknown = yield* webhook(tenant, inboundPath, { call: "CA-u", from: "+1", to: "+19998887777" })
      assert.strictEqual(yield* rejected(unknown), "unknown-number")
      const without = yield* makeTenant({ agent: false })
      assert.strictEqual(yield* Effect.flatMap(inbound(without, "CA-w"), rejected), "no-agent")
      yield* sql`UPDATE telephony_configurations SET inactive_since = now() WHERE id = ${tenant.configurationId}`
      assert.strictEqual(yield* Effect.flatMap(inbound(tenant, "CA-p"), rejected), "inactive")
      assert.strictEqual((yield* allCalls(tenant)) + (yield* allCalls(without)), 0)
    })
  )

  it.effect("over the organization's limit is told that the line is busy", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant({ concurrent: 1 })
      yield* inbound(tenant, "CA-1")
      assert.strictEqual(yield* Effect.flatMap(inbound(tenant, "CA-2"), rejected), "busy")
      assert.strictEqual(yield* liveCalls(tenant), 1)
    })
  )

  it.effect("with a body that is verified but unreadable gets 400, and one over the limit 413", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      assert.strictEqual((yield* webhook(tenant, inboundPath, { call: "CA-m" })).status, 400)
      const huge = JSON.stringify({ account: tenant.accountId, call: "x".repeat(64 * 1024) })
      assert.strictEqual((yield* send("POST", inboundPath, {}, huge)).status, 413)
      assert.isDefined((yield* Effect.flatMap(inbound(tenant, "CA-after"), told)).connect)
    })
  )

  it.effect("is verified over the request target exactly as it was written", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      for (const [index, query] of ["?b=2&a=1&a=0", "?x=%7e&y=a+b&z=%C3%BC", "?", "?q='(1)'&e="].entries()) {
        const reply = yield* inbound(tenant, `CA-q${index}`, inboundPath + query)
        assert.isDefined((yield* told(reply)).connect, query)
      }
    })
  )

  it.effect("leaves an inbound caller without a number of their own as the carrier wrote it", () =>
    Effect.gen(function* () {
      const tenant = yield* makeTenant()
      yield* webhook(tenant, inboundPath, { call: "CA-anon", from: "anonymous", to: tenant.number })
      assert.strictEqual((yield* onlyCall(tenant, "CA-anon")).from, "anonymous")
    })
  )
})

layer(served, { excludeTestServices: true })("an inbound call to a node on its way out", (it) => {
  it.effect("is refused, while its own calls are still answered", () =>
    Effect.gen(function* () {
      const drain = yield* Drain
      const tenant = yield* makeTenant()
      yield* inbound(tenant, "CA-live")
      yield* drain.begin
      assert.strictEqual(yield* Effect.flatMap(inbound(tenant, "CA-new"), rejected), "draining")
      assert.isDefined((yield* Effect.flatMap(inbound(tenant, "CA-live"), told)).connect)
      assert.strictEqual((yield* callOf((yield* onlyCall(tenant, "CA-live")).id)).status, "initiated")
    })
  )
})

const logged: Array<string> = []
const collecting = Logger.layer([Logger.map(Logger.formatJson, (line) => void logged.push(line))])

layer(webServer.pipe(Layer.provideMerge(world(embeddedDatabase, fakeSpec(), collecting))), {
  excludeTestServices: true
})("the log of webhooks", (it) => {
  it.effect("says why one was refused, and holds no token, ticket, secret or signature", () =>
    Effect.gen(function* () {
      const tokens = yield* UrlTokens
      const tenant = yield* makeTenant()
      const answer = yield* Effect.flatMap(inbound(tenant, "CA-logged"), told)
      const call = yield* onlyCall(tenant, "CA-logged")
      const token = tokens.sign("call", call.id)
      const status = `/api/v1/telephony/fake/status/${token}`
      yield* send("POST", status, signed("a-wrong-signature"), "{}")
      yield* send("POST", `/api/v1/telephony/answer/${token}`, signed("a-wrong-signature"), "{}")
      yield* webhook(tenant, status, { call: "CA-logged" })
      yield* send("POST", status, {}, "x".repeat(70_000))
      const log = logged.join("\n")
      assert.include(log, "the signature is another one")
      assert.include(log, "A verified webhook could not be read")
      const ticket = (answer.connect ?? "").slice(-22)
      for (const secret of [token, token.slice(37), ticket, tenant.secret, "a-wrong-signature"])
        assert.notInclude(log, secret)
    })
  )
})
