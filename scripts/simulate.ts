import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Layer, Option, Schedule, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import { msOf } from "../src/Audio.ts"
import { writeWav } from "../src/audio/wav.ts"
import { layer as providers } from "../src/providers/all.ts"
import { Registry } from "../src/Registry.ts"
import { FaultName } from "../src/simulator/Faults.ts"
import type { CallSnapshot, FakeCarrier, SimulatedCall } from "../src/simulator/SimulatorModule.ts"
import { judgeEcho } from "../src/simulator/verdict.ts"
import { checkOut, readServiceUrl, readSpeech, SimulationFailed, simulatorOf } from "./simulate/checks.ts"
import { makeServiceApi, type ServiceApi } from "./simulate/ServiceApi.ts"
import { startThrowAwayService } from "./simulate/throwAwayService.ts"
import { tell } from "./tell.ts"

// A call from a fake carrier to the service, on this machine and without a carrier's account.
//
// Without --service everything is thrown away afterwards: a service of its own on an embedded database, with the fake as
// its carrier. With --service (the service's PUBLIC_URL) it makes a configuration, a number and an agent there and takes
// them away again. An inbound call needs nothing of that service but to be reachable: it cannot ask the fake about the
// number, which shows as a warning. For an outbound call, and to lose the warning, start the service with
// SWITCHBOARD_CARRIER_URL_<NAME>=http://127.0.0.1:<port> and give the same port as --carrier-port.

/** The person on the phone, and our number (both reserved for fiction). */
const person = "+442079460958"
const ours = "+14155550123"
/** Long enough that a busy machine makes no gaps: the person hears everything that much later. */
const jitterMs = 500
const echo = "echo"
const sentences = join(import.meta.dirname, "../src/simulator/speech.wav")

const flags = {
  provider: Flag.String("provider").pipe(Flag.withDescription("The carrier to imitate, by its registry name")),
  audio: Flag.String("audio").pipe(
    Flag.withDescription("A WAV file: what the person on the phone says; some sentences by default"),
    Flag.withDefault(sentences)
  ),
  out: Flag.String("out").pipe(
    Flag.withDescription("Where to write what the person hears, as a WAV file; not kept by default"),
    Flag.optional
  ),
  direction: Flag.Literals("direction", ["inbound", "outbound"]).pipe(
    Flag.withDescription("inbound (the default): the person calls us; outbound: the service calls the person"),
    Flag.withDefault("inbound")
  ),
  service: Flag.String("service").pipe(
    Flag.withDescription("The PUBLIC_URL of a running service; otherwise one is started and thrown away"),
    Flag.optional
  ),
  apiKey: Flag.Redacted("api-key").pipe(Flag.withDescription("An admin API key of --service"), Flag.optional),
  carrierPort: Flag.Int("carrier-port").pipe(
    Flag.withDescription("The port of the fake carrier's REST API; any free one by default"),
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
    Flag.withDefault(0)
  ),
  fault: Flag.Literals("fault", FaultName.literals).pipe(
    Flag.withDescription("Something that the carrier does wrong; may be given several times"),
    Flag.atLeast(0)
  ),
  agent: Flag.String("agent").pipe(
    Flag.withDescription("echo, or the id of an agent of --service"),
    Flag.withDefault(echo)
  ),
  seconds: Flag.Finite("seconds").pipe(
    Flag.withDescription("Hang up after this long at the latest; twice the recording and 15 s by default"),
    Flag.withSchema(Schema.Finite.check(Schema.isBetween({ minimum: 0.1, maximum: 3600 }))),
    Flag.optional
  )
}

