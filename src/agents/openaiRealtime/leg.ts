import { Clock, Deferred, Effect, FiberSet, Redacted } from "effect"
import { bytesForMs } from "../../Audio.ts"
import type { MediaEvent, Transport } from "../../Transport.ts"
import { base64Message } from "../../transport/base64Message.ts"
import { type AgentEnd, type AgentLeg, AgentLost, type AnsweringNews, type CallLine } from "../AgentSpec.ts"
import { recording } from "../recording.ts"
import type { Arrival } from "../socket/arrivals.ts"
import { sendJson, shut } from "../socket/connection.ts"
import { makeHearing } from "../socket/hearing.ts"
import { makeInbox } from "../socket/inbox.ts"
import { joined } from "../socket/joined.ts"
import { budget, mistakes } from "../socket/limits.ts"
import { waiting } from "../socket/waiting.ts"
import { appendHead, appendTail, type ClientEvent } from "./clientEvents.ts"
import { type Conversation, makeConversation, type Subject } from "./conversation.ts"
import type { OpenSession } from "./handshake.ts"
import { events } from "./limits.ts"
import { readEvent } from "./serverEvents.ts"
import { sessionOf, spokenFormat } from "./session.ts"

const hungUp = (drain: boolean): AgentEnd => ({ _tag: "HangUp", drain })

/** Bytes of a message for a byte of audio, for the shortest frames that carriers send: base64 and JSON. */
const expansion = 1.7
/** The name of the `session.update` that sets the audio. */
const audioUpdate = "sb_audio"

/** The model's part of one call, over an open session. */
export const makeLeg = (open: OpenSession, subject: Subject): AgentLeg => {
  const { held, socket } = open
  const { call, limits, memory, settings, words } = subject
  let closing = { code: 1000, reason: "the call is over" }
  let current: Conversation | undefined
  /** What was told before the conversation began. */
  const early: Array<AnsweringNews> = []

  const run = Effect.fnUntraced(function* (transport: Transport, line: CallLine) {
    const clock = yield* Clock.Clock
    const now = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
    const record = yield* recording(line)
    const fork = yield* FiberSet.makeRuntime<never, void, never>()
    const end = yield* Deferred.make<AgentEnd, AgentLost>()
    const start = (act: Effect.Effect<void>) => fork(Effect.onError(act, (cause) => Deferred.failCause(end, cause)))
    const lose = (reason: AgentLost["reason"], message: string) => {
      if (reason === "protocol-abuse") closing = { code: 1008, reason: message }
      Deferred.doneUnsafe(end, new AgentLost({ reason, message }))
    }
    const send = (event: ClientEvent) => {
      if (socket.bufferedAmount <= limits.maxUnreadBytes) sendJson(socket, event)
      else lose("stalled", "The API does not read what it is sent.")
    }

    const { incomingFormat, outgoingFormat } = transport.info
    const input = spokenFormat(incomingFormat)
    const output = spokenFormat(outgoingFormat)
    const inbox = makeInbox({
      play: transport.playUnsafe,
      onRoom: transport.onRoom,
      start,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      readAhead: bytesForMs(outgoingFormat, limits.aheadMs)
    })
    const append = base64Message(appendHead, appendTail)
    const hearing = makeHearing(
      {
        socket,
        formats: { from: incomingFormat, to: input.format },
        send: (audio) => socket.send(append(audio).data, { binary: false }),
        expansion,
        now
      },
      limits
    )

    const mistakesLeft = budget(mistakes, now)
    const eventsLeft = budget(events, now)
    let mistakesMade = 0
    const mistake = (why: string) => {
      mistakesMade += 1
      if (mistakesMade === 1) record("agent.error", { code: "unreadable_message", message: `Not understood: ${why}.` })
      if (!mistakesLeft.take()) lose("protocol-abuse", "too many messages that cannot be used")
    }
    const conversation = makeConversation(subject, {
      transport,
      line,
      inbox,
      format: output.format,
      cancelsByItself: open.cancelsByItself,
      send,
      record,
      start,
      hangUp: () => Deferred.doneUnsafe(end, Effect.succeed(hungUp(true))),
      mistake,
      now
    })

    const onArrival = ({ binary, data }: Arrival) => {
      if (!eventsLeft.take()) return lose("protocol-abuse", "too many events")
      if (binary) return mistake("a binary message")
      const read = readEvent(data.toString("utf8"))
      if (read._tag === "Unreadable") return mistake(read.why)
      if (read._tag === "Ignored") return
      conversation.onEvent(read.event)
      if (read.event.type === "error" && read.event.error.event_id === audioUpdate)
        lose("closed", `The API refused the call's audio: ${conversation.lastProblem()}`)
    }
    const onMedia = (event: MediaEvent) => {
      if (event._tag === "Audio") {
        if (!hearing.hear(event.chunk)) lose("stalled", "The API stopped reading the caller's audio.")
      } else if (event._tag === "Digit") conversation.onDigit(event.digit)
      else if (event._tag === "Mark") conversation.onMark(event.name, event.cleared)
    }
    const onClose = (code: number, reason: Buffer) => {
      const why = conversation.lastProblem() || words(reason.toString("utf8"))
      lose("closed", `The API closed the connection with code ${code}${why === "" ? "" : `: ${why}`}.`)
    }

    return yield* joined({
      socket,
      limits,
      inbox,
      hearing,
      end,
      receive: transport.receive(onMedia),
      closedWith: () => (socket.readyState === socket.OPEN ? undefined : 1006),
      begin: (listener) => {
        current = conversation
        send({
          type: "session.update",
          event_id: audioUpdate,
          session: sessionOf(settings, { input: input.api, output: output.api })
        })
        conversation.begin(early)
        return held.begin(listener)
      },
      onArrival,
      onClose,
      leaving: Effect.andThen(
        conversation.close,
        Effect.sync(() => {
          current = undefined
        })
      ),
      mistakes: () => mistakesMade
    }).pipe(
      Effect.catchTag("AgentLost", (lost) =>
        conversation.isLeaving() ? Effect.succeed(hungUp(true)) : Effect.fail(lost)
      ),
      Effect.map((ended) => (conversation.isLeaving() && ended._tag === "MediaEnded" ? hungUp(false) : ended))
    )
  }, Effect.scoped)

  return {
    run,
    waiting: waiting({ socket, held, limits }),
    transferState: (news) => Effect.sync(() => current?.onTransfer(news)),
    event: (event) =>
      Effect.sync(() => {
        const isReading = socket.readyState === socket.OPEN && socket.bufferedAmount <= limits.maxUnreadBytes
        if (current === undefined || !isReading) return false
        current.onOperator(event)
        return true
      }),
    answeringMachine: (news) =>
      Effect.sync(() => {
        if (current === undefined) early.push(news)
        else current.onAnswering(news)
      }),
    ended: () =>
      Effect.suspend(() => {
        memory.forget(Redacted.value(call.resumeToken))
        return shut(socket, closing.code, closing.reason, limits)
      })
  }
}
