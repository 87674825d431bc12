import { createServer, type Server } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import * as fc from "fast-check"
import { type WebSocket, WebSocketServer } from "ws"
import type { CallReference } from "../../../src/carrier/TelephonyProvider.ts"
import { parseEvent, timeOf } from "../../../src/providers/ari/events.ts"
import { spec } from "../../../src/providers/ari/index.ts"
import { toolkit } from "../../carrier/localCarrier.ts"
import {
  app,
  callChannel,
  callId,
  configurationId,
  inbound,
  makeDesk,
  mediaChannel,
  outbound,
  stored,
  targetChannel,
  transferId
} from "./pbx.ts"

interface Objects {
  channels: Array<{ readonly id: string; readonly state: string; readonly dialplan?: object }>
  bridges: Array<{ readonly id: string; readonly channels: ReadonlyArray<string> }>
}

/** An Asterisk that lets an events connection in, and knows these objects. */
const asterisk = Effect.fnUntraced(function* (status = 101) {
  const objects: Objects = { channels: [], bridges: [] }
  const seen = {
    requests: new Array<string>(),
    upgrades: new Array<string>(),
    authorization: "",
    open: new Array<WebSocket>()
  }
  const wss = new WebSocketServer({ noServer: true })
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const listening = createServer(({ method, url = "" }, response) => {
        const path = url.split("?")[0] ?? ""
        seen.requests.push(`${method} ${path}`)
        const found = objects.channels.find(({ id }) => path === `/ari/channels/${id}`)
        const body = path === "/ari/channels" ? objects.channels : path === "/ari/bridges" ? objects.bridges : found
        response.writeHead(method === "DELETE" ? 204 : body === undefined ? 404 : 200)
        response.end(method === "DELETE" ? "" : JSON.stringify(body ?? { message: "Channel not found" }))
      })
      listening.on("upgrade", (request, socket, head) => {
        seen.upgrades.push(request.url ?? "")
        seen.authorization = request.headers.authorization ?? ""
        if (status !== 101) return socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)
        wss.handleUpgrade(request, socket, head, (ws) => seen.open.push(ws))
      })
      listening.listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
    }),
    (listening) =>
      Effect.sync(() => {
        for (const ws of seen.open) ws.terminate()
        listening.close()
        listening.closeAllConnections()
      })
  )
  const address = server.address()
  return { objects, seen, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` }
})

const until = (holds: () => boolean) =>
  Effect.repeat(Effect.delay(Effect.sync(holds), "10 millis"), { until: (is) => is }).pipe(Effect.timeout("20 seconds"))

/** A listener before an Asterisk; `tell` sends events, and waits until something is as wanted. */
const listening = Effect.fnUntraced(function* (
  live: ReadonlyArray<CallReference> = [],
  prepare?: (objects: Objects) => void
) {
  const pbx = yield* asterisk()
  if (prepare === undefined)
    for (const { providerCallId = "" } of live) pbx.objects.channels.push({ id: providerCallId, state: "Down" })
  else prepare(pbx.objects)
  const { desk, seen } = makeDesk(live)
  const provider = yield* spec
    .load(Redacted.make(stored), { configurationId, phoneNumbers: [] })
    .pipe(Effect.provide(yield* Layer.build(toolkit(pbx.url))))
  const listen = provider.listen?.(desk) ?? Effect.die("no capability")
  const fiber = yield* Effect.forkScoped(Effect.scoped(Effect.flip(listen)))
  yield* until(() => pbx.seen.open.length === 1 && seen.connected === 1)
  const ws = pbx.seen.open[0] ?? assert.fail("nobody connected")
  const tell = (...events: ReadonlyArray<object>) =>
    Effect.sync(() => {
      for (const event of events)
        ws.send(
          JSON.stringify({ application: app, timestamp: "2026-09-05T09:00:10.000+0000", asterisk_id: "x", ...event })
        )
    })
  return { pbx, provider, seen, ws, tell, ended: Fiber.join(fiber) }
})

const start = (id: string, state: string, args: ReadonlyArray<string> = [], more: object = {}) => ({
  type: "StasisStart",
  args,
  channel: {
    id,
    state,
    name: "PJSIP/trunk-1",
    caller: { name: "Ada", number: "+15550001111" },
    dialplan: { context: "from-external", exten: "8000", priority: 2, app_name: "Stasis", app_data: app },
    ...more
  }
})
const destroyed = (id: string, cause: number, state = "Down", more: object = {}) => ({
  type: "ChannelDestroyed",
  cause,
  cause_txt: "as in the table",
  channel: { id, state },
  ...more
})
const changed = (id: string, state: string) => ({ type: "ChannelStateChange", channel: { id, state } })

describe("the events connection", () => {
  it.live("registers the application with the ARI user in a header, and tells that it is up", () =>
    Effect.gen(function* () {
      const { pbx } = yield* listening()
      assert.deepStrictEqual(pbx.seen.upgrades, [`/ari/events?app=${app}&subscribeAll=true`])
      assert.strictEqual(pbx.seen.authorization, `Basic ${Buffer.from("gateway:s3cret pass").toString("base64")}`)
    }).pipe(Effect.scoped)
  )

  it.live("is refused for good by 400, 401, 403 and 404, and only for now by anything else", () =>
    Effect.forEach(
      [
        [400, "refused"],
        [401, "refused"],
        [403, "refused"],
        [404, "refused"],
        [500, "lost"],
        [503, "lost"]
      ] as const,
      ([status, kind]) =>
        Effect.gen(function* () {
          const pbx = yield* asterisk(status)
          const provider = yield* spec
            .load(Redacted.make(stored), { configurationId, phoneNumbers: [] })
            .pipe(Effect.provide(yield* Layer.build(toolkit(pbx.url))))
          const { desk, seen } = makeDesk()
          const ended = yield* Effect.flip(Effect.scoped(provider.listen?.(desk) ?? Effect.die("no capability")))
          assert.strictEqual(ended.kind, kind, String(status))
          assert.strictEqual(seen.connected, 0)
          assert.notInclude(ended.message, "s3cret")
        }).pipe(Effect.scoped)
    )
  )

  it.live("is lost when it closes, and replaced when somebody takes the application over while it stays open", () =>
    Effect.gen(function* () {
      const one = yield* listening()
      one.ws.close(1001)
      assert.strictEqual((yield* one.ended).kind, "lost")
      const two = yield* listening()
      yield* two.tell({ type: "ApplicationReplaced", application: "somebody-elses" })
      yield* two.tell({ type: "ApplicationReplaced" })
      assert.strictEqual((yield* two.ended).kind, "replaced")
    }).pipe(Effect.scoped)
  )
})

describe("an inbound call", () => {
  it.live("is told with the number from `did=`, the caller, and the dialplan's other arguments", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening()
      yield* tell(start("1757062800.12", "Ring", ["did=+14155550123", "queue=sales"]))
      yield* until(() => seen.inbound.length === 1)
      assert.deepStrictEqual(seen.inbound, [
        {
          providerCallId: "1757062800.12",
          from: "+15550001111",
          to: "+14155550123",
          details: { queue: "sales", caller_name: "Ada", context: "from-external" }
        }
      ])
    }).pipe(Effect.scoped)
  )

  it.live("without arguments and caller has the extension, and an anonymous caller", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening()
      yield* tell(start("1.2", "Ring", [], { caller: { name: "", number: "" } }))
      yield* until(() => seen.inbound.length === 1)
      assert.deepInclude(seen.inbound[0], { from: "anonymous", to: "8000" })
    }).pipe(Effect.scoped)
  )

  it.live("that the dialplan answered before (state Up) is one all the same, and is in progress", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening()
      yield* tell(start("1.2", "Up"))
      yield* until(() => seen.statuses.length === 1)
      assert.lengthOf(seen.inbound, 1)
      assert.strictEqual(seen.statuses[0]?.[1].status, "in-progress")
    }).pipe(Effect.scoped)
  )

  it.live(
    "ends with its cause, its duration, and nothing left in Asterisk; once, although it leaves the application too",
    () =>
      Effect.gen(function* () {
        const live = { ...inbound, memory: { answered_at: String(Date.parse("2026-09-05T09:00:02Z")) } }
        const { pbx, seen, tell } = yield* listening([live])
        yield* tell({ type: "StasisEnd", channel: { id: "1757062800.12", state: "Up" } })
        yield* tell(destroyed("1757062800.12", 16, "Up"))
        yield* until(() => pbx.seen.requests.includes(`DELETE /ari/channels/${mediaChannel}`))
        assert.lengthOf(seen.statuses, 1)
        assert.deepInclude(seen.statuses[0]?.[1], { status: "completed", rawStatus: "cause 16", durationMs: 8000 })
        assert.strictEqual(seen.statuses[0]?.[0], callId)
      }).pipe(Effect.scoped)
  )

  it.live("that goes on in the dialplan without us is over for us", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening([inbound])
      yield* tell({ type: "StasisEnd", channel: { id: "1757062800.12", state: "Up" } })
      yield* until(() => seen.statuses.length === 1)
      assert.strictEqual(seen.statuses[0]?.[1].status, "completed")
    }).pipe(Effect.scoped)
  )

  it.live("given up by the caller before the answer is canceled, whatever the cause (127 of a SIP 487)", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening([inbound])
      yield* tell(destroyed("1757062800.12", 127, "Ring"))
      yield* until(() => seen.statuses.length === 1)
      assert.strictEqual(seen.statuses[0]?.[1].status, "canceled")
    }).pipe(Effect.scoped)
  )

  it.live("whose channel is replaced by somebody's transfer is over, and the new channel is not kept", () =>
    Effect.gen(function* () {
      const { pbx, seen, tell } = yield* listening([inbound])
      yield* tell({ ...start("1.99", "Up"), replace_channel: { id: "1757062800.12", state: "Up" } })
      yield* until(() => pbx.seen.requests.includes("DELETE /ari/channels/1.99"))
      assert.strictEqual(seen.statuses[0]?.[1].status, "completed")
      assert.lengthOf(seen.inbound, 0)
    }).pipe(Effect.scoped)
  )
})

describe("a call that we placed", () => {
  it.live("rings by either of two events, is answered when it enters our application, and then ends", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening([outbound])
      yield* tell(
        { type: "Dial", dialstatus: "", peer: { id: callChannel } },
        { type: "Dial", dialstatus: "RINGING", peer: { id: callChannel, state: "Down" } },
        changed(callChannel, "Ringing"),
        changed(callChannel, "Up"),
        start(callChannel, "Up", [`switchboard-call`, callId]),
        destroyed(callChannel, 16, "Up")
      )
      yield* until(() => seen.statuses.length === 4)
      assert.deepStrictEqual(
        seen.statuses.map(([, { status, dedupeKey }]) => [status, dedupeKey]),
        [
          ["ringing", "ringing"],
          ["ringing", "ringing"],
          ["in-progress", "answered"],
          ["completed", "destroyed"]
        ]
      )
      assert.deepStrictEqual(seen.answered, [callId])
      assert.deepStrictEqual(seen.inbound, [])
    }).pipe(Effect.scoped)
  )

  it.live("that enters before its answer is picked up only when it is Up", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening([outbound])
      yield* tell(start(callChannel, "Ringing", ["switchboard-call", callId]), changed(callChannel, "Ringing"))
      yield* until(() => seen.statuses.length === 1)
      assert.lengthOf(seen.answered, 0)
      yield* tell(changed(callChannel, "Up"))
      yield* until(() => seen.answered.length === 1)
    }).pipe(Effect.scoped)
  )

  it.live("that is not answered ends by ChannelDestroyed alone, with the status that its cause stands for", () =>
    Effect.forEach(
      [
        [17, "busy"],
        [18, "no-answer"],
        [19, "no-answer"],
        [20, "no-answer"],
        [16, "no-answer"],
        [21, "failed"],
        [1, "failed"],
        [34, "failed"],
        [0, "failed"]
      ] as const,
      ([cause, status]) =>
        Effect.gen(function* () {
          const { seen, tell } = yield* listening([outbound])
          yield* tell(destroyed(callChannel, cause, "Down", { tech_cause: 486 }))
          yield* until(() => seen.statuses.length === 1)
          assert.deepInclude(seen.statuses[0]?.[1], { status, failureCode: "486" }, String(cause))
        }).pipe(Effect.scoped)
    )
  )

  it.live("of another configuration, or nobody we know, is left alone", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening([outbound])
      const other = callChannel.replace("00a1b2c3d4e5", "ffffffffffff")
      yield* tell(
        start(other, "Up", ["switchboard-call", callId]),
        destroyed(other, 17),
        destroyed("9.9", 17),
        changed("9.9", "Up"),
        changed(callChannel, "Ringing")
      )
      yield* until(() => seen.statuses.length === 1)
      assert.deepStrictEqual([seen.inbound, seen.answered], [[], []])
    }).pipe(Effect.scoped)
  )
})

describe("a call's other channels", () => {
  it.live("media that Asterisk cannot connect (cause 3, never up) is a failed media; one that was up is not", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening([inbound])
      yield* tell(destroyed(mediaChannel, 38, "Up"), destroyed(mediaChannel, 16, "Down"))
      yield* tell(destroyed(mediaChannel, 3, "Down"))
      yield* until(() => seen.mediaFailed.length > 0)
      assert.deepStrictEqual(seen.mediaFailed, [callId])
      assert.lengthOf(seen.statuses, 0)
    }).pipe(Effect.scoped)
  )

  it.live("a transfer's destination rings, answers and ends; the reason counts only before the answer", () =>
    Effect.gen(function* () {
      const { seen, tell } = yield* listening([inbound])
      yield* tell(changed(targetChannel, "Ringing"), start(targetChannel, "Up"), destroyed(targetChannel, 16, "Up"))
      yield* tell(destroyed(targetChannel, 17))
      yield* until(() => seen.transfers.length === 4)
      assert.deepStrictEqual(
        seen.transfers.map(([id, { state, failure }]) => [id, state, failure]),
        [
          [transferId, "ringing", undefined],
          [transferId, "answered", undefined],
          [transferId, "ended", undefined],
          [transferId, "ended", "busy"]
        ]
      )
    }).pipe(Effect.scoped)
  )
})

describe("comparing after a connection", () => {
  const inApp = { dialplan: { app_name: "Stasis", app_data: `${app},did=8000`, exten: "8000" } }

  it.live("tells the end of a call whose channel is gone, and the answer that was missed", () =>
    Effect.gen(function* () {
      const other = { ...outbound, callId: "0198c0de-3333-7333-8333-333333333333" }
      const otherChannel = callChannel.replace(callId, other.callId)
      const live = [inbound, { ...other, providerCallId: otherChannel }]
      const { seen } = yield* listening(live, ({ channels }) => {
        channels.push({ id: otherChannel, state: "Up", ...inApp })
      })
      yield* until(() => seen.statuses.length === 2)
      const by = new Map(seen.statuses)
      assert.deepInclude(by.get(callId), { status: "canceled", rawStatus: "cause 0" })
      assert.strictEqual(by.get(other.callId)?.status, "in-progress")
      assert.deepStrictEqual(seen.answered, [other.callId])
    }).pipe(Effect.scoped)
  )

  it.live("takes a caller who waits in our application unheard, and touches nothing of others", () =>
    Effect.gen(function* () {
      const { pbx, seen } = yield* listening([], ({ channels, bridges }) => {
        channels.push({ id: "1.1", state: "Ring", ...inApp })
        channels.push({ id: "1.2", state: "Ring", dialplan: { app_name: "Stasis", app_data: "other,did=1" } })
        channels.push({ id: "1.3", state: "Up", dialplan: { app_name: "Dial", app_data: "PJSIP/1" } })
        channels.push({
          id: "sb.ffffffffffff.call.x",
          state: "Up",
          ...inApp,
          dialplan: { app_name: "Stasis", app_data: "x" }
        })
        bridges.push({ id: "theirs", channels: [] })
      })
      yield* until(() => seen.inbound.length === 1)
      assert.deepInclude(seen.inbound[0], { providerCallId: "1.1", to: "8000" })
      assert.isFalse(pbx.seen.requests.some((line) => line.startsWith("DELETE")))
    }).pipe(Effect.scoped)
  )
})

describe("events from outside", () => {
  it("never fail to be read, whatever they are", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseEvent(text)))
    fc.assert(
      fc.property(fc.json(), (json) => void parseEvent(`{"type":"StasisStart","channel":${json},"args":${json}}`))
    )
    assert.isUndefined(parseEvent(`{"type":"ChannelVarset","channel":{"id":"1"}}`))
  })

  it("have times with an offset without a colon", () => {
    const event = parseEvent(`{"type":"StasisEnd","timestamp":"2026-09-05T09:00:00.200+0200"}`)
    assert.strictEqual(event === undefined ? undefined : timeOf(event), Date.parse("2026-09-05T07:00:00.200Z"))
  })
})
