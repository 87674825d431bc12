import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { App, endOf, ours, speech, theirs } from "../../support/app.ts"
import { house } from "./house.ts"

const variants = [
  ["where we open the media", { mediaMode: "server" }],
  ["of an older release, which ignores transport_data", { version: "20.17.0" }],
  ["of an older release where we open the media", { mediaMode: "server", version: "22.7.0" }],
  [
    "behind a prefix, wideband, with a caller whose phone suppresses silence",
    {
      prefix: "/pbx/asterisk",
      mediaFormat: "slin16",
      trunkFormat: "slin16",
      silenceSuppression: true
    }
  ],
  ["that packs 40 ms into a message", { packetMs: 40, mediaFormat: "alaw" }]
] as const

for (const [name, options] of variants) {
  const { asterisk, empty, layer: withAsterisk, ready } = house(options)
  layer(withAsterisk, { excludeTestServices: true })(`an Asterisk ${name}`, (it) => {
    it.effect("takes a call and places one", () =>
      Effect.gen(function* () {
        const app = yield* App
        const { agentId } = yield* ready
        const call = yield* (yield* asterisk).placeInbound({ from: theirs, to: ours, audio: speech })
        yield* call.until(({ heard, said }) => said.length > 0 && heard.played.length >= said.length)
        yield* call.hangUp
        assert.deepStrictEqual((yield* call.settled).errors, [])
        yield* endOf(app, call.id)
        yield* (yield* asterisk).whenDialed(theirs, { outcome: "answer", afterMs: 20, audio: speech })
        yield* app.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId })
        const placed = yield* (yield* asterisk).nextOutbound
        yield* placed.until(({ heard, said }) => said.length > 0 && heard.played.length >= said.length)
        yield* placed.hangUp
        assert.deepStrictEqual((yield* placed.settled).errors, [])
        assert.strictEqual((yield* endOf(app, placed.id)).end_reason, "callee_hung_up")
        yield* empty
      })
    )
  })
}