/** An agent, a configuration and a number in the service, taken away again with the scope. */
const setUp = Effect.fnUntraced(function* (
  api: ServiceApi,
  provider: string,
  carrier: FakeCarrier,
  agent: string,
  keep: boolean
) {
  const name = `simulation-${randomBytes(4).toString("hex")}`
  const undo = (effect: Effect.Effect<void>) => (keep ? Effect.void : effect)
  const agentId =
    agent === echo ? yield* Effect.acquireRelease(api.createAgent(name), (id) => undo(api.deleteAgent(id))) : agent
  const configurationId = yield* Effect.acquireRelease(
    api.createConfiguration(name, { provider, ...carrier.credentials }),
    (id) => undo(api.deleteConfiguration(id))
  )
  yield* carrier.ownNumber(ours)
  const number = yield* Effect.acquireRelease(api.createNumber(configurationId, ours, agentId), ({ id }) =>
    undo(api.deleteNumber(configurationId, id))
  )
  if (number.provider_sync?.ok === false) yield* Console.log(`warning: ${number.provider_sync.message}`)
  return { agentId, configurationId }
})

const noConnection = new SimulationFailed({
  message: "The service did not connect to the fake carrier within 20 s. Can it reach it?"
})

const noCall = new SimulationFailed({ message: "The service did not dial within 30 s. Can it reach the fake carrier?" })

const isOver = ({ state }: CallSnapshot) => !["queued", "initiated", "ringing", "in-progress"].includes(state)

/** A carrier that tells of its calls over a connection of the service's takes none before that connection stands. */
const onceConnected = (placed: Effect.Effect<SimulatedCall>) =>
  Effect.tap(placed, (call) => call.until((now) => now.media !== "none" || isOver(now))).pipe(
    Effect.flatMap((call) => Effect.map(call.now, (now) => [call, now] as const)),
    Effect.filterOrFail(
      ([, now]) => !isOver(now),
      () => noConnection
    ),
    Effect.map(([call]) => call),
    Effect.retry({ schedule: Schedule.spaced("500 millis"), times: 40 })
  )

/** Talks until the echo is complete (or all is said and 2 s went by), at most `limitMs`; then hangs up. */
const talk = Effect.fnUntraced(function* (call: SimulatedCall, isEcho: boolean, limitMs: number) {
  const done = isEcho
    ? Effect.asVoid(call.until((now) => isOver(now) || judgeEcho(now).outcome === "exact"))
    : Effect.andThen(
        call.until((now) => isOver(now) || (now.said.length > 0 && !now.speaking)),
        Effect.sleep("2 seconds")
      )
  yield* Effect.timeoutOption(done, limitMs)
  yield* call.hangUp
  return yield* Effect.timeoutOrElse(call.settled, { duration: "10 seconds", orElse: () => call.now })
})

