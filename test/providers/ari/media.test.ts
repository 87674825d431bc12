import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { PickUp } from "../../../src/carrier/TelephonyProvider.ts"
import { spec } from "../../../src/providers/ari/index.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "../../carrier/localCarrier.ts"
import {
  app,
  asked,
  bridge,
  callChannel,
  callId,
  configurationId,
  done,
  inbound,
  mediaChannel,
  notFound,
  outbound,
  pbx,
  refusal,
  stored,
  version
} from "./pbx.ts"

const ticket = "AbC-123_xyz"
const picking = (call = inbound): PickUp => ({
  callId,
  call,
  mediaUrl: `wss://voice.example.com/api/v1/telephony/ws/${ticket}`,
  links: { answer: "", route: () => "" }
})
const made = { status: 200, json: { id: mediaChannel, state: "Down", channelvars: {} } }
const lines = (received: ReadonlyArray<Received>) => received.map((request) => asked(request).line)
const info = "GET /ari/asterisk/info"

describe("picking up", () => {
  it.live("answers a caller, then has Asterisk open the media with the ticket as a parameter", () =>
    pbx(
      ({ path }) => (path.includes("externalMedia") ? made : done),
      (provider, received) =>
        Effect.gen(function* () {
          yield* provider.pickUp?.(picking()) ?? Effect.die("no capability")
          assert.deepStrictEqual(lines(received), [
            "POST /ari/channels/1757062800.12/answer",
            info,
            "POST /ari/channels/externalMedia"
          ])
          assert.deepStrictEqual(asked(received[2] ?? assert.fail()).query, {
            app,
            channelId: mediaChannel,
            external_host: "switchboard_media",
            encapsulation: "none",
            transport: "websocket",
            connection_type: "client",
            format: "ulaw",
            direction: "both",
            data: `switchboard-media,${callId}`,
            transport_data: `f(json)v(ticket=${ticket})`
          })
        })
    )
  )

  it.live("does not answer a call that we placed", () =>
    pbx(
      () => made,
      (provider, received) =>
        Effect.gen(function* () {
          yield* provider.pickUp?.(picking({ ...outbound, providerCallId: undefined })) ?? Effect.die("no capability")
          yield* provider.pickUp?.(picking(outbound)) ?? Effect.die("no capability")
          assert.isFalse(lines(received).some((line) => line.endsWith("/answer")))
        })
    )
  )

  it.live("a caller who hung up meanwhile (404, 409) is gone, and nothing is opened for them", () =>
    Effect.forEach([notFound, refusal(409, "Channel not in Stasis application"), refusal(412)], (answer) =>
      pbx(
        () => answer,
        (provider, received) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(provider.pickUp?.(picking()) ?? Effect.die("no capability"))
            assert.strictEqual(error.kind, "not-found")
            assert.lengthOf(received, 1)
          })
      )
    )
  )

  it.live("a 500 may hide a channel that was made: it is looked for before the call is given up", () =>
    pbx(
      ({ method, path }) =>
        method === "GET" ? made : path.includes("externalMedia") ? refusal(500, "An internal error") : done,
      (provider) => provider.pickUp?.(picking()) ?? Effect.die("no capability")
    )
  )

  it.live("an unknown section name (400) fails and is for a person", () =>
    pbx(
      ({ path }) => (path.includes("externalMedia") ? refusal(400) : done),
      (provider) =>
        Effect.gen(function* () {
          assert.strictEqual(
            (yield* Effect.flip(provider.pickUp?.(picking()) ?? Effect.die("no capability"))).kind,
            "rejected"
          )
        })
    )
  )
})

/** An account at an Asterisk of some release. */
const onRelease = <A, E>(
  release: string,
  use: (
    provider: Effect.Success<ReturnType<typeof spec.load>>,
    received: ReadonlyArray<Received>
  ) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const behave = ({ path }: Received): Behaviour => (path.includes("/info") ? version(release) : made)
    const carrier = yield* localCarrier(behave)
    return yield* Effect.gen(function* () {
      const provider = yield* spec.load(Redacted.make(stored), { configurationId, phoneNumbers: [] })
      return yield* use(provider, carrier.received)
    }).pipe(Effect.provide(toolkit(carrier.baseUrl)))
  }).pipe(Effect.scoped)

describe("older releases", () => {
  it.live("which ignore transport_data get the ticket in a dial string", () =>
    onRelease("20.17.0", (provider, received) =>
      Effect.gen(function* () {
        yield* provider.pickUp?.(picking(outbound)) ?? Effect.die("no capability")
        assert.deepStrictEqual(asked(received[1] ?? assert.fail()), {
          line: `POST /ari/channels/${mediaChannel}`,
          query: {
            endpoint: `WebSocket/switchboard_media/c(ulaw)v(ticket=${ticket})`,
            app,
            appArgs: `switchboard-media,${callId}`,
            formats: "ulaw"
          }
        })
      })
    )
  )

  it.live("without WebSocket channels are refused, by call and by connection test", () =>
    onRelease("20.15.2", (provider) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(provider.pickUp?.(picking(outbound)) ?? Effect.die("no capability"))
        assert.include(error.message, "20.15.2")
        assert.isFalse((yield* provider.testConnection).ok)
      })
    )
  )
})

describe("joining caller and media", () => {
  const bridged = { status: 200, json: { id: bridge, channels: ["1757062800.12", mediaChannel] } }
  const halfway = { status: 200, json: { id: bridge, channels: [mediaChannel] } }

  it.live("waits for the media channel to enter the application (422), and until both are in the bridge", () =>
    Effect.gen(function* () {
      let adds = 0
      let looks = 0
      yield* pbx(
        ({ method, path }) => {
          if (path.includes("addChannel")) return ++adds < 4 ? refusal(422, "Channel not in Stasis application") : done
          if (method === "GET") return ++looks < 3 ? halfway : bridged
          return refusal(409, "Bridge with id already exists")
        },
        (provider, received) =>
          Effect.gen(function* () {
            yield* provider.mediaOpened?.(inbound) ?? Effect.die("no capability")
            assert.strictEqual(adds, 4)
            assert.strictEqual(looks, 3)
            assert.deepStrictEqual(asked(received[0] ?? assert.fail()), {
              line: `POST /ari/bridges/${bridge}`,
              query: { type: "mixing" }
            })
            assert.deepStrictEqual(asked(received[1] ?? assert.fail()).query, {
              channel: `1757062800.12,${mediaChannel}`
            })
          })
      )
    })
  )

  it.live("gives up soon on a channel that is not there (400, not 404)", () =>
    pbx(
      ({ path }) => (path.includes("addChannel") ? refusal(400, "Channel not found") : done),
      (provider, received) =>
        Effect.gen(function* () {
          yield* Effect.flip(provider.mediaOpened?.({ ...outbound, providerCallId: callChannel }) ?? Effect.die("no"))
          assert.isAtMost(received.length, 5)
        })
    )
  )
})
