import { Effect, Exit, Fiber, Option } from "effect"
import { bytesPerSample, msOf } from "../../src/Audio.ts"
import type { AgentEnd, AgentLost } from "../../src/agents/AgentSpec.ts"
import { makeLeg } from "../../src/agents/websocket/leg.ts"
import type { TransportError } from "../../src/Transport.ts"
import { clock, pong, take, type Target } from "./calling.ts"
import type { Ear } from "./listening.ts"
import { line, makePhone, type Phone } from "./phone.ts"
import { fail, type Finding, type Findings, notApplicable, pass } from "./rules.ts"

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** Between two pings, ms. */
const pingEveryMs = 500
/** Audio that ends in half a sample is only wrong once nothing follows, ms. */
const quietMs = 300
/** An agent that is farther ahead than this, ms, is told of it. */
const farAheadMs = 10_000

type Outcome = Exit.Exit<AgentEnd, AgentLost | TransportError>

const lossOf = (outcome: Outcome | undefined): AgentLost | undefined => {
  const error = outcome === undefined ? undefined : Option.getOrUndefined(Exit.findErrorOption(outcome))
  return error?._tag === "AgentLost" ? error : undefined
}

const judgeStay = (outcome: Outcome | undefined, ear: Ear): Finding => {
  const lost = lossOf(outcome)
  if (outcome === undefined) return pass("It stayed until the caller hung up.")
  if (ear.audio().tooLarge) return notApplicable("Its connection was closed for a message of more than 1 MiB.")
  if (lost === undefined) return pass("It ended the call with hangup.")
  return lost.reason === "closed"
    ? fail(`${lost.message} That is a connection that is lost: say hangup to end a call.`)
    : notApplicable(`Its connection was cut: ${lost.message}`)
}

const judgeAudio = (phone: Phone, ear: Ear, bytesPerMs: number, size: number, mostAheadMs: number): Finding => {
  const { bytes, messages, tooLarge } = ear.audio()
  if (tooLarge) return fail("It sent a message of more than 1 MiB.")
  if (phone.wasFull()) {
    return fail("More than 60 s of its audio waited to be heard: until that is less, its clear and hangup wait, too.")
  }
  if (bytes % size !== 0 && ear.quietFor() >= quietMs) return fail("Its audio ends in the middle of a sample.")
  if (bytes === 0) return pass("It sent no audio while a tone was played to it.")
  const heard = `${seconds(bytes / bytesPerMs)} of audio in ${messages} messages`
  return mostAheadMs > farAheadMs
    ? pass(`${heard}. Note: it was ${seconds(mostAheadMs)} ahead of the caller's ear.`)
    : pass(`${heard}, at most ${seconds(mostAheadMs)} ahead.`)
}

/** One whole call over Switchboard's own leg, with a caller who speaks, presses a key, and hangs up. */
export const talk = Effect.fnUntraced(function* (target: Target) {
  const { timing } = target
  const now = yield* clock
  const { accepted, ear, socket } = yield* take(target)
  const phone = yield* makePhone
  const leg = makeLeg(accepted, timing.limits)
  const running = yield* Effect.forkScoped(Effect.exit(leg.run(phone.transport, line)), { startImmediately: true })
  const outcome = () => {
    const exit = running.pollUnsafe()
    return exit !== undefined && Exit.isSuccess(exit) ? exit.value : undefined
  }

  const firstPong = yield* pong(socket, timing.pongMs)
  let slowestMs = firstPong ?? 0
  let stopped = false
  let mostAheadMs = 0
  const look = Effect.map(phone.transport.playout, ({ heardMs, queuedMs }) => {
    mostAheadMs = Math.max(mostAheadMs, queuedMs - heardMs)
  })
  const began = now()
  const talking = () => outcome() === undefined && !phone.wasFull() && !stopped && now() - began < timing.talkMs
  if (firstPong !== undefined) {
    yield* Effect.forkScoped(phone.speak)
    phone.press("5")
    while (talking()) {
      yield* look
      const answered = yield* pong(socket, timing.stallMs)
      if (answered === undefined) stopped = outcome() === undefined && !phone.wasFull()
      else slowestMs = Math.max(slowestMs, answered)
      yield* Effect.sleep(Math.min(pingEveryMs, timing.talkMs / 8))
    }
  }
  yield* look
  const ended = outcome()
  const format = { encoding: accepted.audio.encoding, sampleRate: accepted.audio.sample_rate }
  const judged: Findings = {
    pings:
      firstPong !== undefined
        ? pass(`The first answer took ${firstPong} ms.`)
        : ended !== undefined || phone.wasFull()
          ? notApplicable("There was no time for it: see the rules that are broken.")
          : fail(`It did not answer within ${seconds(timing.pongMs)}. Two pings without an answer lose the call.`),
    reads:
      firstPong === undefined
        ? notApplicable("It answers no pings, so that nobody can tell.")
        : stopped
          ? fail(`It did not answer a ping within ${seconds(timing.stallMs)} while the caller spoke.`)
          : pass(`The longest wait for a ping was ${slowestMs} ms.`),
    audio: judgeAudio(phone, ear, bytesPerMsOf(format), bytesPerSample(format), mostAheadMs),
    stays: judgeStay(ended, ear)
  }

  yield* phone.hangUp
  yield* Fiber.await(running)
  if (stopped || lossOf(ended) !== undefined) {
    return { ...judged, end: notApplicable("It was lost before: see the rules that are broken.") }
  }
  const closingAt = now()
  yield* leg.ended({ reason: "caller_hung_up", owner: "caller" })
  const end =
    ear.closedWith() === undefined || ear.closedWith() === 1006
      ? fail(`It took no part in the closing for ${seconds(timing.limits.closeMs)} and was cut off.`)
      : pass(`It took ${now() - closingAt} ms.`)
  return { ...judged, end } satisfies Findings
}, Effect.scoped)

const bytesPerMsOf = (format: Parameters<typeof msOf>[0]) => 1 / msOf(format, 1)
