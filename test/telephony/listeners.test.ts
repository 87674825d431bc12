import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { carrierHttpClient } from "../../src/carrier/carrierHttpClient.ts"
import { CarrierToolkit } from "../../src/carrier/CarrierToolkit.ts"
import { ListenerEnded, type ListenerDesk } from "../../src/carrier/Listener.ts"
import { ConfigurationNotFound, Configurations } from "../../src/organizations/Configurations.ts"
import { readConfigurations } from "../../src/organizations/configurationRow.ts"
import { ConfigurationStore } from "../../src/organizations/ConfigurationStore.ts"
import { Settings } from "../../src/Settings.ts"
import * as Database from "../../src/store/Database.ts"
import { migrate } from "../../src/store/migrations.ts"
import { Dialer } from "../../src/telephony/Dialer.ts"
import { Drain } from "../../src/telephony/Drain.ts"
import * as Listeners from "../../src/telephony/Listeners.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { needsPostgres, embeddedDatabase, postgresUrl, temporaryDatabase } from "../support/database.ts"
import { fakeSpec } from "./support/fakeCarrier.ts"
import { callOf } from "./support/place.ts"
import { makeTenant, publicUrl, type Tenant, world } from "./support/world.ts"

/** The carrier's side of all listeners of a node: who is connected, and how a try goes. */
interface Side {
  /** The configurations that are connected, with their desks. */
  readonly up: Map<string, ListenerDesk>
  tries: number
  answer: "accepts" | ListenerEnded["kind"]
  readonly pickedUp: Array<string>
  /** Ends the connection of everybody. */
  cut: Deferred.Deferred<never, ListenerEnded>
}

class CarrierSide extends Context.Service<CarrierSide, Side>()("test/CarrierSide") {
  static readonly layer = Layer.effect(
    CarrierSide,
    Effect.map(Deferred.make<never, ListenerEnded>(), (cut) =>
      CarrierSide.of({ up: new Map(), tries: 0, answer: "accepts", pickedUp: [], cut })
    )
  )
}

const gone = (kind: ListenerEnded["kind"]) => new ListenerEnded({ provider: "fake", kind, message: `scripted ${kind}` })

/** The configurations of the world, each with a listener. */
const configurations = Layer.effect(
  Configurations,
  Effect.gen(function* () {
    const base = yield* Configurations
    const side = yield* CarrierSide
    const load: (typeof base)["load"] = (id, expected) =>
      Effect.map(base.load(id, expected), (loaded) => ({
        ...loaded,
        provider: {
          ...loaded.provider,
          pickUp: ({ callId }) => Effect.sync(() => void side.pickedUp.push(callId)),
          listen: Effect.fnUntraced(function* (desk) {
            side.tries++
            if (side.answer !== "accepts") return yield* gone(side.answer)
            yield* Effect.acquireRelease(
              Effect.sync(() => void side.up.set(id, desk)),
              () => Effect.sync(() => side.up.get(id) === desk && side.up.delete(id))
            )
            yield* desk.connected
            return yield* Deferred.await(side.cut)
          })
        }
      }))
    return Configurations.of({ ...base, load })
  })
)

const unused = () => Effect.die("not used here")

/** What of the store a listener needs, over the real table. */
const store = Layer.effect(
  ConfigurationStore,
  Effect.map(SqlClient.SqlClient, (sql) => {
    return ConfigurationStore.of({
      list: unused,
      get: unused,
      create: unused,
      save: unused,
      setDefaultOutbound: unused,
      remove: unused,
      park: (id, reason) =>
        sql`UPDATE telephony_configurations SET inactive_since = now(), inactive_reason = ${reason} WHERE id = ${id}`.pipe(
          Effect.asVoid
        ),
      reactivate: Effect.fnUntraced(function* (_organization, id) {
        const rows = yield* sql`UPDATE telephony_configurations SET inactive_since = NULL WHERE id = ${id} RETURNING *`
        const [row] = yield* readConfigurations(rows)
        return row === undefined
          ? yield* new ConfigurationNotFound({ id })
          : { row, credentials: {}, checklist: [], counts: { numbers: 0, active_numbers: 0 } }
      })
    })
  })
)

const node = (database: Parameters<typeof world>[0]) =>
  Listeners.layer.pipe(
    Layer.provide(configurations),
    Layer.provide(store),
    Layer.provide(
      Layer.succeed(
        MediaSessions,
        MediaSessions.of({ admit: Effect.die, adopt: Effect.die, live: Effect.succeed(0), drain: () => Effect.void })
      )
    ),
    Layer.provide(
      CarrierToolkit.layer.pipe(Layer.provide([carrierHttpClient, Settings.test({ PUBLIC_URL: publicUrl })]))
    ),
    Layer.provideMerge(CarrierSide.layer),
    Layer.provideMerge(world(database, { ...fakeSpec(), listens: true }))
  )

