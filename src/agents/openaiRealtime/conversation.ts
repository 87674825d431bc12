import { Effect, Redacted } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { FormValues } from "../../Form.ts"
import type { Transport } from "../../Transport.ts"
import type { AgentCall, AgentEvent, AnsweringNews, CallLine } from "../AgentSpec.ts"
import type { Inbox } from "../socket/inbox.ts"
import { budget } from "../socket/limits.ts"
import type { ApiWords } from "./apiWords.ts"
import type { ClientEvent, Item } from "./clientEvents.ts"
import { makeDigits } from "./digits.ts"
import { makeEnding } from "./ending.ts"
import { failed, type FunctionCall, makeFunctions } from "./functions.ts"
import { type Limits, maxNoteCharacters, maxRecalledEvent, maxRunningTools, notes } from "./limits.ts"
import type { Memory, Remark } from "./memory.ts"
import { answeringText, asksForResponse, eventText } from "./news.ts"
import { recent } from "./recent.ts"
import type { ApiProblem, ServerEvent } from "./serverEvents.ts"
import type { RealtimeSettings } from "./settings.ts"
import { heardWords, type Saying } from "./transcripts.ts"
import { makeTurns } from "./turns.ts"
import { makeVoice } from "./voice.ts"
import type { WebhookPorts } from "./webhook.ts"

/** What a conversation is about: it is the same however often its connection is lost. */
export interface Subject {
  readonly call: AgentCall
  readonly settings: RealtimeSettings
  readonly limits: Limits
  readonly memory: Memory
  readonly words: ApiWords
  readonly webhook: WebhookPorts
}

/** What a conversation works on. */
export interface ConversationPorts {
  readonly transport: Transport
  readonly line: CallLine
  readonly inbox: Inbox
  /** The format of the model's audio. */
  readonly format: AudioFormat
  readonly cancelsByItself: boolean
  readonly send: (event: ClientEvent) => void
  /** Takes an event for the call's log; false when too many wait. */
  readonly record: (kind: string, details: FormValues) => boolean
  /** Starts an effect at once, for as long as the session lasts. */
  readonly start: (act: Effect.Effect<void>) => void
  /** Ends the call: all that was to be heard was heard. */
  readonly hangUp: () => void
  /** A message could not be used. */
  readonly mistake: (why: string) => void
  /** A clock, ms. */
  readonly now: () => number
}

/** An error so long ago may be why the connection closes now, ms. */
const recentMs = 5_000

const interrupted = failed("interrupted", "The caller did not let you finish, so the call goes on. Listen to them.")
const backAgain =
  "The connection was interrupted for a moment and is back; the caller heard a hold sound. Excuse the interruption in a few words and go on where you were."

