import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { AgentEnvironment } from "../../src/agents/AgentEnvironment.ts"
import { AgentRegistry, agentRegistration } from "../../src/agents/AgentRegistry.ts"
import type { AgentCall, AgentLeg, AgentSpec, AgentUnreachable } from "../../src/agents/AgentSpec.ts"
import * as Kinds from "../../src/agents/kinds.ts"
import type { RawRequest } from "../../src/carrier/RawRequest.ts"
import { SignatureRejected } from "../../src/carrier/VerifiedRequest.ts"
import type { FormValues } from "../../src/Form.ts"
import { AgentNotFound, Agents } from "../../src/organizations/Agents.ts"
import { AudioClips } from "../../src/organizations/AudioClips.ts"
import { Configurations } from "../../src/organizations/Configurations.ts"
import type { NewCall } from "../../src/telephony/Admission.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import * as recordingHost from "../../src/telephony/recordingHost.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { layerWith } from "../../src/recording/layer.ts"
import { RecordingFiles } from "../../src/recording/RecordingFiles.ts"
import { PreparedAgents } from "../../src/telephony/PreparedAgents.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import type { MediaSocket } from "../../src/Transport.ts"
import { openTransport } from "../../src/transport/openTransport.ts"
import { Pacer } from "../../src/transport/pacer.ts"
import { loopbackEnvironment } from "../agents/support/legs.ts"
import { embeddedDatabase, temporaryFolder } from "../support/database.ts"
import { serializer, start } from "../transport/support/protocol.ts"
import { FakeSocket } from "../transport/support/rig.ts"
import { carrierName, fakeSpec } from "./support/fakeCarrier.ts"
import { begin } from "./support/place.ts"
import { makeTenant, type Tenant, world } from "./support/world.ts"

/** What the agent of the tests is; changed by a test before it opens a call. */
export class TestAgent extends Context.Service<
  TestAgent,
  {
    kind: string
    settings: FormValues
    exists: boolean
    connect: Effect.Effect<AgentLeg, AgentUnreachable>
    /** The calls for which the scripted agent was connected. */
    readonly connects: Array<AgentCall>
    /** What the scripted agent was told about the end of its calls. */
    readonly farewells: Array<{ readonly reason: string; readonly owner: string }>
  }
>()("test/TestAgent") {
  static readonly layer = Layer.sync(TestAgent, () =>
    TestAgent.of({ kind: "echo", settings: {}, exists: true, connect: Effect.never, connects: [], farewells: [] })
  )
}

/** A kind of agent that does what the test says. */
const scripted = Layer.unwrap(
  Effect.map(TestAgent, (agent) => {
    const spec: AgentSpec = {
      name: "scripted",
      displayName: "Scripted",
      description: "",
      fields: [],
      settings: Schema.Struct({}),
      connect: (call) =>
        Effect.map(
          Effect.suspend(() => {
            agent.connects.push(call)
            return agent.connect
          }),
          (leg) => ({ ...leg, ended: (end) => Effect.sync(() => void agent.farewells.push(end)) })
        )
    }
    return agentRegistration(spec)
  })
)

const agents = Layer.effect(
  Agents,
  Effect.map(TestAgent, (agent) =>
    Agents.of({
      load: (organizationId, id) =>
        Effect.suspend(() =>
          agent.exists
            ? Effect.succeed({
                id,
                organizationId,
                name: "A",
                kind: agent.kind,
                settings: Redacted.make(agent.settings)
              })
            : Effect.fail(new AgentNotFound({ id }))
        )
    })
  )
)

/** Configurations whose upgrades are signed by a header, where the test sends one. */
const configurations = Layer.effect(
  Configurations,
  Effect.map(Configurations, (base) =>
    Configurations.of({
      ...base,
      load: (id, expected) =>
        Effect.map(base.load(id, expected), (loaded) => ({
          ...loaded,
          provider: {
            ...loaded.provider,
            verifyUpgrade: (request: RawRequest) =>
              request.headers["x-signature"] === "wrong"
                ? Effect.fail(new SignatureRejected({ provider: carrierName, reason: "the test says so" }))
                : Effect.void
          }
        }))
    })
  )
)