/** How the service sees the end of the call; it may take a moment to hear of it. */
const recordOf = (api: ServiceApi, providerCallId: string) =>
  api.findCall(providerCallId).pipe(
    Effect.delay("100 millis"),
    Effect.repeat({ until: (row) => row !== undefined && row.ended_at !== null }),
    Effect.timeoutOrElse({ duration: "15 seconds", orElse: () => api.findCall(providerCallId) }),
    Effect.catchTag("ServiceRefused", (error) => Effect.as(Console.log(`warning: ${error.message}`), undefined))
  )

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`

const command = Command.make(
  "simulate",
  flags,
  Effect.fnUntraced(function* (input) {
    const { name, simulator } = yield* simulatorOf(input.provider)
    const audio = yield* readSpeech(input.audio)
    if (Option.isSome(input.out)) yield* checkOut(input.out.value)
    const carrier = yield* simulator.start({ jitterMs, port: input.carrierPort })
    const running = Option.all([input.service, input.apiKey])
    if (Option.isSome(input.service) && Option.isNone(input.apiKey)) {
      return yield* new SimulationFailed({ message: "--service needs --api-key with an admin key of that service." })
    }
    const { apiKey, url } = Option.isSome(running)
      ? { url: yield* readServiceUrl(running.value[0]), apiKey: running.value[1] }
      : yield* startThrowAwayService(name, carrier.baseUrl)
    yield* carrier.setMediaUrl?.(`${url.replace(/^http/, "ws")}/api/v1/telephony/ws`) ?? Effect.void
    const api = yield* makeServiceApi(url, apiKey)
    const isThrowAway = Option.isNone(running)
    const { agentId, configurationId } = yield* setUp(api, name, carrier, input.agent, isThrowAway)
    yield* carrier.setPasses?.(() => Effect.orDie(api.phonePass(configurationId, agentId))) ?? Effect.void
    for (const fault of input.fault) yield* carrier.faults.on(fault)

    const spokenMs = msOf(audio.format, audio.bytes.length)
    yield* Console.log(`Calling ${input.direction} through ${url}; the person says ${seconds(spokenMs)} of speech...`)
    const place = Effect.gen(function* () {
      if (input.direction === "inbound") {
        const webhook = `${url}/api/v1/telephony/inbound/${name}`
        const placed = carrier.placeInbound({ from: person, to: ours, audio, webhook })
        return carrier.setMediaUrl === undefined ? yield* placed : yield* onceConnected(placed)
      }
      yield* carrier.whenDialed("*", { outcome: "answer", audio })
      yield* api.dial({ to: person, agent_id: agentId, telephony_configuration_id: configurationId })
      return yield* Effect.timeoutOrElse(carrier.nextOutbound, { duration: "30 seconds", orElse: () => noCall })
    })
    const call = yield* place
    const limitMs = Option.getOrElse(input.seconds, () => (spokenMs * 2) / 1000 + 15) * 1000
    const end = yield* talk(call, input.agent === echo, limitMs)

    const files = yield* FileSystem.FileSystem
    const { heard } = end
    if (Option.isSome(input.out)) yield* files.writeFile(input.out.value, writeWav(heard.format, heard.timeline))
    const kept = Option.match(input.out, { onNone: () => "", onSome: (path) => ` in ${path}` })
    const row = yield* recordOf(api, call.id)
    const verdict = judgeEcho(end)
    const media = end.mediaMessages.filter(({ kind }) => kind === "audio").length
    const { encoding, sampleRate } = heard.format
    yield* Console.log(
      [
        `call        ${row?.id ?? "unknown to the service"} (${call.id} at the carrier), ${call.from} to ${call.to}`,
        `ended       ${end.state} at the carrier; ${row?.end_reason ?? "no reason yet"} (${row?.end_owner ?? "-"}) in the service`,
        `said        ${seconds(verdict.saidMs)} as ${encoding} at ${sampleRate} Hz`,
        `heard       ${seconds(verdict.heardMs)} in ${media} messages, ${verdict.gaps} gaps; ${seconds(msOf(heard.format, heard.timeline.length))} on the line${kept}`,
        ...end.notes.map((note) => `note        ${note}`),
        ...end.errors.map((error) => `error       ${error}`)
      ].join("\n")
    )
    if (input.agent !== echo) return
    const words = {
      exact: "yes, byte for byte",
      gaps: "every byte in order, but with silences between",
      different: "NO"
    }
    yield* Console.log(`the same?   ${words[verdict.outcome]}`)
    if (verdict.outcome !== "exact") {
      return yield* new SimulationFailed({ message: "What was heard is not what was said." })
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription("Place a simulated call through the service and record what the person hears"),
  Command.withExamples([
    {
      command: "npm run simulate -- --provider twilio --out heard.wav",
      description: "A call to the echo agent of a throw-away service: needs nothing else"
    },
    {
      command:
        "npm run simulate -- --provider twilio --audio mine.wav --service http://127.0.0.1:8080 --api-key KEY --agent ID",
      description: "A call to your own agent in a running service"
    },
    {
      command: "npm run simulate -- --provider twilio --direction outbound --fault callbacks-lost",
      description: "The service calls, and the carrier forgets to tell what happens"
    }
  ])
)

const main = Command.run(command, { version: "1" }).pipe(
  Effect.provide(
    Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer, Layer.provideMerge(providers, Registry.layer))
  ),
  tell
)

NodeRuntime.runMain(main, { disableErrorReporting: true })
