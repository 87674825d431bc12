import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import type { TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import type { Received } from "../../carrier/localCarrier.ts"
import {
  app,
  asked,
  bridge,
  callChannel,
  callId,
  done,
  inbound,
  mediaChannel,
  notFound,
  outbound,
  pbx,
  refusal,
  stored,
  targetChannel,
  transferId
} from "./pbx.ts"

const dial: PlaceCall = {
  callId,
  from: "+14155550123",
  to: "+442071838750",
  links: { answer: "", route: () => "" },
  mediaUrl: Effect.die("the media is opened after the answer"),
  ringTimeoutSeconds: 45,
  maxDurationSeconds: 3600
}

const channel = (id: string, state = "Down") => ({ status: 200, json: { id, state } })
const lines = (received: ReadonlyArray<Received>) => received.map((request) => asked(request).line)

describe("placing a call", () => {
  it.live("creates a channel under our own name into our application, with the ARI user in a header only", () =>
    pbx(
      () => channel(callChannel),
      (provider, received) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* provider.placeCall(dial), { providerCallId: callChannel, rawStatus: "Down" })
          const [request] = received
          if (request === undefined) return assert.fail("nothing was asked")
          assert.deepStrictEqual(asked(request), {
            line: `POST /ari/channels/${callChannel}`,
            query: {
              endpoint: "PJSIP/+442071838750",
              app,
              appArgs: `switchboard-call,${callId}`,
              timeout: "45",
              callerId: "+14155550123"
            }
          })
          const basic = Buffer.from("gateway:s3cret pass").toString("base64")
          assert.strictEqual(request.headers.authorization, `Basic ${basic}`)
          assert.notInclude(request.path, "cret")
        })
    )
  )

  it.live("is done already when Asterisk has the channel (409)", () =>
    pbx(
      () => refusal(409, "Channel with given unique ID already exists"),
      (provider) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* provider.placeCall(dial)).providerCallId, callChannel)
        })
    )
  )

  it.live("'Allocation failed' (500 with `error`) is for a person, and never repeated", () =>
    pbx(
      () => ({ status: 500, json: { error: "Allocation failed" } }),
      (provider, received) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(provider.placeCall(dial))
          assert.strictEqual(error.kind, "rejected")
          assert.include(error.message, "trunk")
          assert.lengthOf(received, 1)
        })
    )
  )

  it.live("dials nothing that would be more than a number", () =>
    pbx(
      () => channel(callChannel),
      (provider, received) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(provider.placeCall({ ...dial, to: "1&PJSIP/2" }))
          assert.strictEqual(error.kind, "rejected")
          assert.lengthOf(received, 0)
        })
    )
  )

  it.live("is of unknown outcome when the connection breaks after it was sent", () =>
    pbx(
      () => "cut",
      (provider, received) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(provider.placeCall(dial))).kind, "unknown-outcome")
          assert.lengthOf(received, 1)
        })
    )
  )
})

describe("asking Asterisk", () => {
  it.live("tells the state of a channel as a status, by our own name while none is known", () =>
    pbx(
      ({ path }) => channel(decodeURIComponent(path.split("/").at(-1) ?? ""), "Ringing"),
      (provider) =>
        Effect.gen(function* () {
          const known = yield* provider.callStatus({ ...outbound, providerCallId: undefined })
          assert.deepInclude(known, { providerCallId: callChannel, status: "ringing", rawStatus: "Ringing" })
          assert.strictEqual((yield* provider.callStatus(inbound))?.providerCallId, "1757062800.12")
        })
    )
  )

  it.live("a channel that is gone is no call; an ARI that is not there says nothing about calls", () =>
    pbx(
      (_, earlier) =>
        earlier === 0
          ? notFound
          : { status: 404, text: "<html>Not Found</html>", headers: { "content-type": "text/html" } },
      (provider) =>
        Effect.gen(function* () {
          assert.isUndefined(yield* provider.callStatus(outbound))
          const error = yield* Effect.flip(provider.callStatus(outbound))
          assert.strictEqual(error.kind, "unavailable")
          assert.include(error.message, "res_ari")
        })
    )
  )

  it.live("tells wrong credentials, a read-only user, and a PBX that is starting", () =>
    Effect.forEach(
      [
        [401, "credentials", "ari.conf"],
        [403, "credentials", "read_only"]
      ] as const,
      ([status, kind, words]) =>
        pbx(
          () => refusal(status),
          (provider) =>
            Effect.gen(function* () {
              const error = yield* Effect.flip(provider.callStatus(outbound))
              assert.strictEqual(error.kind, kind)
              assert.include(error.message, words)
              assert.isFalse((yield* provider.testConnection.pipe(Effect.orDie)).ok && status === 401)
            })
        )
    )
  )
})

