import { Clock, Deferred, Effect, FiberSet } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { MediaEvent, Transport } from "../../Transport.ts"
import { type AgentEnd, type AgentLeg, AgentLost, type AnsweringNews, type CallLine } from "../AgentSpec.ts"
import { recording } from "../recording.ts"
import { sendJson, shut } from "../socket/connection.ts"
import type { AcceptedCall } from "./handshake.ts"
import type { Arrival } from "../socket/arrivals.ts"
import { makeHearing } from "../socket/hearing.ts"
import { makeInbox } from "../socket/inbox.ts"
import { joined } from "../socket/joined.ts"
import { budget, controls, mistakes } from "../socket/limits.ts"
import type { Limits } from "./limits.ts"
import type { ProblemCode, ToAgent } from "./messages.ts"
import { readMessage } from "./reading.ts"
import { makeRequests, problem } from "./requests.ts"
import { makeSpeech } from "../socket/speech.ts"
import { waiting } from "../socket/waiting.ts"

const hungUp = (drain: boolean): AgentEnd => ({ _tag: "HangUp", drain })

const answeringMessage = (news: AnsweringNews): ToAgent => {
  const at_ms = Math.round(news.atMs)
  if (news._tag === "Beep") return { type: "answering_machine.beep", at_ms }
  const { reason, result, source } = news
  return { type: "answering_machine", result, source, ...(reason === undefined ? {} : { reason }), at_ms }
}

/** The agent's part of one call, over a connection on which it took the call. */
export const makeLeg = (accepted: AcceptedCall, limits: Limits): AgentLeg => {
  const { agent, audio, held, socket } = accepted
  const agentFormat: AudioFormat = { encoding: audio.encoding, sampleRate: audio.sample_rate }
  let closing = { code: 1000, reason: "the call is over" }

  const run = Effect.fnUntraced(function* (transport: Transport, line: CallLine) {
    const clock = yield* Clock.Clock
    const now = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
    const record = yield* recording(line)
    if (Object.keys(agent).length > 0) record("agent.identified", { ...agent })
    const start = yield* FiberSet.makeRuntime<never, void, never>()
    const end = yield* Deferred.make<AgentEnd, AgentLost>()
    const inbox = makeInbox({
      play: transport.playUnsafe,
      onRoom: transport.onRoom,
      start: (act) => start(act.pipe(Effect.onError((cause) => Deferred.failCause(end, cause)))),
      pause: () => socket.pause(),
      resume: () => socket.resume()
    })
    const speech = makeSpeech(inbox, { from: agentFormat, to: transport.info.outgoingFormat })
    const hearing = makeHearing(
      { socket, formats: { from: transport.info.incomingFormat, to: agentFormat }, now },
      limits
    )

    const lose = (reason: AgentLost["reason"], message: string) => {
      if (reason === "protocol-abuse") closing = { code: 1008, reason: message }
      Deferred.doneUnsafe(end, new AgentLost({ reason, message }))
    }
    /** An agent that goes on asking but does not read the answers must not fill our memory. */
    const tell = (message: ToAgent) => {
      if (socket.bufferedAmount <= limits.maxUnreadBytes) sendJson(socket, message)
      else lose("stalled", "The agent does not read what it is told.")
    }
    const leave = (drain: boolean) => {
      if (drain) start(Effect.andThen(transport.drained, Deferred.succeed(end, hungUp(true))).pipe(Effect.asVoid))
      else Deferred.doneUnsafe(end, Effect.succeed(hungUp(false)))
    }
    const requests = makeRequests({
      transport,
      inbox,
      say: tell,
      record,
      transfer: line.transfer,
      press: line.press,
      recording: line.recording,
      finishSpeech: speech.finish,
      forgetSpeech: speech.forget,
      leave,
      now
    })

    const mistakesLeft = budget(mistakes, now)
    const controlsLeft = budget(controls, now)
    let mistakesMade = 0
    const mistake = (code: ProblemCode, message: string) => {
      mistakesMade += 1
      if (mistakesLeft.take()) tell(problem(code, message))
      else lose("protocol-abuse", "too many messages that cannot be used")
    }
    const onText = (data: Buffer) => {
      if (!controlsLeft.take()) return lose("protocol-abuse", "too many control messages")
      const read = readMessage(data)
      if (read._tag === "Message") requests.carryOut(read.message, data.length)
      else if (read._tag === "Unreadable") mistake("unreadable_message", `Not understood: ${read.why}.`)
      else if (read._tag === "TooLarge") mistake("message_too_large", "A text message may have 64 KiB.")
    }
    const onArrival = ({ binary, data }: Arrival) => {
      if (!binary) onText(data)
      else if (!requests.isLeaving()) speech.speak(data)
    }
    const onMedia = (event: MediaEvent) => {
      if (event._tag === "Audio") {
        if (!hearing.hear(event.chunk)) lose("stalled", "The agent stopped reading its audio.")
      } else if (event._tag === "Digit") {
        tell({
          type: "digit",
          digit: event.digit,
          ...(event.durationMs === undefined ? {} : { duration_ms: Math.round(event.durationMs) })
        })
      } else if (event._tag === "Mark") {
        const { cleared, heardMs, name } = event
        tell({ type: "mark", name, heard_ms: Math.round(heardMs), ...(cleared ? { cleared } : {}) })
      }
    }
    const onClose = (code: number) => {
      if (!requests.isLeaving()) lose("closed", `The agent closed the connection with code ${code}.`)
    }

    return yield* joined({
      socket,
      limits,
      inbox,
      hearing,
      end,
      receive: transport.receive(onMedia),
      closedWith: () => (socket.readyState === socket.OPEN ? undefined : 1006),
      begin: held.begin,
      onArrival,
      onClose,
      mistakes: () => mistakesMade
    }).pipe(
      Effect.catchIf(
        () => requests.isLeaving(),
        () => Effect.succeed(hungUp(false))
      ),
      Effect.map((ended) => (requests.isLeaving() && ended._tag === "MediaEnded" ? hungUp(false) : ended))
    )
  }, Effect.scoped)

  return {
    run,
    waiting: waiting({ socket, held, limits }),
    transferState: ({ reason, state }) =>
      Effect.sync(() =>
        sendJson(socket, { type: "transfer.state", state, ...(reason === undefined ? {} : { reason }) })
      ),
    event: ({ data, name }) =>
      Effect.sync(() => {
        if (socket.readyState !== socket.OPEN || socket.bufferedAmount > limits.maxUnreadBytes) return false
        sendJson(socket, { type: "event", name, data })
        return true
      }),
    answeringMachine: (news) => Effect.sync(() => sendJson(socket, answeringMessage(news))),
    ended: ({ owner, reason }) =>
      Effect.suspend(() => {
        sendJson(socket, { type: "call.end", reason, owner })
        return shut(socket, closing.code, closing.reason, limits)
      })
  }
}
