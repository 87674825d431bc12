import { Effect, Schema } from "effect"
import type { FormValues } from "../../Form.ts"
import type { CallLine, RecordingAction } from "../AgentSpec.ts"
import type { Transport } from "../../Transport.ts"
import type { Inbox } from "../socket/inbox.ts"
import { budget } from "../socket/limits.ts"
import { events, maxEventBytes } from "./limits.ts"
import type { FromAgent, ProblemCode, ToAgent } from "./messages.ts"

/** Events that have kinds of their own in a call's log, the same for every kind of agent: what was said, as text. */
const transcripts: ReadonlySet<string> = new Set(["transcript.caller", "transcript.agent"])

const isObject = Schema.is(Schema.Record(Schema.String, Schema.Json))

/** What the agent's requests act on. */
export interface RequestPorts {
  readonly transport: Transport
  readonly inbox: Inbox
  readonly say: (message: ToAgent) => void
  /** Takes an event for the call's log; false when too many wait. */
  readonly record: (kind: string, details: FormValues) => boolean
  /** Asks for the caller to be moved; gives why that was not begun. */
  readonly transfer: CallLine["transfer"]
  /** Presses keys on the call; gives why that was not done. */
  readonly press: CallLine["press"]
  /** Changes the recording of the call; gives why that was not done. */
  readonly recording: CallLine["recording"]
  /** What the agent said is complete: plays what a converter still holds back. */
  readonly finishSpeech: () => void
  /** What the agent said was thrown away: a converter must not play the rest of it later. */
  readonly forgetSpeech: () => void
  /** Ends the agent's part: after what is queued was heard, or at once. */
  readonly leave: (drain: boolean) => void
  /** A clock, ms. */
  readonly now: () => number
}

/** The message that tells an agent what was not done, and why. */
export const problem = (code: ProblemCode, message: string): ToAgent => ({ type: "error", code, message })

/**
 * Carries out what an agent asks for, in the order of its messages. `bytes` is the size of the message. After `hangup`
 * only what makes the end come sooner is listened to.
 */
export const makeRequests = (ports: RequestPorts) => {
  const { inbox, say, transport } = ports
  const eventBudget = budget(events, ports.now)
  let isLeaving = false

  const clear = Effect.map(transport.clear, ({ droppedMs, heardMs }) =>
    say({ type: "cleared", heard_ms: Math.round(heardMs), dropped_ms: Math.round(droppedMs) })
  )
  const press = (digits: string) =>
    Effect.map(ports.press(digits), (refused) => {
      if (refused !== undefined) say(problem(refused.reason, refused.message))
    })

  const record = (action: RecordingAction) =>
    Effect.map(ports.recording(action), (refused) => {
      if (refused !== undefined) say(problem(refused.reason, refused.message))
    })

  const transfer = (message: Extract<FromAgent, { readonly type: "transfer" }>) =>
    Effect.map(
      ports.transfer({
        destination: message.destination,
        ...(message.timeout_s === undefined ? {} : { timeoutSeconds: message.timeout_s }),
        ...(message.announcement === undefined ? {} : { announcement: message.announcement })
      }),
      (refused) => {
        if (refused !== undefined) say({ type: "transfer.state", state: "failed", reason: refused.reason })
      }
    )

  const recordEvent = (name: string, data: FormValues[string]) =>
    transcripts.has(name) && isObject(data) ? ports.record(name, data) : ports.record("agent.event", { name, data })

  const note = (name: string, data: FormValues[string], bytes: number) => {
    if (bytes > maxEventBytes) return say(problem("event_refused", `An event may have ${maxEventBytes} bytes.`))
    if (eventBudget.take() && recordEvent(name, data)) return
    say(problem("event_refused", "Too many events: this one was not recorded."))
  }

  const carryOut = (message: FromAgent, bytes: number): void => {
    switch (message.type) {
      case "mark":
        return inbox.control(transport.mark(message.name))
      case "clear":
        ports.forgetSpeech()
        return inbox.clear(clear)
      case "digits":
        return inbox.control(press(message.digits))
      case "transfer":
        return inbox.control(transfer(message))
      case "event":
        return note(message.name, message.data ?? null, bytes)
      case "recording":
        return inbox.control(record(message.action))
      case "hangup": {
        const again = isLeaving
        isLeaving = true
        if (message.now === true) return ports.leave(false)
        if (again) return
        ports.finishSpeech()
        return inbox.control(Effect.sync(() => ports.leave(true)))
      }
    }
  }

  return {
    /** True once the agent asked for the end. */
    isLeaving: (): boolean => isLeaving,
    carryOut: (message: FromAgent, bytes: number): void => {
      if (!isLeaving || message.type === "clear" || message.type === "hangup") carryOut(message, bytes)
    }
  }
}