/** Leads the model's side of one session. Everything happens in the callback of what makes it happen. */
export const makeConversation = (subject: Subject, ports: ConversationPorts) => {
  const { call, limits, memory, settings, words } = subject
  const { inbox, line, now, record, send, start, transport } = ports
  const token = Redacted.value(call.resumeToken)
  const notesLeft = budget(notes, now)
  const functionCalls = recent(256)
  let running = 0
  let lastProblem = { text: "", at: Number.NEGATIVE_INFINITY }

  const later = (ms: number, act: () => void) => start(Effect.delay(Effect.sync(act), ms))
  const turns = makeTurns({ send, later, replyMs: limits.replyMs, cancelsByItself: ports.cancelsByItself })
  const carryOut = makeFunctions({ call, line, settings, webhook: subject.webhook })

  const note = (kind: string, details: FormValues) => {
    if (notesLeft.take()) record(kind, details)
  }
  const remember = (remark: Remark) => memory.remember(token, remark, now())
  const complain = ({ code, message }: ApiProblem) => {
    lastProblem = { text: words(message ?? code ?? ""), at: now() }
    note("agent.error", { code: words(code ?? "unknown"), message: lastProblem.text })
  }

  /** Adds an item to the conversation, and gives its name. */
  const add = (item: Item): string => {
    send({ type: "conversation.item.create", event_id: turns.eventId(), item })
    return item.id
  }
  const tell = (role: "user" | "system", text: string) =>
    add({ type: "message", id: turns.itemId(), role, content: [{ type: "input_text", text }] })
  const answer = (callId: string, output: string) =>
    add({ type: "function_call_output", id: turns.itemId(), call_id: callId, output })

  const said = (saying: Saying) => {
    const heard = heardWords(saying)
    if (heard !== "") remember({ role: "assistant", text: heard })
    const text = saying.text.slice(0, maxNoteCharacters)
    const { cut } = saying
    note("transcript.agent", {
      text,
      ...(cut === undefined
        ? {}
        : { interrupted: true, heard_ms: Math.floor(cut.heardMs), audio_ms: Math.floor(cut.audioMs) })
    })
  }

  const voice = makeVoice({
    transport,
    inbox,
    format: ports.format,
    run: start,
    truncate: (item_id, content_index, audio_end_ms) =>
      send({ type: "conversation.item.truncate", event_id: turns.eventId(), item_id, content_index, audio_end_ms }),
    said
  })
  const ending = makeEnding({
    isSpeaking: turns.isActive,
    farewellMs: limits.farewellMs,
    later,
    whenHeard: (act) => inbox.control(Effect.sync(() => start(Effect.andThen(transport.drained, Effect.sync(act))))),
    hangUp: ports.hangUp
  })

  /** The caller begins to speak, or presses a key: what the agent says is over. */
  const interrupt = (isVoice: boolean) => {
    const stays = turns.isActive() || voice.isSpeaking() ? ending.stay() : undefined
    turns.cancel(isVoice)
    voice.interrupt(turns.activeId())
    if (stays !== undefined) answer(stays, interrupted.output)
  }

  const digits = makeDigits({
    later,
    pauseMs: limits.digitPauseMs,
    tell: (keys) => {
      const text = `(The caller pressed ${keys}.)`
      remember({ role: "user", text })
      turns.want(tell("user", text))
    }
  })

  const run = (wanted: FunctionCall) => {
    const began = now()
    const release = turns.hold()
    const finish = ({ isDone, output }: { readonly isDone: boolean; readonly output: string }) => {
      note("tool.call", { name: wanted.name, outcome: isDone ? "done" : "failed", duration_ms: now() - began })
      turns.want(answer(wanted.callId, output))
      release()
    }
    if (running >= maxRunningTools) return finish(failed("too_many", "Too many functions run already."))
    running += 1
    start(
      Effect.map(carryOut(wanted), (outcome) => {
        running -= 1
        finish(outcome)
      })
    )
  }

  const onItem = (item: Extract<ServerEvent, { readonly type: "response.output_item.done" }>["item"]) => {
    const { arguments: text, call_id: callId, name } = item
    if (item.type !== "function_call" || item.status === "incomplete") return
    if (typeof name !== "string" || typeof callId !== "string") return ports.mistake("a function call without a name")
    if (functionCalls.has(callId)) return
    functionCalls.add(callId)
    const wanted = { name: name.slice(0, 64), callId, arguments: text ?? "" }
    if (name !== "end_call" || settings.allow_end_call === false) return run(wanted)
    note("tool.call", { name, outcome: "done" })
    ending.begin(callId)
  }

  const onResponse = (id: string | undefined) => {
    if (!turns.created(id)) voice.interrupt(id)
  }

  const onResponseDone = ({
    id,
    status,
    status_details
  }: Extract<ServerEvent, { readonly type: "response.done" }>["response"]) => {
    if (status === "failed") complain(status_details?.error ?? { code: "response_failed" })
    turns.done(id ?? undefined)
    ending.spoken()
  }

  const onEvent = (event: ServerEvent): void => {
    switch (event.type) {
      case "response.output_audio.delta":
        if (!voice.speak(event)) ports.mistake("audio that is not base64")
        return
      case "response.output_audio.done":
        return voice.finish(event.item_id)
      case "response.output_audio_transcript.delta":
        return voice.words.more(event.item_id, event.delta)
      case "response.output_audio_transcript.done":
        return voice.words.all(event.item_id, event.transcript)
      case "input_audio_buffer.speech_started":
        turns.callerBegan()
        return interrupt(true)
      case "input_audio_buffer.speech_stopped":
      case "input_audio_buffer.committed":
        return turns.callerEnded()
      case "conversation.item.input_audio_transcription.completed": {
        if (event.transcript.trim() === "") return
        remember({ role: "user", text: event.transcript })
        return note("transcript.caller", { text: event.transcript.slice(0, maxNoteCharacters) })
      }
      case "conversation.item.input_audio_transcription.failed":
        return complain(event.error)
      case "response.created":
        return onResponse(event.response.id ?? undefined)
      case "response.done":
        return onResponseDone(event.response)
      case "response.output_item.done":
        return onItem(event.item)
      case "conversation.item.added":
      case "conversation.item.created":
        return turns.added(event.item.id ?? "")
      case "error":
        return turns.refused(event.error) ? undefined : complain(event.error)
      case "session.created":
      case "session.updated":
        return
    }
  }

  return {
    onEvent,
    /**
     * Who speaks first: the agent with its greeting, or after a lost connection; else the caller. `known` is what is known
     * already of who answered.
     */
    begin: (known: ReadonlyArray<AnsweringNews>): void => {
      if (call.attempt > 0) {
        for (const { role, text } of memory.recall(token, now())) {
          if (role === "assistant")
            add({ type: "message", id: turns.itemId(), role, content: [{ type: "output_text", text }] })
          else tell(role, text)
        }
      }
      for (const news of known) tell("system", answeringText(news))
      if (call.attempt > 0) {
        turns.want(tell("system", backAgain))
      } else if (settings.greeting !== undefined) {
        const { greeting, instructions } = settings
        turns.open(instructions === undefined ? greeting : `${instructions}\n\n${greeting}`)
      }
    },
    onDigit: (digit: string): void => {
      if (settings.hear_digits === false) return
      interrupt(false)
      digits.press(digit)
    },
    onMark: voice.reached,
    onTransfer: ({ reason, state }: { readonly state: string; readonly reason?: string }): void => {
      if (state !== "failed") return
      const why = reason === undefined ? "" : ` (${reason})`
      turns.want(tell("system", `The transfer of the caller failed${why}. The caller is still on the line with you.`))
    },
    /** An operator's event. It does not interrupt the model. */
    onOperator: (event: AgentEvent): void => {
      const text = eventText(event)
      const isShort = text.length <= maxRecalledEvent
      remember({ role: "system", text: isShort ? text : `${text.slice(0, maxRecalledEvent)}…` })
      const item = tell("system", text)
      if (asksForResponse(event) && !ending.isLeaving()) turns.want(item)
    },
    /** Who answered, or that the machine beeped: then nobody would speak to the model, so that it is asked to. */
    onAnswering: (news: AnsweringNews): void => {
      const item = tell("system", answeringText(news))
      if (news._tag === "Beep" && !ending.isLeaving()) turns.want(item)
    },
    /** True once the model asked for the end of the call. */
    isLeaving: ending.isLeaving,
    /** What the API complained about a moment ago; empty if it did not. */
    lastProblem: (): string => (now() - lastProblem.at <= recentMs ? lastProblem.text : ""),
    close: voice.close
  }
}
export type Conversation = ReturnType<typeof makeConversation>