describe("hanging up", () => {
  it.live("ends the caller, then bridge, then media, and minds nothing that is gone", () =>
    pbx(
      () => notFound,
      (provider, received) =>
        Effect.gen(function* () {
          yield* provider.hangUp(inbound)
          assert.deepStrictEqual(lines(received), [
            "DELETE /ari/channels/1757062800.12",
            `DELETE /ari/bridges/${bridge}`,
            `DELETE /ari/channels/${mediaChannel}`
          ])
          assert.strictEqual(asked(received[0] ?? assert.fail()).query["reason"], "normal")
        })
    )
  )

  it.live("does the other steps although one fails, and tells of the caller's", () =>
    pbx(
      ({ path }) => (path.startsWith("/ari/bridges") ? done : refusal(400)),
      (provider, received) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(provider.hangUp(outbound))).kind, "rejected")
          assert.lengthOf(received, 3)
        })
    )
  )

  it.live("turns a caller away with a cause, by the words that ARI has (reason, not reason_code)", () =>
    pbx(
      () => done,
      (provider, received) =>
        Effect.gen(function* () {
          const call = { providerCallId: "1.2", from: "100", to: "200", details: {} }
          for (const refused of ["unknown-number", "busy", "draining", "not-allowed"] as const)
            yield* provider.turnAway?.(call, refused) ?? Effect.die("no capability")
          assert.deepStrictEqual(
            received.map((request) => asked(request).query),
            ["unallocated", "busy", "congestion", "rejected"].map((reason) => ({ reason }))
          )
        })
    )
  )

  it.live("presses digits once, also when the answer is lost", () =>
    pbx(
      () => "cut",
      (provider, received) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(provider.sendDigits?.(inbound, "12#") ?? Effect.die("no capability"))
          assert.strictEqual(error.kind, "unknown-outcome")
          assert.deepStrictEqual(received.map(asked), [
            { line: "POST /ari/channels/1757062800.12/dtmf", query: { dtmf: "12#" } }
          ])
        })
    )
  )
})

const plan: TransferPlan = {
  transferId,
  call: inbound,
  destination: "8001",
  callerId: "+14155550123",
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 3600,
  announcement: undefined,
  room: "room",
  links: { route: () => "" }
}
const dialled = { ...plan, destinationCallId: targetChannel, destinationMemory: {} }

describe("transferring a call", () => {
  it.live("dials the destination under a name that holds call and transfer", () =>
    pbx(
      () => channel(targetChannel),
      (provider, received) =>
        Effect.gen(function* () {
          const placed = yield* provider.transfer?.dial(plan) ?? Effect.die("no capability")
          assert.strictEqual(placed.providerCallId, targetChannel)
          assert.deepStrictEqual(received.map(asked), [
            {
              line: `POST /ari/channels/${targetChannel}`,
              query: {
                endpoint: "PJSIP/8001",
                app,
                appArgs: `switchboard-transfer,${transferId}`,
                timeout: "30",
                callerId: "+14155550123"
              }
            }
          ])
        })
    )
  )

  it.live("puts the destination in the media's place: first in, then out, also when it is out already", () =>
    pbx(
      ({ path }) => (path.includes("removeChannel") ? refusal(422, "Channel not in this bridge") : done),
      (provider, received) =>
        Effect.gen(function* () {
          yield* provider.transfer?.join(dialled) ?? Effect.die("no capability")
          assert.deepStrictEqual(received.map(asked), [
            { line: `POST /ari/bridges/${bridge}/addChannel`, query: { channel: targetChannel } },
            { line: `POST /ari/bridges/${bridge}/removeChannel`, query: { channel: mediaChannel } },
            { line: `DELETE /ari/channels/${mediaChannel}`, query: { reason: "normal" } }
          ])
        })
    )
  )

  it.live("leaves the media alone when the destination cannot be joined", () =>
    pbx(
      ({ path }) => (path.includes("addChannel") ? refusal(422, "Channel not in Stasis application") : done),
      (provider, received) =>
        Effect.gen(function* () {
          yield* Effect.flip(provider.transfer?.join(dialled) ?? Effect.die("no capability"))
          assert.lengthOf(received, 1)
        })
    )
  )

  it.live("drops a destination by its name where its id was never told, and that is gone already", () =>
    pbx(
      () => notFound,
      (provider, received) =>
        Effect.gen(function* () {
          const unknown = { ...dialled, destinationCallId: undefined }
          yield* provider.transfer?.drop(unknown) ?? Effect.die("no capability")
          assert.deepStrictEqual(lines(received), [`DELETE /ari/channels/${targetChannel}`])
          assert.isUndefined(yield* provider.transfer?.status(unknown) ?? Effect.die("no capability"))
        })
    )
  )
})

describe("the connection test", () => {
  it.live("tells that the application is not there yet, and that the line is open to listeners", () =>
    pbx(
      () => refusal(404, "Application not found"),
      (provider) =>
        Effect.gen(function* () {
          const test = yield* provider.testConnection
          assert.isTrue(test.ok)
          assert.include(test.message, "22.8.2")
          assert.lengthOf(test.warnings, 2)
        }),
      { ...stored, ari_endpoint: "http://pbx.example.com:8088" }
    )
  )
})
