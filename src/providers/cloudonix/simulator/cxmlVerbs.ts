import type { Hook } from "./leg.ts"

/** `<Stream>` as the carrier reads it. The query of `url` is gone already. */
export interface StreamNoun {
  readonly url: string
  readonly name: string | undefined
  readonly hook: Hook | undefined
  readonly parameters: Readonly<Record<string, string>>
  /** The URL had a query string. */
  readonly hadQuery: boolean
}

/** What a participant brings into a conference. */
export interface ConferenceNoun {
  readonly name: string
  readonly startOnEnter: boolean
  readonly endOnExit: boolean
  readonly maxParticipants: number
  readonly muted: boolean
  readonly hook: (Hook & { readonly events: ReadonlyArray<string> }) | undefined
}

/** The verbs that this fake carrier acts on. */
export type Verb =
  | { readonly _tag: "Say"; readonly text: string }
  | { readonly _tag: "Pause"; readonly seconds: number }
  | { readonly _tag: "Hangup" }
  | { readonly _tag: "Reject"; readonly reason: "busy" | "rejected" }
  | { readonly _tag: "Redirect"; readonly hook: Hook }
  | { readonly _tag: "Connect"; readonly stream: StreamNoun; readonly action: Hook | undefined }
  | { readonly _tag: "Start"; readonly stream: StreamNoun }
  | { readonly _tag: "Stop" }
  | { readonly _tag: "Conference"; readonly room: ConferenceNoun; readonly action: Hook | undefined }
  | {
      readonly _tag: "Dial"
      readonly destination: string
      readonly callerId: string | undefined
      readonly ringSeconds: number | undefined
      readonly trunk: string | undefined
      readonly action: Hook | undefined
    }
  /** Part of the language, without effect here. */
  | { readonly _tag: "Skipped"; readonly name: string }
  /** The application stops here. */
  | { readonly _tag: "Broken"; readonly why: string }

export type Warn = (text: string) => void

/** What decides whether an address in the markup is taken. */
export interface MarkupContext {
  /** Where the markup came from: relative addresses are resolved against it. */
  readonly baseUrl: string | undefined
  readonly insecureLoopback: boolean
}
