import { Effect, Redacted } from "effect"
import type { AgentAudio } from "../../src/agents/websocket/messages.ts"
import { clock, dial, dialWith, part, take, takeAndListen, type Target } from "./calling.ts"
import { fail, type Finding, notApplicable, pass } from "./rules.ts"

const named = ({ encoding, sample_rate }: AgentAudio) => `${encoding} at ${sample_rate} Hz`

/** Everything that can be proposed to an agent. */
const proposals: ReadonlyArray<AgentAudio> = [
  { encoding: "pcm_s16le", sample_rate: 8000 },
  { encoding: "pcm_s16le", sample_rate: 16000 },
  { encoding: "pcm_s16le", sample_rate: 24000 },
  { encoding: "pcm_s16le", sample_rate: 48000 },
  { encoding: "mulaw", sample_rate: 8000 }
]

export const connect = Effect.fnUntraced(
  function* (target: Target) {
    const now = yield* clock
    const began = now()
    yield* dial(target)
    return pass(`It took ${now() - began} ms.`)
  },
  Effect.scoped,
  (finding) => Effect.catchTag(finding, "AgentUnreachable", ({ message }) => Effect.succeed(fail(message)))
)

/** Whether somebody with this secret is let in, and what the refusal looked like. */
const admitted = (target: Target, secret: Redacted.Redacted<string> | undefined) =>
  Effect.scoped(dialWith(target, secret)).pipe(
    Effect.as({ isIn: true, why: "" }),
    Effect.catchTag("AgentUnreachable", ({ message }) => Effect.succeed({ isIn: false, why: message }))
  )

export const secret = Effect.fnUntraced(function* (target: Target) {
  if (target.secret === undefined) return notApplicable("No secret was given: see --secret.")
  const wrong = yield* admitted(target, Redacted.make(`${Redacted.value(target.secret)}-not`))
  if (wrong.isIn) return fail("It let in somebody with a wrong secret: anybody could take calls to it.")
  const none = yield* admitted(target, undefined)
  return none.isIn ? fail("It let in somebody without a secret.") : pass(wrong.why)
})

/** Whether the agent takes a call, and the least that must work for the rest to make sense. */
export const accept = Effect.fnUntraced(
  function* (target: Target) {
    const now = yield* clock
    const began = now()
    const { accepted, ear, socket } = yield* takeAndListen(target)
    const { agent, audio } = accepted
    yield* part(target, socket)
    const early = ear.firstType() === "call.accept" ? "" : " Note: what it said before call.accept is lost."
    return { agent, finding: pass(`It took ${now() - began} ms, with ${named(audio)}.${early}`) }
  },
  Effect.scoped,
  (taken) =>
    Effect.catchTag(taken, "AgentUnreachable", ({ message, reason }) =>
      Effect.succeed<{ readonly agent: object; readonly finding: Finding }>({
        agent: {},
        finding: fail(
          reason === "refused-call" ? `${message} Let it take the calls whose context has "testkit".` : message
        )
      })
    )
)

const proposed = Effect.fnUntraced(
  function* (target: Target, audio: AgentAudio) {
    const { accepted, socket } = yield* take(target, { audio })
    yield* part(target, socket)
    const chosen = named(accepted.audio)
    return { failed: false, seen: chosen === named(audio) ? `${chosen}: taken` : `${named(audio)}: ${chosen} instead` }
  },
  Effect.scoped,
  (taken, _target, audio) =>
    Effect.catchTag(taken, "AgentUnreachable", ({ message }) =>
      Effect.succeed({ failed: true, seen: `${named(audio)}: ${message}` })
    )
)

export const formats = Effect.fnUntraced(function* (target: Target) {
  const answers = yield* Effect.forEach(proposals, (audio) => proposed(target, audio))
  const failed = answers.filter(({ failed }) => failed)
  return failed.length > 0
    ? fail(failed.map(({ seen }) => seen).join(" "))
    : pass(answers.map(({ seen }) => seen).join("; "))
})
