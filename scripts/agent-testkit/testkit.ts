import { Effect, Redacted, Schema } from "effect"
import { isLoopbackHost } from "../../src/network/addresses.ts"
import { hostGuard, systemResolver } from "../../src/network/hostGuard.ts"
import { preferredAudio, WebSocketSettings } from "../../src/agents/websocket/settings.ts"
import { fieldErrors, type FormValues } from "../../src/Form.ts"
import { Pacer } from "../../src/transport/pacer.ts"
import { accept, connect, formats, secret } from "./beginning.ts"
import { standardTiming, type Target, type Timing } from "./calling.ts"
import { together, resume } from "./returning.ts"
import { fail, type Finding, type Findings, lines, pass, type Report } from "./rules.ts"
import { talk } from "./talking.ts"
import { grows, tells } from "./telling.ts"

/** The agent cannot be tested as it was described; `message` says what to change. */
export class CannotTest extends Schema.TaggedError<CannotTest>()("CannotTest", { message: Schema.String }) {}

const decodeSettings = Schema.decodeUnknownEffect(WebSocketSettings, { errors: "all" })

/** Settings as they are saved for an agent of this kind: what could not be saved is not tested either. */
const settingsOf = (settings: FormValues) =>
  decodeSettings(settings).pipe(
    Effect.mapError(
      (error) =>
        new CannotTest({
          message: fieldErrors(error)
            .map(({ field, message }) => `${field}: ${message}`)
            .join("\n")
        })
    )
  )

/** Where the agent is. Its operator may test it anywhere; what Switchboard itself would refuse is noted. */
const locate = Effect.fnUntraced(function* (text: string) {
  const url = new URL(text)
  const anywhere = hostGuard({ privateHosts: ["0.0.0.0/0", "::/0"], publicUrl: "", resolve: systemResolver })
  const asService = hostGuard({ privateHosts: [], publicUrl: "http://127.0.0.1", resolve: systemResolver })
  const addresses = yield* Effect.mapError(
    anywhere(url.hostname),
    ({ host }) => new CannotTest({ message: `The host ${host} cannot be resolved. Check the URL.` })
  )
  const note = yield* asService(url.hostname).pipe(
    Effect.as(""),
    Effect.orElseSucceed(() => " Note: this address is private, and Switchboard needs it in SWITCHBOARD_PRIVATE_HOSTS.")
  )
  const plain = url.protocol === "ws:" && !isLoopbackHost(url.hostname)
  return {
    address: { url, addresses },
    note: plain
      ? `${note} Note: ws:// sends the secret and the call in the clear; use wss:// over other networks.`
      : note
  }
})

const noted = (finding: Finding, note: string): Finding => ({ ...finding, seen: `${finding.seen}${note}` })

const judgeMessages = ({ ears }: Target): Finding => {
  const complaints = Array.from(new Set(ears.flatMap((ear) => ear.complaints())))
  const texts = ears.reduce((sum, ear) => sum + ear.textCount(), 0)
  return complaints.length === 0
    ? pass(`${texts} messages over ${ears.length} connections.`)
    : fail(complaints.join(" · "))
}

const shown = ({ host, pathname, protocol }: URL) => `${protocol}//${host}${pathname === "/" ? "" : pathname}`

/**
 * Plays Switchboard against an agent, over several calls, and says which rules of the protocol it keeps. Settings are those of an
 * agent of kind `websocket`. It ends by itself, whatever the agent does.
 */
export const testAgent = Effect.fn("testAgent")(function* (values: FormValues, timing: Timing = standardTiming) {
  const settings = yield* settingsOf(values)
  const { address, note } = yield* locate(settings.url)
  const target: Target = {
    address,
    secret: settings.secret,
    audio: preferredAudio(settings),
    timing,
    answersPings: true,
    ears: []
  }
  const report = (findings: Findings, otherwise: string, agent: object = {}): Report => ({
    url: shown(address.url),
    agent,
    rules: lines(findings, otherwise)
  })

  const connected = noted(yield* connect(target), note)
  if (connected.outcome === "fail") return report({ connect: connected }, "There is no connection.")
  const beginning: Findings = { connect: connected, secret: yield* secret(target) }
  const { agent, finding } = yield* accept(target)
  const taken: Findings = { ...beginning, accept: finding }
  if (finding.outcome === "fail") {
    const messages = judgeMessages(target)
    return report(
      messages.outcome === "fail" ? { ...taken, messages } : taken,
      "The agent does not take the test's calls.",
      agent
    )
  }
  const call = yield* Effect.catchTag(talk(target), "AgentUnreachable", ({ message }) =>
    Effect.succeed<Findings>({ stays: fail(`It took one call and not the next: ${message}`) })
  )
  const rest: Target = { ...target, answersPings: call.pings?.outcome !== "fail" }
  const findings: Findings = {
    ...taken,
    formats: yield* formats(rest),
    ...call,
    tells: yield* tells(rest),
    grows: yield* grows(rest),
    together: yield* together(rest),
    resume: yield* resume(rest)
  }
  return report({ ...findings, messages: judgeMessages(target) }, "The call did not get that far.", agent)
}, Effect.provide(Pacer.layer))

/** Settings from what is given on a command line. */
export const settingsFrom = (
  url: string,
  encoding: string,
  word: Redacted.Redacted<string> | undefined
): FormValues => ({ url, encoding, ...(word === undefined ? {} : { secret: Redacted.value(word) }) })
