import {
  CAPTURE,
  type FromCapture,
  type FromPlayout,
  PLAYOUT,
  type ProcessorOptions,
  type ToCapture,
  type ToPlayout
} from "./messages.ts"
// oxlint-disable-next-line import/default -- Vite compiles the worklet to a file of its own, and exports its URL.
import workletUrl from "./phone.worklet.ts?worker&url"
import { sampleVoice } from "./sampleVoice.ts"

/** Who speaks to the agent: the person at the microphone, or the sample voice. */
export type Voice = "microphone" | "sample"

export interface SoundListener {
  /** 20 ms of what is said, 16-bit samples at the call's rate; how loud it is, dBFS. */
  readonly said: (pcm: ArrayBuffer, dbfs: number) => void
  /** How loud what is heard is, dBFS, 20 times a second. */
  readonly heard: (dbfs: number) => void
  /** Everything before this mark was played. */
  readonly reached: (mark: string) => void
  /** The microphone went away during the call. */
  readonly lost: () => void
}

/** The ears and the mouth of a call. */
export interface Sound {
  readonly play: (message: ToPlayout) => void
  readonly mute: (isMuted: boolean) => void
  readonly speakAs: (voice: Voice) => void
  /** Whether there is a microphone to go back to. */
  readonly hasMicrophone: boolean
  readonly close: () => void
}

/** Why there is no microphone, in words that say what to do. */
const explained = (cause: unknown): Error => {
  const sample = "Or call with the sample voice."
  const name = cause instanceof DOMException ? cause.name : ""
  if (name === "NotAllowedError" || name === "SecurityError") {
    return new Error(
      `The browser does not let this page use the microphone. Allow it in the site settings, beside the address, and call again. ${sample}`
    )
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return new Error(`There is no microphone. Plug one in and call again. ${sample}`)
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return new Error(`The microphone cannot be read: another program may use it. Close that and call again. ${sample}`)
  }
  return new Error(`The microphone cannot be used. ${sample}`)
}

/** Browsers give sound and microphones to https pages and to the machine itself only. Undefined: this page may. */
export const insecureOrigin = (): string | undefined =>
  window.isSecureContext
    ? undefined
    : `A browser lets a page speak and listen on https, or on localhost, but not at ${location.origin}. Open the console there, and call again.`

const microphone = () =>
  navigator.mediaDevices
    .getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 } })
    .catch((cause: unknown) => Promise.reject(explained(cause)))

const sampleSource = (context: AudioContext) => {
  const samples = sampleVoice(context.sampleRate)
  const buffer = context.createBuffer(1, samples.length, context.sampleRate)
  buffer.getChannelData(0).set(samples)
  const source = context.createBufferSource()
  source.buffer = buffer
  source.loop = true
  return source
}

/**
 * Opens the loudspeaker, and the microphone where it is to be spoken with. To be called from a press of a button, or the browser
 * stays silent. Rejects with an `Error` whose message says what to do. `rate` is the call's, Hz.
 */
export const openSound = async (rate: number, voice: Voice, listener: SoundListener): Promise<Sound> => {
  const context = new AudioContext({ latencyHint: "interactive" })
  const stream = voice === "microphone" ? microphone() : Promise.resolve(undefined)
  const opened = await Promise.all([context.audioWorklet.addModule(workletUrl), context.resume(), stream]).catch(
    async (cause: unknown) => {
      void stream.then((late) => late?.getTracks().forEach((track) => track.stop())).catch(() => {})
      await context.close()
      return Promise.reject(
        cause instanceof Error && !(cause instanceof DOMException)
          ? cause
          : new Error("The browser cannot play sound. Reload the page and call again.")
      )
    }
  )
  const [, , heardFrom] = opened
  const processorOptions: ProcessorOptions = { rate }
  const capture = new AudioWorkletNode(context, CAPTURE, {
    numberOfInputs: 1,
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: "explicit",
    processorOptions
  })
  const playout = new AudioWorkletNode(context, PLAYOUT, {
    numberOfInputs: 0,
    numberOfOutputs: 1,
    outputChannelCount: [1],
    processorOptions
  })
  playout.connect(context.destination)
  capture.port.addEventListener("message", ({ data }: MessageEvent<FromCapture>) => listener.said(data.pcm, data.dbfs))
  playout.port.addEventListener("message", ({ data }: MessageEvent<FromPlayout>) => {
    if (data.type === "mark") listener.reached(data.name)
    else listener.heard(data.dbfs)
  })
  capture.port.start()
  playout.port.start()

  const mouth = heardFrom === undefined ? undefined : context.createMediaStreamSource(heardFrom)
  heardFrom?.getAudioTracks().forEach((track) => track.addEventListener("ended", listener.lost))
  let sample: AudioBufferSourceNode | undefined
  const speakAs = (next: Voice) => {
    sample?.stop()
    sample?.disconnect()
    sample = undefined
    mouth?.disconnect()
    if (next === "microphone") mouth?.connect(capture)
    else {
      sample = sampleSource(context)
      sample.connect(capture)
      sample.start()
    }
  }
  speakAs(voice)

  return {
    play: (message) => playout.port.postMessage(message, message.type === "audio" ? [message.pcm] : []),
    mute: (muted) => {
      const message: ToCapture = { muted }
      capture.port.postMessage(message, [])
    },
    speakAs,
    hasMicrophone: mouth !== undefined,
    close: () => {
      capture.port.close()
      playout.port.close()
      heardFrom?.getTracks().forEach((track) => track.stop())
      void context.close()
    }
  }
}