/** Waits until something is as wanted, however loaded the machine is. */
const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  effect.pipe(Effect.delay("20 millis"), Effect.repeat({ until: holds }), Effect.timeout("40 seconds"))

const change = (tenant: Tenant, set: "version" | "inactive" | "active" | "deleted") =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => {
    const id = tenant.configurationId
    switch (set) {
      case "version":
        return sql`UPDATE telephony_configurations SET version = version + 1 WHERE id = ${id}`
      case "inactive":
        return sql`UPDATE telephony_configurations SET inactive_since = now() WHERE id = ${id}`
      case "active":
        return sql`UPDATE telephony_configurations SET inactive_since = NULL WHERE id = ${id}`
      case "deleted":
        return sql`UPDATE telephony_configurations SET deleted_at = now() WHERE id = ${id}`
    }
  })

const isInactive = (tenant: Tenant) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql`SELECT 1 FROM telephony_configurations WHERE id = ${tenant.configurationId} AND inactive_since IS NOT NULL`,
      (rows) => rows.length === 1
    )
  )

const desk = Effect.fnUntraced(function* (tenant: Tenant, other?: ListenerDesk) {
  const { up } = yield* CarrierSide
  const found = yield* eventually(
    Effect.sync(() => up.get(tenant.configurationId)),
    (each) => each !== undefined && each !== other
  )
  return found ?? assert.fail("it is there")
})
const isDown = (tenant: Tenant) =>
  Effect.flatMap(CarrierSide, ({ up }) =>
    eventually(
      Effect.sync(() => up.has(tenant.configurationId)),
      (isUp) => !isUp
    )
  )
const dial = (tenant: Tenant) =>
  Effect.flatMap(Dialer, (dialer) =>
    dialer.place({
      organizationId: tenant.organizationId,
      agentId: tenant.agentId,
      to: "+442071838750",
      context: {},
      configurationId: tenant.configurationId
    })
  )

const onOneNode = <A, E>(use: Effect.Effect<A, E, Layer.Success<ReturnType<typeof node>> | Scope.Scope>) =>
  Effect.scoped(Effect.flatMap(Layer.build(node(embeddedDatabase)), (context) => Effect.provide(use, context)))

describe("listeners", () => {
  it.live(
    "follow their configuration: made, changed, switched off and on again, deleted",
    () =>
      onOneNode(
        Effect.gen(function* () {
          const tenant = yield* makeTenant()
          const first = yield* desk(tenant)
          yield* change(tenant, "version")
          yield* desk(tenant, first)
          yield* change(tenant, "inactive")
          yield* isDown(tenant)
          yield* change(tenant, "active")
          yield* desk(tenant)
          yield* change(tenant, "deleted")
          yield* isDown(tenant)
        })
      ),
    120_000
  )

  it.live(
    "let a call be dialled only while the connection is up, and tell why not",
    () =>
      onOneNode(
        Effect.gen(function* () {
          const side = yield* CarrierSide
          const tenant = yield* makeTenant()
          // The connection is just being made: the dial waits for it.
          assert.strictEqual((yield* dial(tenant)).status, "initiated")
          side.answer = "lost"
          const cut = side.cut
          side.cut = yield* Deferred.make<never, ListenerEnded>()
          yield* Deferred.fail(cut, gone("lost"))
          yield* isDown(tenant)
          const refused = yield* eventually(Effect.flip(dial(tenant)), ({ message }) =>
            message.includes("scripted lost")
          )
          assert.strictEqual(refused._tag, "NoConfigurationReady")
        })
      ),
    120_000
  )

  it.live(
    "park a configuration that is refused again and again, and take it back when it works",
    () =>
      onOneNode(
        Effect.gen(function* () {
          const side = yield* CarrierSide
          side.answer = "refused"
          const tenant = yield* makeTenant()
          yield* Effect.repeat(Effect.delay(isInactive(tenant), "200 millis"), { until: (is) => is })
          assert.strictEqual(side.tries, 5)
          side.answer = "accepts"
          // Somebody repaired it: a new version is tried at once, though nobody pressed the button.
          yield* change(tenant, "version")
          yield* desk(tenant)
          yield* eventually(isInactive(tenant), (is) => !is)
          const tries = side.tries
          yield* Effect.sleep("3 seconds")
          assert.strictEqual(side.tries, tries)
        })
      ),
    120_000
  )

  it.live("take calls, pick up what was answered, and see it through when the connection breaks meanwhile", () =>
    onOneNode(
      Effect.gen(function* () {
        const side = yield* CarrierSide
        const tenant = yield* makeTenant()
        const at = yield* desk(tenant)
        const call = { providerCallId: "pbx-1", from: "+442071838750", to: tenant.number, details: {} }
        yield* at.inbound(call)
        yield* at.inbound(call)
        assert.lengthOf(side.pickedUp, 1)
        const [live, ...others] = yield* at.liveCalls
        assert.strictEqual(live?.providerCallId, "pbx-1")
        assert.lengthOf(others, 0)
        const placed = yield* dial(tenant)
        yield* Effect.all([at.answered(placed.id), at.answered(placed.id)], { concurrency: 2 })
        assert.deepStrictEqual(side.pickedUp.slice(1), [placed.id])
        yield* at.reports.status(
          { configurationId: tenant.configurationId, providerCallId: "pbx-1" },
          { providerCallId: "pbx-1", status: "completed", rawStatus: "gone", dedupeKey: "gone" }
        )
        assert.strictEqual((yield* callOf(live?.callId ?? "")).endReason, "caller_hung_up")
      })
    )
  )
})

