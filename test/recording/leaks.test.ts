import { readdirSync, readlinkSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Random } from "effect"
import { RecordingArchive } from "../../src/recording/RecordingArchive.ts"
import { Recordings } from "../../src/recording/Recordings.ts"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { Pacer } from "../../src/transport/pacer.ts"
import { mediaWorld, openCall, use } from "../telephony/mediaWorld.ts"
import { eventually } from "../telephony/support/place.ts"
import { makeTenant } from "../telephony/support/world.ts"
import { stop } from "../transport/support/protocol.ts"
import { frame } from "../transport/support/rig.ts"

/** Recordings that this process has open; none where the system does not tell. */
const openFiles = () => {
  try {
    return readdirSync("/proc/self/fd").filter((fd) => readlinkSync(`/proc/self/fd/${fd}`).endsWith(".wav"))
  } catch {
    return []
  }
}

const kills = ["caller", "carrier", "operator", "node", "stopped"] as const

layer(mediaWorld, { excludeTestServices: true })("recorded calls that are killed", (it) => {
  it.effect("leave no file open, no fiber and no timer, at whatever moment; every recording is finished", () =>
    Effect.gen(function* () {
      const agent = yield* use("echo")
      agent.settings = { recording: { enabled: true } }
      const commands = yield* CallCommands
      const recordings = yield* Recordings
      const archive = yield* RecordingArchive
      const pacer = yield* Pacer
      const tenant = yield* makeTenant({ concurrent: 1000, perSecond: 1000 })

      const one = Effect.gen(function* () {
        const kill = yield* Random.choice(kills)
        const { fake, id, running } = yield* openCall({ tenant })
        for (let n = 0; n < 5; n++) fake.audio(frame(n))
        yield* Effect.sleep(yield* Random.nextIntBetween(0, 60))
        if (kill === "caller") fake.text(stop)
        if (kill === "carrier") fake.drop(1006)
        if (kill === "operator") yield* Effect.ignore(commands.send(id, { _tag: "HangUp", drain: false }))
        if (kill === "stopped") yield* Effect.ignore(commands.send(id, { _tag: "Recording", action: "stop" }))
        if (kill === "node" || kill === "stopped") yield* Fiber.interrupt(running)
        yield* Fiber.await(running)
        return id
      }).pipe(Effect.scoped)

      const ids = yield* Effect.all(
        Array.from({ length: 60 }, () => one),
        { concurrency: 15 }
      )
      yield* eventually(recordings.ids, ({ length }) => length === 0)
      assert.deepStrictEqual(openFiles(), [])
      assert.deepInclude(pacer.counts(), { registered: 0, awake: 0, timers: 0 })
      const rows = (yield* Effect.forEach(ids, archive.ofCall)).flat()
      assert.isAbove(rows.length, 10)
      assert.deepStrictEqual(
        rows.filter(({ state }) => state !== "ready"),
        []
      )
    })
  )
})