const spec = {
  ...fakeSpec(),
  transport: ((socket, call) =>
    openTransport(socket, call, {
      serializer: serializer({ marks: true, digits: false }),
      handshakeTimeout: "200 millis"
    })) satisfies ReturnType<typeof fakeSpec>["transport"]
}

/** A folder of recordings that goes with the test. */
export const temporaryFiles = Layer.unwrap(Effect.map(temporaryFolder, RecordingFiles.layerIn))

/** Media sessions over the real calls, tickets and commands on a fresh database; what is recorded goes to `files`. */
export const mediaWorldOn = (files: Layer.Layer<RecordingFiles>) =>
  MediaSessions.layer.pipe(
    Layer.provide(configurations),
    Layer.provideMerge(Layer.mergeAll(AudioClips.layer, PreparedAgents.layer)),
    Layer.provide(Layer.mergeAll(agents, Kinds.layer, scripted, Layer.succeed(AgentEnvironment, loopbackEnvironment))),
    Layer.provideMerge(layerWith(files).pipe(Layer.provideMerge(recordingHost.layer))),
    Layer.provideMerge(Layer.mergeAll(AgentRegistry.layer, TestAgent.layer, Pacer.layer)),
    Layer.provideMerge(world(embeddedDatabase, spec))
  )

export const mediaWorld = mediaWorldOn(temporaryFiles)

/** The carrier's end of a media socket in memory; it plays everything at once and says so. */
export const carrierSocket = () => {
  const fake = new FakeSocket()
  const socket: MediaSocket = {
    send: (frame) => {
      fake.send(frame)
      if (typeof frame === "string" && frame.includes('"mark"')) queueMicrotask(() => fake.text(frame))
    },
    bufferedAmount: fake.bufferedAmount,
    isOpen: fake.isOpen,
    listen: fake.listen,
    ping: fake.ping,
    close: fake.close,
    terminate: fake.terminate
  }
  return { fake, socket }
}

export const upgrade: RawRequest = {
  method: "GET",
  publicUrl: "https://gateway.example/api/v1/telephony/ws/ticket",
  headers: {},
  body: new Uint8Array()
}

export const admit = Effect.fnUntraced(function* (callId: string, request: RawRequest = upgrade) {
  const tickets = yield* Tickets
  const sessions = yield* MediaSessions
  return yield* sessions.admit(yield* tickets.issue(callId), request)
})

/** A call whose media socket is open; the carrier's handshake is sent unless `silent`. */
export const openCall = Effect.fnUntraced(function* (
  options: { readonly tenant?: Tenant; readonly silent?: boolean; readonly call?: Partial<NewCall> } = {}
) {
  const tenant = options.tenant ?? (yield* makeTenant())
  const call = yield* begin(tenant, { direction: "inbound", ...options.call })
  const run = yield* admit(call.id)
  const { fake, socket } = carrierSocket()
  const running = yield* Effect.forkScoped(run(socket))
  if (options.silent !== true) fake.text(start(`CA-${call.id}`, tenant.accountId))
  return { id: call.id, fake, running, tenant }
})

/** The call's reason for its end, once it has one. */
export const reasonOf = (callId: string) =>
  Effect.flatMap(Calls, (calls) => calls.find(callId)).pipe(
    Effect.map((row) => Option.getOrThrow(row).endReason),
    Effect.delay("10 millis"),
    Effect.repeat({ until: (reason) => reason !== undefined })
  )

/** Makes the tests' agent of a kind; `connect` is what a scripted one does. One that is lost is not called again. */
export const use = Effect.fnUntraced(function* (kind: string, connect?: Effect.Effect<AgentLeg, AgentUnreachable>) {
  const agent = yield* TestAgent
  agent.kind = kind
  agent.exists = true
  agent.settings = { line: { redial_s: 0 } }
  agent.connects.splice(0)
  agent.farewells.splice(0)
  if (connect !== undefined) agent.connect = connect
  return agent
})

/** An agent that takes the call and does this. */
export const legThat = (run: AgentLeg["run"]): Effect.Effect<AgentLeg> =>
  Effect.succeed({ run, ended: () => Effect.void })
