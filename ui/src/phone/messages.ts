/** The names under which the audio worklet registers its two ends. */
export const CAPTURE = "switchboard-capture"
export const PLAYOUT = "switchboard-playout"

/** What both ends are told at their beginning. */
export interface ProcessorOptions {
  /** Hz, of the call. */
  readonly rate: number
}

/** To the end that listens. */
export interface ToCapture {
  readonly muted: boolean
}

/** From the end that listens, every 20 ms: the samples to be sent, and how loud they are. */
export interface FromCapture {
  readonly pcm: ArrayBuffer
  readonly dbfs: number
}

/** To the end that plays. */
export type ToPlayout =
  | { readonly type: "audio"; readonly pcm: ArrayBuffer }
  | { readonly type: "mark"; readonly name: string }
  | { readonly type: "clear" }

/** From the end that plays: a mark was reached, or how loud the last moment was. */
export type FromPlayout =
  { readonly type: "mark"; readonly name: string } | { readonly type: "level"; readonly dbfs: number }
