import { messageOf } from "../api/problem.ts"
import { beginCall, type Line, openLine } from "./line.ts"
import { SILENCE_DBFS } from "./samples.ts"
import { insecureOrigin, openSound, type Sound, type Voice } from "./sound.ts"

/** Hz, of every call: what most agents speak, or a multiple of it. */
const RATE = 16_000

export interface Callee {
  readonly configurationId: string
  readonly agentId: string
  readonly agentName: string
}

/** How the phone stands. `over` is kept until the next call. */
export type PhoneState =
  | { readonly phase: "idle" }
  | { readonly phase: "starting"; readonly agentName: string; readonly what: string }
  | {
      readonly phase: "talking"
      readonly agentName: string
      readonly callId: string | undefined
      /** ms since 1970. */
      readonly since: number
      readonly isMuted: boolean
      readonly voice: Voice
      readonly hasMicrophone: boolean
      readonly digits: string
      /** What is wrong although the call goes on. */
      readonly warning: string | undefined
    }
  | {
      readonly phase: "over"
      readonly agentName: string
      readonly callId: string | undefined
      readonly lastedMs: number | undefined
      /** Undefined: an orderly end. */
      readonly trouble: string | undefined
    }

/** How loud both sides are, dBFS. */
export interface Levels {
  readonly said: number
  readonly heard: number
}

/** A value that pages may look at, and are told of when it changes. */
const observable = <A>(initial: A) => {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set: (next: A) => {
      value = next
      for (const listener of listeners) listener()
    },
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
  }
}

const quiet: Levels = { said: SILENCE_DBFS, heard: SILENCE_DBFS }

/** What an ongoing attempt holds, let go of at its end. */
interface Attempt {
  readonly abort: AbortController
  line: Line | undefined
  sound: Sound | undefined
}

const makeSoftphone = () => {
  const state = observable<PhoneState>({ phase: "idle" })
  const levels = observable(quiet)
  let current: Attempt | undefined

  const talking = (change: Partial<Extract<PhoneState, { readonly phase: "talking" }>>) => {
    const now = state.get()
    if (now.phase === "talking") state.set({ ...now, ...change })
  }

  /** The end of an attempt, however it came. A later one is not touched. */
  const finish = (attempt: Attempt, agentName: string, trouble: string | undefined, callId?: string) => {
    if (current !== attempt) return
    current = undefined
    attempt.abort.abort()
    attempt.line?.hangUp()
    attempt.sound?.close()
    levels.set(quiet)
    const now = state.get()
    const lastedMs = now.phase === "talking" ? Date.now() - now.since : undefined
    state.set({ phase: "over", agentName, callId, lastedMs, trouble })
  }

  const join = async (attempt: Attempt, { agentId, agentName, configurationId }: Callee, voice: Voice) => {
    const isOver = () => current !== attempt
    const sound = await openSound(RATE, voice, {
      said: (pcm, said) => {
        attempt.line?.send(pcm)
        levels.set({ ...levels.get(), said })
      },
      heard: (heard) => levels.set({ ...levels.get(), heard }),
      reached: (mark) => attempt.line?.reached(mark),
      lost: () => talking({ warning: "The microphone is gone: the agent hears silence. Plug it in and call again." })
    })
    if (isOver()) return sound.close()
    attempt.sound = sound
    state.set({ phase: "starting", agentName, what: "Calling" })
    const taken = await beginCall(configurationId, agentId, attempt.abort.signal)
    if (isOver()) return
    attempt.line = openLine(taken, RATE, {
      opened: () =>
        isOver()
          ? undefined
          : state.set({
              phase: "talking",
              agentName,
              callId: taken.callId,
              since: Date.now(),
              isMuted: false,
              voice,
              hasMicrophone: sound.hasMicrophone,
              digits: "",
              warning: undefined
            }),
      audio: (pcm) => sound.play({ type: "audio", pcm }),
      mark: (name) => sound.play({ type: "mark", name }),
      clear: () => sound.play({ type: "clear" }),
      closed: (trouble) => finish(attempt, agentName, trouble, taken.callId)
    })
  }

  return {
    state,
    levels,
    /** Calls an agent; from a press of a button. What becomes of it is in `state`. */
    call: (callee: Callee, voice: Voice) => {
      if (current !== undefined) return
      const attempt: Attempt = { abort: new AbortController(), line: undefined, sound: undefined }
      current = attempt
      const insecure = insecureOrigin()
      if (insecure !== undefined) return finish(attempt, callee.agentName, insecure)
      const what = voice === "microphone" ? "Asking for the microphone" : "Opening the loudspeaker"
      state.set({ phase: "starting", agentName: callee.agentName, what })
      join(attempt, callee, voice).catch((cause: unknown) => finish(attempt, callee.agentName, messageOf(cause)))
    },
    /** Ends the call, or gives up one that is being started. */
    hangUp: () => {
      const now = state.get()
      if (current === undefined || now.phase === "idle" || now.phase === "over") return
      finish(current, now.agentName, undefined, now.phase === "talking" ? now.callId : undefined)
    },
    press: (digit: string) => {
      const now = state.get()
      if (now.phase !== "talking") return
      current?.line?.press(digit)
      talking({ digits: `${now.digits}${digit}` })
    },
    mute: (isMuted: boolean) => {
      current?.sound?.mute(isMuted)
      talking({ isMuted })
    },
    speakAs: (voice: Voice) => {
      current?.sound?.speakAs(voice)
      talking({ voice })
    }
  }
}

/** The phone of this page: one call at a time, which goes on while its person looks at other pages. */
export const softphone = makeSoftphone()
