import { Effect } from "effect"
import { type AudioFormat, msOf } from "../../Audio.ts"
import type { Transport } from "../../Transport.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"
import type { Inbox } from "../socket/inbox.ts"
import { makeSpeech } from "../socket/speech.ts"
import { type Cut, makePlayback } from "./playback.ts"
import { recent } from "./recent.ts"
import type { AudioDelta } from "./serverEvents.ts"
import { makeTranscripts, type Saying } from "./transcripts.ts"

/** What the model's voice works on. */
export interface VoicePorts {
  readonly transport: Pick<Transport, "clear" | "info" | "mark" | "playout">
  readonly inbox: Pick<Inbox, "audio" | "clear" | "control" | "waitingBytes">
  /** The format of the model's audio. */
  readonly format: AudioFormat
  /** Runs what does not wait for anything: it is over when this returns. */
  readonly run: (act: Effect.Effect<void>) => void
  /** Tells the API how much of an item was heard; ms, whole. */
  readonly truncate: (itemId: string, contentIndex: number, heardMs: number) => void
  /** The agent said something, and the caller heard it, or a part of it. */
  readonly said: (saying: Saying) => void
}

/** Interrupted responses and items that are remembered, so that what comes of them later is dropped. */
const remembered = 256

/** The model's speech on its way to the phone, and what the caller has heard of it. */
export const makeVoice = ({ format, inbox, run, said, transport, truncate }: VoicePorts) => {
  const { outgoingFormat } = transport.info
  const speech = makeSpeech(inbox, { from: format, to: outgoingFormat })
  const playback = makePlayback()
  const transcripts = makeTranscripts(said)
  const silencedResponses = recent(remembered)
  const silencedItems = recent(remembered)
  /** Names of marks that stand behind an item, with the item. */
  const marks = new Map<string, string>()
  /** The item that is being spoken, and its audio so far, ms. */
  let current = { itemId: "", ms: 0 }
  let serial = 0

  const cutOff = (cut: Cut) => {
    silencedItems.add(cut.itemId)
    truncate(cut.itemId, cut.contentIndex, Math.floor(cut.heardMs))
    transcripts.cut(cut)
  }

  /** More audio of an interrupted response, whose item was heard as far as it had come by then: it ends there. */
  const tooLate = ({ content_index, item_id }: AudioDelta, bytes: number) => {
    const heardMs = current.itemId === item_id ? current.ms : 0
    cutOff({ itemId: item_id, contentIndex: content_index, heardMs, audioMs: heardMs + msOf(format, bytes) })
  }

  const waitingMs = () => msOf(outgoingFormat, inbox.waitingBytes())
  const unheardMs = () => {
    let ms = waitingMs()
    const look = Effect.map(transport.playout, ({ heardMs, queuedMs }) => {
      ms += queuedMs - heardMs
    })
    run(look)
    return ms
  }
  /** Whether something is still to be heard. */
  const isSpeaking = () => !playback.isEmpty() && unheardMs() > 0

  return {
    /** Takes a piece of audio. False: it is not base64. */
    speak: (delta: AudioDelta): boolean => {
      if (silencedItems.has(delta.item_id)) return true
      const bytes = audioFromBase64(delta.delta)
      if (bytes === undefined) return false
      if (silencedResponses.has(delta.response_id)) {
        tooLate(delta, bytes.length)
        return true
      }
      const ms = msOf(format, bytes.length)
      playback.add(delta.item_id, delta.content_index, ms)
      current = { itemId: delta.item_id, ms: ms + (current.itemId === delta.item_id ? current.ms : 0) }
      speech.speak(bytes)
      return true
    },
    /** There is no more audio of an item. */
    finish: (itemId: string): void => {
      if (silencedItems.has(itemId)) return
      if (current.itemId !== itemId) return transcripts.cut({ itemId, contentIndex: 0, heardMs: 0, audioMs: 0 })
      speech.finish()
      const name = `said-${serial++}`
      marks.set(name, itemId)
      inbox.control(transport.mark(name))
    },
    words: { more: transcripts.more, all: transcripts.text },
    /** A mark came back. */
    reached: (name: string, cleared: boolean): void => {
      const itemId = marks.get(name)
      marks.delete(name)
      if (itemId === undefined || cleared) return
      playback.heard(itemId)
      transcripts.heard(itemId)
    },
    isSpeaking,
    /**
     * Silences the phone, and tells the API what was heard. What comes later of this response, or of an item that was cut, is
     * dropped.
     */
    interrupt: (responseId: string | undefined): void => {
      if (responseId !== undefined) silencedResponses.add(responseId)
      if (!isSpeaking()) return
      const waiting = waitingMs()
      speech.forget()
      inbox.clear(
        Effect.map(transport.clear, ({ droppedMs }) => {
          for (const cut of playback.cut(droppedMs + waiting)) cutOff(cut)
        })
      )
    },
    /** The session is over: what waits will not be heard. */
    close: Effect.sync(() => {
      for (const cut of playback.cut(unheardMs())) transcripts.cut(cut)
      transcripts.close()
    })
  }
}
export type Voice = ReturnType<typeof makeVoice>