const twoNodes = Effect.gen(function* () {
  const url = yield* temporaryDatabase(postgresUrl ?? "")
  const database = Database.server(Redacted.make(url))
  yield* Effect.provide(migrate, database)
  const build = Effect.gen(function* () {
    const scope = yield* Effect.acquireRelease(Scope.make(), (made) => Scope.close(made, Exit.void))
    const context = yield* Layer.buildWithScope(Layer.fresh(node(Layer.orDie(Layer.fresh(database)))), scope)
    return { context, scope, side: Context.get(context, CarrierSide) }
  })
  return [yield* build, yield* build] as const
})

describe(`listeners of two nodes${needsPostgres}`, () => {
  const withNodes = it.live.skipIf(postgresUrl === undefined)

  withNodes(
    "run each connection on one of them, and on the other one when it goes away",
    () =>
      Effect.gen(function* () {
        const [a, b] = yield* twoNodes
        const tenants = yield* Effect.provide(Effect.all([makeTenant(), makeTenant(), makeTenant()]), a.context)
        const holders = (tenant: Tenant) => [a, b].filter(({ side }) => side.up.has(tenant.configurationId))
        const all = Effect.sync(() => tenants.map((tenant) => holders(tenant).length))
        yield* eventually(all, (counts) => counts.every((count) => count === 1))
        yield* Effect.sleep("3 seconds")
        assert.deepStrictEqual(yield* all, [1, 1, 1])
        const [holder] = holders(tenants[0])
        const other = holder === a ? b : a
        yield* Scope.close(holder?.scope ?? assert.fail("nobody holds it"), Exit.void)
        yield* eventually(
          Effect.sync(() => tenants.every(({ configurationId }) => other.side.up.has(configurationId))),
          (areUp) => areUp
        )
      }).pipe(Effect.scoped),
    120_000
  )

  withNodes(
    "are handed over by a node that drains, which keeps them until then",
    () =>
      Effect.gen(function* () {
        const [a, b] = yield* twoNodes
        const tenant = yield* Effect.provide(makeTenant(), a.context)
        const holder = yield* eventually(
          Effect.sync(() => [a, b].find(({ side }) => side.up.has(tenant.configurationId))),
          (found) => found !== undefined
        )
        const other = holder === a ? b : a
        if (holder === undefined) return assert.fail("nobody holds it")
        yield* Effect.provide(
          Effect.flatMap(Drain, (drain) => drain.begin),
          holder.context
        )
        yield* eventually(
          Effect.sync(() => other.side.up.has(tenant.configurationId)),
          (isUp) => isUp
        )
        yield* eventually(
          Effect.sync(() => holder.side.up.has(tenant.configurationId)),
          (isUp) => !isUp
        )
      }).pipe(Effect.scoped),
    120_000
  )

  it.live("are kept by the only node while it drains", () =>
    onOneNode(
      Effect.gen(function* () {
        const tenant = yield* makeTenant()
        const before = yield* desk(tenant)
        yield* Effect.flatMap(Drain, (drain) => drain.begin)
        yield* Effect.sleep("3 seconds")
        assert.strictEqual((yield* CarrierSide).up.get(tenant.configurationId), before)
      })
    )
  )
})
